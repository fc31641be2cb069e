//! `POST /ingestion` and the endpoints before it: events of the old data model, many at once, each
//! accepted or refused on its own.

mod check;
mod legacy;
mod log;
mod observations;
mod run_items;
mod schema;
mod scores;
mod traces;
pub mod usage;

use axum::http::{StatusCode, header};
use rusqlite::Connection;
use serde_json::{Value, json};

use self::check::{Entity, Event};
use crate::server::http::Call;
use crate::server::http::issue;
use crate::server::http::reply::{Answer, Problem, Reply};
use crate::server::options::Mode;

pub use self::legacy::{create_event, create_generation, create_span, create_trace};
pub use self::traces::union;

const REMEDY: &str = "This endpoint only accepts score and log events. Upgrade the client or integration \
    to a v4-compatible SDK or OTLP ingestion path. As a temporary migration bridge, set \
    LANGFUSE_MIGRATION_V4_WRITE_MODE=dual on both the web and worker services and redeploy. Docs: \
    https://langfuse.com/self-hosting/upgrade/upgrade-guides/upgrade-v3-to-v4";

/// `POST /ingestion`
pub fn ingest(db: &Connection, call: &Call) -> Answer {
    let batch = match entries(&call.body) {
        Ok(batch) => batch,
        Err(issue) => {
            let body = json!({"message": "Invalid request data", "errors": [issue["message"]]});
            return Ok(Reply::Json(StatusCode::BAD_REQUEST, body));
        }
    };
    let sorted = Sorted::of(batch, call);
    let mut errors = sorted.errors;
    let mut successes = Vec::new();
    for event in &sorted.events {
        match take(db, call, event) {
            Ok(()) => successes.push(json!({"id": event.id, "status": 201})),
            Err(Problem::Broken(error)) => return Err(Problem::Broken(error)),
            Err(Problem::Refused(reason)) => errors.push(refused(event.id, &reason)),
            Err(_) => errors.push(refused(event.id, "The event cannot be stored")),
        }
    }
    settle(db, call, &sorted.events)?;
    Ok(Reply::Json(StatusCode::MULTI_STATUS, json!({"successes": successes, "errors": errors})))
}

fn entries(body: &Value) -> Result<&Vec<Value>, Value> {
    if !body.is_object() {
        return Err(issue::invalid_type("object", Some(body), &[]));
    }
    let batch = body.get("batch");
    batch.and_then(Value::as_array).ok_or_else(|| issue::invalid_type("array", batch, &["batch"]))
}

/// A batch's events in the order in which they take effect, and what is wrong with the others.
struct Sorted<'a> {
    events: Vec<Event<'a>>,
    errors: Vec<Value>,
}

impl<'a> Sorted<'a> {
    /// Updates come last, each part by time. Malformed events are named first, then those the key
    /// does not allow, then those the mode does not.
    fn of(batch: &'a [Value], call: &Call) -> Self {
        let (mut events, mut malformed, mut denied, mut unwanted) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let scores_only = has_public_key_only(call);
        for raw in batch {
            if let Some(error) = not_in_this_mode(raw, call.place.options.mode) {
                unwanted.push(error);
                continue;
            }
            match check::event(raw) {
                Err(issues) => {
                    let text = serde_json::to_string_pretty(&issues).unwrap_or_default();
                    malformed.push(refused(check::id_of(raw), &text));
                }
                Ok(event) if scores_only && !event.is_open() => denied.push(json!({
                    "id": event.id, "status": 401, "message": "Authentication error",
                    "error": "Access Scope Denied",
                })),
                Ok(event) => events.push(event),
            }
        }
        events.retain(|event| event.form.entity != Entity::Log);
        events.sort_by_key(|event| (event.form.is_update, event.at));
        let errors = [malformed, denied, unwanted].concat();
        Self { events, errors }
    }
}

fn refused(id: &str, error: &str) -> Value {
    json!({"id": id, "status": 400, "message": "Invalid request data", "error": error})
}

fn has_public_key_only(call: &Call) -> bool {
    let header = call.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    header.is_some_and(|text| text.starts_with("Bearer "))
}

fn not_in_this_mode(raw: &Value, mode: Mode) -> Option<Value> {
    let name = raw["type"].as_str();
    if mode != Mode::EventsOnly || matches!(name, Some("score-create" | "sdk-log")) {
        return None;
    }
    let name = name.unwrap_or("unknown");
    let error = format!(
        "Event type \"{name}\" is not accepted by /api/public/ingestion when \
        LANGFUSE_MIGRATION_V4_WRITE_MODE is events_only. {REMEDY}"
    );
    Some(json!({
        "id": check::id_of(raw), "status": 400, "message": "Event type not accepted", "error": error,
    }))
}

/// Notes an event; those without an id of their own are acknowledged and forgotten.
fn take(db: &Connection, call: &Call, event: &Event<'_>) -> Result<(), Problem> {
    let Some(id) = event.body_id() else { return Ok(()) };
    match event.form.entity {
        Entity::Score => scores::take(db, call, event),
        Entity::Trace | Entity::Observation => Ok(log::note(db, event, id)?),
        Entity::RunItem => Ok(run_items::take(db, event, id)?),
        Entity::Log => Ok(()),
    }
}

/// Puts together anew what the events were about, each thing once: traces first, since observations
/// carry their attributes.
fn settle(db: &Connection, call: &Call, events: &[Event<'_>]) -> rusqlite::Result<()> {
    let now = crate::server::data::value::iso(call.now);
    for (entity, rebuild) in [
        (Entity::Trace, traces::rebuild as fn(&Connection, &str, &str) -> rusqlite::Result<()>),
        (Entity::Observation, observations::rebuild),
    ] {
        let mut ids: Vec<&str> =
            events.iter().filter(|e| e.form.entity == entity).filter_map(Event::body_id).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            rebuild(db, id, &now)?;
        }
    }
    Ok(())
}
