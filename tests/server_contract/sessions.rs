//! Reading sessions.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::traces::{dual, recorded};
use super::{ids, issues};

#[tokio::test]
async fn a_session_has_all_its_traces_in_full() {
    let session = recorded().await.get("/sessions/s1").await;
    let keys: Vec<&str> = session.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["id", "createdAt", "projectId", "environment", "traces"]);
    let traces = session["traces"].as_array().unwrap();
    let mut shown: Vec<Value> =
        traces.iter().map(|t| json!([t["id"], t["input"], t["externalId"]])).collect();
    shown.sort_by_key(Value::to_string);
    let chat = json!([{"role": "user", "content": "Where is it?"}]);
    assert_eq!(shown, [json!(["t1", chat, null]), json!(["t2", "Summarise this.", null])]);
    assert!(traces.iter().all(|t| t.get("observations").is_none() && t["updatedAt"].is_string()));
}

#[rstest]
#[case("", &["s1"])]
#[case("environment=default", &["s1"])]
#[case("environment=staging", &[])]
#[case("fromTimestamp=2030-01-01T00:00:00Z", &[])]
#[case("toTimestamp=2030-01-01T00:00:00Z&zzz=1", &["s1"])]
#[case("page=2", &[])]
#[tokio::test]
async fn sessions_are_listed_by_their_parameters(#[case] query: &str, #[case] wanted: &[&str]) {
    let list = recorded().await.get(&format!("/sessions?{query}")).await;
    assert_eq!(ids(&list), wanted);
    let keys: Vec<&str> = list["meta"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["totalItems", "totalPages", "page", "limit"]);
}

#[tokio::test]
async fn times_must_be_full() {
    let (status, answer) = dual().call("GET", "/sessions?fromTimestamp=yesterday", Value::Null).await;
    let mut issue = answer["error"][0].clone();
    assert!(issue["pattern"].as_str().unwrap().starts_with("/^(?:(?:"));
    issue.as_object_mut().unwrap().shift_remove("pattern");
    assert_eq!(status, 400);
    let wanted = json!([{"origin": "string", "code": "invalid_format", "format": "datetime",
        "path": ["fromTimestamp"], "message": "Invalid ISO datetime"}]);
    assert_eq!(issues(&json!([issue])), issues(&wanted));
}
