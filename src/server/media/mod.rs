//! Media: files that payloads refer to, behind signed links of this server.
//!
//! The files are in the database; no id ever becomes a path.

mod links;
mod request;

pub use links::link;

use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use crate::server::data::value::{any_date, iso};
use crate::server::http::Call;
use crate::server::http::auth::Gate;
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::reply::{Answer, Problem, Reply};
use crate::server::http::routes::{Class, Endpoint, Payload, Route};

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
            Endpoint::new("GET", Class::Free, links::download)
                .gate(Gate::Open)
                .admit(|call| links::check(call, "GET")),
            Endpoint::new("PUT", Class::Free, links::upload)
                .gate(Gate::Open)
                .admit(|call| links::check(call, "PUT"))
                .payload(Payload::File),
        ],
    ),
];

/// What is known of a file besides its content.
struct Media {
    content_type: String,
    length: i64,
    uploaded_at: Option<String>,
    status: Option<i64>,
    error: Option<String>,
}

impl Media {
    fn load(db: &Connection, id: &str) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT content_type, content_length, uploaded_at, upload_status, upload_error FROM media
            WHERE id = ?1";
        db.query_row(sql, [id], |r| {
            Ok(Self {
                content_type: r.get(0)?,
                length: r.get(1)?,
                uploaded_at: r.get(2)?,
                status: r.get(3)?,
                error: r.get(4)?,
            })
        })
        .optional()
    }
}

/// `GET /media/{mediaId}`
fn get(db: &Connection, call: &Call) -> Answer {
    let id = call.param("mediaId");
    let missing = |message: &str| Problem::Missing(message.to_owned());
    let media = Media::load(db, id)?.ok_or_else(|| missing("Media asset not found"))?;
    match media.status {
        Some(200 | 201) => {}
        Some(status) => {
            let error = media.error.as_deref().unwrap_or("null");
            return Err(missing(&format!("Media upload failed with status {status}: \n {error}")));
        }
        None => return Err(missing("Media not yet uploaded")),
    }
    let (url, expiry) = link(call, "GET", id);
    Ok(Reply::ok(json!({
        "mediaId": id, "contentType": media.content_type, "contentLength": media.length,
        "uploadedAt": media.uploaded_at, "url": url, "urlExpiry": expiry,
    })))
}

/// `POST /media`: the upload link, or null if the file is already there
fn create(db: &Connection, call: &Call) -> Answer {
    let request = request::read(&call.body)?;
    let sql = "SELECT id, content_type = ?2 AND upload_status = 200 FROM media WHERE sha256 = ?1";
    let known = db
        .query_row(sql, [request.sha256, request.content_type], |r| {
            Ok((r.get::<_, String>(0)?, r.get::<_, Option<bool>>(1)?))
        })
        .optional()?;
    let (id, is_stored) = known
        .map_or_else(|| (request.media_id(), false), |(id, is_stored)| (id, is_stored.unwrap_or_default()));
    if is_stored {
        return Ok(Reply::Json(StatusCode::CREATED, json!({"mediaId": id, "uploadUrl": null})));
    }
    // An id is part of a hash; whoever makes another hash fit it does not get the file replaced.
    db.execute(
        "INSERT INTO media (id, content_type, content_length, sha256) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (id) DO UPDATE SET content_type = excluded.content_type,
            content_length = excluded.content_length WHERE sha256 = excluded.sha256",
        params![id, request.content_type, request.length, request.sha256],
    )?;
    let (url, _) = link(call, "PUT", &id);
    Ok(Reply::Json(StatusCode::CREATED, json!({"mediaId": id, "uploadUrl": url})))
}

/// `PATCH /media/{mediaId}`: how the upload went
fn patch(db: &Connection, call: &Call) -> Answer {
    let mut fields = Fields::of(&call.body)?;
    let at = fields.get("uploadedAt").and_then(any_date);
    if at.is_none() {
        fields.note(issue::not_a_date("uploadedAt"));
    }
    let status = request::positive(&mut fields, "uploadHttpStatus");
    let error = fields.text_or_null("uploadHttpError").value().filter(|_| status != 200);
    fields.number_or_null("uploadTimeMs");
    fields.finish()?;
    let id = call.param("mediaId");
    let sql = "UPDATE media SET uploaded_at = ?2, upload_status = ?3, upload_error = ?4 WHERE id = ?1";
    if db.execute(sql, params![id, at.map(iso), status, error])? == 0 {
        let message = format!("Media asset {id} not found in project {}", call.place.project.id);
        return Err(Problem::Missing(message));
    }
    Ok(Reply::ok(json!({"message": "OK"})))
}
