//! Observations out of events.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::check::Entity;
use super::log::{Told, told};
use super::traces::{adopt, enrich, overwrite, root_id, time};
use super::usage;
use crate::server::ingest::models;
use crate::server::ingest::spans::{price, seconds};
use crate::server::scores::merge::environment;
use crate::server::traces::row::{Observation, Trace};

/// Puts an observation together from what is stored and all events about it.
pub fn rebuild(db: &Connection, id: &str, now: &str) -> rusqlite::Result<()> {
    let told = told(db, Entity::Observation, id)?;
    let Some(first) = told.first() else { return Ok(()) };
    let trace_of = |event: &Told| event.body["traceId"].as_str().map(str::to_owned);
    let Some(trace) = told.iter().find_map(trace_of) else { return Ok(()) };
    let mut row = match Observation::load(db, &trace, id)? {
        Some(stored) => Observation { updated_at: now.to_owned(), ..stored },
        None => begin(id, &trace, first, now),
    };
    for event in &told {
        tell(&mut row, event);
    }
    finish(&mut row);
    if let Some(trace) = Trace::load(db, &trace)? {
        adopt(&mut row, &trace);
    }
    row.save(db)?;
    // An update that came first may have named no trace, and got one made up for it.
    let elsewhere = "DELETE FROM observations WHERE id = ?1 AND trace_id <> ?2 AND is_legacy = 1";
    db.prepare_cached(elsewhere)?.execute([id, row.trace_id.as_str()]).map(drop)
}

/// What the first event fixes for good.
fn begin(id: &str, trace: &str, first: &Told, now: &str) -> Observation {
    Observation {
        id: id.to_owned(),
        trace_id: trace.to_owned(),
        parent_id: Some(root_id(trace)),
        level: "DEFAULT".into(),
        start_time: time(&first.body["startTime"]).unwrap_or_else(|| first.at.clone()),
        environment: environment(first.body["environment"].as_str().unwrap_or("default")),
        tags: json!([]),
        model_parameters: json!({}),
        usage_details: json!({}),
        cost_details: json!({}),
        metadata: json!({}),
        is_legacy: true,
        created_at: now.to_owned(),
        updated_at: now.to_owned(),
        ..Observation::default()
    }
}

/// Later events fill and overwrite; null clears what names the observation.
fn tell(row: &mut Observation, event: &Told) {
    let body = &event.body;
    let kind = if event.form.kind.is_empty() { body["type"].as_str() } else { Some(event.form.kind) };
    kind.unwrap_or("SPAN").clone_into(&mut row.kind);
    for (field, key, none) in
        [(&mut row.name, "name", ""), (&mut row.level, "level", "DEFAULT"), (&mut row.model, "model", "")]
    {
        if let Some(given) = body.get(key) {
            given.as_str().unwrap_or(none).clone_into(field);
        }
    }
    for (field, key) in [(&mut row.status_message, "statusMessage"), (&mut row.own_version, "version")] {
        if let Some(given) = body[key].as_str() {
            given.clone_into(field);
        }
    }
    for (field, key) in
        [(&mut row.end_time, "endTime"), (&mut row.completion_start_time, "completionStartTime")]
    {
        if let Some(given) = time(&body[key]) {
            *field = Some(given);
        }
    }
    if let Some(parent) = body["parentObservationId"].as_str().filter(|id| !id.is_empty()) {
        row.parent_id = Some(parent.to_owned());
    }
    overwrite(&mut row.input, &body["input"]);
    overwrite(&mut row.output, &body["output"]);
    enrich(&mut row.metadata, &body["metadata"]);
    if let Some(given) = body["modelParameters"].as_object() {
        row.model_parameters = json!(given);
    }
    for (field, given) in
        [(&mut row.usage_details, usage::usage_of(body)), (&mut row.cost_details, usage::costs_of(body))]
    {
        if !given.is_empty() {
            *field = Value::Object(given);
        }
    }
}

/// What follows from the rest.
fn finish(row: &mut Observation) {
    row.version.clone_from(&row.own_version);
    row.end_time = row.end_time.take().map(|end| end.max(row.start_time.clone()));
    row.latency = row.end_time.as_deref().and_then(|end| seconds(&row.start_time, end));
    let first_token = row.completion_start_time.as_deref();
    row.time_to_first_token = first_token.and_then(|at| seconds(&row.start_time, at));
    price(row, models::matching(&row.model));
}
