//! Models that judge: any endpoint that speaks OpenAI's chat completions.
//!
//! It is given the conversation and nothing else. Its key is sent to the address it was given for
//! and nowhere else: redirects are not followed, and no message contains it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use url::Url;

use super::error::tidy;
use super::retry::{random, retry_after};
use super::transport::{is_loopback, shown};
use super::wire::{ChatAnswer, ChatBody, refusal};
use super::{Backoff, Retry, tls};
use crate::domain::Message;

/// The largest answer that is read: a verdict is short.
const MOST_BYTES: usize = 4 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const PATH: &str = "chat/completions";

/// Where a model is and how to be let in.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The API's address, with or without `chat/completions`.
    pub url: Url,
    /// The key, where one is needed.
    pub key: Option<SecretString>,
    /// Allows plain http to other machines.
    pub allow_insecure_http: bool,
    /// Longest time for an answer.
    pub timeout: Duration,
}

/// A call to a model that failed. Holds no key and no content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelError {
    /// Whether trying again may help.
    pub retry: Retry,
    /// What failed, in the endpoint's words where it has any.
    pub message: String,
    status: Option<u16>,
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ModelError {}

impl ModelError {
    fn new(retry: Retry, message: impl Into<String>) -> Self {
        Self { retry, message: message.into(), status: None }
    }
}

/// A model to be asked. Clones share what they learn of the endpoint.
#[derive(Clone)]
pub struct Model {
    http: reqwest::Client,
    url: Url,
    key: Option<SecretString>,
    backoff: Backoff,
    clock: fn() -> Timestamp,
    /// The endpoint cannot keep to a shape.
    is_plain: Arc<AtomicBool>,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("url", &shown(&self.url)).finish_non_exhaustive()
    }
}

impl Model {
    /// Prepares to ask; connects nowhere yet.
    ///
    /// # Errors
    /// Refuses addresses that are not http(s), and plain http to other machines unless allowed.
    pub fn new(endpoint: Endpoint, clock: fn() -> Timestamp) -> Result<Self, ModelError> {
        let url = checked(endpoint.url, endpoint.allow_insecure_http)?;
        let failed = |what: &str, error: &dyn fmt::Display| {
            ModelError::new(Retry::Permanent, format!("{what}: {error}"))
        };
        let tls = tls::config(url.scheme() == "https").map_err(|e| failed("TLS", &e))?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("tracemark/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(endpoint.timeout)
            .redirect(redirect::Policy::none());
        if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|e| failed("cannot set up HTTP", &e.without_url()))?;
        let is_plain = Arc::default();
        Ok(Self { http, url, key: endpoint.key, backoff: Backoff::default(), clock, is_plain })
    }

    /// The same with other waits between attempts.
    #[must_use]
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// Asks for an answer of a shape, again where that may help; gives what the model said. Where
    /// the endpoint cannot keep to a shape, the conversation says what is wanted.
    pub async fn ask(&self, model: &str, messages: &[Message], shape: &Json) -> Result<String, ModelError> {
        if !self.is_plain.load(Ordering::Relaxed) {
            match self.insist(&ChatBody::shaped(model, messages, shape)).await {
                Err(error) if matches!(error.status, Some(400 | 415 | 422 | 501)) => {}
                other => return other,
            }
        }
        let mut told = messages.to_vec();
        let content =
            format!("Answer with one JSON object and nothing else. It must fit this JSON Schema:\n{shape}");
        told.push(Message { role: "user".into(), content });
        let answer = self.insist(&ChatBody::plain(model, &told)).await?;
        self.is_plain.store(true, Ordering::Relaxed);
        Ok(answer)
    }

    async fn insist(&self, body: &ChatBody<'_>) -> Result<String, ModelError> {
        let mut failed = 0;
        loop {
            let error = match self.send(body).await {
                Ok(text) => return Ok(text),
                Err(error) => error,
            };
            failed += 1;
            let Some(pause) = self.backoff.pause(error.retry, failed, random()) else { return Err(error) };
            tokio::time::sleep(pause).await;
        }
    }

