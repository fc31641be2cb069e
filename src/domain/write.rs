//! Writes: what a reviewer decided, on its way from the keyboard to the server.

use jiff::Timestamp;

use super::{
    ConfigId, DataType, ItemId, ItemStatus, Object, ObservationId, QueueId, ScoreId, Source, Target, TraceId,
    UserId, Value,
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

/// A dataset item to be written, made from something reviewed. Its id is chosen here, so writing it
/// twice is an update.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetItemWrite {
    /// Chosen here.
    pub id: String,
    /// Name of the dataset.
    pub dataset: String,
    /// What goes in, as JSON.
    pub input: Option<String>,
    /// What should come out, as JSON.
    pub expected_output: Option<String>,
    /// Anything else, as JSON.
    pub metadata: Option<String>,
    /// The trace it was made from.
    pub source_trace: Option<TraceId>,
    /// The observation it was made from.
    pub source_observation: Option<ObservationId>,
}

/// One change to be made: at the server, or here only for a flag.
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
        /// The rubric row; `None` for a corrected output.
        config_id: Option<ConfigId>,
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
    /// Put an object into a queue.
    AddItem {
        /// The queue.
        queue_id: QueueId,
        /// What is to be reviewed.
        object: Object,
    },
    /// Take an item out of its queue.
    RemoveItem {
        /// The queue.
        queue_id: QueueId,
        /// The item.
        item_id: ItemId,
        /// What it points at, so that it can be put back.
        object: Object,
    },
    /// Create or update a dataset item.
    DatasetItem(DatasetItemWrite),
    /// Remove a dataset item.
    DeleteDatasetItem {
        /// The dataset item.
        id: String,
        /// Name of its dataset.
        dataset: String,
    },
    /// Flag an item, or take its flag away. Flags are kept here and never sent.
    Flag {
        /// The item.
        item_id: ItemId,
        /// The reason, which may be empty; `None` takes the flag away.
        reason: Option<String>,
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
    /// [`Write::DatasetItem`].
    DatasetItem,
    /// [`Write::DeleteDatasetItem`].
    DeleteDatasetItem,
    /// [`Write::AddItem`].
    AddItem,
    /// [`Write::Status`].
    Status,
    /// [`Write::RemoveItem`].
    RemoveItem,
    /// [`Write::Flag`].
    Flag,
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
            Self::AddItem { .. } => WriteKind::AddItem,
            Self::RemoveItem { .. } => WriteKind::RemoveItem,
            Self::DatasetItem(_) => WriteKind::DatasetItem,
            Self::DeleteDatasetItem { .. } => WriteKind::DeleteDatasetItem,
            Self::Flag { .. } => WriteKind::Flag,
        }
    }

    /// What a later write must share to take the place of this one while it is held: the score id
    /// for scores and their removal, the item for its status. Comments and changes of what is in a
    /// queue always stand alone.
    #[must_use]
    pub fn replaces(&self) -> Option<String> {
        match self {
            Self::Score(ScoreWrite { id, .. }) | Self::DeleteScore { id, .. } => Some(format!("score:{id}")),
            Self::Status { item_id, .. } => Some(format!("status:{item_id}")),
            Self::DatasetItem(DatasetItemWrite { id, .. }) | Self::DeleteDatasetItem { id, .. } => {
                Some(format!("dataset-item:{id}"))
            }
            Self::Flag { item_id, .. } => Some(format!("flag:{item_id}")),
            Self::Comment(_) | Self::AddItem { .. } | Self::RemoveItem { .. } => None,
        }
    }

    /// What it decides about, whichever id that has at the server: a deleted score that is given
    /// again gets another id and stays the same thing. `None` for what stands alone.
    #[must_use]
    pub fn thing(&self) -> Option<String> {
        match self {
            Self::Score(ScoreWrite { target, config_id, annotator, .. })
            | Self::DeleteScore { target, config_id, annotator, .. } => {
                let row = config_id.as_ref().map_or("correction", ConfigId::as_str);
                Some(format!("score/{}/{row}/{annotator}", target.key()))
            }
            _ => self.replaces(),
        }
    }

    /// The state of its thing that it brings about; `None` where that is for it not to be there.
    fn outcome(&self) -> Option<&Self> {
        match self {
            Self::DeleteScore { .. } | Self::DeleteDatasetItem { .. } | Self::Flag { reason: None, .. } => {
                None
            }
            there => Some(there),
        }
    }

    /// Whether it brings about that its thing is not there.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        self.outcome().is_none()
    }

    /// Whether two writes on the same thing leave it the same. A score's id and times do not count.
    #[must_use]
    pub fn comes_to_the_same(&self, other: &Self) -> bool {
        match (self.outcome(), other.outcome()) {
            (Some(Self::Score(one)), Some(Self::Score(other))) => {
                one.value == other.value && one.comment == other.comment
            }
            (one, other) => one == other,
        }
    }

    /// The write that takes this one back where its thing was not there before. `None` for a
    /// comment, which stays once it is sent, and where it takes an id that only the server gives.
    #[must_use]
    pub fn reverse(&self) -> Option<Self> {
        match self {
            Self::Score(score) => Some(Self::DeleteScore {
                id: score.id.clone(),
                target: score.target.clone(),
                config_id: score.config_id.clone(),
                annotator: score.annotator.clone(),
            }),
            Self::Status { queue_id, item_id, status } => Some(Self::Status {
                queue_id: queue_id.clone(),
                item_id: item_id.clone(),
                status: status.other(),
            }),
            Self::RemoveItem { queue_id, object, .. } => {
                Some(Self::AddItem { queue_id: queue_id.clone(), object: object.clone() })
            }
            Self::DatasetItem(item) => {
                Some(Self::DeleteDatasetItem { id: item.id.clone(), dataset: item.dataset.clone() })
            }
            Self::Flag { item_id, .. } => Some(Self::Flag { item_id: item_id.clone(), reason: None }),
            Self::DeleteScore { .. }
            | Self::DeleteDatasetItem { .. }
            | Self::Comment(_)
            | Self::AddItem { .. } => None,
        }
    }
}
