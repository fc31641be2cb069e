//! Every way the server has of saying no.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::*;
use crate::api::{ApiError, Retry};

async fn failure(answer: ResponseTemplate) -> ApiError {
    let (_server, client) = server("GET", "annotation-queues/q1", answer).await;
    client.queue(&"q1".into()).await.unwrap_err()
}

fn busy(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(429).set_body_json(body)
}

/// Checks how JSON errors are told: status, body, whether to try again, what is shown.
async fn check(cases: Vec<(u16, Value, Retry, &str)>) {
    for (status, body, retry, shown) in cases {
        let error = failure(ResponseTemplate::new(status).set_body_json(&body)).await;
        assert_eq!(
            (error.to_string().as_str(), error.retry, error.status),
            (shown, retry, Some(status)),
            "{body}"
        );
        assert!(!error.is_missing_route());
    }
}

#[tokio::test]
async fn violations_name_the_field() {
    let limit = json!({"message":"Invalid request data","error":[{"origin":"number","code":"too_big","maximum":100,
        "path":["limit"],"message":"Too big: expected number to be <=100"}]});
    let several = json!({"message":"Invalid request data","error":[
        {"code":"custom","path":["a",0,"b"],"message":"no"}, {"code":"custom","path":[],"message":"never"}]});
    let unstable =
        json!({"message":"Bad body","code":"invalid_body","details":[{"message":"type is missing"}]});
    check(vec![
        (
            400,
            limit,
            Retry::Permanent,
            "the server refused: Invalid request data: limit: Too big: expected number to be <=100",
        ),
        (400, several, Retry::Permanent, "the server refused: Invalid request data: a.0.b: no; never"),
        (
            400,
            json!({"message":r#"[{"path":["body","id"],"message":"Too big"}]"#}),
            Retry::Permanent,
            "the server refused: body.id: Too big",
        ),
        (405, json!(null), Retry::Permanent, "the server refused: Method Not Allowed"),
        (
            413,
            json!("Body exceeded 1mb limit"),
            Retry::Permanent,
            "the server refused: Body exceeded 1mb limit",
        ),
        (400, unstable, Retry::Permanent, "the server refused: Bad body: type is missing"),
        (400, json!({"errors":["one","two"]}), Retry::Permanent, "the server refused: one; two"),
    ])
    .await;
}

#[tokio::test]
async fn refusals_are_told_in_the_servers_words() {
    let words = |message: &str, error: &str| json!({"message":message,"error":error});
    check(vec![
        (
            400,
            words("Invalid cursor format", "InvalidRequestError"),
            Retry::Permanent,
            "the server refused: Invalid cursor format",
        ),
        (
            404,
            words("Annotation queue not found", "LangfuseNotFoundError"),
            Retry::Permanent,
            "Annotation queue not found",
        ),
        (
            405,
            words("Method not allowed", "MethodNotAllowedError"),
            Retry::Permanent,
            "the server refused: Method not allowed",
        ),
        (
            409,
            words("Concurrent change", "LangfuseConflictError"),
            Retry::Permanent,
            "the server refused: Concurrent change",
        ),
        (
            422,
            words("Narrow the time range", "Request timed out"),
            Retry::Permanent,
            "the server refused: Narrow the time range",
        ),
        (
            404,
            json!({"schemas":[],"detail":"User not found","status":404}),
            Retry::Permanent,
            "User not found",
        ),
        (418, json!({"nothing":"useful"}), Retry::Permanent, "the server refused: I'm a teapot"),
        (400, json!({"message":"a\u{1b}[31m\nb\u{7}"}), Retry::Permanent, "the server refused: a [31m b"),
    ])
    .await;
}

#[tokio::test]
async fn keys_and_trouble() {
    let transient = Retry::Transient { after: None };
    check(vec![
        (401, json!({"message":"Invalid credentials. Confirm that you've configured the correct host."}), Retry::Auth,
            "the keys were not accepted: Invalid credentials. Confirm that you've configured the correct host."),
        (403, json!({"message":"Invalid API key. Are you using an organization key?"}), Retry::Auth,
            "the keys do not allow this: Invalid API key. Are you using an organization key?"),
        (403, json!({"error":"This feature is not available on your current plan."}), Retry::Auth,
            "the keys do not allow this: This feature is not available on your current plan."),
        (500, json!({"message":"Internal Server Error","error":"An unknown error occurred"}), transient,
            "the server has trouble (500): Internal Server Error"),
        (503, json!({"message":"Service Unavailable"}), transient,
            "the server has trouble (503): Service Unavailable"),
    ])
    .await;
}

#[tokio::test]
async fn bodies_that_are_no_json() {
    for (answer, shown) in [
        (ResponseTemplate::new(400).set_body_string("Invalid JSON"), "the server refused: Invalid JSON"),
        (
            ResponseTemplate::new(413).set_body_string("Body exceeded 1mb limit"),
            "the server refused: Body exceeded 1mb limit",
        ),
        (
            ResponseTemplate::new(502).set_body_string("<html>Bad Gateway</html>"),
            "the server has trouble (502): Bad Gateway",
        ),
        (
            ResponseTemplate::new(500).set_body_string("{\"message\":"),
            "the server has trouble (500): Internal Server Error",
        ),
        (ResponseTemplate::new(404).set_body_string(""), "the server does not know this call"),
        (ResponseTemplate::new(407), "the server refused: Proxy Authentication Required"),
        (html(404), "the server does not know this call"),
        (html(200), "the answer is a web page, not data"),
        (
            ResponseTemplate::new(200).set_body_string("{\"id\":"),
            "cannot read the answer: broken JSON at line 1 column 6",
        ),
        (
            ResponseTemplate::new(200).set_body_string("[7]"),
            "cannot read the answer: unexpected shape at line 1 column 2",
        ),
    ] {
        assert_eq!(failure(answer).await.to_string(), shown);
    }
}

#[tokio::test]
async fn a_missing_route_is_told_from_a_missing_object() {
    let route = failure(html(404)).await;
    assert!(route.is_missing_route() && route.is_not_found());
    assert!(route.hint().unwrap().contains("base URL"));
    let gone =
        failure(ResponseTemplate::new(404).set_body_json(json!({"message":"Annotation queue not found"})))
            .await;
    assert!(gone.is_not_found() && !gone.is_missing_route());
    assert_eq!(gone.hint(), None);
}

#[tokio::test]
async fn rate_limits() {
    let body = |message: &str| {
        json!({"message":message,"code":"rate_limited","details":{"retryAfterSeconds":57,"limit":30,"remaining":0,
            "resetAt":"2026-11-24T06:18:29.131Z"}})
    };
    let seconds = |n| Retry::Transient { after: Some(Duration::from_secs(n)) };
    for (answer, retry, shown) in [
        (busy(&body("Rate limit exceeded")), seconds(57), "Rate limit exceeded; try again in 57 s"),
        (
            busy(&body("Rate limit exceeded")).insert_header("retry-after", "42"),
            seconds(42),
            "Rate limit exceeded; try again in 42 s",
        ),
        (busy(&json!({"message":"Slow down"})), Retry::Transient { after: None }, "Slow down"),
        (ResponseTemplate::new(429), Retry::Transient { after: None }, "Too Many Requests"),
    ] {
        // Reads wait instead.
        let (_server, client) = server("DELETE", "scores/s1", answer).await;
        let error = client.delete_score(&"s1".into()).await.unwrap_err();
        assert_eq!((error.retry, error.to_string().as_str()), (retry, shown));
        assert!(error.hint().is_some());
    }
}

#[tokio::test]
async fn long_words_are_cut() {
    let long = "x".repeat(5000);
    let error = failure(ResponseTemplate::new(400).set_body_string(long)).await;
    assert_eq!(error.message.chars().count(), 401);
    assert!(error.message.ends_with('…'));
}
