//! The JSON Schemas of a dataset: what counts as one, and what items violate.
//!
//! The real server compiles schemas with a JavaScript library. What it says about a violation, and
//! which of several it finds first, is part of the API, so values are checked here, keyword by
//! keyword in that library's order. A check takes a bounded number of steps, whatever the schema.

mod accept;
mod assertion;
mod check;
mod keywords;

use serde_json::{Value, json};

pub use accept::is_schema;
use check::Checker;

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer to the value; empty for the whole.
    path: String,
    message: String,
    keyword: &'static str,
}

impl Fault {
    /// As the details of a refused schema show it.
    fn detail(&self) -> Value {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        json!({"path": path, "message": self.message, "keyword": self.keyword})
    }
}

/// The schemas of a dataset, ready to check many items.
pub struct Rules<'a> {
    input: Option<Checker<'a>>,
    expected_output: Option<Checker<'a>>,
}

impl<'a> Rules<'a> {
    /// Null is no schema.
    pub fn new(input: &'a Value, expected_output: &'a Value) -> Self {
        let checker = |schema: &'a Value| (!schema.is_null()).then(|| Checker::new(schema));
        Self { input: checker(input), expected_output: checker(expected_output) }
    }

    /// Whether every item fits.
    pub fn allow_all(&self) -> bool {
        self.input.is_none() && self.expected_output.is_none()
    }

    /// What is wrong with an item, in one sentence for both parts.
    pub fn objection(&self, input: &Value, expected_output: &Value) -> Option<String> {
        let sentence = |part: &str, faults: Vec<Fault>| {
            let messages: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
            (!messages.is_empty()).then(|| format!("{part} validation failed: {}", messages.join(", ")))
        };
        let [input, expected] = self.faults(input, expected_output);
        let parts = [sentence("Input", input), sentence("Expected output", expected)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// What is wrong with an item, one entry for each part.
    pub fn details(&self, id: &str, input: &Value, expected_output: &Value) -> Vec<Value> {
        let entry = |(field, faults): (&str, Vec<Fault>)| {
            let faults: Vec<Value> = faults.iter().map(Fault::detail).collect();
            (!faults.is_empty()).then(|| json!({"datasetItemId": id, "field": field, "errors": faults}))
        };
        let [input, expected] = self.faults(input, expected_output);
        [("input", input), ("expectedOutput", expected)].into_iter().filter_map(entry).collect()
    }

    fn faults(&self, input: &Value, expected_output: &Value) -> [Vec<Fault>; 2] {
        let faults = |checker: &Option<Checker<'_>>, value| {
            checker.as_ref().map(|checker| checker.faults(value)).unwrap_or_default()
        };
        [faults(&self.input, input), faults(&self.expected_output, expected_output)]
    }
}
