//! Evaluators, and the scores they give.
//!
//! The newer calls are tried first; a server that does not have them is asked with the older ones.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::transport::Answer;
use super::wire::{EvaluatorRow, RuleRow, ScoreBody, newer_body, older_body};
use super::{ApiError, Client, Removal, Retry};
use crate::domain::{Evaluator, Filling, ScoreWrite, Source, Work};

const NEWER: [&str; 2] = ["v2", "evaluators"];
const OLDER: [&str; 2] = ["unstable", "evaluators"];
const OLDER_RULES: [&str; 2] = ["unstable", "evaluation-rules"];

/// An evaluator to be made, or the next version of the one of that name.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvaluator {
    /// Its name.
    pub name: String,
    /// What people say about it; older servers do not keep that.
    pub description: Option<String>,
    /// What it does.
    pub work: Work,
}

impl Client {
    /// All evaluators in their latest versions.
    pub async fn evaluators(&self) -> Result<Vec<Evaluator>, ApiError> {
        match self.all_parts(&NEWER, &[("limit", "100")], EvaluatorRow::into_domain).await {
            Err(error) if error.is_missing_route() => {
                self.all_pages(&OLDER, &[], EvaluatorRow::into_domain, |e| e.id.clone()).await
            }
            other => other,
        }
    }

    /// What the first rule that says so fills the variables of an evaluator with.
    pub async fn rule_mapping(&self, evaluator: &str) -> Result<Option<Vec<Filling>>, ApiError> {
        match self.get::<EvaluatorRow>(&[&NEWER[..], &[evaluator]].concat(), &[]).await {
            Ok(row) => return Ok(row.rule_mapping()),
            Err(error) if error.is_missing_route() => {}
            Err(error) => return Err(error),
        }
        let rules = self.all_pages(&OLDER_RULES, &[], Some::<RuleRow>, |rule| rule.id.clone()).await?;
        Ok(rules.iter().find_map(|rule| rule.mapping_of(evaluator)))
    }

    /// Makes an evaluator, or a new version of the one with this id.
    pub async fn put_evaluator(
        &self,
        new: &NewEvaluator,
        known: Option<&str>,
    ) -> Result<Evaluator, ApiError> {
        let body = newer_body(&new.name, new.description.as_deref(), &new.work);
        let newer = match known {
            Some(id) => self.write(Method::PATCH, &[&NEWER[..], &[id]].concat(), Some(&body)).await,
            None => self.write(Method::POST, &NEWER, Some(&body)).await,
        };
        let answer = match newer {
            Err(error) if error.is_missing_route() => {
                self.write(Method::POST, &OLDER, Some(&older_body(&new.name, &new.work))).await?
            }
            other => other?,
        };
        written(&answer)
    }

    /// Removes an evaluator with all its versions; its scores stay.
    pub async fn delete_evaluator(&self, id: &str) -> Result<Removal, ApiError> {
        match self.write::<()>(Method::DELETE, &[&NEWER[..], &[id]].concat(), None).await {
            Err(error) if error.is_missing_route() => {
                Removal::of(self.write::<()>(Method::DELETE, &[&OLDER[..], &[id]].concat(), None).await)
            }
            other => Removal::of(other),
        }
    }

    /// Writes scores of an evaluator. Sent again, they are updated.
    ///
    /// Only batches may say that a score is an evaluator's. A server that takes none any more gets
    /// them as scores of a program.
    ///
    /// # Errors
    /// Permanent when the server refuses any of them, with its words.
    pub async fn post_verdicts(&self, scores: &[ScoreWrite], now: Timestamp) -> Result<(), ApiError> {
        let batch: Vec<Json> = scores.iter().map(|score| event(score, now)).collect();
        match self.write(Method::POST, &["ingestion"], Some(&json!({"batch": batch}))).await {
            Ok(answer) => accepted(&answer),
            Err(error) if matches!(error.status, Some(404 | 410)) => {
                for score in scores {
                    self.post_score(&ScoreWrite { source: Source::Api, ..score.clone() }).await?;
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// A score as an event of a batch, whose time is the score's.
fn event(score: &ScoreWrite, now: Timestamp) -> Json {
    let once = format!("{} {now}", score.id);
    json!({
        "id": Uuid::new_v5(&Uuid::NAMESPACE_OID, once.as_bytes()).to_string(),
        "type": "score-create",
        "timestamp": ScoreBody::new(score).timestamp,
        "body": ScoreBody::new(score),
    })
}

/// A batch is answered well even where nothing of it was taken.
fn accepted(answer: &Answer) -> Result<(), ApiError> {
    let body: Json = answer.json().map_err(ApiError::unsettled)?;
    let Some(error) = body["errors"].as_array().and_then(|errors| errors.first()) else { return Ok(()) };
    let words = error["message"].as_str().or_else(|| error["error"].as_str()).unwrap_or("no reason given");
    Err(ApiError::new(Retry::Permanent, format!("the score was refused: {}", super::error::tidy(words))))
}

fn written(answer: &Answer) -> Result<Evaluator, ApiError> {
    let row: EvaluatorRow = answer.json().map_err(ApiError::unsettled)?;
    let unknown = || ApiError::new(Retry::Permanent, "the evaluator is of a kind this version does not know");
    row.into_domain().ok_or_else(unknown)
}
