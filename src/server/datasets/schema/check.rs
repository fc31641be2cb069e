//! Checks a value against a schema, one keyword after the other, until one objects.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::Fault;
use super::accept::pattern;
use super::assertion;
use super::keywords::{GROUPS, Group, target, types};

/// Steps every value may take; larger ones may take more.
const STEPS: usize = 300_000;
/// Steps a pattern costs.
const PATTERN_STEPS: usize = 100;
/// How deep schemas may follow each other.
const DEEPEST: usize = 200;

/// A schema, ready to check many values.
pub struct Checker<'a> {
    root: &'a Value,
    patterns: RefCell<HashMap<&'a str, Option<Validator>>>,
    steps: Cell<usize>,
    depth: Cell<usize>,
    /// Whether a keyword around is about whether parts fit, so that faults gather until it is decided.
    is_trial: Cell<bool>,
}

impl<'a> Checker<'a> {
    /// A checker for the schema.
    pub fn new(root: &'a Value) -> Self {
        Self {
            root,
            patterns: RefCell::default(),
            steps: Cell::new(0),
            depth: Cell::new(0),
            is_trial: Cell::new(false),
        }
    }

    /// What is wrong with the value.
    pub fn faults(&self, data: &Value) -> Vec<Fault> {
        self.steps.set(STEPS + 4 * data.to_string().len());
        self.check(self.root, data, "")
    }

    fn spend(&self, steps: usize) -> bool {
        let left = self.steps.get().checked_sub(steps);
        self.steps.set(left.unwrap_or_default());
        left.is_some()
    }

    /// The same for a part that need not fit.
    pub fn attempt(&self, schema: &'a Value, data: &Value, path: &str) -> Vec<Fault> {
        let before = self.is_trial.replace(true);
        let faults = self.check(schema, data, path);
        self.is_trial.set(before);
        faults
    }

    /// A fault of a keyword after those of its parts, which are told too only where faults gather.
    pub fn after(
        &self,
        mut parts: Vec<Fault>,
        path: &str,
        keyword: &'static str,
        message: String,
    ) -> Vec<Fault> {
        if !self.is_trial.get() {
            parts.clear();
        }
        parts.extend(one(path, keyword, message));
        parts
    }

    /// What is wrong with a value at a place.
    pub fn check(&self, schema: &'a Value, data: &Value, path: &str) -> Vec<Fault> {
        if !self.spend(1) || self.depth.get() >= DEEPEST {
            self.steps.set(0);
            return one(path, "schema", "schema is too complex to check".into());
        }
        match schema {
            Value::Bool(false) => one(path, "false schema", "boolean schema is false".into()),
            Value::Object(map) => {
                self.depth.set(self.depth.get() + 1);
                let faults = self.check_groups(map, data, path);
                self.depth.set(self.depth.get() - 1);
                faults
            }
            _ => Vec::new(),
        }
    }

    fn check_groups(&self, map: &'a Map<String, Value>, data: &Value, path: &str) -> Vec<Fault> {
        let types = types(map);
        let is_wrong = !types.is_empty() && !types.iter().any(|kind| is_of(data, kind));
        let late = late_group(map, &types);
        let mut faults = Vec::new();
        if is_wrong && late.is_none() {
            faults = wrong_type(map, path);
            if !self.is_trial.get() {
                return faults;
            }
        }
        for (kind, keywords) in GROUPS.iter().filter(|group| is_used(group, map)) {
            if kind.is_none_or(|kind| is_of(data, kind)) {
                let found = keywords.iter().filter_map(|keyword| Some((*keyword, map.get(*keyword)?)));
                faults.extend(first(
                    found.map(|(key, wanted)| self.check_keyword(key, wanted, map, data, path)),
                ));
            } else if is_wrong && late == *kind {
                faults.extend(wrong_type(map, path));
            }
            if !faults.is_empty() {
                break;
            }
        }
        faults
    }

