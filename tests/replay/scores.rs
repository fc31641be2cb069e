//! When scores were written: their writes answer with an id alone, so what reads show later decides.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::facts::{Facts, Row};
use super::recording::Exchange;

/// Longest from a write to its being stored.
const LANDING: SignedDuration = SignedDuration::from_secs(2);

/// The moments of score writes that later answers betray, by exchange; `is_later` tells of writes
/// that are known not to be a score's first.
pub fn moments(
    exchanges: &[Exchange],
    facts: &Facts,
    is_later: impl Fn(&Exchange) -> bool,
) -> Vec<(usize, Timestamp)> {
    let mut found = Vec::new();
    for (id, writes) in by_id(exchanges) {
        let Some(states) = facts.states.get(&("scores", id)) else { continue };
        let mut open: Vec<&Row> = states.iter().collect();
        let (mut fitting, mut silent) = (Vec::new(), Vec::new());
        for (index, body) in writes {
            match open.iter().position(|state| fits(&body, state)) {
                Some(position) => fitting.push((index, open.remove(position))),
                None if !is_later(&exchanges[index]) => silent.push(index),
                None => {}
            }
        }
        let mut births: Vec<Timestamp> = states.iter().map(|state| state.created).collect();
        births.dedup();
        // A time that the client gave tells nothing of the moment.
        births.retain(|birth| !facts.given.contains(birth));
        for birth in births.into_iter().rev() {
            let first = fitting.iter().position(|(_, state)| state.created == birth);
            // A state that is as old as the score tells of its first write, recorded or not.
            if states.iter().any(|state| state.created == birth && landed(state) == birth) {
                continue;
            }
            if let Some(index) = silent.pop() {
                found.push((index, birth));
            } else if let Some(first) = first {
                found.push((fitting.remove(first).0, birth));
            }
        }
        found.extend(fitting.into_iter().map(|(index, state)| (index, landed(state))));
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
