//! Reading observations.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Mode, Options, Seed};
use url::form_urlencoded::byte_serialize;

use super::{Server, empty, ids, sample};

fn dual() -> Server {
    Server::new(Seed::Empty, Options { mode: Mode::Dual, ..Options::default() })
}

#[tokio::test]
async fn observations_show_the_field_groups_asked_for() {
    let server = sample();
    let list = server.get("/v2/observations?type=GENERATION&limit=1").await;
    let row = &list["data"][0];
    assert!(row.get("input").is_none() && row.get("model").is_none() && row["name"].is_string());
    assert_eq!((&row["isRootObservation"], &row["totalPrice"]), (&json!(false), &json!(null)));
    let trace = row["traceId"].as_str().unwrap();
    let all = "core,basic,time,io,metadata,model,usage,prompt,metrics,trace_context";
    let list = server.get(&format!("/v2/observations?traceId={trace}&fields={all}")).await;
    let rows = list["data"].as_array().unwrap();
    let root = rows.iter().find(|r| r["isRootObservation"] == true).unwrap();
    assert_eq!(root["parentObservationId"], Value::Null);
    for row in rows {
        assert_eq!((&row["traceName"], &row["userId"]), (&root["traceName"], &root["userId"]));
        assert!(row["input"].is_string() || row["input"].is_null());
        assert!(row["tags"].is_array() && row["metadata"].is_object() && row["usageDetails"].is_object());
        assert!(row["statusMessage"].is_string() && row["model"].is_string());
        assert!(row["startTime"].as_str().unwrap().ends_with('Z'));
    }
    assert_eq!(server.get("/v2/observations?limit=0").await, json!({"data": [], "meta": {}}));
    assert_eq!(server.get("/v2/observations?traceId=no&foo=bar").await, json!({"data": [], "meta": {}}));
    let bogus = server.get("/v2/observations?fields=bogus&limit=1").await;
    assert_eq!(bogus["data"][0].as_object().unwrap().len(), 13);
}

#[tokio::test]
async fn the_cursor_of_observations_walks_through_all_of_them() {
    let server = sample();
    let whole = server.get("/v2/observations?limit=1000&fields=core").await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/v2/observations?limit=137&fields=core{cursor}")).await;
        seen.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["meta"]["cursor"].as_str() else { break };
        cursor = format!("&cursor={}", next.replace('=', "%3D").replace('+', "%2B"));
    }
    assert!(seen.len() > 137);
    assert_eq!(Value::from(seen[..whole["data"].as_array().unwrap().len()].to_vec()), whole["data"]);
    let (status, answer) = server.call("GET", "/v2/observations?cursor=garbage", Value::Null).await;
    assert_eq!((status, answer["message"].as_str()), (400, Some("Invalid cursor format")));
}

/// A filter, and what must hold for every row it lets through.
type Check = fn(&Value) -> bool;

#[rstest]
#[case(json!({"type": "string", "column": "name", "operator": "starts with", "value": "a"}),
    |row: &Value| row["name"].as_str().unwrap().starts_with('a'))]
#[case(json!({"type": "string", "column": "name", "operator": "ends with", "value": "e"}),
    |row: &Value| row["name"].as_str().unwrap().ends_with('e'))]
#[case(json!({"type": "string", "column": "environment", "operator": "does not contain", "value": "prod"}),
    |row: &Value| row["environment"] != "production")]
#[case(json!({"type": "stringOptions", "column": "type", "operator": "any of", "value": ["TOOL", "AGENT"]}),
    |row: &Value| row["type"] == "TOOL" || row["type"] == "AGENT")]
#[case(json!({"type": "stringOptions", "column": "level", "operator": "none of", "value": ["DEFAULT"]}),
    |row: &Value| row["level"] != "DEFAULT")]
#[case(json!({"type": "number", "column": "latency", "operator": ">", "value": 2}),
    |row: &Value| row["latency"].as_f64().unwrap() > 2.0)]
#[case(json!({"type": "number", "column": "totalCost", "operator": ">=", "value": 0.001}),
    |row: &Value| row["totalCost"].as_f64().unwrap() >= 0.001)]
