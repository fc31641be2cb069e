//! Datasets and their items.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Mode, Options, Seed};

use crate::{Server, empty, ids, issues};

fn custom(path: &str, message: &str) -> Value {
    issues(&json!([{"code": "custom", "path": [path], "message": message}]))
}

fn missing(message: &str) -> (u16, Value) {
    (404, json!({"message": message, "error": "LangfuseNotFoundError"}))
}

fn refused(message: &str) -> (u16, Value) {
    (400, json!({"message": message, "error": "InvalidRequestError"}))
}

/// A dataset whose items must be `{"q": text}` → text.
async fn typed(server: &Server) {
    let input = json!({"type": "object", "required": ["q"], "properties": {"q": {"type": "string"}}});
    let body = json!({"name": "typed", "inputSchema": input, "expectedOutputSchema": {"type": "string"}});
    server.post("/v2/datasets", body).await;
}

#[tokio::test]
async fn a_dataset_is_written_over_by_name() {
    let server = empty();
    let body = json!({"name": "golden", "description": "first", "metadata": {"owner": "ada", "n": 1.0}});
    let first = server.post("/v2/datasets", body).await;
    let project = server.get("/projects").await["data"][0]["id"].clone();
    let wanted = json!({
        "id": first["id"], "projectId": project, "name": "golden", "description": "first",
        "metadata": {"n": 1, "owner": "ada"}, "inputSchema": null, "expectedOutputSchema": null,
        "createdAt": first["createdAt"], "updatedAt": first["createdAt"],
    });
    assert_eq!(first.to_string(), wanted.to_string());
    let second = server.post("/v2/datasets", json!({"name": "golden", "description": null, "zzz": 1})).await;
    assert_eq!((&second["id"], &second["createdAt"]), (&first["id"], &first["createdAt"]));
    assert_eq!(
        (&second["description"], &second["metadata"]),
        (&json!("first"), &json!({"n": 1, "owner": "ada"}))
    );
    assert!(second["updatedAt"].as_str() > first["updatedAt"].as_str());
    assert_eq!(server.get("/v2/datasets/golden").await, second);
}

#[tokio::test]
async fn lists_are_newest_first_with_keys_of_their_own() {
    let server = empty();
    for name in ["a", "b"] {
        server.post("/v2/datasets", json!({"name": name})).await;
        server.post("/dataset-items", json!({"datasetName": name, "id": name, "input": 1})).await;
    }
    let list = server.get("/v2/datasets?limit=1").await;
    let keys: Vec<&String> = list["data"][0].as_object().unwrap().keys().collect();
    let wanted = [
        "name",
        "description",
        "metadata",
        "inputSchema",
        "expectedOutputSchema",
        "projectId",
        "createdAt",
        "updatedAt",
        "id",
    ];
    assert_eq!(keys, wanted);
    assert_eq!(list["data"][0]["name"], "b");
    assert_eq!(list["meta"], json!({"page": 1, "limit": 1, "totalItems": 2, "totalPages": 2}));
    let old = server.get("/datasets").await;
    assert_eq!((&old["data"][1]["items"], &old["data"][1]["runs"]), (&json!(["a"]), &json!([])));
    let old = server.get("/datasets/a").await;
    assert_eq!((&old["items"][0]["input"], &old["runs"]), (&json!(1), &json!([])));
    let old = server.post("/datasets", json!({"name": "c"})).await;
    assert_eq!((&old["items"], &old["runs"]), (&json!([]), &json!([])));
}

#[rstest]
#[case("/v2/datasets?limit=101", "limit")]
#[case("/v2/datasets?page=0", "page")]
#[case("/datasets?page=0", "page")]
#[case("/dataset-items?page=0", "page")]
#[tokio::test]
async fn pages_are_checked(#[case] path: &str, #[case] parameter: &str) {
    let (status, body) = empty().call("GET", path, Value::Null).await;
    assert_eq!((status, &body["error"][0]["path"]), (400, &json!([parameter])));
}

