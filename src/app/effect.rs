//! What the program asks the runtime to do: data, so that tests can read it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::rows::View;
use crate::domain::{Decision, Item, ItemId, ItemStatus, Object, QueueId, Subject};

/// One thing to do. Replies come back as [`super::Msg`].
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Probe the server, then load open writes.
    Connect,
    /// Load the queues.
    FetchQueues,
    /// Load the progress of these queues, in this order.
    FetchCounts(Vec<QueueId>),
    /// Load all score configs.
    FetchConfigs,
    /// Load a page of items.
    FetchItems(FetchPage),
    /// Load one item, to open it.
    FetchItem(QueueId, ItemId),
    /// Read one item again: others may have completed or removed it.
    SeeItem(QueueId, ItemId),
    /// Find names for items whose objects are these.
    FetchLabels(Vec<Object>),
    /// Have these items fetched with all that belongs to them, most wanted first; whatever else is being fetched is cancelled.
    Want(Wanted),
    /// Load comments on one more object of an item.
    FetchComments(ItemId, Object),
    /// Lay a document out.
    LayOut(DocKey, DocSource),
    /// Make a decision durable.
    Record(RecordToken, Box<Decision>),
    /// Undo the last decision; answered by [`super::Msg::Undone`] in any case.
    Undo,
    /// Do again what was undone last; answered by [`super::Msg::Redone`] in any case.
    Redo,
    /// Let an item's decisions go to the server, not before the given moment.
    Release(ItemId, Option<Timestamp>),
    /// Let everything go to the server now.
    ReleaseAll,
    /// Try refused or waiting writes again.
    Retry(Vec<i64>),
    /// Give up writes that are not on their way.
    Discard(Vec<i64>),
    /// Give up a write and make this decision durable in its place, unless it is too late for that.
    Amend(RecordToken, i64, Box<Decision>),
    /// Look how far these writes have got in another program, and what else is open.
    LookAgain(Vec<i64>),
    /// Load what is stored here about an item.
    LoadLocal(ItemId),
    /// Try to send at once.
    Wake,
    /// Keep a text, or forget it when empty.
    SaveDraft(ItemId, String, String),
    /// Edit a text in `$EDITOR`.
    EditExternally(String),
    /// Put a text into the clipboard.
    Copy(String),
    /// Open an address in the web browser.
    Browse(String),
    /// Stop the process until the shell continues it.
    Suspend,
    /// Draw everything afresh.
    Redraw,
    /// End.
    Quit,
}

/// Items to be fetched.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wanted {
    /// The items, most wanted first.
    pub items: Vec<Item>,
    /// The one the reviewer is waiting for; the others are fetched ahead.
    pub on_screen: Option<ItemId>,
}

/// Names a decision until the store has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordToken(pub u64);

/// A page of a queue's items, asked for in one run of the list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FetchPage {
    /// The queue.
    pub queue: QueueId,
    /// Only items in this state.
    pub status: Option<ItemStatus>,
    /// From 1, newest first.
    pub page: usize,
    /// Counts up when the list starts afresh, so that late pages are dropped.
    pub generation: u64,
}

/// Names a laid-out document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DocKey {
    /// What is laid out.
    pub doc: Doc,
    /// Columns to lay it out for.
    pub width: u16,
    /// How it is shown.
    pub view: View,
    /// Whether long lines wrap.
    pub wrap: bool,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Doc {
    /// Content of the observation at a tree row of an item.
    Observation(ItemId, usize),
    /// A session's traces as one conversation.
    Conversation(ItemId),
    /// All facts about the observation at a tree row.
    Info(ItemId, usize),
    /// A queue's guidelines.
    Guidelines(QueueId),
    /// All scores and comments of an item.
    Given(ItemId),
    /// Comments on an item; the number changes when they do.
    Comments(ItemId, u64),
    /// Everything about an unsent write, as of a moment.
    Write(i64, Timestamp),
}

/// What a document is made from.
#[derive(Debug, Clone, PartialEq)]
pub enum DocSource {
    /// A fetched object and the tree row in question.
    Subject(Arc<Subject>, usize),
    /// Markdown.
    Markdown(String),
    /// Remarks: a heading line and Markdown each.
    Remarks(Vec<(String, String)>),
    /// Facts: a name and what it says each.
    Facts(Vec<(&'static str, String)>),
}
