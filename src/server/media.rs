//! Media: files that payloads refer to, behind signed links of this server.

use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::server::data::value::{iso, lenient_time};
use crate::server::http::Call;
use crate::server::http::auth::{Gate, same};
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::reply::{Answer, Problem, Reply};
use crate::server::http::routes::{Class, Endpoint, Payload, Route};

/// How long a link works.
const LINK_LIFE: Duration = Duration::from_hours(1);
const LARGEST: f64 = 1e9;
const CONTENT_TYPES: [&str; 52] = [
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/webp",
    "image/gif",
    "image/svg+xml",
    "image/tiff",
    "image/bmp",
    "image/avif",
    "image/heic",
    "audio/mpeg",
    "audio/mp3",
    "audio/wav",
    "audio/ogg",
    "audio/oga",
    "audio/aac",
    "audio/mp4",
    "audio/flac",
    "audio/opus",
    "audio/webm",
    "video/mp4",
    "video/webm",
    "video/ogg",
    "video/mpeg",
    "video/quicktime",
    "video/x-msvideo",
    "video/x-matroska",
    "text/plain",
    "text/html",
    "text/css",
    "text/csv",
    "text/markdown",
    "text/x-python",
    "application/javascript",
    "text/x-typescript",
    "application/x-yaml",
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/zip",
    "application/json",
    "application/xml",
    "application/octet-stream",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/rtf",
    "application/x-ndjson",
    "application/vnd.apache.parquet",
    "application/gzip",
    "application/x-tar",
    "application/x-7z-compressed",
];

/// `/media`, and the links to the files themselves
pub const ROUTES: &[Route] = &[
    Route::new("/api/public/media", &[Endpoint::new("POST", Class::MediaUpload, create)]),
    Route::new(
        "/api/public/media/{mediaId}",
        &[Endpoint::new("GET", Class::Public, get), Endpoint::new("PATCH", Class::MediaUpload, patch)],
    ),
    Route::new(
        "/api/media/{mediaId}",
        &[
            Endpoint::new("GET", Class::Free, download)
                .gate(Gate::Open)
                .admit(|call| check_link(call, "GET")),
            Endpoint::new("PUT", Class::Free, upload)
                .gate(Gate::Open)
                .admit(|call| check_link(call, "PUT"))
                .payload(Payload::File),
        ],
    ),
];

/// `GET /media/{mediaId}`
pub fn get(db: &Connection, call: &Call) -> Answer {
    let id = call.param("mediaId");
    let sql = "SELECT content_type, content_length, uploaded_at, upload_status, upload_error FROM media
        WHERE id = ?1";
    let found = db
        .query_row(sql, [id], |r| {
            Ok((
                r.get::<_, String>(0)?,
                r.get::<_, i64>(1)?,
                r.get::<_, Option<String>>(2)?,
                r.get::<_, Option<i64>>(3)?,
                r.get::<_, Option<String>>(4)?,
            ))
        })
        .optional()?;
    let missing = |message: String| Err(Problem::Missing(message));
    let Some((kind, length, uploaded_at, status, error)) = found else {
        return missing("Media asset not found".into());
    };
    match status {
        Some(200 | 201) => {}
        Some(status) => {
            let error = error.unwrap_or_default();
            return missing(format!("Media upload failed with status {status}: \n{error}"));
        }
        None => return missing("Media not yet uploaded".into()),
    }
    let (url, expiry) = link(call, "GET", id);
    Ok(Reply::ok(json!({
        "mediaId": id, "contentType": kind, "contentLength": length, "uploadedAt": uploaded_at,
        "url": url, "urlExpiry": expiry,
    })))
}

