//! A row of the journal as data: the fields of every format but the table.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::cli::words;
use crate::domain::{ItemStatus, Object, Origin, Value, Write};
use crate::store::{TrailEntry, kind_name, state_name, target_text};

/// The fields, in order.
pub(super) const FIELDS: &[&str] = &[
    "seq",
    "at",
    "annotator",
    "host",
    "project",
    "queue_id",
    "item_id",
    "about",
    "kind",
    "target",
    "name",
    "old",
    "new",
    "comment",
    "state",
    "undone",
    "origin",
    "of_seq",
    "attempts",
    "sent_at",
    "on_screen_ms",
    "server_answer",
    "server_id",
];

/// One decision, as scripts get it.
#[derive(Debug, Serialize)]
pub(super) struct Entry<'a> {
    seq: i64,
    at: Timestamp,
    annotator: &'a str,
    host: &'a str,
    project: &'a str,
    queue_id: Option<&'a str>,
    item_id: &'a str,
    about: &'a str,
    kind: &'static str,
    target: String,
    name: Option<&'a str>,
    old: Json,
    new: Json,
    comment: Option<&'a str>,
    state: &'static str,
    undone: bool,
    origin: &'static str,
    of_seq: Option<i64>,
    attempts: u32,
    sent_at: Option<Timestamp>,
    on_screen_ms: Option<u64>,
    server_answer: Option<&'a str>,
    server_id: Option<&'a str>,
}

impl<'a> Entry<'a> {
    pub(super) fn new(entry: &'a TrailEntry) -> Self {
        let TrailEntry { scope, row } = entry;
        let (origin, of_seq) = match row.origin {
            Origin::Decision => ("decision", None),
            Origin::Undo(of) => ("undo", Some(of)),
            Origin::Redo(of) => ("redo", Some(of)),
        };
        let on_screen = row.made.on_screen.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        Self {
            seq: row.seq,
            at: row.created_at,
            annotator: &row.made.annotator,
            host: &scope.host,
            project: scope.project.as_str(),
            queue_id: row.made.queue_id.as_ref().map(crate::domain::QueueId::as_str),
            item_id: row.item_id.as_str(),
            about: &row.made.about,
            kind: kind_name(row.write.kind()),
            target: target_text(&row.write),
            name: name(&row.write).or_else(|| words::before(row).map(|score| score.name.as_str())),
            old: row.made.before.as_deref().map_or(Json::Null, value),
            new: value(&row.write),
            comment: reason(&row.write),
            state: state_name(row.state),
            undone: row.undone,
            origin,
            of_seq,
            attempts: row.attempts,
            sent_at: row.sent_at,
            on_screen_ms: on_screen,
            server_answer: row.last_error.as_deref(),
            server_id: row.answer.as_deref(),
        }
    }
}

/// The name of the score or the dataset.
fn name(write: &Write) -> Option<&str> {
    match write {
        Write::Score(score) => Some(&score.name),
        Write::DatasetItem(item) => Some(&item.dataset),
        Write::DeleteDatasetItem { dataset, .. } => Some(dataset),
        _ => None,
    }
}

/// The text that goes with it: a score's reason, a flag's, or the comment itself.
fn reason(write: &Write) -> Option<&str> {
    match write {
        Write::Score(score) => score.comment.as_deref(),
        Write::Comment(comment) => Some(&comment.content),
        Write::Flag { reason, .. } => reason.as_deref(),
        _ => None,
    }
}

/// What its thing is after it; null where it is not there.
fn value(write: &Write) -> Json {
    match write {
        Write::Score(score) => match &score.value {
            Value::Number(number) => json!(number),
            Value::Boolean(yes) => json!(yes),
            Value::Category(text) | Value::Text(text) => json!(text),
        },
        Write::Comment(comment) => json!(comment.content),
        Write::Status { status: ItemStatus::Completed, .. } => json!("COMPLETED"),
        Write::Status { .. } => json!("PENDING"),
        Write::AddItem { object, .. } => json!(object_text(object)),
        Write::DatasetItem(item) => json!(item.expected_output),
        Write::Flag { reason, .. } => json!(reason),
        Write::DeleteScore { .. } | Write::RemoveItem { .. } | Write::DeleteDatasetItem { .. } => Json::Null,
    }
}

fn object_text(object: &Object) -> String {
    format!("{}/{}", object.kind.noun(), object.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{CommentWrite, Made, ObjectKind, WriteState, Written};
    use crate::store::Scope;

    #[test]
    fn the_fields_are_those_documented() {
        let object = Object { kind: ObjectKind::Trace, id: "t1".into() };
        let row = Written {
            seq: 1,
            item_id: "i1".into(),
            write: Write::Comment(CommentWrite { object, content: "good".into(), author: None }),
            made: Made::default(),
            origin: Origin::Decision,
            undone: false,
            state: WriteState::Held,
            attempts: 0,
            next_attempt_at: None,
            last_error: None,
            created_at: Timestamp::UNIX_EPOCH,
            sent_at: None,
            changed_at: Timestamp::UNIX_EPOCH,
            answer: None,
        };
        let entry = TrailEntry { scope: Scope { host: "h".into(), project: "p".into() }, row };
        let Json::Object(object) = serde_json::to_value(Entry::new(&entry)).unwrap() else {
            panic!("not an object")
        };
        assert_eq!(object.keys().collect::<Vec<_>>(), FIELDS);
    }
}
