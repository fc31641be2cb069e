//! How a request finds its handler and how the answer is worded.
//!
//! The checks come in the real server's order: route, method, mode, key, rate limit, body syntax;
//! then the handler looks at the query and the body.

pub mod auth;
pub mod fields;
pub mod issue;
pub mod query;
pub mod reply;
pub mod routes;

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::Value;

use self::query::Query;
use self::reply::{Answer, Envelope, Problem};
use self::routes::{Endpoint, Found, Payload};
use super::data::workspace::{Keys, Project, Workspace};
use super::options::{Mode, Options};
use super::scores::write::settle;

/// What all requests share.
pub struct Shared {
    db: Mutex<Connection>,
    place: Arc<Place>,
}

/// What handlers need to know about the server.
pub struct Place {
    /// The workspace's project.
    pub project: Project,
    /// Who may call.
    pub keys: Keys,
    /// How the server behaves.
    pub options: Options,
    clock: fn() -> Timestamp,
}

/// One request, after routing and authentication.
pub struct Call {
    /// Decoded path segments by their names in the route.
    params: Vec<(&'static str, String)>,
    /// The parameters behind `?`.
    pub query: Query,
    /// Parsed JSON; a text where the content type is not JSON; null where the endpoint takes bytes.
    pub body: Value,
    /// The body as sent.
    pub bytes: Bytes,
    /// The request's headers.
    pub headers: axum::http::HeaderMap,
    /// Scheme and host the client used.
    pub origin: String,
    /// When the request came in.
    pub now: Timestamp,
    /// The server.
    pub place: Arc<Place>,
}

impl Call {
    /// A decoded path segment by its name in the route; empty if the route has none.
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value.as_str())
    }

    /// Refuses what only servers with the new data model have, by the name of its API:
    /// `observations v2`, `metrics v2`, `experiments`, `experiment items`. Handlers call it when
    /// they have checked the query.
    pub fn needs_events(&self, api: &str) -> Result<(), Problem> {
        if self.place.options.mode != Mode::Legacy {
            return Ok(());
        }
        Err(Problem::Missing(format!(
            "The {api} API is only available in a Langfuse v4 write mode. Learn more at: \
             https://langfuse.com/docs/v4"
        )))
    }
}

impl Shared {
    /// A server for the workspace.
    pub fn new(workspace: Workspace, options: Options, clock: fn() -> Timestamp) -> Self {
        let Workspace { db, project, keys } = workspace;
        Self { db: Mutex::new(db), place: Arc::new(Place { project, keys, options, clock }) }
    }

    /// Runs the handler in one transaction, which stands only if it succeeds.
    fn run(&self, endpoint: &Endpoint, call: &Call) -> Answer {
        let mut db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        settle(&mut db, call.now)?;
        let behavior =
            if endpoint.is_read() { TransactionBehavior::Deferred } else { TransactionBehavior::Immediate };
        let tx = db.transaction_with_behavior(behavior)?;
        let reply = (endpoint.run)(&tx, call)?;
        tx.commit()?;
        if !endpoint.is_read() {
            settle(&mut db, call.now)?;
        }
        Ok(reply)
    }
}

/// Answers one request.
pub async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (envelope, answer) = match routes::find(parts.uri.path()) {
        Ok(found) => (found.route.envelope, answer(shared, found, parts, body).await),
        Err(problem) => (Envelope::Standard, Err(problem)),
    };
    reply::respond(answer, envelope)
}

async fn answer(shared: Arc<Shared>, found: Found, parts: Parts, body: Body) -> Answer {
    let endpoint = found.route.endpoint(parts.method.as_str())?;
    if endpoint.is_legacy && shared.place.options.mode == Mode::EventsOnly {
        return Err(Problem::EventsOnly);
    }
    auth::check(endpoint.gate, parts.headers.get(header::AUTHORIZATION), &shared.place.keys)?;
    let bytes = read_body(body, endpoint.payload.limit()).await?;
    let body = parse_body(&parts, endpoint, &bytes)?;
    let call = Call {
        params: found.params,
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        body,
        bytes,
        origin: origin(&parts),
        headers: parts.headers,
        now: (shared.place.clock)(),
        place: Arc::clone(&shared.place),
    };
    let run = move || shared.run(endpoint, &call);
    tokio::task::spawn_blocking(run).await.unwrap_or_else(|error| Err(Problem::Broken(error.to_string())))
}

/// Reads a bounded body. A somewhat too long one is read to its end, so that the client gets to
/// read the answer.
async fn read_body(body: Body, (limit, refusal): (usize, &'static str)) -> Result<Bytes, Problem> {
    let too_long = || Problem::Text(StatusCode::PAYLOAD_TOO_LARGE, refusal);
    let bytes = to_bytes(body, limit.max(16 << 20)).await.map_err(|_| too_long())?;
    if bytes.len() > limit { Err(too_long()) } else { Ok(bytes) }
}

fn parse_body(parts: &Parts, endpoint: &Endpoint, bytes: &Bytes) -> Result<Value, Problem> {
    if matches!(endpoint.payload, Payload::File | Payload::Bytes) {
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

fn origin(parts: &Parts) -> String {
    let host = parts.headers.get(header::HOST).and_then(|v| v.to_str().ok());
    format!("http://{}", host.or(parts.uri.authority().map(Authority::as_str)).unwrap_or("localhost"))
}
