//! Bringing about a state of a thing with as little sending as possible: what was never tried is
//! dropped, and nothing is sent where the server is in that state already.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::rows::{by_seq, kind_name, origin_columns, select, target_text, text};
use super::{Scope, StoreError, payload};
use crate::domain::{
    ConfigId, Decision, NOTHING_TO_SEND, Origin, ScoreId, ScoreWrite, Write, WriteKind, WriteState, Written,
    score_id,
};

/// A row to be added.
pub(super) struct Entry<'a> {
    pub(super) scope: &'a Scope,
    /// The run of the program that adds it.
    pub(super) run: Uuid,
    pub(super) decision: Decision,
    pub(super) origin: Origin,
    pub(super) now: Timestamp,
}

impl Entry<'_> {
    /// Adds the row in place of what was decided on the same thing and never tried. `has` is the
    /// state at the server as far as known where nothing of the kind is waiting.
    pub(super) fn bring_about(
        mut self,
        connection: &Connection,
        has: Option<Write>,
    ) -> Result<Written, StoreError> {
        let thing = self.decision.write.thing();
        let last = last_tried(connection, self.scope, thing.as_deref())?;
        let waiting = waiting(connection, self.scope, thing.as_deref(), last.as_ref())?;
        let has = match waiting.iter().find(|row| Some(row.seq) > last.as_ref().map(|last| last.seq)) {
            Some(oldest) => base(connection, oldest.seq)?,
            None => has,
        };
        for row in &waiting {
            set_replaced(connection, row.seq, self.now)?;
        }
        // What takes the place of something released goes along with it.
        let released = waiting.iter().rfind(|row| row.state == WriteState::Pending);
        let unknown = last.filter(is_uncertain).map(|last| last.write);
        self.settle_score_id(connection, unknown.as_ref().or(has.as_ref()))?;
        let write = &self.decision.write;
        let nothing_to_send = write.thing().is_some()
            && unknown.is_none()
            && match &has {
                Some(has) => write.comes_to_the_same(has),
                None => write.is_absence(),
            };
        let state = match write.kind() {
            WriteKind::Flag => {
                self.replace_flag(connection)?;
                WriteState::Confirmed
            }
            _ if nothing_to_send => WriteState::Replaced,
            _ if released.is_some() => WriteState::Pending,
            _ => WriteState::Held,
        };
        let not_before = released.and_then(|row| row.next_attempt_at);
        self.insert(connection, state, not_before, has.as_ref())?;
        // Reading it back also proves that it can be read, before it is committed.
        by_seq(connection, connection.last_insert_rowid())
    }

    /// A score keeps the id it has at the server. Where that was deleted it gets a new one: the
    /// server may still be working the deletion off, and written again under it, it would vanish.
    fn settle_score_id(&mut self, connection: &Connection, has: Option<&Write>) -> Result<(), StoreError> {
        let thing = self.decision.write.thing();
        if let Some(Write::Score(there)) = has.filter(|has| has.thing() == thing)
            && let Write::Score(ScoreWrite { id, .. }) | Write::DeleteScore { id, .. } =
                &mut self.decision.write
        {
            id.clone_from(&there.id);
        }
        let Write::Score(score) = &self.decision.write else { return Ok(()) };
        let row = score.config_id.clone().unwrap_or_else(|| ConfigId::from("correction"));
        let mut id = score.id.clone();
        let mut generation = generation(connection, self.scope, &self.decision.write)?;
        while is_retired(connection, self.scope, &id)? {
            id = score_id(&self.scope.project, &score.target, &row, &score.annotator, generation);
            generation += 1;
        }
        if let Write::Score(score) = &mut self.decision.write {
            score.id = id;
        }
        Ok(())
    }

    /// Flags are never sent: the last one on an item is the one that counts.
    fn replace_flag(&self, connection: &Connection) -> Result<(), StoreError> {
        connection.execute(
            "UPDATE outbox SET state = 'replaced', changed_at = ?
             WHERE host = ? AND project = ? AND thing = ? AND state <> 'replaced'",
            params![
                text(self.now),
                self.scope.host,
                self.scope.project.as_str(),
                self.decision.write.thing()
            ],
        )?;
        Ok(())
    }

    fn insert(
        &self,
        connection: &Connection,
        state: WriteState,
        not_before: Option<Timestamp>,
        base: Option<&Write>,
    ) -> Result<(), StoreError> {
        let Decision { item_id, write, made } = &self.decision;
        let (origin, of) = origin_columns(self.origin);
        let undo = if self.origin == Origin::Decision { super::rows::OPEN } else { super::rows::CLOSED };
        let shown = made.on_screen.map(|shown| i64::try_from(shown.as_millis()).unwrap_or(i64::MAX));
        let note = (state == WriteState::Replaced).then_some(NOTHING_TO_SEND);
        let now = text(self.now);
        connection.execute(
            "INSERT INTO outbox (id, host, project, item, kind, target, replaces, payload, payload_version,
                                 state, next_attempt_at, created_at, changed_at, thing, run, annotator, queue, about,
                                 before, base, shown_ms, origin, of_seq, undo, last_error)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                Uuid::new_v4().to_string(),
                self.scope.host,
                self.scope.project.as_str(),
                item_id.as_str(),
                kind_name(write.kind()),
                target_text(write),
                write.replaces(),
                encode(write)?,
                payload::VERSION,
                super::rows::state_name(state),
                not_before.map(text),
                now,
                now,
                write.thing(),
                self.run.to_string(),
                made.annotator,
                made.queue_id.as_ref().map(crate::domain::QueueId::as_str),
                made.about,
                made.before.as_deref().map(encode).transpose()?,
                base.map(encode).transpose()?,
                shown,
                origin,
                of,
                undo,
                note,
            ],
        )?;
        Ok(())
    }
}

