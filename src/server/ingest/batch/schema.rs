//! What the bodies of events must look like.

use serde_json::Value;

use super::{scores, usage};
use crate::domain::text::utf16_len;
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::traces::row::{LEVELS, TYPES};

const ID_UNITS: usize = 800;
const NAME_UNITS: usize = 1000;

/// A required id: one to 800 characters, no carriage return.
pub fn id(fields: &mut Fields<'_>, key: &str) {
    let id = fields.filled_text(key);
    if utf16_len(id) > ID_UNITS {
        fields.note(issue::too_long(ID_UNITS, &[key]));
    }
    if id.contains('\r') {
        fields.note(issue::custom("ID cannot contain carriage return characters", &[key]));
    }
}

/// An id that may be absent or null.
pub fn id_or_null(fields: &mut Fields<'_>, key: &str) {
    if fields.get(key).is_some_and(|given| !given.is_null()) {
        id(fields, key);
    }
}

/// Texts that may be absent or null.
pub fn texts(fields: &mut Fields<'_>, keys: &[&str]) {
    for key in keys {
        fields.text_or_null(key);
    }
}

fn choice(fields: &mut Fields<'_>, key: &str, values: &[&'static str]) {
    if fields.get(key).is_some_and(|given| !given.is_null()) {
        fields.choice(key, values);
    }
}

/// `trace-create`
pub fn trace(fields: &mut Fields<'_>) {
    id_or_null(fields, "id");
    fields.time_or_null("timestamp");
    let name = fields.text_or_null("name").value().unwrap_or_default();
    if utf16_len(name) > NAME_UNITS {
        fields.note(issue::too_long(NAME_UNITS, &["name"]));
    }
    texts(fields, &["externalId", "sessionId", "userId"]);
    fields.optional_text("environment");
    texts(fields, &["release", "version"]);
    if fields.get("public").is_some_and(|given| !given.is_null()) {
        fields.optional_flag("public");
    }
    if fields.get("tags").is_some_and(|given| !given.is_null()) {
        let text = |tag: &Value| match tag {
            Value::String(_) => Ok(()),
            other => Err(vec![issue::invalid_type("string", Some(other), &[])]),
        };
        fields.entries("tags", text);
    }
}

/// What all observations have but their own id.
fn common(fields: &mut Fields<'_>) {
    id_or_null(fields, "traceId");
    fields.optional_text("environment");
    texts(fields, &["name"]);
    fields.time_or_null("startTime");
    choice(fields, "level", &LEVELS);
    texts(fields, &["statusMessage", "parentObservationId", "version"]);
}

/// `event-create`
pub fn point(fields: &mut Fields<'_>) {
    common(fields);
    id(fields, "id");
}

/// `span-create`, `span-update`
pub fn span(fields: &mut Fields<'_>) {
    point(fields);
    fields.time_or_null("endTime");
}

/// `generation-create`, `generation-update`, and the types that have as much to tell
pub fn generation(fields: &mut Fields<'_>) {
    span(fields);
    model(fields);
    texts(fields, &["promptName"]);
    if fields.get("promptVersion").is_some_and(|given| !given.is_null()) {
        usage::whole(fields, "promptVersion");
    }
    let given = |key: &str| match fields.get(key) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(other) => other.as_f64() != Some(0.0),
    };
    if fields.is_clean() && given("promptName") != given("promptVersion") {
        fields.note(issue::custom("Invalid input", &[]));
    }
}

fn model(fields: &mut Fields<'_>) {
    fields.time_or_null("completionStartTime");
    texts(fields, &["model"]);
    parameters(fields);
    usage::check(fields);
}

/// `observation-create`, `observation-update`
pub fn observation(fields: &mut Fields<'_>) {
    id_or_null(fields, "id");
    id_or_null(fields, "traceId");
    fields.choice("type", &TYPES);
    texts(fields, &["name"]);
    for key in ["startTime", "endTime"] {
        fields.time_or_null(key);
    }
    model(fields);
    texts(fields, &["parentObservationId"]);
    choice(fields, "level", &LEVELS);
    texts(fields, &["statusMessage", "version"]);
    fields.optional_text("environment");
}

/// `score-create`
pub fn score(fields: &mut Fields<'_>) {
    scores::check(fields);
}

/// `dataset-run-item-create`
pub fn run_item(fields: &mut Fields<'_>) {
    id(fields, "id");
    fields.text("traceId");
    texts(fields, &["observationId", "error"]);
    fields.time_or_null("createdAt");
    for key in ["datasetId", "runId", "datasetItemId"] {
        fields.text(key);
    }
}

/// `sdk-log`
pub fn log(fields: &mut Fields<'_>) {
    texts(fields, &["id"]);
}

/// Model parameters: texts, numbers, flags, lists of texts, objects of texts.
fn parameters(fields: &mut Fields<'_>) {
    let key = "modelParameters";
    match fields.get(key) {
        None | Some(Value::Null) => {}
        Some(Value::Object(map)) => {
            let wrong = map.iter().filter_map(|(name, value)| parameter(value).map(|i| (name, i)));
            let issues = wrong.map(|(name, issue)| issue::below(&Value::from(name.as_str()), issue));
            fields.absorb(&Value::from(key), issues.collect());
        }
        other => fields.note(issue::invalid_type("record", other, &[key])),
    }
}

/// Why a value is no model parameter.
fn parameter(value: &Value) -> Option<Value> {
    let no_text = |value: &Value| !value.is_string();
    let wrong = match value {
        Value::Null | Value::String(_) | Value::Number(_) | Value::Bool(_) => return None,
        Value::Array(list) => list.iter().position(no_text).map(Value::from),
        Value::Object(map) => {
            map.iter().find(|(_, value)| no_text(value)).map(|(key, _)| Value::from(key.as_str()))
        }
    }?;
    let inner = match &wrong {
        Value::Number(n) => value.get(n.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default()),
        key => value.get(key.as_str().unwrap_or_default()),
    };
    let inside = vec![issue::below(&wrong, issue::invalid_type("string", inner, &[]))];
    let whole = |expected: &str| vec![issue::invalid_type(expected, Some(value), &[])];
    let (list, record) = if value.is_array() { (inside, whole("record")) } else { (whole("array"), inside) };
    let errors = [whole("string"), whole("number"), whole("boolean"), list, record];
    Some(issue::no_alternative(&errors, &[]))
}
