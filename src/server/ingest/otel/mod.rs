//! `POST /otel/v1/traces`: OpenTelemetry spans, in protobuf or JSON, as observations of the new data
//! model.
//!
//! `span` reads both encodings into one shape; `kind`, `payload`, `measures` and `tokens` know the conventions
//! of the many libraries that write spans; `row` makes an observation of one, `store` keeps it and
//! brings its trace up to date.

mod attributes;
mod experiment;
mod kind;
mod measures;
mod payload;
mod row;
mod span;
mod store;
mod tokens;

use std::io::Read as _;

use axum::http::{HeaderMap, StatusCode, header};
use flate2::read::MultiGzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use rusqlite::Connection;
use serde_json::{Value, json};

use self::span::Span;
use crate::server::http::Call;
use crate::server::http::reply::{Answer, Reply};
use crate::server::traces::row::Observation;

pub use self::experiment::Part;
pub use self::store::gather;

/// Most bytes a compressed body may unfold to.
const UNFOLDED: u64 = 64 << 20;
const PROTOBUF: &str = "application/x-protobuf";
/// The newest way of ingestion a client may ask for.
const NEWEST: i64 = 4;

/// The observations of a request in JSON, with or without ids, and their parts in experiments. Times a
/// span does not say are `now`.
pub fn observations(request: &Value, now: &str) -> Vec<(Observation, Option<Part>)> {
    span::of_json(request).iter().map(|span| (row::of(span, now), experiment::of(span))).collect()
}

/// Takes spans in.
pub fn take(db: &Connection, call: &Call) -> Answer {
    let kind = header_text(&call.headers, "content-type").to_lowercase();
    let spans = match unfold(call).and_then(|bytes| decode(&kind, &bytes)) {
        Ok(spans) => spans,
        Err(error) => return Ok(refused(error)),
    };
    let version = ["x-langfuse-ingestion-version", "x_langfuse_ingestion_version"]
        .map(|name| header_text(&call.headers, name))
        .into_iter()
        .find(|text| !text.is_empty());
    if let Some(version) = version.filter(|v| v.trim().parse().map_or(true, |n: i64| n > NEWEST)) {
        let error = format!(
            "Unsupported x-langfuse-ingestion-version: \"{version}\". Maximum supported: \"{NEWEST}\"."
        );
        return Ok(refused(&error));
    }
    store::keep(db, &spans, call.now)?;
    if kind.contains(PROTOBUF) {
        // The message that says all went well has no fields.
        return Ok(Reply::File(PROTOBUF.into(), Vec::new()));
    }
    Ok(Reply::ok(json!({})))
}

fn refused(error: &str) -> Reply {
    Reply::Json(StatusCode::BAD_REQUEST, json!({"error": error}))
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The body, decompressed if it says so.
fn unfold(call: &Call) -> Result<Vec<u8>, &'static str> {
    if !header_text(&call.headers, header::CONTENT_ENCODING.as_str()).contains("gzip") {
        return Ok(call.bytes.to_vec());
    }
    let mut bytes = Vec::new();
    let read = MultiGzDecoder::new(&call.bytes[..]).take(UNFOLDED + 1).read_to_end(&mut bytes);
    match read {
        Ok(length) if length as u64 <= UNFOLDED => Ok(bytes),
        _ => Err("Failed to decompress request body"),
    }
}

fn decode(kind: &str, bytes: &[u8]) -> Result<Vec<Span>, &'static str> {
    if kind.contains(PROTOBUF) {
        let request = ExportTraceServiceRequest::decode(bytes);
        return request.map(span::of_protobuf).map_err(|_| "Failed to parse OTel Protobuf Trace");
    }
    if kind.contains("application/json") {
        let failed = |_| "Failed to parse OTel JSON Trace";
        return serde_json::from_slice::<Value>(bytes).map(|body| span::of_json(&body)).map_err(failed);
    }
    Err("Invalid content type")
}
