//! Rows of the outbox as values, and how times, kinds and states are written in them.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row};

use super::{StoreError, payload};
use crate::domain::{Made, Object, Origin, Write, WriteKind, WriteState, Written};

/// The columns [`select`] reads.
pub(super) const COLUMNS: &str = "seq, item, payload, payload_version, state, attempts, next_attempt_at, last_error, \
                       created_at, sent_at, changed_at, answer, origin, of_seq, undo, \
                       annotator, queue, about, before, shown_ms";

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
    changed_at: String,
    answer: Option<String>,
    origin: String,
    of_seq: Option<i64>,
    undo: String,
    annotator: String,
    queue: Option<String>,
    about: String,
    before: Option<String>,
    shown_ms: Option<i64>,
}

/// Outbox rows that fit `rest`, the statement from WHERE on.
pub(super) fn select(
    connection: &Connection,
    rest: &str,
    params: impl Params,
) -> Result<Vec<Written>, StoreError> {
    let read = || {
        let select = format!("SELECT {COLUMNS} FROM outbox WHERE {rest}");
        connection.prepare_cached(&select)?.query_map(params, Raw::read)?.collect::<Result<Vec<_>, _>>()
    };
    let path = connection.path().unwrap_or_default();
    let raw = read().map_err(|error| StoreError::from(error).at(path.as_ref()))?;
    raw.into_iter().map(Raw::understand).collect()
}

/// A row that begins with [`COLUMNS`]: its number, and what it says if that can be understood.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<(i64, Result<Written, StoreError>)> {
    let raw = Raw::read(row)?;
    Ok((raw.seq, raw.understand()))
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
            changed_at: row.get(10)?,
            answer: row.get(11)?,
            origin: row.get(12)?,
            of_seq: row.get(13)?,
            undo: row.get(14)?,
            annotator: row.get(15)?,
            queue: row.get(16)?,
            about: row.get(17)?,
            before: row.get(18)?,
            shown_ms: row.get(19)?,
        })
    }

    fn understand(self) -> Result<Written, StoreError> {
        let seq = self.seq;
        self.written().map_err(|why| StoreError::Row { seq, why })
    }

    fn written(self) -> Result<Written, String> {
        let decode = |json: &str| payload::decode(self.payload_version, json);
        let shown = self.shown_ms.and_then(|ms| u64::try_from(ms).ok());
        Ok(Written {
            seq: self.seq,
            item_id: self.item.into(),
            write: decode(&self.payload)?,
            made: Made {
                annotator: self.annotator,
                queue_id: self.queue.map(Into::into),
                about: self.about,
                before: self.before.as_deref().map(decode).transpose()?.map(Box::new),
                on_screen: shown.map(Duration::from_millis),
            },
            origin: origin(&self.origin, self.of_seq)?,
            undone: self.undo == UNDONE,
            state: state(&self.state)?,
            attempts: self.attempts,
            next_attempt_at: self.next_attempt_at.as_deref().map(time).transpose()?,
            last_error: self.last_error,
            created_at: time(&self.created_at)?,
            sent_at: self.sent_at.as_deref().map(time).transpose()?,
            changed_at: time(&self.changed_at)?,
            answer: self.answer,
        })
    }
}

/// Column `undo` of a decision that can be undone.
pub(super) const OPEN: &str = "open";
/// Column `undo` of a decision that was undone and can be done again.
pub(super) const UNDONE: &str = "undone";
/// Column `undo` of everything else.
pub(super) const CLOSED: &str = "closed";

pub(super) fn origin_columns(origin: Origin) -> (&'static str, Option<i64>) {
    match origin {
        Origin::Decision => ("decision", None),
        Origin::Undo(of) => ("undo", Some(of)),
        Origin::Redo(of) => ("redo", Some(of)),
    }
}

fn origin(name: &str, of: Option<i64>) -> Result<Origin, String> {
    match (name, of) {
        ("decision", _) => Ok(Origin::Decision),
        ("undo", Some(of)) => Ok(Origin::Undo(of)),
        ("redo", Some(of)) => Ok(Origin::Redo(of)),
        _ => Err(format!("unknown origin `{name}`")),
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

/// The name of a kind of write, in the database and in exports.
#[must_use]
pub fn kind_name(kind: WriteKind) -> &'static str {
    match kind {
        WriteKind::Score => "score",
        WriteKind::DeleteScore => "delete_score",
        WriteKind::Comment => "comment",
        WriteKind::Status => "status",
        WriteKind::AddItem => "add_item",
        WriteKind::RemoveItem => "remove_item",
        WriteKind::DatasetItem => "dataset_item",
        WriteKind::DeleteDatasetItem => "delete_dataset_item",
        WriteKind::Flag => "flag",
    }
}

/// The name of a state, in the database and in exports.
#[must_use]
pub fn state_name(state: WriteState) -> &'static str {
    match state {
        WriteState::Held => "held",
        WriteState::Pending => "pending",
        WriteState::Sending => "sending",
        WriteState::Sent => "sent",
        WriteState::Confirmed => "confirmed",
        WriteState::Refused => "refused",
        WriteState::Conflict => "conflict",
        WriteState::Replaced => "replaced",
    }
}

fn state(name: &str) -> Result<WriteState, String> {
    use WriteState::{Confirmed, Conflict, Held, Pending, Refused, Replaced, Sending, Sent};
    [Held, Pending, Sending, Sent, Confirmed, Refused, Conflict, Replaced]
        .into_iter()
        .find(|s| state_name(*s) == name)
        .ok_or_else(|| format!("unknown state `{name}`"))
}

/// What a write is about, in the database and in exports: `trace/ID`, `item/QUEUE/ID`.
#[must_use]
pub fn target_text(write: &Write) -> String {
    match write {
        Write::Score(score) => score.target.key(),
        Write::DeleteScore { target, .. } => target.key(),
        Write::Comment(comment) => object_text(&comment.object),
        Write::Status { queue_id, item_id, .. } | Write::RemoveItem { queue_id, item_id, .. } => {
            format!("item/{queue_id}/{item_id}")
        }
        Write::AddItem { queue_id, object } => format!("queue/{queue_id}/{}", object_text(object)),
        Write::DatasetItem(item) => format!("dataset/{}/{}", item.dataset, item.id),
        Write::DeleteDatasetItem { id, dataset } => format!("dataset/{dataset}/{id}"),
        Write::Flag { item_id, .. } => format!("flag/{item_id}"),
    }
}

fn object_text(object: &Object) -> String {
    format!("{}/{}", object.kind.noun(), object.id)
}
