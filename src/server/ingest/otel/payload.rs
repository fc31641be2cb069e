//! What went into a span and what came out, by the conventions of those who write spans.

use serde_json::{Map, Value, json};

use super::attributes::{is_truthy, parsed};
use super::span::Span;

/// Deepest path of an attribute's name that is unfolded.
const DEPTH: usize = 24;

/// Input and output.
pub type Payload = (Option<Value>, Option<Value>);

/// Attributes that may hold the input, and those that may hold the output.
type Pair = (&'static [&'static str], &'static [&'static str]);

/// Asked in the middle.
const MIDDLE: [Pair; 4] = [
    (&["mlflow.spanInputs"], &["mlflow.spanOutputs"]),
    (&["traceloop.entity.input"], &["traceloop.entity.output"]),
    (&["input.value"], &["output.value"]),
    (&["input"], &["output"]),
];
const TOOL: [Pair; 1] = [(&["tool_arguments"], &["tool_response"])];
const PYDANTIC: [Pair; 1] = [(&["pydantic_ai.all_messages"], &["final_result"])];
/// Asked first.
const EARLY: [Pair; 3] = [
    (
        &["gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_call_args"],
        &["gcp.vertex.agent.llm_response", "gcp.vertex.agent.tool_response"],
    ),
    (&["prompt"], &["all_messages_events"]),
    (
        &["lk.input_text", "lk.user_transcript", "lk.chat_ctx"],
        &["lk.function_tool.output", "lk.response.text"],
    ),
];
/// Asked last.
const LATE: [Pair; 2] = [
    (&["gen_ai.input.messages"], &["gen_ai.output.messages"]),
    (&["gen_ai.tool.call.arguments"], &["gen_ai.tool.call.result"]),
];
/// Attributes whose names are paths into lists of messages.
const PATHS: [(&str, &str); 2] =
    [("gen_ai.prompt", "gen_ai.completion"), ("llm.input_messages", "llm.output_messages")];

const AI_INPUT: [&str; 3] = ["ai.prompt.messages", "ai.prompt", "ai.toolCall.args"];
const AI_OUTPUT: [&str; 7] = [
    "ai.response.text",
    "ai.result.text",
    "ai.toolCall.result",
    "ai.response.object",
    "ai.result.object",
    "ai.response.toolCalls",
    "ai.result.toolCalls",
];
/// Payload attributes named nowhere else here.
const OTHERS: [&str; 6] = [
    "langfuse.trace.input",
    "langfuse.trace.output",
    "langfuse.observation.input",
    "langfuse.observation.output",
    "events",
    "lk.user_input",
];

/// Whether an attribute is a payload, and so no metadata.
pub fn is_payload(key: &str) -> bool {
    let within =
        |pairs: &[Pair]| pairs.iter().any(|(input, output)| input.contains(&key) || output.contains(&key));
    let is_path = |prefix: &str| key.starts_with(prefix);
    OTHERS.contains(&key)
        || AI_INPUT.contains(&key)
        || AI_OUTPUT.contains(&key)
        || within(&EARLY)
        || within(&MIDDLE)
        || within(&PYDANTIC)
        || within(&LATE)
        || PATHS.iter().any(|(input, output)| is_path(input) || is_path(output))
}

/// Input and output of a span.
pub fn of(span: &Span) -> Payload {
    let attributes = &span.attributes;
    let own = ["langfuse.observation.input", "langfuse.observation.output"]
        .map(|key| attributes.get(key).filter(|value| !value.is_null()).cloned());
    if let [input, output] = own
        && (input.is_some() || output.is_some())
    {
        return (input, output);
    }
    if span.source.scope == "ai" {
        return vercel(attributes);
    }
    events(span)
        .or_else(|| pairs(attributes, &EARLY))
        .or_else(|| logfire(attributes))
        .or_else(|| pairs(attributes, &MIDDLE))
        .or_else(|| pydantic(span))
        .or_else(|| pairs(attributes, &TOOL))
        .or_else(|| paths(attributes))
        .or_else(|| pairs(attributes, &LATE))
        .unwrap_or_default()
}

fn some(payload: Payload) -> Option<Payload> {
    (payload.0.is_some() || payload.1.is_some()).then_some(payload)
}

/// The first pair of which one says something. Empty objects stand in for what is elsewhere.
fn pairs(attributes: &Map<String, Value>, pairs: &[Pair]) -> Option<Payload> {
    let pick = |keys: &[&str]| {
        let given = keys.iter().filter_map(|key| attributes.get(*key));
        let mut telling = given.filter(|value| is_truthy(value) && *value != "{}");
        telling.next().or_else(|| keys.iter().find_map(|key| attributes.get(*key))).cloned()
    };
    let says = |payload: &Payload| [&payload.0, &payload.1].into_iter().flatten().any(is_truthy);
    pairs.iter().map(|(input, output)| (pick(input), pick(output))).find(says)
}

