//! Answers kept for work without the server.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use url::Url;

use super::{ApiError, Client, Line};

/// Where answers are kept. What a key means depends on the server and the keys it was asked with,
/// so each pair of those needs a shelf of its own. Called from tasks that others wait for: must not
/// take long.
pub trait Shelf: Send + Sync {
    /// Keeps the body of an answer under its call, which is the address below `/api/public` as it
    /// was sent, query included. Takes the place of an earlier one.
    fn keep(&self, key: &str, body: &[u8]);

    /// What was kept last under a key, and when.
    fn find(&self, key: &str) -> Option<(Vec<u8>, Timestamp)>;

    /// Drops what is kept under a key: the server says that it exists no more.
    fn forget(&self, key: &str);
}

/// How old the oldest kept answer is that was used.
type Noted = Arc<Mutex<Option<Timestamp>>>;

/// Where a client with a shelf looks for answers.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Source {
    /// At the server, or on the shelf while it cannot be reached.
    #[default]
    Either,
    /// At the server only; what it says is kept.
    Server,
    /// On the shelf only.
    Shelf,
}

/// What a client knows of the world without the server.
#[derive(Clone, Default)]
pub(super) struct Offline {
    pub(super) shelf: Option<Arc<dyn Shelf>>,
    pub(super) line: Line,
    pub(super) source: Source,
    noted: Option<Noted>,
}

impl Client {
    /// The same client with answers to fall back on: it keeps every good answer to a read, and
    /// answers from there when the server cannot be reached. Not for what decides about sending.
    #[must_use]
    pub fn with_shelf(mut self, answers: Arc<dyn Shelf>) -> Self {
        self.offline.shelf = Some(answers);
        self
    }

    /// A clone that asks the server, whatever is on the shelf; its answers are kept.
    #[must_use]
    pub fn asking(&self) -> Self {
        self.looking(Source::Server)
    }

    /// A clone that asks nobody: it knows what is on the shelf.
    #[must_use]
    pub fn resting(&self) -> Self {
        self.looking(Source::Shelf)
    }

    fn looking(&self, source: Source) -> Self {
        let mut looking = self.clone();
        looking.offline.source = source;
        looking
    }

    /// Whether the server can be reached; shared by all clones, with and without a shelf.
    #[must_use]
    pub fn line(&self) -> Line {
        self.offline.line.clone()
    }

    /// A clone that remembers from now on how old the answers are that it and its clones give.
    #[must_use]
    pub fn noting(&self) -> Self {
        let mut noting = self.clone();
        noting.offline.noted = Some(Noted::default());
        noting
    }

    /// When the oldest of the kept answers was kept that were given since [`Client::noting`];
    /// `None` if all came from the server.
    #[must_use]
    pub fn age(&self) -> Option<Timestamp> {
        let noted = self.offline.noted.as_ref()?;
        *noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept of a read, if it can be read.
    pub(super) fn kept<T: DeserializeOwned>(&self, url: &Url) -> Option<T> {
        let (body, kept_at) = self.offline.shelf.as_ref()?.find(self.key(url))?;
        let Ok(value) = serde_json::from_slice(&body) else {
            tracing::warn!(path = url.path(), "a kept answer cannot be read");
            return None;
        };
        if let Some(noted) = &self.offline.noted {
            let mut oldest = noted.lock().unwrap_or_else(PoisonError::into_inner);
            *oldest = Some(oldest.map_or(kept_at, |oldest| oldest.min(kept_at)));
        }
        Some(value)
    }

    /// Keeps a good answer.
    pub(super) fn keep(&self, url: &Url, body: &[u8]) {
        if let Some(shelf) = &self.offline.shelf {
            shelf.keep(self.key(url), body);
        }
    }

    /// Drops what is kept of something that the API itself says is not there. Other errors, also a
    /// 404 by something on the way, say nothing about what was kept.
    pub(super) fn forget_if_gone(&self, url: &Url, error: &ApiError) {
        if let Some(shelf) = &self.offline.shelf
            && error.is_not_found()
            && !error.is_missing_route()
        {
            shelf.forget(self.key(url));
        }
    }

    fn key<'a>(&self, url: &'a Url) -> &'a str {
        let below = url.as_str().strip_prefix(self.address()).unwrap_or(url.as_str());
        below.strip_prefix("/api/public/").unwrap_or(below)
    }
}
