//! Token counts and costs in the shapes clients send them.

use serde_json::{Map, Value, json};

use crate::server::data::value::number;
use crate::server::http::fields::{Fields, part};
use crate::server::http::issue;

const UNITS: [&str; 6] = ["CHARACTERS", "TOKENS", "MILLISECONDS", "SECONDS", "IMAGES", "REQUESTS"];

/// How OpenAI names its counts: input, output, total, and the details of the first two.
const OPENAI: [[&str; 5]; 2] = [
    [
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
    ],
    ["input_tokens", "output_tokens", "total_tokens", "input_tokens_details", "output_tokens_details"],
];

/// A required whole number.
pub fn whole(fields: &mut Fields<'_>, key: &str) -> f64 {
    let n = fields.number(key);
    if n.fract() != 0.0 {
        fields.note(issue::not_whole(key));
    } else if let Some(issue) = issue::not_safe(n, key) {
        fields.note(issue);
    }
    n
}

fn is_given(fields: &Fields<'_>, key: &str) -> bool {
    fields.get(key).is_some_and(|given| !given.is_null())
}

fn count(fields: &mut Fields<'_>, key: &str) {
    let n = whole(fields, key);
    if n < 0.0 && n.fract() == 0.0 {
        fields.note(issue::too_small(true, key));
    }
}

/// Checks `usage`, `usageDetails` and `costDetails`.
pub fn check(fields: &mut Fields<'_>) {
    if is_given(fields, "usage") {
        fields.object("usage", simple);
    }
    if let Some(given) = fields.get("usageDetails").filter(|given| !given.is_null()) {
        let errors = details(given);
        if errors.iter().all(|errors| !errors.is_empty()) {
            fields.note(issue::no_alternative(&errors, &["usageDetails"]));
        }
    }
    if let Some(given) = fields.get("costDetails").filter(|given| !given.is_null()) {
        fields.absorb(&json!("costDetails"), record(given, false));
    }
}

fn simple(usage: &mut Fields<'_>) {
    let counts = |usage: &mut Fields<'_>, keys: [&str; 3]| {
        for key in keys {
            if is_given(usage, key) {
                whole(usage, key);
            }
        }
    };
    counts(usage, ["input", "output", "total"]);
    if is_given(usage, "unit") {
        usage.choice("unit", &UNITS);
    }
    counts(usage, ["promptTokens", "completionTokens", "totalTokens"]);
    for key in ["inputCost", "outputCost", "totalCost"] {
        usage.number_or_null(key);
    }
}

/// What speaks against each shape of usage details.
fn details(given: &Value) -> Vec<Vec<Value>> {
    let mut errors: Vec<_> = OPENAI.iter().map(|names| openai(given, names)).collect();
    errors.push(record(given, true));
    errors
}

fn openai(given: &Value, names: &[&str; 5]) -> Vec<Value> {
    let checked = part(given, |fields| {
        let (counts, parts) = names.split_at(3);
        for key in counts {
            count(fields, key);
        }
        for key in parts {
            if let Some(part) = fields.get(key).filter(|part| !part.is_null()) {
                fields.absorb(&json!(key), record(part, true));
            }
        }
        fields.strict(names);
    });
    checked.err().unwrap_or_default()
}

/// What is wrong with an object of numbers, null where there is none.
fn record(given: &Value, counts: bool) -> Vec<Value> {
    let Ok(mut fields) = Fields::of(given) else {
        return vec![issue::invalid_type("record", Some(given), &[])];
    };
    let keys = given.as_object().into_iter().flatten().filter(|(_, v)| !v.is_null()).map(|(key, _)| key);
    for key in keys {
        if counts {
            count(&mut fields, key);
        } else if fields.number(key) < 0.0 {
            fields.note(issue::too_small(true, key));
        }
    }
    fields.into_issues()
}

const OLD_NAMES: [&str; 3] = ["promptTokens", "completionTokens", "totalTokens"];

/// Whether counts have the names they had before there were costs, which then do not count.
fn has_old_names(usage: &Value) -> bool {
    OLD_NAMES.iter().any(|key| usage.get(key).is_some())
}

/// The counts an event brings, by kind.
pub fn usage_of(body: &Value) -> Map<String, Value> {
    let usage = &body["usage"];
    let names = if has_old_names(usage) { OLD_NAMES } else { ["input", "output", "total"] };
    let details = flat(&body["usageDetails"]);
    let [input, output, mut total] = names.map(|name| usage[name].as_f64());
    if total.unwrap_or_default() == 0.0 {
        total = if details.is_empty() { sum(input, output) } else { None };
    }
    let mut found = Map::new();
    for (kind, tokens) in [("input", input), ("output", output), ("total", total)] {
        if let Some(tokens) = tokens {
            found.insert(kind.into(), number(tokens));
        }
    }
    found.extend(details);
    found
}

/// Both together, but what was put in alone if that or what came out is nothing.
fn sum(input: Option<f64>, output: Option<f64>) -> Option<f64> {
    match (input, output) {
        (Some(input), Some(output)) if input != 0.0 && output != 0.0 => Some(input + output),
        (input, output) => input.or(output),
    }
}

/// Usage details in our own terms: what OpenAI counts within input and output is taken out of them.
pub fn flat(details: &Value) -> Map<String, Value> {
    let shape = OPENAI.iter().find(|names| {
        let known = |key: &String| names.contains(&key.as_str());
        names.iter().take(3).all(|key| details[*key].is_number())
            && details.as_object().is_some_and(|map| map.keys().all(known))
    });
    let given = |map: &Map<String, Value>| {
        map.iter().filter(|(_, v)| v.is_number()).map(|(k, v)| (k.clone(), v.clone())).collect()
    };
    let Some([input, output, total, within_input, within_output]) = shape else {
        return details.as_object().map(given).unwrap_or_default();
    };
    let mut found = Map::new();
    for (kind, name, within) in [
        ("input", input, Some(within_input)),
        ("output", output, Some(within_output)),
        ("total", total, None),
    ] {
        found.insert(kind.into(), details[*name].clone());
        let parts = within.and_then(|name| details[*name].as_object()).map(given).unwrap_or_default();
        for (part, tokens) in parts {
            let rest = found[kind].as_f64().unwrap_or_default() - tokens.as_f64().unwrap_or_default();
            found[kind] = number(rest.max(0.0));
            found.insert(format!("{kind}_{part}"), tokens);
        }
    }
    found
}

/// The costs an event brings, by kind.
pub fn costs_of(body: &Value) -> Map<String, Value> {
    let names = [("input", "inputCost"), ("output", "outputCost"), ("total", "totalCost")];
    let mut found = Map::new();
    for (kind, name) in names {
        let given = body["usage"][name].as_f64().filter(|_| !has_old_names(&body["usage"]));
        if let Some(cost) = given {
            found.insert(kind.into(), number(cost));
        }
    }
    found.extend(flat(&body["costDetails"]));
    found
}

/// With a total, which is the sum unless it was given.
pub fn with_total(mut counts: Map<String, Value>) -> Map<String, Value> {
    if !counts.is_empty() && !counts.contains_key("total") {
        let sum: f64 = counts.values().filter_map(Value::as_f64).sum();
        counts.insert("total".into(), number(sum));
    }
    counts
}

/// Given costs with a total, which is the sum of input and output unless it was given or there are
/// costs of other kinds.
pub fn with_total_cost(costs: Map<String, Value>) -> Map<String, Value> {
    let is_simple = costs.keys().all(|kind| ["input", "output"].contains(&kind.as_str()));
    if is_simple { with_total(costs) } else { costs }
}
