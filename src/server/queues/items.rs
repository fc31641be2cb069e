//! Items of annotation queues.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params_from_iter};
use serde_json::{Value, json};

use super::must_exist;
use crate::server::data::value::iso;
use crate::server::data::workspace::next_id;
use crate::server::http::Call;
use crate::server::http::fields::Fields;
use crate::server::http::query::{Page, Params, only_of_path};
use crate::server::http::reply::{Answer, Problem, Reply};

const COLUMNS: &str = "id, queue_id, object_id, object_type, status, completed_at, created_at, updated_at";
const STATUSES: [&str; 2] = ["PENDING", "COMPLETED"];

fn row(r: &Row<'_>) -> rusqlite::Result<Value> {
    Ok(json!({
        "id": r.get::<_, String>(0)?,
        "queueId": r.get::<_, String>(1)?,
        "objectId": r.get::<_, String>(2)?,
        "objectType": r.get::<_, String>(3)?,
        "status": r.get::<_, String>(4)?,
        "completedAt": r.get::<_, Option<String>>(5)?,
        "createdAt": r.get::<_, String>(6)?,
        "updatedAt": r.get::<_, String>(7)?,
    }))
}

/// What a list may be asked for. Adding an item takes the same parameters, and does nothing with them.
fn listing(call: &Call) -> Result<(Page, Option<&str>), Problem> {
    let mut params = Params::of(&call.query);
    let page = params.page();
    let status = params.choice("status", &STATUSES);
    params.strict(&["page", "limit", "queueId", "status"]);
    params.finish()?;
    Ok((page, status))
}

/// `GET …/items`, newest first
pub fn list(db: &Connection, call: &Call) -> Answer {
    let (page, status) = listing(call)?;
    let queue = call.param("queueId");
    must_exist(db, queue)?;
    let (those, args): (_, &[&str]) = match status {
        None => ("queue_id = ?1", &[queue]),
        Some(status) => ("queue_id = ?1 AND status = ?2", &[queue, status]),
    };
    let counted = format!("SELECT ifnull(sum(count), 0) FROM item_counts WHERE {those}");
    let total = db.prepare_cached(&counted)?.query_row(params_from_iter(args), |r| r.get(0))?;
    let sql = format!(
        "SELECT {COLUMNS} FROM items WHERE {those} ORDER BY created_at DESC, id DESC {}",
        page.window()
    );
    let mut statement = db.prepare_cached(&sql)?;
    let data = statement.query_map(params_from_iter(args), row)?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Reply::ok(json!({"data": data, "meta": page.meta(total)})))
}

/// `GET …/items/{itemId}`
pub fn get(db: &Connection, call: &Call) -> Answer {
    only_of_path(call)?;
    must_exist(db, call.param("queueId"))?;
    read(db, call.param("queueId"), call.param("itemId"))
}

fn read(db: &Connection, queue: &str, item: &str) -> Answer {
    let sql = format!("SELECT {COLUMNS} FROM items WHERE queue_id = ?1 AND id = ?2");
    let found = db.query_row(&sql, [queue, item], row).optional()?;
    found.map(Reply::ok).ok_or_else(no_item)
}

fn no_item() -> Problem {
    Problem::Missing("Annotation queue item not found".into())
}

/// `POST …/items`: the object need not exist, and may be in the queue already
pub fn create(db: &Connection, call: &Call) -> Answer {
    listing(call)?;
    let mut fields = Fields::of(&call.body)?;
    let object = fields.text("objectId");
    let kind = fields.choice("objectType", &["TRACE", "OBSERVATION", "SESSION"]);
    let status = fields.optional_choice("status", &STATUSES).unwrap_or("PENDING");
    fields.strict(&["objectId", "objectType", "status"]);
    fields.finish()?;
    let queue = call.param("queueId");
    must_exist(db, queue)?;
    let (id, now) = (next_id(db, call.now)?, iso(call.now));
    let completed = (status == "COMPLETED").then_some(&now);
    let sql = "INSERT INTO items VALUES (:id, :queue, :object, :kind, :status, :completed, :now, :now)";
    db.prepare_cached(sql)?.execute(named_params! {
        ":id": id, ":queue": queue, ":object": object, ":kind": kind, ":status": status,
        ":completed": completed, ":now": now,
    })?;
    read(db, queue, &id)
}

/// `PATCH …/items/{itemId}`: completing again moves the time, reopening keeps it
pub fn patch(db: &Connection, call: &Call) -> Answer {
    only_of_path(call)?;
    let mut fields = Fields::of(&call.body)?;
    let status = fields.optional_choice("status", &STATUSES);
    fields.strict(&["status"]);
    fields.finish()?;
    let (queue, item) = (call.param("queueId"), call.param("itemId"));
    must_exist(db, queue)?;
    if let Some(status) = status {
        let sql = "UPDATE items SET status = :status, updated_at = :now,
                completed_at = iif(:status = 'COMPLETED', :now, completed_at)
             WHERE queue_id = :queue AND id = :item";
        db.prepare_cached(sql)?.execute(
            named_params! {":status": status, ":now": iso(call.now), ":queue": queue, ":item": item},
        )?;
    }
    read(db, queue, item)
}

/// `DELETE …/items/{itemId}`
pub fn delete(db: &Connection, call: &Call) -> Answer {
    only_of_path(call)?;
    let (queue, item) = (call.param("queueId"), call.param("itemId"));
    must_exist(db, queue)?;
    match db.execute("DELETE FROM items WHERE queue_id = ?1 AND id = ?2", [queue, item])? {
        0 => Err(no_item()),
        _ => Ok(Reply::ok(json!({"success": true, "message": "Annotation queue item deleted successfully"}))),
    }
}
