//! How calls travel: one HTTP client, its origin, its keys, its patience.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{Method, Response, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use url::{Host, Url};

use super::budget::Budget;
use super::class::Class;
use super::retry::retry_after;
use super::shelf::Offline;
use super::{ApiError, Backoff, Retry, Urgency, tls};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest silence before an answer and within it. Large traces take a server some time.
const READ_TIMEOUT: Duration = Duration::from_secs(45);
/// The largest answer that is read, unpacked: a few of the largest traces.
const MOST_BYTES: usize = 256 << 20;
const MOST_REDIRECTS: usize = 5;
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where a server is and how to be let in.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Address; a path is kept, because servers can live below one.
    pub base_url: Url,
    /// Public key of a project.
    pub public_key: String,
    /// Its secret.
    pub secret_key: SecretString,
    /// Allows plain http to other machines, where anyone on the way can read the keys.
    pub allow_insecure_http: bool,
}

/// The API of one project on one server. Clones share their connections, whether the server can be
/// reached, and what they know of its rate limits.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Arc<Url>,
    clock: fn() -> Timestamp,
    pub(super) backoff: Backoff,
    pub(super) budget: Arc<Budget>,
    pub(super) urgency: Urgency,
    pub(super) offline: Offline,
    pub(super) most_bytes: usize,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// An answer with a 2xx status.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| ApiError::unreadable(self.status, &self.body, &describe(&error)))
    }
}

/// Where reading failed and how, without quoting what was read.
fn describe(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "unexpected shape",
        _ => "broken JSON",
    };
    format!("{what} at line {} column {}", error.line(), error.column())
}

/// Parameters of a query.
pub(super) type Query<'a> = &'a [(&'a str, &'a str)];

