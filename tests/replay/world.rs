//! The servers that the recordings are replayed against: one for each mode, over the same file, as
//! the real one was restarted in another mode over the same databases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;
use tracemark::server::{Credentials, Mode, Options, Plan, Workspace, router};

use super::facts::is_made;
use super::recording::{Answer, Exchange};
use super::seed::Seed;

/// Microseconds; set before each request.
static CLOCK: AtomicI64 = AtomicI64::new(0);

fn clock() -> Timestamp {
    Timestamp::from_microsecond(CLOCK.load(Ordering::SeqCst)).unwrap()
}

/// How often a request is sent until a limit answers.
const MOST: usize = 1200;

/// The person who wrote and was assigned in the recordings.
const PEOPLE: [(&str, &str, &str); 1] = [("cmwu9zeia0001ph7dbqlzhuz6", "Ada", "ada@example.com")];

pub struct World {
    folder: TempDir,
    db: Connection,
    servers: BTreeMap<String, Router>,
    project: Credentials,
    organization: Credentials,
    /// Ids that the recordings know and the file now holds.
    adopted: BTreeSet<String>,
}

impl World {
    /// An empty project with the recorded names.
    pub fn new(start: Timestamp) -> Self {
        set(start);
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("workspace.db");
        drop(Workspace::open(&file, tracemark::server::Seed::Empty, start).unwrap());
        let db = Connection::open(&file).unwrap();
        db.busy_timeout(Duration::from_secs(10)).unwrap();
        for (key, value) in [
            ("project_id", "proj-test"),
            ("project_name", "TestProject"),
            ("organization_id", "org-test"),
            ("organization_name", "TestOrg"),
        ] {
            db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", [key, value]).unwrap();
        }
        for (id, name, email) in PEOPLE {
            let sql = "INSERT INTO users (id, name, email) VALUES (?1, ?2, ?3)";
            db.execute(sql, [id, name, email]).unwrap();
        }
        let opened = Workspace::open(&file, tracemark::server::Seed::Empty, start).unwrap();
        let (project, organization) = (opened.credentials(), opened.organization_credentials());
        Self { folder, db, servers: BTreeMap::new(), project, organization, adopted: BTreeSet::new() }
    }

    /// The server of a mode. A plan's limits start afresh with every request that is no repetition.
    fn server(&mut self, mode: &str) -> Router {
        if !mode.contains("hobby")
            && let Some(server) = self.servers.get(mode)
        {
            return server.clone();
        }
        let file = self.folder.path().join("workspace.db");
        let workspace = Workspace::open(&file, tracemark::server::Seed::Empty, clock()).unwrap();
        let server = router(workspace, options(mode), clock);
        self.servers.insert(mode.to_owned(), server.clone());
        server
    }

    /// Sends a recorded request at a moment; until a limit answers where one is recorded.
    pub async fn replay(&mut self, exchange: &Exchange, at: Timestamp) -> Vec<Answer> {
        set(at);
        let server = self.server(&exchange.mode);
        if exchange.is_race {
            let sent = exchange.answers.iter().map(|_| send(&server, self.request(exchange)));
            return futures_util::future::join_all(sent).await;
        }
        for _ in 0..MOST {
            let answer = send(&server, self.request(exchange)).await;
            if exchange.status() != 429 || answer.status == 429 {
                return vec![answer];
            }
        }
        vec![send(&server, self.request(exchange)).await]
    }

    /// Sends a request that nobody recorded.
    pub async fn send(&mut self, seed: &Seed, at: Timestamp) -> Answer {
        set(at);
        let server = self.server("dual");
        let request =
            Request::builder().method(seed.method).uri(&seed.path).header(header::HOST, "localhost");
        let request = match self.authorization(&seed.auth) {
            Some(authorization) => request.header(header::AUTHORIZATION, authorization),
            None => request,
        };
        let request = request.header(header::CONTENT_TYPE, "application/json");
        send(&server, request.body(body(&seed.body)).unwrap()).await
    }

    fn request(&self, exchange: &Exchange) -> Request<Body> {
        let recorded = &exchange.request;
        let query =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&recorded.query).finish();
        let uri = if query.is_empty() { recorded.path.clone() } else { format!("{}?{query}", recorded.path) };
        let mut request =
            Request::builder().method(recorded.method.as_str()).uri(uri).header(header::HOST, "localhost");
        if let Some(authorization) = self.authorization(&recorded.auth) {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        if !recorded.body.is_null() {
            let kind = recorded.content_type.as_deref().unwrap_or("application/json");
            request = request.header(header::CONTENT_TYPE, kind);
        }
        request.body(body(&recorded.body)).unwrap()
    }

