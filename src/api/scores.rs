//! Scores.

use reqwest::{Method, StatusCode};

use super::paging::chunks;
use super::wire::{BatchResult, ScoreBody, ScoreRow};
use super::{ApiError, Client, error};
use crate::domain::{Score, ScoreId, ScoreWrite, Target, TraceId};

const FIELDS: (&str, &str) = ("fields", "core,details,subject,annotation");
/// Ids are listed in the address, which some proxies cut at 4 kB.
const ADDRESS: usize = 3000;

/// What became of several scores sent together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Batch {
    /// The server took all of them.
    Accepted,
    /// The server took the others and does not say which; sending one by one tells.
    Partly {
        /// How many it did not take.
        rejected: usize,
        /// Why, in no order.
        messages: Vec<String>,
    },
    /// The server does not take several at once, or not so much at once: send one by one.
    Unsupported,
}

impl Client {
    /// Scores around a target: for a trace or an observation all of the trace, for a session its own.
    pub async fn scores_of(&self, target: &Target) -> Result<Vec<Score>, ApiError> {
        let (key, id, trace) = match target {
            Target::Trace(trace) | Target::Observation(trace, _) => ("traceId", trace.as_str(), Some(trace)),
            Target::Session(session) => ("sessionId", session.as_str(), None),
        };
        self.scores((key, id), trace).await
    }

    /// Scores by id, in no order; those that do not exist are left out.
    ///
    /// An id with a comma cannot be asked for and is left out too.
    pub async fn scores_by_id(&self, ids: &[ScoreId]) -> Result<Vec<Score>, ApiError> {
        let ids: Vec<&str> = ids.iter().map(ScoreId::as_str).filter(|id| !id.contains(',')).collect();
        let mut scores = Vec::with_capacity(ids.len());
        for chunk in chunks(&ids, 100, ADDRESS, 3) {
            scores.extend(self.scores(("id", &chunk.join(",")), None).await?);
        }
        Ok(scores)
    }

    async fn scores(&self, filter: (&str, &str), trace: Option<&TraceId>) -> Result<Vec<Score>, ApiError> {
        let query = [filter, FIELDS, ("limit", "100")];
        let domain = |row: ScoreRow| row.into_domain(trace);
        let scores = self.all_parts(&["v3", "scores"], &query, domain).await?;
        let mut seen = std::collections::HashSet::new();
        Ok(scores.into_iter().filter(|score| seen.insert(score.id.clone())).collect())
    }

    /// Writes a score, or writes it over. Taken only means queued: the server may drop it later.
    pub async fn post_score(&self, score: &ScoreWrite) -> Result<(), ApiError> {
        self.write(Method::POST, &["scores"], Some(&ScoreBody::new(score))).await.map(drop)
    }

    /// Writes several scores in one request.
    pub async fn post_scores(&self, scores: &[ScoreWrite]) -> Result<Batch, ApiError> {
        if scores.is_empty() {
            return Ok(Batch::Accepted);
        }
        let bodies: Vec<ScoreBody> = scores.iter().map(ScoreBody::new).collect();
        let answer = match self.write(Method::POST, &["scores"], Some(&bodies)).await {
            Ok(answer) => answer,
            Err(error) if matches!(error.status, Some(400 | 413)) => return Ok(Batch::Unsupported),
            Err(error) => return Err(error),
        };
        if answer.status != StatusCode::MULTI_STATUS {
            return Ok(Batch::Accepted);
        }
        // Sending one by one is safe, so what cannot be read needs no error of its own.
        let Ok(result) = answer.json::<BatchResult>() else { return Ok(Batch::Unsupported) };
        let rejected = result.rejected.unwrap_or(result.errors.len());
        if rejected == 0 {
            return Ok(Batch::Accepted);
        }
        let messages = result.messages().iter().map(|message| error::tidy(message)).collect();
        Ok(Batch::Partly { rejected, messages })
    }

    /// Queues the removal of a score; existing or not makes no difference. May take minutes.
    pub async fn delete_score(&self, id: &ScoreId) -> Result<(), ApiError> {
        self.write::<()>(Method::DELETE, &["scores", id.as_str()], None).await.map(drop)
    }
}
