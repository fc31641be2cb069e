//! Observations.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::read;
use crate::domain::{Level, Observation, ObservationType, Usage};

/// An observation; fields of groups not asked for are absent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservationRow {
    /// Identifier.
    pub id: String,
    /// The trace.
    pub trace_id: String,
    /// The observation it happened in.
    #[serde(default, deserialize_with = "read::text")]
    pub parent_observation_id: Option<String>,
    /// Kind of work.
    #[serde(default, rename = "type", deserialize_with = "read::text")]
    pub kind: Option<String>,
    /// Name.
    #[serde(default, deserialize_with = "read::text")]
    pub name: Option<String>,
    /// Seriousness.
    #[serde(default, deserialize_with = "read::text")]
    pub level: Option<String>,
    /// What was said about the level.
    #[serde(default, deserialize_with = "read::text")]
    pub status_message: Option<String>,
    /// Start.
    #[serde(default, deserialize_with = "read::time")]
    pub start_time: Option<Timestamp>,
    /// End.
    #[serde(default, deserialize_with = "read::time")]
    pub end_time: Option<Timestamp>,
    /// When the server took it.
    #[serde(default, deserialize_with = "read::time")]
    pub created_at: Option<Timestamp>,
    /// When it last changed; tells versions apart.
    #[serde(default, deserialize_with = "read::time")]
    pub updated_at: Option<Timestamp>,
    /// Seconds.
    #[serde(default, deserialize_with = "read::number")]
    pub latency: Option<f64>,
    /// Model.
    #[serde(default, deserialize_with = "read::text")]
    pub model: Option<String>,
    /// The name newer documents give the model.
    #[serde(default, deserialize_with = "read::text")]
    pub provided_model_name: Option<String>,
    /// Parameters of the model.
    #[serde(default, deserialize_with = "read::json")]
    pub model_parameters: Option<Arc<str>>,
    /// Tokens by kind.
    #[serde(default)]
    pub usage_details: Json,
    /// Cost by kind.
    #[serde(default)]
    pub cost_details: Json,
    /// Tokens read.
    #[serde(default, deserialize_with = "read::number")]
    pub input_usage: Option<f64>,
    /// Tokens written.
    #[serde(default, deserialize_with = "read::number")]
    pub output_usage: Option<f64>,
    /// All tokens.
    #[serde(default, deserialize_with = "read::number")]
    pub total_usage: Option<f64>,
    /// US dollars.
    #[serde(default, deserialize_with = "read::number")]
    pub total_cost: Option<f64>,
    /// Input.
    #[serde(default, deserialize_with = "read::payload")]
    pub input: Option<Arc<str>>,
    /// Output.
    #[serde(default, deserialize_with = "read::payload")]
    pub output: Option<Arc<str>>,
    /// Metadata.
    #[serde(default, deserialize_with = "read::json")]
    pub metadata: Option<Arc<str>>,
    /// User.
    #[serde(default, deserialize_with = "read::text")]
    pub user_id: Option<String>,
    /// Session.
    #[serde(default, deserialize_with = "read::text")]
    pub session_id: Option<String>,
    /// Environment.
    #[serde(default, deserialize_with = "read::text")]
    pub environment: Option<String>,
    /// Version.
    #[serde(default, deserialize_with = "read::text")]
    pub version: Option<String>,
    /// Release.
    #[serde(default, deserialize_with = "read::text")]
    pub release: Option<String>,
    /// Tags of the trace.
    #[serde(default, deserialize_with = "read::texts")]
    pub tags: Vec<String>,
    /// Name of the trace.
    #[serde(default, deserialize_with = "read::text")]
    pub trace_name: Option<String>,
    /// Whether it is the root; said only with the basic fields.
    #[serde(default)]
    pub is_root_observation: Option<Json>,
}