#[case(json!({"type": "boolean", "column": "isRootObservation", "operator": "=", "value": true}),
    |row: &Value| row["parentObservationId"].is_null())]
#[case(json!({"type": "null", "column": "sessionId", "operator": "is not null", "value": ""}),
    |row: &Value| row["sessionId"].is_string())]
#[case(json!({"type": "null", "column": "endTime", "operator": "is not null", "value": ""}),
    |row: &Value| row["endTime"].is_string())]
#[case(json!({"type": "null", "column": "parentObservationId", "operator": "is null", "value": ""}),
    |row: &Value| row["isRootObservation"] == true)]
#[case(json!({"type": "datetime", "column": "startTime", "operator": "<", "value": "2026-11-17T00:00:00Z"}),
    |row: &Value| row["startTime"].as_str() < Some("2026-11-17"))]
#[case(json!({"type": "string", "column": "input", "operator": "matches", "value": "THE"}),
    |row: &Value| row["input"].as_str().unwrap().to_lowercase().contains("the"))]
#[tokio::test]
async fn observations_are_filtered(#[case] filter: Value, #[case] holds: Check) {
    let server = sample();
    let list = server.get(&observations(&filter)).await;
    let rows = list["data"].as_array().unwrap();
    assert!(!rows.is_empty(), "{filter}");
    assert!(rows.iter().all(holds), "{filter}");
}

fn observations(filter: &Value) -> String {
    let filter = Value::from(vec![filter.clone()]).to_string();
    let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    format!("/v2/observations?fields=core,basic,io,usage,trace_context&limit=1000&filter={filter}")
}

#[tokio::test]
async fn tags_ids_and_metadata_are_filtered() {
    let server = sample();
    let row = server.get("/v2/observations?limit=1&fields=core,trace_context").await["data"][0].clone();
    let tag = row["tags"][0].clone();
    for (operator, wanted) in [("any of", true), ("all of", true), ("none of", false)] {
        let filter = json!({"type": "arrayOptions", "column": "tags", "operator": operator, "value": [tag]});
        let list = server.get(&observations(&filter)).await;
        let rows = list["data"].as_array().unwrap();
        assert!(!rows.is_empty());
        assert!(rows.iter().all(|r| r["tags"].as_array().unwrap().contains(&tag) == wanted), "{operator}");
    }
    let filter =
        json!({"type": "stringOptions", "column": "id", "operator": "any of", "value": [row["id"], "no"]});
    assert_eq!(ids(&server.get(&observations(&filter)).await), [row["id"].as_str().unwrap()]);
    let filter =
        json!({"type": "stringObject", "column": "metadata", "key": "no", "operator": "=", "value": "x"});
    assert_eq!(server.get(&observations(&filter)).await["data"], json!([]));
}

#[rstest]
#[case(json!({"type": "string", "column": "colour", "operator": "=", "value": "x"}))]
#[case(json!({"type": "number", "column": "name", "operator": "=", "value": 1}))]
#[case(json!({"type": "string", "column": "name", "operator": "like", "value": "x"}))]
#[case(json!({"type": "stringOptions", "column": "name", "operator": "any of", "value": []}))]
#[case(json!({"type": "string", "column": "output", "operator": "contains", "value": "x"}))]
#[case(json!({"type": "datetime", "column": "startTime", "operator": "<", "value": "soon"}))]
#[tokio::test]
async fn filters_that_make_no_sense_are_refused(#[case] filter: Value) {
    let (status, answer) = empty().call("GET", &observations(&filter), Value::Null).await;
    assert_eq!(status, 400, "{answer}");
}

#[rstest]
#[case("parseIoAsJson=true")]
#[case("type=X")]
#[case("isRootObservation=1")]
#[case("fromStartTime=2026-11-17")]
#[case("fromStartTime=2026-11-17T00:00:00%2B0200")]
#[case("filter=%5B")]
#[tokio::test]
async fn observation_parameters_that_make_no_sense_are_refused(#[case] query: &str) {
    let (status, answer) = empty().call("GET", &format!("/v2/observations?{query}"), Value::Null).await;
    assert_eq!(status, 400, "{answer}");
}

