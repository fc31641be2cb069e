//! `score-create`: the score that `POST /scores` takes, with a few more freedoms.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::check::Event;
use super::schema;
use crate::server::data::value::iso;
use crate::server::http::Call;
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::reply::Problem;
use crate::server::scores::write;

const SOURCES: [&str; 3] = ["API", "EVAL", "ANNOTATION"];

/// Checks the body of a score.
pub fn check(fields: &mut Fields<'_>) {
    let kind = fields.get("dataType");
    if kind.is_some_and(|kind| !kind.as_str().is_some_and(|name| write::TYPES.contains(&name))) {
        fields.note(issue::no_variant("dataType"));
        return;
    }
    let kind = kind.and_then(Value::as_str);
    schema::id_or_null(fields, "id");
    fields.filled_text("name");
    schema::texts(fields, &["traceId", "sessionId", "datasetRunId"]);
    fields.optional_text("environment");
    schema::texts(fields, &["observationId", "comment"]);
    fields.optional_choice("source", &SOURCES);
    schema::texts(fields, &["executionTraceId", "queueId"]);
    write::check_value(fields, kind);
    if kind == Some("CORRECTION") {
        fields.nothing("configId");
    } else {
        schema::texts(fields, &["configId"]);
    }
    if fields.lets_go_on() {
        write::check_target(fields);
    }
}

/// Notes the score as due, its time being the envelope's. An annotation without a config is
/// acknowledged and dropped.
pub fn take(db: &Connection, call: &Call, event: &Event<'_>) -> Result<(), Problem> {
    let body = event.body;
    let is_annotation = body["source"] == "ANNOTATION" && body["dataType"] != "CORRECTION";
    if is_annotation && body["configId"].as_str().is_none_or(str::is_empty) {
        return Ok(());
    }
    let mut body = body.clone();
    body["timestamp"] = json!(iso(event.at));
    write::note(db, call, body).map(drop)
}
