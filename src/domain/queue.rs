//! Annotation queues and their items.

use jiff::Timestamp;

use super::{ConfigId, ItemId, QueueId};

/// A list of objects to annotate against a fixed set of score configs.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// Identifier.
    pub id: QueueId,
    /// Name, unique within the project; may be empty.
    pub name: String,
    /// Guidelines in Markdown, if the queue has any.
    pub description: Option<String>,
    /// The rubric, in order; may repeat an id or name an archived config.
    pub score_config_ids: Vec<ConfigId>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// How many items of a queue are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Items still to do.
    pub pending: u64,
    /// Items done.
    pub completed: u64,
}

impl Counts {
    /// All items of the queue.
    #[must_use]
    pub fn total(self) -> u64 {
        self.pending + self.completed
    }
}

/// What kind of object an item points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A whole trace.
    Trace,
    /// One observation; the item does not say of which trace.
    Observation,
    /// A session of traces.
    Session,
}

impl ObjectKind {
    /// As the API writes it.
    #[must_use]
    pub fn api_name(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Observation => "OBSERVATION",
            Self::Session => "SESSION",
        }
    }

    /// As people say it.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Observation => "observation",
            Self::Session => "session",
        }
    }
}

/// The object an item or a comment points at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Object {
    /// Trace, observation or session.
    pub kind: ObjectKind,
    /// Its id.
    pub id: String,
}

/// Whether an item still needs work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemStatus {
    /// To do.
    Pending,
    /// Done.
    Completed,
}

impl ItemStatus {
    /// As the API writes it.
    #[must_use]
    pub fn api_name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Completed => "COMPLETED",
        }
    }

    /// The one it is not.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Pending => Self::Completed,
            Self::Completed => Self::Pending,
        }
    }
}

/// One object waiting in a queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Identifier.
    pub id: ItemId,
    /// The queue it belongs to.
    pub queue_id: QueueId,
    /// What is to be annotated.
    pub object: Object,
    /// The only field that tells whether it is done: `completed_at` survives reopening.
    pub status: ItemStatus,
    /// When it was last completed.
    pub completed_at: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed; also moves when the web UI opens it.
    pub updated_at: Timestamp,
}

/// Queues whose items several people rate, each for themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Independent {
    /// None.
    #[default]
    None,
    /// All.
    All,
    /// These, by name or id.
    Queues(Vec<String>),
}

impl Independent {
    /// Whether a queue, known by name and id, is one of them.
    #[must_use]
    pub fn includes(&self, name: &str, id: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Queues(queues) => queues.iter().any(|queue| queue == name || queue == id),
        }
    }
}
