//! The `filter` parameter: a JSON array of conditions, all of which must hold.
//!
//! Here it is read and checked against its schema; a [`View`] says what a list lets be filtered, and
//! `clause` makes SQL of it.

mod clause;
#[cfg(test)]
mod tests;
mod view;

use jiff::Timestamp;
use serde_json::Value;

pub use self::clause::{Clause, add, text};
pub use self::view::{Kind, View, column};
use crate::server::data::value::any_date;
use crate::server::http::fields::{Fields, part};
use crate::server::http::issue;
use crate::server::http::query::Params;
use crate::server::http::reply::Problem;

const TEXT_OPERATORS: [&str; 5] = ["=", "contains", "does not contain", "starts with", "ends with"];
const NUMBER_OPERATORS: [&str; 5] = ["=", ">", "<", ">=", "<="];
const LIST_NEEDED: &str = "Value array must not be empty unless operator is 'all of' or 'none of' (which \
    represent waiting for selection)";

/// The form of a condition, which decides its operators and what its value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `datetime`
    Datetime,
    /// `string`
    Text,
    /// `number`
    Number,
    /// `stringOptions`
    Options,
    /// `categoryOptions`
    Categories,
    /// `arrayOptions`
    Array,
    /// `stringObject`
    TextMember,
    /// `numberObject`
    NumberMember,
    /// `booleanObject`
    FlagMember,
    /// `boolean`
    Flag,
    /// `null`
    Null,
    /// `positionInTrace`, which the API takes and ignores.
    Position,
}

const FORMS: [(&str, Form); 12] = [
    ("datetime", Form::Datetime),
    ("string", Form::Text),
    ("number", Form::Number),
    ("stringOptions", Form::Options),
    ("categoryOptions", Form::Categories),
    ("arrayOptions", Form::Array),
    ("stringObject", Form::TextMember),
    ("numberObject", Form::NumberMember),
    ("booleanObject", Form::FlagMember),
    ("boolean", Form::Flag),
    ("null", Form::Null),
    ("positionInTrace", Form::Position),
];

impl Form {
    /// As the API names it.
    pub fn name(self) -> &'static str {
        FORMS.iter().find(|(_, form)| *form == self).map_or("", |(name, _)| name)
    }
}

/// What is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// Nothing.
    None,
    /// A text.
    Text(String),
    /// Texts.
    List(Vec<String>),
    /// A number.
    Number(f64),
    /// A boolean.
    Flag(bool),
    /// A time.
    Time(Timestamp),
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    form: Form,
    column: String,
    operator: String,
    key: String,
    value: Operand,
}

impl Condition {
    /// Its form.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The column, as sent.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// How the value is compared.
    pub fn operator(&self) -> &str {
        &self.operator
    }
}

/// Reads the parameter; issues go to `params`. Text that is no JSON ends the reading of everything.
/// With `with_matches`, texts may be searched for words.
pub fn read(params: &mut Params<'_>, with_matches: bool) -> Result<Vec<Condition>, Problem> {
    let Some(text) = params.single("filter").filter(|t| !t.is_empty()) else { return Ok(Vec::new()) };
    let parsed: Value = serde_json::from_str(text)
        .map_err(|_| Problem::Refused("Invalid JSON in filter parameter".to_owned()))?;
    let Some(entries) = parsed.as_array() else {
        params.note(issue::invalid_type("array", Some(&parsed), &["filter"]));
        return Ok(Vec::new());
    };
    let mut conditions = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        match condition(entry, with_matches) {
            Ok(condition) => conditions.push(condition),
            Err(issues) => note_below(params, index, issues),
        }
    }
    Ok(conditions)
}

fn note_below(params: &mut Params<'_>, index: usize, issues: Vec<Value>) {
    for issue in issues {
        params.note(issue::below(&Value::from("filter"), issue::below(&Value::from(index), issue)));
    }
}

/// Reads one condition, or says what is wrong with it.
pub fn condition(entry: &Value, with_matches: bool) -> Result<Condition, Vec<Value>> {
    if !entry.is_object() {
        return Err(vec![issue::no_object(Some(entry), &[])]);
    }
    let name = entry["type"].as_str();
    let form = FORMS.iter().find(|(known, _)| name == Some(*known)).map(|(_, form)| *form);
    let condition = part(entry, |fields| {
        let Some(form) = form else {
            fields.note(issue::no_variant("type"));
            return None;
        };
        Some(Condition {
            form,
            column: fields.text("column").to_owned(),
            key: if comes_before_operator(form) { key(fields, form) } else { String::new() },
            operator: operator(fields, form, with_matches),
            value: operand(fields, form),
        })
    })?;
    condition.ok_or_else(Vec::new).and_then(whole)
}

