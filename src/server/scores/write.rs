//! Writing and deleting scores.
//!
//! A write is checked against the schema and answered at once. What it does happens when it is
//! due: then it is checked against its config, and merged into the score or dropped.

use std::time::Duration;

use axum::http::StatusCode;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::TEXT_UNITS;
use crate::domain::text::utf16_len;
use crate::server::data::value::iso;
use crate::server::http::Call;
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::reply::{Answer, Problem, Reply};

use super::merge::{apply, verdict};

const ID_UNITS: usize = 800;
/// Every type of score.
pub const TYPES: [&str; 5] = ["NUMERIC", "CATEGORICAL", "BOOLEAN", "TEXT", "CORRECTION"];
const TARGET: &str = "Provide exactly one of the following: traceId (with optional observationId), \
    sessionId or datasetRunId. ObservationId requires traceId.";

/// `POST /scores`: one score, or an array of them
pub fn create(db: &Connection, call: &Call) -> Answer {
    match &call.body {
        Value::Array(bodies) => create_all(db, call, bodies),
        body => accept(db, call, body).map(|id| Reply::ok(json!({"id": id}))),
    }
}

/// Takes what can be taken of an array. The errors carry no ids, as those of the real server.
fn create_all(db: &Connection, call: &Call, bodies: &[Value]) -> Answer {
    let mut errors = Vec::new();
    for body in bodies {
        match accept(db, call, body) {
            Ok(_) => {}
            Err(Problem::Broken(error)) => return Err(Problem::Broken(error)),
            Err(problem) => errors.push(json!({"message": text(problem)})),
        }
    }
    if errors.is_empty() {
        return Ok(Reply::Json(StatusCode::ACCEPTED, json!({"message": "Accepted"})));
    }
    let accepted = bodies.len() - errors.len();
    let body = json!({"accepted": accepted, "rejected": errors.len(), "errors": errors});
    Ok(Reply::Json(StatusCode::MULTI_STATUS, body))
}

fn text(problem: Problem) -> String {
    match problem {
        Problem::Issues(issues) => {
            let messages = issues.iter().filter_map(|i| i["message"].as_str());
            messages.collect::<Vec<_>>().join("; ")
        }
        Problem::Refused(message) | Problem::Unfit(message) => message,
        _ => "Invalid request data".into(),
    }
}

/// Checks a body, notes it as due, and returns the score's id.
fn accept(db: &Connection, call: &Call, body: &Value) -> Result<String, Problem> {
    check(body)?;
    note(db, call, body.clone())
}

/// Notes a checked body as due, and returns the score's id.
pub fn note(db: &Connection, call: &Call, mut body: Value) -> Result<String, Problem> {
    let given = body["id"].as_str();
    let id = given.filter(|id| !id.is_empty()).map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
    body["id"] = json!(id);
    if body["timestamp"].is_null() {
        body["timestamp"] = json!(iso(call.now));
    }
    if call.place.options.strict {
        verdict(db, &body)?
            .map_err(|reason| Problem::Refused(format!("Score {id} does not fit: {reason}")))?;
    }
    enqueue(db, call, &json!({"write": body}))?;
    Ok(id)
}

/// `DELETE /scores/{scoreId}`: answered alike whether it exists or not
pub fn delete(db: &Connection, call: &Call) -> Answer {
    enqueue_deletion(db, call)?;
    let body = json!({"message": "Score deletion queued successfully"});
    Ok(Reply::Json(StatusCode::ACCEPTED, body))
}

fn enqueue(db: &Connection, call: &Call, event: &Value) -> rusqlite::Result<()> {
    let due = later(call.now, call.place.options.score_delay);
    db.prepare_cached("INSERT INTO score_events (due, body) VALUES (?1, ?2)")?
        .execute([due, event.to_string()])?;
    Ok(())
}

/// Notes a deletion. With a delay for deletions they keep that distance from each other, while
/// writes go on: what is written anew under the same id shows at first and is then deleted all the
/// same.
fn enqueue_deletion(db: &Connection, call: &Call) -> rusqlite::Result<()> {
    let event = json!({"delete": call.param("scoreId")});
    let delay = call.place.options.delete_delay;
    if delay.is_zero() {
        return enqueue(db, call, &event);
    }
    let sql = "SELECT value FROM meta WHERE key = 'last_score_deletion'";
    let last: Option<String> = db.query_row(sql, [], |r| r.get(0)).optional()?;
    let free = last.and_then(|due| due.parse().ok()).map(|due| later(due, delay)).unwrap_or_default();
    let due = free.max(later(call.now, call.place.options.score_delay));
    db.execute("INSERT INTO score_events (due, body) VALUES (?1, ?2)", [&due, &event.to_string()])?;
    let sql = "INSERT OR REPLACE INTO meta (key, value) VALUES ('last_score_deletion', ?1)";
    db.execute(sql, [due])?;
    Ok(())
}

fn later(time: Timestamp, delay: Duration) -> String {
    time.saturating_add(delay).map_or_else(|_| iso(time), iso)
}

/// Whether something is due by `now`.
pub fn is_due(db: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM score_events WHERE due <= ?1)";
    db.prepare_cached(sql)?.query_row([iso(now)], |r| r.get(0))
}

