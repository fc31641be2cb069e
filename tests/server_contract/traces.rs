//! Reading traces and their observations as the old data model shows them, and deleting them.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Mode, Options, Seed, Workspace};

use super::{Server, ids, issues, start};

/// A server that keeps both data models.
pub fn dual() -> Server {
    Server::new(Seed::Empty, Options { mode: Mode::Dual, ..Options::default() })
}

/// Three traces: one with a root, a retrieval and a generation below it; one with a text as input; one
/// without anything.
pub async fn recorded() -> Server {
    let server = dual();
    for batch in [support(), contract(), bare()] {
        let (status, answer) = server.call("POST", "/ingestion", json!({"batch": batch})).await;
        assert_eq!((status, &answer["errors"]), (207, &json!([])));
    }
    server
}

fn event(kind: &str, body: &Value) -> Value {
    json!({"id": format!("e-{}", body["id"]), "type": kind, "timestamp": "2026-11-20T10:00:00Z", "body": body})
}

fn support() -> Value {
    let root = json!({
        "id": "root", "traceId": "t1", "name": "handle", "startTime": "2026-11-20T10:00:00Z",
        "endTime": "2026-11-20T10:00:05Z", "input": {"n": 9_007_199_254_740_993_i64, "x": 1.0},
    });
    let retrieval = json!({
        "id": "retrieval", "traceId": "t1", "parentObservationId": "root", "name": "retrieve",
        "startTime": "2026-11-20T10:00:01Z", "endTime": "2026-11-20T10:00:02Z", "metadata": {"k": 5},
        "version": "own",
    });
    let generation = json!({
        "id": "generation", "traceId": "t1", "parentObservationId": "root", "name": "llm",
        "startTime": "2026-11-20T10:00:02Z", "endTime": "2026-11-20T10:00:04Z",
        "completionStartTime": "2026-11-20T10:00:02.400Z", "model": "gpt-4o-2024-08-06",
        "modelParameters": {"temperature": 0.2}, "input": "Where is it?", "output": "",
        "usage": {"input": 21, "output": 11, "unit": "TOKENS"}, "level": "WARNING",
    });
    json!([
        event(
            "trace-create",
            &json!({
                "id": "t1", "timestamp": "2026-11-20T10:00:00Z", "name": "chat", "userId": "u1", "sessionId": "s1",
                "release": "r1", "version": "v1", "tags": ["red", "seed"], "public": true,
                "input": [{"role": "user", "content": "Where is it?"}], "metadata": {"idx": 1, "env": "test"},
            })
        ),
        event("span-create", &root),
        event("span-create", &retrieval),
        event("generation-create", &generation),
    ])
}

fn contract() -> Value {
    json!([event(
        "trace-create",
        &json!({
            "id": "t2", "timestamp": "2026-11-20T11:00:00Z", "name": "search", "sessionId": "s1",
            "tags": ["seed"], "environment": "staging", "input": "Summarise this.", "metadata": {"idx": "2"},
        })
    )])
}

fn bare() -> Value {
    json!([event("trace-create", &json!({"id": "t3", "timestamp": "2026-11-20T12:00:00Z"}))])
}

