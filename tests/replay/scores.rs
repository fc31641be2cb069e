//! When scores were written: their writes answer with an id alone, so what reads show later decides.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::facts::{Facts, Row};
use super::recording::Exchange;

/// Longest from a write to its being stored.
const LANDING: SignedDuration = SignedDuration::from_secs(2);

/// The moments of score writes that later answers betray, by exchange.
pub fn moments(exchanges: &[Exchange], facts: &Facts) -> Vec<(usize, Timestamp)> {
    let mut found = Vec::new();
    for (id, writes) in by_id(exchanges) {
        let Some(states) = facts.states.get(&("scores", id)) else { continue };
        let mut open: Vec<&Row> = states.iter().collect();
        let mut silent = Vec::new();
        for (index, body) in writes {
            match open.iter().position(|state| fits(&body, state)) {
                Some(position) => found.push((index, landed(open.remove(position)))),
                None => silent.push(index),
            }
        }
        let mut births: Vec<Timestamp> = states.iter().map(|state| state.created).collect();
        births.dedup();
        births.retain(|birth| !found.iter().any(|(_, at)| at == birth));
        found.extend(silent.into_iter().zip(births));
    }
    found
}

/// Writes of the same score in the order of their names.
pub fn by_id(exchanges: &[Exchange]) -> BTreeMap<String, Vec<(usize, Value)>> {
    let mut writes: BTreeMap<String, Vec<(usize, Value)>> = BTreeMap::new();
    for (index, exchange) in exchanges.iter().enumerate() {
        if exchange.request.method != "POST" || !exchange.succeeded() {
            continue;
        }
        for body in bodies(exchange) {
            let given = body["id"].as_str().filter(|id| !id.is_empty());
            let id = given.or(exchange.answers[0].body["id"].as_str()).unwrap_or_default().to_owned();
            writes.entry(id).or_default().push((index, body.clone()));
        }
    }
    writes
}

fn bodies(exchange: &Exchange) -> Vec<&Value> {
    let body = &exchange.request.body;
    match exchange.resource() {
        "scores" => vec![body],
        "ingestion" => {
            let events = body["batch"].as_array().into_iter().flatten();
            events.filter(|e| e["type"] == "score-create").map(|e| &e["body"]).collect()
        }
        _ => Vec::new(),
    }
}

/// The write's moment, from the state that it brought about: the first write's is the score's
/// timestamp, a later one's is the moment of the change.
fn landed(state: &Row) -> Timestamp {
    if state.updated.duration_since(state.created) <= LANDING { state.created } else { state.updated }
}

/// Whether the write can have brought about the state.
pub fn fits(body: &Value, state: &Row) -> bool {
    let fields = &state.fields;
    let same = |key: &str| body.get(key).is_none_or(|v| fields.get(key).is_none_or(|f| v == f));
    let metadata = body["metadata"].as_object().into_iter().flatten();
    let merged = fields.get("metadata").is_none_or(|all| metadata.into_iter().all(|(key, v)| all[key] == *v));
    body["value"] == value(state) && same("comment") && same("dataType") && merged
}

/// The value as a write would send it.
pub fn value(state: &Row) -> Value {
    let fields = &state.fields;
    match fields.get("dataType").and_then(Value::as_str).unwrap_or_default() {
        "BOOLEAN" => match &fields["value"] {
            Value::Bool(yes) => json!(i32::from(*yes)),
            number => number.clone(),
        },
        "NUMERIC" => fields["value"].clone(),
        _ => match fields.get("stringValue") {
            Some(text) => text.clone(),
            None => fields.get("value").cloned().unwrap_or_default(),
        },
    }
}
