//! What lies over a screen: editors, prompts, viewers, questions.

use std::time::Duration;

use super::asking::Question;
use super::editor::Editor;
use super::unsent::UnsentList;
use crate::domain::{CommentWrite, ConfigId, ItemId, Object, QueueId};

/// A modal.
#[derive(Debug, Clone)]
pub enum Modal {
    /// A text being written.
    Editor(TextForm),
    /// One line being typed.
    Prompt(Prompt),
    /// Something to read.
    Viewer(Viewer),
    /// A question with yes and no.
    Confirm(Question),
    /// The list of writes the server does not have.
    Unsent(UnsentList),
    /// What to do about unsent writes before quitting.
    Leaving,
}

/// What an edited text is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Purpose {
    /// A comment on one of these objects.
    Comment {
        /// What it can be about, with names; the first is the item's own object.
        objects: Vec<(Object, String)>,
        /// The one chosen.
        chosen: usize,
    },
    /// A comment in place of one that is not sent.
    Rewrite {
        /// The write to be given up.
        seq: i64,
        /// What it says.
        comment: CommentWrite,
    },
    /// The value of a TEXT row.
    Value(ConfigId),
    /// The reason for a row's value.
    Reason(ConfigId),
}

/// A multi-line editor.
#[derive(Debug, Clone)]
pub struct TextForm {
    /// The item it belongs to.
    pub item: ItemId,
    /// What it is for.
    pub purpose: Purpose,
    /// Title of the modal.
    pub title: String,
    /// The text.
    pub editor: Editor,
    /// Most UTF-16 units, if there is a limit.
    pub limit: Option<usize>,
    /// Why the text could not be saved, until the next key.
    pub complaint: Option<String>,
    /// Since when there is something that is not kept as a draft.
    pub unkept: Option<Unkept>,
}

/// When a text was changed, in time since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unkept {
    /// The first time since it was kept.
    pub since: Duration,
    /// The last time.
    pub last: Duration,
}

impl TextForm {
    /// Names the draft kept of the text.
    #[must_use]
    pub fn draft_key(&self) -> String {
        match &self.purpose {
            Purpose::Comment { .. } => "comment".into(),
            Purpose::Rewrite { seq, .. } => format!("comment:{seq}"),
            Purpose::Value(config) => format!("value:{config}"),
            Purpose::Reason(config) => format!("reason:{config}"),
        }
    }
}

/// What a typed line is for.
#[derive(Debug, Clone, PartialEq)]
pub enum PromptFor {
    /// The value of a row.
    Value(ConfigId),
    /// Text to find in the content.
    Find,
    /// The reason for a flag.
    Flag(ItemId),
    /// What to add to a queue.
    Add(QueueId),
}

/// A one-line input.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What it is for.
    pub purpose: PromptFor,
    /// What stands before it.
    pub label: String,
    /// The text.
    pub editor: Editor,
    /// Choices that fit what was typed, for categorical rows.
    pub choices: Vec<String>,
    /// The choice taken by Enter.
    pub choice: usize,
    /// Why the text was not accepted, until the next key.
    pub complaint: Option<String>,
}

/// What a viewer shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Showing {
    /// Keys and what they do.
    Help,
    /// The guidelines of a queue.
    Guidelines(QueueId),
    /// Everything about the current observation.
    Info,
    /// All scores and comments of the current item.
    Given,
    /// Everything about an unsent write.
    Write(i64),
}

/// Something to read.
#[derive(Debug, Clone, PartialEq)]
pub struct Viewer {
    /// What it shows.
    pub showing: Showing,
    /// First row shown.
    pub scroll: usize,
}

impl Viewer {
    /// A viewer at its top.
    #[must_use]
    pub fn new(showing: Showing) -> Self {
        Self { showing, scroll: 0 }
    }
}
