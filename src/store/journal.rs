//! The reviewer's side of the outbox: decisions come in, can be taken back until they are tried,
//! and are released for sending.

use jiff::Timestamp;
use rusqlite::{Connection, named_params, params};
use uuid::Uuid;

use super::rows::{by_seq, kind_name, select, target_key, target_text, text};
use super::{Scope, Store, StoreError, payload};
use crate::domain::{ConfigId, ItemId, Target, Write, WriteKind, Written};

impl Store {
    /// Saves a decision as Held. A held decision on the same thing ([`Write::replaces`]) becomes
    /// Replaced and stays as history.
    ///
    /// # Errors
    /// When it could not be saved; then nothing has changed.
    pub fn record(
        &mut self,
        scope: &Scope,
        item: &ItemId,
        write: &Write,
        now: Timestamp,
    ) -> Result<Written, StoreError> {
        self.write(|tx| {
            if let Some(key) = write.replaces() {
                replace(tx, scope, &key, "state = 'held'", now)?;
            }
            insert(tx, scope, item, write, now)?;
            // Reading it back also proves that it can be read, before it is committed.
            by_seq(tx, tx.last_insert_rowid())
        })
    }

    /// Takes back what was decided on a thing and has never been tried, or was refused. True if
    /// there was anything; false means that it must be made undone at the server.
    ///
    /// `key` is the decision's [`Write::replaces`].
    pub fn withdraw(
        &mut self,
        scope: &Scope,
        item: &ItemId,
        key: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(|tx| {
            let taken = tx.execute(
                "UPDATE outbox SET state = 'replaced', changed_at = :now
                 WHERE host = :host AND project = :project AND item = :item AND replaces = :key
                   AND (state IN ('held', 'refused') OR state = 'pending' AND attempts = 0)",
                named_params! {
                    ":now": text(now), ":host": scope.host, ":project": scope.project.as_str(),
                    ":item": item.as_str(), ":key": key,
                },
            )?;
            Ok(taken > 0)
        })
    }

    /// Takes back one decision that has never been tried, such as a comment, which has no key.
    /// False if it is too late.
    pub fn take_back(&mut self, seq: i64, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|tx| {
            let taken = tx.execute(
                "UPDATE outbox SET state = 'replaced', changed_at = ?
                 WHERE seq = ? AND (state = 'held' OR state = 'pending' AND attempts = 0)",
                params![text(now), seq],
            )?;
            Ok(taken > 0)
        })
    }

    /// Gives the held decisions of an item (or of all) to the sender, and says how many there were.
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
        self.write(|tx| {
            let put_off = "UPDATE outbox SET next_attempt_at = :not_before
                 WHERE host = :host AND project = :project AND (:item IS NULL OR item = :item)
                   AND state = 'pending' AND attempts = 0";
            tx.execute(
                put_off,
                named_params! {
                    ":not_before": not_before, ":host": scope.host, ":project": scope.project.as_str(),
                    ":item": item,
                },
            )?;
            let released = tx.execute(
                "UPDATE outbox SET state = 'pending', next_attempt_at = :not_before, changed_at = :now
                 WHERE host = :host AND project = :project AND (:item IS NULL OR item = :item)
                   AND state = 'held'",
                named_params! {
                    ":not_before": not_before, ":now": text(now), ":host": scope.host,
                    ":project": scope.project.as_str(), ":item": item,
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
                 WHERE n.seq = :seq AND n.state IN ('refused', 'held', 'pending')
                   AND (o.seq = n.seq
                        OR o.host = n.host AND o.project = n.project AND o.item = n.item
                           AND o.seq < n.seq AND o.state IN ('held', 'pending'))",
                named_params! { ":now": text(now), ":seq": seq },
            )?;
            Ok(moved > 0)
        })
    }

    /// Gives a refused decision up; it stays as history. False if it is not refused.
    pub fn discard(&mut self, seq: i64, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|tx| {
            let moved = tx.execute(
                "UPDATE outbox SET state = 'replaced', next_attempt_at = NULL, changed_at = ?
                 WHERE seq = ? AND state = 'refused'",
                params![text(now), seq],
            )?;
            Ok(moved > 0)
        })
    }

    /// What was decided on an item and still holds, oldest first: all but Replaced.
    pub fn of_item(&self, scope: &Scope, item: &ItemId) -> Result<Vec<Written>, StoreError> {
        select(
            &self.connection,
            "host = ? AND project = ? AND item = ? AND state <> 'replaced' ORDER BY seq",
            params![scope.host, scope.project.as_str(), item.as_str()],
        )
    }

    /// Decisions the server is not known to have, oldest first: Held, Pending, Sending, Sent and
    /// Refused.
    pub fn open_writes(&self, scope: &Scope) -> Result<Vec<Written>, StoreError> {
        select(
            &self.connection,
            "host = ? AND project = ? AND state IN ('held', 'pending', 'sending', 'sent', 'refused')
             ORDER BY seq",
            params![scope.host, scope.project.as_str()],
        )
    }

    /// The audit trail: the last `limit` decisions in every state, newest first.
    pub fn journal(&self, scope: &Scope, limit: usize) -> Result<Vec<Written>, StoreError> {
        select(
            &self.connection,
            "host = ? AND project = ? ORDER BY seq DESC LIMIT ?",
            params![scope.host, scope.project.as_str(), i64::try_from(limit).unwrap_or(i64::MAX)],
        )
    }

    /// How often this annotator's score of this row on this target was deleted: the generation its
    /// next score id needs, since a deleted id must not be used again.
    pub fn generation(
        &self,
        scope: &Scope,
        target: &Target,
        config: &ConfigId,
        annotator: &str,
    ) -> Result<u32, StoreError> {
        let deletions = select(
            &self.connection,
            "host = ? AND project = ? AND target = ? AND kind = ? AND state <> 'replaced'",
            params![
                scope.host,
                scope.project.as_str(),
                target_key(target),
                kind_name(WriteKind::DeleteScore)
            ],
        )?;
        let count =
            deletions.iter().filter(|row| is_deletion_of(&row.write, target, config, annotator)).count();
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}

fn is_deletion_of(write: &Write, of: &Target, config: &ConfigId, by: &str) -> bool {
    matches!(write, Write::DeleteScore { target, config_id, annotator, .. }
        if target == of && config_id == config && annotator == by)
}

/// Marks rows of a key as Replaced where `condition` holds.
fn replace(
    connection: &Connection,
    scope: &Scope,
    key: &str,
    condition: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection.execute(
        &format!(
            "UPDATE outbox SET state = 'replaced', changed_at = ?
             WHERE host = ? AND project = ? AND replaces = ? AND {condition}"
        ),
        params![text(now), scope.host, scope.project.as_str(), key],
    )?;
    Ok(())
}

fn insert(
    connection: &Connection,
    scope: &Scope,
    item: &ItemId,
    write: &Write,
    now: Timestamp,
) -> Result<(), StoreError> {
    let payload = payload::encode(write).map_err(|e| StoreError::Row { seq: 0, why: e.to_string() })?;
    let now = text(now);
    connection.execute(
        "INSERT INTO outbox (id, host, project, item, kind, target, replaces, payload, payload_version,
                             state, created_at, changed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'held', ?, ?)",
        params![
            Uuid::new_v4().to_string(),
            scope.host,
            scope.project.as_str(),
            item.as_str(),
            kind_name(write.kind()),
            target_text(write),
            write.replaces(),
            payload,
            payload::VERSION,
            now,
            now,
        ],
    )?;
    Ok(())
}
