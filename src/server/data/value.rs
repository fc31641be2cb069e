//! How the API writes times, numbers, ids and stored JSON.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde_json::{Map, Number, Value};
use uuid::Uuid;

/// ISO-8601 UTC with milliseconds and `Z`.
pub fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A stored time cut to whole seconds: of what came as events, `createdAt` is known no finer.
pub fn whole_seconds(iso: &str) -> String {
    format!("{}.000Z", iso.get(..19).unwrap_or(iso))
}

/// Reads a full date-time with `Z` or `+hh:mm`; everything else is refused.
pub fn strict_time(text: &str) -> Option<Timestamp> {
    let zone = text.ends_with('Z')
        || text.len() > 6 && {
            let tail = text.as_bytes().get(text.len() - 6..)?;
            matches!(tail.first(), Some(b'+' | b'-')) && tail.get(3) == Some(&b':')
        };
    (zone && text.as_bytes().get(10) == Some(&b'T')).then(|| text.parse().ok()).flatten()
}

/// Reads what a JavaScript `Date` would: also dates alone, even without day and month, and times without
/// a zone, taken as UTC.
pub fn lenient_time(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let first = match text.len() {
            4 => "-01-01",
            7 => "-01",
            _ => "",
        };
        let civil = format!("{text}{first}").parse::<DateTime>().ok()?;
        Offset::UTC.to_timestamp(civil).ok()
    })
}

/// Milliseconds from one stored time to another.
pub fn millis_between(from: &str, to: &str) -> f64 {
    let millis = |text: &str| lenient_time(text).map_or(0, Timestamp::as_millisecond);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let between = (millis(to) - millis(from)) as f64;
    between
}

/// What a JavaScript `Date` would make of a JSON value: texts, milliseconds, and null for 1970.
pub fn any_date(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => lenient_time(text),
        #[expect(clippy::cast_possible_truncation, reason = "saturates, and then is out of range")]
        Value::Number(n) => Timestamp::from_millisecond(n.as_f64()? as i64).ok(),
        Value::Bool(flag) => Timestamp::from_millisecond(i64::from(*flag)).ok(),
        Value::Null => Some(Timestamp::UNIX_EPOCH),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number as JavaScript prints it: whole ones without a fraction.
pub fn number(n: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if n.fract() == 0.0 && n.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        return Value::from(n as i64);
    }
    Number::from_f64(n).map_or(Value::Null, Value::Number)
}

/// An id in the manner of a cuid: 25 characters, ascending with time and `count`.
pub fn cuid(at: Timestamp, count: u64) -> String {
    let millis = u128::try_from(at.as_millisecond()).unwrap_or_default();
    let random = base36(Uuid::new_v4().as_u128(), 12);
    format!("c{}{}{random}", base36(millis, 8), base36(count.into(), 4))
}

/// The last `width` digits of `n` to the base 36.
fn base36(mut n: u128, width: usize) -> String {
    let mut digits = vec!['0'; width];
    for digit in digits.iter_mut().rev() {
        let d = u8::try_from(n % 36).unwrap_or_default();
        *digit = char::from(if d < 10 { b'0' + d } else { b'a' + d - 10 });
        n /= 36;
    }
    digits.into_iter().collect()
}

/// A metadata object as the event store gives it back: every value was stored as text and is
/// parsed again, so `"1"` comes back as 1. With `limit`, texts are cut to that many characters
/// first, and a cut JSON text stays a string.
pub fn metadata(stored: &str, limit: Option<usize>) -> Value {
    let Value::Object(map) = parse(stored) else { return Value::Object(Map::new()) };
    Value::Object(map.into_iter().map(|(key, value)| (key, reread(value, limit))).collect())
}

/// One value of a metadata object, in the same way.
pub fn reread(value: Value, limit: Option<usize>) -> Value {
    let text = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    match limit.and_then(|most| text.char_indices().nth(most)) {
        Some((end, _)) => Value::from(&text[..end]),
        None => serde_json::from_str(&text).map(exact).unwrap_or(Value::String(text)),
    }
}

/// Whole numbers JavaScript cannot hold come back as strings, at any depth.
fn exact(value: Value) -> Value {
    match value {
        Value::Number(n) if is_unsafe(&n) => Value::String(n.to_string()),
        Value::Number(n) => n.as_f64().map_or(Value::Null, number),
        Value::Array(list) => list.into_iter().map(exact).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, exact(value))).collect(),
        other => other,
    }
}

fn is_unsafe(n: &Number) -> bool {
    let magnitude = n.as_i64().map(i64::unsigned_abs).or_else(|| n.as_u64());
    magnitude.is_some_and(|magnitude| magnitude >= 1 << 53)
}