fn encode(write: &Write) -> Result<String, StoreError> {
    payload::encode(write).map_err(|e| StoreError::Row { seq: 0, why: e.to_string() })
}

pub(super) fn set_replaced(connection: &Connection, seq: i64, now: Timestamp) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE outbox SET state = 'replaced', next_attempt_at = NULL, changed_at = ? WHERE seq = ?",
        params![text(now), seq],
    )?;
    Ok(())
}

/// The last write on a thing that the server may have, whatever became of it.
fn last_tried(
    connection: &Connection,
    scope: &Scope,
    thing: Option<&str>,
) -> Result<Option<Written>, StoreError> {
    let found = select(
        connection,
        "host = ? AND project = ? AND thing = ? AND first_attempt_at IS NOT NULL ORDER BY seq DESC LIMIT 1",
        params![scope.host, scope.project.as_str(), thing],
    )?;
    Ok(found.into_iter().next())
}

/// Whether nobody will find out what became of a write that the server may have: it was given up,
/// or the server never showed it. The next one on its thing is sent in any case.
fn is_uncertain(tried: &Written) -> bool {
    tried.state == WriteState::Replaced || tried.is_parked()
}

/// What was decided on a thing and is not at the server for certain, oldest first. Of what was
/// tried that is only the last one, if it is parked: nothing earlier counts any more.
fn waiting(
    connection: &Connection,
    scope: &Scope,
    thing: Option<&str>,
    last_tried: Option<&Written>,
) -> Result<Vec<Written>, StoreError> {
    select(
        connection,
        "host = ? AND project = ? AND thing = ? AND seq >= ?
         AND state IN ('held', 'pending', 'refused', 'conflict')
         AND (first_attempt_at IS NULL OR state IN ('refused', 'conflict')) ORDER BY seq",
        params![scope.host, scope.project.as_str(), thing, last_tried.map_or(0, |last| last.seq)],
    )
}

/// The last of what was decided on a thing that still holds.
pub(super) fn standing(
    connection: &Connection,
    scope: &Scope,
    thing: &str,
) -> Result<Option<Written>, StoreError> {
    let found = select(
        connection,
        "host = ? AND project = ? AND thing = ? AND state <> 'replaced' ORDER BY seq DESC LIMIT 1",
        params![scope.host, scope.project.as_str(), thing],
    )?;
    Ok(found.into_iter().next())
}

/// What the server had when a row was decided.
pub(super) fn base(connection: &Connection, seq: i64) -> Result<Option<Write>, StoreError> {
    let (version, json): (i64, Option<String>) =
        connection.query_row("SELECT payload_version, base FROM outbox WHERE seq = ?", [seq], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let decode = |json: String| payload::decode(version, &json).map_err(|why| StoreError::Row { seq, why });
    json.map(decode).transpose()
}

/// Whether the server was told, or may have been told, to delete this score.
fn is_retired(connection: &Connection, scope: &Scope, id: &ScoreId) -> Result<bool, StoreError> {
    Ok(connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM outbox WHERE host = ? AND project = ? AND replaces = ?
                        AND kind = 'delete_score' AND attempts > 0)",
        params![scope.host, scope.project.as_str(), format!("score:{id}")],
        |row| row.get(0),
    )?)
}

/// How often the score of this thing was deleted at the server: part of its next id.
fn generation(connection: &Connection, scope: &Scope, write: &Write) -> Result<u32, StoreError> {
    Ok(connection.query_row(
        "SELECT count(DISTINCT replaces) FROM outbox WHERE host = ? AND project = ? AND thing = ?
         AND kind = 'delete_score' AND attempts > 0",
        params![scope.host, scope.project.as_str(), write.thing()],
        |row| row.get(0),
    )?)
}
