//! Reads of scores in the old data model.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Mode, Options, Seed};
use url::form_urlencoded::byte_serialize;

use super::{Server, ids, issues};

fn dual(seed: Seed) -> Server {
    Server::new(seed, Options { mode: Mode::Dual, ..Options::default() })
}

/// Scores of every type: on the sample's trace, on a trace there is not, and on a session.
async fn scored() -> (Server, String) {
    let server = dual(Seed::Sample);
    let root = server.get("/v2/observations?isRootObservation=true&limit=1").await["data"][0].clone();
    let trace = root["traceId"].as_str().unwrap().to_owned();
    let categories = json!([{"label": "good", "value": 1}, {"label": "bad", "value": 0}]);
    let verdict = json!({"name": "verdict", "dataType": "CATEGORICAL", "categories": categories});
    let config = server.config(verdict).await;
    let target = |extra: Value| {
        let mut body = json!({"traceId": trace, "name": "n", "environment": "probe"});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    for body in [
        target(json!({"id": "p-num", "value": 2.5, "queueId": "q", "comment": "c", "metadata": {"k": "v"}})),
        target(json!({"id": "p-cat", "value": "good", "configId": config})),
        target(json!({"id": "p-free", "value": "abc", "observationId": "o"})),
        target(json!({"id": "p-bool", "value": 1, "dataType": "BOOLEAN"})),
        target(json!({"id": "p-text", "value": "words", "dataType": "TEXT"})),
        target(json!({"id": "p-corr", "value": "better", "dataType": "CORRECTION"})),
        json!({"id": "p-lost", "traceId": "no-trace", "name": "n", "value": 1, "environment": "probe"}),
        json!({"id": "p-sess", "sessionId": "sess", "name": "n", "value": 1, "environment": "probe"}),
    ] {
        server.post("/scores", body).await;
    }
    (server, trace)
}

#[tokio::test]
async fn a_value_is_shown_by_its_type() {
    let (server, _) = scored().await;
    for (path, wanted) in [
        ("/v2/scores/p-num", json!({"value": 2.5, "stringValue": null, "dataType": "NUMERIC"})),
        ("/v2/scores/p-cat", json!({"value": 1, "stringValue": "good", "dataType": "CATEGORICAL"})),
        ("/v2/scores/p-free", json!({"value": 0, "stringValue": "abc", "dataType": "CATEGORICAL"})),
        ("/v2/scores/p-bool", json!({"value": 1, "stringValue": "True", "dataType": "BOOLEAN"})),
        ("/v2/scores/p-corr", json!({"value": 0, "stringValue": "better", "dataType": "CORRECTION"})),
        ("/v2/scores/p-text", json!({"stringValue": "words", "dataType": "TEXT"})),
        ("/scores/p-text", json!({"stringValue": "words", "dataType": "TEXT"})),
        ("/scores/p-lost", json!({"value": 1, "stringValue": null, "dataType": "NUMERIC"})),
    ] {
        let score = server.get(path).await;
        let shown = ["value", "stringValue", "dataType"].into_iter();
        let shown = shown.filter_map(|key| Some((key.to_owned(), score.get(key)?.clone())));
        assert_eq!(Value::Object(shown.collect()), wanted, "{path}");
    }
    for path in ["/scores/p-corr", "/scores/p-sess", "/scores/none", "/v2/scores/none"] {
        let wanted = json!({"message": "Score not found", "error": "LangfuseNotFoundError"});
        assert_eq!(server.call("GET", path, Value::Null).await, (404, wanted), "{path}");
    }
}

#[tokio::test]
async fn keys_come_in_their_order() {
    let (server, trace) = scored().await;
    let keys = |score: &Value| score.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let head = "id projectId environment name value source authorUserId comment metadata configId queueId \
        executionTraceId createdAt updatedAt timestamp traceId observationId";
    let v2 = server.get("/v2/scores/p-num").await;
    assert_eq!(keys(&v2), format!("{head} sessionId datasetRunId stringValue dataType"));
    let v1 = server.get("/scores/p-num").await;
    assert_eq!(keys(&v1), format!("{head} stringValue dataType"));
    assert_eq!((&v2["metadata"], &v2["queueId"]), (&json!({"k": "v"}), &json!("q")));
    let listed = server.get("/v2/scores?scoreIds=p-num").await["data"][0].clone();
    assert_eq!(keys(&listed), format!("{head} sessionId datasetRunId stringValue dataType trace"));
    assert_eq!(keys(&listed["trace"]), "userId tags environment sessionId");
    let listed = server.get("/scores?scoreIds=p-num").await["data"][0].clone();
    assert_eq!(
        (keys(&listed["trace"]), &listed["traceId"]),
        ("userId tags environment".into(), &json!(trace))
    );
}

#[tokio::test]
async fn lists_are_filtered_and_newest_first() {
    let (server, _) = scored().await;
    let all = "p-sess p-corr p-text p-bool p-free p-cat p-num";
    let of_traces = "p-text p-bool p-free p-cat p-num";
    for (path, wanted) in [
        ("/v2/scores?", all),
        ("/v2/scores?fields=score", "p-sess p-lost p-corr p-text p-bool p-free p-cat p-num"),
        ("/v2/scores?fields=score,unknown,%20trace&limit=2", "p-sess p-corr"),
        ("/v2/scores?limit=2&page=2", "p-text p-bool"),
        ("/v2/scores?limit=2&page=9", ""),
        ("/v2/scores?sessionId=sess", "p-sess"),
        ("/v2/scores?observationId=x,%20o", "p-free"),
        ("/v2/scores?scoreIds=p-num,%20p-cat", "p-cat p-num"),
        ("/v2/scores?scoreIds=", ""),
        ("/v2/scores?queueId=q", "p-num"),
        ("/v2/scores?dataType=TEXT", "p-text"),
        ("/v2/scores?source=EVAL", ""),
        ("/v2/scores?name=", ""),
        ("/v2/scores?traceTags=", ""),
        ("/v2/scores?value=0&operator=%3D", "p-corr p-text p-free"),
        ("/v2/scores?value=0x2&operator=%3E", "p-num"),
        ("/v2/scores?value=1&operator=%3E%3D", "p-sess p-bool p-cat p-num"),
        ("/v2/scores?value=1&operator=!%3D&dataType=NUMERIC", "p-num"),
        ("/v2/scores?value=1", all),
        ("/v2/scores?userId=nobody", ""),
        ("/v2/scores?traceTags=no-such-tag", ""),
        ("/v2/scores?unknown=1&fromTimestamp=2000-01-01T00:00:00Z&toTimestamp=2001-01-01T00:00:00Z", ""),
        ("/scores?", of_traces),
        ("/scores?dataType=CORRECTION", ""),
        ("/scores?sessionId=sess&fields=trace", of_traces),
    ] {
        let list = server.get(&format!("{path}&environment=probe")).await;
        assert_eq!(ids(&list).join(" "), wanted, "{path}");
    }
}

#[tokio::test]
async fn the_filter_parameter_holds_conditions() {
    let (server, _) = scored().await;
    let probe = json!({"type": "string", "column": "environment", "operator": "=", "value": "probe"});
    for (condition, wanted) in [
        (json!({"type": "number", "column": "value", "operator": ">", "value": 2}), "p-num"),
        (
            json!({"type": "stringObject", "column": "metadata", "key": "k", "operator": "=", "value": "v"}),
            "p-num",
        ),
        (
            json!({"type": "stringOptions", "column": "name", "operator": "none of", "value": ["n"]}),
            "p-corr p-cat",
        ),
        (json!({"type": "null", "column": "sessionId", "operator": "is not null", "value": ""}), "p-sess"),
        (json!({"type": "null", "column": "Author User ID", "operator": "is not null", "value": ""}), ""),
        (json!({"type": "null", "column": "comment", "operator": "is not null", "value": ""}), "p-num"),
        (
            json!({"type": "null", "column": "stringValue", "operator": "is null", "value": ""}),
            "p-sess p-corr p-num",
        ),
        (json!({"type": "string", "column": "sessionId", "operator": "=", "value": ""}), ""),
        (
            json!({"type": "string", "column": "stringValue", "operator": "ends with", "value": "ue"}),
            "p-bool",
        ),
        (
            json!({"type": "arrayOptions", "column": "trace_tags", "operator": "any of", "value": ["no-such-tag"]}),
            "",
        ),
        (json!({"type": "datetime", "column": "timestamp", "operator": "<", "value": "2001-01-01"}), ""),
    ] {
        let filter = byte_serialize(json!([probe, condition]).to_string().as_bytes()).collect::<String>();
        let list = server.get(&format!("/v2/scores?filter={filter}")).await;
        assert_eq!(ids(&list).join(" "), wanted, "{condition}");
    }
    for (condition, message) in [
        (
            json!({"type": "string", "column": "queueId", "operator": "=", "value": ""}),
            "Column queueId does not match a UI / CH table mapping.",
        ),
        (
            json!({"type": "string", "column": "Trace Tags", "operator": "=", "value": ""}),
            "Invalid filter type 'string' for column 'Trace Tags'. Expected filter type 'arrayOptions'.",
        ),
        (
            json!({"type": "string", "column": "metadata", "operator": "=", "value": ""}),
            "Invalid filter type 'string' for column 'metadata'. Expected filter type 'stringObject'.",
        ),
    ] {
        let filter = byte_serialize(json!([condition]).to_string().as_bytes()).collect::<String>();
        let (status, answer) = server.call("GET", &format!("/v2/scores?filter={filter}"), Value::Null).await;
        assert_eq!((status, answer["message"].as_str()), (400, Some(message)));
    }
}

/// Of two filters on a column the one of the parameter `filter` counts, but for those on the trace.
#[rstest]
#[case("name=n", "name", "verdict", "p-cat")]
#[case("scoreIds=p-num", "id", "p-cat", "p-cat")]
#[case("name=n", "id", "p-cat", "")]
#[tokio::test]
async fn a_condition_takes_the_place_of_the_parameter(
    #[case] parameter: &str,
    #[case] column: &str,
    #[case] value: &str,
    #[case] wanted: &str,
) {
    let (server, _) = scored().await;
    let condition = json!([{"type": "string", "column": column, "operator": "=", "value": value}]);
    let filter = byte_serialize(condition.to_string().as_bytes()).collect::<String>();
    let list = server.get(&format!("/v2/scores?environment=probe&{parameter}&filter={filter}")).await;
    assert_eq!(ids(&list).join(" "), wanted);
}

#[rstest]
#[case("/v2/scores?fields=trace", "Scores needs to be selected always.")]
#[case(
    "/v2/scores?fields=score&userId=u",
    "Cannot filter by trace properties (userId, traceTags) when 'trace' field is not included. Please add 'trace' to the fields parameter or remove trace filters."
)]
#[case("/v2/scores?filter=x", "Invalid JSON in filter parameter")]
#[tokio::test]
async fn rules_over_the_query_are_refused(#[case] path: &str, #[case] message: &str) {
    let server = dual(Seed::Empty);
    let wanted = json!({"message": message, "error": "InvalidRequestError"});
    assert_eq!(server.call("GET", path, Value::Null).await, (400, wanted));
}