/// A payload as the old data model returns it: JSON is parsed, other text stays as it is, nothing is
/// null.
pub fn content(stored: Option<&str>) -> Value {
    let Some(text) = stored.filter(|t| !t.is_empty()) else { return Value::Null };
    serde_json::from_str(text).map_or_else(|_| Value::from(text), exact)
}

/// Stored JSON; null where it is none.
pub fn parse(stored: &str) -> Value {
    serde_json::from_str(stored).unwrap_or_default()
}

/// A payload as `v2/observations` returns it: JSON text, or a string just as it is; nothing for null.
pub fn payload(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Folds `newer` into `older`, key by key, entry by entry and level by level.
pub fn merge(older: &mut Value, newer: &Value) {
    match (older, newer) {
        (Value::Object(older), Value::Object(newer)) => {
            for (key, value) in newer {
                merge(older.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(older), Value::Array(newer)) => {
            for (index, value) in newer.iter().enumerate() {
                match older.get_mut(index) {
                    Some(place) => merge(place, value),
                    None => older.push(value.clone()),
                }
            }
        }
        (older, newer) => *older = newer.clone(),
    }
}

/// Standard base64, padded: cursors of observations.
pub fn base64_encode(text: &str) -> String {
    STANDARD.encode(text)
}

/// A cursor as most lists send it: JSON as base64url without padding.
pub fn cursor(place: &Value) -> String {
    URL_SAFE_NO_PAD.encode(place.to_string())
}

/// The JSON behind a cursor.
pub fn cursor_place(cursor: &str) -> Option<Value> {
    serde_json::from_str(&base64_text(cursor)?).ok()
}

/// Text behind either alphabet, padded or not.
pub fn base64_text(encoded: &str) -> Option<String> {
    let plain = encoded.trim_end_matches('=').replace('+', "-").replace('/', "_");
    String::from_utf8(URL_SAFE_NO_PAD.decode(plain).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_full_times_with_a_zone_are_strict() {
        let noon = "2026-11-20T12:00:00.000Z";
        for (text, wanted) in [
            ("2026-11-20T12:00:00Z", Some(noon)),
            ("2026-11-20T12:00:00.000Z", Some(noon)),
            ("2026-11-20T13:00:00+01:00", Some(noon)),
            ("2026-11-20T13:00:00+0100", None),
            ("2026-11-20 12:00:00Z", None),
            ("2026-11-20T12:00:00", None),
            ("2026-11-20", None),
            ("ümlaut-", None),
            ("", None),
        ] {
            assert_eq!(strict_time(text).map(iso).as_deref(), wanted, "{text}");
        }
        for text in ["2026-11-20T12:00:00", "2026-11-20T13:00:00+0100"] {
            assert_eq!(lenient_time(text).map(iso).as_deref(), Some(noon), "{text}");
        }
        for (text, day) in [("2026-11-20", "11-20"), ("2026-11", "11-01"), ("2026", "01-01")] {
            let wanted = format!("2026-{day}T00:00:00.000Z");
            assert_eq!(lenient_time(text).map(iso), Some(wanted), "{text}");
        }
    }

    #[test]
    fn metadata_was_stored_as_text() {
        let long = "ä".repeat(201);
        for (stored, limit, wanted) in [
            (json!({"a": "1", "b": "true", "c": "x"}), None, json!({"a": 1, "b": true, "c": "x"})),
            (json!({"a": "9007199254740993"}), None, json!({"a": "9007199254740993"})),
            (json!({"a": {"b": [1.0]}}), Some(200), json!({"a": {"b": [1]}})),
            (json!({"a": long}), Some(200), json!({"a": "ä".repeat(200)})),
            (json!({"a": [1, 2]}), Some(3), json!({"a": "[1,"})),
            (json!("x"), None, json!({})),
        ] {
            assert_eq!(metadata(&stored.to_string(), limit), wanted);
        }
    }

    #[test]
    fn ids_ascend_with_time_and_count() {
        let at = Timestamp::from_second(1_795_000_000).unwrap_or_default();
        let later = Timestamp::from_second(1_795_000_001).unwrap_or_default();
        let ids = [cuid(at, 1), cuid(at, 2), cuid(at, 36), cuid(later, 0)];
        assert!(ids.is_sorted() && ids.iter().all(|id| id.len() == 25), "{ids:?}");
    }

    #[test]
    fn whole_numbers_have_no_fraction() {
        for (n, text) in [(4.0, "4"), (0.25, "0.25"), (-1.0, "-1"), (1e308, "1e+308"), (f64::NAN, "null")] {
            assert_eq!(number(n).to_string(), text);
        }
    }
}
