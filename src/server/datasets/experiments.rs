//! `GET /experiments`: runs with what came of them, those active last first

use rusqlite::{Connection, Row, ToSql};
use serde_json::{Value, json};

use super::experiment_query::{Ask, Cursor, ROWS};
use crate::server::data::filter::{Kind, View, column};
use crate::server::data::value::parse;
use crate::server::http::Call;
use crate::server::http::reply::Answer;
use crate::server::scores::list::row as score;

const GROUPS: [&str; 3] = ["core", "metadata", "scores"];
const VIEW: View = View {
    inherits_metadata: false,
    columns: &[
        column("id", "ID", Kind::Text, "r.id"),
        column("name", "Name", Kind::Text, "r.name"),
        column("datasetId", "Dataset ID", Kind::Text, "r.dataset_id"),
    ],
};

/// The list.
pub fn list(db: &Connection, call: &Call) -> Answer {
    let ask = Ask::read(call, &GROUPS, &["core"], &VIEW)?;
    call.needs_events("experiments")?;
    let after = ask.cursor.as_ref().map(|cursor| [cursor.start.clone(), cursor.experiment.clone()]);
    let after = after.into_iter().flatten();
    ask.answer(db, |clause| sql(&ask, clause), after, |r| Ok((row(db, call, &ask, r)?, cursor(r)?)))
}

fn sql(ask: &Ask, clause: &str) -> String {
    let page = if ask.cursor.is_some() { "HAVING (last_start, r.id) < (?, ?)" } else { "" };
    format!(
        "SELECT r.*, min(o.start_time) AS start, max(o.start_time) AS last_start,
            max(ifnull(o.end_time, o.start_time)) AS finish, count(DISTINCT l.item_id) AS items
        FROM {ROWS} {clause} GROUP BY r.id {page} ORDER BY last_start DESC, r.id DESC LIMIT {}",
        ask.limit + 1
    )
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