    async fn send(&self, body: &ChatBody<'_>) -> Result<String, ModelError> {
        let mut request = self.http.post(self.url.clone()).json(body);
        if let Some(key) = &self.key {
            let unfit =
                |_| ModelError::new(Retry::Auth, "the model's key has characters that cannot be sent");
            let bearer = format!("Bearer {}", key.expose_secret().trim());
            let mut value = HeaderValue::from_str(&bearer).map_err(unfit)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(self.redirected(&response));
        }
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|value| retry_after(value, (self.clock)()));
        let bytes = self.read(response).await?;
        if !status.is_success() {
            return Err(self.refused(status, &bytes, after));
        }
        let unreadable =
            |_| ModelError::new(Retry::Permanent, format!("{} does not speak chat completions", self.host()));
        let answer: ChatAnswer = serde_json::from_slice(&bytes).map_err(unreadable)?;
        answer.text().map_err(|why| ModelError::new(Retry::Permanent, self.without_key(&why)))
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, ModelError> {
        let mut bytes = Vec::new();
        while let Some(some) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if bytes.len() + some.len() > MOST_BYTES {
                return Err(ModelError::new(Retry::Permanent, "the model's answer is too large to be read"));
            }
            bytes.extend_from_slice(&some);
        }
        Ok(bytes)
    }

    fn host(&self) -> String {
        shown(&self.url)
    }

    fn unreachable(&self, error: &reqwest::Error) -> ModelError {
        if error.is_timeout() {
            // Asking again would take as long again.
            return ModelError::new(Retry::Permanent, format!("{} did not answer in time", self.host()));
        }
        ModelError::new(Retry::Network, format!("cannot reach {}", self.host()))
    }

    fn redirected(&self, response: &Response) -> ModelError {
        let to = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let to = to.and_then(|to| self.url.join(to).ok()).map(|to| to.origin().ascii_serialization());
        let to = to.unwrap_or_else(|| "elsewhere".into());
        let message = format!("{} redirects to {to}, which is not followed", self.host());
        ModelError::new(Retry::Permanent, message)
    }

    fn refused(&self, status: StatusCode, body: &[u8], after: Option<Duration>) -> ModelError {
        let retry = match status.as_u16() {
            401 | 403 => Retry::Auth,
            408 | 409 | 429 | 500 | 502..=599 => Retry::Transient { after },
            _ => Retry::Permanent,
        };
        let words = refusal(body).map(|words| self.without_key(&tidy(&words)));
        let words = words.or_else(|| status.canonical_reason().map(ToOwned::to_owned)).unwrap_or_default();
        let message = format!("{} answered {}: {words}", self.host(), status.as_u16());
        ModelError { status: Some(status.as_u16()), ..ModelError::new(retry, message) }
    }

    /// Some endpoints quote the key they refuse.
    fn without_key(&self, words: &str) -> String {
        let key = self.key.as_ref().map(|key| key.expose_secret().trim()).filter(|key| !key.is_empty());
        key.map_or_else(|| words.to_owned(), |key| words.replace(key, "…"))
    }
}

/// The address that answers, without what does not belong into it.
fn checked(mut url: Url, allow_insecure_http: bool) -> Result<Url, ModelError> {
    let refused = |message: String| Err(ModelError::new(Retry::Permanent, message));
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return refused(format!("`{}:` is no address of a model: use https://…", url.scheme()));
    }
    // Cannot fail: there is a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    if url.scheme() == "http" && !is_loopback(&url) && !allow_insecure_http {
        return refused(format!(
            "plain http would show key and content to anyone on the way to {}: use https, or `--insecure-http`",
            shown(&url)
        ));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    if !path.ends_with(PATH) {
        url.set_path(&format!("{path}/{PATH}"));
    }
    Ok(url)
}