#[tokio::test]
async fn a_trace_has_its_observations_and_scores() {
    let server = recorded().await;
    for body in [
        json!({"id": "s-n", "traceId": "t1", "name": "helpful", "value": 2}),
        json!({"id": "s-c", "traceId": "t1", "observationId": "root", "name": "verdict", "value": "good"}),
        json!({"id": "s-x", "traceId": "t1", "name": "x", "value": "right", "dataType": "CORRECTION"}),
    ] {
        server.post("/scores", body).await;
    }
    let trace = server.get("/traces/t1").await;
    let keys: Vec<&str> = trace.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys.join(" "),
        "id projectId name timestamp environment tags bookmarked release version userId \
        sessionId public input output metadata createdAt updatedAt externalId scores latency observations \
        htmlPath totalCost"
    );
    let project = trace["projectId"].as_str().unwrap();
    assert_eq!(trace["htmlPath"], format!("/project/{project}/traces/t1"));
    assert_eq!((&trace["latency"], &trace["totalCost"]), (&json!(5), &json!(0.000_162_5)));
    assert_eq!(trace["metadata"].to_string(), r#"{"idx":1,"env":"test"}"#);
    assert_eq!(trace["createdAt"].as_str().unwrap().get(19..), Some(".000Z"));
    let mut scores: Vec<Value> = trace["scores"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| json!([s["id"], s["value"], s["stringValue"]]))
        .collect();
    scores.sort_by_key(Value::to_string);
    assert_eq!(scores, [json!(["s-c", 0, "good"]), json!(["s-n", 2, null])]);
    let list = server.get("/traces?limit=3").await;
    assert_eq!(ids(&list), ["t3", "t2", "t1"]);
    let mut in_list = list["data"][2].clone();
    for key in ["scores", "observations"] {
        in_list[key].as_array_mut().unwrap().sort_by_key(Value::to_string);
    }
    assert_eq!(in_list["scores"], json!(["s-c", "s-n"]));
    assert_eq!(in_list["observations"], json!(["generation", "retrieval", "root"]));
    assert_eq!(list["meta"], json!({"page": 1, "limit": 3, "totalItems": 3, "totalPages": 1}));
}

fn observation<'a>(trace: &'a Value, id: &str) -> &'a Value {
    trace["observations"].as_array().unwrap().iter().find(|o| o["id"] == id).unwrap()
}

#[tokio::test]
async fn old_observations_know_no_root_and_only_what_is_their_own() {
    let server = recorded().await;
    let trace = server.get("/traces/t1").await;
    let root = observation(&trace, "root");
    assert_eq!((&root["parentObservationId"], &root["version"]), (&Value::Null, &Value::Null));
    assert_eq!(root["input"], json!({"n": "9007199254740993", "x": 1}));
    assert_eq!((&root["inputPrice"], &root["modelId"]), (&json!(0), &Value::Null));
    let retrieval = observation(&trace, "retrieval");
    assert_eq!((&retrieval["metadata"], &retrieval["version"]), (&json!({"k": 5}), &json!("own")));
    let generation = server.get("/observations/generation").await;
    let about = json!({
        "id": "generation", "traceId": "t1", "startTime": "2026-11-20T10:00:02.000Z",
        "endTime": "2026-11-20T10:00:04.000Z", "projectId": trace["projectId"],
        "parentObservationId": "root", "type": "GENERATION", "environment": "default", "name": "llm",
        "level": "WARNING", "statusMessage": null, "version": null, "createdAt": generation["createdAt"],
        "updatedAt": generation["updatedAt"], "input": "Where is it?", "output": null, "metadata": {},
        "model": "gpt-4o-2024-08-06", "modelParameters": {"temperature": 0.2},
        "completionStartTime": "2026-11-20T10:00:02.400Z", "promptId": null, "promptName": null,
        "promptVersion": null, "latency": 2, "timeToFirstToken": 0.4,
    });
    let used = json!({
        "usageDetails": {"input": 21, "output": 11, "total": 32},
        "costDetails": {"input": 5.25e-5, "output": 0.00011, "total": 0.000_162_5},
        "usagePricingTierId": "clzjr85f70000ymmzg7hqffra_tier_default", "usagePricingTierName": "Standard",
        "modelId": "clzjr85f70000ymmzg7hqffra", "inputPrice": 2.5e-6, "outputPrice": 1e-5,
        "totalPrice": null, "calculatedInputCost": 5.25e-5, "calculatedOutputCost": 0.00011,
        "calculatedTotalCost": 0.000_162_5, "unit": "TOKENS", "promptTokens": 21, "completionTokens": 11,
        "totalTokens": 32, "usage": {"unit": "TOKENS", "input": 21, "output": 11, "total": 32},
    });
    let parts = [about, used].map(|part| part.as_object().unwrap().clone());
    assert_eq!(generation.to_string(), parts.into_iter().flatten().collect::<Value>().to_string());
    let list = server.get("/observations?traceId=t1").await;
    assert_eq!(ids(&list), ["generation", "retrieval", "root"]);
    assert_eq!(list["data"][0]["usagePricingTierId"], Value::Null);
    assert_eq!(list["meta"], json!({"page": 1, "limit": 50, "totalItems": 3, "totalPages": 1}));
}

