//! Issues of the schema check, worded as the real server words them.

use serde_json::{Value, json};

/// What a date-time must look like, as issues quote it.
const DATETIME: &str = r"/^(?:(?:\d\d[2468][048]|\d\d[13579][26]|\d\d0[48]|[02468][048]00|[13579][26]00)-02-29|\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|(?:02)-(?:0[1-9]|1\d|2[0-8])))T(?:(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|([+-](?:[01]\d|2[0-3]):[0-5]\d)))$/";

/// The name of a JSON type; `None` is an absent field.
fn type_name(value: Option<&Value>) -> &'static str {
    match value {
        None => "undefined",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
    }
}

/// The same issue, seen from one level above: `step` is a key or an index.
pub fn below(step: &Value, mut issue: Value) -> Value {
    if let Some(path) = issue["path"].as_array_mut() {
        path.insert(0, step.clone());
    }
    issue
}

/// Another type than expected.
pub fn invalid_type(expected: &str, received: Option<&Value>, path: &[&str]) -> Value {
    let message = format!("Invalid input: expected {expected}, received {}", type_name(received));
    json!({"expected": expected, "code": "invalid_type", "path": path, "message": message})
}

/// None of the allowed values.
pub fn invalid_value(values: &[&str], path: &[&str]) -> Value {
    let options = values.iter().map(|v| format!("\"{v}\"")).collect::<Vec<_>>().join("|");
    let message = format!("Invalid option: expected one of {options}");
    json!({"code": "invalid_value", "values": values, "path": path, "message": message})
}

/// Keys that a strict object does not have.
pub fn unrecognized_keys(keys: &[&str]) -> Value {
    let list = keys.iter().map(|k| format!("\"{k}\"")).collect::<Vec<_>>().join(", ");
    let noun = if keys.len() == 1 { "key" } else { "keys" };
    json!({"code": "unrecognized_keys", "keys": keys, "path": [], "message": format!("Unrecognized {noun}: {list}")})
}

/// A string longer than `maximum` UTF-16 units.
pub fn too_long(maximum: usize, path: &[&str]) -> Value {
    let message = format!("Too big: expected string to have <={maximum} characters");
    json!({"origin": "string", "code": "too_big", "maximum": maximum, "inclusive": true, "path": path, "message": message})
}

/// An empty string where one character is needed.
pub fn too_short(path: &[&str]) -> Value {
    json!({
        "origin": "string", "code": "too_small", "minimum": 1, "inclusive": true, "path": path,
        "message": "Too small: expected string to have >=1 characters",
    })
}

/// An empty array where one entry is needed.
pub fn too_few(path: &[&str]) -> Value {
    json!({
        "origin": "array", "code": "too_small", "minimum": 1, "inclusive": true, "path": path,
        "message": "Too small: expected array to have >=1 items",
    })
}

/// A number above `maximum`.
pub fn too_big(maximum: u32, path: &str) -> Value {
    let message = format!("Too big: expected number to be <={maximum}");
    json!({"origin": "number", "code": "too_big", "maximum": maximum, "inclusive": true, "path": [path], "message": message})
}

/// A number that must be greater than zero, or with `inclusive` at least zero.
pub fn too_small(inclusive: bool, path: &str) -> Value {
    let sign = if inclusive { ">=" } else { ">" };
    let message = format!("Too small: expected number to be {sign}0");
    json!({"origin": "number", "code": "too_small", "minimum": 0, "inclusive": inclusive, "path": [path], "message": message})
}

/// A query text that is no number.
pub fn not_a_number(path: &str) -> Value {
    json!({
        "expected": "number", "code": "invalid_type", "received": "NaN", "path": [path],
        "message": "Invalid input: expected number, received NaN",
    })
}

/// A whole number that JavaScript cannot hold exactly; `None` for any other.
pub fn not_safe(n: f64, path: &str) -> Option<Value> {
    const MOST: i64 = (1 << 53) - 1;
    let (code, bound, most, sign) = if n >= 9_007_199_254_740_992.0 {
        ("too_big", "maximum", MOST, "big: expected int to be <=")
    } else if n <= -9_007_199_254_740_992.0 {
        ("too_small", "minimum", -MOST, "small: expected int to be >=")
    } else {
        return None;
    };
    Some(json!({
        "code": code, bound: most, "note": "Integers must be within the safe integer range.",
        "origin": "int", "inclusive": true, "path": [path], "message": format!("Too {sign}{most}"),
    }))
}

/// A number with a fraction where a whole one is needed.
pub fn not_whole(path: &str) -> Value {
    json!({
        "expected": "int", "format": "safeint", "code": "invalid_type", "path": [path],
        "message": "Invalid input: expected int, received number",
    })
}

/// A date-time that is not ISO with a zone.
pub fn not_a_datetime(path: &str) -> Value {
    json!({
        "origin": "string", "code": "invalid_format", "format": "datetime", "pattern": DATETIME,
        "path": [path], "message": "Invalid ISO datetime",
    })
}

/// What no JavaScript `Date` can read.
pub fn not_a_date(path: &str) -> Value {
    json!({
        "expected": "date", "code": "invalid_type", "received": "Invalid Date", "path": [path],
        "message": "Invalid input: expected date, received Date",
    })
}

/// No variant of a union has this discriminator.
pub fn no_variant(discriminator: &str) -> Value {
    json!({
        "code": "invalid_union", "errors": [], "note": "No matching discriminator",
        "discriminator": discriminator, "path": [discriminator], "message": "Invalid input",
    })
}

/// No alternative of a union fits: the issues of each.
pub fn no_alternative(errors: &[Vec<Value>], path: &[&str]) -> Value {
    json!({"code": "invalid_union", "errors": errors, "path": path, "message": "Invalid input"})
}

/// A rule of its own.
pub fn custom(message: &str, path: &[&str]) -> Value {
    json!({"code": "custom", "path": path, "message": message})
}

/// The same as `custom`, where the server adds the issue itself: other order of keys.
pub fn added(message: &str, path: &[&str]) -> Value {
    json!({"code": "custom", "message": message, "path": path})
}

/// Something else than an object where a discriminator decides: other order of keys than `invalid_type`.
pub fn no_object(received: Option<&Value>, path: &[&str]) -> Value {
    let message = format!("Invalid input: expected object, received {}", type_name(received));
    json!({"code": "invalid_type", "expected": "object", "path": path, "message": message})
}

/// A number without end.
pub fn infinite(path: &str) -> Value {
    json!({
        "expected": "number", "code": "invalid_type", "received": "Infinity", "path": [path],
        "message": "Invalid input: expected number, received number",
    })
}

/// Not the one text allowed.
pub fn not_literal(value: &str, path: &[&str]) -> Value {
    let message = format!("Invalid input: expected \"{value}\"");
    json!({"code": "invalid_value", "values": [value], "path": path, "message": message})
}

/// Whether the schema still looks at rules over several fields: it does where a value is only out of
/// bounds, and does not where one is no value of its field at all.
pub fn lets_go_on(issue: &Value) -> bool {
    let code = issue["code"].as_str().unwrap_or_default();
    matches!(code, "too_small" | "too_big" | "invalid_format" | "custom")
}
