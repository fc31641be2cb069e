//! Annotation queues, their items (`items`), and who is assigned to them.

mod items;

use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Value, json};

use crate::server::data::value::{iso, parse};
use crate::server::data::workspace::next_id;
use crate::server::http::Call;
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::query::{Params, only_of_path};
use crate::server::http::reply::{Answer, Problem, Reply};
use crate::server::http::routes::{Class, Endpoint, Route};
use crate::server::options::Plan;
use crate::server::people::members::may_work;

/// `/annotation-queues`
pub const ROUTES: &[Route] = &[
    Route::new(
        "/api/public/annotation-queues",
        &[Endpoint::new("GET", Class::Queues, list), Endpoint::new("POST", Class::Queues, create)],
    ),
    Route::new("/api/public/annotation-queues/{queueId}", &[Endpoint::new("GET", Class::Queues, get)]),
    Route::new(
        "/api/public/annotation-queues/{queueId}/items",
        &[
            Endpoint::new("GET", Class::Queues, items::list),
            Endpoint::new("POST", Class::Queues, items::create),
        ],
    ),
    Route::new(
        "/api/public/annotation-queues/{queueId}/items/{itemId}",
        &[
            Endpoint::new("GET", Class::Queues, items::get),
            Endpoint::new("PATCH", Class::Queues, items::patch),
            Endpoint::new("DELETE", Class::Queues, items::delete),
        ],
    ),
    Route::new(
        "/api/public/annotation-queues/{queueId}/assignments",
        &[Endpoint::new("POST", Class::Queues, assign), Endpoint::new("DELETE", Class::Queues, unassign)],
    ),
];

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
fn list(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let page = params.page();
    params.strict(&["page", "limit"]);
    params.finish()?;
    let order = "ORDER BY created_at DESC, id DESC";
    page.answer(db, COLUMNS, "FROM queues", order, &[], row)
}

/// `GET /annotation-queues/{queueId}`
fn get(db: &Connection, call: &Call) -> Answer {
    only_of_path(call)?;
    let sql = format!("SELECT {COLUMNS} FROM queues WHERE id = ?1");
    let found = db.query_row(&sql, [call.param("queueId")], row).optional()?;
    found.map(Reply::ok).ok_or_else(no_queue)
}

fn no_queue() -> Problem {
    Problem::Missing("Annotation queue not found".into())
}

/// Refuses paths of a queue that does not exist.
fn must_exist(db: &Connection, id: &str) -> Result<(), Problem> {
    let exists = db.query_row("SELECT EXISTS (SELECT 1 FROM queues WHERE id = ?1)", [id], |r| r.get(0))?;
    if exists { Ok(()) } else { Err(no_queue()) }
}

/// `POST /annotation-queues`
fn create(db: &Connection, call: &Call) -> Answer {
    let mut fields = Fields::of(&call.body)?;
    let name = fields.text("name");
    let description = fields.text_or_null("description").value();
    let configs = config_ids(&mut fields);
    fields.strict(&["name", "description", "scoreConfigIds"]);
    fields.finish()?;
    refuse_over_plan(db, call)?;
    refuse_unknown_configs(db, &configs)?;
    refuse_duplicate(db, name)?;
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
    let ids = fields.entries(key, |entry| {
        entry.as_str().ok_or_else(|| vec![issue::invalid_type("string", Some(entry), &[])])
    });
    if fields.get(key).and_then(Value::as_array).is_some_and(Vec::is_empty) {
        fields.note(issue::too_few(&[key]));
    }
    ids
}

/// The free plan has one queue.
fn refuse_over_plan(db: &Connection, call: &Call) -> Result<(), Problem> {
    let full = call.place.options.plan == Plan::Hobby
        && db.query_row("SELECT EXISTS (SELECT 1 FROM queues)", [], |r| r.get(0))?;
    if !full {
        return Ok(());
    }
    let message = "Maximum number of annotation queues reached on Hobby plan.";
    Err(Problem::Named(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowedError", message.into()))
}

fn refuse_duplicate(db: &Connection, name: &str) -> Result<(), Problem> {
    let taken = db.query_row("SELECT EXISTS (SELECT 1 FROM queues WHERE name = ?1)", [name], |r| r.get(0))?;
    if taken { Err(Problem::Refused("A queue with this name already exists.".into())) } else { Ok(()) }
}

fn refuse_unknown_configs(db: &Connection, ids: &[&str]) -> Result<(), Problem> {
    let mut known = db.prepare_cached("SELECT 1 FROM score_configs WHERE id = ?1")?;
    for id in ids {
        if !known.exists([id])? {
            let message = "At least one of the score config IDs cannot be found for the given project.";
            return Err(Problem::Refused(message.into()));
        }
    }
    Ok(())
}

/// `POST /annotation-queues/{queueId}/assignments`
fn assign(db: &Connection, call: &Call) -> Answer {
    let (queue, user) = assignment(db, call)?;
    if !may_work(db, user)? {
        return Err(Problem::Missing("User not found or not authorized for this project".into()));
    }
    db.execute("INSERT OR IGNORE INTO assignments (queue_id, user_id) VALUES (?1, ?2)", [queue, user])?;
    Ok(Reply::ok(json!({"userId": user, "projectId": call.place.project.id, "queueId": queue})))
}

/// `DELETE /annotation-queues/{queueId}/assignments`
fn unassign(db: &Connection, call: &Call) -> Answer {
    let (queue, user) = assignment(db, call)?;
    db.execute("DELETE FROM assignments WHERE queue_id = ?1 AND user_id = ?2", [queue, user])?;
    Ok(Reply::ok(json!({"success": true})))
}

fn assignment<'a>(db: &Connection, call: &'a Call) -> Result<(&'a str, &'a str), Problem> {
    only_of_path(call)?;
    let mut fields = Fields::of(&call.body)?;
    let user = fields.text("userId");
    fields.strict(&["userId"]);
    fields.finish()?;
    let queue = call.param("queueId");
    must_exist(db, queue)?;
    Ok((queue, user))
}
