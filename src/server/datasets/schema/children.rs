//! Keywords about the items of arrays and the properties of objects.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::Fault;
use super::assertion;
use super::check::{Checker, first, list, members, one};
use super::keywords::types;

impl<'a> Checker<'a> {
    /// What a keyword about arrays has against one.
    pub fn check_array(
        &self,
        keyword: &'static str,
        wanted: &'a Value,
        map: &'a Map<String, Value>,
        items: &[Value],
        path: &str,
    ) -> Vec<Fault> {
        match (keyword, wanted) {
            ("uniqueItems", Value::Bool(true)) => check_unique(items, has_plain_items(map), path),
            ("uniqueItems", _) => Vec::new(),
            ("items", Value::Array(_)) => self.check_tuple(wanted, map, items, path),
            ("contains", schema) => self.check_contained(schema, items, path),
            (_, schema) => self.check_items(schema, items, 0, path),
        }
    }

    /// Items from `skipped` on, each against the same schema.
    fn check_items(&self, schema: &'a Value, items: &[Value], skipped: usize, path: &str) -> Vec<Fault> {
        let rest = items.iter().enumerate().skip(skipped);
        first(rest.map(|(index, item)| self.check(schema, item, &format!("{path}/{index}"))))
    }

    fn check_tuple(
        &self,
        schemas: &'a Value,
        map: &'a Map<String, Value>,
        items: &[Value],
        path: &str,
    ) -> Vec<Fault> {
        let pairs = list(schemas).zip(items).enumerate();
        let check = |(index, (schema, item))| self.check(schema, item, &format!("{path}/{index}"));
        let faults = first(pairs.map(check));
        let known = list(schemas).count();
        match map.get("additionalItems") {
            _ if !faults.is_empty() => faults,
            Some(Value::Bool(false)) if items.len() > known => {
                one(path, "additionalItems", format!("must NOT have more than {known} items"))
            }
            Some(schema) => self.check_items(schema, items, known, path),
            None => Vec::new(),
        }
    }

    fn check_contained(&self, schema: &'a Value, items: &[Value], path: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let found = self.attempt(schema, item, &format!("{path}/{index}"));
            if found.is_empty() {
                return found;
            }
            faults.extend(found);
        }
        self.after(faults, path, "contains", "must contain at least 1 valid item(s)".into())
    }

    /// What a keyword about objects has against one, which is also `data`.
    pub fn check_object(
        &self,
        keyword: &'static str,
        wanted: &'a Value,
        map: &'a Map<String, Value>,
        object: &Map<String, Value>,
        data: &Value,
        path: &str,
    ) -> Vec<Fault> {
        match keyword {
            "propertyNames" => first(object.keys().map(|key| self.check_name(wanted, key, path))),
            "additionalProperties" => {
                let others = object.iter().filter(|(key, _)| !self.is_described(key, map));
                first(others.map(|(key, value)| match wanted {
                    Value::Bool(false) => one(path, keyword, "must NOT have additional properties".into()),
                    schema => self.check(schema, value, &child(path, key)),
                }))
            }
            "dependencies" => {
                if let Some(message) = assertion::dependent(wanted, object) {
                    return one(path, keyword, message);
                }
                let present =
                    members(wanted).filter(|(key, schema)| !schema.is_array() && object.contains_key(*key));
                first(present.map(|(_, schema)| self.check(schema, data, path)))
            }
            "properties" => first(members(wanted).filter_map(|(key, schema)| {
                object.get(key).map(|value| self.check(schema, value, &child(path, key)))
            })),
            _ => first(members(wanted).flat_map(|(source, schema)| {
                let matching = object.iter().filter(move |(key, _)| self.matches(source, key));
                matching.map(move |(key, value)| self.check(schema, value, &child(path, key)))
            })),
        }
    }

    fn check_name(&self, schema: &'a Value, name: &str, path: &str) -> Vec<Fault> {
        let mut faults = self.attempt(schema, &Value::from(name), path);
        if !faults.is_empty() {
            faults.extend(one(path, "propertyNames", "property name must be valid".into()));
        }
        faults
    }

    /// Whether a property has a schema of its own.
    fn is_described(&self, key: &str, map: &'a Map<String, Value>) -> bool {
        let has = |properties: &Value| properties.get(key).is_some();
        map.get("properties").is_some_and(has)
            || map
                .get("patternProperties")
                .is_some_and(|patterns| members(patterns).any(|(source, _)| self.matches(source, key)))
    }
}

/// Whether all items are known to be neither arrays nor objects.
fn has_plain_items(map: &Map<String, Value>) -> bool {
    let types = map.get("items").and_then(Value::as_object).map(types).unwrap_or_default();
    !types.is_empty() && !types.iter().any(|kind| matches!(*kind, "array" | "object"))
}

/// Names the last item that has a twin before it, and the nearest such twin. Plain items are looked
/// at from the other end, and named the other way round.
fn check_unique(items: &[Value], is_plain: bool, path: &str) -> Vec<Fault> {
    let mut seen = HashMap::new();
    let mut twins = None;
    let mut look = |index: usize, item: &Value| {
        let other = seen.insert(item.to_string(), index);
        twins = other.map(|other| (other, index)).or(twins);
        other.is_some()
    };
    if is_plain {
        items.iter().enumerate().rev().any(|(index, item)| look(index, item));
    } else {
        items.iter().enumerate().for_each(|(index, item)| {
            look(index, item);
        });
    }
    let Some((one_of, other)) = twins else { return Vec::new() };
    let message = format!("must NOT have duplicate items (items ## {one_of} and {other} are identical)");
    one(path, "uniqueItems", message)
}

/// The JSON pointer to a property.
fn child(path: &str, key: &str) -> String {
    format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"))
}
