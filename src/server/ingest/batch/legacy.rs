//! The endpoints that were there before batches: one trace or observation each.

use axum::http::StatusCode;
use rusqlite::Connection;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::check::{Event, alone, form};
use super::{settle, take};
use crate::server::http::Call;
use crate::server::http::reply::{Answer, Problem, Reply};

/// `POST /traces`
pub fn create_trace(db: &Connection, call: &Call) -> Answer {
    create(db, call, "trace-create", call.body.clone())
}

/// `POST /events`
pub fn create_event(db: &Connection, call: &Call) -> Answer {
    create(db, call, "event-create", call.body.clone())
}

/// `POST /spans`
pub fn create_span(db: &Connection, call: &Call) -> Answer {
    create(db, call, "span-create", call.body.clone())
}

/// `POST /generations`: what went in and out is called prompt and completion there
pub fn create_generation(db: &Connection, call: &Call) -> Answer {
    let mut body = call.body.clone();
    if let Value::Object(map) = &mut body {
        rename(map, "prompt", "input");
        rename(map, "completion", "output");
    }
    create(db, call, "generation-create", body)
}

fn rename(map: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = map.remove(from) {
        map.insert(to.into(), value);
    }
}

fn create(db: &Connection, call: &Call, name: &str, mut body: Value) -> Answer {
    let form = form(name).ok_or(Problem::NoRoute)?;
    if body.is_object() && body["id"].is_null() {
        body["id"] = json!(Uuid::new_v4().to_string());
    }
    alone(&body, form)?;
    let envelope = Uuid::new_v4().to_string();
    let event = Event { id: &envelope, at: call.now, form, body: &body };
    take(db, call, &event)?;
    settle(db, call, std::slice::from_ref(&event))?;
    Ok(Reply::Json(StatusCode::OK, json!({"id": body["id"]})))
}
