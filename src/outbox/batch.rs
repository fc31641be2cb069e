//! Sends one item's batch and settles every row of it.

use super::{OutboxUpdate, Sender};
use crate::api::{ApiError, Batch};
use crate::domain::{ScoreWrite, Write, WriteKind, Written};
use crate::store::{Outcome, StoreError};

impl Sender {
    /// Sends a claimed batch and says how many rows the server took. Every row is settled.
    pub(super) async fn send_batch(&mut self, batch: Vec<Written>) -> Result<usize, StoreError> {
        for row in &batch {
            self.tell(OutboxUpdate::Changed(row.clone()));
        }
        let looked = self.look_first(batch).await?;
        let scores = looked.left.iter().take_while(|row| row.write.kind() == WriteKind::Score).count();
        let (scores, others) = looked.left.split_at(scores);
        let (mut taken, go_on) = self.send_scores(scores).await?;
        taken += looked.done;
        if !go_on {
            return self.put_back(others).map(|()| taken);
        }
        for (n, row) in others.iter().enumerate() {
            if self.store.lock().must_wait(row.seq)? {
                self.put_back(std::slice::from_ref(row))?;
                continue;
            }
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
            return self.send_singly(rows, &Outcome::Back { at: None, error: None }).await;
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
                let (taken, go_on) = self.send_singly(rows, &Outcome::Back { at: None, error: None }).await?;
                // If the server refuses one of them, it may only have meant that one.
                self.takes_arrays = taken < rows.len();
                Ok((taken, go_on))
            }
            // It does not say which of them it refuses: sending them again one by one does.
            Ok(Batch::Partly { messages, .. }) => {
                let error = messages.join("; ");
                self.send_singly(rows, &Outcome::Retry { at: (self.clock)(), error }).await
            }
            Err(error) if error.is_final() => {
                let again = Outcome::Retry { at: (self.clock)(), error: error.message };
                self.send_singly(rows, &again).await
            }
            Err(error) => self.put_off(rows, &error).map(|go_on| (0, go_on)),
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

    /// Settles a row by how sending it went, and says whether to go on with its item.
    pub(super) fn conclude(
        &mut self,
        row: &Written,
        result: Result<Outcome, ApiError>,
    ) -> Result<bool, StoreError> {
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(error) if error.is_final() => Outcome::Refused(error.message),
            Err(error) => return self.put_off(std::slice::from_ref(row), &error),
        };
        self.reached();
        self.settle(row, &outcome)?;
        Ok(true)
    }

    fn put_back(&self, rows: &[Written]) -> Result<(), StoreError> {
        rows.iter().try_for_each(|row| self.settle(row, &Outcome::Back { at: None, error: None }))
    }
}

fn score(row: &Written) -> Option<&ScoreWrite> {
    match &row.write {
        Write::Score(score) => Some(score),
        _ => None,
    }
}
