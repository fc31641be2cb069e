//! Scores as read.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

use super::read;
use super::score_configs::data_type;
use crate::domain::{DataType, Score, Source, Target, TraceId, Value};

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

#[cfg(test)]
mod tests {
    use super::super::tests::row;
    use super::*;
    use serde_json::json;

    fn score(extra: &Json) -> Option<Score> {
        let mut json = json!({"id":"s","projectId":"p","name":"helpfulness","source":"API","dataType":"NUMERIC",
            "value":1,"timestamp":"2026-11-24T06:14:43.795Z","environment":"default",
            "createdAt":"2026-11-24T06:14:43.000Z","updatedAt":"2026-11-24T06:14:44.175Z"});
        extra.as_object().unwrap().iter().for_each(|(key, value)| json[key] = value.clone());
        row(&json, |row: ScoreRow| row.into_domain(Some(&"asked".into())))
    }

    #[test]
    fn values_follow_their_type() {
        use DataType::{Boolean, Categorical, Correction, Numeric, Text};
        let text = |text: &str| Value::Text(text.into());
        for (json, wanted) in [
            (json!({"dataType":"NUMERIC","value":0.5}), Some((Value::Number(0.5), Numeric))),
            (json!({"dataType":"NUMERIC","value":"3"}), Some((Value::Number(3.0), Numeric))),
            (json!({"dataType":"NUMERIC","value":"x"}), Some((text("x"), Text))),
            (json!({"dataType":"BOOLEAN","value":true}), Some((Value::Boolean(true), Boolean))),
            (
                json!({"dataType":"BOOLEAN","value":0,"stringValue":"False"}),
                Some((Value::Boolean(false), Boolean)),
            ),
            (json!({"dataType":"BOOLEAN","value":"True"}), Some((Value::Boolean(true), Boolean))),
            (json!({"dataType":"BOOLEAN","value":"perhaps"}), None),
            (
                json!({"dataType":"CATEGORICAL","value":"good"}),
                Some((Value::Category("good".into()), Categorical)),
            ),
            (
                json!({"dataType":"CATEGORICAL","value":1,"stringValue":"good"}),
                Some((Value::Category("good".into()), Categorical)),
            ),
            (json!({"dataType":"TEXT","value":"a\nb"}), Some((text("a\nb"), Text))),
            (json!({"dataType":"CORRECTION","value":""}), Some((text(""), Correction))),
            (json!({"dataType":"DATE","value":"2026-11-24"}), Some((text("2026-11-24"), Text))),
            (json!({"dataType":"STARS","value":4}), Some((Value::Number(4.0), Numeric))),
            (json!({"dataType":null,"value":false}), Some((Value::Boolean(false), Boolean))),
            (json!({"dataType":"VECTOR","value":[1,2]}), None),
        ] {
            assert_eq!(score(&json).map(|s| (s.value, s.data_type)), wanted, "{json}");
        }
    }

    #[test]
    fn targets_come_from_the_subject() {
        for (json, wanted) in [
            (json!({"subject":{"kind":"trace","id":"t"}}), Some(Target::Trace("t".into()))),
            (
                json!({"subject":{"kind":"observation","id":"o","traceId":"t"}}),
                Some(Target::Observation("t".into(), "o".into())),
            ),
            (
                json!({"subject":{"kind":"observation","id":"o"}}),
                Some(Target::Observation("asked".into(), "o".into())),
            ),
            (json!({"subject":{"kind":"session","id":"s"}}), Some(Target::Session("s".into()))),
            (json!({"subject":{"kind":"experiment","id":"e"}}), None),
            (json!({"traceId":"t","observationId":null}), Some(Target::Trace("t".into()))),
            (json!({"traceId":"t","observationId":"o"}), Some(Target::Observation("t".into(), "o".into()))),
            (json!({"sessionId":"s"}), Some(Target::Session("s".into()))),
            (json!({}), None),
        ] {
            assert_eq!(score(&json).unwrap().target, wanted, "{json}");
        }
    }

    #[test]
    fn writers_are_told_apart() {
        for (json, author, annotator, source) in [
            (json!({"authorUserId":"u1","source":"ANNOTATION"}), Some("u1"), None, Source::Annotation),
            (json!({"metadata":{"annotator":"ada","n":1}}), None, Some("ada"), Source::Api),
            (json!({"metadata":{"annotator":7}}), None, Some("7"), Source::Api),
            (json!({"metadata":{"annotator":{}},"authorUserId":""}), None, None, Source::Api),
            (json!({"metadata":null,"source":"EVAL"}), None, None, Source::Eval),
            (json!({"metadata":"text","source":"ORACLE"}), None, None, Source::Other("ORACLE".into())),
        ] {
            let score = score(&json).unwrap();
            let author_id = score.author.as_ref().map(crate::domain::UserId::as_str);
            assert_eq!((author_id, score.annotator.as_deref()), (author, annotator), "{json}");
            assert_eq!(score.source, source, "{json}");
        }
    }
}
