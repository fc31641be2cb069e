//! Two people, one queue: an item is read before a batch that changes its status is sent.
//!
//! Completing an item twice would move the time of its completion, and what is decided on an item
//! that someone else has completed meanwhile may not be wanted any more: that is for the reviewer
//! to say. Independent raters all send theirs, whoever completes the item first.

use jiff::{SignedDuration, Timestamp};

use super::Sender;
use crate::api::ApiError;
use crate::domain::{Item, ItemStatus, Source, Write, WriteKind, Written};
use crate::store::{Outcome, StoreError};

/// How far the server's clock may be off.
const CLOCKS: SignedDuration = SignedDuration::from_mins(2);
const GONE: &str = "the item is no longer in the queue; what you decided on it is sent all the same";

/// A batch after its item was read.
#[derive(Default)]
pub(super) struct Looked {
    /// What is left to send, in order; a status among it is to be written.
    pub(super) left: Vec<Written>,
    /// How many rows turned out to be done.
    pub(super) done: usize,
}

/// How an item stands to the status it should get.
enum Standing {
    ToWrite,
    AsWanted,
    /// Someone else completed it, in these words.
    Taken(String),
}

impl Sender {
    /// Reads the items whose status the batch changes, and settles what that decides. If an item
    /// cannot be read, the whole batch waits.
    pub(super) async fn look_first(&mut self, batch: Vec<Written>) -> Result<Looked, StoreError> {
        let (changes, left): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|row| row.write.kind() == WriteKind::Status);
        let mut looked = Looked { left, done: 0 };
        for (n, row) in changes.iter().enumerate() {
            match self.standing(row).await? {
                Ok(Standing::ToWrite) => looked.left.push(row.clone()),
                Ok(Standing::AsWanted) => {
                    self.conclude(row, Ok(Outcome::Confirmed { note: None, answer: None }))?;
                    looked.done += 1;
                }
                Ok(Standing::Taken(why)) => {
                    self.conclude(row, Ok(Outcome::DoneByAnother(why.clone())))?;
                    looked.done += 1;
                    looked.left = self.park(looked.left, &why)?;
                }
                Err(error) if error.is_final() => {
                    let why = if error.is_not_found() { GONE.to_owned() } else { error.message };
                    self.conclude(row, Ok(Outcome::Refused(why)))?;
                }
                Err(error) => {
                    looked.left.extend_from_slice(&changes[n..]);
                    self.put_all_off(&looked.left, &error)?;
                    return Ok(Looked { left: Vec::new(), ..looked });
                }
            }
        }
        looked.left.sort_by_key(|row| (row.write.kind(), row.seq));
        Ok(looked)
    }

    /// Nothing of the batch was tried: it waits as it is, together.
    fn put_all_off(&mut self, rows: &[Written], error: &ApiError) -> Result<(), StoreError> {
        let at = Some(self.note_failure(rows, error));
        let back = Outcome::Back { at, error: Some(error.to_string()) };
        rows.iter().try_for_each(|row| self.settle(row, &back))
    }

    async fn standing(&self, row: &Written) -> Result<Result<Standing, ApiError>, StoreError> {
        let Write::Status { queue_id, item_id, status } = &row.write else {
            return Ok(Ok(Standing::ToWrite));
        };
        match self.client.item(queue_id, item_id).await {
            Ok(item) if item.status != *status => Ok(Ok(Standing::ToWrite)),
            Ok(item) if item.status == ItemStatus::Pending || self.is_ours(row, &item)? => {
                Ok(Ok(Standing::AsWanted))
            }
            Ok(item) => {
                let when = item.completed_at.map(|at| format!(" at {at:.0}")).unwrap_or_default();
                Ok(Ok(Standing::Taken(format!("someone else completed this item{when}"))))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Whether an earlier attempt of ours completed the item: that of this row, whose answer was
    /// lost, or of an earlier decision.
    fn is_ours(&self, row: &Written, item: &Item) -> Result<bool, StoreError> {
        let tried = self.store.lock().completions_tried(row.seq)?;
        let Some(at) = item.completed_at else { return Ok(!tried.is_empty()) };
        let earliest = |from: &Timestamp| from.checked_sub(CLOCKS).unwrap_or(Timestamp::MIN);
        let latest = |to: &Timestamp| to.checked_add(CLOCKS).unwrap_or(Timestamp::MAX);
        Ok(tried
            .iter()
            .any(|(from, to)| earliest(from) <= at && to.as_ref().is_none_or(|to| at <= latest(to))))
    }

    /// Parks what was decided on an item that someone else completed; gives what is sent anyway.
    fn park(&self, rows: Vec<Written>, why: &str) -> Result<Vec<Written>, StoreError> {
        if rows.iter().any(is_independent) {
            return Ok(rows);
        }
        let (review, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| {
            matches!(row.write.kind(), WriteKind::Score | WriteKind::DeleteScore | WriteKind::Comment)
        });
        review.iter().try_for_each(|row| self.settle(row, &Outcome::Conflict(why.to_owned())))?;
        Ok(others)
    }

    /// The earliest time a server may put on what an earlier attempt did.
    pub(super) fn since_first_attempt(&self, row: &Written) -> Timestamp {
        let first = self.store.lock().first_attempt(row.seq).ok().flatten().unwrap_or(row.created_at);
        first.checked_sub(CLOCKS).unwrap_or(Timestamp::MIN)
    }
}

/// Whether it is a score, or the removal of one, that stands beside those of others.
fn is_independent(row: &Written) -> bool {
    match (&row.write, row.made.before.as_deref()) {
        (Write::Score(score), _) | (Write::DeleteScore { .. }, Some(Write::Score(score))) => {
            score.source == Source::Api
        }
        _ => false,
    }
}
