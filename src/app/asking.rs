//! Questions with yes and no: what is asked, in which words, and what yes does.

use super::modal::Modal;
use super::{Effect, Model};
use crate::domain::Item;
use crate::input::Action;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Whether to take an item out of its queue.
    Remove(Item),
    /// Whether to give these writes up.
    Discard(Vec<i64>),
}

/// A question as it is put to the reviewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What it is about, as a title.
    pub title: String,
    /// The question, with what yes means.
    pub text: String,
    /// What yes does, in a word or two.
    pub yes: &'static str,
    /// What no does.
    pub no: &'static str,
}

impl Question {
    /// The question in words.
    #[must_use]
    pub fn words(&self, model: &Model) -> Asked {
        match self {
            Self::Remove(item) => Asked {
                title: "Remove from the queue".into(),
                text: format!(
                    "Take {} out of the queue, for everyone? The {} itself stays, and so do its scores.",
                    model.item_name(&item.id),
                    item.object.kind.noun()
                ),
                yes: "remove",
                no: "keep it",
            },
            Self::Discard(seqs) => super::unsent::discard_words(model, seqs),
        }
    }
}

/// Puts a question to the reviewer.
pub(super) fn ask(model: &mut Model, question: Question) {
    model.modals.push(Modal::Confirm(question));
}

/// Takes the answer to the topmost question.
pub(super) fn answer(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let Some(Modal::Confirm(question)) = model.modals.last() else { return };
    let question = question.clone();
    match action {
        Action::Yes => {
            model.modals.pop();
            act(model, question, effects);
        }
        Action::No => drop(model.modals.pop()),
        _ => {}
    }
}

/// Does what was said yes to.
fn act(model: &mut Model, question: Question, effects: &mut Vec<Effect>) {
    match question {
        Question::Remove(item) => super::listing::remove(model, &item, effects),
        Question::Discard(seqs) => super::unsent::discard(model, seqs, effects),
    }
}
