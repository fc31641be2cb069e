//! Scores as written, and what the server says about several at once.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::domain::{ConfigId, QueueId, ScoreWrite, Source, Target, Value};

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
            config_id: score.config_id.as_ref().map(ConfigId::as_str),
            queue_id: score.queue_id.as_ref().map(QueueId::as_str),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::DataType;

    fn write(target: Target, value: Value, data_type: DataType) -> ScoreWrite {
        ScoreWrite {
            id: "s1".into(),
            target,
            config_id: Some("c1".into()),
            queue_id: Some("q1".into()),
            name: "verdict".into(),
            value,
            data_type,
            comment: None,
            source: Source::Annotation,
            annotator: "ada".into(),
            timestamp: "2026-11-24T06:14:43.7951Z".parse().unwrap(),
            environment: None,
        }
    }

    #[test]
    fn every_field_an_update_would_lose_is_sent() {
        let write = write(Target::Trace("t1".into()), Value::Boolean(true), DataType::Boolean);
        assert_eq!(
            serde_json::to_value(ScoreBody::new(&write)).unwrap(),
            json!({"id":"s1","traceId":"t1","name":"verdict","value":1,"dataType":"BOOLEAN","configId":"c1",
                "queueId":"q1","source":"ANNOTATION","comment":null,
                "metadata":{"annotator":"ada","tool":"tracemark"},"timestamp":"2026-11-24T06:14:43.795Z"})
        );
    }

    #[test]
    fn targets_and_values_are_sent_as_the_api_takes_them() {
        for (target, value, data_type, wanted) in [
            (
                Target::Observation("t".into(), "o".into()),
                Value::Category("good".into()),
                DataType::Categorical,
                json!({"traceId":"t","observationId":"o","sessionId":null,"value":"good"}),
            ),
            (
                Target::Session("s".into()),
                Value::Number(2.5),
                DataType::Numeric,
                json!({"traceId":null,"observationId":null,"sessionId":"s","value":2.5}),
            ),
            (
                Target::Trace("t".into()),
                Value::Text("better".into()),
                DataType::Correction,
                json!({"traceId":"t","observationId":null,"sessionId":null,"value":"better"}),
            ),
        ] {
            let body = serde_json::to_value(ScoreBody::new(&write(target, value, data_type))).unwrap();
            for (key, value) in wanted.as_object().unwrap() {
                assert_eq!(body.get(key).unwrap_or(&Json::Null), value, "{key} of {body}");
            }
            assert_eq!(body["dataType"], data_type.api_name());
        }
    }
}
