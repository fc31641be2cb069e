//! How a write is kept as JSON. The format outlives the program: what was written under a version
//! can be read for ever, and a change of format takes a new [`VERSION`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    CommentWrite, DataType, DatasetItemWrite, ItemStatus, Object, ObjectKind, ScoreWrite, Source, Target,
    Value, Write,
};

/// Format of the payloads written now.
pub(super) const VERSION: i64 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Payload {
    Score(ScorePayload),
    DeleteScore { id: String, target: TargetPayload, config: Option<String>, annotator: String },
    Comment { object: String, object_id: String, content: String, author: Option<String> },
    Status { queue: String, item: String, status: String },
    AddItem { queue: String, object: String, object_id: String },
    RemoveItem { queue: String, item: String, object: String, object_id: String },
    DatasetItem(DatasetItemPayload),
    DeleteDatasetItem { id: String, dataset: String },
    Flag { item: String, reason: Option<String> },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DatasetItemPayload {
    id: String,
    dataset: String,
    input: Option<String>,
    expected_output: Option<String>,
    metadata: Option<String>,
    source_trace: Option<String>,
    source_observation: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScorePayload {
    id: String,
    target: TargetPayload,
    config: Option<String>,
    queue: Option<String>,
    name: String,
    value: ValuePayload,
    data_type: String,
    comment: Option<String>,
    source: String,
    annotator: String,
    timestamp: Timestamp,
    environment: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TargetPayload {
    Trace(String),
    Observation { trace: String, id: String },
    Session(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ValuePayload {
    Number(f64),
    Boolean(bool),
    Category(String),
    Text(String),
}

/// The JSON of a write.
pub(super) fn encode(write: &Write) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Payload::from(write))
}

/// The write behind a JSON.
///
/// # Errors
/// Says what cannot be understood.
pub(super) fn decode(version: i64, json: &str) -> Result<Write, String> {
    if version != VERSION {
        return Err(format!("payload format {version} is not known"));
    }
    serde_json::from_str::<Payload>(json).map_err(|e| e.to_string())?.try_into()
}

impl From<&Write> for Payload {
    fn from(write: &Write) -> Self {
        match write {
            Write::Score(score) => Self::Score(score.into()),
            Write::DeleteScore { id, target, config_id, annotator } => Self::DeleteScore {
                id: id.to_string(),
                target: target.into(),
                config: config_id.as_ref().map(ToString::to_string),
                annotator: annotator.clone(),
            },
            Write::Comment(CommentWrite { object, content, author }) => Self::Comment {
                object: object.kind.api_name().to_owned(),
                object_id: object.id.clone(),
                content: content.clone(),
                author: author.as_ref().map(ToString::to_string),
            },
            Write::Status { queue_id, item_id, status } => Self::Status {
                queue: queue_id.to_string(),
                item: item_id.to_string(),
                status: status.api_name().to_owned(),
            },
            Write::AddItem { queue_id, object } => Self::AddItem {
                queue: queue_id.to_string(),
                object: object.kind.api_name().to_owned(),
                object_id: object.id.clone(),
            },
            Write::RemoveItem { queue_id, item_id, object } => Self::RemoveItem {
                queue: queue_id.to_string(),
                item: item_id.to_string(),
                object: object.kind.api_name().to_owned(),
                object_id: object.id.clone(),
            },
            Write::DatasetItem(item) => Self::DatasetItem(item.into()),
            Write::DeleteDatasetItem { id, dataset } => {
                Self::DeleteDatasetItem { id: id.clone(), dataset: dataset.clone() }
            }
            Write::Flag { item_id, reason } => {
                Self::Flag { item: item_id.to_string(), reason: reason.clone() }
            }
        }
    }
}

impl TryFrom<Payload> for Write {
    type Error = String;

    fn try_from(payload: Payload) -> Result<Self, String> {
        Ok(match payload {
            Payload::Score(score) => Self::Score(score.try_into()?),
            Payload::DeleteScore { id, target, config, annotator } => Self::DeleteScore {
                id: id.into(),
                target: target.into(),
                config_id: config.map(Into::into),
                annotator,
            },
            Payload::Comment { object, object_id, content, author } => Self::Comment(CommentWrite {
                object: as_object(&object, object_id)?,
                content,
                author: author.map(Into::into),
            }),
            Payload::Status { queue, item, status } => {
                Self::Status { queue_id: queue.into(), item_id: item.into(), status: item_status(&status)? }
            }
            Payload::AddItem { queue, object, object_id } => {
                Self::AddItem { queue_id: queue.into(), object: as_object(&object, object_id)? }
            }
            Payload::RemoveItem { queue, item, object, object_id } => Self::RemoveItem {
                queue_id: queue.into(),
                item_id: item.into(),
                object: as_object(&object, object_id)?,
            },
            Payload::DatasetItem(item) => Self::DatasetItem(item.into()),
            Payload::DeleteDatasetItem { id, dataset } => Self::DeleteDatasetItem { id, dataset },
            Payload::Flag { item, reason } => Self::Flag { item_id: item.into(), reason },
        })
    }
}

impl From<&ScoreWrite> for ScorePayload {
    fn from(score: &ScoreWrite) -> Self {
        Self {
            id: score.id.to_string(),
            target: (&score.target).into(),
            config: score.config_id.as_ref().map(ToString::to_string),
            queue: score.queue_id.as_ref().map(ToString::to_string),
            name: score.name.clone(),
            value: (&score.value).into(),
            data_type: score.data_type.api_name().to_owned(),
            comment: score.comment.clone(),
            source: source_name(&score.source).to_owned(),
            annotator: score.annotator.clone(),
            timestamp: score.timestamp,
            environment: score.environment.clone(),
        }
    }
}

impl TryFrom<ScorePayload> for ScoreWrite {
    type Error = String;

    fn try_from(score: ScorePayload) -> Result<Self, String> {
        Ok(Self {
            id: score.id.into(),
            target: score.target.into(),
            config_id: score.config.map(Into::into),
            queue_id: score.queue.map(Into::into),
            name: score.name,
            value: score.value.into(),
            data_type: data_type(&score.data_type)?,
            comment: score.comment,
            source: source(score.source),
            annotator: score.annotator,
            timestamp: score.timestamp,
            environment: score.environment,
        })
    }
}

impl From<&DatasetItemWrite> for DatasetItemPayload {
    fn from(item: &DatasetItemWrite) -> Self {
        Self {
            id: item.id.clone(),
            dataset: item.dataset.clone(),
            input: item.input.clone(),
            expected_output: item.expected_output.clone(),
            metadata: item.metadata.clone(),
            source_trace: item.source_trace.as_ref().map(ToString::to_string),
            source_observation: item.source_observation.as_ref().map(ToString::to_string),
        }
    }
}

impl From<DatasetItemPayload> for DatasetItemWrite {
    fn from(item: DatasetItemPayload) -> Self {
        Self {
            id: item.id,
            dataset: item.dataset,
            input: item.input,
            expected_output: item.expected_output,
            metadata: item.metadata,
            source_trace: item.source_trace.map(Into::into),
            source_observation: item.source_observation.map(Into::into),
        }
    }
}

impl From<&Target> for TargetPayload {
    fn from(target: &Target) -> Self {
        match target {
            Target::Trace(id) => Self::Trace(id.to_string()),
            Target::Observation(trace, id) => {
                Self::Observation { trace: trace.to_string(), id: id.to_string() }
            }
            Target::Session(id) => Self::Session(id.to_string()),
        }
    }
}

impl From<TargetPayload> for Target {
    fn from(target: TargetPayload) -> Self {
        match target {
            TargetPayload::Trace(id) => Self::Trace(id.into()),
            TargetPayload::Observation { trace, id } => Self::Observation(trace.into(), id.into()),
            TargetPayload::Session(id) => Self::Session(id.into()),
        }
    }
}

impl From<&Value> for ValuePayload {
    fn from(value: &Value) -> Self {
        match value {
            Value::Number(n) => Self::Number(*n),
            Value::Boolean(yes) => Self::Boolean(*yes),
            Value::Category(label) => Self::Category(label.clone()),
            Value::Text(text) => Self::Text(text.clone()),
        }
    }
}

impl From<ValuePayload> for Value {
    fn from(value: ValuePayload) -> Self {
        match value {
            ValuePayload::Number(n) => Self::Number(n),
            ValuePayload::Boolean(yes) => Self::Boolean(yes),
            ValuePayload::Category(label) => Self::Category(label),
            ValuePayload::Text(text) => Self::Text(text),
        }
    }
}

fn data_type(name: &str) -> Result<DataType, String> {
    use DataType::{Boolean, Categorical, Correction, Numeric, Text};
    [Numeric, Boolean, Categorical, Text, Correction]
        .into_iter()
        .find(|t| t.api_name() == name)
        .ok_or_else(|| format!("unknown score type `{name}`"))
}

fn as_object(kind: &str, id: String) -> Result<Object, String> {
    Ok(Object { kind: object_kind(kind)?, id })
}

fn object_kind(name: &str) -> Result<ObjectKind, String> {
    [ObjectKind::Trace, ObjectKind::Observation, ObjectKind::Session]
        .into_iter()
        .find(|k| k.api_name() == name)
        .ok_or_else(|| format!("unknown object type `{name}`"))
}

fn item_status(name: &str) -> Result<ItemStatus, String> {
    [ItemStatus::Pending, ItemStatus::Completed]
        .into_iter()
        .find(|s| s.api_name() == name)
        .ok_or_else(|| format!("unknown item status `{name}`"))
}

fn source_name(source: &Source) -> &str {
    match source {
        Source::Annotation => "ANNOTATION",
        Source::Api => "API",
        Source::Eval => "EVAL",
        Source::Other(name) => name,
    }
}

fn source(name: String) -> Source {
    match name.as_str() {
        "ANNOTATION" => Source::Annotation,
        "API" => Source::Api,
        "EVAL" => Source::Eval,
        _ => Source::Other(name),
    }
}
