//! Routes, methods, keys and the error envelopes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use futures_util::{StreamExt as _, stream};
use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;
use tracemark::server::{Options, Seed, Workspace, serve};

use super::{Server, basic, clock, empty, start};

const CONFIRM: &str = "Confirm that you've configured the correct host.";

#[tokio::test]
async fn keys_are_checked_and_the_secret_decides() {
    let workspace = Workspace::in_memory(Seed::Empty, start()).unwrap();
    let organization = workspace.organization_credentials().public_key;
    let server = Server::of(workspace, Options::default());
    let (public, secret) = (&server.keys.public_key, &server.keys.secret_key);
    assert!(public.starts_with("pk-lf-") && secret.starts_with("sk-lf-"));
    assert!(!format!("{:?}", server.keys).contains(secret.as_str()));
    let bearer = format!("Bearer {public}");
    let denied = "Access denied - insufficient permissions for this endpoint";
    let unconfirmed = |message: &str| format!("{message}. {CONFIRM}");
    let (two_spaces, org) = (format!("Bearer  {public}"), format!("Bearer {organization}"));
    let cases: &[(Option<&str>, u16, &str)] = &[
        (None, 401, "No authorization header"),
        (Some(""), 401, "No authorization header"),
        (Some("Digest x"), 401, "Invalid authorization header"),
        (Some("basic x"), 401, "Invalid authorization header"),
        (Some("Basic !!!"), 401, &format!("Invalid character. {CONFIRM}")),
        (Some("Basic a-_b"), 401, &unconfirmed("Invalid character")),
        (Some("Basic YQ="), 401, &unconfirmed("Invalid character")),
        (Some("Basic YWJjZ"), 401, &unconfirmed("The string to be decoded is not correctly encoded")),
        (Some("Basic YWJj"), 401, &unconfirmed("Invalid authorization header")),
        (Some(&basic("", secret)), 401, &unconfirmed("Invalid authorization header")),
        (Some(&basic(public, "")), 401, &unconfirmed("Invalid authorization header")),
        (Some(&basic("ü", "ü")), 401, &unconfirmed("Invalid credentials")),
        (Some(&two_spaces), 401, &unconfirmed("Invalid public key")),
        (Some(&org), 401, &unconfirmed("Unauthorized: Cannot use organization key with bearer auth")),
        (Some(&basic(public, "sk-x")), 401, &format!("Invalid credentials. {CONFIRM}")),
        (Some("Bearer garbage"), 401, &format!("Invalid public key. {CONFIRM}")),
        (Some(&bearer), 403, denied),
    ];
    for (auth, status, message) in cases {
        let reply = server.send("GET", "/api/public/annotation-queues", *auth, Body::empty()).await;
        assert_eq!((reply.status, reply.json()), (*status, json!({"message": message})), "{auth:?}");
    }
    let other = basic("pk-lf-other", secret);
    let reply = server.send("GET", "/api/public/projects", Some(&other), Body::empty()).await;
    assert_eq!(reply.status, 200);
    let reply = server.send("GET", "/api/public/projects", Some(&bearer), Body::empty()).await;
    assert_eq!(reply.json(), json!({"message": "Invalid API key. Are you using an organization key?"}));
    let score = json!({"traceId": "t", "name": "n", "value": 1}).to_string();
    let reply = server.send("POST", "/api/public/scores", Some(&bearer), Body::from(score)).await;
    assert_eq!(reply.status, 200);
}

/// The framework parses bodies before anything of the server sees a request.
#[rstest]
#[case("POST", "/annotation-queues", "{", 400, "Invalid JSON")]
#[case("DELETE", "/annotation-queues", "{", 400, "Invalid JSON")]
#[case("GET", "/traces", "nonsense", 400, "Invalid JSON")]
#[case("GET", "/health", "]", 400, "Invalid JSON")]
#[tokio::test]
async fn bodies_are_parsed_before_method_mode_and_key(
    #[case] method: &str,
    #[case] path: &str,
    #[case] body: &'static str,
    #[case] status: u16,
    #[case] text: &str,
) {
    let reply = empty().send(method, &format!("/api/public{path}"), None, Body::from(body)).await;
    assert_eq!((reply.status, reply.text()), (status, text));
    let long = Body::from(vec![b' '; 1_200_000]);
    let reply = empty().send(method, &format!("/api/public{path}"), None, long).await;
    assert_eq!((reply.status, reply.text()), (413, "Body exceeded 1mb limit"));
}