#[rstest]
#[case("limit=101", json!([{"origin": "number", "code": "too_big", "maximum": 100, "inclusive": true, "path": ["limit"], "message": "Too big: expected number to be <=100"}]))]
#[case("value=abc", json!([{"expected": "number", "code": "invalid_type", "received": "NaN", "path": ["value"], "message": "Invalid input: expected number, received NaN"}]))]
#[case("operator=~", json!([{"code": "invalid_value", "values": ["<", ">", "<=", ">=", "!=", "="], "path": ["operator"], "message": "Invalid option: expected one of \"<\"|\">\"|\"<=\"|\">=\"|\"!=\"|\"=\""}]))]
#[case("userId=a&userId=b", json!([{"expected": "string", "code": "invalid_type", "path": ["userId"], "message": "Invalid input: expected string, received array"}]))]
#[case("value=Infinity", json!([{"expected": "number", "code": "invalid_type", "received": "Infinity", "path": ["value"], "message": "Invalid input: expected number, received number"}]))]
#[case("filter=%5B%7B%7D%5D", json!([{"code": "invalid_union", "errors": [], "note": "No matching discriminator", "discriminator": "type", "path": ["filter", 0, "type"], "message": "Invalid input"}]))]
#[tokio::test]
async fn the_schema_is_checked(#[case] query: &str, #[case] wanted: Value) {
    let server = dual(Seed::Empty);
    for path in ["/scores", "/v2/scores"] {
        let answer = server.call("GET", &format!("{path}?{query}"), Value::Null).await;
        assert_eq!(answer, (400, issues(&wanted)), "{path}");
    }
}
