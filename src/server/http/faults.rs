//! Faults on demand, for whoever tests a client: requests that break off before or after they are
//! handled, wrong answers, half answers, no answers.

use std::fmt;
use std::future::pending;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{StatusCode, header};
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use serde_json::json;

use super::reply::json_response;

const EXAMPLE: &str = "such as 'POST /comments=drop-after:0.3' or 'GET /v3/scores=status:503*2'";

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harm {
    DropBefore,
    DropAfter,
    Stall,
    StallAfter,
    Truncate,
    Status(StatusCode),
}

/// A rule: which requests, what happens to them, how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// None for all.
    method: Option<String>,
    /// Segments below `/api/public`; `*` stands for any one, `**` at the end for any rest.
    path: Vec<String>,
    harm: Harm,
    probability: f64,
    /// How often at most.
    most: Option<u64>,
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultError(String);

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; write METHOD PATH=FAULT, {EXAMPLE}", self.0)
    }
}

impl std::error::Error for FaultError {}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let wrong = |what: String| FaultError(what);
        let (what, how) = text.split_once('=').ok_or_else(|| wrong(format!("there is no = in `{text}`")))?;
        let (method, path) = what.trim().rsplit_once(' ').unwrap_or(("*", what.trim()));
        let path = path
            .strip_prefix('/')
            .ok_or_else(|| wrong(format!("the path `{path}` does not begin with /")))?;
        let path = path.strip_prefix("api/public/").unwrap_or(path);
        let (how, most) = match how.trim().split_once('*') {
            Some((how, most)) => {
                let count = most.parse().map_err(|_| wrong(format!("`*{most}` is no number of times")))?;
                (how, Some(count))
            }
            None => (how.trim(), None),
        };
        let mut parts = how.split(':');
        let harm = harm(&mut parts)?;
        let probability = parts.next().map_or(Ok(1.0), probability)?;
        if let Some(more) = parts.next() {
            return Err(wrong(format!("`{more}` at the end of `{how}` is too much")));
        }
        let method = Some(method.trim().to_ascii_uppercase()).filter(|m| m != "*");
        Ok(Self { method, path: path.split('/').map(str::to_owned).collect(), harm, probability, most })
    }
}

fn harm<'a>(parts: &mut impl Iterator<Item = &'a str>) -> Result<Harm, FaultError> {
    Ok(match parts.next().unwrap_or_default() {
        "drop-before" => Harm::DropBefore,
        "drop-after" => Harm::DropAfter,
        "stall" => Harm::Stall,
        "stall-after" => Harm::StallAfter,
        "truncate" => Harm::Truncate,
        "status" => {
            let code = parts.next().unwrap_or_default();
            let status = code.parse().ok().and_then(|n| StatusCode::from_u16(n).ok());
            let status = status.filter(|s| s.is_client_error() || s.is_server_error());
            Harm::Status(status.ok_or_else(|| FaultError(format!("`{code}` is no status from 400 to 599")))?)
        }
        other => {
            let known = "drop-before, drop-after, stall, stall-after, truncate, status:CODE";
            return Err(FaultError(format!("`{other}` is none of {known}")));
        }
    })
}

fn probability(text: &str) -> Result<f64, FaultError> {
    let given = text.parse::<f64>().ok().filter(|p| (0.0..=1.0).contains(p));
    given.ok_or_else(|| FaultError(format!("`{text}` is no probability from 0 to 1")))
}

impl Fault {
    fn concerns(&self, method: &str, path: &str) -> bool {
        if self.method.as_ref().is_some_and(|m| m != method) {
            return false;
        }
        let Some(path) = path.strip_prefix("/api/public/") else { return false };
        let (mut given, mut wanted) = (path.split('/'), self.path.iter());
        loop {
            match (wanted.next().map(String::as_str), given.next()) {
                (Some("**"), Some(_)) | (None, None) => return true,
                (Some("*"), Some(_)) => {}
                (Some(wanted), Some(given)) if wanted == given => {}
                _ => return false,
            }
        }
    }
}

/// The rules at work. The same seed and the same requests in the same order give the same faults.
#[derive(Debug)]
pub struct Faults {
    rules: Vec<(Fault, Mutex<Tally>)>,
    seed: u64,
}

#[derive(Debug, Default)]
struct Tally {
    seen: u64,
    struck: u64,
}

/// What is to happen to one request.
#[derive(Debug, Clone, Copy)]
pub struct Strike(Option<Harm>);

/// Marks a response in whose place the connection is to be closed.
#[derive(Debug, Clone, Copy)]
pub struct HangUp;

/// Marks a response that breaks off in the middle.
#[derive(Debug, Clone, Copy)]
pub struct Cut;

impl Faults {
    /// Rules that have not been asked yet.
    pub fn new(rules: &[Fault], seed: u64) -> Self {
        Self { rules: rules.iter().map(|rule| (rule.clone(), Mutex::default())).collect(), seed }
    }

    /// What happens to a request: the first rule that concerns it and strikes.
    pub fn strike(&self, method: &str, path: &str) -> Strike {
        let concerned = (0_u64..).zip(&self.rules).filter(|(_, (rule, _))| rule.concerns(method, path));
        for (index, (rule, tally)) in concerned {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.seen += 1;
            let spent = rule.most.is_some_and(|most| tally.struck >= most);
            if !spent && chance(self.seed, index, tally.seen) < rule.probability {
                tally.struck += 1;
                return Strike(Some(rule.harm));
            }
        }
        Strike(None)
    }
}

/// From 0 to 1, the same for the same arguments (`SplitMix64`).
fn chance(seed: u64, rule: u64, turn: u64) -> f64 {
    let mut z = seed ^ rule.rotate_left(32);
    z = z.wrapping_add(turn.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let bits = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or_default();
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

impl Strike {
    /// What comes in place of the handler, if anything.
    pub async fn before(self) -> Option<Response> {
        match self.0? {
            Harm::DropBefore => Some(hang_up()),
            Harm::Stall => pending().await,
            Harm::Status(status) => Some(refuse(status)),
            Harm::DropAfter | Harm::StallAfter | Harm::Truncate => None,
        }
    }

    /// What becomes of the handler's answer.
    pub async fn after(self, response: Response) -> Response {
        match self.0 {
            Some(Harm::DropAfter) => hang_up(),
            Some(Harm::StallAfter) => pending().await,
            Some(Harm::Truncate) => halve(response).await,
            _ => response,
        }
    }
}

/// Where there is no connection to close, an empty 502.
fn hang_up() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response.extensions_mut().insert(HangUp);
    response
}

fn refuse(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let mut response = json_response(status, &json!({"message": reason, "error": reason}));
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        response.headers_mut().insert(header::RETRY_AFTER, 1.into());
    }
    response
}

/// Announces the whole body, sends its first half, and breaks off.
async fn halve(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(whole) = to_bytes(body, usize::MAX).await else { return hang_up() };
    parts.headers.insert(header::CONTENT_LENGTH, whole.len().into());
    parts.extensions.insert(Cut);
    let half = whole.slice(..whole.len() / 2);
    let end = stream::once(async {
        // Lets the connection send the half before it learns of the end.
        tokio::task::yield_now().await;
        Err::<Bytes, _>(std::io::Error::other("cut off on demand"))
    });
    let sent = stream::once(async { Ok(half) }).chain(end);
    Response::from_parts(parts, Body::from_stream(sent))
}
