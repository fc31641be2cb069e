//! Keeping spans, and what they say about their traces.
//!
//! The spans of a trace come in several requests and in any order, children before parents. After
//! each request the trace is what its observations make it: the root's payloads, and attributes
//! from whichever of them has them, the root first.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use super::attributes::first;
use super::experiment;
use super::row;
use super::span::Span;
use crate::server::data::value::{iso, merge, parse, payload};
use crate::server::ingest::batch::union;
use crate::server::traces::row::{Observation, Trace};

/// Keeps spans; those without ids are left out.
pub fn keep(db: &Connection, spans: &[Span], now: Timestamp) -> rusqlite::Result<()> {
    let now = iso(now);
    let mut spans: Vec<&Span> =
        spans.iter().filter(|span| !span.id.is_empty() && !span.trace_id.is_empty()).collect();
    spans.sort_by_key(|span| span.trace_id.as_str());
    for part in spans.chunk_by(|a, b| a.trace_id == b.trace_id) {
        keep_part(db, part, &now)?;
    }
    Ok(())
}

/// The spans of one trace.
fn keep_part(db: &Connection, spans: &[&Span], now: &str) -> rusqlite::Result<()> {
    let Some(id) = spans.first().map(|span| span.trace_id.as_str()) else { return Ok(()) };
    let stored = Trace::load(db, id)?;
    let before = root(db, id)?;
    for span in spans {
        let mut row = row::of(span, now);
        let sql = "SELECT created_at FROM observations WHERE trace_id = ?1 AND id = ?2";
        let created = db.prepare_cached(sql)?.query_row([id, &span.id], |r| r.get(0)).optional()?;
        row.created_at = created.unwrap_or(row.created_at);
        row.save(db)?;
        experiment::keep(db, span)?;
    }
    let Some(root) = root(db, id)? else { return Ok(()) };
    let Some(mut trace) = Trace::of_observations(std::slice::from_ref(&root)) else { return Ok(()) };
    gather(db, &mut trace)?;
    if let Some(stored) = stored {
        inherit(&mut trace, stored, before);
    }
    for span in spans {
        update(&mut trace, span);
    }
    now.clone_into(&mut trace.updated_at);
    trace.save(db)
}

/// The trace's root as far as it is known.
fn root(db: &Connection, trace: &str) -> rusqlite::Result<Option<Observation>> {
    let sql = "SELECT * FROM observations WHERE trace_id = ?1
        ORDER BY parent_id IS NOT NULL, is_app_root = 0, start_time, id LIMIT 1";
    db.prepare_cached(sql)?.query_row([trace], Observation::read).optional()
}

/// Fills what the root does not say from the other observations.
pub fn gather(db: &Connection, trace: &mut Trace) -> rusqlite::Result<()> {
    let sql = "SELECT start_time, trace_name, user_id, session_id, release, version, tags, is_public
        FROM observations WHERE trace_id = ?1 ORDER BY parent_id IS NOT NULL, is_app_root = 0, start_time, id";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([&trace.id])?;
    let mut name = None;
    while let Some(r) = rows.next()? {
        let start: String = r.get(0)?;
        trace.timestamp = start.min(std::mem::take(&mut trace.timestamp));
        for (field, column) in [
            (&mut name, 1),
            (&mut trace.user_id, 2),
            (&mut trace.session_id, 3),
            (&mut trace.release, 4),
            (&mut trace.version, 5),
        ] {
            if field.is_none() {
                *field = Some(r.get::<_, String>(column)?).filter(|text| !text.is_empty());
            }
        }
        trace.tags = union(&trace.tags, &parse(&r.get::<_, String>(6)?));
        trace.is_public |= r.get::<_, bool>(7)?;
    }
    trace.name = name.or_else(|| trace.name.take());
    Ok(())
}

/// Keeps what the stored trace has from elsewhere: payloads that were set for the trace itself,
/// metadata, its bookmark.
fn inherit(trace: &mut Trace, stored: Trace, before: Option<Observation>) {
    let (input, output) = before.map(|root| (root.input, root.output)).unwrap_or_default();
    if stored.input != input {
        trace.input = stored.input;
    }
    if stored.output != output {
        trace.output = stored.output;
    }
    let newer = std::mem::replace(&mut trace.metadata, stored.metadata);
    merge(&mut trace.metadata, &newer);
    trace.is_bookmarked = stored.is_bookmarked;
    trace.created_at = stored.created_at;
}

/// What a span sets for its trace.
fn update(trace: &mut Trace, span: &Span) {
    let given = |key: &str| first(&span.attributes, &[key]).and_then(payload);
    if let Some(input) = given("langfuse.trace.input") {
        trace.input = Some(input);
    }
    if let Some(output) = given("langfuse.trace.output") {
        trace.output = Some(output);
    }
    merge(&mut trace.metadata, &Value::Object(row::of_trace(span)));
}
