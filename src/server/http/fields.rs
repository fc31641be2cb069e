//! Reading JSON bodies field by field, collecting every issue on the way.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::issue;
use super::reply::Problem;
use crate::server::data::value::strict_time;

/// Reads an object for itself: issues are seen from it, not from what holds it.
pub fn part<'a, T>(given: &'a Value, read: impl FnOnce(&mut Fields<'a>) -> T) -> Result<T, Vec<Value>> {
    let Value::Object(map) = given else {
        return Err(vec![issue::invalid_type("object", Some(given), &[])]);
    };
    let mut fields = Fields { map, issues: Vec::new() };
    let value = read(&mut fields);
    if fields.is_clean() { Ok(value) } else { Err(fields.issues) }
}

/// A field that may be left out, set to null, or given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given<T> {
    /// Not in the body.
    Absent,
    /// Explicitly null.
    Null,
    /// A value.
    Some(T),
}

impl<T> Given<T> {
    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Some(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

/// A JSON object under inspection.
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    issues: Vec<Value>,
}

impl<'a> Fields<'a> {
    /// The body's fields, if it is an object.
    pub fn of(body: &'a Value) -> Result<Self, Problem> {
        let Value::Object(map) = body else {
            return Err(Problem::Issues(vec![issue::invalid_type("object", Some(body), &[])]));
        };
        Ok(Self { map, issues: Vec::new() })
    }

    /// The raw field.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key)
    }

    /// Notes an issue.
    pub fn note(&mut self, issue: Value) {
        self.issues.push(issue);
    }

    /// Whether nothing was wrong so far.
    pub fn is_clean(&self) -> bool {
        self.issues.is_empty()
    }

