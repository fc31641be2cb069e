//! The embedded server: the Langfuse public API over SQLite.
//!
//! It behaves like a bare v4 installation (`events_only`), version 4.16: reads of the old data
//! model answer 404, scores that do not fit their config are answered 200 and dropped. One request
//! is one transaction on a blocking thread.
//!
//! Reading order: [`Workspace`], `routes`, then one file per resource.

mod auth;
mod comments;
mod configs;
mod fields;
mod filter;
mod issue;
mod items;
mod media;
mod observations;
mod project;
mod query;
mod queues;
mod reply;
mod routes;
mod sample;
mod score_list;
mod score_merge;
mod score_write;
mod sql;
mod value;
mod workspace;

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::Value;
use tokio::net::TcpListener;

use query::Query;
use reply::{Answer, Problem};
use routes::Endpoint;
use workspace::Project;
pub use workspace::{Credentials, Seed, Workspace, WorkspaceError};

/// Largest JSON body.
const BODY_LIMIT: usize = 1 << 20;
/// Largest upload.
const UPLOAD_LIMIT: usize = 64 << 20;

/// Where the embedded server deviates from the real one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Refuse scores that do not fit with 400 instead of dropping them silently.
    pub strict: bool,
    /// Time until a written or deleted score shows.
    pub score_delay: Duration,
}

/// What all requests share.
struct Shared {
    db: Mutex<Connection>,
    place: Arc<Place>,
}

/// What handlers need to know about the server.
struct Place {
    project: Project,
    credentials: Credentials,
    options: Options,
    clock: fn() -> Timestamp,
}

/// One request, after routing and authentication.
struct Call {
    /// Decoded path segments behind the prefix.
    path: Vec<String>,
    query: Query,
    /// Parsed JSON; a text where the content type is not JSON.
    body: Value,
    /// The body as sent.
    bytes: Bytes,
    /// Scheme and host the client used.
    origin: String,
    now: Timestamp,
    place: Arc<Place>,
}

impl Call {
    /// A path segment, counted from 0 behind `/api/public`.
    fn segment(&self, index: usize) -> &str {
        self.path.get(index).map_or("", String::as_str)
    }
}

/// Serves the workspace until `shutdown`; requests under way are finished.
pub async fn serve(
    listener: TcpListener,
    workspace: Workspace,
    options: Options,
    clock: fn() -> Timestamp,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(workspace, options, clock)).with_graceful_shutdown(shutdown).await
}

/// The server without its socket.
#[doc(hidden)]
pub fn router(workspace: Workspace, options: Options, clock: fn() -> Timestamp) -> Router {
    let credentials = workspace.credentials();
    let place = Arc::new(Place { project: workspace.project, credentials, options, clock });
    let shared = Arc::new(Shared { db: Mutex::new(workspace.db), place });
    Router::new().fallback(handle).with_state(shared)
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    reply::respond(answer(shared, request).await)
}

/// The order of the checks is the real server's: route, method, key, body syntax, then the handler
/// looks at the query and the body.
async fn answer(shared: Arc<Shared>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let endpoint = routes::find(parts.uri.path(), parts.method.as_str())?;
    auth::check(endpoint.gate, parts.headers.get(header::AUTHORIZATION), &shared.place.credentials)?;
    let bytes = read_body(body, if endpoint.is_upload() { UPLOAD_LIMIT } else { BODY_LIMIT }).await?;
    let body = parse_body(&parts, endpoint, &bytes)?;
    let call = Call {
        path: segments(parts.uri.path()),
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        body,
        bytes,
        origin: origin(&parts),
        now: (shared.place.clock)(),
        place: Arc::clone(&shared.place),
    };
    let run = move || shared.run(endpoint, &call);
    tokio::task::spawn_blocking(run).await.unwrap_or_else(|error| Err(Problem::Broken(error.to_string())))
}

impl Shared {
    /// Runs the handler in one transaction, which stands only if it succeeds.
    fn run(&self, endpoint: Endpoint, call: &Call) -> Answer {
        let mut db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        score_write::settle(&mut db, call.now)?;
        let behavior =
            if endpoint.is_read() { TransactionBehavior::Deferred } else { TransactionBehavior::Immediate };
        let tx = db.transaction_with_behavior(behavior)?;
        let reply = (endpoint.run)(&tx, call)?;
        tx.commit()?;
        if !endpoint.is_read() {
            score_write::settle(&mut db, call.now)?;
        }
        Ok(reply)
    }
}

/// Reads a bounded body. A somewhat too long one is read to its end, so that the client gets to
/// read the answer.
async fn read_body(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let too_long = || Problem::Text(StatusCode::PAYLOAD_TOO_LARGE, "Body exceeded 1mb limit");
    let bytes = to_bytes(body, limit.max(16 << 20)).await.map_err(|_| too_long())?;
    if bytes.len() > limit { Err(too_long()) } else { Ok(bytes) }
}

fn parse_body(parts: &Parts, endpoint: Endpoint, bytes: &Bytes) -> Result<Value, Problem> {
    if endpoint.is_upload() {
        return Ok(Value::Null);
    }
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Ok(Value::String(String::from_utf8_lossy(bytes).into_owned()));
    }
    if bytes.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(bytes).map_err(|_| Problem::Text(StatusCode::BAD_REQUEST, "Invalid JSON"))
}

/// Decoded segments behind `/api/public` or `/api`.
fn segments(path: &str) -> Vec<String> {
    let path = path.strip_prefix("/api/public/").or_else(|| path.strip_prefix("/api/")).unwrap_or(path);
    path.split('/').map(|s| percent_decode_str(s).decode_utf8_lossy().into_owned()).collect()
}

fn origin(parts: &Parts) -> String {
    let host = parts.headers.get(header::HOST).and_then(|v| v.to_str().ok());
    format!("http://{}", host.or(parts.uri.authority().map(Authority::as_str)).unwrap_or("localhost"))
}
