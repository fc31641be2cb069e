//! Metadata of the new data model: what was nested lies side by side, under the paths to it.

use serde_json::{Map, Value, json};

/// Objects in a span's metadata that tell where the span comes from.
const SOURCES: [&str; 3] = ["attributes", "resourceAttributes", "scope"];

/// Every value by its path. Lists are values; empty objects leave nothing.
pub fn flat(metadata: Map<String, Value>) -> Map<String, Value> {
    let mut found = Map::new();
    for (key, value) in metadata {
        lay(&mut found, key, value);
    }
    found
}

fn lay(found: &mut Map<String, Value>, path: String, value: Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                lay(found, format!("{path}.{key}"), value);
            }
        }
        Value::Null => {
            found.insert(path, json!(""));
        }
        value => {
            found.insert(path, value);
        }
    }
}

/// The same for the old data model, which keeps what tells of a span's source together.
pub fn nested(metadata: &Value) -> Value {
    let mut found = Map::new();
    for (path, value) in metadata.as_object().into_iter().flatten() {
        match path.split_once('.').filter(|(source, _)| SOURCES.contains(source)) {
            Some(("scope", key)) => match key.strip_prefix("attributes.") {
                Some(key) => within(&mut found, "scope", &["attributes", key], value),
                None => within(&mut found, "scope", &[key], value),
            },
            Some((source, key)) => within(&mut found, source, &[key], value),
            None => {
                found.insert(path.clone(), value.clone());
            }
        }
    }
    Value::Object(found)
}

/// Puts a value into the object of that name.
fn within(map: &mut Map<String, Value>, name: &str, path: &[&str], value: &Value) {
    let mut place = map.entry(name).or_insert_with(|| json!({}));
    for key in path {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[*key];
    }
    *place = value.clone();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_what_was_nested() {
        let metadata = json!({
            "a": {"b": {"c": 1}, "d": [{"e": 2}], "f": {}}, "g": null, "x.y": "z",
            "scope": {"name": "s", "attributes": {"k.l": true}}, "resourceAttributes": {"service.name": "n"},
        });
        let flat = Value::Object(flat(metadata.as_object().cloned().unwrap_or_default()));
        assert_eq!(
            flat,
            json!({
                "a.b.c": 1, "a.d": [{"e": 2}], "g": "", "x.y": "z", "scope.name": "s",
                "scope.attributes.k.l": true, "resourceAttributes.service.name": "n",
            })
        );
        assert_eq!(
            nested(&flat),
            json!({
                "a.b.c": 1, "a.d": [{"e": 2}], "g": "", "x.y": "z",
                "scope": {"name": "s", "attributes": {"k.l": true}},
                "resourceAttributes": {"service.name": "n"},
            })
        );
        assert_eq!(nested(&json!({"scope": "x", "scope.name": "s"})), json!({"scope": {"name": "s"}}));
    }
}
