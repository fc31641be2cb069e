//! Runs over datasets.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Mode, Options, Seed};

use crate::{Server, empty, issues};

/// A server with a dataset of two items.
pub async fn prepared(seed: Seed, mode: Mode) -> Server {
    let server = Server::new(seed, Options { mode, ..Options::default() });
    server.post("/v2/datasets", json!({"name": "golden"})).await;
    for (id, status) in [("a", "ACTIVE"), ("b", "ACTIVE"), ("old", "ARCHIVED")] {
        let body = json!({"id": id, "datasetName": "golden", "input": id, "expectedOutput": {"is": id},
            "metadata": {"n": 1}, "status": status});
        server.post("/dataset-items", body).await;
    }
    server
}

async fn dual() -> Server {
    prepared(Seed::Empty, Mode::Dual).await
}

#[tokio::test]
async fn a_run_is_made_with_its_first_item() {
    let server = dual().await;
    let body = json!({"runName": "run 1", "runDescription": "first", "metadata": {"model": "m"},
        "datasetItemId": "a", "traceId": "t1"});
    let first = server.post("/dataset-run-items", body).await;
    let wanted = json!({
        "datasetRunName": "run 1", "id": first["id"], "datasetRunId": first["datasetRunId"],
        "datasetItemId": "a", "traceId": "t1", "observationId": null, "createdAt": first["createdAt"],
        "updatedAt": first["createdAt"],
    });
    assert_eq!(first.to_string(), wanted.to_string());
    let body = json!({"runName": "run 1", "runDescription": "ignored", "datasetItemId": "b", "traceId": "t2",
        "observationId": "o2"});
    let second = server.post("/dataset-run-items", body).await;
    assert_eq!(second["datasetRunId"], first["datasetRunId"]);
    let run = server.get("/datasets/golden/runs/run%201").await;
    let item = |r: &Value, trace: &str, observation: Value| {
        json!({
            "id": r["id"], "traceId": trace, "observationId": observation, "datasetRunId": r["datasetRunId"],
            "datasetRunName": "run 1", "datasetItemId": r["datasetItemId"], "createdAt": r["createdAt"],
            "updatedAt": r["createdAt"],
        })
    };
    let items = json!([item(&second, "t2", json!("o2")), item(&first, "t1", Value::Null)]);
    let wanted = json!({
        "id": first["datasetRunId"], "name": "run 1", "description": "first", "metadata": {"model": "m"},
        "datasetId": run["datasetId"], "createdAt": first["createdAt"], "updatedAt": first["createdAt"],
        "datasetName": "golden", "datasetRunItems": items,
    });
    assert_eq!(run.to_string(), wanted.to_string());
    let dataset = run["datasetId"].as_str().unwrap();
    let list = server.get(&format!("/dataset-run-items?datasetId={dataset}&runName=run%201&limit=1")).await;
    assert_eq!(list["data"][0].to_string(), items[0].to_string());
    assert_eq!(list["meta"], json!({"page": 1, "limit": 1, "totalItems": 2, "totalPages": 2}));
    assert_eq!(server.get("/datasets/golden").await["runs"], json!(["run 1"]));
    assert_eq!(server.get("/datasets").await["data"][0]["runs"], json!(["run 1"]));
}

#[tokio::test]
async fn runs_are_listed_newest_first_and_deleted() {
    let server = dual().await;
    for name in ["r/1", "r2"] {
        let body = json!({"runName": name, "datasetItemId": "a", "traceId": "t"});
        server.post("/dataset-run-items", body).await;
    }
    let list = server.get("/datasets/golden/runs").await;
    assert_eq!((&list["data"][0]["name"], &list["data"][1]["name"]), (&json!("r2"), &json!("r/1")));
    assert_eq!((&list["data"][0]["description"], &list["data"][0]["metadata"]), (&Value::Null, &json!({})));
    let answer = server.call("DELETE", "/datasets/golden/runs/r%252F1", Value::Null).await;
    assert_eq!(answer, (200, json!({"message": "Dataset run successfully deleted"})));
    let gone = (404, json!({"message": "Dataset run not found", "error": "LangfuseNotFoundError"}));
    for path in ["/datasets/golden/runs/r%2F1", "/datasets/missing/runs/x"] {
        assert_eq!(server.call("DELETE", path, Value::Null).await, gone);
        assert_eq!(server.call("GET", path, Value::Null).await, gone);
    }
    assert_eq!(server.get("/datasets/golden/runs").await["meta"]["totalItems"], 1);
}

