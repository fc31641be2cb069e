//! Traces out of events.

use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use super::check::Entity;
use super::log::{Told, told};
use crate::server::data::value::{iso, merge, payload, strict_time};
use crate::server::scores::merge::environment;
use crate::server::traces::row::{Observation, Trace};

/// Puts a trace together from what is stored and all events about it, and lets its observations
/// know.
pub fn rebuild(db: &Connection, id: &str, now: &str) -> rusqlite::Result<()> {
    let told = told(db, Entity::Trace, id)?;
    let Some(first) = told.first() else { return Ok(()) };
    let mut trace = match Trace::load(db, id)? {
        Some(stored) => Trace { updated_at: now.to_owned(), ..stored },
        None => begin(id, first, now),
    };
    for event in &told {
        tell(&mut trace, &event.body);
    }
    trace.save(db)?;
    root(&trace, now).save(db)?;
    spread(db, &trace)
}

/// What the first event fixes for good.
fn begin(id: &str, first: &Told, now: &str) -> Trace {
    Trace {
        id: id.to_owned(),
        timestamp: time(&first.body["timestamp"]).unwrap_or_else(|| first.at.clone()),
        environment: environment(first.body["environment"].as_str().unwrap_or("default")),
        tags: json!([]),
        metadata: json!({}),
        created_at: now.to_owned(),
        updated_at: now.to_owned(),
        ..Trace::default()
    }
}

/// Later events fill and overwrite; null clears what names the trace.
fn tell(trace: &mut Trace, body: &Value) {
    for (field, key) in [
        (&mut trace.name, "name"),
        (&mut trace.user_id, "userId"),
        (&mut trace.session_id, "sessionId"),
        (&mut trace.release, "release"),
        (&mut trace.version, "version"),
    ] {
        if let Some(given) = body.get(key) {
            *field = given.as_str().map(str::to_owned);
        }
    }
    trace.is_public = body["public"].as_bool().unwrap_or_default();
    overwrite(&mut trace.input, &body["input"]);
    overwrite(&mut trace.output, &body["output"]);
    enrich(&mut trace.metadata, &body["metadata"]);
    trace.tags = union(&trace.tags, &body["tags"]);
}

/// A time of an event, as it is stored.
pub fn time(given: &Value) -> Option<String> {
    given.as_str().and_then(strict_time).map(iso)
}

/// Takes over a payload unless it is one JavaScript calls false.
pub fn overwrite(field: &mut Option<String>, given: &Value) {
    let says_something = match given {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    };
    if says_something {
        *field = payload(given);
    }
}

/// Folds metadata in; what is no object is filed under `metadata`.
pub fn enrich(stored: &mut Value, given: &Value) {
    match given {
        Value::Null => {}
        Value::Object(_) => merge(stored, given),
        Value::String(text) => merge(stored, &json!({"metadata": text})),
        other => merge(stored, &json!({"metadata": other.to_string()})),
    }
}

/// Both lists' texts, each once, in alphabetical order.
pub fn union(stored: &Value, given: &Value) -> Value {
    let texts = [stored, given].into_iter().filter_map(Value::as_array).flatten();
    let mut tags: Vec<&str> = texts.filter_map(Value::as_str).collect();
    tags.sort_unstable();
    tags.dedup();
    json!(tags)
}

/// The id of the observation that stands for a trace in the new data model.
pub fn root_id(trace: &str) -> String {
    format!("t-{trace}")
}

fn root(trace: &Trace, now: &str) -> Observation {
    let mut root = Observation {
        id: root_id(&trace.id),
        trace_id: trace.id.clone(),
        kind: "SPAN".into(),
        name: trace.name.clone().unwrap_or_default(),
        level: "DEFAULT".into(),
        start_time: trace.timestamp.clone(),
        environment: trace.environment.clone(),
        own_version: trace.version.clone().unwrap_or_default(),
        model_parameters: Value::Object(Map::new()),
        input: trace.input.clone(),
        output: trace.output.clone(),
        metadata: trace.metadata.clone(),
        is_legacy: true,
        is_synthetic: true,
        created_at: trace.created_at.clone(),
        updated_at: now.to_owned(),
        ..Observation::default()
    };
    adopt(&mut root, trace);
    root
}

/// Gives an observation what all observations of the trace share.
pub fn adopt(row: &mut Observation, trace: &Trace) {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    row.trace_name = text(&trace.name);
    row.user_id = text(&trace.user_id);
    row.session_id = text(&trace.session_id);
    row.release = text(&trace.release);
    row.tags = trace.tags.clone();
    row.is_public = trace.is_public;
    row.is_bookmarked = trace.is_bookmarked;
    row.version = if row.own_version.is_empty() { text(&trace.version) } else { row.own_version.clone() };
}

/// The same for those already stored.
fn spread(db: &Connection, trace: &Trace) -> rusqlite::Result<()> {
    let sql =
        "UPDATE observations SET trace_name = ?2, user_id = ?3, session_id = ?4, release = ?5, tags = ?6,
            version = CASE own_version WHEN '' THEN ?7 ELSE own_version END, is_public = ?8
        WHERE trace_id = ?1 AND is_legacy = 1";
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    db.prepare_cached(sql)?.execute(params![
        trace.id,
        text(&trace.name),
        text(&trace.user_id),
        text(&trace.session_id),
        text(&trace.release),
        trace.tags.to_string(),
        text(&trace.version),
        trace.is_public,
    ])?;
    Ok(())
}
