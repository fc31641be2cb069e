//! Looking attributes up by the names different libraries give them.

use serde_json::{Map, Value};

/// What JavaScript calls true.
pub fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// Neither nothing nor empty.
pub fn is_meaningful(value: &Value) -> bool {
    match value {
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::String(text) => !text.is_empty(),
        other => !other.is_null(),
    }
}

/// A value as text: texts as they are, anything else as JSON.
pub fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The first of `keys` that says something.
pub fn first<'a>(attributes: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().filter_map(|key| attributes.get(*key)).find(|value| is_truthy(value))
}

/// The same as text.
pub fn first_text(attributes: &Map<String, Value>, keys: &[&str]) -> Option<String> {
    first(attributes, keys).map(as_text)
}

/// A value that may come as JSON text.
pub fn parsed(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => serde_json::from_str(text).ok(),
        other => Some(other.clone()),
    }
}

/// A number, also where it comes as text.
pub fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    }
}
