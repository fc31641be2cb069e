//! Spans as they come, protobuf or JSON.
//!
//! JSON is read leniently, as the real server reads it: what is missing or of another type is left
//! out, and ids may be texts or bytes.

use std::fmt::Write as _;
use std::rc::Rc;

use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1 as proto;
use serde_json::{Map, Value, json};

use crate::server::data::value::{iso, number};

/// Deepest nesting of an attribute's value that is kept.
const DEPTH: usize = 64;

/// One span.
#[derive(Debug, Default)]
pub struct Span {
    /// Hexadecimal.
    pub trace_id: String,
    /// Hexadecimal.
    pub id: String,
    /// Hexadecimal.
    pub parent_id: Option<String>,
    /// Given by the library.
    pub name: String,
    /// As times are stored.
    pub start: Option<String>,
    /// As times are stored.
    pub end: Option<String>,
    /// Plain values by name.
    pub attributes: Map<String, Value>,
    /// What happened on the way.
    pub events: Vec<(String, Map<String, Value>)>,
    /// Whether it ended in an error.
    pub is_failed: bool,
    /// Which one.
    pub status_message: String,
    /// Where it comes from.
    pub source: Rc<Source>,
}

/// Which program and library a span comes from.
#[derive(Debug, Default)]
pub struct Source {
    /// The program's attributes.
    pub resource: Map<String, Value>,
    /// The library's name.
    pub scope: String,
    /// Its version.
    pub version: String,
    /// Its attributes.
    pub scope_attributes: Map<String, Value>,
}

/// The spans of a protobuf request.
pub fn of_protobuf(request: ExportTraceServiceRequest) -> Vec<Span> {
    let mut spans = Vec::new();
    for part in request.resource_spans {
        let resource = part.resource.map(|r| plain_map(r.attributes)).unwrap_or_default();
        for scoped in part.scope_spans {
            let scope = scoped.scope.unwrap_or_default();
            let source = Rc::new(Source {
                resource: resource.clone(),
                scope: scope.name,
                version: scope.version,
                scope_attributes: plain_map(scope.attributes),
            });
            spans.extend(scoped.spans.into_iter().map(|span| of_message(span, &source)));
        }
    }
    spans
}

