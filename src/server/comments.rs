//! Comments on traces, observations and sessions.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::COMMENT_UNITS;
use crate::domain::text::utf16_len;
use crate::server::data::sql::{List, Where};
use crate::server::data::value::iso;
use crate::server::http::Call;
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::query::{Params, only_of_path};
use crate::server::http::reply::{Answer, Problem, Reply};
use crate::server::http::routes::{Class, Endpoint, Route};
use crate::server::people::members::is_member;

const COLUMNS: &str = "id, created_at, updated_at, object_type, object_id, content, author_user_id";
const TYPES: [&str; 4] = ["TRACE", "OBSERVATION", "SESSION", "PROMPT"];

const LIST: List<'_> = List::of("comments", "id");

/// `/comments`
pub const ROUTES: &[Route] = &[
    Route::new(
        "/api/public/comments",
        &[Endpoint::new("GET", Class::Public, list), Endpoint::new("POST", Class::Public, create)],
    ),
    Route::new("/api/public/comments/{commentId}", &[Endpoint::new("GET", Class::Public, get)]),
];

fn row(project: &str) -> impl Fn(&Row<'_>) -> rusqlite::Result<Value> + '_ {
    move |r| {
        Ok(json!({
            "id": r.get::<_, String>(0)?,
            "projectId": project,
            "createdAt": r.get::<_, String>(1)?,
            "updatedAt": r.get::<_, String>(2)?,
            "objectType": r.get::<_, String>(3)?,
            "objectId": r.get::<_, String>(4)?,
            "content": r.get::<_, String>(5)?,
            "authorUserId": r.get::<_, Option<String>>(6)?,
        }))
    }
}

/// `GET /comments`, in no useful order
fn list(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let kind = params.choice("objectType", &TYPES);
    let (object, author) = (params.single("objectId"), params.single("authorUserId"));
    let page = params.page();
    params.strict(&["objectType", "objectId", "authorUserId", "page", "limit"]);
    if params.lets_go_on() && object.is_some_and(|id| !id.is_empty()) && kind.is_none() {
        params.note(issue::custom("objectType is required when objectId is provided", &["objectType"]));
    }
    params.finish()?;
    let mut filter = Where::default();
    for (column, given) in [("object_type", kind), ("object_id", object), ("author_user_id", author)] {
        if let Some(text) = given {
            filter.is(column, text);
        }
    }
    let data = filter.page(db, COLUMNS, &LIST, &page.window(), row(&call.place.project.id))?;
    let total = filter.total(db, &LIST, ("comment_counts", &["object_type"]))?;
    Ok(Reply::ok(json!({"data": data, "meta": page.meta(total)})))
}

/// `GET /comments/{commentId}`
fn get(db: &Connection, call: &Call) -> Answer {
    only_of_path(call)?;
    let sql = format!("SELECT {COLUMNS} FROM comments WHERE id = ?1");
    let found = db.query_row(&sql, [call.param("commentId")], row(&call.place.project.id)).optional()?;
    found.map(Reply::ok).ok_or_else(|| Problem::Missing("Comment not found within authorized project".into()))
}

/// `POST /comments`
fn create(db: &Connection, call: &Call) -> Answer {
    let mut fields = Fields::of(&call.body)?;
    fields.text("projectId");
    let content = content(&mut fields);
    let object = fields.text("objectId");
    let kind = fields.choice("objectType", &TYPES);
    let author = fields.text_or_null("authorUserId").value();
    fields.strict(&["projectId", "objectType", "objectId", "content", "authorUserId"]);
    fields.finish()?;
    refuse_stranger(db, author)?;
    must_exist(db, kind, object)?;
    let id = Uuid::new_v4().to_string();
    let sql = "INSERT INTO comments VALUES (:id, :kind, :object, :content, :author, :now, :now)";
    db.prepare_cached(sql)?.execute(named_params! {
        ":id": id, ":kind": kind, ":object": object, ":content": content, ":author": author,
        ":now": iso(call.now),
    })?;
    Ok(Reply::ok(json!({"id": id})))
}

fn content<'a>(fields: &mut Fields<'a>) -> &'a str {
    let was_clean = matches!(fields.get("content"), Some(Value::String(_)));
    let content = fields.text("content").trim_matches(is_blank);
    if was_clean && content.is_empty() {
        fields.note(issue::too_short(&["content"]));
    } else if utf16_len(content) > COMMENT_UNITS {
        fields.note(issue::too_long(COMMENT_UNITS, &["content"]));
    }
    content
}

/// What JavaScript trims.
fn is_blank(c: char) -> bool {
    c == '\u{feff}' || c.is_whitespace() && c != '\u{85}'
}

fn refuse_stranger(db: &Connection, author: Option<&str>) -> Result<(), Problem> {
    let Some(author) = author else { return Ok(()) };
    if is_member(db, author)? {
        return Ok(());
    }
    let message =
        "authorUserId must belong to a member of the organization that owns the authenticated project.";
    Err(Problem::Refused(message.into()))
}

fn must_exist(db: &Connection, kind: &str, object: &str) -> Result<(), Problem> {
    let (table, column) = match kind {
        "TRACE" => ("observations", "trace_id"),
        "OBSERVATION" => ("observations", "id"),
        "SESSION" => ("observations", "session_id"),
        _ => ("prompts", "id"),
    };
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {column} = ?1)");
    if !object.is_empty() && db.query_row(&sql, [object], |r| r.get(0))? {
        return Ok(());
    }
    Err(Problem::Missing(match kind {
        "OBSERVATION" => format!("Observation with id {object} not found"),
        _ => format!("Reference object, {kind}: {object} not found. Skipping comment creation."),
    }))
}
