//! What does not fit the schema, issue by issue.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::{empty, issues};

fn wrong_type(path: &str, wanted: &str, received: &str) -> Value {
    let message = format!("Invalid input: expected {wanted}, received {received}");
    json!({"expected": wanted, "code": "invalid_type", "path": [path], "message": message})
}

fn no_option(path: &Value, values: &[&str]) -> Value {
    let options = values.iter().map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join("|");
    let message = format!("Invalid option: expected one of {options}");
    json!({"code": "invalid_value", "values": values, "path": path, "message": message})
}

fn custom(path: &Value, message: &str) -> Value {
    json!({"code": "custom", "path": path, "message": message})
}

fn short(path: &str) -> Value {
    json!({"origin": "string", "code": "too_small", "minimum": 1, "inclusive": true, "path": [path],
        "message": "Too small: expected string to have >=1 characters"})
}

fn bad_name() -> Value {
    json!({"origin": "string", "code": "invalid_format", "format": "regex",
        "pattern": "/^[\\p{L}\\p{N}_ .()-]+$/u", "path": ["name"], "message": "Name contains invalid characters"})
}

fn unknown_key(key: &str) -> Value {
    json!({"code": "unrecognized_keys", "keys": [key], "path": [], "message": format!("Unrecognized key: \"{key}\"")})
}

fn no_variant(path: &Value, discriminator: &str) -> Value {
    json!({"code": "invalid_union", "errors": [], "note": "No matching discriminator",
        "discriminator": discriminator, "path": path, "message": "Invalid input"})
}

fn no_positive(path: &str) -> Value {
    json!({"origin": "number", "code": "too_small", "minimum": 0, "inclusive": false, "path": [path],
        "message": "Too small: expected number to be >0"})
}

fn above_100(path: &str) -> Value {
    json!({"origin": "number", "code": "too_big", "maximum": 100, "inclusive": true, "path": [path],
        "message": "Too big: expected number to be <=100"})
}

const TARGET: &str = "Provide exactly one of the following: traceId (with optional observationId), sessionId \
    or datasetRunId. ObservationId requires traceId.";
const ANNOTATION: &str = "configId is required when source is ANNOTATION (except for CORRECTION scores).";
const SHAPE: &str =
    "Category must be an array of objects with label value pairs, where labels and values are unique.";
const RANGE: &str = "Maximum value must be greater than Minimum value";
const OBJECTS: [&str; 4] = ["TRACE", "OBSERVATION", "SESSION", "PROMPT"];
const GROUPS: [&str; 4] = ["core", "details", "subject", "annotation"];

fn targets() -> Value {
    json!(["traceId", "sessionId", "datasetRunId", "observationId"])
}

/// The union of all that stored JSON can be, none of which fits.
fn no_json(received: &str) -> Value {
    let alone = |wanted: &str| {
        let mut issue = wrong_type("", wanted, received);
        issue["path"] = json!([]);
        json!([issue])
    };
    let none = |errors: Value, path: Value| json!({"code": "invalid_union", "errors": errors, "path": path, "message": "Invalid input"});
    let scalars = json!(["string", "number", "boolean"].map(alone));
    none(json!([alone("array"), alone("record"), [none(scalars, json!([]))]]), json!(["categories"]))
}

/// Values out of bounds do not keep the schema from its rules over several fields; values of another
/// type do.
#[rstest]
#[case(json!({}), json!([wrong_type("name", "string", "undefined"), {
    "code": "invalid_union", "path": ["value"], "message": "Invalid input", "errors": [
        [{"expected": "string", "code": "invalid_type", "path": [], "message": "Invalid input: expected string, received undefined"}],
        [{"expected": "number", "code": "invalid_type", "path": [], "message": "Invalid input: expected number, received undefined"}]]}]))]
