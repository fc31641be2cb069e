//! The reviewer's side of the outbox: decisions come in and are released for sending.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, named_params, params};

use super::rows::{by_seq, select, text};
use super::things::Entry;
use super::{Scope, Store, StoreError, undo};
use crate::domain::{Decision, GIVEN_UP, ItemId, Origin, QueueId, Write, Written};

impl Store {
    /// Saves a decision as Held, in place of what was decided on the same thing
    /// ([`Write::thing`]) and never tried: that becomes Replaced and stays as history. Where the
    /// server is already in the wanted state, the decision itself is Replaced: it is in the journal
    /// and nothing has to be sent.
    ///
    /// A score whose id was deleted at the server gets another one: what comes back is what counts.
    ///
    /// # Errors
    /// When it could not be saved; then nothing has changed.
    pub fn record(
        &mut self,
        scope: &Scope,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<Written, StoreError> {
        let run = self.run;
        self.write(|tx| {
            undo::close_undone(tx, scope, &decision.made.annotator)?;
            let has = decision.made.before.as_deref().cloned();
            let decision = decision.clone();
            Entry { scope, run, decision, origin: Origin::Decision, now }.bring_about(tx, has)
        })
    }

    /// Gives the held decisions of an item (or all of this run) to the sender, and says how many there were.
    ///
    /// `not_before` keeps them back a little longer, so that they can still be taken back. It also
    /// holds for what was released before and not tried yet: an item's decisions go together, and
    /// `None` means now.
    pub fn release(
        &mut self,
        scope: &Scope,
        item: Option<&ItemId>,
        not_before: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let (item, not_before) = (item.map(ItemId::as_str), not_before.map(text));
        let run = self.run.to_string();
        self.write(|tx| {
            let put_off = "UPDATE outbox SET next_attempt_at = :not_before
                 WHERE host = :host AND project = :project
                   AND (item = :item OR :item IS NULL AND run = :run)
                   AND state = 'pending' AND attempts = 0";
            tx.execute(
                put_off,
                named_params! {
                    ":not_before": not_before, ":host": scope.host, ":project": scope.project.as_str(),
                    ":item": item, ":run": run,
                },
            )?;
            let released = tx.execute(
                "UPDATE outbox SET state = 'pending', next_attempt_at = :not_before, changed_at = :now
                 WHERE host = :host AND project = :project
                   AND (item = :item OR :item IS NULL AND run = :run)
                   AND state = 'held'",
                named_params! {
                    ":not_before": not_before, ":now": text(now), ":host": scope.host,
                    ":project": scope.project.as_str(), ":item": item, ":run": run,
                },
            )?;
            Ok(released)
        })
    }

    /// Has a refused, held or waiting decision tried as soon as possible, with all that was decided
    /// before it on the same item. False if it is in none of these states.
    pub fn retry(&mut self, seq: i64, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|tx| {
            let moved = tx.execute(
                "UPDATE outbox AS o SET state = 'pending', next_attempt_at = NULL, changed_at = :now
                 FROM outbox AS n
                 WHERE n.seq = :seq AND n.state IN ('refused', 'conflict', 'held', 'pending')
                   AND (o.seq = n.seq
                        OR o.host = n.host AND o.project = n.project AND o.item = n.item
                           AND o.seq < n.seq AND o.state IN ('held', 'pending'))",
                named_params! { ":now": text(now), ":seq": seq },
            )?;
            Ok(moved > 0)
        })
    }

    /// Gives a decision up that is not on its way: it stays as history, is not sent and cannot be
    /// undone. Gives the item it was about; `None` if it is too late.
    pub fn discard(&mut self, seq: i64, now: Timestamp) -> Result<Option<ItemId>, StoreError> {
        self.write(|tx| {
            let discarded = tx.query_row(
                "UPDATE outbox SET state = 'replaced', next_attempt_at = NULL, changed_at = ?, undo = 'closed',
                        last_error = ?
                 WHERE seq = ? AND state IN ('refused', 'conflict', 'held', 'pending') RETURNING item",
                params![text(now), GIVEN_UP, seq],
                |row| row.get::<_, String>(0),
            );
            Ok(discarded.optional()?.map(ItemId::from))
        })
    }

    /// A row of the journal, whatever its state.
    ///
    /// # Errors
    /// When there is none with this number.
    pub fn written(&self, seq: i64) -> Result<Written, StoreError> {
        by_seq(&self.connection, seq)
    }

    /// What was decided on an item and still holds, oldest first: all but Replaced.
    pub fn of_item(&self, scope: &Scope, item: &ItemId) -> Result<Vec<Written>, StoreError> {
        select(
            &self.connection,
            "host = ? AND project = ? AND item = ? AND state <> 'replaced' ORDER BY seq",
            params![scope.host, scope.project.as_str(), item.as_str()],
        )
    }

    /// Decisions the server is not known to have, oldest first: Held, Pending, Sending, Sent,
    /// Refused and Conflict.
    pub fn open_writes(&self, scope: &Scope) -> Result<Vec<Written>, StoreError> {
        select(
            &self.connection,
            "host = ? AND project = ? AND state IN ('held', 'pending', 'sending', 'sent', 'refused', 'conflict')
             ORDER BY seq",
            params![scope.host, scope.project.as_str()],
        )
    }

    /// What was decided on the items of a queue that an answer of the server from that moment
    /// cannot tell: completions, reopenings and removals, oldest first.
    pub fn decided_since(
        &self,
        scope: &Scope,
        queue: &QueueId,
        since: Timestamp,
    ) -> Result<Vec<Write>, StoreError> {
        let rows = select(
            &self.connection,
            "host = ? AND project = ? AND queue = ? AND kind IN ('status', 'remove_item')
             AND state NOT IN ('replaced', 'refused') AND (state <> 'confirmed' OR changed_at >= ?)
             ORDER BY seq",
            params![scope.host, scope.project.as_str(), queue.as_str(), text(since)],
        )?;
        Ok(rows.into_iter().map(|row| row.write).collect())
    }

    /// The items flagged, with the reasons.
    pub fn flags(&self, scope: &Scope) -> Result<Vec<(ItemId, String)>, StoreError> {
        let rows = select(
            &self.connection,
            "host = ? AND project = ? AND kind = 'flag' AND state = 'confirmed' ORDER BY seq",
            params![scope.host, scope.project.as_str()],
        )?;
        let flag = |row: Written| match row.write {
            Write::Flag { item_id, reason: Some(reason) } => Some((item_id, reason)),
            _ => None,
        };
        Ok(rows.into_iter().filter_map(flag).collect())
    }

    /// The audit trail: the last `limit` decisions in every state, newest first.
    pub fn journal(&self, scope: &Scope, limit: usize) -> Result<Vec<Written>, StoreError> {
        select(
            &self.connection,
            "host = ? AND project = ? ORDER BY seq DESC LIMIT ?",
            params![scope.host, scope.project.as_str(), i64::try_from(limit).unwrap_or(i64::MAX)],
        )
    }
}
