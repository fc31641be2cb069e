//! What can go wrong with a call, and what can be done about it.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

/// Longest message kept, in characters: it has to fit a status line or a dialog.
const WORDS: usize = 400;

/// Whether and when a failed call is worth repeating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The server was not reached, or the connection broke; the call may have arrived.
    Network,
    /// The server cannot right now.
    Transient {
        /// How long it asked to wait.
        after: Option<Duration>,
    },
    /// The keys are wrong or not allowed to do this; repeating helps once they are changed.
    Auth,
    /// The same call will fail again.
    Permanent,
}

/// A call that failed. Holds no keys, no content and no query.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// Whether to try again.
    pub retry: Retry,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// What failed, in the server's words where it has any.
    pub message: String,
    hint: Option<Cow<'static, str>>,
    missing_route: bool,
    never_arrived: bool,
    timed_out: bool,
    limit: Option<usize>,
}

impl ApiError {
    pub(super) fn new(retry: Retry, message: impl Into<String>) -> Self {
        Self {
            retry,
            status: None,
            message: message.into(),
            hint: None,
            missing_route: false,
            never_arrived: false,
            timed_out: false,
            limit: None,
        }
    }

    pub(super) fn with_hint(self, hint: impl Into<Cow<'static, str>>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status: Some(status.as_u16()), ..self }
    }

    /// The same, of a call that may well have been carried out.
    pub(super) fn unsettled(self) -> Self {
        Self { retry: Retry::Transient { after: None }, ..self }
    }

    /// A call that was not sent, because the server would not have taken it before that time.
    pub(super) fn limited(wait: Duration) -> Self {
        let hint = hint(StatusCode::TOO_MANY_REQUESTS, false, "").map(Cow::Borrowed);
        let error = Self::new(Retry::Transient { after: Some(wait) }, "the server's rate limit is reached");
        Self { hint, never_arrived: true, ..error.with_status(StatusCode::TOO_MANY_REQUESTS) }
    }

    /// The same with the number of requests the server takes, if its headers told.
    pub(super) fn with_limit(self, limit: Option<usize>) -> Self {
        Self { limit: limit.or(self.limit), ..self }
    }

    /// Whether it failed by waiting in vain, so that trying again at once takes just as long.
    pub(super) fn timed_out(&self) -> bool {
        self.timed_out
    }

    /// How many requests the server takes in a window, if it told when it took no more.
    pub(super) fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// The next step, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Whether the server knows no such object, or no such call.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status == Some(404)
    }

    /// Whether the server does not have the call itself: it is older, or its address is wrong.
    #[must_use]
    pub fn is_missing_route(&self) -> bool {
        self.missing_route
    }

    /// Whether the call was certainly not carried out: no connection came about (no such host,
    /// refused, no TLS, no answer to the attempt), or the server had no room for it (429). A
    /// connection that broke later says nothing about what the server did before.
    #[must_use]
    pub fn never_arrived(&self) -> bool {
        self.never_arrived
    }

    /// A call that got no answer.
    pub(super) fn unreachable(host: &str, error: reqwest::Error) -> Self {
        // All of name, address, proxy and TLS belongs to connecting: nothing was sent before it ended.
        let (never_arrived, timed_out) = (error.is_connect(), error.is_timeout());
        Self { never_arrived, timed_out, ..Self::unanswered(host, error) }
    }

    fn unanswered(host: &str, error: reqwest::Error) -> Self {
        let (timed_out, broke) = (error.is_timeout(), error.is_body() || error.is_decode());
        let cause = cause(&error.without_url());
        if timed_out && !cause.contains("certificate") {
            return Self::new(Retry::Network, format!("{host} did not answer in time")).with_hint(OFFLINE);
        }
        let hint = if cause.contains("certificate") { CERTIFICATE } else { OFFLINE };
        let what = if broke { "the connection broke:" } else { "cannot reach" };
        Self::new(Retry::Network, format!("{what} {host}: {cause}")).with_hint(hint)
    }

    /// An answer with a status other than 2xx. `after` is what its headers ask to wait.
    pub(super) fn refused(status: StatusCode, body: &[u8], after: Option<Duration>) -> Self {
        let json = serde_json::from_slice::<Value>(body).ok();
        let words = json.as_ref().map_or_else(|| plain_words(body), words);
        let missing_route = status == StatusCode::NOT_FOUND && json.is_none();
        let retry = classify(status, after.or_else(|| json.as_ref().and_then(seconds)));
        let message = words.unwrap_or_else(|| fallback(status, missing_route));
        let hint = hint(status, missing_route, &message).map(Cow::Borrowed);
        let never_arrived = status == StatusCode::TOO_MANY_REQUESTS;
        let limit = json.as_ref().and_then(limit);
        let error = Self::new(retry, message).with_status(status);
        Self { hint, missing_route, never_arrived, limit, ..error }
    }

    /// An answer that is not read to its end.
    pub(super) fn too_large(status: StatusCode, most: usize) -> Self {
        let message = format!("the answer is larger than {} MB, which is not read", most >> 20);
        Self::new(Retry::Permanent, message).with_status(status)
    }

    /// A good status with a body that is none of the API's.
    ///
    /// Something between here and the server may have answered in its place or spoilt the answer, so
    /// nothing is settled: a write must not count as refused, and reading again may help.
    pub(super) fn unreadable(status: StatusCode, body: &[u8], detail: &str) -> Self {
        let spoilt = |message: String| Self::new(Retry::Transient { after: None }, message);
        let error = if is_html(body) {
            spoilt("the answer is a web page, not data".into())
                .with_hint("check the base URL, and whether a proxy or a login page is in between")
        } else {
            spoilt(format!("cannot read the answer: {detail}"))
        };
        error.with_status(status)
    }
}