/// Does what is due by `now`, in the order in which it became due.
pub fn settle(db: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    let now = iso(now);
    while let Some(event) = next_due(db, &now)? {
        match &event {
            Value::Object(event) if event.contains_key("delete") => {
                db.prepare_cached("DELETE FROM scores WHERE id = ?1")?.execute([event["delete"].as_str()])?;
            }
            event => apply(db, &event["write"], &now)?,
        }
    }
    Ok(())
}

fn next_due(db: &Connection, now: &str) -> rusqlite::Result<Option<Value>> {
    let sql = "DELETE FROM score_events WHERE seq =
        (SELECT seq FROM score_events WHERE due <= ?1 ORDER BY due, seq LIMIT 1) RETURNING body";
    let body: Option<String> = db.prepare_cached(sql)?.query_row([now], |r| r.get(0)).optional()?;
    Ok(body.map(|body| crate::server::data::value::parse(&body)))
}

/// Checks the schema and returns the id, if there is one. The schema is two, of what all scores have and
/// of what depends on their type, and each says what it finds wrong.
fn check(body: &Value) -> Result<Option<&str>, Problem> {
    if !body.is_object() {
        let twice = [issue::invalid_type("object", Some(body), &[]), issue::no_object(Some(body), &[])];
        return Err(Problem::Issues(twice.into()));
    }
    let mut fields = Fields::of(body)?;
    let id = fields.text_or_null("id").value();
    fields.filled_text("name");
    for key in ["traceId", "sessionId", "datasetRunId", "observationId", "comment"] {
        fields.text_or_null(key);
    }
    fields.optional_text("environment");
    fields.text_or_null("queueId");
    fields.time_or_null("timestamp");
    let source = fields.optional_choice("source", &["API", "ANNOTATION"]);
    check_type(&mut fields);
    if fields.lets_go_on() {
        check_target(&mut fields);
        let config = fields.get("configId").and_then(Value::as_str);
        let is_correction = fields.get("dataType").is_some_and(|kind| kind == "CORRECTION");
        if source == Some("ANNOTATION") && config.is_none_or(str::is_empty) && !is_correction {
            let message = "configId is required when source is ANNOTATION (except for CORRECTION scores).";
            fields.note(issue::custom(message, &["configId"]));
        }
    }
    fields.finish()?;
    check_id(id.unwrap_or_default())?;
    Ok(id)
}

fn check_type(fields: &mut Fields<'_>) {
    let kind = fields.get("dataType");
    if kind.is_some_and(|kind| !kind.as_str().is_some_and(|name| TYPES.contains(&name))) {
        fields.note(issue::no_variant("dataType"));
        return;
    }
    let kind = kind.and_then(Value::as_str);
    check_value(fields, kind);
    if kind == Some("CORRECTION") {
        fields.nothing("configId");
    } else {
        fields.text_or_null("configId");
    }
}

/// Checks that exactly one thing is scored. An empty id is none.
pub fn check_target(fields: &mut Fields<'_>) {
    let path = ["traceId", "sessionId", "datasetRunId", "observationId"];
    let [trace, session, run, observation] =
        path.map(|key| fields.get(key).and_then(Value::as_str).is_some_and(|id| !id.is_empty()));
    let targets = [trace, session, run].into_iter().filter(|given| *given).count();
    if targets != 1 || observation && !trace {
        fields.note(issue::custom(TARGET, &path));
    }
}

/// Checks the value of a score of this type.
pub fn check_value(fields: &mut Fields<'_>, kind: Option<&str>) {
    let path = &["value"];
    match (kind, fields.get("value")) {
        (None, Some(Value::Number(_) | Value::String(_))) => {}
        (None, other) => {
            let wanted = ["string", "number"].map(|t| vec![issue::invalid_type(t, other, &[])]);
            fields.note(issue::no_alternative(&wanted, path));
        }
        (Some("NUMERIC"), _) => {
            fields.number("value");
        }
        (Some("BOOLEAN"), given) => {
            let n = fields.number("value");
            if given.is_some_and(Value::is_number) && n != 0.0 && (n - 1.0).abs() > 0.0 {
                let message = "Value must be a number equal to either 0 or 1 for data type BOOLEAN";
                fields.note(issue::custom(message, path));
            }
        }
        (Some("TEXT"), Some(Value::String(text))) => match utf16_len(text) {
            0 => fields.note(issue::too_short(path)),
            n if n > TEXT_UNITS => fields.note(issue::too_long(TEXT_UNITS, path)),
            _ => {}
        },
        (Some(_), _) => {
            fields.text("value");
        }
    }
}

/// Ids are checked on their way into the event store, which words its refusal differently.
fn check_id(id: &str) -> Result<(), Problem> {
    if utf16_len(id) > ID_UNITS {
        let issues = json!([issue::too_long(ID_UNITS, &["body", "id"])]);
        return Err(Problem::Unfit(serde_json::to_string_pretty(&issues).unwrap_or_default()));
    }
    if id.contains('\r') {
        let issues = json!([issue::custom("ID cannot contain carriage return characters", &["body", "id"])]);
        return Err(Problem::Unfit(serde_json::to_string_pretty(&issues).unwrap_or_default()));
    }
    Ok(())
}
