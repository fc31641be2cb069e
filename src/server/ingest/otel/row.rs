//! An observation out of a span.

use serde_json::{Map, Value, json};

use super::attributes::{as_text, first, first_text, is_truthy, parsed};
use super::span::{Source, Span};
use super::{kind, measures, payload, tokens};
use crate::server::data::value;
use crate::server::ingest::models;
use crate::server::ingest::spans::{price, seconds};
use crate::server::scores::merge::environment;
use crate::server::traces::flat::flat;
use crate::server::traces::row::{LEVELS, Observation};

const USER: [&str; 5] = [
    "langfuse.user.id",
    "user.id",
    "langfuse.observation.metadata.langfuse_user_id",
    "langfuse.trace.metadata.langfuse_user_id",
    "ai.telemetry.metadata.userId",
];
const SESSION: [&str; 6] = [
    "langfuse.session.id",
    "session.id",
    "gen_ai.conversation.id",
    "langfuse.observation.metadata.langfuse_session_id",
    "langfuse.trace.metadata.langfuse_session_id",
    "ai.telemetry.metadata.sessionId",
];
const TAGS: [&str; 6] = [
    "langfuse.trace.tags",
    "langfuse.tags",
    "langfuse.observation.metadata.langfuse_tags",
    "langfuse.trace.metadata.langfuse_tags",
    "ai.telemetry.metadata.tags",
    "tag.tags",
];
const ENVIRONMENT: [&str; 3] =
    ["langfuse.environment", "deployment.environment.name", "deployment.environment"];
/// Telemetry metadata that has fields of its own.
const ELSEWHERE: [&str; 4] = ["userId", "sessionId", "tags", "langfusePrompt"];

/// What `LiveKit` writes of its own workings.
const LIVEKIT_NOISE: [&str; 14] = [
    "user_speaking",
    "eou_detection",
    "llm_request_run",
    "tts_node",
    "tts_request",
    "tts_request_run",
    "tts_stream_adapter",
    "agent_speaking",
    "drain_agent_activity",
    "on_exit",
    "on_enter",
    "llm_fallback_adapter",
    "tts_fallback_adapter",
    "start_agent_activity",
];

/// The observation a span is.
pub fn of(span: &Span, now: &str) -> Observation {
    let attributes = &span.attributes;
    let (input, output) = payload::of(span);
    let (prompt_name, prompt_version) = measures::prompt(attributes);
    // A span of which one end is missing took no time.
    let [start, end] = [[&span.start, &span.end], [&span.end, &span.start]]
        .map(|ends| ends.into_iter().flatten().next().cloned().unwrap_or_else(|| now.to_owned()));
    let version = from_both(span, "langfuse.version", "service.version");
    let first_token = measures::first_token(span);
    let mut row = Observation {
        id: span.id.clone(),
        trace_id: span.trace_id.clone(),
        parent_id: span.parent_id.clone(),
        kind: kind::of(span).into(),
        name: kind::name(span),
        level: level(span),
        status_message: first_text(attributes, &["langfuse.observation.status_message"])
            .unwrap_or_else(|| span.status_message.clone()),
        latency: seconds(&start, &end),
        end_time: Some(end),
        time_to_first_token: first_token.as_deref().and_then(|at| seconds(&start, at)),
        completion_start_time: first_token,
        own_version: version.clone(),
        version,
        environment: environment(&environment_of(span)),
        user_id: first_text(attributes, &USER).unwrap_or_default(),
        session_id: first_text(attributes, &SESSION).unwrap_or_default(),
        release: from_both(span, "langfuse.release", "langfuse.release"),
        trace_name: first_text(attributes, &["langfuse.trace.name"]).unwrap_or_default(),
        tags: tags(attributes),
        model: measures::model(attributes),
        model_parameters: measures::parameters(span),
        usage_details: Value::Object(tokens::usage(span)),
        cost_details: Value::Object(measures::costs(attributes)),
        prompt_name,
        prompt_version,
        input: input.as_ref().and_then(value::payload),
        output: output.as_ref().and_then(value::payload),
        metadata: Value::Object(flat(metadata(span))),
        is_app_root: is_set(attributes, &["langfuse.internal.is_app_root"]),
        is_public: is_set(attributes, &["langfuse.trace.public", "langfuse.public"]),
        start_time: start,
        created_at: now.to_owned(),
        updated_at: now.to_owned(),
        ..Observation::default()
    };
    price(&mut row, models::matching(&measures::model(attributes)));
    row
}

