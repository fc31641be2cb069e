//! Which handler answers which path and method. Every resource brings its own table.

use percent_encoding::percent_decode_str;
use rusqlite::Connection;

use super::Call;
use super::auth::Gate;
use super::reply::{Answer, Envelope, Problem};
use super::spec;
use crate::server::{
    comments, datasets, evals, ingest, media, metrics, people, prompts, queues, scores, traces,
};

/// All routes.
const TABLES: &[&[Route]] = &[
    people::ROUTES,
    queues::ROUTES,
    scores::ROUTES,
    comments::ROUTES,
    traces::ROUTES,
    media::ROUTES,
    ingest::ROUTES,
    datasets::ROUTES,
    evals::ROUTES,
    prompts::ROUTES,
    metrics::ROUTES,
    spec::ROUTES,
];

/// Every route there is.
pub fn all() -> impl Iterator<Item = &'static Route> {
    TABLES.iter().copied().flatten()
}

/// Answers one kind of request within a transaction.
pub type Handler = fn(&Connection, &Call) -> Answer;

/// Looks at a request before the file it brings is read.
pub type Admission = fn(&Call) -> Result<(), Problem>;

/// Which budget of a plan's rate limits a request counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Not limited.
    Free,
    /// `annotation-queues`
    Queues,
    /// `public-api`
    Public,
    /// `public-api-legacy`
    Legacy,
    /// `ingestion`
    Ingestion,
    /// `legacy-ingestion`
    LegacyIngestion,
    /// `datasets`
    Datasets,
    /// `media-upload`
    MediaUpload,
    /// `score-delete`
    ScoreDelete,
    /// `trace-delete`
    TraceDelete,
    /// `public-api-v2-metrics`
    Metrics,
    /// `public-api-metrics`
    LegacyMetrics,
    /// `public-api-daily-metrics-legacy`
    DailyMetrics,
}

/// What a request's body is, and how large it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// JSON up to 1 MB.
    Json,
    /// JSON up to 4.5 MB.
    LargeJson,
    /// A file up to 64 MB.
    File,
}

impl Payload {
    /// Most bytes, and what is said about more.
    pub fn limit(self) -> (usize, &'static str) {
        match self {
            Self::Json => (1 << 20, "Body exceeded 1mb limit"),
            Self::LargeJson => (9 << 19, "Body exceeded 4.5mb limit"),
            Self::File => (64 << 20, "Body exceeded 64mb limit"),
        }
    }
}

/// One method of one route.
pub struct Endpoint {
    /// In capitals.
    pub method: &'static str,
    /// The handler.
    pub run: Handler,
    /// Who may call it.
    pub gate: Gate,
    /// Which rate limit holds.
    pub class: Class,
    /// Whether it belongs to the old data model, which `events_only` servers do not have.
    pub is_legacy: bool,
    /// What body it takes.
    pub payload: Payload,
    /// What else is asked of a request, before the file it brings is read.
    pub admit: Admission,
}

impl Endpoint {
    /// An endpoint for holders of the project's key that takes JSON.
    pub const fn new(method: &'static str, class: Class, run: Handler) -> Self {
        let payload = Payload::Json;
        Self { method, run, gate: Gate::Key, class, is_legacy: false, payload, admit: |_| Ok(()) }
    }

    /// The same for others.
    pub const fn gate(mut self, gate: Gate) -> Self {
        self.gate = gate;
        self
    }

    /// The same of the old data model.
    pub const fn legacy(mut self) -> Self {
        self.is_legacy = true;
        self
    }

    /// The same with another kind of body.
    pub const fn payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }

    /// The same for requests that this lets in.
    pub const fn admit(mut self, admit: Admission) -> Self {
        self.admit = admit;
        self
    }

    /// Whether it changes nothing.
    pub fn is_read(&self) -> bool {
        self.method == "GET"
    }
}

/// A path and its methods.
pub struct Route {
    /// From the root, `{name}` for a segment that varies.
    pub path: &'static str,
    /// How its errors are worded.
    pub envelope: Envelope,
    /// By method.
    pub endpoints: &'static [Endpoint],
}

impl Route {
    /// A route with the usual envelope.
    pub const fn new(path: &'static str, endpoints: &'static [Endpoint]) -> Self {
        Self { path, envelope: Envelope::Standard, endpoints }
    }

    /// The same with another envelope.
    pub const fn envelope(mut self, envelope: Envelope) -> Self {
        self.envelope = envelope;
        self
    }

    /// The endpoint for a method, or 405. Probes ask with any method.
    pub fn endpoint(&'static self, method: &str) -> Result<&'static Endpoint, Problem> {
        let fits = |e: &&Endpoint| e.method == method || e.gate == Gate::Probe;
        self.endpoints.iter().find(fits).ok_or(Problem::Method)
    }

    /// What body its requests have, whatever their method.
    pub fn payload(&self) -> Payload {
        let own = self.endpoints.iter().map(|e| e.payload).find(|payload| *payload != Payload::Json);
        own.unwrap_or(Payload::Json)
    }

    /// The path's variable segments, decoded, if the route fits it.
    fn params(&self, path: &str) -> Option<Vec<(&'static str, String)>> {
        let (mut given, mut params) = (path.split('/'), Vec::new());
        for wanted in self.path.split('/') {
            let segment = given.next()?;
            match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => {
                    params.push((name, percent_decode_str(segment).decode_utf8_lossy().into_owned()));
                }
                None if wanted == segment => {}
                None => return None,
            }
        }
        given.next().is_none().then_some(params)
    }
}

/// The route of a request.
pub struct Found {
    /// The route.
    pub route: &'static Route,
    /// Its variable segments, decoded, by name.
    pub params: Vec<(&'static str, String)>,
}

/// The path without needless slashes, if it has any.
fn tidied(path: &str) -> Option<String> {
    if path.contains("//") {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let end = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
        return Some(format!("/{}{end}", parts.join("/")));
    }
    path.strip_suffix('/').filter(|shorter| !shorter.is_empty()).map(str::to_owned)
}

/// The route for a path, or why there is none. A literal path wins over a variable one.
pub fn find(path: &str, query: Option<&str>) -> Result<Found, Problem> {
    if let Some(path) = tidied(path) {
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        return Err(Problem::Moved(format!("{path}{query}")));
    }
    let fitting = all().filter_map(|route| {
        let params = route.params(path)?;
        Some(Found { route, params })
    });
    fitting.min_by_key(|found| found.params.len()).ok_or(Problem::NoRoute)
}
