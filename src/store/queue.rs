//! The sender's side of the outbox: claim a batch, send it, settle each row. Only the holder of
//! the [`super::SenderLock`] may call what changes rows here.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::rows::{CLOSED, by_seq, select, text, time};
use super::{Scope, Store, StoreError};
use crate::domain::{WriteState, Written};

/// How sending a row ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The server took it; whether it keeps it shows later.
    Sent,
    /// The server has it.
    Confirmed {
        /// What the reviewer should know about it; kept where errors are kept.
        note: Option<String>,
        /// The id the server gave to what was made.
        answer: Option<String>,
    },
    /// Someone else had already done it, in these words: settled, and not the reviewer's to undo.
    DoneByAnother(String),
    /// The server will not have it, for this reason.
    Refused(String),
    /// Someone else completed the item first, in these words: the reviewer has to say whether it
    /// is sent.
    Conflict(String),
    /// It failed, and may succeed later.
    Retry {
        /// Not to be tried before.
        at: Timestamp,
        /// What failed.
        error: String,
    },
    /// It was not tried after all, or certainly did not arrive.
    Back {
        /// Not to be tried before.
        at: Option<Timestamp>,
        /// What failed, if it was about this row.
        error: Option<String>,
    },
}

/// Rows `b` that row `o` may have to wait for: what was decided before on the same item, and for
/// its status all scores. Deletions hold nothing up: they have a budget per day at the server, and
/// no other write depends on them.
const BEFORE: &str = "b.host = o.host AND b.project = o.project AND b.item = o.item AND b.seq <> o.seq
    AND (b.seq < o.seq AND b.kind <> 'delete_score' OR o.kind = 'status' AND b.kind = 'score')";

/// Which of these hold `o` up for a time nobody knows: what is in flight, and for a status also a
/// score that the reviewer still holds.
const IN_THE_WAY: &str =
    "(b.state = 'sending' OR b.state = 'held' AND o.kind = 'status' AND b.kind = 'score')";

/// Rows of the outbox that may be sent at `:now`, as a condition on `o`: due, and nothing before
/// them is in the way or waits for a retry.
fn sendable_now() -> String {
    format!(
        "o.host = :host AND o.project = :project AND o.state = 'pending'
         AND (o.next_attempt_at IS NULL OR o.next_attempt_at <= :now)
         AND NOT EXISTS (
             SELECT 1 FROM outbox b
             WHERE {BEFORE} AND ({IN_THE_WAY} OR b.state = 'pending' AND b.next_attempt_at > :now))"
    )
}

impl Store {
    /// Takes the next batch to send and marks it Sending: what is due of the item that has waited
    /// longest, in the order of [`crate::domain::WriteKind`], then as decided.
    ///
    /// The order within an item is kept: nothing is claimed while something decided before waits
    /// for a retry, and no status while a score waits or is held. A refused score holds up neither
    /// comment nor status. What a later decision on
    /// the same thing has overtaken becomes Replaced, even if it was tried.
    pub fn claim(&mut self, scope: &Scope, now: Timestamp) -> Result<Option<Vec<Written>>, StoreError> {
        self.write(|tx| {
            drop_overtaken(tx, scope, now)?;
            let Some(item) = next_item(tx, scope, now)? else { return Ok(None) };
            let seqs = sendable(tx, scope, &item, now)?;
            for seq in &seqs {
                tx.execute(
                    "UPDATE outbox SET state = 'sending', attempts = attempts + 1, next_attempt_at = NULL,
                            first_attempt_at = coalesce(first_attempt_at, ?1), changed_at = ?1
                     WHERE seq = ?2",
                    params![text(now), seq],
                )?;
            }
            let mut batch = seqs.into_iter().map(|seq| by_seq(tx, seq)).collect::<Result<Vec<_>, _>>()?;
            batch.sort_by_key(|row| (row.write.kind(), row.seq));
            Ok(Some(batch))
        })
    }