#[tokio::test]
async fn new_observations_have_a_root_and_their_traces_metadata_and_version() {
    let server = recorded().await;
    let list = server.get("/v2/observations?traceId=t1&fields=core,basic,metadata,model").await;
    assert_eq!(ids(&list), ["generation", "retrieval", "t-t1", "root"]);
    let [generation, retrieval, top, root] = &list["data"].as_array().unwrap()[..] else { panic!("{list}") };
    assert_eq!(retrieval["metadata"].to_string(), r#"{"env":"test","idx":1,"k":5}"#);
    assert_eq!(
        (&retrieval["version"], &root["version"], &top["version"]),
        (&json!("own"), &json!("v1"), &json!("v1"))
    );
    assert_eq!((&root["parentObservationId"], &top["isRootObservation"]), (&json!("t-t1"), &json!(true)));
    assert_eq!(
        (&generation["inputPrice"], &generation["outputPrice"]),
        (&json!("0.0000025"), &json!("0.00001"))
    );
    assert_eq!((&generation["timeToFirstToken"], &generation["public"]), (&Value::Null, &json!(true)));
}

#[rstest]
#[case("fields=core", json!([null, {}, [], [], -1, -1]))]
#[case("fields=metrics", json!([null, {}, [], [], 5, 0.000_162_5]))]
#[case("fields=io,%20scores", json!([[{"role": "user", "content": "Where is it?"}], {"idx": 1, "env": "test"}, [], [], -1, -1]))]
#[tokio::test]
async fn groups_that_are_not_asked_for_leave_their_place(#[case] fields: &str, #[case] wanted: Value) {
    let server = recorded().await;
    let trace = server.get(&format!("/traces/t1?{fields}")).await;
    let list = server.get(&format!("/traces?name=chat&{fields}")).await;
    for shown in [&trace, &list["data"][0]] {
        let keys = ["input", "metadata", "observations", "scores", "latency", "totalCost"];
        assert_eq!(json!(keys.map(|key| &shown[key])), wanted);
    }
}

#[rstest]
#[case("userId=u1", &["t1"])]
#[case("name=", &[])]
#[case("tags=seed&tags=red", &["t1"])]
#[case("tags=seed,red", &["t1"])]
#[case("tags=seed", &["t2", "t1"])]
#[case("environment=staging,default&limit=1&page=2", &["t2"])]
#[case("environment=staging&environment=x", &["t2"])]
#[case("fromTimestamp=2026-11-20T11:00:00Z&toTimestamp=2026-11-20T13:00:00%2B01:00", &["t2"])]
#[case("orderBy=timestamp.asc", &["t1", "t2", "t3"])]
#[case("orderBy=name.ASC", &["t1", "t2", "t3"])]
#[case("orderBy=name.desc", &["t2", "t1", "t3"])]
#[case("orderBy=&page=&limit=&fields=&zzz=1", &["t3", "t2", "t1"])]
#[case("page=9", &[])]
#[tokio::test]
async fn traces_are_listed_by_their_parameters(#[case] query: &str, #[case] wanted: &[&str]) {
    assert_eq!(ids(&recorded().await.get(&format!("/traces?{query}")).await), wanted);
}

#[rstest]
#[case(json!({"type": "string", "column": "name", "operator": "contains", "value": "ch"}), &["t2", "t1"])]
#[case(json!({"type": "null", "column": "name", "operator": "is null", "value": ""}), &["t3"])]
#[case(json!({"type": "stringObject", "column": "metadata", "key": "idx", "operator": "=", "value": "2"}), &["t2"])]
#[case(json!({"type": "stringObject", "column": "metadata", "key": "idx", "operator": "does not contain", "value": "1"}), &["t3", "t2"])]
#[case(json!({"type": "numberObject", "column": "metadata", "key": "idx", "operator": ">", "value": 0}), &["t2", "t1"])]
#[case(json!({"type": "arrayOptions", "column": "tags", "operator": "none of", "value": ["red"]}), &["t3", "t2"])]
#[case(json!({"type": "number", "column": "latency", "operator": ">=", "value": 5}), &["t1"])]
#[case(json!({"type": "number", "column": "totalTokens", "operator": "=", "value": 32}), &["t1"])]
#[case(json!({"type": "string", "column": "level", "operator": "=", "value": "WARNING"}), &["t1"])]
#[case(json!({"type": "numberObject", "column": "scores_avg", "key": "helpful", "operator": ">", "value": 1}), &["t2"])]
#[case(json!({"type": "categoryOptions", "column": "score_categories", "key": "verdict", "operator": "any of", "value": ["good"]}), &["t1"])]
#[tokio::test]
async fn traces_are_filtered(#[case] filter: Value, #[case] wanted: &[&str]) {
    let server = recorded().await;
    server.post("/scores", json!({"traceId": "t2", "name": "helpful", "value": 2})).await;
    server.post("/scores", json!({"traceId": "t1", "name": "verdict", "value": "good"})).await;
    let text = json!([filter]).to_string();
    let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    assert_eq!(ids(&server.get(&format!("/traces?filter={text}")).await), wanted, "{filter}");
}

#[rstest]
#[case("type=GENERATION", &["generation"])]
#[case("parentObservationId=root", &["generation", "retrieval"])]
#[case("parentObservationId=t-t1", &[])]
#[case("parentObservationId=", &[])]
#[case("userId=u1&level=DEFAULT&version=own", &["retrieval"])]
#[case("version=v1", &[])]
#[case("fromStartTime=2026-11-20T10:00:01Z&toStartTime=2026-11-20T10:00:02Z", &["retrieval"])]
#[case("environment=default&limit=1&page=3", &["root"])]
#[tokio::test]
async fn old_observations_are_listed_by_their_parameters(#[case] query: &str, #[case] wanted: &[&str]) {
    assert_eq!(ids(&recorded().await.get(&format!("/observations?{query}")).await), wanted);
}

#[rstest]
#[case("/traces?orderBy=nope.asc", json!({"message": "Invalid order by column: nope", "error": "InvalidRequestError"}))]
#[case("/traces?orderBy=timestamp", issues(&json!([{"code": "invalid_value", "values": ["ASC", "DESC"],
    "path": ["orderBy", "order"], "message": "Invalid option: expected one of \"ASC\"|\"DESC\""}])))]
