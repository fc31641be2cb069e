//! Rows of the outbox as values, and how times, kinds and states are written in them.

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row};

use super::{StoreError, payload};
use crate::domain::{Target, Write, WriteKind, WriteState, Written};

/// The columns [`select`] reads.
const COLUMNS: &str = "seq, item, payload, payload_version, state, attempts, next_attempt_at, last_error, \
                       created_at, sent_at";

/// A row before its texts are understood.
struct Raw {
    seq: i64,
    item: String,
    payload: String,
    payload_version: i64,
    state: String,
    attempts: u32,
    next_attempt_at: Option<String>,
    last_error: Option<String>,
    created_at: String,
    sent_at: Option<String>,
}

/// Outbox rows that fit `rest`, the statement from WHERE on.
pub(super) fn select(
    connection: &Connection,
    rest: &str,
    params: impl Params,
) -> Result<Vec<Written>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM outbox WHERE {rest}"))?;
    let raw = statement.query_map(params, Raw::read)?.collect::<Result<Vec<_>, _>>()?;
    raw.into_iter().map(Raw::understand).collect()
}

/// The row with this number.
pub(super) fn by_seq(connection: &Connection, seq: i64) -> Result<Written, StoreError> {
    let found = select(connection, "seq = ?", [seq])?.pop();
    found.ok_or_else(|| StoreError::Row { seq, why: "there is no such row".into() })
}

impl Raw {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            item: row.get(1)?,
            payload: row.get(2)?,
            payload_version: row.get(3)?,
            state: row.get(4)?,
            attempts: row.get(5)?,
            next_attempt_at: row.get(6)?,
            last_error: row.get(7)?,
            created_at: row.get(8)?,
            sent_at: row.get(9)?,
        })
    }

    fn understand(self) -> Result<Written, StoreError> {
        let seq = self.seq;
        self.written().map_err(|why| StoreError::Row { seq, why })
    }

    fn written(self) -> Result<Written, String> {
        Ok(Written {
            seq: self.seq,
            item_id: self.item.into(),
            write: payload::decode(self.payload_version, &self.payload)?,
            state: state(&self.state)?,
            attempts: self.attempts,
            next_attempt_at: self.next_attempt_at.as_deref().map(time).transpose()?,
            last_error: self.last_error,
            created_at: time(&self.created_at)?,
            sent_at: self.sent_at.as_deref().map(time).transpose()?,
        })
    }
}

/// A time as kept in columns: RFC 3339 in UTC with milliseconds, so that the order of the texts is
/// the order of the times.
pub(super) fn text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The time behind a text of a column.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|e| format!("bad time `{text}`: {e}"))
}

pub(super) fn kind_name(kind: WriteKind) -> &'static str {
    match kind {
        WriteKind::Score => "score",
        WriteKind::DeleteScore => "delete_score",
        WriteKind::Comment => "comment",
        WriteKind::Status => "status",
    }
}

pub(super) fn state_name(state: WriteState) -> &'static str {
    match state {
        WriteState::Held => "held",
        WriteState::Pending => "pending",
        WriteState::Sending => "sending",
        WriteState::Sent => "sent",
        WriteState::Confirmed => "confirmed",
        WriteState::Refused => "refused",
        WriteState::Replaced => "replaced",
    }
}

fn state(name: &str) -> Result<WriteState, String> {
    use WriteState::{Confirmed, Held, Pending, Refused, Replaced, Sending, Sent};
    [Held, Pending, Sending, Sent, Confirmed, Refused, Replaced]
        .into_iter()
        .find(|s| state_name(*s) == name)
        .ok_or_else(|| format!("unknown state `{name}`"))
}

/// What a write is about, for the column `target`.
pub(super) fn target_text(write: &Write) -> String {
    match write {
        Write::Score(score) => target_key(&score.target),
        Write::DeleteScore { target, .. } => target_key(target),
        Write::Comment(comment) => format!("{}/{}", comment.object.kind.noun(), comment.object.id),
        Write::Status { queue_id, item_id, .. } => format!("item/{queue_id}/{item_id}"),
    }
}

pub(super) fn target_key(target: &Target) -> String {
    match target {
        Target::Trace(id) => format!("trace/{id}"),
        Target::Observation(trace, id) => format!("observation/{trace}/{id}"),
        Target::Session(id) => format!("session/{id}"),
    }
}