/// Whether the form looks at a member, whose key is checked before the operator.
fn comes_before_operator(form: Form) -> bool {
    matches!(form, Form::Categories | Form::TextMember | Form::NumberMember | Form::FlagMember)
}

fn key(fields: &mut Fields<'_>, form: Form) -> String {
    match form {
        Form::Position => {
            fields.choice("key", &["root", "first", "last", "nthFromEnd", "nthFromStart"]).to_owned()
        }
        _ => fields.text("key").to_owned(),
    }
}

fn operator(fields: &mut Fields<'_>, form: Form, with_matches: bool) -> String {
    let known: &[&'static str] = match form {
        Form::Datetime => &[">", "<", ">=", "<="],
        Form::Text | Form::TextMember if with_matches => return text_operator(fields),
        Form::Text | Form::TextMember => &TEXT_OPERATORS,
        Form::Number | Form::NumberMember => &NUMBER_OPERATORS,
        Form::Options | Form::Categories => &["any of", "none of"],
        Form::Array => &["any of", "none of", "all of"],
        Form::Flag | Form::FlagMember => &["=", "<>"],
        Form::Null => &["is null", "is not null"],
        Form::Position => &["="],
    };
    fields.choice("operator", known).to_owned()
}

fn text_operator(fields: &mut Fields<'_>) -> String {
    let given = fields.get("operator").and_then(Value::as_str).unwrap_or_default();
    if given != "matches" && !TEXT_OPERATORS.contains(&given) {
        let either =
            [vec![issue::invalid_value(&TEXT_OPERATORS, &[])], vec![issue::not_literal("matches", &[])]];
        fields.note(issue::no_alternative(&either, &["operator"]));
    }
    given.to_owned()
}

fn operand(fields: &mut Fields<'_>, form: Form) -> Operand {
    match form {
        Form::Datetime => Operand::Time(date(fields)),
        Form::Text | Form::TextMember => Operand::Text(fields.text("value").to_owned()),
        Form::Number | Form::NumberMember => Operand::Number(fields.number("value")),
        Form::Options | Form::Categories | Form::Array => Operand::List(list(fields, form)),
        Form::Flag | Form::FlagMember => Operand::Flag(flag(fields)),
        Form::Null => {
            if fields.get("value").and_then(Value::as_str) != Some("") {
                fields.note(issue::not_literal("", &["value"]));
            }
            Operand::None
        }
        Form::Position => {
            let is_counted = key(fields, form).starts_with("nth");
            let value = fields.optional_number("value");
            if is_counted && value.is_none_or(|n| n < 1.0) && fields.is_clean() {
                fields.note(issue::custom("Position must be >= 1 for nth selection", &["value"]));
            }
            Operand::None
        }
    }
}

/// What a JavaScript `Date` makes of the value.
fn date(fields: &mut Fields<'_>) -> Timestamp {
    fields.get("value").and_then(any_date).unwrap_or_else(|| {
        fields.note(issue::not_a_date("value"));
        Timestamp::UNIX_EPOCH
    })
}

fn flag(fields: &mut Fields<'_>) -> bool {
    let given = fields.get("value");
    given.and_then(Value::as_bool).unwrap_or_else(|| {
        fields.note(issue::invalid_type("boolean", given, &["value"]));
        false
    })
}

fn list(fields: &mut Fields<'_>, form: Form) -> Vec<String> {
    let text = |entry: &Value| match entry {
        Value::String(text) => Ok(text.clone()),
        other => Err(vec![issue::invalid_type("string", Some(other), &[])]),
    };
    let list = fields.entries("value", text);
    let is_empty = fields.get("value").and_then(Value::as_array).is_some_and(Vec::is_empty);
    if form == Form::Options && is_empty {
        fields.note(issue::custom("Invalid input", &["value"]));
    }
    list
}

/// What is only looked at when every field is right.
fn whole(condition: Condition) -> Result<Condition, Vec<Value>> {
    let Condition { form, operator, value, .. } = &condition;
    match value {
        Operand::List(list) if *form == Form::Array && operator == "any of" && list.is_empty() => {
            Err(vec![issue::custom(LIST_NEEDED, &[])])
        }
        _ => Ok(condition),
    }
}
