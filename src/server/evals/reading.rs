//! What bodies of evaluators and rules need beyond plain fields: lists with limits, and fields that
//! must not be there.

use serde_json::{Value, json};

use crate::domain::text::utf16_len;
use crate::server::http::fields::{Fields, Given};
use crate::server::http::issue;

/// What is wrong with a part, one object each.
pub type Issues = Vec<Value>;

/// A part of an object: absent parts are `None`, issues are noted below the key.
pub fn optional<'a, T>(
    fields: &mut Fields<'a>,
    key: &str,
    read: impl FnOnce(&'a Value) -> Result<T, Issues>,
) -> Option<T> {
    match read(fields.get(key)?) {
        Ok(value) => Some(value),
        Err(issues) => {
            fields.absorb(&Value::from(key), issues);
            None
        }
    }
}

/// The same where null means absent too.
pub fn nullable<'a, T>(
    fields: &mut Fields<'a>,
    key: &str,
    read: impl FnOnce(&'a Value) -> Result<T, Issues>,
) -> Option<T> {
    if fields.get(key).is_some_and(Value::is_null) { None } else { optional(fields, key, read) }
}

/// Reads a list, each entry's issues below its index.
pub fn list<'a, T>(
    given: &'a Value,
    read: impl Fn(&'a Value) -> Result<T, Issues>,
) -> Result<Vec<T>, Issues> {
    let Some(entries) = given.as_array() else {
        return Err(vec![issue::invalid_type("array", Some(given), &[])]);
    };
    let (mut found, mut issues) = (Vec::new(), Vec::new());
    for (index, entry) in entries.iter().enumerate() {
        match read(entry) {
            Ok(entry) => found.push(entry),
            Err(inner) => issues.extend(inner.into_iter().map(|i| issue::below(&Value::from(index), i))),
        }
    }
    if issues.is_empty() { Ok(found) } else { Err(issues) }
}

/// Reads a list of so many entries; its length is looked at after them.
pub fn bounded<'a, T>(
    given: &'a Value,
    least: usize,
    most: usize,
    read: impl Fn(&'a Value) -> Result<T, Issues>,
) -> Result<Vec<T>, Issues> {
    let mut read = list(given, read);
    let length = given.as_array().map_or(least, Vec::len);
    let wrong = if length < least {
        too_few(least)
    } else if length > most {
        too_many(most)
    } else {
        return read;
    };
    match &mut read {
        Ok(_) => Err(vec![wrong]),
        Err(issues) => {
            issues.push(wrong);
            read
        }
    }
}

/// A text of at least one character.
pub fn filled(given: &Value) -> Result<&str, Issues> {
    let text = text(given)?;
    if text.is_empty() { Err(vec![issue::too_short(&[])]) } else { Ok(text) }
}

/// A text.
pub fn text(given: &Value) -> Result<&str, Issues> {
    given.as_str().ok_or_else(|| vec![issue::invalid_type("string", Some(given), &[])])
}

/// A text without the space around it, of at least one character then.
pub fn trimmed(given: &Value) -> Result<&str, Issues> {
    let text = text(given)?.trim();
    if text.is_empty() { Err(vec![issue::too_short(&[])]) } else { Ok(text) }
}

/// A required part, of which `read` reads the value.
pub fn required<'a, T>(
    fields: &mut Fields<'a>,
    key: &str,
    expected: &str,
    read: impl FnOnce(&'a Value) -> Result<T, Issues>,
) -> Option<T> {
    if fields.get(key).is_none() {
        fields.note(issue::invalid_type(expected, None, &[key]));
        return None;
    }
    optional(fields, key, read)
}

/// A text without the space around it and not longer than that, or null.
pub fn note_text(fields: &mut Fields<'_>, key: &str, most: usize) -> Given<String> {
    match fields.text_or_null(key) {
        Given::Absent => Given::Absent,
        Given::Null => Given::Null,
        Given::Some(text) => {
            if utf16_len(text.trim()) > most {
                fields.note(issue::too_long(most, &[key]));
            }
            Given::Some(text.trim().to_owned())
        }
    }
}

/// Whether the field is one of the values; if not, that is noted.
pub fn is_one_of(fields: &mut Fields<'_>, key: &str, values: &[&str]) {
    if !fields.get(key).and_then(Value::as_str).is_some_and(|given| values.contains(&given)) {
        fields.note(none_of(values, &[key]));
    }
}

/// None of the allowed values; a single one is worded differently.
pub fn none_of(values: &[&str], path: &[&str]) -> Value {
    let [only] = values else { return issue::invalid_value(values, path) };
    let message = format!("Invalid input: expected \"{only}\"");
    json!({"code": "invalid_value", "values": values, "path": path, "message": message})
}

/// Refuses a field that this kind does not have; null is refused too.
pub fn never(fields: &mut Fields<'_>, key: &str) {
    if let given @ Some(_) = fields.get(key) {
        fields.note(issue::invalid_type("never", given, &[key]));
    }
}

/// Refuses a field that this kind of change does not have.
pub fn undefined(fields: &mut Fields<'_>, key: &str) {
    if let given @ Some(_) = fields.get(key) {
        fields.note(issue::invalid_type("undefined", given, &[key]));
    }
}

fn too_few(least: usize) -> Value {
    let message = format!("Too small: expected array to have >={least} items");
    json!({"origin": "array", "code": "too_small", "minimum": least, "inclusive": true, "path": [], "message": message})
}

fn too_many(most: usize) -> Value {
    let message = format!("Too big: expected array to have <={most} items");
    json!({"origin": "array", "code": "too_big", "maximum": most, "inclusive": true, "path": [], "message": message})
}

/// The first alternative that fits. Where all but one are out of the question, that one's issues are
/// told; otherwise those of each.
pub fn any_of<T>(tried: Vec<Result<T, Issues>>) -> Result<T, Issues> {
    let mut errors = Vec::new();
    for alternative in tried {
        match alternative {
            Ok(value) => return Ok(value),
            Err(issues) => errors.push(issues),
        }
    }
    let likely: Vec<usize> = (0..errors.len()).filter(|i| !errors[*i].iter().any(is_fatal)).collect();
    match likely.as_slice() {
        [only] => Err(errors.swap_remove(*only)),
        _ => Err(vec![issue::no_alternative(&errors, &[])]),
    }
}

/// Whether the value is of another kind, rather than only outside some limit.
fn is_fatal(issue: &Value) -> bool {
    !matches!(issue["code"].as_str(), Some("too_small" | "too_big" | "custom"))
}
