//! Batches of events of the old data model.

use axum::body::Body;
use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Mode, Options, Seed};

use crate::{Server, empty};

/// The time of all events here.
pub const AT: &str = "2026-11-24T04:00:00.000Z";

/// A server of both data models.
pub fn dual() -> Server {
    Server::new(Seed::Empty, Options { mode: Mode::Dual, ..Options::default() })
}

/// An event of a batch.
pub fn event(id: &str, kind: &str, body: &Value) -> Value {
    json!({"id": id, "type": kind, "timestamp": AT, "body": body})
}

impl Server {
    /// Sends a batch and returns what is said about it.
    pub async fn ingest(&self, events: &[Value]) -> Value {
        let (status, answer) = self.call("POST", "/ingestion", json!({"batch": events})).await;
        assert_eq!(status, 207, "{answer}");
        answer
    }

    /// Sends one event that must be accepted.
    pub async fn tell(&self, id: &str, kind: &str, body: Value) {
        let answer = self.ingest(&[event(id, kind, &body)]).await;
        assert_eq!(answer, json!({"successes": [{"id": id, "status": 201}], "errors": []}));
    }

    /// The trace's observations with all their fields, by id.
    pub async fn rows(&self, trace: &str) -> Vec<Value> {
        let fields = "core,basic,time,io,metadata,model,usage,metrics,trace_context";
        let list = self.get(&format!("/v2/observations?traceId={trace}&fields={fields}")).await;
        let mut rows = list["data"].as_array().unwrap().clone();
        rows.sort_by_key(|row| row["id"].to_string());
        rows
    }
}

/// The fields of a row that are named in `wanted`.
pub fn part(row: &Value, wanted: &Value) -> Value {
    wanted.as_object().unwrap().keys().map(|key| (key.clone(), row[key].clone())).collect()
}

#[tokio::test]
async fn a_batch_is_accepted_and_refused_event_by_event() {
    let server = dual();
    let answer = server
        .ingest(&[
            event("e2", "trace-create", &json!({"id": "trace-ing2"})),
            event("e3", "score-create", &json!({"traceId": "trace-ing", "name": "x"})),
            event("e4", "nope", &json!({})),
            event("e5", "sdk-log", &json!({"log": "hello"})),
            json!("text"),
        ])
        .await;
    let value = json!([{
        "code": "invalid_union",
        "errors": [
            [{"expected": "string", "code": "invalid_type", "path": [],
                "message": "Invalid input: expected string, received undefined"}],
            [{"expected": "number", "code": "invalid_type", "path": [],
                "message": "Invalid input: expected number, received undefined"}],
        ],
        "path": ["body", "value"], "message": "Invalid input",
    }]);
    let kind = json!([{
        "code": "invalid_union", "errors": [], "note": "No matching discriminator",
        "discriminator": "type", "path": ["type"], "message": "Invalid input",
    }]);
    let object = json!([{
        "code": "invalid_type", "expected": "object", "path": [],
        "message": "Invalid input: expected object, received string",
    }]);
    let error = |id: &str, issues: &Value| {
        let text = serde_json::to_string_pretty(issues).unwrap();
        json!({"id": id, "status": 400, "message": "Invalid request data", "error": text})
    };
    let wanted = json!({
        "successes": [{"id": "e2", "status": 201}],
        "errors": [error("e3", &value), error("e4", &kind), error("unknown", &object)],
    });
    assert_eq!(answer.to_string(), wanted.to_string());
}

#[rstest]
#[case(json!({}), json!(["Invalid input: expected array, received undefined"]))]
#[case(json!({"batch": {}}), json!(["Invalid input: expected array, received object"]))]
#[case(json!([]), json!(["Invalid input: expected object, received array"]))]
#[tokio::test]
async fn what_is_no_batch_is_refused_as_a_whole(#[case] body: Value, #[case] errors: Value) {
    let (status, answer) = empty().call("POST", "/ingestion", body).await;
    assert_eq!(status, 400);
    assert_eq!(answer, json!({"message": "Invalid request data", "errors": errors}));
}

