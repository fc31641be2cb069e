//! Putting a trace together once all of its rows are there.
//!
//! Exports of the old data model have payloads and attributes on the trace, the new one has them on
//! its observations. What is imported can be read either way.

use rusqlite::{Connection, OptionalExtension as _, named_params, params};
use serde_json::{Value, json};

use super::langfuse::root_of;
use super::merge;
use crate::server::ingest::gather;
use crate::server::traces::row::{Observation, Trace};

/// How often JSON text may be wrapped in JSON text where payloads are compared.
const WRAPPINGS: usize = 4;

/// Makes a trace whole; `given` says that the file had the trace itself, not only observations.
pub fn trace(db: &Connection, id: &str, given: bool) -> rusqlite::Result<()> {
    let stored = Trace::load(db, id)?;
    let derived = derived(db, id)?;
    let trace = match (&stored, derived) {
        (Some(stored), Some(derived)) if !given => {
            let mut trace = Trace {
                timestamp: stored.timestamp.clone().min(derived.timestamp.clone()),
                ..stored.clone()
            };
            merge::trace(&mut trace, &derived);
            trace.created_at.clone_from(&stored.created_at);
            trace
        }
        (Some(stored), _) => stored.clone(),
        (None, Some(derived)) => derived,
        // Only scores came.
        (None, None) => return Ok(()),
    };
    if stored.as_ref() != Some(&trace) {
        trace.save(db)?;
    }
    let root = Observation::load(db, id, &root_of(id))?;
    if given || root.is_some() {
        join(db, &trace, root.as_ref())?;
        spread(db, &trace)?;
    }
    Ok(())
}

/// The trace its observations make up. Payloads are read of one of them only.
fn derived(db: &Connection, id: &str) -> rusqlite::Result<Option<Trace>> {
    let sql = "SELECT id FROM observations WHERE trace_id = ?1
        ORDER BY parent_id IS NOT NULL, start_time, id LIMIT 1";
    let root: Option<String> = db.prepare_cached(sql)?.query_row([id], |r| r.get(0)).optional()?;
    let Some(root) = root else { return Ok(None) };
    let root = Observation::load(db, id, &root)?;
    let Some(mut trace) = Trace::of_observations(root.as_slice()) else { return Ok(None) };
    gather(db, &mut trace)?;
    Ok(Some(trace))
}

/// Gives the trace one root that shows its payloads: the only root there is, if both say the same,
/// else one that stands for the trace, as the server does it.
fn join(db: &Connection, trace: &Trace, root: Option<&Observation>) -> rusqlite::Result<()> {
    let standing = root_of(&trace.id);
    if root.is_none() {
        let roots = roots(db, &trace.id)?;
        let only = match roots.as_slice() {
            [id] => Observation::load(db, &trace.id, id)?,
            _ => None,
        };
        if let Some(only) = only.filter(|only| agrees(only, trace)) {
            return fill(db, &only, trace);
        }
    }
    let synthetic = synthetic(trace, root);
    if root != Some(&synthetic) {
        synthetic.save(db)?;
    }
    let sql = "UPDATE observations SET is_legacy = 1, parent_id = ifnull(parent_id, ?2)
        WHERE trace_id = ?1 AND id <> ?2 AND (is_legacy = 0 OR parent_id IS NULL)";
    db.prepare_cached(sql)?.execute(params![trace.id, standing])?;
    Ok(())
}

fn roots(db: &Connection, trace: &str) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT id FROM observations WHERE trace_id = ?1 AND parent_id IS NULL LIMIT 2";
    db.prepare_cached(sql)?.query_map([trace], |r| r.get(0))?.collect()
}

/// Whether the root says nothing else than the trace.
fn agrees(root: &Observation, trace: &Trace) -> bool {
    let same = |a: &Option<String>, b: &Option<String>| match (a, b) {
        (Some(a), Some(b)) => a == b || opened(&json!(a), WRAPPINGS) == opened(&json!(b), WRAPPINGS),
        _ => true,
    };
    same(&root.input, &trace.input) && same(&root.output, &trace.output)
}

