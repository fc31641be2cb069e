//! Which type of observation a span is, and what it is called.

use serde_json::{Map, Value};

use super::attributes::{as_text, first_text, is_meaningful, is_truthy};
use super::span::{Source, Span};

/// Attributes that name the type, and what their values mean; the first that says something wins.
const NAMED: [(&str, &[(&str, &str)]); 3] = [
    (
        "langfuse.observation.type",
        &[
            ("span", "SPAN"),
            ("generation", "GENERATION"),
            ("event", "EVENT"),
            ("embedding", "EMBEDDING"),
            ("agent", "AGENT"),
            ("tool", "TOOL"),
            ("chain", "CHAIN"),
            ("retriever", "RETRIEVER"),
            ("guardrail", "GUARDRAIL"),
            ("evaluator", "EVALUATOR"),
        ],
    ),
    (
        "openinference.span.kind",
        &[
            ("LLM", "GENERATION"),
            ("CHAIN", "CHAIN"),
            ("RETRIEVER", "RETRIEVER"),
            ("EMBEDDING", "EMBEDDING"),
            ("AGENT", "AGENT"),
            ("TOOL", "TOOL"),
            ("GUARDRAIL", "GUARDRAIL"),
            ("EVALUATOR", "EVALUATOR"),
        ],
    ),
    (
        "gen_ai.operation.name",
        &[
            ("chat", "GENERATION"),
            ("completion", "GENERATION"),
            ("text_completion", "GENERATION"),
            ("generate_content", "GENERATION"),
            ("generate", "GENERATION"),
            ("embeddings", "EMBEDDING"),
            ("invoke_agent", "AGENT"),
            ("create_agent", "AGENT"),
            ("execute_tool", "TOOL"),
        ],
    ),
];

/// Operations of the Vercel AI SDK that call a model.
const VERCEL: [(&str, &str); 6] = [
    ("ai.generateText.doGenerate", "GENERATION"),
    ("ai.streamText.doStream", "GENERATION"),
    ("ai.generateObject.doGenerate", "GENERATION"),
    ("ai.streamObject.doStream", "GENERATION"),
    ("ai.embedMany.doEmbed", "EMBEDDING"),
    ("ai.embed.doEmbed", "EMBEDDING"),
];

/// Where a model's name may stand, which makes a span a generation.
const MODELS: [&str; 6] = [
    "langfuse.observation.model.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "ai.model.id",
    "llm.model_name",
    "model",
];

/// What a generation alone has.
const GENERATION: [&str; 7] = [
    "langfuse.observation.model.name",
    "langfuse.observation.cost_details",
    "langfuse.observation.usage_details",
    "langfuse.observation.completion_start_time",
    "langfuse.observation.model.parameters",
    "langfuse.observation.prompt.name",
    "langfuse.observation.prompt.version",
];

/// The observation's type.
pub fn of(span: &Span) -> &'static str {
    let attributes = &span.attributes;
    let says = |key: &str| attributes.get(key).is_some_and(is_meaningful);
    if is_mislabelled(attributes, &span.source) {
        return "GENERATION";
    }
    let named = NAMED.iter().find_map(|(key, values)| {
        let given = attributes.get(*key)?.as_str()?;
        values.iter().find(|(value, _)| *value == given).map(|(_, kind)| *kind)
    });
    if let Some(kind) = named {
        return kind;
    }
    let is_vercel = |prefix: &str| {
        let text = |key: &str| attributes.get(key).and_then(Value::as_str).unwrap_or_default();
        text("operation.name").starts_with(prefix) || text("ai.operationId") == prefix
    };
    let has_model = MODELS.iter().take(4).any(|key| says(key));
    if let Some((_, kind)) = VERCEL.iter().find(|(prefix, _)| has_model && is_vercel(prefix)) {
        return kind;
    }
    if is_vercel("ai.toolCall") || says("gen_ai.tool.name") || says("gen_ai.tool.call.id") {
        return "TOOL";
    }
    if let Some(kind) = livekit(span) {
        return kind;
    }
    let is_model = |key: &&str| *key != "ai.model.id" && says(key);
    if MODELS.iter().any(is_model) { "GENERATION" } else { "SPAN" }
}

/// `LiveKit` names its spans by what they are.
fn livekit(span: &Span) -> Option<&'static str> {
    match span.name.as_str() {
        _ if span.source.scope != "livekit-agents" => None,
        "agent_turn" | "start_agent_activity" => Some("AGENT"),
        "function_tool" => Some("TOOL"),
        _ => None,
    }
}

/// Old versions of the Python SDK say `span` also for what has all a generation has.
fn is_mislabelled(attributes: &Map<String, Value>, source: &Source) -> bool {
    let version = || {
        let mut parts = source.version.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    };
    attributes.get("langfuse.observation.type").is_some_and(|kind| kind == "span")
        && source.scope == "langfuse-sdk"
        && source.resource.get("telemetry.sdk.language").is_some_and(|name| name == "python")
        && version() <= (3, 3)
        && GENERATION.iter().any(|key| attributes.contains_key(*key))
}

/// The observation's name: the tool's, the message's, the operation's, or the span's.
pub fn name(span: &Span) -> String {
    let attributes = &span.attributes;
    if let Some(name) = first_text(attributes, &["gen_ai.tool.name", "logfire.msg", "ai.toolCall.name"]) {
        return name;
    }
    let Some(operation) = attributes.get("ai.operationId") else { return span.name.clone() };
    match attributes.get("ai.telemetry.functionId").filter(|id| is_truthy(id)) {
        Some(function) => format!("{}:{}", as_text(function), as_text(operation)),
        None => as_text(operation),
    }
}
