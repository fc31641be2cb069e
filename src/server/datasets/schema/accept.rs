//! What counts as a JSON Schema.

use std::collections::HashSet;

use jsonschema::{PatternOptions, Validator, draft7, draft202012};
use serde_json::{Map, Value, json};

use super::keywords::{GROUPS, NEWER, SILENT, target, types};

/// Most characters of a schema.
const LONGEST: usize = 10_000;
/// Most steps back a pattern may take on one text.
const BACKTRACKS: usize = 20_000;
/// Most bytes of a compiled pattern.
const PATTERN_SIZE: usize = 2 << 20;
/// Most patterns of a schema.
const MOST_PATTERNS: usize = 64;

/// Whether the value is a schema of draft 7, or of 2020-12 if it says so.
///
/// The real server compiles it in the strictest way: unknown keywords, keywords without the type
/// they are about, and required properties that are not described are refused. References lead to
/// somewhere in the schema, never out of it.
pub fn is_schema(value: &Value) -> bool {
    if !value.is_object() || value.to_string().encode_utf16().count() > LONGEST {
        return false;
    }
    let is_newer = match value.get("$schema").and_then(Value::as_str).map(|uri| uri.trim_end_matches('#')) {
        None | Some("http://json-schema.org/draft-07/schema") => false,
        Some("https://json-schema.org/draft/2020-12/schema") => true,
        Some(_) => return false,
    };
    let fits = if is_newer { draft202012::meta::is_valid(value) } else { draft7::meta::is_valid(value) };
    let mut survey = Survey { root: value, is_newer, seen: HashSet::new(), patterns: 0 };
    fits && survey.is_sound(value, &[], &mut HashSet::new())
}

/// A validator of texts for one pattern.
pub fn pattern(source: &str) -> Option<Validator> {
    let limits = PatternOptions::fancy_regex().backtrack_limit(BACKTRACKS).size_limit(PATTERN_SIZE);
    jsonschema::options().with_pattern_options(limits).build(&json!({"pattern": source})).ok()
}

/// A walk through all parts of a schema that matter.
struct Survey<'a> {
    root: &'a Value,
    is_newer: bool,
    /// References already followed.
    seen: HashSet<&'a str>,
    patterns: usize,
}

impl<'a> Survey<'a> {
    /// `context`: the types the value is known to have. `defined`: the properties of the same value
    /// described so far.
    fn is_sound(&mut self, schema: &'a Value, context: &[&'a str], defined: &mut HashSet<&'a str>) -> bool {
        let Some(map) = schema.as_object() else { return true };
        let types = types(map);
        let narrowed = if types.is_empty() { context } else { &types };
        self.knows_all(map)
            && types.iter().all(|t| context.is_empty() || includes(context, t))
            && (types.len() < 2 || types.len() == 2 && types.contains(&"null"))
            && (!types.is_empty() || !map.contains_key("nullable"))
            && has_types_of_keywords(map, narrowed)
            && has_companions(map)
            && GROUPS.iter().flat_map(|(_, keywords)| keywords.iter()).all(|keyword| {
                map.get(*keyword).is_none_or(|value| self.is_sound_at(keyword, value, map, narrowed, defined))
            })
    }

    fn knows_all(&self, map: &Map<String, Value>) -> bool {
        let is_new = |key: &str| NEWER.contains(&key) && !self.is_newer;
        let is_known = |key: &str| SILENT.contains(&key) || GROUPS.iter().any(|(_, g)| g.contains(&key));
        map.keys().all(|key| is_known(key) && !is_new(key))
    }

    fn is_sound_at(
        &mut self,
        keyword: &str,
        value: &'a Value,
        map: &'a Map<String, Value>,
        context: &[&'a str],
        defined: &mut HashSet<&'a str>,
    ) -> bool {
        match keyword {
            "$ref" => value.as_str().is_some_and(|reference| self.leads_somewhere(reference)),
            "pattern" => value.as_str().is_some_and(|source| self.is_pattern(source)),
            "required" => is_described(value, map, defined),
            "not" => self.is_sound(value, context, defined),
            "if" => ["if", "then", "else"]
                .iter()
                .all(|key| map.get(*key).is_none_or(|part| self.is_sound(part, context, defined))),
            "anyOf" | "oneOf" | "allOf" => list(value).all(|branch| self.is_sound(branch, context, defined)),
            "dependencies" | "dependentSchemas" => {
                members(value).all(|(_, part)| self.is_sound(part, context, defined))
            }
            "properties" => {
                defined.extend(members(value).map(|(name, _)| name));
                members(value).all(|(_, part)| self.is_sound_alone(part, &[]))
            }
            "patternProperties" => {
                members(value).all(|(source, part)| self.is_pattern(source) && self.is_sound_alone(part, &[]))
            }
            "propertyNames" => self.is_sound_alone(value, &["string"]),
            "items" if value.is_array() => {
                list(value).chain(map.get("additionalItems")).all(|part| self.is_sound_alone(part, &[]))
            }
            "prefixItems" => list(value).all(|part| self.is_sound_alone(part, &[])),
            "items" | "contains" | "additionalProperties" => self.is_sound_alone(value, &[]),
            _ => true,
        }
    }

    /// A schema for another value.
    fn is_sound_alone(&mut self, schema: &'a Value, context: &[&'a str]) -> bool {
        self.is_sound(schema, context, &mut HashSet::new())
    }

    fn is_pattern(&mut self, source: &str) -> bool {
        self.patterns += 1;
        self.patterns <= MOST_PATTERNS && pattern(source).is_some()
    }

    fn leads_somewhere(&mut self, reference: &'a str) -> bool {
        let Some(schema) = target(self.root, reference) else { return false };
        !self.seen.insert(reference) || self.is_sound_alone(schema, &[])
    }
}

/// Every keyword about a type needs that type.
fn has_types_of_keywords(map: &Map<String, Value>, types: &[&str]) -> bool {
    let fits = |kind: &str| types.contains(&kind) || kind == "number" && types.contains(&"integer");
    GROUPS.iter().all(|(kind, keywords)| {
        let Some(kind) = kind else { return true };
        fits(kind) || !keywords.iter().any(|k| *k != "format" && map.contains_key(*k))
    }) && (!map.contains_key("format") || fits("string") || fits("number"))
}

/// Keywords that mean something only together.
fn has_companions(map: &Map<String, Value>) -> bool {
    let has = |key: &str| map.contains_key(key);
    let consequences = has("then") || has("else");
    let is_tuple = map.get("items").is_some_and(Value::is_array);
    has("if") == consequences && (is_tuple || !has("additionalItems")) && (!is_tuple || is_closed(map))
}

/// A tuple must say how long it is.
fn is_closed(map: &Map<String, Value>) -> bool {
    let length = map.get("items").and_then(Value::as_array).map(|list| list.len() as u64);
    let bound = |key: &str| map.get(key).and_then(Value::as_u64);
    bound("minItems") == length
        && (bound("maxItems") == length || map.get("additionalItems") == Some(&Value::Bool(false)))
}

fn is_described(required: &Value, map: &Map<String, Value>, defined: &HashSet<&str>) -> bool {
    let names = required.as_array().into_iter().flatten().filter_map(Value::as_str);
    let own = map.get("properties");
    names.into_iter().all(|name| own.is_some_and(|p| p.get(name).is_some()) || defined.contains(name))
}

fn includes(context: &[&str], kind: &str) -> bool {
    context.contains(&kind) || kind == "integer" && context.contains(&"number")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, part)| (name.as_str(), part))
}
