//! The whole program, headless, and a real embedded server on a port of its own.
#![expect(clippy::unwrap_used, reason = "a test may fail")]
#![allow(dead_code, reason = "not every test needs all of it")]

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tracemark::api::{Client, Connection};
use tracemark::app::{Model, Start};
use tracemark::config::Destination;
use tracemark::domain::{Independent, ItemStatus, Object, ObjectKind, Score, Target};
use tracemark::input::Keymap;
use tracemark::runtime::{Headless, clock};
use tracemark::server::{Options, Seed, Workspace, serve};

/// A server with the sample project, and a client that looks at it from outside.
pub struct Server {
    pub address: SocketAddr,
    pub client: Client,
    pub public_key: String,
    secret_key: String,
    pub stop: CancellationToken,
}

impl Server {
    pub async fn start(folder: &Path, port: u16) -> Self {
        let workspace = Workspace::open(&folder.join("server.db"), Seed::Sample, clock::wall()).unwrap();
        let keys = workspace.credentials();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let ended = stop.clone().cancelled_owned();
        #[expect(clippy::disallowed_methods, reason = "a test server of its own")]
        tokio::spawn(serve(listener, workspace, Options::default(), clock::wall, ended));
        let connection = Connection {
            base_url: format!("http://{address}").parse().unwrap(),
            public_key: keys.public_key.clone(),
            secret_key: keys.secret_key.clone().into(),
            allow_insecure_http: false,
        };
        let client = Client::new(connection, clock::wall).unwrap();
        Self { address, client, public_key: keys.public_key, secret_key: keys.secret_key, stop }
    }

    fn destination(&self) -> Destination {
        destination(self.address, &self.public_key, &self.secret_key)
    }

    /// A program that sends at once.
    pub fn review(&self, folder: &TempDir, queue: &str) -> Headless {
        self.review_with(folder, start(queue))
    }

    pub fn review_with(&self, folder: &TempDir, start: Start) -> Headless {
        Headless::start(start, self.destination(), folder.path(), (120, 40)).unwrap()
    }

    pub async fn scores(&self, trace: &str) -> Vec<Score> {
        let scores = self.client.scores_of(&Target::Trace(trace.into())).await.unwrap();
        scores.into_iter().filter(|score| score.annotator.as_deref() == Some("tester")).collect()
    }

    pub async fn comments(&self, trace: &str) -> Vec<String> {
        let object = Object { kind: ObjectKind::Trace, id: trace.into() };
        self.client.comments(&object).await.unwrap().into_iter().map(|comment| comment.content).collect()
    }

    pub async fn status(&self, queue: &str, item: &str) -> ItemStatus {
        self.client.item(&queue.into(), &item.into()).await.unwrap().status
    }
}

pub fn destination(address: SocketAddr, public_key: &str, secret_key: &str) -> Destination {
    Destination::Server {
        name: "test".into(),
        base_url: format!("http://{address}"),
        public_key: public_key.into(),
        secret_key: secret_key.into(),
    }
}

pub fn start(queue: &str) -> Start {
    Start {
        place: "test".into(),
        embedded: false,
        web_url: None,
        annotator: "tester".into(),
        author: None,
        independent: Independent::None,
        hold: Duration::ZERO,
        queue: Some(queue.into()),
        item: None,
        shard: None,
        keymap: Keymap::default(),
        zone: TimeZone::UTC,
        log_path: String::new(),
    }
}

pub fn shows(model: &Model, item: &str) -> bool {
    model.review.item.as_ref().is_some_and(|id| id.as_str() == item)
        && model.current().is_some_and(|data| data.is_decidable() && data.subject.ready().is_some())
}

pub fn is_all_sent(model: &Model) -> bool {
    model.open_writes.is_empty() && model.items.values().all(|data| data.saving.is_empty())
}