#[tokio::test]
async fn envelopes_of_errors_are_the_other_way_round() {
    let server = empty();
    let refused = server.send("POST", "/api/public/ingestion", None, Body::from("{}")).await;
    assert_eq!(refused.text(), r#"{"error":"UnauthorizedError","message":"No authorization header"}"#);
    let basic = server.basic();
    let get = server.send("GET", "/api/public/ingestion", Some(&basic), Body::empty()).await;
    assert_eq!(get.text(), r#"{"error":"MethodNotAllowedError","message":"Method not allowed"}"#);
    let garbage = server.send("POST", "/api/public/ingestion", Some(&basic), Body::from("{")).await;
    assert_eq!((garbage.status, garbage.text()), (400, "Invalid JSON"));
    let large = Body::from("x".repeat(4_800_000));
    let large = server.send("POST", "/api/public/ingestion", Some(&basic), large).await;
    assert_eq!((large.status, large.text()), (413, "Body exceeded 4.5mb limit"));
}

#[tokio::test]
async fn a_bare_installation_takes_only_scores_and_logs() {
    let server = empty();
    let answer = server
        .ingest(&[
            event("t", "trace-create", &json!({"id": "x"})),
            event("s", "score-create", &json!({"id": "s1", "traceId": "x", "name": "n", "value": 1})),
            event("l", "sdk-log", &json!({"log": {}})),
        ])
        .await;
    assert_eq!(answer["successes"], json!([{"id": "s", "status": 201}]));
    assert_eq!(answer["errors"][0]["message"], "Event type not accepted");
    let text = answer["errors"][0]["error"].as_str().unwrap();
    assert!(
        text.starts_with("Event type \"trace-create\" is not accepted by /api/public/ingestion"),
        "{text}"
    );
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1);
    for path in ["/traces", "/spans", "/generations", "/events"] {
        assert_eq!(server.call("POST", path, json!({"id": "x"})).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn the_public_key_sends_scores_only() {
    let server = dual();
    let batch = json!({"batch": [
        event("t", "trace-create", &json!({"id": "x"})),
        event("s", "score-create", &json!({"id": "s1", "traceId": "x", "name": "n", "value": 1})),
    ]});
    let bearer = format!("Bearer {}", server.keys.public_key);
    let reply =
        server.send("POST", "/api/public/ingestion", Some(&bearer), Body::from(batch.to_string())).await;
    let wanted = json!({
        "successes": [{"id": "s", "status": 201}],
        "errors": [{"id": "t", "status": 401, "message": "Authentication error",
            "error": "Access Scope Denied"}],
    });
    assert_eq!((reply.status, reply.json()), (207, wanted));
}

#[tokio::test]
async fn scores_are_stored_with_the_time_of_their_envelope() {
    let server = empty();
    let body = json!({"id": "s", "traceId": "t", "name": "x", "value": 1, "dataType": "NUMERIC",
        "source": "EVAL", "executionTraceId": "run"});
    server.tell("e", "score-create", body).await;
    let wanted = json!({"value": 1, "source": "EVAL", "timestamp": AT});
    assert_eq!(part(&server.score("s").await, &wanted), wanted);
    // Acknowledged and ignored: without an id, and an annotation without a config.
    server.tell("f", "score-create", json!({"traceId": "t", "name": "y", "value": 1})).await;
    let annotation = json!({"id": "a", "traceId": "t", "name": "y", "value": 1, "source": "ANNOTATION"});
    server.tell("g", "score-create", annotation).await;
    let list = server.get("/v3/scores?traceId=t").await;
    assert_eq!(crate::ids(&list), ["s"]);
}

#[tokio::test]
async fn a_trace_and_its_observations_hang_together() {
    let server = dual();
    let trace = json!({"id": "t", "name": "chat", "timestamp": AT, "userId": "u", "sessionId": "s",
        "release": "r1", "version": "v0", "tags": ["seed", "red"], "input": {"q": 1}, "output": "a",
        "metadata": {"idx": 1}, "public": true});
    let generation = json!({"id": "g", "traceId": "t", "parentObservationId": "root", "name": "llm",
        "startTime": "2026-11-24T04:00:02Z", "completionStartTime": "2026-11-24T04:00:02.400Z",
        "endTime": "2026-11-24T04:00:04Z", "model": "gpt-4o-2024-08-06",
        "modelParameters": {"temperature": 0.2}, "usage": {"promptTokens": 20, "completionTokens": 10},
        "input": [{"role": "user"}], "level": "WARNING", "statusMessage": "slow"});
    // Children before parents, observations before their trace.
    server.tell("1", "generation-create", generation).await;
    let span = json!({"id": "root", "traceId": "t", "startTime": AT, "name": "handle", "version": "own"});
    server.tell("2", "span-create", span).await;
    server.tell("3", "trace-create", trace).await;
    let point = json!({"id": "ev", "traceId": "t", "startTime": AT, "level": "DEBUG"});
    server.tell("4", "event-create", point).await;
    let shared = json!({"traceName": "chat", "userId": "u", "sessionId": "s", "release": "r1",
        "tags": ["red", "seed"]});
    let rows = server.rows("t").await;
    for row in &rows {
        assert_eq!(part(row, &shared), shared, "{}", row["id"]);
    }
    let wanted = [
        json!({"id": "ev", "type": "EVENT", "parentObservationId": "t-t", "version": "v0", "level": "DEBUG"}),
        json!({"id": "g", "type": "GENERATION", "parentObservationId": "root", "version": "v0",
            "level": "WARNING", "statusMessage": "slow", "latency": 2, "timeToFirstToken": 0.4,
            "input": r#"[{"role":"user"}]"#, "usageDetails": {"input": 20, "output": 10, "total": 30},
            "costDetails": {"input": 5e-5, "output": 0.0001, "total": 0.00015}, "totalCost": 0.00015}),
        json!({"id": "root", "type": "SPAN", "parentObservationId": "t-t", "version": "own"}),
        json!({"id": "t-t", "type": "SPAN", "parentObservationId": null, "name": "chat", "endTime": null,
            "startTime": AT, "input": r#"{"q":1}"#, "output": "a", "metadata": {"idx": 1}}),
    ];
    let found: Vec<Value> = rows.iter().zip(&wanted).map(|(row, wanted)| part(row, wanted)).collect();
    assert_eq!(found, wanted);
}

#[rstest]
#[case("trace-create", json!({"id": "", "tags": ["a", 1], "environment": null, "public": "yes"}),
    json!([["body", "id"], ["body", "environment"], ["body", "public"], ["body", "tags", 1]]))]
#[case("span-create", json!({"level": "LOUD", "startTime": "yesterday"}),
    json!([["body", "startTime"], ["body", "level"], ["body", "id"]]))]
#[case("generation-create", json!({"id": "g", "modelParameters": {"a": {"b": 1}}, "usage": {"input": 0.5},
    "usageDetails": "many", "costDetails": {"input": -1}}),
    json!([["body", "modelParameters", "a"], ["body", "usage", "input"], ["body", "usageDetails"],
        ["body", "costDetails", "input"]]))]
