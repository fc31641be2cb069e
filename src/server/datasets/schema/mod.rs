//! The JSON Schemas of a dataset: what counts as one, and what items violate.
//!
//! The real server compiles schemas with a JavaScript library. What it says about a violation, and
//! which of several it finds first, is part of the API, so values are checked here, keyword by
//! keyword in that library's order. A check takes a bounded number of steps, whatever the schema.

mod accept;
mod assertion;
mod check;
mod children;
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn faults(schema: &Value, value: &Value) -> Vec<String> {
        Checker::new(schema).faults(value).into_iter().map(|f| format!("{} {}", f.path, f.message)).collect()
    }

    #[rstest]
    #[case(json!({"type": ["string", "null"]}), json!(1), &[" must be string,null"])]
    #[case(json!({"type": "integer"}), json!(1.5), &[" must be integer"])]
    #[case(json!({"type": "integer"}), json!(2), &[])]
    #[case(json!({"type": "string", "nullable": true}), json!(null), &[])]
    #[case(json!({"enum": [1, 2]}), json!(3), &[" must be equal to one of the allowed values"])]
    #[case(json!({"const": {"a": 1}}), json!({}), &[" must be equal to constant"])]
    #[case(json!({"type": "string", "minLength": 2}), json!("\u{1f980}"), &[" must NOT have fewer than 2 characters"])]
    #[case(json!({"type": "string", "maxLength": 1}), json!("ab"), &[" must NOT have more than 1 characters"])]
    #[case(json!({"type": "string", "pattern": "^a"}), json!("b"), &[" must match pattern \"^a\""])]
    #[case(json!({"type": "number", "minimum": 0.5}), json!(0), &[" must be >= 0.5"])]
    #[case(json!({"type": "number", "exclusiveMaximum": 2}), json!(2), &[" must be < 2"])]
    #[case(json!({"type": "number", "multipleOf": 2}), json!(3), &[" must be multiple of 2"])]
    #[case(json!({"type": "array", "minItems": 1}), json!([]), &[" must NOT have fewer than 1 items"])]
    #[case(json!({"type": "array", "uniqueItems": true}), json!([1, 2, 1]),
        &[" must NOT have duplicate items (items ## 0 and 2 are identical)"])]
    #[case(json!({"type": "array", "uniqueItems": true, "items": {"type": "string"}}), json!(["b", "a", "a", "b", "a"]),
        &[" must NOT have duplicate items (items ## 4 and 2 are identical)"])]
    #[case(json!({"type": "array", "uniqueItems": true, "items": {"type": "string"}}), json!([1, 1]),
        &["/0 must be string"])]
    #[case(json!({"anyOf": [{"type": "number", "const": 4}]}), json!([]),
        &[" must be number", " must be equal to constant", " must match a schema in anyOf"])]
    #[case(json!({"type": "array", "items": {"type": "string"}}), json!(["a", 1, 2]), &["/1 must be string"])]
    #[case(json!({"type": "array", "contains": {"type": "string"}}), json!([1]),
        &[" must contain at least 1 valid item(s)"])]
    #[case(json!({"anyOf": [{"type": "array", "contains": {"type": "string"}}]}), json!([1]),
        &["/0 must be string", " must contain at least 1 valid item(s)", " must match a schema in anyOf"])]
    #[case(json!({"type": "array", "items": [{}], "additionalItems": false}), json!([1, 2]),
        &[" must NOT have more than 1 items"])]
    #[case(json!({"type": "object", "additionalProperties": false}), json!({"a": 1}),
        &[" must NOT have additional properties"])]
    #[case(json!({"type": "object", "additionalProperties": {"type": "string"}}), json!({"a/b": 1}),
        &["/a~1b must be string"])]
    #[case(json!({"type": "object", "patternProperties": {"^n": {"type": "number"}}}), json!({"n": "x", "m": "x"}),
        &["/n must be number"])]
    #[case(json!({"type": "object", "propertyNames": {"maxLength": 1}}), json!({"ab": 1}),
        &[" must NOT have more than 1 characters", " property name must be valid"])]
    #[case(json!({"type": "object", "dependencies": {"a": ["b", "c"]}}), json!({"a": 1, "b": 1}),
        &[" must have properties b, c when property a is present"])]
    #[case(json!({"type": "object", "properties": {"a": false}}), json!({"a": 1}), &["/a boolean schema is false"])]
    #[case(json!({"anyOf": [{"type": "null"}, {"type": "object"}]}), json!(1),
        &[" must be null", " must be object", " must match a schema in anyOf"])]
    #[case(json!({"oneOf": [{"type": "number"}, {"type": "integer"}]}), json!(1),
        &[" must match exactly one schema in oneOf"])]
    #[case(json!({"not": {"type": "null"}}), json!(null), &[" must NOT be valid"])]
    #[case(json!({"if": {"type": "string"}, "then": {"maxLength": 1}, "else": {}}), json!("ab"),
        &[" must NOT have more than 1 characters"])]
    #[case(json!({"anyOf": [{"if": {"type": "string"}, "then": {"maxLength": 1}, "else": {}}]}), json!("ab"),
        &[" must NOT have more than 1 characters", " must match \"then\" schema", " must match a schema in anyOf"])]
    #[case(json!({"$ref": "#/$defs/a%20b", "$defs": {"a b": {"type": "null"}}}), json!(1), &[" must be null"])]
    fn violations_are_worded_like_this(#[case] schema: Value, #[case] value: Value, #[case] wanted: &[&str]) {
        assert_eq!(faults(&schema, &value), wanted);
    }

    #[rstest]
    #[case::a_type_waits_for_its_keywords(json!({"type": "object", "enum": [1], "required": []}), json!(2),
        " must be equal to one of the allowed values")]
    #[case::or_comes_first(json!({"type": "object", "enum": [1]}), json!(2), " must be object")]
    #[case::required_before_properties(
        json!({"type": "object", "properties": {"a": {"type": "null"}}, "required": ["b"]}), json!({"a": 1}),
        " must have required property 'b'")]
    #[case::other_keys_before_known_ones(
        json!({"type": "object", "properties": {"a": {"type": "null"}}, "additionalProperties": false}),
        json!({"a": 1, "b": 1}), " must NOT have additional properties")]
    fn only_the_first_violation_is_told(#[case] schema: Value, #[case] value: Value, #[case] wanted: &str) {
        assert_eq!(faults(&schema, &value), [wanted]);
    }

    #[rstest]
    #[case(json!({"type": "object", "properties": {"q": {"type": "string", "format": "date"}}, "required": ["q"]}), true)]
    #[case(json!({"$schema": "http://json-schema.org/draft-07/schema#", "title": "x", "type": "array"}), true)]
    #[case(json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "array"}), false)]
    #[case(json!({"type": "array", "prefixItems": [{}]}), false)]
    #[case(json!({"$schema": "http://example.com/mine"}), false)]
    #[case(json!({"$schema": ""}), true)]
    #[case(json!({"$schema": 1}), false)]
    #[case(json!({"enum": []}), false)]
    #[case(json!({"enum": [1, 1.0]}), false)]
    #[case(json!({"definitions": {"a": {"enum": [{"a": 1}, {"a": 1}]}}}), false)]
    #[case(json!({"nullable": true}), false)]
    #[case(json!({"type": ["string", "null"], "nullable": false}), false)]
    #[case(json!({"definitions": {"a": {"type": "string", "pattern": "("}}}), true)]
    #[case(json!({"anyOf": [{}, {"mystery": 1}]}), true)]
    #[case(json!({"anyOf": [{"mystery": 1}, {}]}), false)]
    #[case(json!({"anyOf": [{"minimum": 1}, {}]}), true)]
    #[case(json!({"type": "object", "if": {"mystery": 1}, "then": {}}), true)]
    #[case(json!({"type": "object", "patternProperties": {"[": {}}}), true)]
    #[case(json!({"type": "object", "patternProperties": {"[": {}}, "additionalProperties": false}), false)]
    #[case(json!({"type": "object", "properties": {"ab": {}}, "patternProperties": {"^a": {"type": "null"}}}), false)]
    #[case(json!({"type": "object", "properties": {"ab": {}}, "patternProperties": {"^a": {}}}), true)]
    #[case(json!({"$ref": "#/definitions/a", "definitions": {"a": {"type": "null"}}}), true)]
    #[case(json!({"$ref": "#/definitions/b", "definitions": {}}), false)]
    #[case(json!({"$ref": "http://example.com/schema.json"}), false)]
    #[case(json!({"type": "nonsense"}), false)]
    #[case(json!({"type": "object", "mystery": 1}), false)]
    #[case(json!({"properties": {}}), false)]
    #[case(json!({"type": "object", "required": ["a"]}), false)]
    #[case(json!({"type": "object", "properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}]}), false)]
    #[case(json!({"allOf": [{"type": "object", "properties": {"a": {}}}], "type": "object", "required": ["a"]}), true)]
    #[case(json!({"type": ["string", "number"]}), false)]
    #[case(json!({"type": ["string", "null"]}), true)]
    #[case(json!({"type": "object", "anyOf": [{"type": "string"}]}), false)]
    #[case(json!({"if": {"type": "null"}}), false)]
    #[case(json!({"type": "string", "pattern": "("}), false)]
    #[case(json!({"type": "array", "items": [{}]}), false)]
    #[case(json!({"type": "array", "items": [{}], "minItems": 1, "maxItems": 1}), true)]
    #[case(json!({"description": "x".repeat(10_000)}), false)]
    #[case(json!([]), false)]
    #[case(json!("string"), false)]
    fn some_values_are_schemas(#[case] value: Value, #[case] wanted: bool) {
        assert_eq!(is_schema(&value), wanted);
    }
}