#[case("/traces?limit=101&page=0&name=a&name=b", issues(&json!([
    {"origin": "number", "code": "too_small", "minimum": 0, "inclusive": false, "path": ["page"],
        "message": "Too small: expected number to be >0"},
    {"origin": "number", "code": "too_big", "maximum": 100, "inclusive": true, "path": ["limit"],
        "message": "Too big: expected number to be <=100"},
    {"expected": "string", "code": "invalid_type", "path": ["name"],
        "message": "Invalid input: expected string, received array"},
])))]
#[case("/observations?limit=1.5&limit=2", issues(&json!([{"expected": "number", "code": "invalid_type",
    "received": "NaN", "path": ["limit"], "message": "Invalid input: expected number, received NaN"}])))]
#[case("/traces?page=0&filter=x", json!({"message": "Invalid JSON in filter parameter", "error": "InvalidRequestError"}))]
#[tokio::test]
async fn queries_that_make_no_sense_are_refused(#[case] path: &str, #[case] wanted: Value) {
    assert_eq!(dual().call("GET", path, Value::Null).await, (400, wanted));
}

#[rstest]
#[case("/traces/a%2Fb", "Trace a/b not found within authorized project")]
#[case("/observations/missing", "Observation with id missing not found")]
#[case("/observations/t-t1", "Observation with id t-t1 not found")]
#[case("/sessions/missing", "Session not found within authorized project")]
#[tokio::test]
async fn what_is_not_there_is_missing(#[case] path: &str, #[case] message: &str) {
    let wanted = json!({"message": message, "error": "LangfuseNotFoundError"});
    assert_eq!(recorded().await.call("GET", path, Value::Null).await, (404, wanted));
}

