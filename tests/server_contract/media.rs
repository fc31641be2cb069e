//! Files: announced, put and fetched through signed links.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;
use tracemark::server::{Options, Seed, Workspace, router};

use super::{Reply, Server, empty, issues, start};

const CONTENT: &[u8] = b"hello media";

/// An announcement with `extra` over it; null takes a key away.
fn announced(extra: &Value) -> Value {
    let mut body = json!({
        "traceId": "t", "contentType": "text/plain", "contentLength": CONTENT.len(),
        "sha256Hash": STANDARD.encode(Sha256::digest(CONTENT)), "field": "input",
    });
    for (key, value) in extra.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(key);
        } else {
            body[key] = value.clone();
        }
    }
    body
}

fn path(url: &Value) -> String {
    url.as_str().unwrap().strip_prefix("http://localhost:1").unwrap().to_owned()
}

async fn ask(router: &Router, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost:1");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.clone().oneshot(request.body(Body::from(body.to_vec())).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Reply { status: parts.status.as_u16(), headers: parts.headers, bytes }
}

/// A server with the file stored; its id and the path of its link.
async fn stored() -> (Server, String, String) {
    let server = empty();
    let (status, made) = server.call("POST", "/media", announced(&json!({}))).await;
    assert_eq!(status, 201, "{made}");
    let id = made["mediaId"].as_str().unwrap().to_owned();
    let plain = [("content-type", "text/plain")];
    let put = ask(&server.router, "PUT", &path(&made["uploadUrl"]), &plain, CONTENT).await;
    assert_eq!(put.status, 200);
    let (status, early) = server.call("GET", &format!("/media/{id}"), Value::Null).await;
    assert_eq!((status, early["message"].as_str()), (404, Some("Media not yet uploaded")));
    let done = json!({"uploadedAt": "2026-11-20T10:00:00Z", "uploadHttpStatus": 200});
    assert_eq!(server.call("PATCH", &format!("/media/{id}"), done).await, (200, json!({"message": "OK"})));
    let media = server.get(&format!("/media/{id}")).await;
    (server, id, path(&media["url"]))
}

#[tokio::test]
async fn a_file_is_announced_put_and_fetched() {
    let (server, id, link) = stored().await;
    assert_eq!(id.len(), 22);
    let media = server.get(&format!("/media/{id}")).await;
    let keys: Vec<_> = media.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["mediaId", "contentType", "contentLength", "uploadedAt", "url", "urlExpiry"]);
    assert_eq!((&media["contentType"], &media["contentLength"]), (&json!("text/plain"), &json!(11)));
    let file = ask(&server.router, "GET", &link, &[], b"").await;
    assert_eq!((file.status, file.bytes.as_slice()), (200, CONTENT));
    assert_eq!(file.headers[header::CONTENT_TYPE], "text/plain");
    assert_eq!(file.headers["x-content-type-options"], "nosniff");
    let again = server.call("POST", "/media", announced(&json!({}))).await;
    assert_eq!(again, (201, json!({"mediaId": id, "uploadUrl": null})));
    let retyped = server.call("POST", "/media", announced(&json!({"contentType": "text/csv"}))).await.1;
    assert_eq!((&retyped["mediaId"], retyped["uploadUrl"].is_string()), (&json!(id), true));
}

#[tokio::test]
async fn parts_of_a_file_are_fetched_by_range() {
    let (server, _, link) = stored().await;
    for (range, status, content, told) in [
        ("bytes=0-4", 206, &b"hello"[..], Some("bytes 0-4/11")),
        ("bytes=-5", 206, b"media", Some("bytes 6-10/11")),
        ("bytes=6-", 206, b"media", Some("bytes 6-10/11")),
        ("bytes=90-", 416, b"Invalid range", None),
        ("lines=1", 200, CONTENT, None),
    ] {
        let part = ask(&server.router, "GET", &link, &[("range", range)], b"").await;
        let shown = part.headers.get("content-range").and_then(|v| v.to_str().ok());
        assert_eq!((part.status, part.bytes.as_slice(), shown), (status, content, told), "{range}");
    }
}

#[rstest]
#[case(&[("content-type", "text/plain")], b"other media", 400)]
#[case(&[("content-type", "text/plain")], b"longer than that", 403)]
#[case(&[("content-type", "text/html")], CONTENT, 403)]
#[case(&[], CONTENT, 403)]
#[case(&[("content-type", "text/plain"), ("x-amz-checksum-sha256", "x")], CONTENT, 403)]
#[tokio::test]
async fn only_the_announced_file_is_taken(
    #[case] headers: &[(&str, &str)],
    #[case] content: &[u8],
    #[case] status: u16,
) {
    let server = empty();
    let (_, made) = server.call("POST", "/media", announced(&json!({}))).await;
    let put = ask(&server.router, "PUT", &path(&made["uploadUrl"]), headers, content).await;
    assert_eq!(put.status, status);
}