    fn authorization(&self, label: &str) -> Option<String> {
        let wrong = Credentials {
            public_key: self.project.public_key.clone(),
            secret_key: "sk-lf-00000000-0000-0000-0000-000000000000".into(),
        };
        let unknown = Credentials { public_key: "pk-lf-unknown".into(), secret_key: "sk-lf-unknown".into() };
        match label {
            "none" => None,
            "project" => Some(basic(&self.project)),
            "org" => Some(basic(&self.organization)),
            "wrong-secret" => Some(basic(&wrong)),
            "unknown-key" => Some(basic(&unknown)),
            "bearer-public-key" => Some(format!("Bearer {}", self.project.public_key)),
            "malformed" => Some("Basic %%%not-base64%%%".into()),
            bearer if bearer.starts_with("bearer") => Some("Bearer garbage".into()),
            other => Some(format!("Basic {}", STANDARD.encode(other))),
        }
    }

    /// Gives things that the server has just made the ids that the recordings know them by: walks
    /// both answers in parallel, and replaces ids in the file and in `got`.
    pub fn adopt(&mut self, wanted: &Value, got: &mut Value) {
        let mut pairs = Vec::new();
        pair_ids(wanted, got, &mut pairs);
        for (theirs, ours) in pairs {
            if theirs != ours && !self.adopted.contains(&ours) {
                self.rename(&ours, &theirs);
                *got = serde_json::from_str(&got.to_string().replace(&ours, &theirs)).unwrap();
            }
            self.adopted.insert(theirs);
        }
    }

    fn rename(&self, ours: &str, theirs: &str) {
        let tx = self.db.unchecked_transaction().unwrap();
        tx.pragma_update(None, "defer_foreign_keys", true).unwrap();
        for (table, column) in text_columns(&tx) {
            let sql = format!(
                "UPDATE OR IGNORE \"{table}\" SET \"{column}\" = replace(\"{column}\", ?1, ?2) WHERE instr(\"{column}\", ?1)"
            );
            tx.execute(&sql, [ours, theirs]).unwrap();
        }
        tx.commit().unwrap();
    }
}

fn set(at: Timestamp) {
    CLOCK.store(at.as_microsecond(), Ordering::SeqCst);
}

fn options(mode: &str) -> Options {
    let base = Options { delete_delay: Duration::from_mins(2), ..Options::default() };
    match mode {
        "events_only" => Options { mode: Mode::EventsOnly, ..base },
        "legacy" => Options { mode: Mode::Legacy, ..base },
        hobby if hobby.contains("hobby") => Options { mode: Mode::Dual, plan: Plan::Hobby, ..base },
        _ => Options { mode: Mode::Dual, ..base },
    }
}

fn basic(keys: &Credentials) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", keys.public_key, keys.secret_key)))
}

/// The recorded body; one too large to be kept is made up in its size.
fn body(recorded: &Value) -> Body {
    match recorded {
        Value::Null => Body::empty(),
        Value::String(text) => match size(text) {
            Some(size) => Body::from(format!("{{\"name\":\"{}\"}}", "a".repeat(size - 11))),
            None => Body::from(text.clone()),
        },
        json => Body::from(json.to_string()),
    }
}

fn size(text: &str) -> Option<usize> {
    text.strip_prefix('[')?.strip_suffix(" bytes, not stored]")?.parse().ok()
}

async fn send(server: &Router, request: Request<Body>) -> Answer {
    let is_head = request.method() == "HEAD";
    let response = server.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned()));
    let body = if is_head { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
    Answer { status: parts.status.as_u16(), headers: Some(headers.collect()), body }
}

/// Ids at the same place of both answers.
fn pair_ids(wanted: &Value, got: &Value, pairs: &mut Vec<(String, String)>) {
    match (wanted, got) {
        (Value::Object(w), Value::Object(g)) => {
            for (key, w) in w {
                if let Some(g) = g.get(key) {
                    pair_ids(w, g, pairs);
                }
            }
        }
        (Value::Array(w), Value::Array(g)) if w.len() == g.len() => {
            w.iter().zip(g).for_each(|(w, g)| pair_ids(w, g, pairs));
        }
        (Value::String(w), Value::String(g)) if is_made(w) && is_made(g) && w.len() == g.len() => {
            pairs.push((w.clone(), g.clone()));
        }
        _ => {}
    }
}

fn text_columns(db: &Connection) -> Vec<(String, String)> {
    let sql = "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND c.type = 'TEXT' AND c.hidden = 0";
    let mut statement = db.prepare_cached(sql).unwrap();
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}
