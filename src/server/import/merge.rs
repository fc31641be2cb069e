//! Putting what a file says over what is stored. What it leaves out stays.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::server::traces::row::{Observation, Trace};

/// Takes what is missing from `old`.
pub fn observation(new: &mut Observation, old: &Observation) {
    for (new, old) in [
        (&mut new.kind, &old.kind),
        (&mut new.name, &old.name),
        (&mut new.level, &old.level),
        (&mut new.status_message, &old.status_message),
        (&mut new.start_time, &old.start_time),
        (&mut new.version, &old.version),
        (&mut new.own_version, &old.own_version),
        (&mut new.environment, &old.environment),
        (&mut new.user_id, &old.user_id),
        (&mut new.session_id, &old.session_id),
        (&mut new.release, &old.release),
        (&mut new.trace_name, &old.trace_name),
        (&mut new.model, &old.model),
        (&mut new.model_id, &old.model_id),
        (&mut new.prompt_id, &old.prompt_id),
        (&mut new.prompt_name, &old.prompt_name),
        (&mut new.updated_at, &old.updated_at),
    ] {
        text(new, old);
    }
    for (new, old) in [
        (&mut new.parent_id, &old.parent_id),
        (&mut new.end_time, &old.end_time),
        (&mut new.completion_start_time, &old.completion_start_time),
        (&mut new.input, &old.input),
        (&mut new.output, &old.output),
    ] {
        option(new, old.as_ref());
    }
    for (new, old) in [
        (&mut new.tags, &old.tags),
        (&mut new.model_parameters, &old.model_parameters),
        (&mut new.usage_details, &old.usage_details),
        (&mut new.cost_details, &old.cost_details),
        (&mut new.metadata, &old.metadata),
    ] {
        json(new, old);
    }
    option(&mut new.prompt_version, old.prompt_version.as_ref());
    if new.total_cost == 0.0 {
        new.total_cost = old.total_cost;
    }
    new.created_at.clone_from(&old.created_at);
    new.is_legacy |= old.is_legacy;
    new.is_synthetic |= old.is_synthetic;
    new.is_public |= old.is_public;
    new.is_bookmarked |= old.is_bookmarked;
}

/// Takes what is missing from `old`.
pub fn trace(new: &mut Trace, old: &Trace) {
    text(&mut new.timestamp, &old.timestamp);
    text(&mut new.environment, &old.environment);
    text(&mut new.updated_at, &old.updated_at);
    for (new, old) in [
        (&mut new.name, &old.name),
        (&mut new.user_id, &old.user_id),
        (&mut new.session_id, &old.session_id),
        (&mut new.release, &old.release),
        (&mut new.version, &old.version),
        (&mut new.input, &old.input),
        (&mut new.output, &old.output),
    ] {
        option(new, old.as_ref());
    }
    json(&mut new.tags, &old.tags);
    json(&mut new.metadata, &old.metadata);
    new.created_at.clone_from(&old.created_at);
    new.is_public |= old.is_public;
    new.is_bookmarked |= old.is_bookmarked;
}

fn text(new: &mut String, old: &str) {
    if new.is_empty() {
        old.clone_into(new);
    }
}

fn option<T: Clone>(new: &mut Option<T>, old: Option<&T>) {
    if new.is_none() {
        *new = old.cloned();
    }
}

fn json(new: &mut Value, old: &Value) {
    let is_empty = match &*new {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    if is_empty {
        *new = old.clone();
    }
}

/// Gives an observation what every stored one has. `now` stands for times nobody knows.
pub fn complete_observation(row: &mut Observation, now: &str) {
    if row.kind.is_empty() {
        row.kind = if row.model.is_empty() { "SPAN" } else { "GENERATION" }.into();
    }
    text(&mut row.level, "DEFAULT");
    text(&mut row.environment, "default");
    text(&mut row.start_time, row.end_time.as_deref().unwrap_or(now));
    text(&mut row.created_at, now);
    text(&mut row.updated_at, &row.created_at);
    row.latency = seconds(&row.start_time, row.end_time.as_deref());
    row.time_to_first_token = seconds(&row.start_time, row.completion_start_time.as_deref());
    json(&mut row.tags, &json!([]));
    for value in [&mut row.metadata, &mut row.model_parameters, &mut row.usage_details, &mut row.cost_details]
    {
        json(value, &json!({}));
    }
}

/// Gives a trace what every stored one has.
pub fn complete_trace(row: &mut Trace, now: &str) {
    text(&mut row.environment, "default");
    text(&mut row.timestamp, now);
    text(&mut row.created_at, now);
    text(&mut row.updated_at, &row.created_at);
    json(&mut row.tags, &json!([]));
    json(&mut row.metadata, &json!({}));
}

/// Seconds between two stored times, to the millisecond.
fn seconds(from: &str, to: Option<&str>) -> Option<f64> {
    let (from, to): (Timestamp, Timestamp) = (from.parse().ok()?, to?.parse().ok()?);
    Some(to.duration_since(from).as_secs_f64())
}