impl ObservationRow {
    /// The observation, with the time that tells its versions apart.
    pub fn into_domain(self) -> Option<(Observation, Option<Timestamp>)> {
        let start = self.start_time.or(self.created_at).unwrap_or_default();
        let usage = self.usage();
        let is_root = match &self.is_root_observation {
            Some(Json::Bool(yes)) => *yes,
            _ => self.parent_observation_id.is_none(),
        };
        let observation = Observation {
            latency: self.latency.filter(|s| *s >= 0.0).or_else(|| {
                let seconds = self.end_time?.duration_since(start).as_secs_f64();
                Some(seconds).filter(|s| *s >= 0.0)
            }),
            id: self.id.into(),
            trace_id: self.trace_id.into(),
            parent: self.parent_observation_id.map(Into::into),
            kind: kind(self.kind.unwrap_or_default()),
            name: self.name.unwrap_or_default(),
            level: level(self.level.as_deref().unwrap_or_default()),
            status_message: self.status_message,
            start,
            end: self.end_time,
            model: self.model.or(self.provided_model_name),
            model_parameters: self.model_parameters,
            usage,
            input: self.input,
            output: self.output,
            metadata: self.metadata,
            user: self.user_id,
            session: self.session_id,
            environment: self.environment,
            version: self.version,
            release: self.release,
            tags: self.tags,
            trace_name: self.trace_name,
            is_root,
        };
        Some((observation, self.updated_at))
    }

    fn usage(&self) -> Usage {
        let tokens = Parts::of(&self.usage_details);
        let costs = Parts::of(&self.cost_details);
        let input = count(tokens.starting("input").or(self.input_usage));
        let output = count(tokens.starting("output").or(self.output_usage));
        let total = count(tokens.total().or(self.total_usage));
        Usage {
            input,
            output,
            total: if total == 0 { input.saturating_add(output) } else { total },
            cost: self.total_cost.or_else(|| costs.total()).unwrap_or(0.0).max(0.0),
        }
    }
}

/// Amounts by kind: `input`, `output`, `total`, and whatever else a provider counts.
struct Parts<'a>(Option<&'a Map<String, Json>>);

impl<'a> Parts<'a> {
    fn of(json: &'a Json) -> Self {
        Self(json.as_object())
    }

    fn amounts(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0
            .into_iter()
            .flatten()
            .filter_map(|(key, amount)| Some((key.as_str(), read::number_of(amount)?)))
    }

    /// Sum of all kinds that start with a word: `input` and `input_cached_tokens`.
    fn starting(&self, word: &str) -> Option<f64> {
        sum(self.amounts().filter(|(key, _)| key.starts_with(word)))
    }

    /// The total, or the sum of everything.
    fn total(&self) -> Option<f64> {
        let total = self.amounts().find(|(key, _)| *key == "total").map(|(_, n)| n);
        total.or_else(|| sum(self.amounts()))
    }
}

fn sum<'a>(amounts: impl Iterator<Item = (&'a str, f64)>) -> Option<f64> {
    amounts.map(|(_, n)| n).reduce(|a, b| a + b)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "finite; saturates")]
fn count(n: Option<f64>) -> u64 {
    n.unwrap_or(0.0).round() as u64
}

fn kind(word: String) -> ObservationType {
    match word.as_str() {
        "SPAN" | "" => ObservationType::Span,
        "GENERATION" => ObservationType::Generation,
        "EVENT" => ObservationType::Event,
        "AGENT" => ObservationType::Agent,
        "TOOL" => ObservationType::Tool,
        "CHAIN" => ObservationType::Chain,
        "RETRIEVER" => ObservationType::Retriever,
        "EVALUATOR" => ObservationType::Evaluator,
        "EMBEDDING" => ObservationType::Embedding,
        "GUARDRAIL" => ObservationType::Guardrail,
        _ => ObservationType::Other(word),
    }
}