    /// Notes how sending a row ended, or that a sent one was seen or never seen. Changes nothing
    /// where the row is neither Sending nor Sent; but one that was refused because it was never
    /// seen may be seen after all.
    pub fn settle(&mut self, seq: i64, outcome: &Outcome, now: Timestamp) -> Result<Written, StoreError> {
        self.write(|tx| {
            let row = by_seq(tx, seq)?;
            let seen_after_all = row.state == WriteState::Refused
                && row.sent_at.is_some()
                && matches!(outcome, Outcome::Confirmed { .. });
            if matches!(row.state, WriteState::Sending | WriteState::Sent) || seen_after_all {
                apply(tx, seq, outcome, now)?;
            }
            by_seq(tx, seq)
        })
    }

    /// Scores the server took and has not shown yet, oldest first.
    pub fn unconfirmed(&self, scope: &Scope) -> Result<Vec<Written>, StoreError> {
        select(
            &self.connection,
            "host = ? AND project = ? AND state = 'sent' AND kind = 'score' ORDER BY seq",
            params![scope.host, scope.project.as_str()],
        )
    }

    /// Scores the server took and never showed, refused for that since `since`; the newest hundred.
    pub fn doubted(&self, scope: &Scope, since: Timestamp) -> Result<Vec<Written>, StoreError> {
        select(
            &self.connection,
            "host = ? AND project = ? AND state = 'refused' AND kind = 'score' AND sent_at IS NOT NULL
             AND changed_at >= ? ORDER BY seq DESC LIMIT 100",
            params![scope.host, scope.project.as_str(), text(since)],
        )
    }

    /// Whether another row made what the server calls by this id.
    pub fn is_answer_of_another(&self, seq: i64, answer: &str) -> Result<bool, StoreError> {
        Ok(self.connection.query_row(
            "SELECT EXISTS (
                 SELECT 1 FROM outbox o JOIN outbox b
                     ON b.host = o.host AND b.project = o.project AND b.kind = o.kind AND b.target = o.target
                 WHERE o.seq = ? AND b.seq <> o.seq AND b.answer = ?)",
            params![seq, answer],
            |row| row.get(0),
        )?)
    }

    /// From when to when each attempt to complete the item of this row may have reached the server,
    /// the attempt that is being made left out; without an end for what is still being tried.
    pub fn completions_tried(&self, seq: i64) -> Result<Vec<(Timestamp, Option<Timestamp>)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT b.first_attempt_at,
                    CASE WHEN b.state IN ('sending', 'pending') THEN NULL
                         ELSE coalesce(b.sent_at, b.changed_at) END
             FROM outbox o JOIN outbox b
                 ON b.host = o.host AND b.project = o.project AND b.replaces = o.replaces
             WHERE o.seq = ? AND b.seq <= o.seq AND b.first_attempt_at IS NOT NULL
               AND (b.seq < o.seq OR b.attempts > 1)
               AND json_extract(b.payload, '$.status.status') = 'COMPLETED'",
        )?;
        let rows = statement.query_map([seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let rows = rows.collect::<Result<Vec<(String, Option<String>)>, _>>()?;
        let read = |at: String| time(&at).map_err(|why| StoreError::Row { seq, why });
        rows.into_iter().map(|(from, to)| Ok((read(from)?, to.map(read).transpose()?))).collect()
    }

    /// Whether an earlier write on the same thing was tried, so that the server may still show the
    /// older value.
    pub fn is_update(&self, seq: i64) -> Result<bool, StoreError> {
        Ok(self.connection.query_row(
            "SELECT EXISTS (
                 SELECT 1 FROM outbox o JOIN outbox b
                     ON b.host = o.host AND b.project = o.project AND b.replaces = o.replaces
                 WHERE o.seq = ? AND b.seq < o.seq AND b.attempts > 0)",
            [seq],
            |row| row.get(0),
        )?)
    }

    /// Whether a claimed row has to wait after all for what was decided while its batch was being
    /// sent: a completion for scores.
    pub fn must_wait(&self, seq: i64) -> Result<bool, StoreError> {
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM outbox o JOIN outbox b ON {BEFORE}
                            WHERE o.seq = ? AND b.kind = 'score' AND o.kind = 'status'
                              AND b.state IN ('held', 'pending', 'sending'))"
        );
        Ok(self.connection.prepare_cached(&sql)?.query_row([seq], |row| row.get(0))?)
    }

    /// Since when the server may have a row; `None` if it certainly has not.
    pub fn first_attempt(&self, seq: i64) -> Result<Option<Timestamp>, StoreError> {
        let found: Option<String> = self
            .connection
            .query_row("SELECT first_attempt_at FROM outbox WHERE seq = ?", [seq], |row| row.get(0))
            .optional()?
            .flatten();
        found.map(|at| time(&at).map_err(|why| StoreError::Row { seq, why })).transpose()
    }

    /// At start: what was being sent goes back to Pending with its attempts kept, so that the
    /// sender looks before it repeats; what an earlier run (before `now`, or not this one) held or
    /// put off for a while is released. Says how many rows moved.
    pub fn recover(&mut self, scope: &Scope, now: Timestamp) -> Result<usize, StoreError> {
        let run = self.run.to_string();
        self.write(|tx| {
            let moved = tx.execute(
                "UPDATE outbox SET state = 'pending', next_attempt_at = NULL, changed_at = :now
                 WHERE host = :host AND project = :project
                   AND (state = 'sending' OR (created_at <= :now OR run <> :run)
                        AND (state = 'held'
                             OR state = 'pending' AND attempts = 0 AND next_attempt_at IS NOT NULL))",
                named_params! {
                    ":now": text(now), ":host": scope.host, ":project": scope.project.as_str(),
                    ":run": run,
                },
            )?;
            Ok(moved)
        })
    }

    /// When [`Store::claim`] will next give something: a time that may have passed, `None` if
    /// nothing waits.
    pub fn next_due(&self, scope: &Scope) -> Result<Option<Timestamp>, StoreError> {
        // A row is due when it and all that it waits for are.
        let sql = format!(
            "SELECT min(max(
                 coalesce(o.next_attempt_at, o.created_at),
                 coalesce((SELECT max(b.next_attempt_at) FROM outbox b
                           WHERE {BEFORE} AND b.state = 'pending'), '')))
             FROM outbox o
             WHERE o.host = ? AND o.project = ? AND o.state = 'pending'
               AND NOT EXISTS (SELECT 1 FROM outbox b WHERE {BEFORE} AND {IN_THE_WAY})"
        );
        let params = params![scope.host, scope.project.as_str()];
        let due: Option<String> =
            self.connection.prepare_cached(&sql)?.query_row(params, |row| row.get(0))?;
        due.map(|at| time(&at).map_err(|why| StoreError::Row { seq: 0, why })).transpose()
    }
}