#[rstest]
#[case(json!({"runName": "r", "datasetItemId": "a"}), 400, json!([{
    "code": "custom", "path": ["observationId", "traceId"], "message": "observationId or traceId must be provided",
}]))]
#[case(json!({"runName": "r", "datasetItemId": "a", "zzz": 1}), 400, json!([{
    "code": "unrecognized_keys", "keys": ["zzz"], "path": [], "message": "Unrecognized key: \"zzz\"",
}]))]
#[case(json!({"runName": "r", "datasetItemId": "old", "traceId": "t"}), 404, json!("Dataset item not found"))]
#[case(json!({"runName": "r", "datasetItemId": "none", "traceId": "t"}), 404, json!("Dataset item not found"))]
#[case(json!({"runName": "r", "datasetItemId": "a", "observationId": "none"}), 404, json!("Observation with id none not found"))]
#[case(json!({"runName": "r", "datasetItemId": "a", "traceId": "t", "datasetVersion": "2000-01-01"}), 404, json!("Dataset item not found"))]
#[tokio::test]
async fn bad_run_items_are_refused(#[case] body: Value, #[case] status: u16, #[case] wanted: Value) {
    for mode in [Mode::Dual, Mode::EventsOnly] {
        let server = prepared(Seed::Empty, mode).await;
        let wanted = match &wanted {
            Value::String(message) => json!({"message": message, "error": "LangfuseNotFoundError"}),
            list => issues(list),
        };
        assert_eq!(server.call("POST", "/dataset-run-items", body.clone()).await, (status, wanted));
    }
}

#[tokio::test]
async fn a_run_item_may_say_when_and_of_which_version() {
    let server = dual().await;
    let body = json!({"runName": "r", "datasetItemId": "a", "traceId": "t", "metadata": [1],
        "createdAt": "2026-01-01T00:00:00+01:00", "datasetVersion": "2100-01-01T00:00:00Z"});
    assert_eq!(server.post("/dataset-run-items", body).await["createdAt"], "2025-12-31T23:00:00.000Z");
    let run = server.get("/datasets/golden/runs/r").await;
    assert_eq!(run["metadata"], json!({"metadata": [1], "dataset_version": "2100-01-01T00:00:00.000Z"}));
}

#[tokio::test]
async fn lists_need_their_parameters() {
    let server = dual().await;
    let answer = server.call("GET", "/dataset-run-items", Value::Null).await;
    let missing = |key: &str| {
        json!({"expected": "string", "code": "invalid_type", "path": [key],
            "message": "Invalid input: expected string, received undefined"})
    };
    assert_eq!(answer, (400, issues(&json!([missing("datasetId"), missing("runName")]))));
    let message = "Dataset run not found for the given project and dataset id";
    let answer = server.call("GET", "/dataset-run-items?datasetId=x&runName=r", Value::Null).await;
    assert_eq!(answer, (404, json!({"message": message, "error": "LangfuseNotFoundError"})));
    let answer = server.call("GET", "/datasets/missing/runs", Value::Null).await;
    assert_eq!(answer, (404, json!({"message": "Dataset not found", "error": "LangfuseNotFoundError"})));
    assert_eq!(server.call("GET", "/datasets/golden/runs?page=0", Value::Null).await.0, 400);
    assert_eq!(server.call("POST", "/datasets/golden/runs", json!({})).await.0, 405);
}

#[tokio::test]
async fn a_bare_installation_stores_no_runs() {
    let server = prepared(Seed::Empty, Mode::EventsOnly).await;
    let body = json!({"runName": "r", "datasetItemId": "a", "traceId": "t"});
    let first = server.post("/dataset-run-items", body.clone()).await;
    let second = server.post("/dataset-run-items", body).await;
    assert_eq!(first["datasetRunId"], second["datasetRunId"]);
    assert_eq!(first["datasetRunId"].as_str().map(str::len), Some(16));
    let keys: Vec<&String> = first.as_object().unwrap().keys().take(4).collect();
    assert_eq!(keys, ["id", "datasetRunId", "datasetRunName", "datasetItemId"]);
    for path in ["/dataset-run-items", "/datasets/golden/runs", "/datasets/golden/runs/r"] {
        let (status, body) = server.call("GET", path, Value::Null).await;
        assert_eq!((status, body.get("error")), (404, None), "{path}");
    }
    assert_eq!(server.get("/datasets").await["data"][0]["runs"], json!([]));
    assert_eq!(empty().call("DELETE", "/datasets/a/runs/b", Value::Null).await.0, 404);
}

#[rstest]
#[case("/dataset-items?datasetName=a&datasetName=b", "datasetName")]
#[case("/dataset-items?sourceTraceId=a&sourceTraceId=b", "sourceTraceId")]
#[case("/dataset-items?sourceObservationId=&sourceObservationId=b", "sourceObservationId")]
#[case("/dataset-run-items?datasetId=a&datasetId=b&runName=c", "datasetId")]
#[case("/dataset-run-items?datasetId=a&runName=b&runName=c", "runName")]
#[tokio::test]
async fn a_repeated_parameter_is_a_list_where_a_text_is_needed(#[case] path: &str, #[case] key: &str) {
    let options = Options { mode: Mode::Dual, ..Options::default() };
    let server = Server::new(Seed::Empty, options);
    let issue = json!({
        "expected": "string", "code": "invalid_type", "path": [key],
        "message": "Invalid input: expected string, received array",
    });
    assert_eq!(server.call("GET", path, Value::Null).await, (400, issues(&json!([issue]))));
}
