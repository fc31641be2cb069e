//! The embedded server answers as a bare Langfuse 4.16 installation does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod blob_storage;
mod comments_media;
mod datasets;
mod evaluators;
mod experiments;
mod faults;
#[path = "../http_support/mod.rs"]
mod http_support;
mod ingestion;
mod ingestion_merge;
mod limits;
mod media;
mod metrics;
mod observations;
mod odd_queries;
mod odd_requests;
mod otel;
mod otel_details;
mod otel_experiments;
mod people;
mod prompts;
mod queues;
mod rules;
mod runs;
mod schema;
mod score_list;
mod scores;
mod scores_legacy;
mod sessions;
mod traces;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;
use tracemark::server::{Credentials, Options, Seed, Workspace, router};

const START: i64 = 1_795_000_000;

fn start() -> Timestamp {
    Timestamp::from_second(START).unwrap()
}

/// Every look at the clock is a millisecond later than the last.
fn clock() -> Timestamp {
    static MILLIS: AtomicI64 = AtomicI64::new(START * 1000);
    Timestamp::from_millisecond(MILLIS.fetch_add(1, Ordering::SeqCst)).unwrap()
}

struct Server {
    router: Router,
    keys: Credentials,
    /// Where its workspace is, if it is a file.
    _dir: Option<TempDir>,
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }
}

impl Server {
    fn new(seed: Seed, options: Options) -> Self {
        let (workspace, dir) = seeded(seed);
        Self { _dir: dir, ..Self::of(workspace, options) }
    }

    fn of(workspace: Workspace, options: Options) -> Self {
        Self::by(workspace, options, clock)
    }

    fn by(workspace: Workspace, options: Options, clock: fn() -> Timestamp) -> Self {
        let keys = workspace.credentials();
        Self { router: router(workspace, options, clock), keys, _dir: None }
    }

    fn basic(&self) -> String {
        basic(&self.keys.public_key, &self.keys.secret_key)
    }

    async fn send(&self, method: &str, path: &str, auth: Option<&str>, body: Body) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost:1")
            .header(header::CONTENT_TYPE, "application/json");
        let request = match auth {
            Some(auth) => request.header(header::AUTHORIZATION, auth),
            None => request,
        };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Reply { status: parts.status.as_u16(), headers: parts.headers, bytes }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let path = format!("/api/public{path}");
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let reply = self.send(method, &path, Some(&self.basic()), body).await;
        (reply.status, reply.json())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call("POST", path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn config(&self, body: Value) -> String {
        self.post("/score-configs", body).await["id"].as_str().unwrap().to_owned()
    }

    async fn numeric(&self) -> String {
        self.config(json!({"name": "helpfulness", "dataType": "NUMERIC", "minValue": 0, "maxValue": 5})).await
    }

    /// The score with all its fields, or null.
    async fn score(&self, id: &str) -> Value {
        let list = self.get(&format!("/v3/scores?id={id}&fields=core,details,subject,annotation")).await;
        list["data"][0].clone()
    }
}

fn basic(public: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{public}:{secret}")))
}

/// A workspace, and where it is if it is a file. The sample is planted once and copied: planting takes a
/// while.
fn seeded(seed: Seed) -> (Workspace, Option<TempDir>) {
    static SAMPLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("workspace.db");
        drop(Workspace::open(&path, Seed::Sample, start()).unwrap());
        std::fs::read(path).unwrap()
    });
    if seed == Seed::Empty {
        return (Workspace::in_memory(seed, start()).unwrap(), None);
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("workspace.db");
    std::fs::write(&path, &*SAMPLE).unwrap();
    (Workspace::open(&path, seed, start()).unwrap(), Some(dir))
}

fn empty() -> Server {
    Server::new(Seed::Empty, Options::default())
}

fn sample() -> Server {
    Server::new(Seed::Sample, Options::default())
}

fn ids(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

fn issues(list: &Value) -> Value {
    json!({"message": "Invalid request data", "error": list})
}
