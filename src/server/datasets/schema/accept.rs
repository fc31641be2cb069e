//! What counts as a JSON Schema.

use std::collections::HashSet;
use std::sync::LazyLock;

use jsonschema::{PatternOptions, Validator, draft7};
use serde_json::{Map, Value, json};

use super::super::json::canonical;
use super::keywords::{GROUPS, SILENT, asserts_nothing, target, types};

/// Most characters of a schema.
const LONGEST: usize = 10_000;
/// Most steps back a pattern may take on one text.
const BACKTRACKS: usize = 20_000;
/// Most bytes of a compiled pattern.
const PATTERN_SIZE: usize = 2 << 20;
/// Most patterns of a schema.
const MOST_PATTERNS: usize = 64;

/// Names of the one meta-schema there is.
const DRAFT_7: [&str; 2] = ["http://json-schema.org/draft-07/schema", "http://json-schema.org/schema"];

/// Whether the value is a schema of draft 7; one that says it is of another draft is not.
///
/// The real server compiles it in the strictest way: unknown keywords, keywords without the type
/// they are about, and required properties that are not described are refused. References lead to
/// somewhere in the schema, never out of it.
pub fn is_schema(value: &Value) -> bool {
    if !value.is_object() || value.to_string().encode_utf16().count() > LONGEST {
        return false;
    }
    let is_draft_7 = match value.get("$schema") {
        None => true,
        Some(Value::String(uri)) => {
            uri.is_empty() || DRAFT_7.contains(&uri.strip_suffix('#').unwrap_or(uri.as_str()))
        }
        Some(_) => false,
    };
    let mut survey = Survey { root: value, seen: HashSet::new(), patterns: 0 };
    is_draft_7 && fits_meta_schema(value) && survey.is_sound(value, &[], &mut HashSet::new())
}

/// Formats are not looked at: a pattern in a part that nothing refers to may be none.
fn fits_meta_schema(value: &Value) -> bool {
    static META: LazyLock<Option<Validator>> = LazyLock::new(|| {
        let meta = json!({"$ref": "http://json-schema.org/draft-07/schema#"});
        draft7::options().should_validate_formats(false).build(&meta).ok()
    });
    META.as_ref().is_some_and(|meta| meta.is_valid(value)) && has_sound_enums(value)
}

/// Whether every list of allowed values, also in parts that nothing refers to, has some and none twice.
fn has_sound_enums(schema: &Value) -> bool {
    let own = schema.get("enum").map(canonical).is_none_or(|allowed| {
        let values = allowed.as_array().map(Vec::as_slice).unwrap_or_default();
        !values.is_empty() && values.iter().enumerate().all(|(i, value)| !values[..i].contains(value))
    });
    own && members(schema).all(|(keyword, part)| match keyword {
        "definitions" | "properties" | "patternProperties" | "dependencies" => {
            members(part).all(|(_, part)| has_sound_enums(part))
        }
        "const" | "enum" | "default" | "examples" | "$defs" => true,
        _ if part.is_array() => list(part).all(has_sound_enums),
        _ => has_sound_enums(part),
    })
}

/// A validator of texts for one pattern.
pub fn pattern(source: &str) -> Option<Validator> {
    let limits = PatternOptions::fancy_regex().backtrack_limit(BACKTRACKS).size_limit(PATTERN_SIZE);
    jsonschema::options().with_pattern_options(limits).build(&json!({"pattern": source})).ok()
}

/// A walk through all parts of a schema that matter.
struct Survey<'a> {
    root: &'a Value,
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
        knows_all(map)
            && types.iter().all(|t| context.is_empty() || includes(context, t))
            && (types.len() < 2 || types.len() == 2 && types.contains(&"null"))
            && match map.get("nullable") {
                None => true,
                Some(nullable) => map.contains_key("type") && (nullable == true || !types.contains(&"null")),
            }
            && has_types_of_keywords(map, narrowed)
            && has_companions(map)
            && GROUPS.iter().flat_map(|(_, keywords)| keywords.iter()).all(|keyword| {
                map.get(*keyword).is_none_or(|value| self.is_sound_at(keyword, value, map, narrowed, defined))
            })
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
            // What cannot matter is not compiled, only its keywords must be known.
            "anyOf" if list(value).any(asserts_nothing) => {
                let first = list(value).position(asserts_nothing).unwrap_or_default();
                list(value).take(first + 1).all(has_known_keywords)
            }
            "if" if ["then", "else"].iter().all(|key| map.get(*key).is_none_or(asserts_nothing)) => true,
            "if" => ["if", "then", "else"]
                .iter()
                .all(|key| map.get(*key).is_none_or(|part| self.is_sound(part, context, defined))),
            "anyOf" | "oneOf" | "allOf" => list(value).all(|branch| self.is_sound(branch, context, defined)),
            "dependencies" => members(value).all(|(_, part)| self.is_sound(part, context, defined)),
            "properties" => {
                defined.extend(members(value).map(|(name, _)| name));
                members(value).all(|(_, part)| self.is_sound_alone(part, &[]))
            }
            "patternProperties" => self.are_sound_patterns(value, map),
            "propertyNames" => self.is_sound_alone(value, &["string"]),
            "items" if value.is_array() => {
                list(value).chain(map.get("additionalItems")).all(|part| self.is_sound_alone(part, &[]))
            }
            "items" | "contains" | "additionalProperties" => self.is_sound_alone(value, &[]),
            _ => true,
        }
    }

    /// Patterns are read where they matter, and may not be about properties described by name.
    fn are_sound_patterns(&mut self, patterns: &'a Value, map: &'a Map<String, Value>) -> bool {
        let matters = members(patterns).any(|(_, part)| !asserts_nothing(part));
        let divides = map.get("additionalProperties").is_some_and(|rest| !asserts_nothing(rest));
        let named = map.get("properties").filter(|_| matters);
        members(patterns).all(|(source, part)| {
            (!matters && !divides || self.is_pattern(source))
                && !named.is_some_and(|named| matches_any(source, named))
                && self.is_sound_alone(part, &[])
        })
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

fn knows_all(map: &Map<String, Value>) -> bool {
    let is_known = |key: &str| SILENT.contains(&key) || GROUPS.iter().any(|(_, g)| g.contains(&key));
    map.keys().all(|key| is_known(key))
}

fn has_known_keywords(schema: &Value) -> bool {
    schema.as_object().is_none_or(knows_all)
}

fn matches_any(source: &str, named: &Value) -> bool {
    let compiled = pattern(source);
    members(named).any(|(name, _)| compiled.as_ref().is_some_and(|p| p.is_valid(&Value::from(name))))
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
