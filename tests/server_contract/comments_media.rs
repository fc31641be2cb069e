//! Comments.

use pretty_assertions::assert_eq;
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
    for path in ["objectId=", "objectId=&objectType=TRACE", "authorUserId="] {
        let list = server.get(&format!("/comments?{path}")).await;
        assert_eq!(list["meta"]["totalItems"], 0, "{path}");
    }
    // Stored as written, but for the blanks around it.
    let written = "\u{feff}\u{a0} <b>@[Ada](user:user-ada)</b>\n\t ";
    let made = server.post("/comments", body("TRACE", trace, written)).await;
    let comment = server.get(&format!("/comments/{}", made["id"].as_str().unwrap())).await;
    assert_eq!(comment["content"], "<b>@[Ada](user:user-ada)</b>");
    let wrong = server.call("POST", "/comments", json!({"objectId": 5, "content": " "})).await.1;
    let paths = wrong["error"].as_array().unwrap().iter().map(|issue| issue["path"][0].as_str().unwrap());
    assert_eq!(paths.collect::<Vec<_>>(), ["projectId", "content", "objectId", "objectType"]);
    let long = body("TRACE", trace, &"🦀".repeat(2501));
    assert_eq!(server.call("POST", "/comments", long).await.1["error"][0]["code"], "too_big");
    assert_eq!(server.call("GET", "/comments/no", Value::Null).await.0, 404);
}
