//! Writes: what a reviewer decided, on its way from the keyboard to the server.

use jiff::Timestamp;

use super::{
    ConfigId, DataType, ItemId, ItemStatus, Object, QueueId, ScoreId, Source, Target, UserId, Value,
};

/// A score to be written. All fields are sent every time: the server clears or resets what an
/// update leaves out.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreWrite {
    /// Chosen here, see [`super::score_id`].
    pub id: ScoreId,
    /// What it is about.
    pub target: Target,
    /// The rubric row; `None` for a corrected output.
    pub config_id: Option<ConfigId>,
    /// The queue it was given in.
    pub queue_id: Option<QueueId>,
    /// The config's name.
    pub name: String,
    /// The judgement.
    pub value: Value,
    /// Its type.
    pub data_type: DataType,
    /// The reason.
    pub comment: Option<String>,
    /// ANNOTATION, or API for independent raters.
    pub source: Source,
    /// Who decided, kept in the score's metadata.
    pub annotator: String,
    /// When it was first decided; stays the same over edits.
    pub timestamp: Timestamp,
    /// Environment of the target.
    pub environment: Option<String>,
}

/// A comment to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct CommentWrite {
    /// What it is about.
    pub object: Object,
    /// Markdown.
    pub content: String,
    /// The reviewer's Langfuse user, if known.
    pub author: Option<UserId>,
}

/// One change to be made at the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Create or update a score.
    Score(ScoreWrite),
    /// Remove a score. Its id must never be used again.
    DeleteScore {
        /// The score.
        id: ScoreId,
        /// What it was about.
        target: Target,
        /// The rubric row.
        config_id: ConfigId,
        /// Whose it was.
        annotator: String,
    },
    /// Add a comment.
    Comment(CommentWrite),
    /// Complete or reopen an item.
    Status {
        /// The queue.
        queue_id: QueueId,
        /// The item.
        item_id: ItemId,
        /// The state it should get.
        status: ItemStatus,
    },
}

/// Kinds of write, in the order in which those of one item are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WriteKind {
    /// [`Write::Score`].
    Score,
    /// [`Write::DeleteScore`].
    DeleteScore,
    /// [`Write::Comment`].
    Comment,
    /// [`Write::Status`].
    Status,
}

impl Write {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> WriteKind {
        match self {
            Self::Score(_) => WriteKind::Score,
            Self::DeleteScore { .. } => WriteKind::DeleteScore,
            Self::Comment(_) => WriteKind::Comment,
            Self::Status { .. } => WriteKind::Status,
        }
    }

    /// What a later write must share to take the place of this one while it is held: the score id
    /// for scores and their removal, the item for its status. Comments always stand alone.
    #[must_use]
    pub fn replaces(&self) -> Option<String> {
        match self {
            Self::Score(ScoreWrite { id, .. }) | Self::DeleteScore { id, .. } => Some(format!("score:{id}")),
            Self::Status { item_id, .. } => Some(format!("status:{item_id}")),
            Self::Comment(_) => None,
        }
    }
}

/// Where a write stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WriteState {
    /// Saved here; sent once the item is completed or left.
    Held,
    /// Waiting to be sent.
    Pending,
    /// Being sent; after a crash nobody knows whether it arrived.
    Sending,
    /// The server took it; not seen back yet.
    Sent,
    /// Seen at the server.
    Confirmed,
    /// The server will not have it; `last_error` says why.
    Refused,
    /// A later write took its place before it was sent.
    Replaced,
}

/// A write with its history in the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Order in which decisions were made.
    pub seq: i64,
    /// The item it was decided on.
    pub item_id: ItemId,
    /// What is to be written.
    pub write: Write,
    /// Where it stands.
    pub state: WriteState,
    /// How often it was tried.
    pub attempts: u32,
    /// Not to be tried before.
    pub next_attempt_at: Option<Timestamp>,
    /// The last failure, in the server's words where there are any.
    pub last_error: Option<String>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When the server took it.
    pub sent_at: Option<Timestamp>,
}

impl Written {
    /// Whether the server may not have it yet.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        matches!(self.state, WriteState::Held | WriteState::Pending | WriteState::Sending)
    }
}
