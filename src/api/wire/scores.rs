//! Scores.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::read;
use super::score_configs::data_type;
use crate::domain::{DataType, Score, ScoreWrite, Source, Target, TraceId, Value};

/// A score as read; also reads the older shapes, where the target has fields of its own.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScoreRow {
    /// Identifier.
    pub id: String,
    /// Name.
    #[serde(default, deserialize_with = "read::text")]
    pub name: Option<String>,
    /// A number, text or truth value.
    #[serde(default)]
    pub value: Json,
    /// Where older servers keep texts.
    #[serde(default, deserialize_with = "read::text")]
    pub string_value: Option<String>,
    /// Type of the value.
    #[serde(default, deserialize_with = "read::text")]
    pub data_type: Option<String>,
    /// Who or what wrote it.
    #[serde(default, deserialize_with = "read::text")]
    pub source: Option<String>,
    /// The config it follows.
    #[serde(default, deserialize_with = "read::text")]
    pub config_id: Option<String>,
    /// The queue it was given in.
    #[serde(default, deserialize_with = "read::text")]
    pub queue_id: Option<String>,
    /// Set by the web UI.
    #[serde(default, deserialize_with = "read::text")]
    pub author_user_id: Option<String>,
    /// The reason.
    #[serde(default, deserialize_with = "read::text")]
    pub comment: Option<String>,
    /// Anything; `annotator` is ours.
    #[serde(default)]
    pub metadata: Json,
    /// What it is about.
    #[serde(default)]
    pub subject: Option<Subject>,
    /// Older servers: the trace.
    #[serde(default, deserialize_with = "read::text")]
    pub trace_id: Option<String>,
    /// Older servers: the observation.
    #[serde(default, deserialize_with = "read::text")]
    pub observation_id: Option<String>,
    /// Older servers: the session.
    #[serde(default, deserialize_with = "read::text")]
    pub session_id: Option<String>,
    /// First written.
    #[serde(default, deserialize_with = "read::time")]
    pub timestamp: Option<Timestamp>,
    /// Environment.
    #[serde(default, deserialize_with = "read::text")]
    pub environment: Option<String>,
}

/// What a score is about.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Subject {
    /// `trace`, `observation`, `session` or `experiment`.
    #[serde(deserialize_with = "read::text")]
    pub kind: Option<String>,
    /// Its id.
    #[serde(deserialize_with = "read::text")]
    pub id: Option<String>,
    /// The trace of an observation.
    #[serde(deserialize_with = "read::text")]
    pub trace_id: Option<String>,
}

impl ScoreRow {
    /// The score. `trace` is the one asked for, for rows that do not name it.
    pub fn into_domain(self, trace: Option<&TraceId>) -> Option<Score> {
        let target = self.target(trace);
        let (value, data_type) =
            value(self.data_type.as_deref().unwrap_or_default(), self.value, self.string_value.as_deref())?;
        Some(Score {
            id: self.id.into(),
            name: self.name.unwrap_or_default(),
            value,
            data_type,
            source: source(self.source.unwrap_or_default()),
            config_id: self.config_id.map(Into::into),
            queue_id: self.queue_id.map(Into::into),
            author: self.author_user_id.map(Into::into),
            annotator: self.metadata.get("annotator").and_then(scalar),
            comment: self.comment,
            target,
            timestamp: self.timestamp.unwrap_or_default(),
            environment: self.environment.unwrap_or_else(|| "default".into()),
        })
    }

    fn target(&self, trace: Option<&TraceId>) -> Option<Target> {
        let trace = |named: Option<&String>| named.map(|id| id.as_str().into()).or_else(|| trace.cloned());
        if let Some(subject) = &self.subject {
            let id = subject.id.as_deref()?;
            return match subject.kind.as_deref()? {
                "trace" => Some(Target::Trace(id.into())),
                "observation" => Some(Target::Observation(trace(subject.trace_id.as_ref())?, id.into())),
                "session" => Some(Target::Session(id.into())),
                _ => None,
            };
        }
        match (&self.observation_id, &self.trace_id, &self.session_id) {
            (Some(id), named, _) => Some(Target::Observation(trace(named.as_ref())?, id.as_str().into())),
            (None, Some(id), _) => Some(Target::Trace(id.as_str().into())),
            (None, None, Some(id)) => Some(Target::Session(id.as_str().into())),
            (None, None, None) => None,
        }
    }
}

