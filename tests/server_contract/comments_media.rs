//! Comments.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::sample;

#[tokio::test]
async fn comments_need_their_object() {
    let server = sample();
    let body = |kind: &str, id: &str, content: &str| json!({"projectId": "x", "objectType": kind, "objectId": id, "content": content});
    let root = server.get("/v2/observations?isRootObservation=true&limit=1").await["data"][0].clone();
    let trace = root["traceId"].as_str().unwrap();
    let made = server.post("/comments", body("TRACE", trace, "  hello 🦀 ")).await;
    assert_eq!(made.as_object().unwrap().len(), 1);
    let id = made["id"].as_str().unwrap();
    let comment = server.get(&format!("/comments/{id}")).await;
    assert_eq!((&comment["content"], &comment["authorUserId"]), (&json!("hello 🦀"), &json!(null)));
    server.post("/comments", body("OBSERVATION", root["id"].as_str().unwrap(), "x")).await;

    let mut signed = body("TRACE", trace, &"🦀".repeat(2500));
    signed["authorUserId"] = json!("user-ada");
    server.post("/comments", signed.clone()).await;
    let list =
        server.get(&format!("/comments?objectType=TRACE&objectId={trace}&authorUserId=user-ada")).await;
    assert!(list["data"].as_array().unwrap().iter().all(|c| c["authorUserId"] == "user-ada"));
    signed["authorUserId"] = json!("nobody");
    assert_eq!(server.call("POST", "/comments", signed).await.1["error"], "InvalidRequestError");

    let gone = "Reference object, TRACE: no not found. Skipping comment creation.";
    for (kind, message) in [("TRACE", gone), ("OBSERVATION", "Observation with id no not found")] {
        let (status, answer) = server.call("POST", "/comments", body(kind, "no", "x")).await;
        let wanted = json!({"message": message, "error": "LangfuseNotFoundError"});
        assert_eq!((status, answer), (404, wanted));
    }
    let long = body("TRACE", trace, &"🦀".repeat(2501));
    assert_eq!(server.call("POST", "/comments", long).await.1["error"][0]["code"], "too_big");
    assert_eq!(server.call("GET", "/comments/no", Value::Null).await.0, 404);
}

#[rstest]
#[case("objectId=t", 400)]
#[case("objectId=", 200)]
#[case("objectType=", 400)]
#[case("authorUserId=", 200)]
#[tokio::test]
async fn an_object_needs_its_type_unless_it_is_empty(#[case] query: &str, #[case] status: u16) {
    let (code, answer) = sample().call("GET", &format!("/comments?{query}"), Value::Null).await;
    assert_eq!(code, status, "{answer}");
    if status == 200 {
        assert_eq!(answer["data"], json!([]));
    }
}