/// Of several unsent or refused writes on one thing only the last one counts.
fn drop_overtaken(connection: &Connection, scope: &Scope, now: Timestamp) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE outbox SET state = 'replaced', changed_at = :now
         WHERE host = :host AND project = :project AND state IN ('pending', 'refused', 'conflict')
           AND replaces IS NOT NULL AND EXISTS (
               SELECT 1 FROM outbox n
               WHERE n.host = :host AND n.project = :project AND n.replaces = outbox.replaces
                 AND n.seq > outbox.seq AND n.state IN ('pending', 'sending', 'sent', 'confirmed'))",
        named_params! { ":now": text(now), ":host": scope.host, ":project": scope.project.as_str() },
    )?;
    Ok(())
}

fn next_item(connection: &Connection, scope: &Scope, now: Timestamp) -> Result<Option<String>, StoreError> {
    let sql = format!("SELECT o.item FROM outbox o WHERE {} ORDER BY o.seq LIMIT 1", sendable_now());
    let params = named_params! {
        ":host": scope.host, ":project": scope.project.as_str(), ":now": text(now),
    };
    Ok(connection.prepare_cached(&sql)?.query_row(params, |row| row.get(0)).optional()?)
}

fn sendable(
    connection: &Connection,
    scope: &Scope,
    item: &str,
    now: Timestamp,
) -> Result<Vec<i64>, StoreError> {
    let sql = format!("SELECT o.seq FROM outbox o WHERE {} AND o.item = :item", sendable_now());
    let params = named_params! {
        ":host": scope.host, ":project": scope.project.as_str(), ":now": text(now), ":item": item,
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let seqs = statement.query_map(params, |row| row.get(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(seqs)
}

fn apply(connection: &Connection, seq: i64, outcome: &Outcome, now: Timestamp) -> Result<(), StoreError> {
    let now = text(now);
    match outcome {
        Outcome::Sent => {
            connection.execute(
                "UPDATE outbox SET state = 'sent', sent_at = ?1, last_error = NULL, changed_at = ?1
                 WHERE seq = ?2",
                params![now, seq],
            )?;
            settle_older(connection, seq, &now)
        }
        Outcome::Confirmed { note, answer } => {
            apply_confirmed(connection, seq, note.as_ref(), answer.as_ref(), &now)
        }
        Outcome::DoneByAnother(why) => {
            let note = Some(why.clone());
            apply_confirmed(connection, seq, note.as_ref(), None, &now)?;
            // Neither the decision nor, where this row did it again, what it came from.
            connection.execute(
                "UPDATE outbox SET undo = ?1
                 WHERE seq IN (?2, (SELECT of_seq FROM outbox WHERE seq = ?2))",
                params![CLOSED, seq],
            )?;
            Ok(())
        }
        Outcome::Refused(why) => {
            // Refused when it was tried for the first time, it certainly is not there.
            connection.execute(
                "UPDATE outbox SET state = 'refused', last_error = ?, changed_at = ?,
                        first_attempt_at = CASE WHEN state = 'sending' AND attempts = 1 THEN NULL
                                                ELSE first_attempt_at END
                 WHERE seq = ?",
                params![why, now, seq],
            )?;
            Ok(())
        }
        Outcome::Conflict(why) => {
            put_back(connection, seq, None, None, &now)?;
            connection.execute(
                "UPDATE outbox SET state = 'conflict', last_error = ?, changed_at = ? WHERE seq = ?",
                params![why, now, seq],
            )?;
            Ok(())
        }
        Outcome::Retry { at, error } => {
            connection.execute(
                "UPDATE outbox SET state = 'pending', next_attempt_at = ?, last_error = ?, changed_at = ?
                 WHERE seq = ?",
                params![text(*at), error, now, seq],
            )?;
            Ok(())
        }
        Outcome::Back { at, error } => put_back(connection, seq, *at, error.as_deref(), &now),
    }
}

fn apply_confirmed(
    connection: &Connection,
    seq: i64,
    note: Option<&String>,
    answer: Option<&String>,
    now: &str,
) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE outbox SET state = 'confirmed', sent_at = coalesce(sent_at, ?1), last_error = ?2,
                changed_at = ?1, answer = coalesce(?3, answer)
         WHERE seq = ?4",
        params![now, note, answer, seq],
    )?;
    settle_older(connection, seq, now)
}

/// A row that was claimed but not tried is as it was before.
fn put_back(
    connection: &Connection,
    seq: i64,
    at: Option<Timestamp>,
    error: Option<&str>,
    now: &str,
) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE outbox SET state = 'pending', attempts = attempts - 1, next_attempt_at = ?1,
                first_attempt_at = CASE attempts WHEN 1 THEN NULL ELSE first_attempt_at END,
                last_error = coalesce(?2, last_error), changed_at = ?3
         WHERE seq = ?4 AND state = 'sending'",
        params![at.map(text), error, now, seq],
    )?;
    Ok(())
}

/// Once the server has taken a later write on the same thing, an earlier one will not be seen any
/// more as it was: nobody needs to wait for it.
fn settle_older(connection: &Connection, seq: i64, now: &str) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE outbox AS o SET state = 'confirmed', changed_at = ?1,
                last_error = 'a later change overtook it before it was seen'
         FROM outbox AS n
         WHERE n.seq = ?2 AND o.host = n.host AND o.project = n.project AND o.replaces = n.replaces
           AND o.seq < n.seq AND o.state = 'sent'",
        params![now, seq],
    )?;
    Ok(())
}