#[case("generation-create", json!({"id": "g", "usage": {"input": 1e20}}), json!([["body", "usage", "input"]]))]
#[case("generation-create", json!({"id": "g", "promptName": "p"}), json!([["body"]]))]
#[case("score-create", json!({"name": "n", "value": 1}),
    json!([["body", "traceId", "sessionId", "datasetRunId", "observationId"]]))]
#[case("score-create", json!({"name": "n", "value": 1, "dataType": "RANK"}), json!([["body", "dataType"]]))]
#[case("score-create", json!(7), json!([["body"]]))]
#[case("span-create", json!(null), json!([["body"]]))]
#[case("observation-create", json!({"type": "THING"}), json!([["body", "type"]]))]
#[tokio::test]
async fn issues_name_the_place(#[case] kind: &str, #[case] body: Value, #[case] paths: Value) {
    let answer = dual().ingest(&[event("e", kind, &body)]).await;
    let issues: Value = serde_json::from_str(answer["errors"][0]["error"].as_str().unwrap()).unwrap();
    let found: Vec<&Value> = issues.as_array().unwrap().iter().map(|issue| &issue["path"]).collect();
    assert_eq!(json!(found), paths, "{issues}");
}

#[tokio::test]
async fn items_of_runs_come_in_too() {
    let server = dual();
    server.post("/v2/datasets", json!({"name": "d"})).await;
    let mut items = Vec::new();
    for id in ["i1", "i2"] {
        items.push(server.post("/dataset-items", json!({"datasetName": "d", "id": id})).await);
    }
    let first = json!({"runName": "r", "datasetItemId": "i1", "traceId": "t1"});
    let first = server.post("/dataset-run-items", first).await;
    let second = json!({"id": "ri", "traceId": "t2", "datasetId": items[1]["datasetId"],
        "runId": first["datasetRunId"], "datasetItemId": "i2"});
    server.tell("1", "dataset-run-item-create", second.clone()).await;
    let mut lost = second;
    lost["id"] = json!("lost");
    lost["runId"] = json!("nowhere");
    server.tell("2", "dataset-run-item-create", lost).await;
    let run = server.get("/datasets/d/runs/r").await;
    let mut traces: Vec<&Value> =
        run["datasetRunItems"].as_array().unwrap().iter().map(|item| &item["traceId"]).collect();
    traces.sort_by_key(ToString::to_string);
    assert_eq!(traces, ["t1", "t2"]);
}

