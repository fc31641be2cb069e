//! Annotation queues and who is assigned to them.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Value, json};

use super::Call;
use super::fields::Fields;
use super::issue;
use super::query::{Params, no_parameters};
use super::reply::{Answer, Problem, Reply};
use super::value::{iso, parse};
use super::workspace::next_id;

const COLUMNS: &str = "id, name, description, score_config_ids, created_at, updated_at";

fn row(r: &Row<'_>) -> rusqlite::Result<Value> {
    let configs: String = r.get("score_config_ids")?;
    Ok(json!({
        "id": r.get::<_, String>("id")?,
        "name": r.get::<_, String>("name")?,
        "description": r.get::<_, Option<String>>("description")?,
        "scoreConfigIds": parse(&configs),
        "createdAt": r.get::<_, String>("created_at")?,
        "updatedAt": r.get::<_, String>("updated_at")?,
    }))
}

/// `GET /annotation-queues`, newest first
pub(super) fn list(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let page = params.page();
    params.strict(&["page", "limit"]);
    params.finish()?;
    let order = "ORDER BY created_at DESC, id DESC";
    page.answer(db, COLUMNS, "FROM queues", order, &[], row)
}

/// `GET /annotation-queues/{queueId}`
pub(super) fn get(db: &Connection, call: &Call) -> Answer {
    no_parameters(&call.query)?;
    let sql = format!("SELECT {COLUMNS} FROM queues WHERE id = ?1");
    let found = db.query_row(&sql, [call.segment(1)], row).optional()?;
    found.map(Reply::ok).ok_or_else(no_queue)
}

fn no_queue() -> Problem {
    Problem::Missing("Annotation queue not found".into())
}

/// Refuses paths of a queue that does not exist.
pub(super) fn must_exist(db: &Connection, id: &str) -> Result<(), Problem> {
    let exists = db.query_row("SELECT EXISTS (SELECT 1 FROM queues WHERE id = ?1)", [id], |r| r.get(0))?;
    if exists { Ok(()) } else { Err(no_queue()) }
}

/// `POST /annotation-queues`
pub(super) fn create(db: &Connection, call: &Call) -> Answer {
    let mut fields = Fields::of(&call.body)?;
    let name = fields.text("name");
    let description = fields.text_or_null("description").value();
    let configs = config_ids(&mut fields);
    fields.strict(&["name", "description", "scoreConfigIds"]);
    fields.finish()?;
    refuse_duplicate(db, name)?;
    refuse_unknown_configs(db, &configs)?;
    let now = iso(call.now);
    db.execute(
        "INSERT INTO queues VALUES (:id, :name, :description, :configs, :now, :now)",
        named_params! {
            ":id": next_id(db, call.now)?, ":name": name, ":description": description,
            ":configs": json!(configs).to_string(), ":now": now,
        },
    )?;
    let sql = format!("SELECT {COLUMNS} FROM queues WHERE name = ?1");
    Ok(Reply::ok(db.query_row(&sql, [name], row)?))
}

fn config_ids<'a>(fields: &mut Fields<'a>) -> Vec<&'a str> {
    let key = "scoreConfigIds";
    let given = fields.get(key);
    let Some(entries) = given.and_then(Value::as_array) else {
        fields.note(issue::invalid_type("array", given, &[key]));
        return Vec::new();
    };
    if entries.is_empty() {
        fields.note(issue::too_few(&[key]));
    }
    let mut ids = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        match entry.as_str() {
            Some(id) => ids.push(id),
            None => fields.note(issue::invalid_type("string", Some(entry), &[key, &index.to_string()])),
        }
    }
    ids
}

fn refuse_duplicate(db: &Connection, name: &str) -> Result<(), Problem> {
    let taken = db.query_row("SELECT EXISTS (SELECT 1 FROM queues WHERE name = ?1)", [name], |r| r.get(0))?;
    if taken { Err(Problem::Refused("A queue with this name already exists.".into())) } else { Ok(()) }
}

fn refuse_unknown_configs(db: &Connection, ids: &[&str]) -> Result<(), Problem> {
    let mut known = db.prepare("SELECT 1 FROM score_configs WHERE id = ?1")?;
    for id in ids {
        if !known.exists([id])? {
            let message = "At least one of the score config IDs cannot be found for the given project.";
            return Err(Problem::Refused(message.into()));
        }
    }
    Ok(())
}

/// `POST /annotation-queues/{queueId}/assignments`
pub(super) fn assign(db: &Connection, call: &Call) -> Answer {
    let (queue, user) = assignment(db, call)?;
    let known: bool =
        db.query_row("SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1)", [user], |r| r.get(0))?;
    if !known {
        return Err(Problem::Missing("User not found or not authorized for this project".into()));
    }
    db.execute("INSERT OR IGNORE INTO assignments (queue_id, user_id) VALUES (?1, ?2)", [queue, user])?;
    Ok(Reply::ok(json!({"userId": user, "projectId": call.place.project.id, "queueId": queue})))
}

/// `DELETE /annotation-queues/{queueId}/assignments`
pub(super) fn unassign(db: &Connection, call: &Call) -> Answer {
    let (queue, user) = assignment(db, call)?;
    db.execute("DELETE FROM assignments WHERE queue_id = ?1 AND user_id = ?2", [queue, user])?;
    Ok(Reply::ok(json!({"success": true})))
}

fn assignment<'a>(db: &Connection, call: &'a Call) -> Result<(&'a str, &'a str), Problem> {
    no_parameters(&call.query)?;
    let mut fields = Fields::of(&call.body)?;
    let user = fields.text("userId");
    fields.strict(&["userId"]);
    fields.finish()?;
    let queue = call.segment(1);
    must_exist(db, queue)?;
    Ok((queue, user))
}
