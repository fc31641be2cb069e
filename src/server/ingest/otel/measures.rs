//! Models, their parameters, costs and prompts as spans name them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::attributes::{as_number, as_text, first, first_text, parsed};
use super::span::Span;
use crate::server::data::value::{iso, lenient_time, number};
use crate::server::ingest::batch::usage::flat;

const MODEL: [&str; 7] = [
    "langfuse.observation.model.name",
    "gen_ai.response.model",
    "ai.model.id",
    "gen_ai.request.model",
    "llm.response.model",
    "llm.model_name",
    "model",
];

/// Parameters the Vercel AI SDK names, and where it puts them.
const VERCEL: [(&str, &[&str]); 8] = [
    ("maxSteps", &["ai.settings.maxSteps"]),
    ("toolChoice", &["ai.prompt.toolChoice"]),
    ("maxTokens", &["gen_ai.request.max_tokens"]),
    ("finishReason", &["gen_ai.response.finish_reasons", "gen_ai.finishReason"]),
    ("system", &["gen_ai.system", "ai.model.provider"]),
    ("maxRetries", &["ai.settings.maxRetries"]),
    ("mode", &["ai.settings.mode"]),
    ("temperature", &["gen_ai.request.temperature"]),
];

/// The model's name.
pub fn model(attributes: &Map<String, Value>) -> String {
    first_text(attributes, &MODEL).unwrap_or_default()
}

/// The model's parameters.
pub fn parameters(span: &Span) -> Value {
    let attributes = &span.attributes;
    let whole = |key: &str| {
        let value = first(attributes, &[key]).and_then(parsed)?;
        value.as_object().map(simple)
    };
    if let Some(given) = whole("langfuse.observation.model.parameters") {
        return given;
    }
    if span.source.scope == "ai" {
        let pick = |keys: &[&str]| {
            let value = keys.iter().find_map(|key| attributes.get(*key))?;
            Some(Value::String(listed_text(value)))
        };
        let pairs = VERCEL.iter().map(|(name, keys)| ((*name).to_owned(), pick(keys).unwrap_or_default()));
        return Value::Object(pairs.collect());
    }
    whole("llm.invocation_parameters").or_else(|| whole("model_config")).unwrap_or_else(|| {
        let named = attributes.iter().filter_map(|(key, value)| {
            let name = key.strip_prefix("gen_ai.request.").filter(|name| *name != "model")?;
            Some((name.to_owned(), value.clone()))
        });
        simple(&named.collect())
    })
}

/// A value as JavaScript turns it into text: lists without brackets.
fn listed_text(value: &Value) -> String {
    match value {
        Value::Array(list) => list.iter().map(as_text).collect::<Vec<_>>().join(","),
        other => as_text(other),
    }
}

/// Parameters are texts and numbers; anything else is written as JSON.
fn simple(map: &Map<String, Value>) -> Value {
    let plain = |value: &Value| match value {
        Value::String(_) | Value::Number(_) => value.clone(),
        other => Value::String(other.to_string()),
    };
    Value::Object(map.iter().map(|(key, value)| (key.clone(), plain(value))).collect())
}

/// US dollars by kind, where the span brings them.
pub fn costs(attributes: &Map<String, Value>) -> Map<String, Value> {
    let own = first(attributes, &["langfuse.observation.cost_details"]).and_then(parsed);
    if let Some(given) = own.filter(Value::is_object) {
        return flat(&given);
    }
    let total = attributes.get("gen_ai.usage.cost").and_then(as_number).filter(|cost| *cost != 0.0);
    total.map(|cost| ("total".to_owned(), number(cost))).into_iter().collect()
}

/// When the first token came.
pub fn first_token(span: &Span) -> Option<String> {
    let given = span.attributes.get("langfuse.observation.completion_start_time").and_then(Value::as_str);
    // Some SDKs write it as JSON in JSON.
    if let Some(at) = given.and_then(|text| lenient_time(text.trim_matches('"'))) {
        return Some(iso(at));
    }
    let millis = first(&span.attributes, &["ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"])
        .and_then(as_number)?;
    let start: Timestamp = span.start.as_deref()?.parse().ok()?;
    let waited = SignedDuration::try_from_secs_f64(millis.ceil() / 1000.0).ok()?;
    start.checked_add(waited).ok().map(iso)
}

/// Name and version of the linked prompt.
pub fn prompt(attributes: &Map<String, Value>) -> (String, Option<i64>) {
    let linked = first(attributes, &["ai.telemetry.metadata.langfusePrompt"]).and_then(parsed);
    let linked = linked.unwrap_or_else(|| json!({}));
    let name = first_text(attributes, &["langfuse.observation.prompt.name", "langfuse.prompt.name"]);
    let version = first(attributes, &["langfuse.observation.prompt.version", "langfuse.prompt.version"]);
    let whole = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
    (
        name.or_else(|| linked["name"].as_str().map(str::to_owned)).unwrap_or_default(),
        version.and_then(whole).or_else(|| linked["version"].as_i64()),
    )
}
