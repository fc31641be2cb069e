//! Experiments: runs as the new data model shows them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Mode, Seed};

use crate::runs::prepared;
use crate::{Server, ids, issues};

const FROM: &str = "fromStartTime=2000-01-01T00:00:00Z";

/// Two traces of the sample, the newer first, each with its root.
async fn roots(server: &Server) -> Vec<Value> {
    server.get("/v2/observations?isRootObservation=true&limit=2&fields=core,basic,io").await["data"]
        .as_array()
        .unwrap()
        .clone()
}

/// A run named `first` over both items and one named `second` over one.
async fn with_runs() -> (Server, Vec<Value>) {
    let server = prepared(Seed::Sample, Mode::Dual).await;
    let roots = roots(&server).await;
    for (run, item, trace) in [("first", "a", 0), ("first", "b", 1), ("second", "a", 1)] {
        let body = json!({"runName": run, "runDescription": "why", "metadata": {"model": "m"},
            "datasetItemId": item, "traceId": roots[trace]["traceId"]});
        server.post("/dataset-run-items", body).await;
    }
    let body = json!({"runName": "second", "datasetItemId": "b", "traceId": "no such trace"});
    server.post("/dataset-run-items", body).await;
    (server, roots)
}

#[tokio::test]
async fn experiments_sum_up_runs() {
    let (server, roots) = with_runs().await;
    let list = server.get(&format!("/experiments?{FROM}&fields=core,metadata,scores")).await;
    let names: Vec<&Value> = list["data"].as_array().unwrap().iter().map(|e| &e["name"]).collect();
    assert_eq!(names, ["first", "second"], "the one with the latest activity first");
    let first = &list["data"][0];
    let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
    let wanted =
        ["id", "name", "description", "startTime", "endTime", "itemCount", "datasetId", "metadata", "scores"];
    assert_eq!(keys, wanted);
    assert_eq!((&first["description"], &first["metadata"]), (&json!("why"), &json!({"model": "m"})));
    assert_eq!((&first["itemCount"], &first["startTime"]), (&json!(2), &roots[1]["startTime"]));
    assert_eq!(list["data"][1]["itemCount"], 1);
    assert_eq!(list["meta"], json!({}));
}

#[tokio::test]
async fn scores_of_a_run_are_those_of_the_experiment() {
    let (server, _) = with_runs().await;
    let list = server.get(&format!("/experiments?{FROM}&name=first")).await;
    let id = list["data"][0]["id"].as_str().unwrap();
    for n in 0..3 {
        server
            .post("/scores", json!({"id": format!("s{n}"), "name": "s", "value": n, "datasetRunId": id}))
            .await;
    }
    let list = server.get(&format!("/experiments?{FROM}&id={id}&fields=scores&scoreLimit=2")).await;
    let scores = list["data"][0]["scores"].as_array().unwrap();
    assert_eq!(scores.len(), 2);
    assert_eq!(scores[0]["subject"], json!({"kind": "experiment", "id": id}));
    let list = server.get(&format!("/experiments?{FROM}&id=none")).await;
    assert_eq!(list, json!({"data": [], "meta": {}}));
}

#[tokio::test]
async fn items_show_what_is_asked_for() {
    let (server, roots) = with_runs().await;
    let list = server.get(&format!("/experiment-items?{FROM}&experimentName=first")).await;
    let row = &list["data"][0];
    assert_eq!(
        row.as_object().unwrap().keys().collect::<Vec<_>>(),
        [
            "id",
            "traceId",
            "startTime",
            "endTime",
            "level",
            "environment",
            "experimentId",
            "experimentName",
            "experimentItemId",
            "experimentDatasetId",
            "experimentItemVersion",
        ]
    );
    assert_eq!((&row["id"], &row["traceId"]), (&roots[0]["id"], &roots[0]["traceId"]));
    let fields = "fields=core,io,metadata,itemMetadata,experimentMetadata,scores";
    let list = server.get(&format!("/experiment-items?{FROM}&experimentName=first&{fields}")).await;
    let row = &list["data"][0];
    assert_eq!((&row["input"], &row["output"]), (&roots[0]["input"], &roots[0]["output"]));
    assert_eq!(row["expectedOutput"], "{\"is\":\"a\"}");
    assert_eq!(
        (&row["experimentItemMetadata"], &row["experimentMetadata"]),
        (&json!({"n": 1}), &json!({"model": "m"}))
    );
    assert_eq!((&row["experimentDescription"], row.get("experimentDatasetId")), (&json!("why"), None));
    assert!(row["metadata"].is_object() && row["scores"].is_array());
}

