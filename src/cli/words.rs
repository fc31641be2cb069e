//! Decisions and what became of them, in words. Not cleaned: that is for whoever prints them.

use crate::app::describe_write;
pub(super) use crate::domain::text::count;
use crate::domain::{GIVEN_UP, NOTHING_TO_SEND, Origin, ScoreWrite, Write, WriteState, Written};

/// What was decided, with what held before: `tone: warm → rude`, `undo of 12: tone: rude → warm`.
pub(super) fn decision(row: &Written) -> String {
    let what = change(row);
    match row.origin {
        Origin::Decision => what,
        Origin::Undo(of) => format!("undo of {of}: {what}"),
        Origin::Redo(of) => format!("redo of {of}: {what}"),
    }
}

/// The same without where it comes from.
pub(super) fn change(row: &Written) -> String {
    match (&row.write, before(row)) {
        (Write::Score(new), Some(old)) if old.value != new.value => {
            format!("{}: {} → {}", new.name, old.value, new.value)
        }
        (Write::Score(new), Some(old)) if old.comment != new.comment => {
            let change = if new.comment.is_some() { "reason changed" } else { "reason removed" };
            format!("{} = {} ({change})", new.name, new.value)
        }
        (Write::DeleteScore { .. }, Some(old)) => format!("{}: {} → nothing", old.name, old.value),
        (write, _) => describe_write(write),
    }
}

/// The score that held before.
pub(super) fn before(row: &Written) -> Option<&ScoreWrite> {
    match row.made.before.as_deref() {
        Some(Write::Score(score)) => Some(score),
        _ => None,
    }
}

/// The item as it was called, or its id.
pub(super) fn item(row: &Written) -> &str {
    if row.made.about.is_empty() { row.item_id.as_str() } else { &row.made.about }
}

/// What became of it.
pub(super) fn state(row: &Written) -> String {
    let why =
        |words: &str, otherwise: &str| format!("{words}: {}", row.last_error.as_deref().unwrap_or(otherwise));
    let is_local = matches!(row.write, Write::Flag { .. });
    let state = match row.state {
        WriteState::Held => "saved here, not released yet".into(),
        WriteState::Pending if row.last_error.is_some() => why("waits", ""),
        WriteState::Pending => "waits to be sent".into(),
        WriteState::Sending => "being sent".into(),
        WriteState::Sent => "sent, not seen back yet".into(),
        WriteState::Confirmed if is_local => "kept here".into(),
        WriteState::Confirmed => "at the server".into(),
        WriteState::Refused => why("refused", "the server gave no reason"),
        WriteState::Conflict => why("kept here", "someone else completed the item"),
        WriteState::Replaced if is_local => return if row.undone { "undone" } else { "replaced" }.into(),
        WriteState::Replaced if row.undone => return "undone before it was sent".into(),
        WriteState::Replaced => match row.last_error.as_deref() {
            Some(note @ (GIVEN_UP | NOTHING_TO_SEND)) => note.into(),
            _ => "overtaken, never sent".into(),
        },
    };
    if row.undone { format!("{state}; undone since") } else { state }
}
