//! The fields of a record, under the spellings in use: `traceId`, `trace_id`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::server::data::value::{iso, lenient_time};

/// How often JSON text may be wrapped in JSON text.
const WRAPPINGS: usize = 4;

/// A record that is asked for its fields. Names are given in camel case, the most usual first.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(pub &'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// The first of the fields that is there and says something.
    pub fn get(self, names: &[&str]) -> Option<&'a Value> {
        names.iter().find_map(|name| {
            let spelled = self.0.get(*name).filter(|value| says_something(value));
            spelled.or_else(|| self.0.get(&snake(name)).filter(|value| says_something(value)))
        })
    }

    /// Whether one of the fields is there, be it empty.
    pub fn has(self, names: &[&str]) -> bool {
        names.iter().any(|name| self.0.contains_key(*name) || self.0.contains_key(&snake(name)))
    }

    /// A text; numbers are taken for one, since ids often are.
    pub fn text(self, names: &[&str]) -> Option<String> {
        match self.get(names)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// A text; empty without one.
    pub fn text_or_empty(self, names: &[&str]) -> String {
        self.text(names).unwrap_or_default()
    }

    /// A time as it is stored; an error if what is there is none.
    pub fn time(self, names: &[&str]) -> Result<Option<String>, String> {
        let Some(value) = self.get(names) else { return Ok(None) };
        let name = names.first().copied().unwrap_or_default();
        let at = match value {
            Value::String(text) => lenient_time(text).or_else(|| since_epoch(text.parse().ok()?)),
            Value::Number(number) => number.as_f64().and_then(since_epoch),
            _ => None,
        };
        at.map(|at| Some(iso(at))).ok_or_else(|| format!("{name} is no time: {}", short(value)))
    }

    /// A number, also one written as a text.
    pub fn number(self, names: &[&str]) -> Option<f64> {
        as_number(self.get(names)?)
    }

    /// A whole number.
    pub fn whole(self, names: &[&str]) -> Option<i64> {
        let value = self.get(names)?;
        value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
    }

    /// Yes or no, however it is written.
    pub fn flag(self, names: &[&str]) -> bool {
        match self.get(names) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::Number(number)) => number.as_f64().is_some_and(|n| n != 0.0),
            Some(Value::String(text)) => matches!(text.to_ascii_lowercase().as_str(), "true" | "1" | "yes"),
            _ => false,
        }
    }

    /// JSON, also where it is written as a text.
    pub fn json(self, names: &[&str]) -> Value {
        match self.get(names) {
            Some(Value::String(text)) => unwrapped(text),
            Some(other) => other.clone(),
            None => Value::Null,
        }
    }

    /// An object; anything else becomes one under `name`, as the server does it.
    pub fn object(self, names: &[&str], name: &str) -> Value {
        match self.json(names) {
            Value::Null => Value::Null,
            object @ Value::Object(_) => object,
            other => json!({name: other}),
        }
    }

    /// An object of numbers, as of tokens by kind.
    pub fn numbers(self, names: &[&str]) -> Map<String, Value> {
        let Value::Object(map) = self.json(names) else { return Map::new() };
        map.into_iter().filter_map(|(key, value)| Some((key, written(as_number(&value)?)))).collect()
    }

    /// A list of texts.
    pub fn texts(self, names: &[&str]) -> Value {
        match self.json(names) {
            Value::Array(list) => list.into_iter().filter(Value::is_string).collect(),
            Value::String(text) => json!([text]),
            _ => Value::Null,
        }
    }

    /// A payload as it is stored: JSON text, or a text as it is. JSON text inside JSON text is
    /// taken out.
    pub fn payload(self, names: &[&str]) -> Option<String> {
        match self.get(names)? {
            Value::String(text) => Some(unquoted(text)),
            other => Some(other.to_string()),
        }
    }
}

