//! Where a project's data would be exported to (blob storage).
//!
//! Nothing is exported here: an integration is checked, kept and shown. Its secret is not kept.

use rusqlite::types::Value as Arg;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Map, Value, json};

use crate::server::data::value::{iso, parse};
use crate::server::http::Call;
use crate::server::http::reply::{Answer, Problem, Reply};
use crate::server::options::Mode;

mod request;

use request::Request;

/// All groups of columns, which is what is exported unless fewer are asked for.
const GROUPS: [&str; 11] = [
    "core",
    "basic",
    "time",
    "io",
    "metadata",
    "model",
    "usage",
    "prompt",
    "metrics",
    "tools",
    "trace_context",
];

/// `GET /integrations/blob-storage`
pub fn list(db: &Connection, _: &Call) -> Answer {
    let sql = "SELECT * FROM blob_storage ORDER BY project_id";
    let rows = db.prepare(sql)?.query_map([], row)?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Reply::ok(json!({"data": rows})))
}

/// `PUT /integrations/blob-storage`
pub fn put(db: &Connection, call: &Call) -> Answer {
    let request = Request::read(call)?;
    if request.project != call.place.project.id {
        return Err(Problem::Missing("Project not found".into()));
    }
    let sql = "SELECT export_source FROM blob_storage WHERE project_id = ?1";
    let source: Option<String> = db.query_row(sql, [request.project], |r| r.get(0)).optional()?;
    request.check_source(source.as_deref(), call.place.options.mode)?;
    request.check_access(source.is_none())?;
    save(db, call, &request)?;
    let sql = "SELECT * FROM blob_storage WHERE project_id = ?1";
    Ok(Reply::ok(db.query_row(sql, [request.project], row)?))
}

fn save(db: &Connection, call: &Call, request: &Request<'_>) -> rusqlite::Result<()> {
    let default_source = match call.place.options.mode {
        Mode::Legacy => "LEGACY_TRACES_OBSERVATIONS",
        Mode::Dual | Mode::EventsOnly => "OBSERVATIONS_V2",
    };
    let groups = request.groups.as_ref().map(|groups| json!(groups).to_string());
    db.execute(
        "INSERT INTO blob_storage (project_id, type, bucket_name, endpoint, region, access_key_id, has_secret,
            prefix, export_frequency, enabled, force_path_style, file_type, export_mode, export_start_date,
            compressed, export_source, export_field_groups, created_at, updated_at)
        VALUES (:project, :type, :bucket, :endpoint, :region, :key, :secret, :prefix, :frequency, :enabled,
            :path_style, :file_type, :mode, :start, :compressed, ifnull(:source, :default_source),
            ifnull(:groups, :default_groups), :now, :now)
        ON CONFLICT (project_id) DO UPDATE SET type = :type, bucket_name = :bucket, endpoint = :endpoint,
            region = :region, access_key_id = :key, has_secret = max(has_secret, :secret), prefix = :prefix,
            export_frequency = :frequency, enabled = :enabled, force_path_style = :path_style,
            file_type = :file_type, export_mode = :mode, export_start_date = :start,
            compressed = :compressed, export_source = ifnull(:source, export_source),
            export_field_groups = ifnull(:groups, export_field_groups), updated_at = :now",
        named_params! {
            ":project": request.project, ":type": request.kind, ":bucket": request.bucket,
            ":endpoint": request.endpoint, ":region": request.region, ":key": request.access_key,
            ":secret": request.has_secret, ":prefix": request.prefix, ":frequency": request.frequency,
            ":enabled": request.enabled, ":path_style": request.force_path_style,
            ":file_type": request.file_type, ":mode": request.mode, ":start": request.start(call.now),
            ":compressed": request.compressed, ":source": request.source, ":default_source": default_source,
            ":groups": groups, ":default_groups": json!(GROUPS).to_string(), ":now": iso(call.now),
        },
    )?;
    Ok(())
}

/// `GET /integrations/blob-storage/{id}`: how the exports go
pub fn status(db: &Connection, call: &Call) -> Answer {
    let sql = "SELECT * FROM blob_storage WHERE project_id = ?1";
    let found = db.query_row(sql, [call.param("id")], row).optional()?;
    let stored = found.ok_or_else(not_found)?;
    Ok(Reply::ok(json!({
        "id": stored["id"], "projectId": stored["projectId"], "syncStatus": sync_status(&stored, &iso(call.now)),
        "enabled": stored["enabled"], "lastSyncAt": stored["lastSyncAt"], "nextSyncAt": stored["nextSyncAt"],
        "lastError": stored["lastError"], "lastErrorAt": stored["lastErrorAt"],
    })))
}

fn sync_status(stored: &Value, now: &str) -> &'static str {
    if stored["enabled"] == false {
        "disabled"
    } else if !stored["lastError"].is_null() {
        "error"
    } else if stored["nextSyncAt"].as_str().is_some_and(|next| next <= now) {
        "queued"
    } else if stored["lastSyncAt"].is_null() {
        "idle"
    } else {
        "up_to_date"
    }
}

/// `DELETE /integrations/blob-storage/{id}`
pub fn delete(db: &Connection, call: &Call) -> Answer {
    if db.execute("DELETE FROM blob_storage WHERE project_id = ?1", [call.param("id")])? == 0 {
        return Err(not_found());
    }
    Ok(Reply::ok(json!({"message": "Blob storage integration successfully deleted"})))
}

fn not_found() -> Problem {
    Problem::Missing("Blob storage integration not found".into())
}

/// The answer's keys in their order, and the columns behind them.
const COLUMNS: [(&str, &str); 23] = [
    ("id", "project_id"),
    ("projectId", "project_id"),
    ("type", "type"),
    ("bucketName", "bucket_name"),
    ("endpoint", "endpoint"),
    ("region", "region"),
    ("accessKeyId", "access_key_id"),
    ("prefix", "prefix"),
    ("exportFrequency", "export_frequency"),
    ("enabled", "enabled"),
    ("forcePathStyle", "force_path_style"),
    ("fileType", "file_type"),
    ("exportMode", "export_mode"),
    ("exportStartDate", "export_start_date"),
    ("compressed", "compressed"),
    ("exportSource", "export_source"),
    ("exportFieldGroups", "export_field_groups"),
    ("nextSyncAt", "next_sync_at"),
    ("lastSyncAt", "last_sync_at"),
    ("lastError", "last_error"),
    ("lastErrorAt", "last_error_at"),
    ("createdAt", "created_at"),
    ("updatedAt", "updated_at"),
];

fn row(r: &Row<'_>) -> rusqlite::Result<Value> {
    let mut out = Map::new();
    for (key, column) in COLUMNS {
        let value = match r.get::<_, Arg>(column)? {
            Arg::Integer(flag) => json!(flag != 0),
            Arg::Text(text) if key == "exportFieldGroups" => parse(&text),
            Arg::Text(text) => json!(text),
            _ => Value::Null,
        };
        out.insert(key.to_owned(), value);
    }
    Ok(Value::Object(out))
}
