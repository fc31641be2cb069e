//! Tolerant readers of single fields, for `#[serde(deserialize_with)]`.

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A text; `""` and `null` are absent, numbers and truth values are written out.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(text_of(Value::deserialize(from)?))
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A list of texts; anything else in it is left out.
pub(super) fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Array(items) => items.into_iter().filter_map(text_of).collect(),
        _ => Vec::new(),
    })
}

/// A finite number, also one that comes as text.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    Ok(number_of(&Value::deserialize(from)?))
}

pub(super) fn number_of(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|n| n.is_finite())
}

/// A truth value; anything else is false.
pub(super) fn truth<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Bool(yes) => yes,
        Value::String(text) => text.eq_ignore_ascii_case("true"),
        Value::Number(n) => n.as_f64() == Some(1.0),
        _ => false,
    })
}

/// A moment, if it can be read.
pub(super) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => time_of(&text),
        Value::Number(n) => n.as_f64().and_then(epoch),
        _ => None,
    })
}

/// ISO 8601; UTC where it names no zone.
fn time_of(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(civil).ok()
    })
}

/// Seconds or milliseconds since 1970, told apart by their size.
fn epoch(n: f64) -> Option<Timestamp> {
    let seconds = if n.abs() > 1e11 { n / 1000.0 } else { n };
    Timestamp::from_duration(SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
}

/// JSON kept as text, byte by byte; `null`, `""`, `{}` and `[]` are absent. JSON within a string
/// is unwrapped.
pub(super) fn json<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Arc<str>>, D::Error> {
    let Some(raw) = Option::<Box<RawValue>>::deserialize(from)? else { return Ok(None) };
    let unwrapped = serde_json::from_str::<String>(raw.get()).ok();
    let unwrapped =
        unwrapped.filter(|text| matches!(text.trim_start().bytes().next(), None | Some(b'{' | b'[')));
    let text = unwrapped.as_deref().unwrap_or(raw.get());
    let is_empty = matches!(text.trim(), "" | "{}" | "[]" | "null");
    Ok((!is_empty).then(|| text.into()))
}

/// Input or output as sent: mostly a text, otherwise JSON kept as text.
pub(super) fn payload<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Arc<str>>, D::Error> {
    let Some(raw) = Option::<Box<RawValue>>::deserialize(from)? else { return Ok(None) };
    let text = match serde_json::from_str::<String>(raw.get()) {
        Ok(text) => text.into(),
        Err(_) => Arc::from(raw.get()),
    };
    Ok(Some(text).filter(|text: &Arc<str>| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Fields {
        #[serde(deserialize_with = "text")]
        text: Option<String>,
        #[serde(deserialize_with = "texts")]
        texts: Vec<String>,
        #[serde(deserialize_with = "number")]
        number: Option<f64>,
        #[serde(deserialize_with = "truth")]
        truth: bool,
        #[serde(deserialize_with = "time")]
        time: Option<Timestamp>,
        #[serde(deserialize_with = "json")]
        json: Option<Arc<str>>,
        #[serde(deserialize_with = "payload")]
        payload: Option<Arc<str>>,
    }

    fn read(field: &str, value: &str) -> Fields {
        serde_json::from_str(&format!("{{\"{field}\":{value}}}")).unwrap()
    }

    #[test]
    fn texts_are_absent_when_empty() {
        for (json, wanted) in [
            ("\"a\"", Some("a")),
            ("\"\"", None),
            ("null", None),
            ("7", Some("7")),
            ("true", Some("true")),
            ("{}", None),
        ] {
            assert_eq!(read("text", json).text.as_deref(), wanted, "{json}");
        }
        assert_eq!(read("texts", r#"["a",null,"",2]"#).texts, ["a", "2"]);
        assert!(read("texts", "null").texts.is_empty());
    }

    #[test]
    fn numbers_may_be_texts() {
        for (json, wanted) in [
            ("1.5", Some(1.5)),
            ("\" 0.0000025\"", Some(0.000_002_5)),
            ("\"NaN\"", None),
            ("\"x\"", None),
            ("null", None),
            ("[]", None),
        ] {
            assert_eq!(read("number", json).number, wanted, "{json}");
        }
        assert!(read("truth", "\"True\"").truth && read("truth", "1").truth && !read("truth", "null").truth);
    }

    #[test]
    fn times_come_in_many_forms() {
        let wanted = "2026-11-24T04:00:03.5Z".parse::<Timestamp>().ok();
        for json in [
            "\"2026-11-24T04:00:03.500Z\"",
            "\"2026-11-24T05:00:03.500+01:00\"",
            "\"2026-11-24 04:00:03.500\"",
            "1795492803500",
            "1795492803.5",
        ] {
            assert_eq!(read("time", json).time, wanted, "{json}");
        }
        for json in ["null", "\"\"", "\"yesterday\"", "1e300", "{}"] {
            assert_eq!(read("time", json).time, None, "{json}");
        }
    }

    #[test]
    fn json_stays_as_it_came() {
        for (json, wanted) in [
            (r#"{"n":12345678901234567890, "b":1.0}"#, Some(r#"{"n":12345678901234567890, "b":1.0}"#)),
            (r#""{\"a\":1}""#, Some(r#"{"a":1}"#)),
            ("\"words\"", Some("\"words\"")),
            ("{}", None),
            ("null", None),
            ("\"\"", None),
        ] {
            assert_eq!(read("json", json).json.as_deref(), wanted, "{json}");
        }
        for (json, wanted) in [
            (r#""{\"a\":1}""#, Some(r#"{"a":1}"#)),
            (r#"{"a": 1}"#, Some(r#"{"a": 1}"#)),
            ("\"line\\nline\"", Some("line\nline")),
            ("\"\"", None),
            ("null", None),
        ] {
            assert_eq!(read("payload", json).payload.as_deref(), wanted, "{json}");
        }
    }
}
