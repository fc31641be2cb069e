//! Sends one item's batch and settles every row of it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{OutboxUpdate, Pause, Sender, wait};
use crate::api::{ApiError, Batch, Retry};
use crate::domain::{CommentWrite, Item, ItemId, ItemStatus, QueueId, ScoreWrite, Write, WriteKind, Written};
use crate::store::{Outcome, StoreError};

/// How far the server's clock may be behind.
const CLOCKS: SignedDuration = SignedDuration::from_mins(2);
/// Wait between attempts on a server that answers with trouble.
const TROUBLE_PAUSE: Duration = Duration::from_secs(5);
/// As many answers in a row make it the server's trouble, not that of one row.
const TROUBLE: u32 = 2;
/// Wait where a rate limit does not say how long.
const RATE_PAUSE: Duration = Duration::from_secs(30);

impl Sender {
    /// Sends a claimed batch and says how many rows the server took. Every row is settled.
    pub(super) async fn send_batch(&mut self, batch: Vec<Written>) -> Result<usize, StoreError> {
        for row in &batch {
            self.tell(OutboxUpdate::Changed(row.clone()));
        }
        let scores = batch.iter().take_while(|row| row.write.kind() == WriteKind::Score).count();
        let (scores, others) = batch.split_at(scores);
        let (mut taken, go_on) = self.send_scores(scores).await?;
        if !go_on {
            return self.put_back(others).map(|()| taken);
        }
        for (n, row) in others.iter().enumerate() {
            let result = self.send_one(row).await;
            taken += usize::from(result.is_ok());
            if !self.conclude(row, result)? {
                return self.put_back(&others[n + 1..]).map(|()| taken);
            }
        }
        Ok(taken)
    }

    /// Sends an item's scores, together if the server takes that. Says how many it took and
    /// whether to go on.
    async fn send_scores(&mut self, rows: &[Written]) -> Result<(usize, bool), StoreError> {
        if rows.len() < 2 || !self.takes_arrays {
            return self.send_singly(rows, &Outcome::Back { at: None }).await;
        }
        let scores: Vec<ScoreWrite> = rows.iter().filter_map(score).cloned().collect();
        match self.client.post_scores(&scores).await {
            Ok(Batch::Accepted) => {
                for row in rows {
                    self.conclude(row, Ok(Outcome::Sent))?;
                }
                Ok((rows.len(), true))
            }
            Ok(Batch::Unsupported) => {
                let (taken, go_on) = self.send_singly(rows, &Outcome::Back { at: None }).await?;
                // If the server refuses one of them, it may only have meant that one.
                self.takes_arrays = taken < rows.len();
                Ok((taken, go_on))
            }
            // It does not say which of them it refuses: sending them again one by one does.
            Ok(Batch::Partly { messages, .. }) => {
                let error = messages.join("; ");
                self.send_singly(rows, &Outcome::Retry { at: (self.clock)(), error }).await
            }
            Err(error) if is_final(&error) => {
                let again = Outcome::Retry { at: (self.clock)(), error: error.message };
                self.send_singly(rows, &again).await
            }
            Err(error) => self.postpone(rows, &error).map(|go_on| (0, go_on)),
        }
    }

    /// Sends rows one by one. After a failure that halts the item, `rest` settles those left.
    async fn send_singly(&mut self, rows: &[Written], rest: &Outcome) -> Result<(usize, bool), StoreError> {
        let mut taken = 0;
        for (n, row) in rows.iter().enumerate() {
            let result = self.send_one(row).await;
            taken += usize::from(result.is_ok());
            if !self.conclude(row, result)? {
                rows[n + 1..].iter().try_for_each(|row| self.settle(row, rest))?;
                return Ok((taken, false));
            }
        }
        Ok((taken, true))
    }

    async fn send_one(&self, row: &Written) -> Result<Outcome, ApiError> {
        match &row.write {
            Write::Score(score) => self.client.post_score(score).await.map(|()| Outcome::Sent),
            // Deleting may take the server minutes; that it took the order is all there is to know.
            Write::DeleteScore { id, .. } => self.client.delete_score(id).await.map(|()| confirmed()),
            Write::Comment(comment) => self.send_comment(row, comment).await,
            Write::Status { queue_id, item_id, status } => {
                self.send_status(row, queue_id, item_id, *status).await
            }
            Write::Flag { .. } => Ok(confirmed()),
            Write::AddItem { .. }
            | Write::RemoveItem { .. }
            | Write::DatasetItem(_)
            | Write::DeleteDatasetItem { .. } => Ok(Outcome::Refused("cannot be sent yet".into())),
        }
    }