#[tokio::test]
async fn a_filter_takes_the_place_of_the_parameter_of_its_column_only() {
    let server = sample();
    let filter = json!({"type": "string", "column": "type", "operator": "=", "value": "TOOL"});
    let list = server.get(&format!("{}&type=SPAN&isRootObservation=false", observations(&filter))).await;
    let rows = list["data"].as_array().unwrap();
    assert!(!rows.is_empty());
    assert!(rows.iter().all(|r| r["type"] == "TOOL" && r["isRootObservation"] == false));
}

#[tokio::test]
async fn deleted_traces_leave_their_comments_and_items() {
    let server = sample();
    let items = "/annotation-queues/queue-support/items?limit=1";
    let before = server.get(items).await;
    let trace = before["data"][0]["objectId"].as_str().unwrap();
    let (status, answer) = server.call("DELETE", &format!("/traces/{trace}"), Value::Null).await;
    assert_eq!((status, answer), (200, json!({"message": "Trace deleted successfully"})));
    assert_eq!(server.get(&format!("/v2/observations?traceId={trace}")).await["data"], json!([]));
    assert_eq!(server.get(items).await, before);
}

#[tokio::test]
async fn prices_are_decimals_as_text() {
    let server = dual();
    let body = json!({"id": "g", "traceId": "t", "model": "gpt-4o-mini", "usageDetails": {"input": 1}});
    let event =
        json!({"id": "1", "type": "generation-create", "timestamp": "2026-11-24T04:00:00Z", "body": body});
    let (status, _) = server.call("POST", "/ingestion", json!({"batch": [event]})).await;
    assert_eq!(status, 207);
    let list = server.get("/v2/observations?traceId=t&fields=model").await;
    assert_eq!(
        (&list["data"][0]["inputPrice"], &list["data"][0]["outputPrice"]),
        (&json!("1.5e-7"), &json!("6e-7"))
    );
    assert_eq!(server.get("/observations/g").await["inputPrice"], 1.5e-7);
}

#[rstest]
#[case("/v2/observations?filter=[[]]", json!([{"code": "invalid_type", "expected": "object", "path": ["filter", 0],
    "message": "Invalid input: expected object, received array"}]))]
#[case("/v2/observations?filter=[null]", json!([{"code": "invalid_type", "expected": "object",
    "path": ["filter", 0], "message": "Invalid input: expected object, received null"}]))]
#[case("/observations?limit=1e20", json!([
    {"code": "too_big", "maximum": 9_007_199_254_740_991_i64,
        "note": "Integers must be within the safe integer range.", "origin": "int", "inclusive": true,
        "path": ["limit"], "message": "Too big: expected int to be <=9007199254740991"},
    {"origin": "number", "code": "too_big", "maximum": 100, "inclusive": true, "path": ["limit"],
        "message": "Too big: expected number to be <=100"}]))]
#[case("/sessions?page=-1e20", json!([
    {"code": "too_small", "minimum": -9_007_199_254_740_991_i64,
        "note": "Integers must be within the safe integer range.", "origin": "int", "inclusive": true,
        "path": ["page"], "message": "Too small: expected int to be >=-9007199254740991"},
    {"origin": "number", "code": "too_small", "minimum": 0, "inclusive": false, "path": ["page"],
        "message": "Too small: expected number to be >0"}]))]
#[tokio::test]
async fn issues_have_the_schemas_words(#[case] path: &str, #[case] wanted: Value) {
    let (status, answer) = dual().call("GET", path, Value::Null).await;
    // As text, since the order of keys counts.
    let wanted = json!({"message": "Invalid request data", "error": wanted});
    assert_eq!((status, answer.to_string()), (400, wanted.to_string()));
}

#[rstest]
#[case("0x1", 1)]
#[case("1e1", 10)]
#[case("0b11", 3)]
#[case("+2", 2)]
#[tokio::test]
async fn numbers_may_be_written_as_javascript_reads_them(#[case] limit: &str, #[case] wanted: u32) {
    let limit: String = byte_serialize(limit.as_bytes()).collect();
    assert_eq!(dual().get(&format!("/sessions?limit={limit}")).await["meta"]["limit"], wanted);
}
