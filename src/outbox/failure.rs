//! What a failure means for the rows it hit, and for all the others.

use std::time::Duration;

use jiff::Timestamp;

use super::{Pause, Sender, wait};
use crate::api::{ApiError, Retry};
use crate::domain::{WriteKind, Written};
use crate::store::{Outcome, StoreError};

/// Wait between attempts on a server that answers with trouble.
const TROUBLE_PAUSE: Duration = Duration::from_secs(5);
/// As many answers in a row make it the server's trouble, not that of one row.
const TROUBLE: u32 = 2;
/// Wait where a rate limit does not say how long.
const RATE_PAUSE: Duration = Duration::from_secs(30);

impl ApiError {
    /// Whether the API refused the call for good. That it does not know the call is said by
    /// something else: a wrong address, or a page put up during maintenance.
    pub(super) fn is_final(&self) -> bool {
        self.retry == Retry::Permanent && !self.is_missing_route()
    }
}

impl Sender {
    /// Puts rows off that failed together, and says whether to go on with their item. What
    /// certainly did not arrive is as if it had not been tried, so it can still be taken back.
    pub(super) fn put_off(&mut self, rows: &[Written], error: &ApiError) -> Result<bool, StoreError> {
        let at = self.note_failure(rows, error);
        let words = error.to_string();
        let outcome = if error.never_arrived() {
            Outcome::Back { at: Some(at), error: Some(words) }
        } else {
            Outcome::Retry { at, error: words }
        };
        rows.iter().try_for_each(|row| self.settle(row, &outcome))?;
        Ok(only_deletions(rows) && self.may_send())
    }

    /// Draws the consequences of a failure for everything, and says when to try these rows again.
    pub(super) fn note_failure(&mut self, rows: &[Written], error: &ApiError) -> Timestamp {
        let now = (self.clock)();
        match error.retry {
            Retry::Transient { after } if error.status == Some(429) => {
                let at = wait::after(now, after.unwrap_or(RATE_PAUSE));
                self.is_limited = true;
                // Deletions have a budget of their own.
                if !only_deletions(rows) {
                    self.pause(Pause::RateLimited, Some(at));
                }
                at
            }
            Retry::Transient { after } => {
                self.note_trouble(error);
                let attempts = rows.iter().map(|row| row.attempts).max().unwrap_or(1);
                wait::after(now, after.unwrap_or_default().max(wait::backoff(attempts.max(self.troubled))))
            }
            // The pause is what makes the others wait, so that they go as soon as it ends.
            Retry::Auth => {
                self.pause(Pause::Auth(error.message.clone()), None);
                now
            }
            Retry::Network | Retry::Permanent => {
                self.pause_offline(error);
                now
            }
        }
    }

    /// One row in trouble is put off alone; several in a row pause everything for a moment.
    fn note_trouble(&mut self, error: &ApiError) {
        self.troubled += 1;
        if self.troubled >= TROUBLE {
            let until = wait::after((self.clock)(), TROUBLE_PAUSE);
            self.pause(Pause::Offline(error.to_string()), Some(until));
        }
    }
}

fn only_deletions(rows: &[Written]) -> bool {
    rows.iter().all(|row| row.write.kind() == WriteKind::DeleteScore)
}
