//! The help page: which keys do what in the place it was opened from.

use super::{Model, Screen};
use crate::input::{ACTIONS, Context, Key, place};

/// A row of the help page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelpRow {
    /// A group of keys.
    Group(&'static str),
    /// Keys with what they do.
    Keys(Vec<Key>, &'static str),
    /// Keys that no action stands for, such as the digits.
    Fixed(&'static str, &'static str),
    /// Where the log file is.
    Log,
    /// Nothing.
    Blank,
}

/// The rows for the place below the help.
#[must_use]
pub fn help_rows(model: &Model) -> Vec<HelpRow> {
    let contexts = match (model.screen, model.browse.on_items) {
        (Screen::Browse, true) => place::ITEMS,
        (Screen::Browse, false) => place::QUEUES,
        (Screen::Review, _) => place::REVIEW,
        (Screen::Summary, _) => place::SUMMARY,
    };
    // What is decided with comes before what is read with: it is what the reviewer is here for.
    let mut order: Vec<Context> = contexts.to_vec();
    order.sort_by_key(|context| *context != Context::Deciding && *context != Context::Moving);
    let mut rows = Vec::new();
    for context in order {
        rows.push(HelpRow::Group(context.title()));
        rows.extend(context.fixed().map(|(keys, words)| HelpRow::Fixed(keys, words)));
        rows.extend(keys_of(model, contexts, context));
        rows.push(HelpRow::Blank);
    }
    rows.push(HelpRow::Log);
    rows
}

/// The keys a context gives a meaning, unless another context of the place takes them first.
fn keys_of(model: &Model, place: &[Context], context: Context) -> Vec<HelpRow> {
    let keymap = &model.start.keymap;
    let row = |spec: &crate::input::ActionSpec| {
        let keys = keymap.keys_for(&[context], spec.action);
        let keys: Vec<Key> =
            keys.into_iter().filter(|key| keymap.lookup(place, *key) == Some(spec.action)).collect();
        (!keys.is_empty()).then_some(HelpRow::Keys(keys, spec.doc))
    };
    ACTIONS.iter().filter(|spec| spec.contexts().any(|c| c == context)).filter_map(row).collect()
}