impl Client {
    /// Prepares a client; connects nowhere yet. `clock` tells the time for dates in `Retry-After`.
    ///
    /// Loading the platform's certificates takes some milliseconds: not for the UI thread.
    ///
    /// # Errors
    /// Refuses addresses that are not http(s), and plain http to other machines unless allowed.
    pub fn new(connection: Connection, clock: fn() -> Timestamp) -> Result<Self, ApiError> {
        let Connection { base_url, public_key, secret_key, allow_insecure_http } = connection;
        let base = checked_base(base_url, allow_insecure_http)?;
        let invalid = |message: String| ApiError::new(Retry::Permanent, message);
        let tls = tls::config(base.scheme() == "https").map_err(|e| invalid(format!("TLS: {e}")))?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .default_headers(headers(&public_key, &secret_key)?)
            .user_agent(concat!("tracemark/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            // Followed by hand: only on the same origin, and never turning a write into a read.
            .redirect(redirect::Policy::none());
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        let http =
            builder.build().map_err(|e| invalid(format!("cannot set up HTTP: {}", e.without_url())))?;
        Ok(Self {
            http,
            base: Arc::new(base),
            clock,
            backoff: Backoff::default(),
            budget: Budget::new(clock),
            urgency: Urgency::default(),
            offline: Offline::default(),
            most_bytes: MOST_BYTES,
        })
    }

    /// The same client with other waits between repeated reads.
    #[must_use]
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// The same client for a server that counts requests of all classes in windows of this length.
    /// It knows of no limit yet.
    #[must_use]
    pub fn with_window(self, window: Duration) -> Self {
        Self { budget: Budget::counting(self.clock, |_| Some(window)), ..self }
    }

    /// The same client for requests of this urgency, which may change while they wait. Without it
    /// they are what somebody looks at.
    #[must_use]
    pub fn with_urgency(self, urgency: &Urgency) -> Self {
        Self { urgency: urgency.clone(), ..self }
    }

    /// Until when requests on screen have to wait for the server's rate limit; `None` while none
    /// has to. What is only fetched ahead waits without being told of here.
    #[must_use]
    pub fn limited(&self) -> watch::Receiver<Option<Timestamp>> {
        self.budget.limited()
    }

    /// Host and port of the server, as shown to people.
    #[must_use]
    pub fn host(&self) -> String {
        shown(&self.base)
    }

    /// The server's address in one spelling, to tell servers apart: without the API's own path,
    /// keys, query or trailing slash.
    #[must_use]
    pub fn address(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Writes, once. Never waits for the server's rate limit: where that is reached it fails at once
    /// and says when to come again.
    pub(super) async fn write<T: Serialize + ?Sized>(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&T>,
    ) -> Result<Answer, ApiError> {
        let url = self.url(path, &[])?;
        let body = body.map(serde_json::to_vec).transpose();
        let body = body.map_err(|e| ApiError::new(Retry::Permanent, format!("cannot be sent: {e}")))?;
        let permit = Class::of(&method, path).map(|class| self.budget.write(class)).transpose();
        let permit = permit.map_err(ApiError::limited)?;
        let answer = self.exchange(&method, url, body).await;
        let answer = self.settled(permit, 0, answer)?;
        if answer.body.trim_ascii_start().starts_with(b"<") {
            return Err(ApiError::unreadable(answer.status, &answer.body, ""));
        }
        Ok(answer)
    }

    /// One exchange, with redirects that stay on the origin.
    pub(super) async fn exchange(
        &self,
        method: &Method,
        url: Url,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, ApiError> {
        let mut url = url;
        for _ in 0..=MOST_REDIRECTS {
            let mut request = self.http.request(method.clone(), url.clone());
            if let Some(body) = &body {
                request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
            }
            let response = request.send().await.map_err(|e| ApiError::unreachable(&self.host(), e))?;
            tracing::debug!(%method, path = url.path(), status = response.status().as_u16(), "answered");
            if !response.status().is_redirection() {
                return self.answer(response).await;
            }
            url = self.next_hop(method, &url, &response)?;
        }
        Err(ApiError::new(Retry::Permanent, "the server redirects in circles"))
    }

    async fn answer(&self, response: Response) -> Result<Answer, ApiError> {
        let status = response.status();
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|value| retry_after(value, (self.clock)()));
        let limit =
            response.headers().get("x-ratelimit-limit").and_then(|value| value.to_str().ok()?.parse().ok());
        let body = self.body(response).await?;
        if status.is_success() {
            Ok(Answer { status, body })
        } else {
            Err(ApiError::refused(status, &body, after).with_limit(limit))
        }
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, ApiError> {
        let mut body = Vec::new();
        while let Some(some) = response.chunk().await.map_err(|e| ApiError::unreachable(&self.host(), e))? {
            if body.len() + some.len() > self.most_bytes {
                return Err(ApiError::too_large(response.status(), self.most_bytes));
            }
            body.extend_from_slice(&some);
        }
        Ok(body)
    }

    /// Where a redirect leads, if it may be followed.
    fn next_hop(&self, method: &Method, from: &Url, response: &Response) -> Result<Url, ApiError> {
        let status = response.status();
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let to = location.and_then(|location| from.join(location).ok());
        let keeps_method = matches!(status.as_u16(), 307 | 308) || *method == Method::GET;
        match to {
            Some(to) if to.origin() == self.base.origin() && keeps_method => Ok(to),
            Some(to) => {
                // No verdict of the API: whatever answered may be gone tomorrow, so keep the write.
                let origin = to.origin().ascii_serialization();
                let error = ApiError::new(
                    Retry::Transient { after: None },
                    format!("{} redirects to {origin}, which is not followed", self.host()),
                );
                Err(error.with_hint(format!("if that is your server, make {origin} the base URL")))
            }
            None => Err(ApiError::refused(status, b"", None)),
        }
    }

    /// The address of a call. Ids are escaped; those that would lead elsewhere are refused.
    pub(super) fn url(&self, path: &[&str], query: Query<'_>) -> Result<Url, ApiError> {
        let unfit = |s: &&&str| s.is_empty() || **s == "." || **s == ".." || s.contains(char::is_control);
        if let Some(id) = path.iter().find(unfit) {
            return Err(ApiError::new(Retry::Permanent, format!("{id:?} cannot be an id")));
        }
        let mut url = Url::clone(&self.base);
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "public"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

/// The address without what does not belong: keys in front of the host, the API's own path, query.
fn checked_base(mut base: Url, allow_insecure_http: bool) -> Result<Url, ApiError> {
    let refused = |message: String| Err(ApiError::new(Retry::Permanent, message));
    if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
        return refused(format!("`{}:` is no address of a server: use https://…", base.scheme()));
    }
    // Cannot fail: there is a host.
    let _ = base.set_username("");
    let _ = base.set_password(None);
    base.set_query(None);
    base.set_fragment(None);
    let path = base.path().trim_end_matches('/');
    let path = path.strip_suffix("/api/public").unwrap_or(path).to_owned();
    base.set_path(&path);
    if base.scheme() == "http" && !is_loopback(&base) && !allow_insecure_http {
        let host = shown(&base);
        return refused(format!(
            "plain http would show the keys to anyone on the way to {host}: use https, or `--insecure-http`"
        ));
    }
    Ok(base)
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Host and port, as shown to people.
pub(super) fn shown(url: &Url) -> String {
    let name = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

fn headers(public_key: &str, secret_key: &SecretString) -> Result<HeaderMap, ApiError> {
    let keys = format!("{}:{}", public_key.trim(), secret_key.expose_secret().trim());
    let basic = format!("Basic {}", BASE64.encode(keys));
    let mut authorization = HeaderValue::from_str(&basic)
        .map_err(|_| ApiError::new(Retry::Auth, "the keys contain characters that cannot be sent"))?;
    authorization.set_sensitive(true);
    Ok(HeaderMap::from_iter([
        (AUTHORIZATION, authorization),
        (HeaderName::from_static("x-langfuse-sdk-name"), HeaderValue::from_static("tracemark")),
        (HeaderName::from_static("x-langfuse-sdk-version"), HeaderValue::from_static(VERSION)),
    ]))
}