#[rstest]
#[case("folder/nested set", "folder%2Fnested%20set")]
#[case("folder/nested set", "folder%252Fnested%2520set")]
#[case("100% sure", "100%2525%20sure")]
#[case("100% sure", "100%25%20sure")]
#[case("nul\u{0}and 🦀", "nul%00and%20%F0%9F%A6%80")]
#[tokio::test]
async fn names_in_paths_are_decoded_twice(#[case] name: &str, #[case] segment: &str) {
    let server = empty();
    server.post("/v2/datasets", json!({"name": name})).await;
    assert_eq!(server.get(&format!("/v2/datasets/{segment}")).await["name"], name);
}

#[tokio::test]
async fn a_long_name_is_a_name() {
    let (server, name) = (empty(), "x".repeat(10_000));
    server.post("/v2/datasets", json!({"name": name})).await;
    assert_eq!(server.get(&format!("/v2/datasets/{name}")).await["name"], name);
}

#[rstest]
#[case(json!({}), issues(&json!([{
    "expected": "string", "code": "invalid_type", "path": ["name"],
    "message": "Invalid input: expected string, received undefined",
}])))]
#[case(json!({"name": "bad", "inputSchema": {"type": "nonsense"}}), custom("inputSchema", "Must be a valid JSON Schema"))]
#[case(json!({"name": "bad", "expectedOutputSchema": "string"}), custom("expectedOutputSchema", "Must be a valid JSON Schema"))]
#[case(json!({"name": "/a"}), json!({"error": "InvalidRequestError", "message": "Dataset name not valid. [\n  {\n    \
    \"origin\": \"string\",\n    \"code\": \"invalid_format\",\n    \"format\": \"regex\",\n    \
    \"pattern\": \"/^[^/]/\",\n    \"path\": [],\n    \"message\": \"Name cannot start with a slash\"\n  }\n]"}))]
#[tokio::test]
async fn bad_datasets_are_refused(#[case] body: Value, #[case] wanted: Value) {
    assert_eq!(empty().call("POST", "/v2/datasets", body).await, (400, wanted));
}

#[tokio::test]
async fn a_dataset_that_is_not_there_is_missing() {
    let server = empty();
    for path in ["/v2/datasets/x", "/datasets/x", "/dataset-items?datasetName=x"] {
        assert_eq!(server.call("GET", path, Value::Null).await, missing("Dataset not found"), "{path}");
    }
    let project = server.get("/projects").await["data"][0]["id"].as_str().unwrap().to_owned();
    let answer = server.call("POST", "/dataset-items", json!({"datasetName": "x", "input": 1})).await;
    assert_eq!(answer, missing(&format!("Dataset x not found for project {project}")));
    assert_eq!(server.call("DELETE", "/v2/datasets/x", Value::Null).await.0, 405);
}

#[tokio::test]
async fn an_item_is_shown_as_written() {
    let server = empty();
    let set = server.post("/v2/datasets", json!({"name": "golden"})).await;
    let body = json!({
        "id": "di-1", "datasetName": "golden", "input": [{"role": "user", "content": "?"}],
        "expectedOutput": {"answer": "Paris."}, "metadata": {"k": 1}, "sourceTraceId": "t",
        "sourceObservationId": "o",
    });
    let item = server.post("/dataset-items", body).await;
    let wanted = json!({
        "id": "di-1", "datasetId": set["id"], "status": "ACTIVE", "sourceTraceId": "t",
        "sourceObservationId": "o", "createdAt": item["createdAt"], "updatedAt": item["createdAt"],
        "input": [{"role": "user", "content": "?"}], "expectedOutput": {"answer": "Paris."},
        "metadata": {"k": 1}, "datasetName": "golden", "mediaReferences": [],
    });
    assert_eq!(item.to_string(), wanted.to_string());
    assert_eq!(server.get("/dataset-items/di-1").await.to_string(), wanted.to_string());
    let listed = server.get("/dataset-items?sourceTraceId=t&sourceObservationId=o&datasetName=").await;
    let keys: Vec<&String> = listed["data"][0].as_object().unwrap().keys().take(5).collect();
    assert_eq!(keys, ["id", "datasetId", "sourceTraceId", "sourceObservationId", "status"]);
    assert_eq!(ids(&server.get("/dataset-items?sourceTraceId=other").await), [""; 0]);
}