fn vercel(attributes: &Map<String, Value>) -> Payload {
    let first = |keys: &[&str]| keys.iter().find_map(|key| attributes.get(*key)).cloned();
    let output = match (attributes.get("ai.response.text"), attributes.get("ai.response.toolCalls")) {
        (Some(text), Some(calls)) => {
            let message = json!({"role": "assistant", "content": text, "tool_calls": calls});
            Some(Value::String(message.to_string()))
        }
        (Some(text), None) if is_truthy(text) => Some(text.clone()),
        _ => first(AI_OUTPUT.get(1..).unwrap_or_default()),
    };
    (first(&AI_INPUT), output)
}

/// Messages as events of the span: one for each message in, one for each choice out.
fn events(span: &Span) -> Option<Payload> {
    let mut input = Vec::new();
    let mut output = Vec::new();
    for (name, attributes) in &span.events {
        match name.as_str() {
            "gen_ai.system.message"
            | "gen_ai.user.message"
            | "gen_ai.assistant.message"
            | "gen_ai.tool.message" => {
                let role = name.trim_start_matches("gen_ai.").trim_end_matches(".message");
                let mut message = Map::from_iter([("role".to_owned(), json!(role))]);
                message.extend(attributes.clone());
                input.push(Value::Object(message));
            }
            "gen_ai.choice" => output.push(Value::Object(attributes.clone())),
            _ => {}
        }
    }
    let output = if output.len() == 1 { output.pop() } else { list(output) };
    some((list(input), output)).or_else(|| contents(span))
}

fn list(values: Vec<Value>) -> Option<Value> {
    (!values.is_empty()).then_some(Value::Array(values))
}

/// The older pair of events, each with the whole prompt or completion.
fn contents(span: &Span) -> Option<Payload> {
    let content = |wanted: &str, prefix: &str| {
        let (_, attributes) = span.events.iter().find(|(name, _)| name == wanted)?;
        Some(nested(attributes, prefix).unwrap_or_else(|| Value::Object(attributes.clone())))
    };
    some((
        content("gen_ai.content.prompt", "gen_ai.prompt"),
        content("gen_ai.content.completion", "gen_ai.completion"),
    ))
}

/// All messages as one list of events, the choice being the output.
fn logfire(attributes: &Map<String, Value>) -> Option<Payload> {
    let events = attributes.get("events").and_then(parsed)?;
    let is_choice = |event: &&Value| event["event.name"] == "gen_ai.choice";
    let events = events.as_array()?;
    let input = events.iter().filter(|event| !is_choice(event)).cloned().collect();
    some((list(input), events.iter().find(is_choice).cloned()))
}

fn pydantic(span: &Span) -> Option<Payload> {
    if span.source.scope != "pydantic-ai" {
        return None;
    }
    pairs(&span.attributes, &PYDANTIC)
}

fn paths(attributes: &Map<String, Value>) -> Option<Payload> {
    let (input, output) = PATHS
        .iter()
        .find_map(|(input, output)| some((nested(attributes, input), nested(attributes, output))))?;
    // Where one side speaks in paths, the other is an empty object.
    let filled = |side: Option<Value>| side.or_else(|| Some(json!({})));
    Some((filled(input), filled(output)))
}

/// Unfolds `prefix.0.role`, `prefix.0.content`, … into a list of objects.
fn nested(attributes: &Map<String, Value>, prefix: &str) -> Option<Value> {
    if let Some(whole) = attributes.get(prefix).filter(|value| is_truthy(value)) {
        return Some(whole.clone());
    }
    let mut tree = Value::Object(Map::new());
    for (key, value) in attributes {
        let path = key.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
        if let Some(path) = path {
            plant(&mut tree, path, value.clone());
        }
    }
    tree.as_object().is_some_and(|map| !map.is_empty()).then(|| listed(tree))
}

fn plant(tree: &mut Value, path: &str, value: Value) {
    let mut place = tree;
    for part in path.splitn(DEPTH, '.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[part];
    }
    *place = value;
}

/// Objects whose keys are all numbers become lists, in the order of the numbers.
fn listed(tree: Value) -> Value {
    let Value::Object(map) = tree else { return tree };
    let numbers: Option<Vec<u64>> = map.keys().map(|key| key.parse().ok()).collect();
    match numbers.filter(|numbers| !numbers.is_empty()) {
        Some(numbers) => {
            let mut entries: Vec<_> = numbers.into_iter().zip(map.into_iter().map(|(_, v)| v)).collect();
            entries.sort_by_key(|(number, _)| *number);
            entries.into_iter().map(|(_, value)| listed(value)).collect()
        }
        None => Value::Object(map.into_iter().map(|(key, value)| (key, listed(value))).collect()),
    }
}
