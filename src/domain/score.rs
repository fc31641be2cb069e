//! Scores: one judgement of one target by one annotator, judge or program.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    ConfigId, Object, ObjectKind, ObservationId, ProjectId, QueueId, ScoreId, SessionId, TraceId, UserId,
};

/// The type of a score's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataType {
    /// A number, perhaps within a range.
    Numeric,
    /// True or false.
    Boolean,
    /// One label of a list.
    Categorical,
    /// 1 to 500 UTF-16 units.
    Text,
    /// A corrected output; has no config.
    Correction,
}

impl DataType {
    /// As the API writes it.
    #[must_use]
    pub fn api_name(self) -> &'static str {
        match self {
            Self::Numeric => "NUMERIC",
            Self::Boolean => "BOOLEAN",
            Self::Categorical => "CATEGORICAL",
            Self::Text => "TEXT",
            Self::Correction => "CORRECTION",
        }
    }

    /// As people say it.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Numeric => "number",
            Self::Boolean => "yes or no",
            Self::Categorical => "category",
            Self::Text => "text",
            Self::Correction => "corrected output",
        }
    }
}

/// A score's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NUMERIC.
    Number(f64),
    /// BOOLEAN; sent as 1 or 0.
    Boolean(bool),
    /// CATEGORICAL: the label.
    Category(String),
    /// TEXT or CORRECTION.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n) => write!(f, "{n}"),
            Self::Boolean(yes) => f.write_str(if *yes { "yes" } else { "no" }),
            Self::Category(text) | Self::Text(text) => f.write_str(text),
        }
    }
}

/// Who or what wrote a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A person, in the web UI or here.
    Annotation,
    /// A program.
    Api,
    /// A judge run by Langfuse.
    Eval,
    /// One this version does not know, in the server's words.
    Other(String),
}

/// What a score is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A whole trace.
    Trace(TraceId),
    /// One observation of a trace.
    Observation(TraceId, ObservationId),
    /// A session.
    Session(SessionId),
}

impl Target {
    /// The object a comment on this target names.
    #[must_use]
    pub fn object(&self) -> Object {
        let (kind, id) = match self {
            Self::Trace(id) => (ObjectKind::Trace, id.as_str()),
            Self::Observation(_, id) => (ObjectKind::Observation, id.as_str()),
            Self::Session(id) => (ObjectKind::Session, id.as_str()),
        };
        Object { kind, id: id.to_owned() }
    }

    /// A text that names it among all targets of a project.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Trace(id) => format!("trace/{id}"),
            Self::Observation(trace, id) => format!("observation/{trace}/{id}"),
            Self::Session(id) => format!("session/{id}"),
        }
    }
}

/// A score as the server shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Identifier, chosen by the writer: the only means of updating.
    pub id: ScoreId,
    /// The config's name, or any name without config.
    pub name: String,
    /// The judgement.
    pub value: Value,
    /// Type of the value.
    pub data_type: DataType,
    /// Who wrote it.
    pub source: Source,
    /// The config, if it follows one.
    pub config_id: Option<ConfigId>,
    /// The queue it was given in.
    pub queue_id: Option<QueueId>,
    /// Set by the web UI only; such scores are never overwritten here.
    pub author: Option<UserId>,
    /// `metadata.annotator`: who wrote it through the API.
    pub annotator: Option<String>,
    /// The reason.
    pub comment: Option<String>,
    /// What it is about; `None` where this version does not know the kind.
    pub target: Option<Target>,
    /// First written; must be sent again with every update.
    pub timestamp: Timestamp,
    /// Environment it belongs to.
    pub environment: String,
}

/// The id of a score: the same judgement by the same annotator always gets the same id, so a
/// repeated send is an update. `generation` counts deletions, because the server may still be
/// working off the deletion of an id when it is written again.
#[must_use]
pub fn score_id(
    project: &ProjectId,
    target: &Target,
    config: &ConfigId,
    annotator: &str,
    generation: u32,
) -> ScoreId {
    let target = match target {
        Target::Trace(id) => format!("trace\u{1f}{id}"),
        Target::Observation(trace, id) => format!("observation\u{1f}{trace}\u{1f}{id}"),
        Target::Session(id) => format!("session\u{1f}{id}"),
    };
    let key = [project.as_str(), &target, config.as_str(), annotator, &generation.to_string()].join("\u{1e}");
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"tracemark:score");
    ScoreId::from(Uuid::new_v5(&namespace, key.as_bytes()).to_string())
}