#[tokio::test]
async fn a_link_stands_for_one_method_file_and_hour() {
    let (server, id, link) = stored().await;
    let other = link.replace(&id, "../../etc/passwd");
    for (method, link) in [
        ("GET", format!("{link}x")),
        ("GET", link.replace("sig=", "sig=A")),
        ("GET", link.replace("until=", "until=9")),
        ("GET", format!("/api/media/{id}")),
        ("GET", link.replace(&id, &id.to_lowercase())),
        ("PUT", link.clone()),
    ] {
        let reply = ask(&server.router, method, &link, &[("content-type", "text/plain")], CONTENT).await;
        assert_eq!(reply.status, 403, "{method} {link}");
    }
    assert_eq!(ask(&server.router, "GET", &other, &[], b"").await.status, 404);
}

#[tokio::test]
async fn a_link_expires() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("workspace.db");
    let server = Server::of(Workspace::open(&file, Seed::Empty, start()).unwrap(), Options::default());
    let (_, made) = server.call("POST", "/media", announced(&json!({}))).await;
    let link = path(&made["uploadUrl"]);
    for (later, status) in [(hours::<0>(), 200), (hours::<2>(), 403)] {
        let workspace = Workspace::open(&file, Seed::Empty, start()).unwrap();
        let router = router(workspace, Options::default(), later);
        let put = ask(&router, "PUT", &link, &[("content-type", "text/plain")], CONTENT).await;
        assert_eq!(put.status, status);
    }
}

/// A clock that many hours after the start.
fn hours<const HOURS: i64>() -> fn() -> Timestamp {
    || Timestamp::from_second(start().as_second() + HOURS * 3600).unwrap()
}

#[rstest]
#[case(json!({"sha256Hash": "short"}), json!([{"origin": "string", "code": "invalid_format", "format": "regex", "pattern": "/^[A-Za-z0-9+/=]{44}$/", "path": ["sha256Hash"], "message": "Must be a 44 character base64 encoded SHA-256 hash"}]))]
#[case(json!({"contentLength": 0}), json!([{"origin": "number", "code": "too_small", "minimum": 0, "inclusive": false, "path": ["contentLength"], "message": "Too small: expected number to be >0"}]))]
#[case(json!({"traceId": null, "datasetId": "d", "datasetItemId": "i", "contentLength": -1}), json!([{"origin": "number", "code": "too_small", "minimum": 0, "inclusive": false, "path": ["contentLength"], "message": "Too small: expected number to be >0"}]))]
#[tokio::test]
async fn a_meant_context_is_checked_alone(#[case] extra: Value, #[case] wanted: Value) {
    let answer = empty().call("POST", "/media", announced(&extra)).await;
    assert_eq!(answer, (400, issues(&wanted)));
}

#[rstest]
#[case(json!({"traceId": null}))]
#[case(json!({"datasetId": "d", "datasetItemId": "i"}))]
#[case(json!({"field": "expectedOutput"}))]
#[case(json!({"contentType": "text/x-unknown"}))]
#[case(json!({"contentLength": 1.5}))]
#[tokio::test]
async fn what_is_neither_context_is_told_of_both(#[case] extra: Value) {
    let (status, answer) = empty().call("POST", "/media", announced(&extra)).await;
    let issue = &answer["error"][0];
    assert_eq!((status, &issue["code"], &issue["path"]), (400, &json!("invalid_union"), &json!([])));
    assert!(issue["message"].as_str().unwrap().starts_with("Provide either traceId with field"), "{issue}");
    assert!(issue["errors"].as_array().unwrap().iter().all(|e| !e.as_array().unwrap().is_empty()), "{issue}");
}

#[rstest]
#[case("PATCH", "/media/no", json!({"uploadedAt": "2026-11-20T10:00:00Z", "uploadHttpStatus": 200}), 404)]
#[case("PATCH", "/media/no", json!({}), 400)]
#[case("PATCH", "/media/no", json!({"uploadedAt": 0, "uploadHttpStatus": 0}), 400)]
#[case("POST", "/media", announced(&json!({"contentLength": 2_000_000_000})), 400)]
#[case("POST", "/media", announced(&json!({"traceId": null, "datasetId": "d", "datasetItemId": "i", "field": "expectedOutput"})), 201)]
#[case("GET", "/media/no", json!(null), 404)]
#[tokio::test]
async fn statuses(#[case] method: &str, #[case] path: &str, #[case] body: Value, #[case] status: u16) {
    let (found, answer) = empty().call(method, path, body).await;
    assert_eq!(found, status, "{answer}");
}

#[tokio::test]
async fn a_failed_upload_is_told() {
    let server = empty();
    let id =
        server.call("POST", "/media", announced(&json!({}))).await.1["mediaId"].as_str().unwrap().to_owned();
    let failed =
        json!({"uploadedAt": "2026-11-20T10:00:00Z", "uploadHttpStatus": 403, "uploadHttpError": "no"});
    server.call("PATCH", &format!("/media/{id}"), failed).await;
    let (status, answer) = server.call("GET", &format!("/media/{id}"), Value::Null).await;
    assert_eq!((status, &answer["message"]), (404, &json!("Media upload failed with status 403: \n no")));
}
