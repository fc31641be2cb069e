//! Reads: repeated where that may help, within the server's rate limits.

use reqwest::Method;
use serde::de::DeserializeOwned;
use url::Url;

use super::budget::Permit;
use super::class::Class;
use super::lane::Outcome;
use super::retry::random;
use super::shelf::Source;
use super::transport::{Answer, Query};
use super::{ApiError, Client, Priority, Retry};

impl Client {
    /// Reads, again where that may help. Waits as long as the server's rate limit asks for, except
    /// for what belongs to a write. With a shelf, answers from there while the line is down.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: Query<'_>,
    ) -> Result<T, ApiError> {
        let url = self.url(path, query)?;
        let (class, arrival) = (Class::of(&Method::GET, path), self.budget.arrive());
        let (mut failed, mut refused) = (0, 0);
        let (source, is_up) = (self.offline.source, self.offline.line.is_up());
        if (source == Source::Shelf || source == Source::Either && !is_up)
            && let Some(kept) = self.kept(&url)
        {
            return Ok(kept);
        }
        if source == Source::Shelf {
            return Err(ApiError::new(Retry::Network, "this has not been kept here"));
        }
        loop {
            let error = match self.read_once(class, arrival, refused, &url).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if error.status == Some(429) && class.is_some() && self.urgency.get() != Priority::Write {
                // The budget knows now how long to wait.
                refused += 1;
                continue;
            }
            if source == Source::Either
                && error.retry == Retry::Network
                && let Some(kept) = self.kept(&url)
            {
                return Ok(kept);
            }
            if error.timed_out() {
                return Err(error);
            }
            failed += 1;
            let Some(pause) = self.backoff.pause(error.retry, failed, random()) else { return Err(error) };
            tracing::debug!(path = url.path(), status = error.status, ?pause, "reading again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn read_once<T: DeserializeOwned>(
        &self,
        class: Option<Class>,
        arrival: u64,
        refused: u32,
        url: &Url,
    ) -> Result<T, ApiError> {
        let permit = match class {
            Some(class) => Some(self.budget.enter(class, &self.urgency, arrival).await),
            None => None,
        };
        let permit = permit.transpose().map_err(ApiError::limited)?;
        let answer = self.exchange(&Method::GET, url.clone(), None).await;
        let answer = self.settled(permit, refused, answer);
        let answer = answer.inspect_err(|error| self.forget_if_gone(url, error))?;
        let value = answer.json()?;
        self.keep(url, &answer.body);
        Ok(value)
    }

    /// Asks once whether the server can be reached, which the line then knows too.
    pub async fn knock(&self) -> bool {
        let Ok(url) = self.url(&["health"], &[]) else { return false };
        let answer = self.exchange(&Method::GET, url, None).await;
        match self.settled(None, 0, answer) {
            Ok(_) => true,
            Err(error) => error.status.is_some(),
        }
    }

    /// Tells the budget and the line what became of a request that was refused so often before.
    pub(super) fn settled(
        &self,
        permit: Option<Permit>,
        refused: u32,
        answer: Result<Answer, ApiError>,
    ) -> Result<Answer, ApiError> {
        match &answer {
            Err(error) if error.retry == Retry::Network => self.offline.line.set(false),
            // Something on the way that leads elsewhere is no answer of the server.
            Err(error) if error.status.is_none() => {}
            Ok(_) | Err(_) => self.offline.line.set(true),
        }
        if let Some(permit) = permit {
            permit.settle(self.outcome(refused, &answer));
        }
        answer
    }

    fn outcome(&self, refused: u32, answer: &Result<Answer, ApiError>) -> Outcome {
        match answer {
            Err(error) if error.status == Some(429) => {
                let asked = if let Retry::Transient { after } = error.retry { after } else { None };
                // Something that counts without telling how: more carefully each time.
                let wait = asked.filter(|wait| !wait.is_zero());
                let wait = wait.unwrap_or_else(|| self.backoff.limit(refused.saturating_add(1)));
                Outcome::Limited { limit: error.limit(), wait }
            }
            Err(error) if error.never_arrived() => Outcome::NotSent,
            Err(error) if error.status.is_none() => Outcome::Unsure,
            _ => Outcome::Answered,
        }
    }
}
