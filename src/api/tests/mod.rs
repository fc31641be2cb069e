//! The client against a server made up for each test.

mod arrival;
mod budget;
mod errors;
mod evaluators;
mod judge;
mod lane;
mod lists;
mod observations;
mod scores;
mod shelf;
mod transport;
mod writes;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{Backoff, Client, Connection};

const SECRET: &str = "sk-lf-very-secret";

fn clock() -> Timestamp {
    "2026-11-24T06:00:00Z".parse().unwrap()
}

fn connection(url: &str) -> Connection {
    Connection {
        base_url: url.parse().unwrap(),
        public_key: "pk-lf-test".into(),
        secret_key: SECRET.into(),
        allow_insecure_http: false,
    }
}

/// A client that does not wait between attempts.
fn client(url: &str) -> Client {
    let backoff = Backoff { first: Duration::ZERO, longest: Duration::ZERO };
    Client::new(connection(url), clock).unwrap().with_backoff(backoff)
}

/// A server that gives one answer to one call, and a client for it.
async fn server(verb: &str, at: &str, answer: ResponseTemplate) -> (MockServer, Client) {
    let server = MockServer::start().await;
    Mock::given(method(verb))
        .and(path(format!("/api/public/{at}")))
        .respond_with(answer)
        .mount(&server)
        .await;
    let client = client(&server.uri());
    (server, client)
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn html(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(
        "<!DOCTYPE html><html><title>404: This page could not be found</title></html>",
        "text/html",
    )
}

fn queue_json(id: &str) -> Value {
    json!({"id":id,"name":format!("queue {id}"),"description":null,"scoreConfigIds":["c1"],
        "createdAt":"2026-11-24T06:12:19.405Z","updatedAt":"2026-11-24T06:12:19.405Z"})
}

async fn requests(server: &MockServer) -> Vec<wiremock::Request> {
    server.received_requests().await.unwrap()
}

/// The query of a request, for reading in tests.
fn query(request: &wiremock::Request) -> Vec<(String, String)> {
    request.url.query_pairs().into_owned().collect()
}

fn parameter(request: &wiremock::Request, name: &str) -> Option<String> {
    query(request).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}