/// A value by its type; of unknown types or the wrong shape, by what it looks like.
fn value(word: &str, value: Json, text: Option<&str>) -> Option<(Value, DataType)> {
    let words = || text.map(str::to_owned).or_else(|| scalar(&value));
    Some(match data_type(word) {
        Some(DataType::Boolean) => (Value::Boolean(truth(&value, text)?), DataType::Boolean),
        Some(DataType::Numeric) if read::number_of(&value).is_some() => {
            (Value::Number(read::number_of(&value)?), DataType::Numeric)
        }
        Some(DataType::Categorical) => (Value::Category(words()?), DataType::Categorical),
        // An empty correction says that nothing should have been answered.
        Some(DataType::Correction) => (Value::Text(words().unwrap_or_default()), DataType::Correction),
        Some(DataType::Numeric | DataType::Text) | None => match value {
            Json::Bool(yes) => (Value::Boolean(yes), DataType::Boolean),
            Json::Number(n) if text.is_none() => (Value::Number(n.as_f64()?), DataType::Numeric),
            _ => (Value::Text(words()?), DataType::Text),
        },
    })
}

fn truth(value: &Json, text: Option<&str>) -> Option<bool> {
    match value {
        Json::Bool(yes) => Some(*yes),
        Json::String(text) => truth(&Json::Null, Some(text)),
        Json::Number(n) => Some(n.as_f64()? != 0.0),
        _ => match text?.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
    }
}

fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(n) => Some(n.to_string()),
        Json::Bool(yes) => Some(yes.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn source(word: String) -> Source {
    match word.as_str() {
        "ANNOTATION" => Source::Annotation,
        "API" | "" => Source::Api,
        "EVAL" => Source::Eval,
        _ => Source::Other(word),
    }
}

/// Body of `POST /scores`. Names every field an update would otherwise clear or reset.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScoreBody<'a> {
    /// Chosen by the writer.
    pub id: &'a str,
    /// The trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<&'a str>,
    /// The observation of the trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observation_id: Option<&'a str>,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<&'a str>,
    /// The config's name, or `output` for a correction.
    pub name: &'a str,
    /// The judgement.
    pub value: ScoreValue<'a>,
    /// Its type.
    pub data_type: &'static str,
    /// The config; `null` for a correction.
    pub config_id: Option<&'a str>,
    /// The queue.
    pub queue_id: Option<&'a str>,
    /// `ANNOTATION` or `API`.
    pub source: &'a str,
    /// The reason; `null` clears an earlier one.
    pub comment: Option<&'a str>,
    /// Environment of the target; takes no `null`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<&'a str>,
    /// Who wrote it with what.
    pub metadata: Metadata<'a>,
    /// First written, in milliseconds; the same over edits.
    pub timestamp: String,
}

/// A value as sent.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ScoreValue<'a> {
    /// NUMERIC.
    Number(f64),
    /// BOOLEAN: 1 or 0.
    Truth(u8),
    /// A label or text.
    Text(&'a str),
}

/// What is kept with every score written here.
#[derive(Debug, Serialize)]
pub struct Metadata<'a> {
    /// Who decided.
    pub annotator: &'a str,
    /// The program.
    pub tool: &'static str,
}

impl<'a> ScoreBody<'a> {
    /// The body that writes a score.
    pub fn new(score: &'a ScoreWrite) -> Self {
        let (trace_id, observation_id, session_id) = match &score.target {
            Target::Trace(id) => (Some(id.as_str()), None, None),
            Target::Observation(trace, id) => (Some(trace.as_str()), Some(id.as_str()), None),
            Target::Session(id) => (None, None, Some(id.as_str())),
        };
        Self {
            id: score.id.as_str(),
            trace_id,
            observation_id,
            session_id,
            name: &score.name,
            value: match &score.value {
                Value::Number(n) => ScoreValue::Number(*n),
                Value::Boolean(yes) => ScoreValue::Truth(u8::from(*yes)),
                Value::Category(text) | Value::Text(text) => ScoreValue::Text(text),
            },
            data_type: score.data_type.api_name(),
            config_id: score.config_id.as_ref().map(crate::domain::ConfigId::as_str),
            queue_id: score.queue_id.as_ref().map(crate::domain::QueueId::as_str),
            source: match &score.source {
                Source::Annotation => "ANNOTATION",
                Source::Api => "API",
                Source::Eval => "EVAL",
                Source::Other(word) => word,
            },
            comment: score.comment.as_deref(),
            environment: score.environment.as_deref(),
            metadata: Metadata { annotator: &score.annotator, tool: "tracemark" },
            timestamp: format!("{:.3}", score.timestamp),
        }
    }
}

/// Answer to several scores of which some were not taken. Says how many, not which.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BatchResult {
    /// Taken.
    pub accepted: Option<usize>,
    /// Not taken.
    pub rejected: Option<usize>,
    /// Why, in no order.
    pub errors: Vec<Json>,
}

impl BatchResult {
    /// Why scores were not taken.
    pub fn messages(&self) -> Vec<String> {
        let message =
            |error: &Json| error.as_str().or_else(|| error.get("message")?.as_str()).map(str::to_owned);
        self.errors.iter().filter_map(message).collect()
    }
}
