//! `GET /sessions` and `GET /sessions/{sessionId}`.

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Map, Value, json};

use super::row::Trace;
use super::trace;
use crate::server::data::simple::{self, Simple};
use crate::server::data::sql::{List, Where};
use crate::server::http::Call;
use crate::server::http::query::Params;
use crate::server::http::reply::{Answer, Problem, Reply};

const NEWEST: List<'_> = List::of("sessions", "created_at DESC, id DESC");

/// The list, newest first.
pub fn list(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let page = params.page();
    let mut conditions = Where::default();
    let mut given = Simple::range(&mut params, "created_at", "fromTimestamp", "toTimestamp");
    given.extend(Simple::environments(&params));
    params.finish()?;
    simple::add(&mut conditions, given, &[]);
    let total = conditions.total(db, &NEWEST, ("session_counts", &["environment"]))?;
    let project = &call.place.project.id;
    let data = conditions
        .page(db, "sessions.*", &NEWEST, &page.window(), |r| Ok(Value::Object(row(r, project)?)))?;
    let meta = page.meta(total);
    // Totals come first here, unlike in other lists.
    let meta: Map<String, Value> = ["totalItems", "totalPages", "page", "limit"]
        .into_iter()
        .map(|key| (key.to_owned(), meta[key].clone()))
        .collect();
    Ok(Reply::ok(json!({"data": data, "meta": meta})))
}

/// One, with all its traces and their payloads.
pub fn get(db: &Connection, call: &Call) -> Answer {
    let (id, project) = (call.param("sessionId"), &call.place.project.id);
    let found = db.query_row("SELECT * FROM sessions WHERE id = ?1", [id], |r| row(r, project)).optional()?;
    let missing = || Problem::Missing("Session not found within authorized project".into());
    let mut session = found.ok_or_else(missing)?;
    let sql = "SELECT * FROM traces WHERE session_id = ?1 ORDER BY updated_at DESC, id";
    let mut statement = db.prepare_cached(sql)?;
    let traces = statement.query_map([id], Trace::read)?;
    let shown = traces.map(|read| {
        let mut shown = trace::core(&read?, project, true);
        shown.insert("externalId".to_owned(), Value::Null);
        Ok(Value::Object(shown))
    });
    session.insert("traces".to_owned(), shown.collect::<rusqlite::Result<Value>>()?);
    Ok(Reply::ok(Value::Object(session)))
}

fn row(r: &Row<'_>, project: &str) -> rusqlite::Result<Map<String, Value>> {
    let text = |column: &str| Ok::<_, rusqlite::Error>(Value::from(r.get::<_, String>(column)?));
    Ok(Map::from_iter([
        ("id".to_owned(), text("id")?),
        ("createdAt".to_owned(), text("created_at")?),
        ("projectId".to_owned(), Value::from(project)),
        ("environment".to_owned(), text("environment")?),
    ]))
}
