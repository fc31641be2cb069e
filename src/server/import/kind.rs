//! What a record is, told from the fields it has.

use serde_json::{Map, Value};

use super::fields::{Fields, short};
use super::{Rows, chat, langfuse, scores, spans};

/// What a record can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A trace, with or without its observations and scores.
    Trace,
    /// An observation.
    Observation,
    /// A score.
    Score,
    /// Spans of OpenTelemetry.
    Spans,
    /// A conversation.
    Chat,
    /// An input and an output.
    Pair,
}

/// Turns a record into rows; lists of records inside it, too.
pub fn collect(rows: &mut Rows, value: &Value, kind: Option<Kind>) {
    let Some(record) = value.as_object() else {
        rows.bad.push(format!("not an object: {}", short(value)));
        return;
    };
    match kind.or_else(|| of(record)) {
        Some(kind) => read(rows, value, record, kind),
        // A page as the API gives it.
        None => match record.get("data").and_then(Value::as_array) {
            Some(page) => page.iter().for_each(|record| inner(rows, record)),
            None => rows.bad.push(unknown(record)),
        },
    }
}

/// A record of a page, which holds no pages itself.
fn inner(rows: &mut Rows, value: &Value) {
    match value.as_object().and_then(|record| Some((record, of(record)?))) {
        Some((record, kind)) => read(rows, value, record, kind),
        None => rows.bad.push(format!("no record this program knows: {}", short(value))),
    }
}

fn unknown(record: &Map<String, Value>) -> String {
    if record.is_empty() {
        return "an empty object".into();
    }
    let names: Vec<String> = record.keys().take(6).map(|key| short(&Value::from(key.as_str()))).collect();
    let more = if record.len() > names.len() { ", …" } else { "" };
    format!("no record this program knows; its fields are {}{more}", names.join(", "))
}

/// What the record is; `None` if it is nothing that is known.
fn of(record: &Map<String, Value>) -> Option<Kind> {
    let fields = Fields(record);
    let list = |name: &str| record.get(name).is_some_and(Value::is_array);
    if fields.has(&["resourceSpans"]) {
        Some(Kind::Spans)
    } else if record.get("trace").is_some_and(Value::is_object) {
        Some(Kind::Trace)
    } else if list("messages") {
        Some(Kind::Chat)
    } else if list("observations") {
        Some(Kind::Trace)
    } else if fields.has(&["name"]) && fields.has(&["dataType", "stringValue", "scoreId"]) {
        Some(Kind::Score)
    } else if fields.has(&["startTime", "parentObservationId"]) || fields.get(&["traceId"]).is_some() {
        Some(Kind::Observation)
    } else if fields.has(&["id"]) && fields.has(&["projectId", "bookmarked", "public", "htmlPath"]) {
        Some(Kind::Trace)
    } else if fields.has(&["input", "output", "expectedOutput"]) {
        Some(Kind::Pair)
    } else {
        None
    }
}

fn read(rows: &mut Rows, value: &Value, record: &Map<String, Value>, kind: Kind) {
    match kind {
        Kind::Trace => trace(rows, record),
        Kind::Observation => keep(langfuse::observation(record, None), &mut rows.observations, &mut rows.bad),
        Kind::Score => keep(scores::score(record, None), &mut rows.scores, &mut rows.bad),
        Kind::Chat => keep(chat::chat(record), &mut rows.observations, &mut rows.bad),
        Kind::Pair => keep(chat::pair(record), &mut rows.observations, &mut rows.bad),
        Kind::Spans => spans::collect(rows, value),
    }
}

fn keep<T>(read: Result<T, String>, rows: &mut Vec<T>, bad: &mut Vec<String>) {
    match read {
        Ok(row) => rows.push(row),
        Err(what) => bad.push(what),
    }
}

/// `{trace: {…}, observations: […]}`, or a trace with its observations inside.
fn trace(rows: &mut Rows, record: &Map<String, Value>) {
    let own = record.get("trace").and_then(Value::as_object).unwrap_or(record);
    let trace = match langfuse::trace(own) {
        Ok(trace) => trace,
        Err(what) => return rows.bad.push(what),
    };
    let within =
        |what: &str, n: usize, error: &str| format!("{what} {} of trace {}: {error}", n + 1, trace.id);
    // In a list of traces there are only the ids of observations and scores.
    for (n, entry) in objects(record, own, "observations") {
        match langfuse::observation(entry, Some(&trace.id)) {
            Ok(row) => rows.observations.push(row),
            Err(error) => rows.bad.push(within("observation", n, &error)),
        }
    }
    for (n, entry) in objects(record, own, "scores") {
        match scores::score(entry, Some(&trace.id)) {
            Ok(row) => rows.scores.push(row),
            Err(error) => rows.bad.push(within("score", n, &error)),
        }
    }
    rows.traces.push(trace);
}

/// The objects of a list, which stands beside the trace or in it.
fn objects<'a>(
    record: &'a Map<String, Value>,
    own: &'a Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = (usize, &'a Map<String, Value>)> {
    let list = record.get(name).or_else(|| own.get(name)).and_then(Value::as_array);
    list.into_iter().flatten().enumerate().filter_map(|(n, entry)| Some((n, entry.as_object()?)))
}
