//! Tokens as spans count them, by the conventions of those who write spans.

use serde_json::{Map, Value};

use super::attributes::{as_number, first, parsed};
use super::span::Span;
use crate::server::data::value::number;
use crate::server::ingest::batch::usage::flat;

/// Names of token counts that have another name here.
const TOKENS: [(&str, &str); 10] = [
    ("prompt_tokens", "input"),
    ("completion_tokens", "output"),
    ("total_tokens", "total"),
    ("input_tokens", "input"),
    ("output_tokens", "output"),
    ("prompt", "input"),
    ("completion", "output"),
    ("reasoning_tokens", REASONING),
    ("reasoning.output_tokens", REASONING),
    ("thoughts_tokens", REASONING),
];
const REASONING: &str = "output_reasoning_tokens";

const PYDANTIC: [(&str, &[&str]); 4] = [
    ("input", &["gen_ai.usage.input_tokens"]),
    ("output", &["gen_ai.usage.output_tokens"]),
    ("input_cache_read", &["gen_ai.usage.cache_read_tokens", "gen_ai.usage.details.cache_read_input_tokens"]),
    (
        "input_cache_creation",
        &["gen_ai.usage.cache_write_tokens", "gen_ai.usage.details.cache_creation_input_tokens"],
    ),
];

const VERCEL: [(&str, &[&str]); 5] = [
    ("input", &["gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens"]),
    ("output", &["gen_ai.usage.completion_tokens", "gen_ai.usage.output_tokens"]),
    ("total", &["ai.usage.tokens"]),
    ("input_cached_tokens", &["ai.usage.cachedInputTokens"]),
    (REASONING, &["ai.usage.reasoningTokens"]),
];

/// Where the Vercel AI SDK hands on what the model's provider counted.
const PROVIDERS: [(&str, &str); 9] = [
    ("input_cached_tokens", "/openai/cachedPromptTokens"),
    ("accepted_prediction_tokens", "/openai/acceptedPredictionTokens"),
    ("rejected_prediction_tokens", "/openai/rejectedPredictionTokens"),
    (REASONING, "/openai/reasoningTokens"),
    ("input_cache_creation", "/anthropic/usage/cache_creation_input_tokens"),
    ("input_cached_tokens", "/anthropic/usage/cache_read_input_tokens"),
    ("input_cache_read", "/bedrock/usage/cacheReadInputTokens"),
    ("input_cache_write", "/bedrock/usage/cacheWriteInputTokens"),
    ("input_cache_creation", "/bedrock/usage/cacheCreationInputTokens"),
];

/// Tokens by kind. One count that is none makes all of them void.
pub fn usage(span: &Span) -> Map<String, Value> {
    let attributes = &span.attributes;
    let own = first(attributes, &["langfuse.observation.usage_details"]).and_then(parsed);
    let found = match own.filter(Value::is_object) {
        Some(given) if given.as_object().is_some_and(are_counts) => flat(&given),
        Some(_) => Map::new(),
        None => match span.source.scope.as_str() {
            "ai" => vercel(attributes),
            "pydantic-ai" => counts(attributes, &PYDANTIC),
            _ => named(attributes),
        },
    };
    if are_counts(&found) { found } else { Map::new() }
}

/// Whether there are whole numbers from zero only, not looking into parts of them.
fn are_counts(tokens: &Map<String, Value>) -> bool {
    tokens.values().all(|value| match value {
        Value::Null | Value::Object(_) => true,
        other => other.as_f64().is_some_and(|n| n >= 0.0 && n.fract() == 0.0),
    })
}

fn named(attributes: &Map<String, Value>) -> Map<String, Value> {
    let mut found = Map::new();
    for (key, value) in attributes {
        let name = key
            .strip_prefix("gen_ai.usage.")
            .or_else(|| key.strip_prefix("llm.token_count."))
            .filter(|n| *n != "cost");
        let (Some(name), Some(tokens)) = (name, as_number(value)) else { continue };
        let known = TOKENS.iter().find(|(given, _)| *given == name).map_or(name, |(_, known)| known);
        found.insert(known.to_owned(), number(tokens));
    }
    if found.contains_key("output") {
        take_out(&mut found, "output", &[REASONING]);
    }
    found
}

/// Input and output are always counted here, and do not hold what has a count of its own.
fn vercel(attributes: &Map<String, Value>) -> Map<String, Value> {
    let mut found: Map<String, Value> =
        ["input", "output"].map(|kind| (kind.to_owned(), Value::from(0))).into_iter().collect();
    found.extend(counts(attributes, &VERCEL));
    let provided = first(attributes, &["ai.response.providerMetadata"]).and_then(parsed).unwrap_or_default();
    for (kind, path) in PROVIDERS {
        if let Some(tokens) = provided.pointer(path).and_then(Value::as_f64) {
            found.entry(kind).or_insert_with(|| number(tokens));
        }
    }
    take_out(&mut found, "input", &["input_cached_tokens", "input_cache_creation", "input_cache_read"]);
    take_out(&mut found, "output", &[REASONING]);
    found
}

/// Takes parts out of a whole.
fn take_out(found: &mut Map<String, Value>, whole: &str, parts: &[&str]) {
    let tokens = |key: &str| found.get(key).and_then(Value::as_f64).unwrap_or_default();
    let rest = parts.iter().fold(tokens(whole), |rest, part| rest - tokens(part));
    found.insert(whole.to_owned(), number(rest.max(0.0)));
}

fn counts(attributes: &Map<String, Value>, names: &[(&str, &[&str])]) -> Map<String, Value> {
    let read = |(kind, keys): &(&str, &[&str])| {
        let tokens = keys.iter().find_map(|key| attributes.get(*key).and_then(as_number))?;
        Some(((*kind).to_owned(), number(tokens)))
    };
    names.iter().filter_map(read).collect()
}