fn of_message(span: proto::Span, source: &Rc<Source>) -> Span {
    let status = span.status.unwrap_or_default();
    Span {
        trace_id: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent_id: Some(hex(&span.parent_span_id)).filter(|id| !id.is_empty()),
        name: span.name,
        start: moment(span.start_time_unix_nano.into()),
        end: moment(span.end_time_unix_nano.into()),
        attributes: plain_map(span.attributes),
        events: span.events.into_iter().map(|e| (e.name, plain_map(e.attributes))).collect(),
        is_failed: status.code == proto::status::StatusCode::Error as i32,
        status_message: status.message,
        source: Rc::clone(source),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn moment(nanoseconds: i128) -> Option<String> {
    let at = Timestamp::from_nanosecond(nanoseconds).ok()?;
    (nanoseconds != 0).then(|| iso(at))
}

fn plain_map(pairs: Vec<KeyValue>) -> Map<String, Value> {
    pairs.into_iter().filter_map(|pair| Some((pair.key, plain(pair.value?)))).collect()
}

fn plain(value: AnyValue) -> Value {
    match value.value {
        Some(any_value::Value::StringValue(text)) => json!(text),
        Some(any_value::Value::BoolValue(flag)) => json!(flag),
        Some(any_value::Value::IntValue(n)) => json!(n),
        Some(any_value::Value::DoubleValue(n)) => number(n),
        Some(any_value::Value::ArrayValue(list)) => list.values.into_iter().map(plain).collect(),
        Some(any_value::Value::KvlistValue(list)) => Value::Object(plain_map(list.values)),
        Some(any_value::Value::BytesValue(bytes)) => json!(hex(&bytes)),
        _ => Value::Null,
    }
}

/// The spans of a JSON request.
pub fn of_json(request: &Value) -> Vec<Span> {
    let mut spans = Vec::new();
    for part in list(&request["resourceSpans"]) {
        let resource = read_map(&part["resource"]["attributes"]);
        for scoped in list(&part["scopeSpans"]) {
            let scope = &scoped["scope"];
            let source = Rc::new(Source {
                resource: resource.clone(),
                scope: text(&scope["name"]),
                version: text(&scope["version"]),
                scope_attributes: read_map(&scope["attributes"]),
            });
            spans.extend(list(&scoped["spans"]).map(|span| of_object(span, &source)));
        }
    }
    spans
}

fn of_object(span: &Value, source: &Rc<Source>) -> Span {
    let events = list(&span["events"]).map(|e| (text(&e["name"]), read_map(&e["attributes"])));
    let status = &span["status"];
    Span {
        trace_id: read_id(&span["traceId"]),
        id: read_id(&span["spanId"]),
        parent_id: Some(read_id(&span["parentSpanId"])).filter(|id| !id.is_empty()),
        name: text(&span["name"]),
        start: read_moment(&span["startTimeUnixNano"]),
        end: read_moment(&span["endTimeUnixNano"]),
        attributes: read_map(&span["attributes"]),
        events: events.collect(),
        is_failed: status["code"] == 2 || status["code"] == "STATUS_CODE_ERROR",
        status_message: text(&status["message"]),
        source: Rc::clone(source),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// An id as text, or as a list of bytes, possibly below `data`.
fn read_id(value: &Value) -> String {
    match value {
        Value::String(id) => id.clone(),
        Value::Array(bytes) => {
            let byte = |b: &Value| b.as_u64().and_then(|b| u8::try_from(b).ok());
            hex(&bytes.iter().filter_map(byte).collect::<Vec<_>>())
        }
        Value::Object(map) => map.get("data").filter(|d| !d.is_object()).map(read_id).unwrap_or_default(),
        _ => String::new(),
    }
}

/// Nanoseconds as a number, a text, or the halves older exporters write.
fn read_moment(value: &Value) -> Option<String> {
    let half = |key: &str| value[key].as_i64().map(i128::from);
    let nanoseconds = match value {
        Value::String(text) => text.parse().ok()?,
        #[expect(clippy::cast_possible_truncation, reason = "saturates, and is refused as a time then")]
        Value::Number(n) => n.as_u64().map_or_else(|| n.as_f64().unwrap_or_default() as i128, i128::from),
        Value::Object(_) => half("high")? * (1 << 32) + (half("low")? & 0xffff_ffff),
        _ => return None,
    };
    moment(nanoseconds)
}

fn read_map(pairs: &Value) -> Map<String, Value> {
    let read = |pair: &Value| Some((pair["key"].as_str()?.to_owned(), read_value(&pair["value"], DEPTH)));
    list(pairs).filter_map(read).collect()
}

fn read_value(value: &Value, depth: usize) -> Value {
    let Some((form, inner)) = value.as_object().and_then(|map| map.iter().next()) else {
        return Value::Null;
    };
    let Some(depth) = depth.checked_sub(1) else { return Value::Null };
    match form.as_str() {
        "intValue" => read_whole(inner),
        "doubleValue" => inner.as_f64().map_or_else(|| inner.clone(), number),
        "arrayValue" => list(&inner["values"]).map(|value| read_value(value, depth)).collect(),
        "kvlistValue" => {
            let pairs = list(&inner["values"]).filter_map(|pair| {
                Some((pair["key"].as_str()?.to_owned(), read_value(&pair["value"], depth)))
            });
            Value::Object(pairs.collect())
        }
        _ => inner.clone(),
    }
}

/// A whole number, which proper JSON writes as text.
fn read_whole(value: &Value) -> Value {
    match value {
        Value::String(text) => text.parse::<i64>().map_or_else(|_| value.clone(), Value::from),
        Value::Object(map) => {
            let half = |key: &str| map.get(key).and_then(Value::as_i64);
            let whole = half("high").zip(half("low"));
            whole.map_or(Value::Null, |(high, low)| json!((high << 32) | (low & 0xffff_ffff)))
        }
        other => other.clone(),
    }
}
