//! Comments and media.

use axum::body::Body;
use axum::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{empty, sample};

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

#[tokio::test]
async fn media_is_uploaded_and_fetched_through_signed_links() {
    let server = empty();
    let content = b"hello media";
    let hash = STANDARD.encode(Sha256::digest(content));
    let body = json!({"traceId": "t", "contentType": "text/plain", "contentLength": content.len(),
                      "sha256Hash": hash, "field": "input"});
    let (status, made) = server.call("POST", "/media", body.clone()).await;
    assert_eq!(status, 201, "{made}");
    let id = made["mediaId"].as_str().unwrap();
    assert_eq!(id.len(), 22);
    let path = |url: &Value| url.as_str().unwrap().strip_prefix("http://localhost:1").unwrap().to_owned();
    let upload = path(&made["uploadUrl"]);
    assert_eq!(server.send("PUT", &upload, None, Body::from("other")).await.status, 400);
    assert_eq!(server.send("PUT", &format!("{upload}x"), None, Body::from(&content[..])).await.status, 403);
    assert_eq!(server.send("PUT", &upload, None, Body::from(&content[..])).await.status, 200);
    let (status, early) = server.call("GET", &format!("/media/{id}"), Value::Null).await;
    assert_eq!((status, early["message"].as_str()), (404, Some("Media not yet uploaded")));
    let done = json!({"uploadedAt": "2026-11-20T10:00:00Z", "uploadHttpStatus": 200});
    assert_eq!(server.call("PATCH", &format!("/media/{id}"), done).await, (200, json!({"message": "OK"})));
    let media = server.get(&format!("/media/{id}")).await;
    assert_eq!((&media["contentType"], &media["contentLength"]), (&json!("text/plain"), &json!(11)));
    let file = server.send("GET", &path(&media["url"]), None, Body::empty()).await;
    assert_eq!((file.status, file.bytes.as_slice()), (200, &content[..]));
    assert_eq!(file.headers[header::CONTENT_TYPE], "text/plain");
    assert_eq!(server.call("POST", "/media", body).await.1["uploadUrl"], Value::Null);
    assert_eq!(server.call("GET", "/media/no", Value::Null).await.0, 404);
}
