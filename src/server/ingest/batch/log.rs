//! The events themselves, kept so that the order in which they come does not matter.

use rusqlite::{Connection, params};
use serde_json::{Value, json};
use uuid::Uuid;

use super::check::{Entity, Event, Form, form};
use crate::server::data::value::{iso, parse};

/// An event that is to be taken into account.
pub struct Told {
    /// Its type.
    pub form: &'static Form,
    /// The envelope's time.
    pub at: String,
    /// What it tells.
    pub body: Value,
}

fn label(entity: Entity) -> &'static str {
    if entity == Entity::Trace { "trace" } else { "observation" }
}

/// Keeps an event in place of an earlier one of the same ids.
pub fn note(db: &Connection, event: &Event<'_>, id: &str) -> rusqlite::Result<()> {
    let mut body = event.body.clone();
    if event.form.entity == Entity::Observation && body["traceId"].is_null() && !is_known(db, id)? {
        body["traceId"] = json!(Uuid::new_v4().to_string());
    }
    let sql = "INSERT OR REPLACE INTO ingested (entity, body_id, event_id, type, timestamp, is_update, body)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    db.prepare_cached(sql)?.execute(params![
        label(event.form.entity),
        id,
        event.id,
        event.form.name,
        iso(event.at),
        event.form.is_update,
        body.to_string(),
    ])?;
    Ok(())
}

fn is_known(db: &Connection, id: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM ingested WHERE entity = 'observation' AND body_id = ?1)";
    db.prepare_cached(sql)?.query_row([id], |r| r.get(0))
}

/// All that was told about a thing, by time. Of what was told for one moment, how it was made comes
/// before how it changed; of several makings, the one told first counts most, and so comes last.
pub fn told(db: &Connection, entity: Entity, id: &str) -> rusqlite::Result<Vec<Told>> {
    let sql = "SELECT type, timestamp, body FROM ingested WHERE entity = ?1 AND body_id = ?2
        ORDER BY timestamp, is_update, iif(is_update, rowid, -rowid)";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([label(entity), id])?;
    let mut found = Vec::new();
    while let Some(r) = rows.next()? {
        let Some(form) = form(&r.get::<_, String>(0)?) else { continue };
        found.push(Told { form, at: r.get(1)?, body: parse(&r.get::<_, String>(2)?) });
    }
    Ok(found)
}
