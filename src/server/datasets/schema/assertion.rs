//! Keywords that hold no schema: what they say when a value violates them.

use serde_json::{Map, Value};

use crate::server::data::value::number;

/// What `keyword` has against the value; patterns are the checker's.
pub fn objection(keyword: &str, wanted: &Value, data: &Value) -> Option<String> {
    match keyword {
        "const" => (wanted != data).then(|| "must be equal to constant".into()),
        "enum" => {
            let known = wanted.as_array().is_some_and(|list| list.contains(data));
            (!known).then(|| "must be equal to one of the allowed values".into())
        }
        "maximum" | "minimum" | "exclusiveMaximum" | "exclusiveMinimum" | "multipleOf" => {
            numeric(keyword, wanted.as_f64()?, data.as_f64()?)
        }
        _ => sized(keyword, wanted, data),
    }
}

fn numeric(keyword: &str, limit: f64, n: f64) -> Option<String> {
    let (holds, sign) = match keyword {
        "maximum" => (n <= limit, "<="),
        "minimum" => (n >= limit, ">="),
        "exclusiveMaximum" => (n < limit, "<"),
        "exclusiveMinimum" => (n > limit, ">"),
        _ => {
            let is_multiple = (n / limit).fract() == 0.0;
            return (!is_multiple).then(|| format!("must be multiple of {}", number(limit)));
        }
    };
    (!holds).then(|| format!("must be {sign} {}", number(limit)))
}

/// Limits of length, and properties that must be there.
fn sized(keyword: &str, wanted: &Value, data: &Value) -> Option<String> {
    if keyword == "required" {
        return missing(wanted, data.as_object()?);
    }
    let (length, noun) = match data {
        Value::String(text) => (text.chars().count(), "characters"),
        Value::Array(list) => (list.len(), "items"),
        Value::Object(map) => (map.len(), "properties"),
        _ => return None,
    };
    let limit = wanted.as_f64()?;
    #[expect(clippy::cast_precision_loss, reason = "bodies are shorter than 2^53")]
    let length = length as f64;
    let (is_wrong, word) = match keyword {
        "maxLength" | "maxItems" | "maxProperties" => (length > limit, "more"),
        "minLength" | "minItems" | "minProperties" => (length < limit, "fewer"),
        _ => return None,
    };
    is_wrong.then(|| format!("must NOT have {word} than {} {noun}", number(limit)))
}

fn names(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn missing(required: &Value, data: &Map<String, Value>) -> Option<String> {
    let name = names(required).find(|name| !data.contains_key(*name))?;
    Some(format!("must have required property '{name}'"))
}

/// Properties that must be there because others are.
pub fn dependent(wanted: &Value, data: &Map<String, Value>) -> Option<String> {
    let present = wanted.as_object().into_iter().flatten().filter(|(name, _)| data.contains_key(*name));
    for (name, needs) in present {
        if names(needs).any(|need| !data.contains_key(need)) {
            let needs: Vec<&str> = names(needs).collect();
            let noun = if needs.len() == 1 { "property" } else { "properties" };
            return Some(format!("must have {noun} {} when property {name} is present", needs.join(", ")));
        }
    }
    None
}