    /// A required string; empty if there was an issue.
    pub fn text(&mut self, key: &str) -> &'a str {
        match self.get(key) {
            Some(Value::String(text)) => text,
            other => {
                self.note(issue::invalid_type("string", other, &[key]));
                ""
            }
        }
    }

    /// A required string of one character or more.
    pub fn filled_text(&mut self, key: &str) -> &'a str {
        let text = self.text(key);
        if text.is_empty() && self.get(key).is_some_and(Value::is_string) {
            self.note(issue::too_short(&[key]));
        }
        text
    }

    /// A string that may be absent or null.
    pub fn text_or_null(&mut self, key: &str) -> Given<&'a str> {
        match self.get(key) {
            None => Given::Absent,
            Some(Value::Null) => Given::Null,
            Some(Value::String(text)) => Given::Some(text),
            other => {
                self.note(issue::invalid_type("string", other, &[key]));
                Given::Absent
            }
        }
    }

    /// A string that may be absent, but not null.
    pub fn optional_text(&mut self, key: &str) -> Option<&'a str> {
        self.get(key).is_some().then(|| self.text(key))
    }

    /// A required number; 0 if there was an issue.
    pub fn number(&mut self, key: &str) -> f64 {
        let given = self.get(key);
        given.and_then(Value::as_f64).unwrap_or_else(|| {
            self.note(issue::invalid_type("number", given, &[key]));
            0.0
        })
    }

    /// A number that may be absent, but not null.
    pub fn optional_number(&mut self, key: &str) -> Option<f64> {
        self.get(key).is_some().then(|| self.number(key))
    }

    /// A number that may be absent or null.
    pub fn number_or_null(&mut self, key: &str) -> Option<f64> {
        if self.get(key) == Some(&Value::Null) { None } else { self.optional_number(key) }
    }

    /// A boolean that may be absent, but not null.
    pub fn optional_flag(&mut self, key: &str) -> Option<bool> {
        let given = self.get(key)?;
        if given.as_bool().is_none() {
            self.note(issue::invalid_type("boolean", Some(given), &[key]));
        }
        given.as_bool()
    }

    /// One of `values`; the first if there was an issue.
    pub fn choice(&mut self, key: &str, values: &[&'static str]) -> &'static str {
        let given = self.get(key).and_then(Value::as_str);
        values.iter().find(|v| given == Some(**v)).copied().unwrap_or_else(|| {
            self.note(issue::invalid_value(values, &[key]));
            values.first().copied().unwrap_or_default()
        })
    }

    /// One of `values`, or absent.
    pub fn optional_choice(&mut self, key: &str, values: &[&'static str]) -> Option<&'static str> {
        self.get(key).is_some().then(|| self.choice(key, values))
    }

    /// A required date-time with zone.
    pub fn time(&mut self, key: &str) -> Option<Timestamp> {
        let time = strict_time(self.text(key));
        if time.is_none() && self.get(key).is_some_and(Value::is_string) {
            self.note(issue::not_a_datetime(key));
        }
        time
    }

    /// A date-time with zone that may be absent or null.
    pub fn time_or_null(&mut self, key: &str) -> Option<Timestamp> {
        let text = self.text_or_null(key).value()?;
        let time = strict_time(text);
        if time.is_none() {
            self.note(issue::not_a_datetime(key));
        }
        time
    }

    /// Inspects the object at `key`; its issues are noted below that key. `None` if there is no
    /// object, which is an issue too.
    pub fn object<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let given = self.get(key);
        let Some(map) = given.and_then(Value::as_object) else {
            self.note(issue::invalid_type("object", given, &[key]));
            return None;
        };
        let mut inner = Self { map, issues: Vec::new() };
        let read = read(&mut inner);
        self.absorb(&Value::from(key), inner.issues);
        Some(read)
    }

    /// Reads every entry of the array at `key`, an entry's issues noted below its index. Empty if
    /// there is no array, which is an issue too.
    pub fn entries<T>(&mut self, key: &str, read: impl Fn(&'a Value) -> Result<T, Vec<Value>>) -> Vec<T> {
        let given = self.get(key);
        let Some(entries) = given.and_then(Value::as_array) else {
            self.note(issue::invalid_type("array", given, &[key]));
            return Vec::new();
        };
        let mut found = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            match read(entry) {
                Ok(entry) => found.push(entry),
                Err(issues) => {
                    let below = issues.into_iter().map(|i| issue::below(&Value::from(index), i)).collect();
                    self.absorb(&Value::from(key), below);
                }
            }
        }
        found
    }

    /// Notes issues of a part, found at `step` below this object.
    pub fn absorb(&mut self, step: &Value, issues: Vec<Value>) {
        self.issues.extend(issues.into_iter().map(|issue| issue::below(step, issue)));
    }

    /// Refuses fields that must not be given with this type.
    pub fn nothing(&mut self, key: &str) {
        if let given @ Some(_) = self.get(key).filter(|v| !v.is_null()) {
            self.note(issue::invalid_type("undefined", given, &[key]));
        }
    }

    /// Refuses a field, even if it is null.
    pub fn absent(&mut self, key: &str) {
        if let given @ Some(_) = self.get(key) {
            self.note(issue::invalid_type("undefined", given, &[key]));
        }
    }

    /// Refuses every key but `known`.
    pub fn strict(&mut self, known: &[&str]) {
        let unknown: Vec<&str> = self.map.keys().map(String::as_str).filter(|k| !known.contains(k)).collect();
        if !unknown.is_empty() {
            self.note(issue::unrecognized_keys(&unknown));
        }
    }

    /// Whether rules over several fields are looked at, in spite of what was wrong so far.
    pub fn lets_go_on(&self) -> bool {
        self.issues.iter().all(issue::lets_go_on)
    }

    /// How many issues there are so far.
    pub fn count(&self) -> usize {
        self.issues.len()
    }

    /// Everything that was wrong.
    pub fn into_issues(self) -> Vec<Value> {
        self.issues
    }

    /// The verdict.
    pub fn finish(self) -> Result<(), Problem> {
        if self.issues.is_empty() { Ok(()) } else { Err(Problem::Issues(self.issues)) }
    }
}