#[case(json!({"name": "", "dataType": null}), json!([short("name"), no_variant(&json!(["dataType"]), "dataType")]))]
#[case(json!({"name": "", "value": 2, "dataType": "BOOLEAN"}), json!([short("name"),
    custom(&json!(["value"]), "Value must be a number equal to either 0 or 1 for data type BOOLEAN"),
    custom(&targets(), TARGET)]))]
#[case(json!({"name": "n", "value": "", "dataType": "TEXT", "source": "ANNOTATION"}), json!([short("value"),
    custom(&targets(), TARGET), custom(&json!(["configId"]), ANNOTATION)]))]
#[case(json!({"name": "n", "value": 1, "traceId": "t", "source": "ANNOTATION", "configId": ""}),
    json!([custom(&json!(["configId"]), ANNOTATION)]))]
#[case(json!({"name": "n", "value": true, "dataType": "BOOLEAN"}), json!([wrong_type("value", "number", "boolean")]))]
#[case(json!({"name": "n", "value": 1, "traceId": 1, "environment": null, "queueId": 5, "source": "EVAL"}), json!([
    wrong_type("traceId", "string", "number"), wrong_type("environment", "string", "null"),
    wrong_type("queueId", "string", "number"), no_option(&json!(["source"]), &["API", "ANNOTATION"])]))]
#[case(json!({"name": "n", "value": "x", "dataType": "CORRECTION", "traceId": "t", "configId": "c"}),
    json!([wrong_type("configId", "undefined", "string")]))]
#[case(json!({"name": "n", "value": 1, "traceId": ""}), json!([custom(&targets(), TARGET)]))]
#[case(json!({"name": "n", "value": 1, "sessionId": "s", "observationId": "o"}), json!([custom(&targets(), TARGET)]))]
#[case(json!("text"), json!([
    {"expected": "object", "code": "invalid_type", "path": [], "message": "Invalid input: expected object, received string"},
    {"code": "invalid_type", "expected": "object", "path": [], "message": "Invalid input: expected object, received string"}]))]
#[tokio::test]
async fn a_score_is_told_all_that_is_wrong_with_it(#[case] body: Value, #[case] wanted: Value) {
    assert_eq!(empty().call("POST", "/scores", body).await, (400, issues(&wanted)));
}

#[rstest]
#[case(json!({"name": "", "dataType": "NUMERIC", "minValue": 5, "maxValue": 1}),
    json!([short("name"), bad_name(), custom(&json!([]), RANGE)]))]
#[case(json!({"name": "x", "dataType": "NUMERIC", "minValue": "5", "maxValue": true, "categories": []}), json!([
    wrong_type("maxValue", "number", "boolean"), wrong_type("minValue", "number", "string"),
    wrong_type("categories", "undefined", "array")]))]
#[case(json!({"name": "x", "dataType": "CATEGORICAL", "minValue": 1, "maxValue": 2, "categories": 5}), json!([
    wrong_type("maxValue", "undefined", "number"), wrong_type("minValue", "undefined", "number"),
    custom(&json!(["categories"]), SHAPE)]))]
#[case(json!({"name": "x", "dataType": "CATEGORICAL", "categories": null}), json!([no_json("null")]))]
#[case(json!({"name": "x", "dataType": "BOOLEAN", "categories": null, "minValue": "dropped"}),
    json!([wrong_type("categories", "undefined", "null")]))]
#[case(json!({"name": "x", "dataType": "TEXT", "categories": null, "maxValue": 1}), json!([
    wrong_type("categories", "undefined", "null"), wrong_type("maxValue", "undefined", "number")]))]
#[tokio::test]
async fn a_new_config_is_told_all_that_is_wrong_with_it(#[case] body: Value, #[case] wanted: Value) {
    assert_eq!(empty().call("POST", "/score-configs", body).await, (400, issues(&wanted)));
}

#[rstest]
#[case(json!({"name": ""}), json!([short("name"), bad_name()]))]
#[case(json!({"description": null, "minValue": null, "isArchived": 1}), json!([
    wrong_type("isArchived", "boolean", "number"), wrong_type("minValue", "number", "null"),
    wrong_type("description", "string", "null")]))]
