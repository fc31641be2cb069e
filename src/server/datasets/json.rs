//! JSON as the real server's database keeps it.

use serde_json::{Map, Value};

use crate::server::data::value::{number, parse};

/// The value as it comes back: keys that are whole numbers first, the others by length, then by
/// bytes; numbers as JavaScript has them.
pub fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(list) => Value::Array(list.iter().map(canonical).collect()),
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| (!is_index(key), key.len(), key.as_str()));
            Value::Object(entries.into_iter().map(|(k, v)| (k.clone(), canonical(v))).collect())
        }
        Value::Number(n) => n.as_f64().map_or(Value::Null, number),
        other => other.clone(),
    }
}

/// Whether JavaScript takes the key for the index of an array.
fn is_index(key: &str) -> bool {
    key.parse::<u32>().is_ok_and(|n| n < u32::MAX && n.to_string() == key)
}

/// The text to store; `None` for null.
pub fn text(value: &Value) -> Option<String> {
    (!value.is_null()).then(|| canonical(value).to_string())
}

/// The stored value; null if there is none.
pub fn stored(text: Option<String>) -> Value {
    text.map_or(Value::Null, |text| parse(&text))
}

/// A part of an item as given: a text that is JSON counts as that JSON, an empty one as null, and
/// control characters are left out. Null means "not given".
pub fn part(given: &Value) -> Option<Value> {
    let value = match given {
        Value::Null => return None,
        Value::String(text) if text.is_empty() => Value::Null,
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| given.clone()),
        other => other.clone(),
    };
    Some(canonical(&cleaned(value)))
}

fn cleaned(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains(is_unwanted) => Value::String(text.replace(is_unwanted, "")),
        Value::Array(list) => Value::Array(list.into_iter().map(cleaned).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(k, v)| (k, cleaned(v))).collect()),
        other => other,
    }
}

/// Control characters but tab, the ends of lines and of pages.
fn is_unwanted(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}')
}

/// The metadata of a run, which is always an object.
pub fn object(given: Option<&Value>) -> Map<String, Value> {
    match given.map(canonical) {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(map)) => map,
        Some(other) => Map::from_iter([("metadata".to_owned(), other)]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_are_read_as_the_database_gives_them_back() {
        for (given, wanted) in [
            (json!(null), None),
            (json!(""), Some(json!(null))),
            (json!("plain"), Some(json!("plain"))),
            (json!("12"), Some(json!(12))),
            (json!("{\"a\": 1.0}"), Some(json!({"a": 1}))),
            (json!(["a\u{0}b\u{85}\n"]), Some(json!(["ab\n"]))),
            (json!(9_007_199_254_740_993_i64), Some(json!(9_007_199_254_740_992_i64))),
        ] {
            assert_eq!(part(&given), wanted, "{given}");
        }
        let keys = canonical(&json!({"owner": "ada", "b": {"bb": 1, "a": -0.0}, "10": 1})).to_string();
        assert_eq!(keys, r#"{"10":1,"b":{"a":0,"bb":1},"owner":"ada"}"#);
    }

    #[test]
    fn metadata_of_a_run_is_an_object() {
        for (given, wanted) in [
            (None, json!({})),
            (Some(json!(null)), json!({})),
            (Some(json!({"a": 1})), json!({"a": 1})),
            (Some(json!([1])), json!({"metadata": [1]})),
        ] {
            assert_eq!(Value::Object(object(given.as_ref())), wanted);
        }
    }
}
