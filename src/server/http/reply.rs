//! Answers and refusals, in the shapes in which the families of routes word their errors.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::limits::Over;
use crate::server::data::pool::PoolError;

/// What a bare v4 installation says to every read of the old data model.
const EVENTS_ONLY: &str = "This endpoint is not available on deployments running in Langfuse v4 \
    events_only mode. Learn more about Langfuse v4 at: https://langfuse.com/docs/v4";

const NOT_FOUND_PAGE: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charSet=\"utf-8\"/>\
    <title>404: This page could not be found</title></head>\
    <body><h1>404</h1><h2>This page could not be found.</h2></body></html>";

/// A successful answer.
#[derive(Debug)]
pub enum Reply {
    /// JSON with its status.
    Json(StatusCode, Value),
    /// A stored file with its media type.
    File(String, Vec<u8>),
    /// 206: a part of a stored file with its media type and its range.
    Part(String, String, Vec<u8>),
    /// 200 without a body.
    Empty,
}

impl Reply {
    /// 200 with JSON.
    pub fn ok(body: Value) -> Self {
        Self::Json(StatusCode::OK, body)
    }
}

/// How a family of routes words its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// `{message, error}`; refusals of keys have no `error`.
    Standard,
    /// `{message, error}`, also for refusals of keys.
    Named,
    /// `{message}`
    Bare,
    /// `{error, message}`
    Ingestion,
    /// `{message, code, details}`
    Coded,
    /// `{message}`, as the routes about keys word it.
    Keys,
    /// `{error}`
    Organization,
    /// `{schemas, detail, status}`
    Scim,
}

