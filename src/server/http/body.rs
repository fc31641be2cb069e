//! Reading a request's body: bounded in size and in time, and parsed by its content type.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use futures_util::StreamExt as _;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::reply::Problem;
use super::routes::Payload;

/// How long a client may take to send a body.
const PATIENCE: Duration = Duration::from_mins(1);
/// A body that is too long is read up to here and thrown away, so that the client gets to read the
/// answer.
const DRAINED: usize = 16 << 20;
/// How long a client that is refused anyway may take to send its body.
const SHORT_PATIENCE: Duration = Duration::from_secs(5);

/// The body, if it is no longer than allowed and comes in time.
pub async fn read(body: Body, payload: Payload) -> Result<Bytes, Problem> {
    let late = |_| Problem::Text(StatusCode::REQUEST_TIMEOUT, "Request timed out");
    timeout(PATIENCE, collect(body, payload)).await.map_err(late)?
}

/// Reads a body that nobody needs, since a connection closed with something unread resets, and its
/// client may never see why it was refused. Whoever asks first (`Expect`) sends nothing then.
pub async fn discard(parts: &Parts, body: Body) {
    if parts.headers.contains_key(header::EXPECT) {
        return;
    }
    let (mut body, mut length) = (body.into_data_stream(), 0);
    let rest = async {
        while let Some(Ok(part)) = body.next().await
            && length <= DRAINED
        {
            length += part.len();
        }
    };
    // Whether it ended or the time was up, the answer goes out now.
    let _ = timeout(SHORT_PATIENCE, rest).await;
}

async fn collect(body: Body, payload: Payload) -> Result<Bytes, Problem> {
    let (limit, refusal) = payload.limit();
    let (mut parts, mut kept, mut length) = (body.into_data_stream(), Vec::new(), 0);
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| Problem::Text(StatusCode::BAD_REQUEST, "Invalid body"))?;
        length += part.len();
        if length <= limit {
            kept.extend_from_slice(&part);
        } else if length > limit.max(DRAINED) {
            break;
        }
    }
    if length > limit {
        return Err(Problem::Text(StatusCode::PAYLOAD_TOO_LARGE, refusal));
    }
    Ok(kept.into())
}

/// JSON, or a form's fields, or a text where the content type is neither.
pub fn parse(parts: &Parts, bytes: &Bytes) -> Result<Value, Problem> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/json" | "application/ld+json" if bytes.is_empty() => Ok(Value::Object(Map::new())),
        "application/json" | "application/ld+json" => serde_json::from_str(&String::from_utf8_lossy(bytes))
            .map_err(|_| Problem::Text(StatusCode::BAD_REQUEST, "Invalid JSON")),
        "application/x-www-form-urlencoded" => {
            let fields = url::form_urlencoded::parse(bytes).into_owned();
            Ok(Value::Object(fields.map(|(key, value)| (key, Value::String(value))).collect()))
        }
        _ => Ok(Value::String(String::from_utf8_lossy(bytes).into_owned())),
    }
}