#[tokio::test]
async fn what_is_left_out_of_an_item_stays() {
    let server = empty();
    server.post("/v2/datasets", json!({"name": "golden"})).await;
    let body =
        json!({"id": "a", "datasetName": "golden", "input": "x", "metadata": {"k": 1}, "sourceTraceId": "t"});
    let first = server.post("/dataset-items", body).await;
    let body = json!({"id": "a", "datasetName": "golden", "input": null, "metadata": null, "expectedOutput": "",
        "status": "ARCHIVED", "sourceTraceId": null});
    let second = server.post("/dataset-items", body).await;
    let part = |key: &str| second[key].clone();
    assert_eq!(
        [part("input"), part("expectedOutput"), part("metadata")],
        [json!("x"), json!(null), json!({"k": 1})]
    );
    assert_eq!([part("status"), part("sourceTraceId")], [json!("ARCHIVED"), json!("t")]);
    assert!(second["createdAt"].as_str() > first["createdAt"].as_str(), "a version has its own time");
    assert_eq!(ids(&server.get("/dataset-items").await), [""; 0], "archived");
    assert_eq!(server.get("/dataset-items/a").await["status"], "ARCHIVED");
}

#[rstest]
#[case(json!({"datasetName": "golden", "input": "{\"a\": 1.0}"}), json!({"a": 1}))]
#[case(json!({"datasetName": "golden", "input": "plain\u{0}"}), json!("plain"))]
#[case(json!({"datasetName": "golden", "input": ""}), json!(null))]
#[case(json!({"datasetName": "golden", "input": false, "zzz": 1}), json!(false))]
#[case(json!({"datasetName": "golden", "id": "a", "input": null}), json!(null))]
#[tokio::test]
async fn inputs_are_read(#[case] body: Value, #[case] input: Value) {
    let server = empty();
    server.post("/v2/datasets", json!({"name": "golden"})).await;
    assert_eq!(server.post("/dataset-items", body).await["input"], input);
}

#[tokio::test]
async fn an_item_without_id_needs_an_input() {
    let server = empty();
    server.post("/v2/datasets", json!({"name": "golden"})).await;
    let answer = server.call("POST", "/dataset-items", json!({"datasetName": "golden"})).await;
    assert_eq!(answer, refused("Dataset item validation failed: Dataset item input cannot be null"));
    let id = json!({"datasetName": "golden", "id": "", "input": 1});
    assert_eq!(server.call("POST", "/dataset-items", id).await.1["error"][0]["path"], json!(["id"]));
    let id = json!({"datasetName": "golden", "id": "x".repeat(256), "input": 1});
    assert_eq!(server.call("POST", "/dataset-items", id).await.1["error"][0]["maximum"], 255);
}

#[tokio::test]
async fn an_id_belongs_to_one_dataset_forever() {
    let server = empty();
    let first = server.post("/v2/datasets", json!({"name": "a"})).await["id"].as_str().unwrap().to_owned();
    server.post("/v2/datasets", json!({"name": "b"})).await;
    server.post("/dataset-items", json!({"id": "x", "datasetName": "a", "input": 1})).await;
    let wanted = format!(
        "Dataset item id x already exists in another dataset (id {first}) in this project; item ids are unique \
         per project across datasets. Use a different id or target dataset {first}."
    );
    let wanted = (409, json!({"message": wanted, "error": "LangfuseConflictError"}));
    let body = json!({"id": "x", "datasetName": "b", "input": 1});
    assert_eq!(server.call("POST", "/dataset-items", body.clone()).await, wanted);
    server.call("DELETE", "/dataset-items/x", Value::Null).await;
    assert_eq!(server.call("POST", "/dataset-items", body).await, wanted);
    server.post("/dataset-items", json!({"id": "x", "datasetName": "a", "input": 2})).await;
}

#[tokio::test]
async fn a_deleted_item_is_missing() {
    let server = empty();
    server.post("/v2/datasets", json!({"name": "a"})).await;
    server.post("/dataset-items", json!({"id": "x", "datasetName": "a", "input": 1})).await;
    let answer = server.call("DELETE", "/dataset-items/x", Value::Null).await;
    assert_eq!(answer, (200, json!({"message": "Dataset item successfully deleted"})));
    let project = server.get("/projects").await["data"][0]["id"].as_str().unwrap().to_owned();
    let gone = missing(&format!("Dataset item with id x not found for project {project}"));
    assert_eq!(server.call("DELETE", "/dataset-items/x", Value::Null).await, gone);
    let gone = missing("Dataset item not found");
    assert_eq!(server.call("GET", "/dataset-items/x", Value::Null).await, gone);
    assert_eq!(server.call("PATCH", "/dataset-items/x", json!({})).await.0, 405);
}