#[case(json!({"categories": {"label": "a"}}), json!([custom(&json!(["categories"]), SHAPE)]))]
#[case(json!({"categories": null}), json!([no_json("null")]))]
#[case(json!({"categories": [{"label": "a", "value": 1}, {"label": "a", "value": 2}]}), json!([
    custom(&json!(["categories"]), "Duplicate category label: a, category labels must be unique")]))]
#[tokio::test]
async fn a_changed_config_fits_the_schema_before_it_is_looked_for(
    #[case] body: Value,
    #[case] wanted: Value,
) {
    assert_eq!(empty().call("PATCH", "/score-configs/none", body).await, (400, issues(&wanted)));
}

#[rstest]
#[case("/comments?limit=101&objectId=x", json!([above_100("limit"),
    custom(&json!(["objectType"]), "objectType is required when objectId is provided")]))]
#[case("/comments?objectId=x&foo=1", json!([unknown_key("foo")]))]
#[case("/comments?foo=1&page=0&objectId=a&objectId=b&objectType=trace", json!([
    no_option(&json!(["objectType"]), &OBJECTS), wrong_type("objectId", "string", "array"),
    no_positive("page"), unknown_key("foo")]))]
#[case("/comments/c?foo=1", json!([unknown_key("foo")]))]
#[case("/annotation-queues/q/items?itemId=i", json!([unknown_key("itemId")]))]
#[case("/v3/scores?limit=", json!([no_positive("limit")]))]
#[case("/v3/scores?limit=101&userId=u", json!([above_100("limit"), custom(&json!([]),
    "userId filter requires a trace JOIN and is not supported in v3 — use v2 or omit this filter")]))]
#[case("/v3/scores?id=a&id=b&userId=u&foo=1", json!([wrong_type("id", "string", "array"), unknown_key("foo")]))]
#[case("/v3/scores?fields=core,trace,", json!([
    no_option(&json!(["fields", 1]), &GROUPS), no_option(&json!(["fields", 2]), &GROUPS)]))]
#[case("/v3/scores?source=x,api", json!([
    custom(&json!(["source"]), "Invalid source value: \"X\". Allowed: API, EVAL, ANNOTATION")]))]
#[case("/v3/scores?value=1", json!([custom(&json!([]),
    "value filter requires a single dataType from: NUMERIC, BOOLEAN, CATEGORICAL")]))]
#[case("/v3/scores?value=1&dataType=text", json!([custom(&json!([]),
    "value filter requires dataType to be NUMERIC, BOOLEAN, or CATEGORICAL (got \"TEXT\")")]))]
#[case("/v3/scores?value=1,x,Infinity&dataType=NUMERIC", json!(["x", "Infinity"].map(|value| custom(&json!([]),
    &format!("value filter with dataType=NUMERIC requires each value to be a finite number (got \"{value}\")")))))]
#[case("/v3/scores?value=1&dataType=BOOLEAN", json!([custom(&json!([]),
    "value filter with dataType=BOOLEAN requires each value to be \"true\" or \"false\" (got \"1\")")]))]
#[case("/v3/scores?valueMin=1&dataType=NUMERIC,TEXT", json!([custom(&json!([]),
    "valueMin and valueMax require dataType=NUMERIC as a single value")]))]
#[case("/v3/scores?valueMax=Infinity", json!([{"expected": "number", "code": "invalid_type",
    "received": "Infinity", "path": ["valueMax"], "message": "Invalid input: expected number, received number"}]))]
#[case("/v3/scores?traceId=t&sessionId=s", json!([custom(&json!([]),
    "At most one of traceId, sessionId, experimentId may be specified")]))]
#[case("/v3/scores?cursor=MQ", json!([{"code": "invalid_type", "expected": "object", "path": ["cursor"],
    "message": "Invalid input: expected object, received number"}]))]
