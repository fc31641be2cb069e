//! Answers and refusals, in the four shapes in which the API words its errors.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// What a bare v4 installation says to every read of the old data model.
const EVENTS_ONLY: &str = "This endpoint is not available on deployments running in Langfuse v4 \
    events_only mode. Learn more about Langfuse v4 at: https://langfuse.com/docs/v4";

const NOT_FOUND_PAGE: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charSet=\"utf-8\"/>\
    <title>404: This page could not be found</title></head>\
    <body><h1>404</h1><h2>This page could not be found.</h2></body></html>";

/// A successful answer.
#[derive(Debug)]
pub(super) enum Reply {
    /// JSON with its status.
    Json(StatusCode, Value),
    /// A stored file with its media type.
    File(String, Vec<u8>),
    /// 200 without a body.
    Empty,
}

impl Reply {
    /// 200 with JSON.
    pub(super) fn ok(body: Value) -> Self {
        Self::Json(StatusCode::OK, body)
    }
}

/// Why a request is not served.
#[derive(Debug)]
pub(super) enum Problem {
    /// 400: the request does not fit the schema; one object per issue.
    Issues(Vec<Value>),
    /// 400: fits the schema, but not the rules.
    Refused(String),
    /// 400 with a bare message.
    Unfit(String),
    /// 401 or 403, before anything is looked at.
    Denied(StatusCode, String),
    /// 404: no such entity.
    Missing(String),
    /// 404: the old data model, which this server does not have.
    EventsOnly,
    /// 404: no such route.
    NoRoute,
    /// 405.
    Method,
    /// The body parser's refusals, in plain text.
    Text(StatusCode, &'static str),
    /// 308 to the path without its trailing slash.
    Moved(String),
    /// 500.
    Broken(String),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        tracing::warn!(%error, "workspace database");
        Self::Broken("An unknown error occurred".into())
    }
}

/// What every handler returns.
pub(super) type Answer = Result<Reply, Problem>;

/// The response to send.
pub(super) fn respond(answer: Answer) -> Response {
    match answer {
        Ok(Reply::Json(status, body)) => json_response(status, &body),
        Ok(Reply::File(kind, content)) => ([(header::CONTENT_TYPE, kind)], content).into_response(),
        Ok(Reply::Empty) => StatusCode::OK.into_response(),
        Err(problem) => refuse(problem),
    }
}

fn refuse(problem: Problem) -> Response {
    let named = |message: &str, error: &str| json!({"message": message, "error": error});
    let (status, body) = match problem {
        Problem::Issues(issues) => {
            (StatusCode::BAD_REQUEST, json!({"message": "Invalid request data", "error": issues}))
        }
        Problem::Refused(message) => (StatusCode::BAD_REQUEST, named(&message, "InvalidRequestError")),
        Problem::Unfit(message) => (StatusCode::BAD_REQUEST, json!({"message": message})),
        Problem::Denied(status, message) => (status, json!({"message": message})),
        Problem::Missing(message) => (StatusCode::NOT_FOUND, named(&message, "LangfuseNotFoundError")),
        Problem::EventsOnly => (StatusCode::NOT_FOUND, json!({"message": EVENTS_ONLY})),
        Problem::Method => {
            (StatusCode::METHOD_NOT_ALLOWED, named("Method not allowed", "MethodNotAllowedError"))
        }
        Problem::Broken(error) => (StatusCode::INTERNAL_SERVER_ERROR, named("Internal Server Error", &error)),
        Problem::NoRoute => return html(),
        Problem::Text(status, text) => return (status, Body::from(text)).into_response(),
        Problem::Moved(path) => {
            return (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, path.clone())], Body::from(path))
                .into_response();
        }
    };
    json_response(status, &body)
}

fn html() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (StatusCode::NOT_FOUND, kind, NOT_FOUND_PAGE).into_response()
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (status, kind, body.to_string()).into_response()
}