fn says_something(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

/// `traceId` as `trace_id`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970: the size says which.
fn since_epoch(n: f64) -> Option<Timestamp> {
    let millis = match n.abs() {
        0.0..1e11 => n * 1e3,
        1e11..1e14 => n,
        1e14..1e17 => n / 1e3,
        1e17..1e20 => n / 1e6,
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "at most 1e14")]
    Timestamp::from_millisecond(millis.round() as i64).ok()
}

fn as_number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    number.filter(|n| n.is_finite())
}

/// A number as it is stored in details: whole ones whole.
pub fn written(n: f64) -> Value {
    crate::server::data::value::number(n)
}

/// The text behind a JSON string, however often it was wrapped.
fn unquoted(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..WRAPPINGS {
        if !text.trim_start().starts_with('"') {
            break;
        }
        let Ok(inner) = serde_json::from_str::<String>(&text) else { break };
        text = inner;
    }
    text
}

/// The JSON a text is, or the text.
fn unwrapped(text: &str) -> Value {
    let text = unquoted(text);
    let is_container = text.trim_start().starts_with(['{', '[']);
    let parsed = is_container.then(|| serde_json::from_str(&text).ok()).flatten();
    parsed.unwrap_or(Value::String(text))
}

/// The beginning of a value, for an error.
pub fn short(value: &Value) -> String {
    const MOST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn fields(value: &Value) -> Fields<'_> {
        Fields(value.as_object().unwrap())
    }

    #[rstest]
    #[case(json!({"startTime": "2026-11-20T12:00:00Z"}))]
    #[case(json!({"start_time": "2026-11-20 12:00:00.000000"}))]
    #[case(json!({"startTime": "", "start_time": "2026-11-20T13:00:00+01:00"}))]
    #[case(json!({"startTime": 1_795_176_000}))]
    #[case(json!({"startTime": "1795176000000"}))]
    #[case(json!({"startTime": 1_795_176_000_000_000_000_u64}))]
    fn times_come_in_many_ways(#[case] record: Value) {
        let time = fields(&record).time(&["startTime"]);
        assert_eq!(time, Ok(Some("2026-11-20T12:00:00.000Z".into())));
    }

    #[test]
    fn what_is_no_time_is_quoted_shortly() {
        let record = json!({"startTime": "x".repeat(100)});
        let error = fields(&record).time(&["startTime"]).unwrap_err();
        assert!(error.starts_with("startTime is no time: \"xxx") && error.chars().count() < 100, "{error}");
        assert_eq!(fields(&json!({"startTime": null})).time(&["startTime"]), Ok(None));
    }

    #[test]
    fn wrapped_texts_are_taken_out_and_others_left_alone() {
        for (given, wanted) in [
            (json!("plain"), Some("plain")),
            (json!("\"once\""), Some("once")),
            (json!("\"\\\"twice\\\"\""), Some("twice")),
            (json!("\"{\\\"a\\\": 1}\""), Some("{\"a\": 1}")),
            (json!("{\"a\": 1}"), Some("{\"a\": 1}")),
            (json!({"a": 1}), Some("{\"a\":1}")),
            (json!("\"open"), Some("\"open")),
            (json!(0), Some("0")),
            (json!(null), None),
            (json!(""), None),
        ] {
            let record = json!({"input": given});
            assert_eq!(fields(&record).payload(&["input"]).as_deref(), wanted, "{given}");
        }
    }

    #[test]
    fn objects_lists_and_numbers_may_be_texts() {
        let record = json!({
            "metadata": "{\"a\": 1}", "tags": "[\"x\", 1]", "usage_details": {"input": "12", "output": 3.5, "x": "y"},
            "note": "text",
        });
        let fields = fields(&record);
        assert_eq!(fields.object(&["metadata"], "metadata"), json!({"a": 1}));
        assert_eq!(fields.object(&["note"], "metadata"), json!({"metadata": "text"}));
        assert_eq!(fields.texts(&["tags"]), json!(["x"]));
        assert_eq!(Value::Object(fields.numbers(&["usageDetails"])), json!({"input": 12, "output": 3.5}));
    }
}
