//! How a request finds its handler and how the answer is worded.
//!
//! The checks come in the real server's order: `routes`, `body`, method, mode, `auth`, `limits`; then the
//! handler reads its input with `query` (parameters) and `fields` (JSON bodies), and answers in the
//! terms of `reply`. `listen` is the socket around all that, `faults` what may go wrong on demand.

pub mod auth;
mod body;
mod cors;
mod deprecation;
pub mod faults;
pub mod fields;
pub mod issue;
mod limits;
pub mod listen;
pub mod query;
pub mod reply;
pub mod routes;
mod spec;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, header};
use axum::response::Response;
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::Value;

use self::faults::Faults;
use self::limits::Limits;
use self::query::Query;
use self::reply::{Answer, Envelope, Problem, Reply};
use self::routes::{Endpoint, Found, Payload};
use super::data::pool::Pool;
use super::data::workspace::{Keys, Project, Workspace};
use super::options::{Mode, Options, Plan};
use super::scores::write::{is_due, settle};

/// What all requests share.
pub struct Shared {
    pool: Pool,
    limits: Limits,
    faults: Faults,
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
    /// Parsed JSON; a text where the content type is not JSON; null where the endpoint takes a file.
    pub body: Value,
    /// The body as sent.
    pub bytes: Bytes,
    /// The request's headers.
    pub headers: HeaderMap,
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
        let Workspace { db, project, keys, path } = workspace;
        Self {
            pool: Pool::new(db, path),
            limits: Limits::default(),
            faults: Faults::new(&options.faults, options.fault_seed),
            place: Arc::new(Place { project, keys, options, clock }),
        }
    }

    /// Runs the handler in one transaction, which stands only if it succeeds.
    async fn run(&self, endpoint: &'static Endpoint, call: Call) -> Answer {
        let call = Arc::new(call);
        if !endpoint.is_read() {
            return self.pool.write(move |db| write(db, endpoint, &call)).await?;
        }
        let (first, now) = (Arc::clone(&call), call.now);
        if let Some(answer) = self.pool.read(move |db| read(db, endpoint, &first, true)).await? {
            return answer;
        }
        self.pool.write(move |db| catch_up(db, now)).await??;
        let answer = self.pool.read(move |db| read(db, endpoint, &call, false)).await?;
        answer.unwrap_or_else(|| Err(Problem::Broken("nothing to answer".into())))
    }
}

/// Answers a request that changes nothing; `None` if something is due first and `wait` says so.
fn read(db: &mut Connection, endpoint: &Endpoint, call: &Call, wait: bool) -> Option<Answer> {
    let mut answer = || {
        let tx = db.transaction_with_behavior(TransactionBehavior::Deferred)?;
        if wait && is_due(&tx, call.now)? {
            return Ok(None);
        }
        (endpoint.run)(&tx, call).map(Some)
    };
    answer().transpose()
}

fn write(db: &mut Connection, endpoint: &Endpoint, call: &Call) -> Answer {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    settle(&tx, call.now)?;
    let reply = (endpoint.run)(&tx, call)?;
    settle(&tx, call.now)?;
    tx.commit()?;
    Ok(reply)
}

fn catch_up(db: &mut Connection, now: Timestamp) -> rusqlite::Result<()> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    settle(&tx, now)?;
    tx.commit()
}

/// Answers one request, or lets go wrong what is to go wrong.
pub async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let strike = shared.faults.strike(request.method().as_str(), request.uri().path());
    let latency = shared.place.options.latency;
    let response = match strike.before().await {
        Some(response) => response,
        None => respond(shared, request).await,
    };
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    strike.after(response).await
}

async fn respond(shared: Arc<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let headers = parts.headers.clone();
    let (found, content) = match enter(&parts, body).await {
        Ok(entered) => entered,
        Err(problem) => return reply::respond(Err(problem), Envelope::Standard),
    };
    let mut response = if parts.method == Method::OPTIONS {
        cors::preflight(&headers)
    } else {
        let envelope = found.route.envelope;
        reply::respond(answer(shared, found, parts, content).await, envelope)
    };
    cors::allow(&headers, response.headers_mut());
    response
}

/// The body of a request.
enum Content {
    /// As sent, and parsed.
    Read(Bytes, Value),
    /// A file, which is read when the request is let in.
    Waiting(Body),
}

/// What a request meets before its handler, whoever sent it: the route, and the parser of bodies.
async fn enter(parts: &Parts, body: Body) -> Result<(Found, Content), Problem> {
    let found = match routes::find(parts.uri.path(), parts.uri.query()) {
        Ok(found) => found,
        Err(problem) => {
            body::discard(parts, body).await;
            return Err(problem);
        }
    };
    let content = match found.route.payload() {
        Payload::File => Content::Waiting(body),
        payload => {
            let bytes = body::read(body, payload).await?;
            let parsed = body::parse(parts, &bytes)?;
            Content::Read(bytes, parsed)
        }
    };
    Ok((found, content))
}

async fn answer(shared: Arc<Shared>, found: Found, parts: Parts, content: Content) -> Answer {
    let route = found.route.path;
    let (endpoint, call) = match (admit(&shared, found, &parts), content) {
        (Ok((endpoint, call)), Content::Read(bytes, body)) => (endpoint, Call { body, bytes, ..call }),
        (Ok((endpoint, call)), Content::Waiting(file)) => {
            (endpoint, Call { bytes: body::read(file, endpoint.payload).await?, ..call })
        }
        (Err(problem), Content::Read(..)) => return Err(problem),
        (Err(problem), Content::Waiting(file)) => {
            body::discard(&parts, file).await;
            return Err(problem);
        }
    };
    let mut reply = shared.run(endpoint, call).await?;
    if endpoint.is_read()
        && shared.place.options.plan != Plan::Unlimited
        && let Reply::Json(_, body) = &mut reply
    {
        deprecation::add(route, body);
    }
    Ok(reply)
}

/// Everything that is checked before the handler; the body is still missing in the call.
fn admit(shared: &Shared, found: Found, parts: &Parts) -> Result<(&'static Endpoint, Call), Problem> {
    let Found { route, params } = found;
    let endpoint = route.endpoint(parts.method.as_str())?;
    let Options { mode, plan, .. } = shared.place.options;
    if endpoint.is_legacy && mode == Mode::EventsOnly {
        return Err(Problem::EventsOnly);
    }
    auth::check(endpoint.gate, parts.headers.get(header::AUTHORIZATION), &shared.place.keys)?;
    let now = (shared.place.clock)();
    let counted = shared.limits.count(plan, endpoint.class, now);
    counted.map_err(|over| Problem::Limited(over, limits::message(parts.method.as_str(), route.path)))?;
    let call = Call {
        params,
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        body: Value::Null,
        bytes: Bytes::new(),
        origin: origin(parts),
        headers: parts.headers.clone(),
        now,
        place: Arc::clone(&shared.place),
    };
    (endpoint.admit)(&call)?;
    Ok((endpoint, call))
}

fn origin(parts: &Parts) -> String {
    let host = parts.headers.get(header::HOST).and_then(|v| v.to_str().ok());
    format!("http://{}", host.or(parts.uri.authority().map(Authority::as_str)).unwrap_or("localhost"))
}