    fn check_keyword(
        &self,
        keyword: &'static str,
        wanted: &'a Value,
        map: &'a Map<String, Value>,
        data: &Value,
        path: &str,
    ) -> Vec<Fault> {
        match keyword {
            "$ref" => {
                let schema = wanted.as_str().and_then(|reference| target(self.root, reference));
                schema.map(|schema| self.check(schema, data, path)).unwrap_or_default()
            }
            "not" => {
                let fits = self.attempt(wanted, data, path).is_empty();
                if fits { one(path, keyword, "must NOT be valid".into()) } else { Vec::new() }
            }
            "anyOf" | "oneOf" => self.check_choice(keyword, wanted, data, path),
            "allOf" => first(list(wanted).map(|branch| self.check(branch, data, path))),
            "if" => self.check_condition(wanted, map, data, path),
            "pattern" => self.check_pattern(wanted, data, path),
            "uniqueItems" | "items" | "contains" => {
                let items = data.as_array().map(Vec::as_slice).unwrap_or_default();
                self.check_array(keyword, wanted, map, items, path)
            }
            "propertyNames"
            | "additionalProperties"
            | "dependencies"
            | "properties"
            | "patternProperties" => data
                .as_object()
                .map(|o| self.check_object(keyword, wanted, map, o, data, path))
                .unwrap_or_default(),
            _ => assertion::objection(keyword, wanted, data)
                .map(|message| one(path, keyword, message))
                .unwrap_or_default(),
        }
    }

    fn check_choice(
        &self,
        keyword: &'static str,
        branches: &'a Value,
        data: &Value,
        path: &str,
    ) -> Vec<Fault> {
        let (mut faults, mut fitting) = (Vec::new(), 0);
        for branch in list(branches) {
            let found = self.attempt(branch, data, path);
            if found.is_empty() {
                fitting += 1;
            }
            if fitting == 1 && keyword == "anyOf" {
                return Vec::new();
            }
            faults.extend(found);
            if fitting > 1 {
                break;
            }
        }
        if fitting == 1 {
            return Vec::new();
        }
        let message = match keyword {
            "anyOf" => "must match a schema in anyOf",
            _ => "must match exactly one schema in oneOf",
        };
        faults.extend(one(path, keyword, message.into()));
        faults
    }

    fn check_condition(
        &self,
        condition: &'a Value,
        map: &'a Map<String, Value>,
        data: &Value,
        path: &str,
    ) -> Vec<Fault> {
        let holds = self.attempt(condition, data, path).is_empty();
        let clause = if holds { "then" } else { "else" };
        let Some(schema) = map.get(clause) else { return Vec::new() };
        let mut faults = self.check(schema, data, path);
        if !faults.is_empty() && self.is_trial.get() {
            faults.extend(one(path, "if", format!("must match \"{clause}\" schema")));
        }
        faults
    }

    fn check_pattern(&self, wanted: &'a Value, data: &Value, path: &str) -> Vec<Fault> {
        let source = wanted.as_str().unwrap_or_default();
        if self.matches(source, data.as_str().unwrap_or_default()) {
            return Vec::new();
        }
        one(path, "pattern", format!("must match pattern \"{source}\""))
    }

    /// Whether the text matches the pattern; one that gives up does not.
    pub fn matches(&self, source: &'a str, text: &str) -> bool {
        if !self.spend(PATTERN_STEPS) {
            return false;
        }
        let mut patterns = self.patterns.borrow_mut();
        let compiled = patterns.entry(source).or_insert_with(|| pattern(source));
        compiled.as_ref().is_some_and(|pattern| pattern.is_valid(&Value::from(text)))
    }
}

/// One fault.
pub fn one(path: &str, keyword: &'static str, message: String) -> Vec<Fault> {
    vec![Fault { path: path.to_owned(), message, keyword }]
}

/// The first that found something.
pub fn first(found: impl Iterator<Item = Vec<Fault>>) -> Vec<Fault> {
    found.into_iter().find(|faults| !faults.is_empty()).unwrap_or_default()
}

/// The entries of a list.
pub fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The members of an object.
pub fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, part)| (name.as_str(), part))
}

fn is_used((_, keywords): &Group, map: &Map<String, Value>) -> bool {
    keywords.iter().any(|keyword| map.contains_key(*keyword))
}

/// A single type is checked with the keywords about it, if there are any.
fn late_group(map: &Map<String, Value>, types: &[&str]) -> Option<&'static str> {
    let [only] = types else { return None };
    GROUPS.iter().find(|group| group.0 == Some(only) && is_used(group, map)).and_then(|group| group.0)
}

fn wrong_type(map: &Map<String, Value>, path: &str) -> Vec<Fault> {
    let wanted = match map.get("type") {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        other => other.and_then(Value::as_str).unwrap_or_default().to_owned(),
    };
    one(path, "type", format!("must be {wanted}"))
}

fn is_of(data: &Value, kind: &str) -> bool {
    match kind {
        "null" => data.is_null(),
        "boolean" => data.is_boolean(),
        "string" => data.is_string(),
        "array" => data.is_array(),
        "object" => data.is_object(),
        "integer" => data.as_f64().is_some_and(|n| n.fract() == 0.0),
        _ => data.is_number(),
    }
}
