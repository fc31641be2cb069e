//! `GET /experiments`: runs with what came of them, those active last first

use rusqlite::types::Value as Arg;
use rusqlite::{Connection, Row, ToSql, params_from_iter};
use serde_json::{Value, json};

use super::experiment_query::{Ask, Column, Cursor, ROWS};
use crate::server::data::value::parse;
use crate::server::http::Call;
use crate::server::http::reply::{Answer, Problem, Reply};
use crate::server::options::Mode;
use crate::server::scores::list::row as score;

const GROUPS: [&str; 3] = ["core", "metadata", "scores"];
const COLUMNS: [Column; 3] = [("id", "r.id"), ("name", "r.name"), ("datasetId", "r.dataset_id")];

/// The list.
pub fn list(db: &Connection, call: &Call) -> Answer {
    let ask = Ask::read(call, &GROUPS, &["core"], &COLUMNS)?;
    only_newer(call, "experiments")?;
    let (mut data, mut last) = (Vec::new(), None);
    let args = params_from_iter(ask.conditions.args().into_iter().chain(after(&ask)));
    let mut statement = db.prepare(&sql(&ask))?;
    let mut rows = statement.query(args)?;
    let mut meta = json!({});
    while let Some(r) = rows.next()? {
        if data.len() == ask.limit as usize {
            meta["cursor"] = json!(last.as_ref().map(Cursor::encoded));
            break;
        }
        data.push(row(db, call, &ask, r)?);
        last = Some(cursor(r)?);
    }
    Ok(Reply::ok(json!({"data": data, "meta": meta})))
}

fn sql(ask: &Ask) -> String {
    let page = if ask.cursor.is_some() { "HAVING (last_start, r.id) < (?, ?)" } else { "" };
    format!(
        "SELECT r.*, min(o.start_time) AS start, max(o.start_time) AS last_start,
            max(ifnull(o.end_time, o.start_time)) AS finish, count(DISTINCT l.item_id) AS items
        FROM {ROWS} {} GROUP BY r.id {page} ORDER BY last_start DESC, r.id DESC LIMIT {}",
        ask.conditions.sql(),
        ask.limit + 1
    )
}

fn after(ask: &Ask) -> impl Iterator<Item = Arg> {
    let parts = ask.cursor.as_ref().map(|cursor| [cursor.start.clone(), cursor.experiment.clone()]);
    parts.into_iter().flatten().map(Arg::from)
}

fn cursor(r: &Row<'_>) -> rusqlite::Result<Cursor> {
    Ok(Cursor {
        start: r.get("last_start")?,
        trace: String::new(),
        id: String::new(),
        experiment: r.get("id")?,
    })
}

fn row(db: &Connection, call: &Call, ask: &Ask, r: &Row<'_>) -> rusqlite::Result<Value> {
    let id: String = r.get("id")?;
    let mut shown = json!({
        "id": id, "name": r.get::<_, String>("name")?,
        "description": r.get::<_, Option<String>>("description")?,
        "startTime": r.get::<_, String>("start")?, "endTime": r.get::<_, String>("finish")?,
        "itemCount": r.get::<_, i64>("items")?, "datasetId": r.get::<_, String>("dataset_id")?,
    });
    if ask.has("metadata") {
        shown["metadata"] = parse(&r.get::<_, String>("metadata")?);
    }
    if ask.has("scores") {
        shown["scores"] = scores(db, call, ask, "run_id = ?1", &[&id])?;
    }
    Ok(shown)
}

/// The newest scores that fit, as the list of scores shows them.
pub fn scores(
    db: &Connection,
    call: &Call,
    ask: &Ask,
    condition: &str,
    args: &[&dyn ToSql],
) -> rusqlite::Result<Value> {
    let sql = format!(
        "SELECT * FROM scores WHERE {condition}
        ORDER BY observation_id IS NULL, timestamp DESC, id DESC LIMIT {}",
        ask.score_limit
    );
    let show = |r: &Row<'_>| score(r, &call.place.project.id, &["core", "subject"]);
    db.prepare_cached(&sql)?.query_map(args, show)?.collect()
}

/// A server with the old data model alone has no experiments.
pub fn only_newer(call: &Call, what: &str) -> Result<(), Problem> {
    if call.place.options.mode != Mode::Legacy {
        return Ok(());
    }
    Err(Problem::Missing(format!(
        "The {what} API is only available in a Langfuse v4 write mode. Learn more at: https://langfuse.com/docs/v4"
    )))
}