/// A value with all JSON that is written as text in it: exports open it up here and not there.
fn opened(value: &Value, wrappings: usize) -> Value {
    match value {
        Value::String(text) if wrappings > 0 && text.trim_start().starts_with(['{', '[', '"']) => {
            match serde_json::from_str(text) {
                Ok(inner) => opened(&inner, wrappings - 1),
                Err(_) => value.clone(),
            }
        }
        Value::Array(list) => list.iter().map(|entry| opened(entry, wrappings)).collect(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, entry)| (key.clone(), opened(entry, wrappings))).collect())
        }
        other => other.clone(),
    }
}

fn fill(db: &Connection, root: &Observation, trace: &Trace) -> rusqlite::Result<()> {
    let mut filled = root.clone();
    filled.input = filled.input.or_else(|| trace.input.clone());
    filled.output = filled.output.or_else(|| trace.output.clone());
    if filled.metadata == json!({}) {
        filled.metadata.clone_from(&trace.metadata);
    }
    if filled == *root { Ok(()) } else { filled.save(db) }
}

/// The root that stands for the trace.
fn synthetic(trace: &Trace, old: Option<&Observation>) -> Observation {
    let mut root = Observation {
        id: root_of(&trace.id),
        trace_id: trace.id.clone(),
        kind: "SPAN".into(),
        name: trace.name.clone().unwrap_or_default(),
        start_time: trace.timestamp.clone(),
        environment: trace.environment.clone(),
        version: trace.version.clone().unwrap_or_default(),
        user_id: trace.user_id.clone().unwrap_or_default(),
        session_id: trace.session_id.clone().unwrap_or_default(),
        release: trace.release.clone().unwrap_or_default(),
        trace_name: trace.name.clone().unwrap_or_default(),
        tags: trace.tags.clone(),
        input: trace.input.clone(),
        output: trace.output.clone(),
        metadata: trace.metadata.clone(),
        is_public: trace.is_public,
        is_bookmarked: trace.is_bookmarked,
        is_legacy: true,
        is_synthetic: true,
        created_at: trace.created_at.clone(),
        updated_at: trace.updated_at.clone(),
        ..Observation::default()
    };
    if let Some(old) = old {
        merge::observation(&mut root, old);
    }
    merge::complete_observation(&mut root, &trace.created_at);
    root
}

/// Tells the observations what they do not know of their trace.
fn spread(db: &Connection, trace: &Trace) -> rusqlite::Result<()> {
    let sql = "UPDATE observations SET
            user_id = iif(user_id = '', :user, user_id), session_id = iif(session_id = '', :session, session_id),
            release = iif(release = '', :release, release), version = iif(version = '', :version, version),
            trace_name = iif(trace_name = '', :name, trace_name), tags = iif(tags = '[]', :tags, tags),
            is_public = max(is_public, :public), is_bookmarked = max(is_bookmarked, :bookmarked)
        WHERE trace_id = :trace AND (user_id = '' AND :user <> '' OR session_id = '' AND :session <> ''
            OR release = '' AND :release <> '' OR version = '' AND :version <> ''
            OR trace_name = '' AND :name <> '' OR tags = '[]' AND :tags <> '[]'
            OR is_public < :public OR is_bookmarked < :bookmarked)";
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    db.prepare_cached(sql)?.execute(named_params! {
        ":trace": trace.id, ":user": text(&trace.user_id), ":session": text(&trace.session_id),
        ":release": text(&trace.release), ":version": text(&trace.version), ":name": text(&trace.name),
        ":tags": if trace.tags.is_array() { trace.tags.to_string() } else { "[]".into() },
        ":public": trace.is_public, ":bookmarked": trace.is_bookmarked,
    })?;
    Ok(())
}