    async fn send_comment(&self, row: &Written, comment: &CommentWrite) -> Result<Outcome, ApiError> {
        if row.attempts > 1 && self.has_arrived(row, comment).await? {
            return Ok(confirmed());
        }
        self.client.post_comment(&self.project, comment).await.map(|_| confirmed())
    }

    /// Whether an earlier attempt arrived although its answer did not.
    async fn has_arrived(&self, row: &Written, comment: &CommentWrite) -> Result<bool, ApiError> {
        let since = self.since_first_attempt(row);
        let there = self.client.comments(&comment.object).await?;
        Ok(there.iter().any(|other| {
            other.content.trim() == comment.content.trim()
                && other.author == comment.author
                && other.created_at >= since
        }))
    }

    /// Reads the item first: completing it twice would move the time of its completion.
    async fn send_status(
        &self,
        row: &Written,
        queue: &QueueId,
        id: &ItemId,
        wanted: ItemStatus,
    ) -> Result<Outcome, ApiError> {
        let item = self.client.item(queue, id).await?;
        if item.status == wanted {
            return Ok(Outcome::Confirmed { note: self.done_by_others(row, &item), answer: None });
        }
        self.client.set_status(queue, id, wanted).await.map(|_| confirmed())
    }

    /// What to tell where an item was completed already, unless an earlier attempt of ours did it.
    fn done_by_others(&self, row: &Written, item: &Item) -> Option<String> {
        if item.status != ItemStatus::Completed {
            return None;
        }
        let ours = row.attempts > 1 && item.completed_at.is_none_or(|at| at >= self.since_first_attempt(row));
        let when = item.completed_at.map(|at| format!(" at {at:.0}")).unwrap_or_default();
        (!ours).then(|| format!("someone else completed this item{when}"))
    }

    /// The earliest time a server may put on what an earlier attempt did.
    fn since_first_attempt(&self, row: &Written) -> Timestamp {
        let first = self.store.lock().first_attempt(row.seq).ok().flatten().unwrap_or(row.created_at);
        first.checked_sub(CLOCKS).unwrap_or(Timestamp::MIN)
    }

    /// Settles a row by how sending it went, and says whether to go on with its item.
    fn conclude(&mut self, row: &Written, result: Result<Outcome, ApiError>) -> Result<bool, StoreError> {
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(error) if is_final(&error) => Outcome::Refused(error.message),
            Err(error) => return self.postpone(std::slice::from_ref(row), &error),
        };
        self.reached();
        self.settle(row, &outcome)?;
        Ok(true)
    }

    /// Puts rows off that failed together, and says whether to go on with their item.
    fn postpone(&mut self, rows: &[Written], error: &ApiError) -> Result<bool, StoreError> {
        let now = (self.clock)();
        let deletion = rows.iter().all(|row| row.write.kind() == WriteKind::DeleteScore);
        let attempts = rows.iter().map(|row| row.attempts).max().unwrap_or(1);
        let mut at = now;
        match error.retry {
            Retry::Transient { after } if error.status == Some(429) => {
                at = wait::after(now, after.unwrap_or(RATE_PAUSE));
                // Deletions have a budget of their own.
                if !deletion {
                    self.pause(Pause::RateLimited, Some(at));
                }
            }
            Retry::Transient { after } => {
                at = wait::after(now, after.unwrap_or_default().max(wait::backoff(attempts)));
                self.note_trouble(error);
            }
            Retry::Auth => self.pause(Pause::Auth(error.message.clone()), None),
            // The pause is what makes these wait, so that they go as soon as it ends.
            Retry::Network | Retry::Permanent => _ = self.pause_offline(error),
        }
        for row in rows {
            self.settle(row, &Outcome::Retry { at, error: error.to_string() })?;
        }
        Ok(deletion && self.may_send())
    }

    /// One row in trouble is put off alone; several in a row pause everything for a moment.
    fn note_trouble(&mut self, error: &ApiError) {
        self.troubled += 1;
        if self.troubled >= TROUBLE {
            let until = wait::after((self.clock)(), TROUBLE_PAUSE);
            self.pause(Pause::Offline(error.to_string()), Some(until));
        }
    }

    fn put_back(&self, rows: &[Written]) -> Result<(), StoreError> {
        rows.iter().try_for_each(|row| self.settle(row, &Outcome::Back { at: None }))
    }
}

fn score(row: &Written) -> Option<&ScoreWrite> {
    match &row.write {
        Write::Score(score) => Some(score),
        _ => None,
    }
}

/// Whether the API refused the write. That it does not know the call is said by something else: a
/// wrong address, or a page put up during maintenance.
fn is_final(error: &ApiError) -> bool {
    error.retry == Retry::Permanent && !error.is_missing_route()
}

fn confirmed() -> Outcome {
    Outcome::Confirmed { note: None, answer: None }
}