/// `POST /media`: the upload link, or null if the file is already there
pub fn create(db: &Connection, call: &Call) -> Answer {
    let mut fields = Fields::of(&call.body)?;
    let kind = fields.choice("contentType", &CONTENT_TYPES);
    let length = fields.number("contentLength");
    if fields.is_clean() && (length <= 0.0 || length.fract() != 0.0) {
        fields.note(issue::too_small(false, "contentLength"));
    } else if length > LARGEST {
        fields.note(issue::too_big(1_000_000_000, "contentLength"));
    }
    let hash = fields.text("sha256Hash");
    let digest = STANDARD.decode(hash).ok().filter(|d| d.len() == 32);
    if fields.is_clean() && digest.is_none() {
        fields.note(issue::custom(
            "SHA-256 hash must be a 44 character base64 encoded string",
            &["sha256Hash"],
        ));
    }
    fields.text("field");
    for key in ["traceId", "observationId", "datasetId", "datasetItemId"] {
        fields.text_or_null(key);
    }
    fields.finish()?;
    let id: String = hash.replace('+', "-").replace('/', "_").chars().take(22).collect();
    #[expect(clippy::cast_possible_truncation, reason = "whole, 1 to 1e9")]
    let length = length as i64;
    db.execute(
        "INSERT OR IGNORE INTO media (id, content_type, content_length, sha256) VALUES (?1, ?2, ?3, ?4)",
        params![id, kind, length, hash],
    )?;
    let sql = "SELECT ifnull(upload_status, 0) IN (200, 201) FROM media WHERE id = ?1";
    let stored: bool = db.query_row(sql, [&id], |r| r.get(0))?;
    let url = (!stored).then(|| link(call, "PUT", &id).0);
    Ok(Reply::Json(StatusCode::CREATED, json!({"mediaId": id, "uploadUrl": url})))
}

/// `PATCH /media/{mediaId}`: how the upload went
pub fn patch(db: &Connection, call: &Call) -> Answer {
    let mut fields = Fields::of(&call.body)?;
    let at = lenient_time(fields.text("uploadedAt"));
    if fields.is_clean() && at.is_none() {
        fields.note(issue::not_a_date("uploadedAt"));
    }
    let status = fields.number("uploadHttpStatus");
    let error = fields.text_or_null("uploadHttpError").value();
    fields.finish()?;
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let changed = db.execute(
        "UPDATE media SET uploaded_at = ?2, upload_status = ?3, upload_error = ?4 WHERE id = ?1",
        params![call.param("mediaId"), at.map(iso), status as i64, error],
    )?;
    if changed == 0 {
        return Err(Problem::Missing("Media asset not found".into()));
    }
    Ok(Reply::ok(json!({"message": "OK"})))
}

/// A signed `GET` link
pub fn download(db: &Connection, call: &Call) -> Answer {
    let sql = "SELECT content_type, content FROM media WHERE id = ?1 AND content IS NOT NULL";
    let found =
        db.query_row(sql, [call.param("mediaId")], |r| Ok(Reply::File(r.get(0)?, r.get(1)?))).optional()?;
    found.ok_or(Problem::NoRoute)
}

/// A signed `PUT` link
pub fn upload(db: &Connection, call: &Call) -> Answer {
    let hash = STANDARD.encode(Sha256::digest(&call.bytes));
    let sql = "UPDATE media SET content = ?2 WHERE id = ?1 AND sha256 = ?3";
    if db.execute(sql, params![call.param("mediaId"), &call.bytes[..], hash])? == 0 {
        let text = "The SHA-256 you specified did not match the calculated checksum.";
        return Err(Problem::Text(StatusCode::BAD_REQUEST, text));
    }
    Ok(Reply::Empty)
}

/// The link and when it expires.
pub fn link(call: &Call, method: &str, id: &str) -> (String, String) {
    let until = call.now.saturating_add(LINK_LIFE).unwrap_or(Timestamp::MAX);
    let second = until.as_second();
    let signature = sign(call, method, id, second);
    (format!("{}/api/media/{id}?until={second}&sig={signature}", call.origin), iso(until))
}

fn check_link(call: &Call, method: &str) -> Result<(), Problem> {
    let until = call.query.get("until").and_then(|u| u.parse::<i64>().ok()).unwrap_or_default();
    let signature = sign(call, method, call.param("mediaId"), until);
    let given = call.query.get("sig").unwrap_or_default();
    if until < call.now.as_second() || !same(given, &signature) {
        return Err(Problem::Text(StatusCode::FORBIDDEN, "This link is not valid or no longer valid."));
    }
    Ok(())
}

/// Only this workspace can make it: the key is hashed in before and after the message.
fn sign(call: &Call, method: &str, id: &str, until: i64) -> String {
    let key = &call.place.keys.project.secret_key;
    let digest = Sha256::digest(format!("{key}\n{method}\n{id}\n{until}\n{key}"));
    URL_SAFE_NO_PAD.encode(digest)
}
