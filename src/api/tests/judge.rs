//! Models that judge.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use wiremock::matchers::body_string_contains;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::api::{Endpoint, Model, ModelError, Retry};
use crate::domain::Message;

const KEY: &str = "sk-model-very-secret";

fn model(url: &str) -> Result<Model, ModelError> {
    let endpoint = Endpoint {
        url: url.parse().unwrap(),
        key: Some(KEY.into()),
        allow_insecure_http: false,
        timeout: Duration::from_mins(1),
    };
    let backoff = Backoff { first: Duration::ZERO, longest: Duration::ZERO };
    Model::new(endpoint, clock).map(|model| model.with_backoff(backoff))
}

async fn ask(server: &MockServer) -> Result<String, ModelError> {
    let messages = [Message { role: "user".into(), content: "Rate this".into() }];
    model(&format!("{}/v1", server.uri()))?.ask("tiny", &messages, &json!({"type": "object"})).await
}

fn said(text: &str) -> ResponseTemplate {
    ok(&json!({"choices": [{"message": {"role": "assistant", "content": text}}]}))
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).and(path("/v1/chat/completions")).respond_with(answer).mount(&server).await;
    server
}

#[tokio::test]
async fn a_model_is_given_the_conversation_and_nothing_else() {
    let server = answering(said("fine")).await;
    assert_eq!(ask(&server).await.as_deref(), Ok("fine"));
    let request = &requests(&server).await[0];
    assert_eq!(request.headers["authorization"], format!("Bearer {KEY}"));
    let sent: Value = request.body_json().unwrap();
    let schema = json!({"name": "verdict", "strict": true, "schema": {"type": "object"}});
    let wanted = json!({
        "model": "tiny", "messages": [{"role": "user", "content": "Rate this"}],
        "response_format": {"type": "json_schema", "json_schema": schema},
    });
    assert_eq!(sent, wanted);
    assert!(!request.headers.iter().any(|(name, _)| name.as_str().starts_with("x-langfuse")));
}

#[tokio::test]
async fn an_endpoint_without_shapes_is_told_in_words_from_then_on() {
    let server = MockServer::start().await;
    let refusal = ResponseTemplate::new(400).set_body_json(json!({"error": {"message": "response_format"}}));
    Mock::given(body_string_contains("response_format")).respond_with(refusal).mount(&server).await;
    Mock::given(method("POST")).respond_with(said("fine")).mount(&server).await;
    let messages = [Message { role: "user".into(), content: "Rate this".into() }];
    let model = model(&server.uri()).unwrap();
    for _ in 0..2 {
        assert_eq!(model.ask("tiny", &messages, &json!({"type": "object"})).await.as_deref(), Ok("fine"));
    }
    let sent = requests(&server).await;
    assert_eq!(sent.len(), 3, "shaped, in words, in words");
    let last: Value = sent[2].body_json().unwrap();
    assert!(last["messages"][1]["content"].as_str().unwrap().contains(r#"{"type":"object"}"#));
}

#[tokio::test]
async fn a_busy_model_is_asked_again() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(method("POST")).respond_with(said("fine")).mount(&server).await;
    assert_eq!(ask(&server).await.as_deref(), Ok("fine"));
}

#[tokio::test]
async fn no_error_contains_the_key() {
    let quoting = json!({"error": {"message": format!("Incorrect API key provided: {KEY}")}});
    let server = answering(ResponseTemplate::new(401).set_body_json(quoting)).await;
    let error = ask(&server).await.unwrap_err();
    assert_eq!(error.retry, Retry::Auth);
    assert!(error.message.ends_with("401: Incorrect API key provided: …"), "{error}");
    let model = model(&server.uri()).unwrap();
    assert!(!format!("{model:?} {error:?}").contains(KEY));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let other = answering(said("stolen")).await;
    let to = format!("{}/v1/chat/completions", other.uri());
    let server = answering(ResponseTemplate::new(307).insert_header("location", to.as_str())).await;
    let error = ask(&server).await.unwrap_err();
    assert!(error.message.contains("redirects to") && error.message.contains(&other.uri()), "{error}");
    assert!(requests(&other).await.is_empty());
}

#[tokio::test]
async fn what_is_no_model_is_said() {
    for (answer, words) in [
        (ok(&json!([1])), "does not speak chat completions"),
        (ok(&json!({"choices": []})), "the model said nothing"),
        (html(404), "404: Not Found"),
    ] {
        let error = ask(&answering(answer).await).await.unwrap_err();
        assert!(error.message.contains(words), "{error}");
    }
    for url in ["ftp://models.example", "http://models.example/v1"] {
        assert!(model(url).is_err(), "{url}");
    }
    assert!(model("https://models.example/v1/chat/completions/").is_ok());
}