/// Why a request is not served.
#[derive(Debug)]
pub enum Problem {
    /// 400: the body does not fit the schema; one object per issue.
    Issues(Vec<Value>),
    /// 400: the query does not fit the schema.
    QueryIssues(Vec<Value>),
    /// 400: fits the schema, but not the rules.
    Refused(String),
    /// 400 with a bare message.
    Unfit(String),
    /// 401 or 403, before anything is looked at.
    Denied(StatusCode, String),
    /// 404: no such entity.
    Missing(String),
    /// Any status with the name of the error: `error` in most envelopes, `code` in the coded one.
    Named(StatusCode, &'static str, String),
    /// The same with `details`, for the coded envelope.
    Detailed(StatusCode, &'static str, String, Value),
    /// 429 with what is said about it.
    Limited(Over, String),
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

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Database(error) => error.into(),
            PoolError::Broken(error) => Self::Broken(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        tracing::warn!(%error, "workspace database");
        Self::Broken("An unknown error occurred".into())
    }
}

/// What every handler returns.
pub type Answer = Result<Reply, Problem>;

/// The response to send.
pub fn respond(answer: Answer, envelope: Envelope) -> Response {
    match answer {
        Ok(Reply::Json(status, body)) => json_response(status, &body),
        Ok(Reply::File(kind, content)) => (file_headers(kind), content).into_response(),
        Ok(Reply::Part(kind, range, content)) => {
            let range = [(header::CONTENT_RANGE, range)];
            (StatusCode::PARTIAL_CONTENT, file_headers(kind), range, content).into_response()
        }
        Ok(Reply::Empty) => StatusCode::OK.into_response(),
        Err(problem) => refuse(problem, envelope),
    }
}

fn refuse(problem: Problem, envelope: Envelope) -> Response {
    match problem {
        Problem::NoRoute => html(),
        Problem::Text(status, text) => (status, Body::from(text)).into_response(),
        Problem::Moved(path) => {
            let to = [(header::LOCATION, path.clone()), (header::REFRESH, format!("0;url={path}"))];
            (StatusCode::PERMANENT_REDIRECT, to, Body::from(path)).into_response()
        }
        Problem::Limited(over, message) => {
            let mut response = json_response(StatusCode::TOO_MANY_REQUESTS, &over.body(&message));
            over.head(response.headers_mut());
            response
        }
        problem => {
            let wording = Wording::of(problem);
            json_response(wording.status, &wording.body(envelope))
        }
    }
}

/// The parts of an error from which each envelope takes its own.
struct Wording {
    status: StatusCode,
    message: String,
    error: Value,
    code: &'static str,
    details: Value,
}

impl Wording {
    fn of(problem: Problem) -> Self {
        use StatusCode as S;
        let plain = |status, message: String, error: &str, code| Self {
            status,
            message,
            error: json!(error),
            code,
            details: Value::Null,
        };
        let invalid = |issues: Vec<Value>, code| Self {
            details: json!({"issues": issues}),
            error: json!(issues),
            ..plain(S::BAD_REQUEST, "Invalid request data".into(), "", code)
        };
        match problem {
            Problem::Issues(issues) => invalid(issues, "invalid_body"),
            Problem::QueryIssues(issues) => invalid(issues, "invalid_query"),
            Problem::Refused(message) => {
                plain(S::BAD_REQUEST, message, "InvalidRequestError", "invalid_request")
            }
            Problem::Unfit(message) => {
                Self { error: Value::Null, ..plain(S::BAD_REQUEST, message, "", "invalid_request") }
            }
            Problem::Denied(S::UNAUTHORIZED, message) => {
                plain(S::UNAUTHORIZED, message, "UnauthorizedError", "authentication_failed")
            }
            Problem::Denied(status, message) => plain(status, message, "ForbiddenError", "access_denied"),
            Problem::Missing(message) => {
                plain(S::NOT_FOUND, message, "LangfuseNotFoundError", "resource_not_found")
            }
            Problem::Named(status, name, message) => plain(status, message, name, name),
            Problem::Detailed(status, name, message, details) => {
                Self { details, ..plain(status, message, name, name) }
            }
            Problem::EventsOnly => Self {
                error: Value::Null,
                ..plain(S::NOT_FOUND, EVENTS_ONLY.into(), "", "resource_not_found")
            },
            Problem::Method => plain(
                S::METHOD_NOT_ALLOWED,
                "Method not allowed".into(),
                "MethodNotAllowedError",
                "method_not_allowed",
            ),
            Problem::Broken(error) => {
                plain(S::INTERNAL_SERVER_ERROR, "Internal Server Error".into(), &error, "internal_error")
            }
            Problem::NoRoute | Problem::Text(..) | Problem::Moved(_) | Problem::Limited(..) => {
                plain(S::INTERNAL_SERVER_ERROR, "Internal Server Error".into(), "", "internal_error")
            }
        }
    }

    fn body(self, envelope: Envelope) -> Value {
        let Self { status, message, error, code, details } = self;
        let is_refused_key = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        match envelope {
            Envelope::Standard if is_refused_key || error.is_null() => json!({"message": message}),
            Envelope::Standard | Envelope::Named => json!({"message": message, "error": error}),
            Envelope::Ingestion => json!({"error": error, "message": message}),
            Envelope::Coded => {
                let message = match code {
                    "invalid_body" if error.is_array() => "Invalid request body".into(),
                    "invalid_query" => "Invalid query parameters".into(),
                    _ => message,
                };
                if details.is_null() {
                    json!({"message": message, "code": code})
                } else {
                    json!({"message": message, "code": code, "details": details})
                }
            }
            Envelope::Keys if status == StatusCode::METHOD_NOT_ALLOWED => {
                json!({"message": "Method Not Allowed"})
            }
            Envelope::Bare | Envelope::Keys => json!({"message": message}),
            Envelope::Organization if error.is_array() => {
                json!({"error": "Invalid request body", "details": error})
            }
            Envelope::Organization => json!({"error": message}),
            Envelope::Scim => json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                "detail": message, "status": status.as_u16(),
            }),
        }
    }
}

/// A stored file is shown as what it was announced, never guessed at, and runs no scripts.
fn file_headers(kind: String) -> [(header::HeaderName, String); 4] {
    [
        (header::CONTENT_TYPE, kind),
        (header::ACCEPT_RANGES, "bytes".into()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
        (header::CONTENT_SECURITY_POLICY, "sandbox".into()),
    ]
}

fn html() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (StatusCode::NOT_FOUND, kind, NOT_FOUND_PAGE).into_response()
}

/// JSON with the content type the API gives it.
pub fn json_response(status: StatusCode, body: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (status, kind, body.to_string()).into_response()
}