#[tokio::test]
async fn items_can_be_read_as_they_were() {
    let server = empty();
    server.post("/v2/datasets", json!({"name": "a"})).await;
    let mut versions = Vec::new();
    for body in [
        json!({"id": "x", "datasetName": "a", "input": 1}),
        json!({"id": "x", "datasetName": "a", "input": 2}),
        json!({"id": "y", "datasetName": "a", "input": 3}),
        json!({"id": "x", "datasetName": "a", "status": "ARCHIVED"}),
    ] {
        versions.push(server.post("/dataset-items", body).await["createdAt"].as_str().unwrap().to_owned());
    }
    server.call("DELETE", "/dataset-items/y", Value::Null).await;
    let at = async |version: &str| {
        let list = server.get(&format!("/dataset-items?datasetName=a&version={version}")).await;
        let rows = list["data"].as_array().unwrap().clone();
        assert_eq!(list["meta"]["totalItems"], rows.len());
        rows.into_iter().map(|row| row["input"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(at(&versions[0]).await, [json!(1)]);
    assert_eq!(at(&versions[1]).await, [json!(2)]);
    assert_eq!(at(&versions[2]).await, [json!(3), json!(2)]);
    assert_eq!(at(&versions[3]).await, [json!(3)]);
    assert_eq!(at("2000-01-01").await, [""; 0]);
    assert_eq!(at("2100-01-01T00:00:00Z").await, [""; 0]);
    let wanted = custom("datasetName", "datasetName is required when version parameter is provided");
    assert_eq!(server.call("GET", "/dataset-items?version=2026-01-01", Value::Null).await, (400, wanted));
    for bad in ["", "soon"] {
        let path = format!("/dataset-items?datasetName=a&version={bad}");
        assert_eq!(server.call("GET", &path, Value::Null).await.1["error"][0]["expected"], "date");
    }
}

#[rstest]
#[case(json!({"nope": 1}), json!("x"), Some("Input validation failed: must have required property 'q'"))]
#[case(json!({"q": 1}), json!("x"), Some("Input validation failed: must be string"))]
#[case(json!([1]), json!(2), Some("Input validation failed: must be object; Expected output validation failed: must be string"))]
#[case(json!({"q": "hi"}), json!("x"), None)]
#[tokio::test]
async fn items_must_fit_the_schemas(
    #[case] input: Value,
    #[case] expected: Value,
    #[case] wanted: Option<&str>,
) {
    let server = empty();
    typed(&server).await;
    let body = json!({"datasetName": "typed", "input": input, "expectedOutput": expected});
    let (status, body) = server.call("POST", "/dataset-items", body).await;
    match wanted {
        None => assert_eq!((status, &body["input"]), (200, &input)),
        Some(objection) => {
            assert_eq!((status, body), refused(&format!("Dataset item validation failed: {objection}")));
        }
    }
}

#[tokio::test]
async fn a_schema_must_fit_the_items_that_are_there() {
    let server = empty();
    server.post("/v2/datasets", json!({"name": "a"})).await;
    for (id, input) in [("i1", json!(1)), ("i2", json!({"q": "x"})), ("i3", json!({"q": {"r": 1}}))] {
        server.post("/dataset-items", json!({"datasetName": "a", "id": id, "input": input})).await;
    }
    let schema = json!({"type": "object", "properties": {"q": {"type": "string"}}});
    let body = json!({"name": "a", "inputSchema": schema});
    let details = "[{\"datasetItemId\":\"i1\",\"field\":\"input\",\"errors\":[{\"path\":\"/\",\"message\":\"must be \
        object\",\"keyword\":\"type\"}]},{\"datasetItemId\":\"i3\",\"field\":\"input\",\"errors\":[{\"path\":\"/q\",\
        \"message\":\"must be string\",\"keyword\":\"type\"}]}]";
    let wanted = refused(&format!("Schema validation failed for 2 item(s). Details: {details}"));
    assert_eq!(server.call("POST", "/v2/datasets", body.clone()).await, wanted);
    assert_eq!(server.get("/v2/datasets/a").await["inputSchema"], Value::Null);
    for n in 0..10 {
        server.post("/dataset-items", json!({"datasetName": "a", "id": format!("j{n}"), "input": 1})).await;
    }
    let message = server.call("POST", "/v2/datasets", body).await.1["message"].to_string();
    assert!(message.contains("failed for more than 10 item(s)"), "{message}");
    server.post("/v2/datasets", json!({"name": "a", "inputSchema": null})).await;
}

/// Definitions `d0`, `d1`, …, each referring to the next.
fn chain(length: usize, each: impl Fn(Value) -> Value) -> Value {
    let link = |n: usize| json!({"$ref": format!("#/definitions/d{n}")});
    let mut definitions = json!({format!("d{length}"): {}});
    for n in 0..length {
        definitions[format!("d{n}")] = each(link(n + 1));
    }
    json!({"definitions": definitions, "$ref": "#/definitions/d0"})
}

/// Schemas that never come to an end, or hardly.
#[rstest]
#[case::itself(json!({"$ref": "#"}), json!("x"))]
#[case::both_ways(json!({"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}), json!(["x"]))]
#[case::doubling(chain(40, |next| json!({"allOf": [next, next]})), json!("x"))]
#[case::far(chain(250, |next| next), json!("x"))]
#[case::backtracking(json!({"type": "string", "pattern": "^(a|aa)+$(?=x)"}), json!(format!("{}b", "a".repeat(60))))]
#[tokio::test]
async fn malicious_schemas_end(#[case] schema: Value, #[case] input: Value) {
    let server = empty();
    server.post("/v2/datasets", json!({"name": "a", "inputSchema": schema})).await;
    let (status, body) =
        server.call("POST", "/dataset-items", json!({"datasetName": "a", "input": input})).await;
    assert_eq!((status, &body["error"]), (400, &json!("InvalidRequestError")), "{body}");
}

#[tokio::test]
async fn media_of_an_item_come_with_links() {
    let server = Server::new(Seed::Sample, Options { mode: Mode::EventsOnly, ..Options::default() });
    server.post("/v2/datasets", json!({"name": "a"})).await;
    let media = sample_media(&server).await;
    let reference = format!("@@@langfuseMedia:type=image/png|id={media}|source=file@@@");
    let body =
        json!({"datasetName": "a", "id": "x", "input": {"image": reference}, "expectedOutput": reference});
    let item = server.post("/dataset-items", body).await;
    let found = item["mediaReferences"].as_array().unwrap();
    let places: Vec<_> = found.iter().map(|r| (r["field"].clone(), r["jsonPath"].clone())).collect();
    assert_eq!(places, [(json!("expectedOutput"), json!("$")), (json!("input"), json!("$['image']"))]);
    assert_eq!(
        (&found[0]["referenceString"], &found[0]["media"]["mediaId"]),
        (&json!(reference), &json!(media))
    );
    let url = found[0]["media"]["url"].as_str().unwrap().strip_prefix("http://localhost:1").unwrap();
    let file = server.send("GET", url, None, axum::body::Body::empty()).await;
    assert_eq!(file.status, 200);
    let body = json!({"datasetName": "a", "input": ["@@@langfuseMedia:type=image/png|id=m2|source=file@@@"]});
    let answer = server.call("POST", "/dataset-items", body).await;
    assert_eq!(answer, refused("Dataset item references unknown media: m2"));
}

/// A file that the sample brings.
async fn sample_media(server: &Server) -> String {
    let list = server.get("/v2/observations?fields=core,io&limit=1000").await.to_string();
    let (_, rest) = list.split_once("@@@langfuseMedia:").unwrap();
    let (_, rest) = rest.split_once("id=").unwrap();
    rest.split(['|', '@']).next().unwrap().to_owned()
}

#[tokio::test]
async fn an_item_may_be_large_but_not_too_large() {
    let server = empty();
    server.post("/v2/datasets", json!({"name": "a"})).await;
    for (length, wanted) in [(4_000_000, 200), (5_000_000, 413)] {
        let body = json!({"datasetName": "a", "input": "x".repeat(length)});
        assert_eq!(server.call("POST", "/dataset-items", body).await.0, wanted);
    }
}