#[case("/v3/scores?cursor=eyJ2IjoyfQ", json!([no_variant(&json!(["cursor", "v"]), "v")]))]
#[tokio::test]
async fn a_query_is_told_all_that_is_wrong_with_it(#[case] path: &str, #[case] wanted: Value) {
    assert_eq!(empty().call("GET", path, Value::Null).await, (400, issues(&wanted)));
}

/// What is no cursor at all ends the reading of the query.
#[rstest]
#[case("cursor=garbage&limit=0")]
#[case("cursor=")]
#[tokio::test]
async fn a_cursor_that_is_none_is_all_that_is_told(#[case] query: &str) {
    let wanted = json!({"message": "Invalid cursor format", "error": "InvalidRequestError"});
    assert_eq!(empty().call("GET", &format!("/v3/scores?{query}"), Value::Null).await, (400, wanted));
}

#[rstest]
#[case("GET", "/annotation-queues?page=0", json!(null), json!([{
    "origin": "number", "code": "too_small", "minimum": 0, "inclusive": false, "path": ["page"],
    "message": "Too small: expected number to be >0"}]))]
#[case("GET", "/annotation-queues?page=abc", json!(null), json!([{
    "expected": "number", "code": "invalid_type", "received": "NaN", "path": ["page"],
    "message": "Invalid input: expected number, received NaN"}]))]
#[case("GET", "/score-configs?page=1.5", json!(null), json!([{
    "expected": "int", "format": "safeint", "code": "invalid_type", "path": ["page"],
    "message": "Invalid input: expected int, received number"}]))]
#[case("GET", "/annotation-queues?limit=101", json!(null), json!([{
    "origin": "number", "code": "too_big", "maximum": 100, "inclusive": true, "path": ["limit"],
    "message": "Too big: expected number to be <=100"}]))]
#[case("GET", "/annotation-queues?foo=bar", json!(null), json!([{
    "code": "unrecognized_keys", "keys": ["foo"], "path": [], "message": "Unrecognized key: \"foo\""}]))]
#[case("POST", "/annotation-queues", json!({"name": 5, "scoreConfigIds": null, "color": 1}), json!([
    {"expected": "string", "code": "invalid_type", "path": ["name"],
     "message": "Invalid input: expected string, received number"},
    {"expected": "array", "code": "invalid_type", "path": ["scoreConfigIds"],
     "message": "Invalid input: expected array, received null"},
    {"code": "unrecognized_keys", "keys": ["color"], "path": [], "message": "Unrecognized key: \"color\""}]))]
#[case("POST", "/annotation-queues/q/items", json!({"objectType": "DATASET"}), json!([
    {"expected": "string", "code": "invalid_type", "path": ["objectId"],
     "message": "Invalid input: expected string, received undefined"},
    {"code": "invalid_value", "values": ["TRACE", "OBSERVATION", "SESSION"], "path": ["objectType"],
     "message": "Invalid option: expected one of \"TRACE\"|\"OBSERVATION\"|\"SESSION\""}]))]
#[case("GET", "/annotation-queues/q/items?status=pending", json!(null), json!([{
    "code": "invalid_value", "values": ["PENDING", "COMPLETED"], "path": ["status"],
    "message": "Invalid option: expected one of \"PENDING\"|\"COMPLETED\""}]))]
#[case("POST", "/score-configs", json!({"name": "x", "dataType": "RANK"}), json!([{
    "code": "invalid_union", "errors": [], "note": "No matching discriminator", "discriminator": "dataType",
    "path": ["dataType"], "message": "Invalid input"}]))]
#[case("POST", "/score-configs", json!({"name": "a & b", "dataType": "NUMERIC"}), json!([{
    "origin": "string", "code": "invalid_format", "format": "regex",
    "pattern": "/^[\\p{L}\\p{N}_ .()-]+$/u", "path": ["name"], "message": "Name contains invalid characters"}]))]