#[rstest]
#[case("DELETE", "/annotation-queues", 405)]
#[case("HEAD", "/annotation-queues", 405)]
#[case("PUT", "/annotation-queues/q/items/i", 405)]
#[case("GET", "/annotation-queues/q/assignments", 405)]
#[case("DELETE", "/scores", 405)]
#[case("POST", "/v3/scores", 405)]
#[case("GET", "/traces", 404)]
#[case("POST", "/traces", 404)]
#[case("GET", "/traces/t", 404)]
#[case("GET", "/sessions/s", 404)]
#[case("GET", "/observations/o", 404)]
#[case("GET", "/scores", 404)]
#[case("GET", "/scores/s", 404)]
#[case("GET", "/v2/scores", 404)]
#[case("GET", "/metrics/daily", 404)]
#[case("GET", "/datasets/d/runs/r", 404)]
#[tokio::test]
async fn method_and_old_data_model_come_before_the_key(
    #[case] method: &str,
    #[case] path: &str,
    #[case] status: u16,
) {
    let reply = empty().send(method, &format!("/api/public{path}"), None, Body::empty()).await;
    assert_eq!(reply.status, status);
    assert_eq!(reply.headers[header::CONTENT_TYPE], "application/json; charset=utf-8");
    if method == "HEAD" {
        return;
    }
    if status == 405 {
        let wanted = json!({"message": "Method not allowed", "error": "MethodNotAllowedError"});
        assert_eq!(reply.json(), wanted);
    } else {
        let message = reply.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("events_only mode"), "{message}");
        assert_eq!(reply.json().as_object().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_is_no_json_answers_in_plain_text_or_html() {
    let server = empty();
    let auth = server.basic();
    for path in ["/api/public/nope", "/api/public/v3/scores/x", "/"] {
        let reply = server.send("GET", path, Some(&auth), Body::empty()).await;
        assert_eq!((reply.status, reply.text().starts_with("<!DOCTYPE html>")), (404, true), "{path}");
        assert_eq!(reply.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    }
    let queues = "/api/public/annotation-queues";
    let cases = [
        (queues, Body::from("{\"name\":"), 400, "Invalid JSON"),
        (queues, Body::from(vec![b' '; 2_000_000]), 413, "Body exceeded 1mb limit"),
        ("/api/public/annotation-queues/", Body::empty(), 308, queues),
        ("/api/public/annotation-queues/?page=1", Body::empty(), 308, "/api/public/annotation-queues?page=1"),
        ("/api//", Body::empty(), 308, "/api/"),
        ("/api//public///annotation-queues?a=//", Body::empty(), 308, "/api/public/annotation-queues?a=//"),
    ];
    for (path, body, status, text) in cases {
        let reply = server.send("POST", path, Some(&auth), body).await;
        assert_eq!((reply.status, reply.text()), (status, text));
        assert!(!reply.headers.contains_key(header::CONTENT_TYPE));
    }
}

/// A client that asks first is refused before it sends what nobody has to parse.
#[rstest]
#[case::no_route("POST", "/nope", false, None, 404, 40)]
#[case::no_key("POST", "/ingestion", false, None, 401, 40)]
#[case::no_method("PUT", "/scores", true, None, 405, 12)]
#[case::no_such_model("POST", "/traces", true, None, 404, 12)]
#[case::too_long("POST", "/scores", true, None, 413, 40)]
#[case::no_key_for_spans("POST", "/otel/v1/traces", false, None, 401, 40)]
#[case::asks_first("POST", "/otel/v1/traces", false, Some("100-continue"), 401, 0)]
#[tokio::test]
async fn a_refused_body_is_read_so_that_its_client_sees_the_answer(
    #[case] method: &str,
    #[case] path: &str,
    #[case] has_key: bool,
    #[case] expect: Option<&str>,
    #[case] status: u16,
    #[case] parts: usize,
) {
    let (server, sent) = (empty(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&sent);
    let part = move |number| {
        count.fetch_add(1, Ordering::SeqCst);
        let start = if number == 0 { "{}" } else { "  " };
        Ok::<_, Infallible>(format!("{start}{:65534}", ""))
    };
    let body = Body::from_stream(stream::iter(0..parts.max(1)).map(part));
    let mut request = Request::builder().method(method).uri(format!("/api/public{path}"));
    if has_key {
        request = request.header(header::AUTHORIZATION, server.basic());
    }
    if let Some(expect) = expect {
        request = request.header(header::EXPECT, expect);
    }
    let request = request.header(header::CONTENT_TYPE, "application/json").body(body).unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    assert_eq!((response.status().as_u16(), sent.load(Ordering::SeqCst)), (status, parts));
}

#[tokio::test]
async fn pages_of_other_origins_may_call() {
    let server = empty();
    let ask = async |method: &str, headers: &[(&str, &str)]| {
        let request = headers.iter().fold(
            Request::builder().method(method).uri("/api/public/annotation-queues"),
            |request, (name, value)| request.header(*name, *value),
        );
        server.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    };
    let origin = ("origin", "http://localhost:5173");
    let response = ask("OPTIONS", &[origin, ("access-control-request-headers", "authorization")]).await;
    assert_eq!(response.status(), 204);
    assert_eq!(response.headers()["access-control-allow-headers"], "authorization");
    assert_eq!(response.headers()["access-control-allow-origin"], origin.1);
    let response = ask("GET", &[origin]).await;
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["access-control-allow-origin"], origin.1);
    assert!(!ask("GET", &[]).await.headers().contains_key("access-control-allow-origin"));
}

#[rstest]
#[case("text/plain", "{}", 400, "expected object, received string")]
#[case("Application/JSON; charset=utf-8", "", 400, "No matching discriminator")]
#[case("application/x-www-form-urlencoded", "dataType=TEXT&name=form", 200, "form")]
#[tokio::test]
async fn a_body_is_read_by_its_content_type(
    #[case] kind: &str,
    #[case] body: &'static str,
    #[case] status: u16,
    #[case] said: &str,
) {
    let server = empty();
    let request = Request::post("/api/public/score-configs")
        .header(header::AUTHORIZATION, server.basic())
        .header(header::CONTENT_TYPE, kind);
    let response = server.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    assert_eq!(response.status(), status);
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text.contains(said), "{text}");
}

#[tokio::test]
async fn health_needs_no_key() {
    let server = empty();
    let get = async |path: &str| {
        let reply = server.send("GET", &format!("/api/public{path}"), None, Body::empty()).await;
        (reply.status, reply.json())
    };
    let ok = json!({"status": "OK", "version": "4.16.0"});
    assert_eq!(get("/health").await, (200, ok.clone()));
    assert_eq!(get("/ready").await, (200, ok));
    assert_eq!(get("/health?failIfNoRecentEvents=true").await.0, 503);
    for path in ["/health", "/ready"] {
        let reply = server.send("DELETE", &format!("/api/public{path}"), None, Body::empty()).await;
        assert_eq!(reply.status, 200, "{path}");
    }
    let reply = server.send("PUT", "/api/public/projects", None, Body::empty()).await;
    assert_eq!((reply.status, reply.json()), (405, json!({"message": "Method not allowed"})));
}

#[tokio::test]
async fn a_real_port_serves_until_told_to_stop() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let workspace = Workspace::in_memory(Seed::Empty, start()).unwrap();
    let shutdown = async { stopped.await.unwrap_or_default() };
    let serving = serve(listener, workspace, Options::default(), clock, shutdown);
    let asking = async {
        let reply = health(address).await;
        stop.send(()).unwrap();
        reply
    };
    let (served, reply) = tokio::join!(serving, asking);
    served.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 OK"), "{reply}");
}

async fn health(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /api/public/health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    reply
}