fn level(word: &str) -> Level {
    match word {
        "DEBUG" => Level::Debug,
        "WARNING" => Level::Warning,
        "ERROR" => Level::Error,
        _ => Level::Default,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::row;
    use super::*;
    use serde_json::json;

    fn observation(extra: &Json) -> Observation {
        let mut json = json!({"id":"o","traceId":"t","startTime":"2026-11-24T04:00:02.000Z",
            "endTime":"2026-11-24T04:00:04.000Z","projectId":"p","parentObservationId":null,"type":"GENERATION",
            "latency":2,"timeToFirstToken":null,"modelId":null,"inputPrice":null});
        extra.as_object().unwrap().iter().for_each(|(key, value)| json[key] = value.clone());
        row(&json, ObservationRow::into_domain).unwrap().0
    }

    #[test]
    fn reads_all_groups() {
        let o = observation(&json!({
            "name":"llm","level":"WARNING","statusMessage":"slow","version":"v0","environment":"default",
            "updatedAt":"2026-11-24T06:07:59.154Z","input":"[{\"role\":\"user\"}]","output":"{\"a\":1}",
            "metadata":{"deep":{"a":[1.50]}},"model":"gpt-4o","modelParameters":{"temperature":0.2},
            "userId":"user-0","sessionId":"session-a","isRootObservation":false,"traceName":"chat","release":"r1",
            "tags":["red","seed"],"parentObservationId":"root"}));
        assert_eq!(o.kind, ObservationType::Generation);
        assert_eq!((o.level, o.status_message.as_deref()), (Level::Warning, Some("slow")));
        assert_eq!(o.input.as_deref(), Some(r#"[{"role":"user"}]"#));
        assert_eq!(o.output.as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(o.metadata.as_deref(), Some(r#"{"deep":{"a":[1.5]}}"#));
        assert_eq!(o.model_parameters.as_deref(), Some(r#"{"temperature":0.2}"#));
        assert_eq!((o.latency, o.model.as_deref()), (Some(2.0), Some("gpt-4o")));
        assert_eq!(o.parent.unwrap().as_str(), "root");
        assert!(!o.is_root);
        assert_eq!((o.tags.len(), o.trace_name.as_deref()), (2, Some("chat")));
    }

    #[test]
    fn empty_texts_are_absent() {
        let o = observation(&json!({"name":"","statusMessage":"","version":"","userId":"","sessionId":"",
            "release":"","model":"","traceName":null,"tags":null,"input":null,"output":"","metadata":{},
            "modelParameters":"","parentObservationId":"","level":"LOUD","type":"DREAM"}));
        assert_eq!(
            [&o.status_message, &o.version, &o.user, &o.session, &o.release, &o.model, &o.trace_name],
            [&None; 7]
        );
        assert_eq!([&o.input, &o.output, &o.metadata, &o.model_parameters], [&None; 4]);
        assert_eq!((o.parent, o.level), (None, Level::Default));
        assert_eq!(o.kind, ObservationType::Other("DREAM".into()));
        assert!(o.is_root);
    }

    #[test]
    fn usage_from_whatever_is_there() {
        for (json, (input, output, total, cost)) in [
            (
                json!({"usageDetails":{"input":14,"output":39,"total":53},"costDetails":{"total":0.5},"totalCost":0.25}),
                (14, 39, 53, 0.25),
            ),
            (
                json!({"usageDetails":{"input":"14","input_cached_tokens":6,"output":1},
                "costDetails":{"input":0.25,"output":"0.5"}}),
                (20, 1, 21, 0.75),
            ),
            (json!({"usageDetails":{"audio_seconds":7,"images":2}}), (0, 0, 9, 0.0)),
            (
                json!({"usageDetails":{},"inputUsage":3,"outputUsage":4,"totalUsage":null,"totalCost":"0.125"}),
                (3, 4, 7, 0.125),
            ),
            (json!({"usageDetails":null,"totalCost":-1}), (0, 0, 0, 0.0)),
            (json!({"usageDetails":{"input":-5,"output":1e300}}), (0, u64::MAX, u64::MAX, 0.0)),
            (json!({}), (0, 0, 0, 0.0)),
        ] {
            assert_eq!(observation(&json).usage, Usage { input, output, total, cost }, "{json}");
        }
    }

    #[test]
    fn latency_is_told_or_reckoned() {
        for (json, wanted) in [
            (json!({"latency":0.5}), Some(0.5)),
            (json!({"latency":"0.5"}), Some(0.5)),
            (json!({"latency":null}), Some(2.0)),
            (json!({"latency":-1}), Some(2.0)),
            (json!({"latency":null,"endTime":null}), None),
            (json!({"latency":null,"endTime":"2026-11-24T03:00:00Z"}), None),
        ] {
            assert_eq!(observation(&json).latency, wanted, "{json}");
        }
    }
}