#[case("POST", "/score-configs", json!({"name": "x", "dataType": "NUMERIC", "minValue": 1, "maxValue": 1}),
    json!([{"code": "custom", "path": [], "message": "Maximum value must be greater than Minimum value"}]))]
#[case("POST", "/score-configs",
    json!({"name": "x", "dataType": "CATEGORICAL",
           "categories": [{"label": "a", "value": 1}, {"label": "b", "value": 1}]}),
    json!([{"code": "custom", "path": ["categories"],
            "message": "Duplicate category value: 1, category values must be unique"}]))]
#[case("POST", "/scores", json!({"traceId": "t", "value": "4", "dataType": "NUMERIC"}), json!([
    {"expected": "string", "code": "invalid_type", "path": ["name"],
     "message": "Invalid input: expected string, received undefined"},
    {"expected": "number", "code": "invalid_type", "path": ["value"],
     "message": "Invalid input: expected number, received string"}]))]
#[case("POST", "/scores", json!({"traceId": "t", "name": "b", "value": 2, "dataType": "BOOLEAN"}), json!([{
    "code": "custom", "path": ["value"],
    "message": "Value must be a number equal to either 0 or 1 for data type BOOLEAN"}]))]
#[case("POST", "/scores", json!({"traceId": "t", "sessionId": "s", "name": "b", "value": 2}), json!([{
    "code": "custom", "path": ["traceId", "sessionId", "datasetRunId", "observationId"],
    "message": "Provide exactly one of the following: traceId (with optional observationId), sessionId or datasetRunId. ObservationId requires traceId."}]))]
#[case("POST", "/scores", json!({"traceId": "t", "name": "b", "value": 2, "source": "ANNOTATION"}), json!([{
    "code": "custom", "path": ["configId"],
    "message": "configId is required when source is ANNOTATION (except for CORRECTION scores)."}]))]
#[case("GET", "/v3/scores?source=X", json!(null), json!([{
    "code": "custom", "path": ["source"],
    "message": "Invalid source value: \"X\". Allowed: API, EVAL, ANNOTATION"}]))]
#[case("GET", "/v3/scores?observationId=o", json!(null), json!([{
    "code": "custom", "path": [],
    "message": "observationId filter requires traceId — observation IDs are scoped to a trace"}]))]
#[case("GET", "/v3/scores?fromTimestamp=x", json!(null), json!([{
    "expected": "date", "code": "invalid_type", "received": "Invalid Date", "path": ["fromTimestamp"],
    "message": "Invalid input: expected date, received Date"}]))]
#[case("POST", "/comments", json!({"projectId": "p", "objectType": "TRACE", "objectId": "t", "content": " "}),
    json!([{"origin": "string", "code": "too_small", "minimum": 1, "inclusive": true, "path": ["content"],
            "message": "Too small: expected string to have >=1 characters"}]))]
#[case("GET", "/comments?objectId=x", json!(null), json!([{
    "code": "custom", "path": ["objectType"],
    "message": "objectType is required when objectId is provided"}]))]
#[case("GET", "/v2/observations?limit=1001", json!(null), json!([{
    "origin": "number", "code": "too_big", "maximum": 1000, "inclusive": true, "path": ["limit"],
    "message": "Too big: expected number to be <=1000"}]))]
#[tokio::test]
async fn what_does_not_fit_the_schema_is_told_issue_by_issue(
    #[case] method: &str,
    #[case] path: &str,
    #[case] body: Value,
    #[case] wanted: Value,
) {
    let answer = empty().call(method, path, body).await;
    assert_eq!(answer, (400, issues(&wanted)));
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let server = empty();
    for (body, received) in [(json!([1]), "array"), (json!("x"), "string")] {
        let (status, answer) = server.call("POST", "/comments", body).await;
        let message = format!("Invalid input: expected object, received {received}");
        assert_eq!((status, answer["error"][0]["message"].as_str()), (400, Some(message.as_str())));
    }
}
