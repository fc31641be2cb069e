//! `GET /experiment-items`: what runs made of which items, newest first

use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};

use super::experiment_query::{Ask, Cursor, ROWS};
use super::experiments::scores;
use crate::server::data::filter::{Kind, View, column};
use crate::server::data::value::{metadata, parse};
use crate::server::http::Call;
use crate::server::http::reply::Answer;

const GROUPS: [&str; 7] =
    ["core", "dataset", "io", "metadata", "itemMetadata", "experimentMetadata", "scores"];
const VIEW: View = View {
    inherits_metadata: false,
    columns: &[
        column("experimentId", "Experiment ID", Kind::Text, "p.experiment_id"),
        column("experimentName", "Experiment Name", Kind::Text, "p.name"),
        column("experimentItemId", "Experiment Item ID", Kind::Text, "p.item_id"),
        column("datasetId", "Dataset ID", Kind::Text, "p.dataset_id"),
    ],
};
const SELECT: &str = "o.id, o.trace_id, o.start_time, o.end_time, o.level, o.environment, o.input, o.output,
    o.metadata, p.experiment_id, p.name, p.description, p.metadata AS experiment_metadata, p.dataset_id,
    p.item_id, p.item_version, p.expected_output, p.item_metadata, max(p.linked_at)";

/// The list.
pub fn list(db: &Connection, call: &Call) -> Answer {
    let mut ask = Ask::read(call, &GROUPS, &["core", "dataset"], &VIEW)?;
    call.needs_events("experiment items")?;
    let after = ask.cursor.as_ref().map(|c| [&c.start, &c.trace, &c.id, &c.experiment].map(String::clone));
    let after = after.into_iter().flatten();
    ask.conditions.and("p.is_item = 1", []);
    ask.answer(db, |clause| sql(&ask, clause), after, |r| Ok((row(db, call, &ask, r)?, cursor(r)?)))
}

fn sql(ask: &Ask, clause: &str) -> String {
    const ORDER: &str = "o.start_time, o.trace_id, o.id, p.experiment_id";
    let page = if ask.cursor.is_some() { format!("HAVING ({ORDER}) < (?, ?, ?, ?)") } else { String::new() };
    let descending = ORDER.replace(',', " DESC,");
    format!(
        "SELECT {SELECT} FROM {ROWS} {clause} GROUP BY {ORDER} {page} ORDER BY {descending} DESC LIMIT {}",
        ask.limit + 1
    )
}

fn cursor(r: &Row<'_>) -> rusqlite::Result<Cursor> {
    Ok(Cursor {
        start: r.get("start_time")?,
        trace: r.get("trace_id")?,
        id: r.get("id")?,
        experiment: r.get("experiment_id")?,
    })
}

fn row(db: &Connection, call: &Call, ask: &Ask, r: &Row<'_>) -> rusqlite::Result<Value> {
    let text = |column: &str| Ok::<_, rusqlite::Error>(json!(r.get::<_, Option<String>>(column)?));
    let (id, trace): (String, String) = (r.get("id")?, r.get("trace_id")?);
    let mut shown = Map::new();
    let mut put = |key: &str, value: Value| shown.insert(key.to_owned(), value);
    put("id", json!(id));
    put("traceId", json!(trace));
    put("startTime", text("start_time")?);
    put("endTime", text("end_time")?);
    put("level", text("level")?);
    put("environment", text("environment")?);
    put("experimentId", text("experiment_id")?);
    put("experimentName", text("name")?);
    put("experimentItemId", text("item_id")?);
    if ask.has("dataset") {
        put("experimentDatasetId", text("dataset_id")?);
        put("experimentItemVersion", text("item_version")?);
    }
    if ask.has("io") {
        put("input", text("input")?);
        put("output", text("output")?);
        put("expectedOutput", expected_output(r)?);
    }
    if ask.has("metadata") {
        put("metadata", metadata(&r.get::<_, String>("metadata")?, None));
    }
    if ask.has("itemMetadata") {
        let stored = r.get::<_, Option<String>>("item_metadata")?;
        put("experimentItemMetadata", metadata(&stored.unwrap_or_default(), None));
    }
    if ask.has("experimentMetadata") {
        put("experimentMetadata", metadata(&r.get::<_, String>("experiment_metadata")?, None));
        put("experimentDescription", text("description")?);
    }
    if ask.has("scores") {
        let condition = "trace_id = ?1 AND (observation_id = ?2 OR observation_id IS NULL)";
        put("scores", scores(db, call, ask, condition, &[&trace, &id])?);
    }
    Ok(Value::Object(shown))
}

/// A text as it is, anything else as JSON text: so are inputs and outputs.
fn expected_output(r: &Row<'_>) -> rusqlite::Result<Value> {
    Ok(match r.get::<_, Option<String>>("expected_output")? {
        None => Value::Null,
        Some(stored) => match parse(&stored) {
            text @ Value::String(_) => text,
            _ => json!(stored),
        },
    })
}
