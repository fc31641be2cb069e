//! Looks whether the server kept the scores it took: it answers first and judges them later, and
//! tells nobody when it drops one.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Pause, Sender, wait};
use crate::api::{ApiError, Retry};
use crate::domain::{DataType, Score, ScoreId, ScoreWrite, Target, Value, Write, Written};
use crate::store::{Outcome, StoreError};

/// Wait before looking again where the server does not say how long.
const LOOK_PAUSE: Duration = Duration::from_secs(5);

/// Shortest time between two looks.
const LOOK_GAP: Duration = Duration::from_secs(1);
/// The same at a server that limits requests: there are few, and others need them more.
const LIMITED_GAP: Duration = Duration::from_secs(15);
/// What was sent within this time was sent together.
const TOGETHER: Duration = Duration::from_secs(5);
/// How long a refused score that the server had taken is looked for beside others.
const DOUBT: SignedDuration = SignedDuration::from_hours(1);

impl Sender {
    /// When to look next; `None` if all sent scores have been seen.
    pub(super) fn next_check(&self) -> Result<Option<Timestamp>, StoreError> {
        let sent = self.store.lock().unconfirmed(&self.scope)?;
        let next = sent.iter().map(|row| wait::next_look(sent_at(row), self.checked_at)).min();
        // Many scores on their way must not mean as many requests.
        let gap = if self.is_limited { LIMITED_GAP } else { LOOK_GAP };
        let gap = self.checked_at.map(|at| wait::after(at, gap));
        Ok(next.map(|at| [Some(at), gap, self.check_after].into_iter().flatten().max().unwrap_or(at)))
    }

    /// Looks for all sent scores at once, and for those that seemed to be lost.
    pub(super) async fn check_sent(&mut self) -> Result<(), StoreError> {
        let now = (self.clock)();
        let sent = self.store.lock().unconfirmed(&self.scope)?;
        let lost = self.store.lock().doubted(&self.scope, now.checked_sub(DOUBT).unwrap_or(now))?;
        let all = sent.iter().chain(&lost);
        let ids: Vec<ScoreId> = all.filter_map(score).map(|score| score.id.clone()).collect();
        match self.client.scores_by_id(&ids).await {
            Ok(shown) => {
                self.reached();
                self.checked_at = Some(now);
                self.check_after = None;
                let mut missing = self.confirm(sent, &shown)?;
                self.confirm(lost, &shown)?;
                missing.retain(|row| now.duration_since(sent_at(row)) >= self.patience(row));
                missing.iter().try_for_each(|row| self.refuse(row, &shown))
            }
            Err(error) => self.put_check_off(&error, &sent, now),
        }
    }

    /// Settles the rows that the server shows, and gives the others.
    fn confirm(&mut self, rows: Vec<Written>, shown: &[Score]) -> Result<Vec<Written>, StoreError> {
        let mut missing = Vec::new();
        for row in rows {
            // After an update the older value may still be shown.
            let updated = self.store.lock().is_update(row.seq)?;
            let Some(score) = score(&row) else { continue };
            if found(shown, score).is_some_and(|found| !updated || says_the_same(found, score)) {
                self.settle(&row, &Outcome::Confirmed { note: None, answer: None })?;
                self.seen_up_to = self.seen_up_to.max(Some(sent_at(&row)));
            } else {
                missing.push(row);
            }
        }
        Ok(missing)
    }

    /// How long the server may take to show a score.
    fn patience(&self, row: &Written) -> SignedDuration {
        let later = self.seen_up_to.is_some_and(|seen| wait::after(seen, TOGETHER) >= sent_at(row));
        if later { wait::GIVE_UP } else { wait::GIVE_UP_ANYWAY }
    }

    fn refuse(&self, row: &Written, shown: &[Score]) -> Result<(), StoreError> {
        let Some(score) = score(row) else { return Ok(()) };
        let older = found(shown, score).is_some();
        let why = if older { "it still shows the earlier value; " } else { "" };
        let why = format!("the server took it but never showed it: {why}{}", likely_reason(score));
        self.settle(row, &Outcome::Refused(why))
    }

    fn put_check_off(
        &mut self,
        error: &ApiError,
        sent: &[Written],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match error.retry {
            Retry::Network => self.check_after = Some(self.pause_offline(error)),
            Retry::Auth => self.pause(Pause::Auth(error.message.clone()), None),
            Retry::Transient { after } => {
                self.is_limited |= error.status == Some(429);
                self.check_after = Some(wait::after(now, after.unwrap_or_default().max(LOOK_PAUSE)));
            }
            Retry::Permanent => {
                self.check_after = Some(wait::after(now, LOOK_PAUSE));
                return self.give_up(error, sent, now);
            }
        }
        Ok(())
    }

    /// A server that cannot show scores leaves nothing to go by but that it took them.
    fn give_up(&self, error: &ApiError, sent: &[Written], now: Timestamp) -> Result<(), StoreError> {
        let note = Some(format!("taken by the server; cannot be looked up: {}", error.message));
        let outcome = Outcome::Confirmed { note, answer: None };
        let overdue = |row: &&Written| now.duration_since(sent_at(row)) >= wait::GIVE_UP;
        sent.iter().filter(overdue).try_for_each(|row| self.settle(row, &outcome))
    }
}

fn sent_at(row: &Written) -> Timestamp {
    row.sent_at.unwrap_or(row.created_at)
}

fn score(row: &Written) -> Option<&ScoreWrite> {
    match &row.write {
        Write::Score(score) => Some(score),
        _ => None,
    }
}

fn found<'a>(shown: &'a [Score], score: &ScoreWrite) -> Option<&'a Score> {
    shown.iter().find(|shown| shown.id == score.id)
}

fn says_the_same(shown: &Score, sent: &ScoreWrite) -> bool {
    let reason = |comment: &Option<String>| comment.as_deref().unwrap_or_default().trim().to_owned();
    same_value(&shown.value, &sent.value) && reason(&shown.comment) == reason(&sent.comment)
}

fn same_value(shown: &Value, sent: &Value) -> bool {
    match (shown, sent) {
        (Value::Number(a), Value::Number(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0),
        _ => shown == sent,
    }
}

/// What the server most likely disliked.
fn likely_reason(score: &ScoreWrite) -> &'static str {
    match (score.data_type, &score.target) {
        (DataType::Correction, Target::Session(_)) => "sessions take no corrected output",
        (DataType::Correction, _) => "the trace may be left out of storage by sampling",
        (DataType::Numeric, _) => "the value may be outside the range, or the score config archived",
        (DataType::Categorical, _) => "the category may be gone, or the score config archived",
        (DataType::Boolean | DataType::Text, _) => "the score config may be archived or of another type",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_the_same_up_to_rounding() {
        let text = |s: &str| Value::Text(s.into());
        for (shown, sent, same) in [
            (Value::Number(0.1 + 0.2), Value::Number(0.3), true),
            (Value::Number(3.0), Value::Number(4.0), false),
            (Value::Boolean(true), Value::Boolean(true), true),
            (Value::Boolean(true), Value::Boolean(false), false),
            (Value::Category("a".into()), text("a"), false),
            (text("a"), text("a"), true),
        ] {
            assert_eq!(same_value(&shown, &sent), same, "{shown:?} {sent:?}");
        }
    }
}