#[tokio::test]
async fn ten_thousand_events_come_in_at_once() {
    let server = dual();
    let events: Vec<Value> = (0..10_000)
        .map(|n| event(&format!("e{n}"), "span-create", &json!({"id": format!("o{n}"), "traceId": "t"})))
        .collect();
    let answer = server.ingest(&events).await;
    assert_eq!(answer["successes"].as_array().unwrap().len(), 10_000);
    let list = server.get("/v2/observations?traceId=t&limit=1000").await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1000);
}

#[tokio::test]
async fn no_event_is_too_odd_to_be_answered() {
    let server = dual();
    let deep = (0..60).fold(json!(1), |inner, _| json!([inner]));
    let bodies = [
        json!({"id": "a\u{0}b", "traceId": "\u{0}", "input": "\u{0}", "metadata": deep}),
        json!({"id": "n", "traceId": "t", "usage": {"input": 1e300, "output": -1e300}}),
        json!({"id": "n", "traceId": "t", "costDetails": {"input": 1e308, "output": 1e308}}),
        json!({"id": "n", "traceId": "t", "startTime": "9999-12-31T23:59:59Z", "endTime": "0001-01-01T00:00:00Z"}),
        json!({"id": "n", "traceId": "t", "input": 0, "output": false, "metadata": [1, 2]}),
        json!({"id": ["x"], "traceId": {"a": 1}, "usageDetails": [[[]]], "modelParameters": 4}),
        json!("x".repeat(100_000)),
    ];
    for (n, body) in bodies.iter().enumerate() {
        for kind in ["generation-create", "generation-update", "observation-create", "trace-create"] {
            let answer = server.ingest(&[event(&format!("e{n}"), kind, body)]).await;
            let told = ["successes", "errors"].map(|key| answer[key].as_array().unwrap().len());
            assert_eq!(told.iter().sum::<usize>(), 1, "{kind} {n}");
        }
    }
    server.rows("t").await;
}

#[tokio::test]
async fn one_trace_or_observation_has_endpoints_of_its_own() {
    let server = dual();
    let answer = server.post("/traces", json!({"id": "t", "name": "a"})).await;
    assert_eq!(answer, json!({"id": "t"}));
    server.post("/spans", json!({"id": "s", "traceId": "t"})).await;
    server.post("/events", json!({"id": "e", "traceId": "t"})).await;
    let generation = json!({"id": "g", "traceId": "t", "prompt": "in", "completion": "out"});
    server.post("/generations", generation).await;
    let rows = server.rows("t").await;
    let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["e", "g", "s", "t-t"]);
    assert_eq!((&rows[1]["input"], &rows[1]["output"]), (&json!("in"), &json!("out")));
    let (status, answer) = server.call("POST", "/traces", json!({"id": 1})).await;
    assert_eq!((status, &answer["error"][0]["path"]), (400, &json!(["id"])));
}
