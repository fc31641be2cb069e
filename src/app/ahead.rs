//! Typing ahead: what is typed for an item or a list that is still arriving waits for it.
//!
//! Nothing typed is lost, and nothing happens out of order.

use super::dispatch::{contexts, digit_of, is_global, press};
use super::{Effect, ItemData, Model, Screen, writing};
use crate::input::{Action, Key};

/// Most that is kept; far more than anybody types while waiting.
const MOST: usize = 100_000;

/// Something typed that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// A key.
    Key(Key),
    /// A pasted text.
    Paste(String),
}

/// Whether a key has to wait. Keys behind one that waits wait too.
pub(super) fn must_wait(model: &Model, key: Key, action: Option<Action>) -> bool {
    let queued = !model.review.typed_ahead.is_empty();
    let at_once = matches!(action, Some(Action::Back | Action::Cancel | Action::Refresh))
        || action == Some(Action::Help) && !queued;
    if !model.modals.is_empty() || is_global(action) || at_once {
        return false;
    }
    match model.screen {
        // Whatever comes next is decided on what the turn leaves behind.
        _ if model.turning.is_some() => true,
        Screen::Review => is_item_arriving(model) && (queued || decides(key, action)),
        Screen::Browse => model.review.seeking.is_some() || model.browse.queues.is_waiting(),
        Screen::Summary => false,
    }
}

fn is_item_arriving(model: &Model) -> bool {
    model.review.seeking.is_some()
        || model.current().is_some_and(ItemData::is_arriving)
        || model.configs.is_none()
}

/// Whether a key decides something about the item, or moves on to another.
fn decides(key: Key, action: Option<Action>) -> bool {
    digit_of(key).is_some() || is_deciding(action)
}

fn is_deciding(action: Option<Action>) -> bool {
    use Action::{
        ClearRow, Comment, CompleteNext, EnterValue, Flag, NextItem, NextRow, PrevItem, PrevRow, Reason,
        Redo, ReopenItem, Skip, Undo,
    };
    matches!(
        action,
        Some(
            NextRow
                | PrevRow
                | EnterValue
                | ClearRow
                | Reason
                | Comment
                | CompleteNext
                | Skip
                | NextItem
                | PrevItem
                | ReopenItem
                | Flag
                | Undo
                | Redo
        )
    )
}

/// Keeps something typed until it can be played.
pub(super) fn keep(model: &mut Model, typed: Typed) {
    if model.review.typed_ahead.len() < MOST {
        model.review.typed_ahead.push_back(typed);
    } else {
        model.say("still waiting: this key was too much");
    }
}

/// Plays what waited, as far as it can be played now.
pub(super) fn replay(model: &mut Model, effects: &mut Vec<Effect>) {
    while let Some(typed) = model.review.typed_ahead.pop_front() {
        // Out of the way, so that what is played now does not queue up behind the rest.
        let rest = std::mem::take(&mut model.review.typed_ahead);
        match typed {
            Typed::Key(key) => {
                let action = model.start.keymap.lookup(contexts(model), key);
                if must_wait(model, key, action) {
                    model.review.typed_ahead = rest;
                    model.review.typed_ahead.push_front(typed);
                    return;
                }
                press(model, key, effects);
            }
            Typed::Paste(text) => writing::paste(model, &text),
        }
        model.review.typed_ahead.extend(rest);
    }
}