const OFFLINE: &str = "check the address and the network; what you decide is kept and sent later";
const CERTIFICATE: &str =
    "if the server uses a private certificate authority, set SSL_CERT_FILE to its certificates";

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = &self.message;
        match (self.retry, self.status) {
            (Retry::Auth, Some(403)) => write!(f, "the keys do not allow this: {words}"),
            (Retry::Auth, _) => write!(f, "the keys were not accepted: {words}"),
            (Retry::Transient { after: Some(after) }, Some(429)) => {
                write!(f, "{words}; try again in {} s", after.as_secs_f64().ceil())
            }
            (_, Some(..400 | 429) | None) => f.write_str(words),
            (Retry::Transient { .. }, Some(status)) => {
                write!(f, "the server has trouble ({status}): {words}")
            }
            (_, Some(400..=403 | 405..=499)) => write!(f, "the server refused: {words}"),
            (_, Some(_)) => f.write_str(words),
        }
    }
}

impl std::error::Error for ApiError {}

fn classify(status: StatusCode, after: Option<Duration>) -> Retry {
    match status.as_u16() {
        401 | 403 => Retry::Auth,
        408 | 425 | 429 | 500 | 502..=504 | 506..=599 => Retry::Transient { after },
        _ => Retry::Permanent,
    }
}

fn fallback(status: StatusCode, missing_route: bool) -> String {
    if missing_route {
        return "the server does not know this call".into();
    }
    status.canonical_reason().map_or_else(|| format!("status {}", status.as_u16()), str::to_owned)
}

fn hint(status: StatusCode, missing_route: bool, message: &str) -> Option<&'static str> {
    Some(match status.as_u16() {
        403 if message.contains("organization key") => "use the keys of a project, not of an organization",
        401 => "check the public key, the secret key and the address: `tracemark login`",
        403 => "use keys that may do this: `tracemark login`",
        404 if missing_route => "check the base URL; the server may also be too old: `tracemark doctor`",
        413 => "the text is too long for the server",
        429 => "what you decide is kept and sent once the server takes requests again",
        _ => return None,
    })
}

/// The server's words: the first text it has, with the details of a schema violation.
fn words(body: &Value) -> Option<String> {
    if let Some(text) = body.as_str() {
        return plain_words(text.as_bytes());
    }
    let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let message = text("message").or_else(|| text("error")).or_else(|| text("detail"));
    // Some routes put the list of violations into the message, as text.
    if let Some(issues) = message.and_then(|text| serde_json::from_str::<Vec<Value>>(text).ok()) {
        return words(&serde_json::json!({ "errors": issues }));
    }
    let issues = body.get("error").or_else(|| body.get("errors")).or_else(|| body.get("details"));
    let issues: Vec<String> =
        issues.and_then(Value::as_array).into_iter().flatten().take(3).filter_map(issue).collect();
    let joined = match (message, issues.is_empty()) {
        (None, true) => return None,
        (Some(message), true) => message.to_owned(),
        (None, false) => issues.join("; "),
        (Some(message), false) => format!("{message}: {}", issues.join("; ")),
    };
    Some(tidy(&joined))
}

/// One violation as `field: what is wrong`.
fn issue(issue: &Value) -> Option<String> {
    let message = issue.as_str().or_else(|| issue.get("message")?.as_str())?;
    let path = issue.get("path").and_then(Value::as_array).into_iter().flatten();
    let path: Vec<String> =
        path.map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned)).collect();
    if path.is_empty() { Some(message.to_owned()) } else { Some(format!("{}: {message}", path.join("."))) }
}

fn plain_words(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let usable = !text.trim().is_empty() && !is_html(body) && !text.trim_start().starts_with(['{', '[']);
    usable.then(|| tidy(text))
}

fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// Other people's words on one line of bearable length, without control characters.
pub(super) fn tidy(text: &str) -> String {
    let visible = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = visible.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(WORDS) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}

/// The wait a rate-limit body asks for.
fn seconds(body: &Value) -> Option<Duration> {
    let seconds = body.get("details")?.get("retryAfterSeconds")?.as_f64()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The number of requests a rate-limit body tells of.
fn limit(body: &Value) -> Option<usize> {
    usize::try_from(body.get("details")?.get("limit")?.as_u64()?).ok()
}

/// The innermost cause, which is the one that says something: `connection refused`.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    let mut chain = String::new();
    while let Some(source) = innermost.source() {
        innermost = source;
        chain.push_str(&source.to_string());
    }
    if chain.contains("dns error") || chain.contains("failed to lookup address") {
        return "no such host".into();
    }
    if let Some(io) = innermost.downcast_ref::<std::io::Error>()
        && io.raw_os_error().is_some()
    {
        return io.kind().to_string();
    }
    tidy(&innermost.to_string())
}
