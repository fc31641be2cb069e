//! The keywords of a schema, in the order in which they are looked at.

use serde_json::{Map, Value};

/// The type a group of keywords is about, and the keywords. Those of the first are about any.
pub type Group = (Option<&'static str>, &'static [&'static str]);

/// All groups.
pub const GROUPS: [Group; 5] = [
    (None, &["$ref", "const", "enum", "not", "anyOf", "oneOf", "allOf", "if"]),
    (Some("number"), &["maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "multipleOf", "format"]),
    (Some("string"), &["maxLength", "minLength", "pattern", "format"]),
    (Some("array"), &["maxItems", "minItems", "items", "contains", "uniqueItems"]),
    (
        Some("object"),
        &[
            "maxProperties",
            "minProperties",
            "required",
            "propertyNames",
            "additionalProperties",
            "dependencies",
            "properties",
            "patternProperties",
        ],
    ),
];

/// Keywords that assert nothing by themselves.
pub const SILENT: [&str; 21] = [
    "$schema",
    "$id",
    "$defs",
    "$vocabulary",
    "$comment",
    "definitions",
    "type",
    "nullable",
    "then",
    "else",
    "additionalItems",
    "title",
    "description",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "examples",
    "contentMediaType",
    "contentEncoding",
    "contentSchema",
];

/// Whether a schema fits every value because it has no keyword that could object.
pub fn asserts_nothing(schema: &Value) -> bool {
    const OF_OTHERS: [&str; 6] = ["type", "nullable", "then", "else", "additionalItems", "$comment"];
    match schema {
        Value::Bool(fits) => *fits,
        Value::Object(map) => !map.keys().any(|key| {
            OF_OTHERS.contains(&key.as_str()) || GROUPS.iter().any(|(_, group)| group.contains(&key.as_str()))
        }),
        _ => false,
    }
}

/// The types a schema allows; all if there are none.
pub fn types(map: &Map<String, Value>) -> Vec<&str> {
    let mut types: Vec<&str> = match map.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if map.get("nullable") == Some(&Value::Bool(true)) && !types.contains(&"null") {
        types.push("null");
    }
    types
}

/// Where a reference leads.
pub fn target<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let fragment = reference.strip_prefix('#')?;
    let pointer = percent_encoding::percent_decode_str(fragment).decode_utf8().ok()?;
    root.pointer(&pointer)
}
