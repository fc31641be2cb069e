//! `GET /experiments`: runs with what came of them, those active last first

use rusqlite::{Connection, Row, ToSql};
use serde_json::{Value, json};

use super::experiment_query::{Ask, Cursor, ROWS};
use crate::server::data::filter::{Kind, View, column};
use crate::server::data::value::metadata;
use crate::server::http::Call;
use crate::server::http::reply::Answer;
use crate::server::scores::list::row as score;

const GROUPS: [&str; 3] = ["core", "metadata", "scores"];
const VIEW: View = View {
    inherits_metadata: false,
    columns: &[
        column("id", "ID", Kind::Text, "p.experiment_id"),
        column("name", "Name", Kind::Text, "p.name"),
        column("datasetId", "Dataset ID", Kind::Text, "p.dataset_id"),
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
    let page = if ask.cursor.is_some() { "HAVING (last_start, p.experiment_id) < (?, ?)" } else { "" };
    format!(
        "SELECT p.experiment_id AS id, max(p.name) AS name, max(p.description) AS description,
            max(p.dataset_id) AS dataset_id, max(nullif(p.metadata, '{{}}')) AS metadata,
            min(o.start_time) AS start, max(o.start_time) AS last_start,
            max(ifnull(o.end_time, o.start_time)) AS finish, count(DISTINCT p.item_id) AS items
        FROM {ROWS} {clause} GROUP BY p.experiment_id {page}
        ORDER BY last_start DESC, p.experiment_id DESC LIMIT {}",
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
        "itemCount": r.get::<_, i64>("items")?, "datasetId": r.get::<_, Option<String>>("dataset_id")?,
    });
    if ask.has("metadata") {
        shown["metadata"] = metadata(&r.get::<_, Option<String>>("metadata")?.unwrap_or_default(), None);
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
