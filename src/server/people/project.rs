//! Health and the project.

use std::time::Duration;

use axum::http::StatusCode;
use rusqlite::Connection;
use serde_json::json;

use crate::server::data::value::iso;
use crate::server::http::Call;
use crate::server::http::reply::{Answer, Reply};

/// The Langfuse version this server behaves like.
const VERSION: &str = "4.16.0";

/// `GET /health`
pub fn health(db: &Connection, call: &Call) -> Answer {
    if call.query.raw("failIfNoRecentEvents") == Some("true") {
        let since = call.now.saturating_sub(Duration::from_mins(3)).map(iso).unwrap_or_default();
        let sql = "SELECT EXISTS (SELECT 1 FROM observations WHERE start_time >= ?1)";
        if !db.query_row(sql, [since], |r| r.get::<_, bool>(0))? {
            let body = json!({"status": "No traces within the last 3 minutes", "version": VERSION});
            return Ok(Reply::Json(StatusCode::SERVICE_UNAVAILABLE, body));
        }
    }
    ready(db, call)
}

/// `GET /ready`
#[expect(clippy::unnecessary_wraps, reason = "a handler")]
pub fn ready(_: &Connection, _: &Call) -> Answer {
    Ok(Reply::ok(json!({"status": "OK", "version": VERSION})))
}

/// `GET /projects`
#[expect(clippy::unnecessary_wraps, reason = "a handler")]
pub fn list(_: &Connection, call: &Call) -> Answer {
    let project = &call.place.project;
    let organization = json!({"id": "tracemark", "name": "This computer"});
    let row = json!({"id": project.id, "name": project.name, "organization": organization, "metadata": {}});
    Ok(Reply::ok(json!({"data": [row]})))
}
