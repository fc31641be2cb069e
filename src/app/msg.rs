//! What can happen: everything that reaches [`super::update`].

use std::sync::Arc;

use jiff::Timestamp;

use super::effect::{DocKey, FetchPage, RecordToken};
use crate::domain::rows::Rows;
use crate::domain::{
    Comment, Counts, Item, ItemId, Object, Observation, ProjectId, Queue, QueueId, Score, ScoreConfig,
    Subject, Undone, Written,
};
use crate::input::Key;

/// An event, a reply or an update.
#[derive(Debug)]
pub enum Msg {
    /// A key press.
    Key(Key),
    /// Text pasted as one.
    Paste(String),
    /// The terminal's size in columns and rows.
    Resize(u16, u16),
    /// The moment the model asked to be woken at has come.
    Deadline,
    /// The server answered the probe.
    Connected(ServerInfo),
    /// What an earlier probe learnt: the server may be out of reach, and what was fetched from it
    /// before is there.
    Known(ServerInfo),
    /// The server could not be used, or has gone out of reach.
    ConnectFailed(Failure),
    /// The queues of the project.
    Queues(Result<Vec<Queue>, Failure>),
    /// Progress of a queue.
    Counts(QueueId, Result<Counts, Failure>),
    /// All score configs of the project.
    Configs(Result<Vec<ScoreConfig>, Failure>),
    /// A page of items.
    Items {
        /// Which page this answers.
        fetch: FetchPage,
        /// Items newest first, and how many the filter has at the server.
        result: Result<(Vec<Item>, usize), Failure>,
    },
    /// The item named on the command line.
    Item(Result<Item, Failure>),
    /// Whether a part comes from what was kept here, and since when; told before the part itself.
    Kept(Part, Option<Timestamp>),
    /// What the server says about one item just now: `None` when it has been removed.
    ItemSeen(ItemId, Option<Item>),
    /// Root observations of some items' objects, to name the items in the list.
    Labels(Vec<Label>),
    /// What an item shows; `None` when its object does not exist (any more).
    Subject(ItemId, Result<Option<Arc<Subject>>, Failure>),
    /// All scores on the item's target and what belongs to it.
    Scores(ItemId, Result<Vec<Score>, Failure>),
    /// Comments on one object, oldest first.
    Comments(ItemId, Object, Result<Vec<Comment>, Failure>),
    /// What is stored here about an item: writes and drafts.
    Local(ItemId, LocalState),
    /// A laid-out document.
    LaidOut(DocKey, Arc<Rows>),
    /// A decision is durable, or could not be made so.
    Recorded(RecordToken, Result<Written, String>),
    /// What became of the wish to undo, or the reason why it could not be saved.
    Undone(Result<Undone, String>),
    /// What became of the wish to redo.
    Redone(Result<Undone, String>),
    /// The items flagged, with the reasons; at start.
    Flags(Vec<(ItemId, String)>),
    /// A write has moved on in the outbox.
    Written(Written),
    /// All writes not known to be at the server, at start.
    OpenWrites(Vec<Written>),
    /// Sending has stopped for a while.
    Paused(Pause),
    /// Sending goes on.
    Resumed,
    /// Reads on screen wait for a rate limit until then, or no longer.
    Limited(Option<Timestamp>),
    /// Another program with the same data has moved writes on.
    Neighbour,
    /// Who sends when this program does not: another one with the same data.
    OtherSender(Option<u32>),
    /// The text that came back from `$EDITOR`, or what went wrong with it.
    Edited(Result<String, String>),
    /// Something to tell the reviewer.
    Notice(String),
    /// The program is asked to stop.
    Shutdown,
}

/// A part of what is shown that is fetched as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The queues.
    Queues,
    /// A page of a queue's items.
    Items(QueueId),
    /// An item with its content, scores and comments.
    Item(ItemId),
}

/// What the probe learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerInfo {
    /// Version, if the server tells.
    pub version: Option<String>,
    /// The project of the keys.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// What is missing for this program to work fully, in words.
    pub lacking: Option<String>,
    /// Whether traces can be read the way this program reads them.
    pub shows_traces: bool,
}

/// A request that failed, told so that a person can act on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What happened, in the server's words where it has any.
    pub message: String,
    /// The next step, if there is one.
    pub hint: Option<String>,
    /// Whether trying again later may help.
    pub temporary: bool,
}

/// Why sending has stopped.
#[derive(Debug, Clone, PartialEq)]
pub struct Pause {
    /// Why.
    pub why: Why,
    /// When it goes on by itself.
    pub until: Option<Timestamp>,
}

/// What keeps writes from being sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The server cannot be reached or is in trouble, in these words.
    Offline(String),
    /// The server takes no more requests for a while.
    RateLimit,
    /// The keys are not accepted, in the server's words.
    Keys(String),
}

/// A name for an item in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The item's object id.
    pub object_id: String,
    /// Name of the trace or observation.
    pub name: String,
    /// First words of what it is about.
    pub title: Option<String>,
}

/// What is stored here about an item.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LocalState {
    /// Writes that have not been replaced, oldest first.
    pub writes: Vec<Written>,
    /// Texts kept when an editor was left: key and text.
    pub drafts: Vec<(String, String)>,
}

impl Label {
    /// A label from a root observation.
    #[must_use]
    pub fn new(object_id: String, root: &Observation, title: Option<String>) -> Self {
        let name = root.trace_name.clone().unwrap_or_else(|| root.name.clone());
        Self { object_id, name, title }
    }
}
