//! What does not fit the schema, issue by issue.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::{empty, issues};

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