/// Whether the first of these attributes says true.
fn is_set(attributes: &Map<String, Value>, keys: &[&str]) -> bool {
    let given = keys.iter().filter_map(|key| attributes.get(*key)).find(|value| !value.is_null());
    given.is_some_and(|flag| *flag == true || *flag == "true")
}

fn level(span: &Span) -> String {
    let given = span.attributes.get("langfuse.observation.level").and_then(Value::as_str);
    let given = given.and_then(|level| LEVELS.iter().find(|known| known.eq_ignore_ascii_case(level)));
    let is_noise = || span.source.scope == "livekit-agents" && LIVEKIT_NOISE.contains(&span.name.as_str());
    let own = || match span.is_failed {
        true => "ERROR",
        false if is_noise() => "DEBUG",
        false => "DEFAULT",
    };
    given.copied().unwrap_or_else(own).into()
}

/// An attribute of the span, else one of the program's.
fn from_both(span: &Span, own: &str, resource: &str) -> String {
    let found = first(&span.attributes, &[own]).or_else(|| first(&span.source.resource, &[resource]));
    found.map(as_text).unwrap_or_default()
}

fn environment_of(span: &Span) -> String {
    let found = ENVIRONMENT.iter().map(|key| from_both(span, key, key)).find(|name| !name.is_empty());
    found.unwrap_or_else(|| "default".into())
}

/// Tags as a list, as JSON text, or separated by commas.
fn tags(attributes: &Map<String, Value>) -> Value {
    let texts = |list: &[Value]| json!(list.iter().map(as_text).collect::<Vec<_>>());
    match first(attributes, &TAGS) {
        Some(Value::Array(list)) => texts(list),
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Array(list)) => texts(&list),
            _ => json!(text.split(',').map(str::trim).collect::<Vec<_>>()),
        },
        _ => json!([]),
    }
}

/// Metadata the application set, then everything else the span and its source carry. The Langfuse
/// SDKs' own attributes all have fields of their own.
fn metadata(span: &Span) -> Map<String, Value> {
    let mut found = named(&span.source.resource, "langfuse.trace.metadata");
    found.extend(named(&span.attributes, "langfuse.observation.metadata"));
    found.extend(of_trace(span));
    if !span.source.scope.starts_with("langfuse-sdk") {
        let others = span.attributes.iter().filter(|(key, _)| !payload::is_payload(key));
        let others = others.map(|(key, value)| (key.clone(), json!(as_text(value))));
        found.insert("attributes".into(), Value::Object(others.collect()));
    }
    found.insert("resourceAttributes".into(), json!(span.source.resource));
    found.insert("scope".into(), scope(&span.source));
    found
}

fn scope(source: &Source) -> Value {
    let mut scope = json!({});
    for (key, text) in [("name", &source.scope), ("version", &source.version)] {
        if !text.is_empty() {
            scope[key] = json!(text);
        }
    }
    scope["attributes"] = json!(source.scope_attributes);
    scope
}

/// Metadata the span sets for its trace.
pub fn of_trace(span: &Span) -> Map<String, Value> {
    named(&span.attributes, "langfuse.trace.metadata")
}

fn named(attributes: &Map<String, Value>, prefix: &str) -> Map<String, Value> {
    let whole = first(attributes, &[prefix, "langfuse.metadata"]).and_then(parsed);
    let mut found = whole.and_then(|value| value.as_object().cloned()).unwrap_or_default();
    for (key, value) in attributes {
        let after = |prefix: &str| key.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
        let telemetry = after("ai.telemetry.metadata").filter(|name| !ELSEWHERE.contains(name));
        if let Some(name) = after(prefix).or_else(|| after("langfuse.metadata")).or(telemetry) {
            found.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(tools) = attributes.get("ai.prompt.tools").filter(|tools| is_truthy(tools)) {
        found.insert("tools".into(), tools.clone());
    }
    found
}