#[tokio::test]
async fn traces_are_deleted_by_the_thousand_at_most() {
    let server = recorded().await;
    let many = vec!["x"; 1001];
    for (body, wanted) in [
        (
            json!({"traceIds": []}),
            json!([{"origin": "array", "code": "too_small", "minimum": 1,
            "inclusive": true, "path": ["traceIds"], "message": "At least 1 traceId is required."}]),
        ),
        (
            json!({"traceIds": many}),
            json!([{"origin": "array", "code": "too_big", "maximum": 1000,
            "inclusive": true, "path": ["traceIds"],
            "message": "Cannot specify more than 1000 traces in a single request."}]),
        ),
        (
            json!({"traceIds": ["t1", 2], "x": 1}),
            json!([
                {"expected": "string", "code": "invalid_type", "path": ["traceIds", 1],
                    "message": "Invalid input: expected string, received number"},
                {"code": "unrecognized_keys", "keys": ["x"], "path": [], "message": "Unrecognized key: \"x\""},
            ]),
        ),
    ] {
        assert_eq!(server.call("DELETE", "/traces", body).await, (400, issues(&wanted)));
    }
    let deleted = json!({"message": "Traces deleted successfully"});
    assert_eq!(server.call("DELETE", "/traces", json!({"traceIds": ["t1", "no"]})).await, (200, deleted));
    assert_eq!(ids(&server.get("/traces").await), ["t3", "t2"]);
    assert_eq!(server.get("/v2/observations?traceId=t1").await["data"], json!([]));
}

#[tokio::test]
async fn a_trace_with_too_large_observations_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("workspace.db");
    let workspace = Workspace::open(&path, Seed::Empty, start()).unwrap();
    let server = Server::of(workspace, Options { mode: Mode::Dual, ..Options::default() });
    let span = json!({"id": "o", "traceId": "t", "startTime": "2026-11-20T10:00:00Z", "input": ""});
    let batch = [event("span-create", &span), event("trace-create", &json!({"id": "t"}))];
    assert_eq!(server.call("POST", "/ingestion", json!({"batch": batch})).await.0, 207);
    let db = rusqlite::Connection::open(&path).unwrap();
    let widen = "UPDATE observations SET input = hex(zeroblob(?1)) WHERE id = 'o'";
    db.execute(widen, [40_000_000]).unwrap();
    let message = "Observations in trace are too large: 80.00MB exceeds limit of 80.00MB";
    let wanted = json!({"message": message, "error": "PayloadTooLargeError"});
    assert_eq!(server.call("GET", "/traces/t", Value::Null).await, (422, wanted));
    assert_eq!(server.get("/traces/t?fields=core,io,scores,metrics").await["id"], "t");
}

#[tokio::test]
async fn an_old_server_has_no_v2_observations() {
    let server = Server::new(Seed::Empty, Options { mode: Mode::Legacy, ..Options::default() });
    let (status, _) = server.call("GET", "/v2/observations?limit=1001", Value::Null).await;
    assert_eq!(status, 400);
    let (status, answer) = server.call("GET", "/v2/observations", Value::Null).await;
    assert_eq!((status, &answer["error"]), (404, &json!("LangfuseNotFoundError")));
    assert!(answer["message"].as_str().unwrap().starts_with("The observations v2 API is only available"));
}
