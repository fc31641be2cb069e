//! Health, the project and what belongs to its organization.

use std::time::Duration;

use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use crate::server::data::value::iso;
use crate::server::data::workspace::Credentials;
use crate::server::http::Call;
use crate::server::http::reply::{Answer, Problem, Reply};

/// The Langfuse version this server behaves like.
const VERSION: &str = "4.16.0";

/// `GET /health`
pub fn health(db: &Connection, call: &Call) -> Answer {
    let asked = |key: &str| call.query.raw(key) == Some("true");
    if asked("failIfDatabaseUnavailable") && db.query_row("SELECT 1", [], |_| Ok(())).is_err() {
        return Ok(unwell("Database not available"));
    }
    if asked("failIfNoRecentEvents") && !has_recent_events(db, call)? {
        return Ok(unwell("No traces within the last 3 minutes"));
    }
    ready(db, call)
}

fn unwell(status: &str) -> Reply {
    Reply::Json(StatusCode::SERVICE_UNAVAILABLE, json!({"status": status, "version": VERSION}))
}

fn has_recent_events(db: &Connection, call: &Call) -> rusqlite::Result<bool> {
    let since = call.now.saturating_sub(Duration::from_mins(3)).map(iso).unwrap_or_default();
    let sql = "SELECT EXISTS (SELECT 1 FROM observations WHERE start_time >= ?1)
        OR EXISTS (SELECT 1 FROM traces WHERE timestamp >= ?1)";
    db.query_row(sql, [since], |r| r.get(0))
}

/// `GET /ready`
#[expect(clippy::unnecessary_wraps, reason = "a handler")]
pub fn ready(_: &Connection, _: &Call) -> Answer {
    Ok(Reply::ok(json!({"status": "OK", "version": VERSION})))
}

/// `GET /projects`
pub fn list(db: &Connection, call: &Call) -> Answer {
    let project = &call.place.project;
    let organization = json!({
        "id": noted(db, "organization_id")?.as_deref().unwrap_or("tracemark"),
        "name": noted(db, "organization_name")?.as_deref().unwrap_or("This computer"),
    });
    let row = json!({"id": project.id, "name": project.name, "organization": organization, "metadata": {}});
    Ok(Reply::ok(json!({"data": [row]})))
}

/// `GET /organizations/projects`
pub fn of_organization(db: &Connection, call: &Call) -> Answer {
    let project = &call.place.project;
    let created = created_at(db, call)?;
    let row = json!({
        "id": project.id, "name": project.name, "metadata": {}, "createdAt": created, "updatedAt": created,
    });
    Ok(Reply::ok(json!({"projects": [row]})))
}

/// `GET /organizations/apiKeys`: the one there is
pub fn keys(db: &Connection, call: &Call) -> Answer {
    shown(db, call, &call.place.keys.organization)
}

/// `GET /projects/{projectId}/apiKeys`: likewise
pub fn keys_of_project(db: &Connection, call: &Call) -> Answer {
    if call.param("projectId") != call.place.project.id {
        return Err(Problem::Missing("Project not found or you don't have access to it".into()));
    }
    shown(db, call, &call.place.keys.project)
}

/// A key with its secret shortened.
fn shown(db: &Connection, call: &Call, key: &Credentials) -> Answer {
    let secret = key.secret_key.as_str();
    let tail = secret.get(secret.len().saturating_sub(4)..).unwrap_or_default();
    let row = json!({
        "id": key.public_key.trim_start_matches("pk-lf-"), "createdAt": created_at(db, call)?,
        "expiresAt": null, "lastUsedAt": null, "note": null, "publicKey": key.public_key,
        "displaySecretKey": format!("sk-lf-...{tail}"),
    });
    Ok(Reply::ok(json!({"apiKeys": [row]})))
}

/// When the workspace was made: its project's id says so.
fn created_at(db: &Connection, call: &Call) -> rusqlite::Result<String> {
    let of_id = call.place.project.id.get(1..9).and_then(|digits| i64::from_str_radix(digits, 36).ok());
    let of_id = of_id.filter(|_| call.place.project.id.len() == 25 && call.place.project.id.starts_with('c'));
    if let Some(at) = of_id.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok()) {
        return Ok(iso(at));
    }
    let first: Option<String> =
        db.query_row("SELECT min(created_at) FROM score_configs", [], |r| r.get(0)).optional()?.flatten();
    Ok(first.unwrap_or_else(|| iso(call.now)))
}

/// What the workspace was given another name for.
fn noted(db: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    db.prepare_cached(sql)?.query_row([key], |r| r.get(0)).optional()
}
