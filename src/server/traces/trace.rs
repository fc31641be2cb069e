//! `GET /traces/{traceId}`, and what all shapes of a trace have in common.

use axum::http::StatusCode;
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::observations;
use super::row::{Observation, Trace};
use super::shape::{decimal, total};
use crate::server::data::value::{content, metadata, millis_between, number, whole_seconds};
use crate::server::http::Call;
use crate::server::http::query::Params;
use crate::server::http::reply::{Answer, Problem, Reply};
use crate::server::scores::legacy;

/// What may be asked for; `core` always comes.
pub const GROUPS: [&str; 5] = ["core", "io", "scores", "observations", "metrics"];
/// From this many characters in all observations the answer is refused.
const MOST: usize = 80_000_000;

/// The groups asked for; all if none is known.
pub fn groups(params: &mut Params<'_>) -> Vec<&'static str> {
    params.known("fields", &GROUPS).filter(|groups| !groups.is_empty()).unwrap_or_else(|| GROUPS.to_vec())
}

/// One trace with its observations and scores.
pub fn get(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let groups = groups(&mut params);
    params.finish()?;
    let id = call.param("traceId");
    let missing = || Problem::Missing(format!("Trace {id} not found within authorized project"));
    let trace = Trace::load(db, id)?.ok_or_else(missing)?;
    let has = |group: &str| groups.contains(&group);
    let project = &call.place.project.id;
    let rows = if has("observations") || has("metrics") {
        observations_of(db, id, has("observations"))?
    } else {
        Vec::new()
    };
    let mut out = core(&trace, project, has("io"));
    out.insert("externalId".to_owned(), Value::Null);
    let scores = if has("scores") { legacy::of_trace(db, project, id)? } else { Vec::new() };
    out.insert("scores".to_owned(), Value::from(scores));
    out.insert("latency".to_owned(), if has("metrics") { number(latency(&rows)) } else { json!(-1) });
    let shown = |o: &Observation| observations::in_trace(o, project);
    let observations = if has("observations") { rows.iter().map(shown).collect() } else { json!([]) };
    out.insert("observations".to_owned(), observations);
    out.insert("htmlPath".to_owned(), json!(html_path(project, id)));
    let cost = || number(decimal(rows.iter().map(|o| total(&o.cost_details)).sum()));
    out.insert("totalCost".to_owned(), if has("metrics") { cost() } else { json!(-1) });
    Ok(Reply::ok(Value::Object(out)))
}

/// Where the web pages show a trace.
pub fn html_path(project: &str, id: &str) -> String {
    format!("/project/{project}/traces/{id}")
}

/// The fields that every shape of a trace has.
pub fn core(trace: &Trace, project: &str, with_io: bool) -> Map<String, Value> {
    let io = |text: &Option<String>| if with_io { content(text.as_deref()) } else { Value::Null };
    let metadata = if with_io { metadata(&trace.metadata.to_string(), None) } else { json!({}) };
    let shown = json!({
        "id": trace.id, "projectId": project, "name": trace.name, "timestamp": trace.timestamp,
        "environment": trace.environment, "tags": trace.tags, "bookmarked": trace.is_bookmarked,
        "release": trace.release, "version": trace.version, "userId": trace.user_id,
        "sessionId": trace.session_id, "public": trace.is_public, "input": io(&trace.input),
        "output": io(&trace.output), "metadata": metadata,
        "createdAt": whole_seconds(&trace.created_at), "updatedAt": trace.updated_at,
    });
    match shown {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// The trace's observations, last stored first, unless they are too large to be shown.
fn observations_of(db: &Connection, trace: &str, with_payload: bool) -> Result<Vec<Observation>, Problem> {
    let sql =
        "SELECT * FROM observations WHERE trace_id = ?1 AND is_synthetic = 0 ORDER BY updated_at DESC, id";
    let mut statement = db.prepare_cached(sql)?;
    let (mut rows, mut size) = (Vec::new(), 0);
    for row in statement.query_map([trace], Observation::read)? {
        let row = row?;
        size += if with_payload { size_of(&row) } else { 0 };
        if size >= MOST {
            return Err(too_large(size));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn size_of(row: &Observation) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, |text| text.encode_utf16().count());
    let values = row.metadata.as_object().into_iter().flatten();
    let metadata: usize =
        values.map(|(_, value)| value.as_str().map_or_else(|| value.to_string().len(), str::len)).sum();
    length(&row.input) + length(&row.output) + metadata
}

fn too_large(size: usize) -> Problem {
    let megabytes = |n: usize| format!("{}.{:02}MB", n / 1_000_000, n % 1_000_000 / 10_000);
    let message = format!(
        "Observations in trace are too large: {} exceeds limit of {}",
        megabytes(size),
        megabytes(MOST)
    );
    Problem::Named(StatusCode::UNPROCESSABLE_ENTITY, "PayloadTooLargeError", message)
}

/// Seconds from the first start to the last end, or to the last start where nothing ended.
fn latency(rows: &[Observation]) -> f64 {
    let first = rows.iter().map(|o| o.start_time.as_str()).min();
    let last = rows.iter().filter_map(|o| o.end_time.as_deref()).max();
    let last = last.or_else(|| rows.iter().map(|o| o.start_time.as_str()).max());
    first.zip(last).map_or(0.0, |(first, last)| millis_between(first, last) / 1000.0)
}