#[tokio::test]
async fn cursors_lead_through_all_rows() {
    let (server, _) = with_runs().await;
    for path in ["/experiments", "/experiment-items"] {
        let whole = server.get(&format!("{path}?{FROM}")).await;
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = server.get(&format!("{path}?{FROM}&limit=1&cursor={cursor}")).await;
            seen.extend(page["data"].as_array().unwrap().clone());
            let Some(next) = page["meta"]["cursor"].as_str() else { break };
            cursor = next.to_owned();
        }
        assert_eq!(json!(seen), whole["data"], "{path}");
    }
}

#[rstest]
#[case("id", "=", json!("x"), 0)]
#[case("name", "=", json!("first"), 1)]
#[case("name", "ends with", json!("nd"), 1)]
#[case("name", "does not contain", json!("first"), 1)]
#[tokio::test]
async fn filters_narrow(
    #[case] column: &str,
    #[case] operator: &str,
    #[case] value: Value,
    #[case] count: usize,
) {
    let (server, _) = with_runs().await;
    let filter =
        json!([{"type": "string", "column": column, "operator": operator, "value": value}]).to_string();
    let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    let list = server.get(&format!("/experiments?{FROM}&filter={filter}")).await;
    assert_eq!(ids(&list).len(), count);
}

#[rstest]
#[case("", "fromStartTime", "Invalid input: expected string, received undefined")]
#[case("fromStartTime=2026-01-01", "fromStartTime", "Invalid ISO datetime")]
#[case(
    "fromStartTime=2026-01-01T00:00:00Z&scoreLimit=0",
    "scoreLimit",
    "Too small: expected number to be >=1"
)]
#[case(
    "fromStartTime=2026-01-01T00:00:00Z&scoreLimit=51",
    "scoreLimit",
    "Too big: expected number to be <=50"
)]
#[case("fromStartTime=2026-01-01T00:00:00Z&limit=101", "limit", "Too big: expected number to be <=100")]
#[tokio::test]
async fn bad_queries_are_refused(#[case] query: &str, #[case] parameter: &str, #[case] message: &str) {
    let server = prepared(Seed::Empty, Mode::EventsOnly).await;
    for path in ["/experiments", "/experiment-items"] {
        let (status, body) = server.call("GET", &format!("{path}?{query}"), Value::Null).await;
        assert_eq!((status, &body["error"][0]["path"]), (400, &json!([parameter])), "{body}");
        assert_eq!(
            (&body["error"][0]["message"], body["error"].as_array().unwrap().len()),
            (&json!(message), 1)
        );
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_at_once() {
    let server = prepared(Seed::Empty, Mode::EventsOnly).await;
    for (parameter, message) in
        [("cursor=x", "Invalid cursor format"), ("filter=x", "Invalid JSON in filter parameter")]
    {
        let answer = server.call("GET", &format!("/experiments?{FROM}&{parameter}"), Value::Null).await;
        assert_eq!(answer, (400, json!({"message": message, "error": "InvalidRequestError"})));
    }
    let (_, body) = server.call("GET", &format!("/experiments?{FROM}&fields=trace"), Value::Null).await;
    let message = "Invalid fields value: \"trace\". Allowed: core, metadata, scores";
    assert_eq!(body, issues(&json!([{"code": "custom", "path": ["fields"], "message": message}])));
}

#[rstest]
#[case("5", json!({"code": "invalid_type", "expected": "object", "path": ["cursor"], "message": "Invalid input: expected object, received number"}))]
#[case("{}", json!({"code": "invalid_union", "errors": [], "note": "No matching discriminator", "discriminator": "v", "path": ["cursor", "v"], "message": "Invalid input"}))]
#[tokio::test]
async fn a_cursor_of_another_shape_is_told_apart(#[case] cursor: &str, #[case] issue: Value) {
    let server = prepared(Seed::Empty, Mode::EventsOnly).await;
    let cursor = URL_SAFE_NO_PAD.encode(cursor);
    let answer = server.call("GET", &format!("/experiments?{FROM}&cursor={cursor}"), Value::Null).await;
    assert_eq!(answer, (400, issues(&json!([issue]))));
    let (_, missing) = server.call("GET", &format!("/experiments?cursor={cursor}"), Value::Null).await;
    assert_eq!(missing["error"][0]["path"], json!(["fromStartTime"]), "parameters come first");
}

#[tokio::test]
async fn an_old_installation_has_no_experiments() {
    let server = prepared(Seed::Empty, Mode::Legacy).await;
    for (path, name) in [("/experiments", "experiments"), ("/experiment-items", "experiment items")] {
        let message = format!(
            "The {name} API is only available in a Langfuse v4 write mode. Learn more at: https://langfuse.com/docs/v4"
        );
        let answer = server.call("GET", &format!("{path}?{FROM}"), Value::Null).await;
        assert_eq!(answer, (404, json!({"message": message, "error": "LangfuseNotFoundError"})));
        assert_eq!(server.call("GET", path, Value::Null).await.0, 400, "the query is checked first");
    }
}
