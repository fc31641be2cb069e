//! Conditions of a filter, `{type, column, operator, value, key?}`: read, and turned into SQL.

use rusqlite::types::Value as Arg;
use serde_json::Value;

use super::sql::marks;
use super::value::{iso, lenient_time};
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::reply::Problem;

const TEXT: [&str; 5] = ["=", "contains", "does not contain", "starts with", "ends with"];
const ORDER: [&str; 4] = [">", "<", ">=", "<="];
const NUMBER: [&str; 5] = ["=", ">", "<", ">=", "<="];
const OPTIONS: [&str; 2] = ["any of", "none of"];
const ARRAY: [&str; 3] = ["any of", "none of", "all of"];
const FLAG: [&str; 2] = ["=", "<>"];
const NULL: [&str; 2] = ["is null", "is not null"];

/// What a column holds, and so which conditions it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// One value.
    One,
    /// A JSON array of texts.
    List,
    /// A JSON object.
    Object,
}

/// One condition that fits the schema.
#[derive(Debug)]
pub struct Condition {
    /// The column's name, as sent.
    pub column: String,
    /// The type, as sent.
    pub form: String,
    operator: &'static str,
    key: Option<String>,
    operand: Operand,
}

#[derive(Debug)]
enum Operand {
    Text(String),
    Texts(Vec<String>),
    Number(f64),
    Flag(bool),
    Time(String),
    Nothing,
}

impl Condition {
    /// Reads one condition, or says what is wrong with it.
    pub fn read(given: &Value) -> Result<Self, Vec<Value>> {
        let issues = |problem| match problem {
            Problem::Issues(issues) => issues,
            _ => Vec::new(),
        };
        let mut fields = Fields::of(given).map_err(issues)?;
        let form = fields.get("type").and_then(Value::as_str).unwrap_or_default();
        let operators = operators(form).ok_or_else(|| vec![issue::no_variant("type")])?;
        let column = fields.text("column").to_owned();
        let operator = fields.choice("operator", operators);
        let keyed = matches!(form, "stringObject" | "numberObject" | "categoryOptions");
        let key = keyed.then(|| fields.text("key").to_owned());
        let operand = operand(&mut fields, form);
        fields.finish().map_err(issues)?;
        Ok(Self { column, form: form.to_owned(), operator, key, operand })
    }

    /// The clause over the expression `sql`, which is one of ours, with its arguments; or that this
    /// type does not go with this column.
    pub fn clause(&self, sql: &str, holds: Holds) -> Result<(String, Vec<Arg>), Problem> {
        if !self.fits(holds) {
            let message = format!("Invalid filter type {} for column {}", self.form, self.column);
            return Err(Problem::Refused(message));
        }
        if let (Holds::List, Operand::Texts(texts)) = (holds, &self.operand) {
            return Ok((self.list_clause(sql, texts.len()), args(texts)));
        }
        let Some(key) = &self.key else { return Ok(self.plain_clause(sql)) };
        let value = if self.form == "numberObject" { "CAST(value AS REAL)" } else { MEMBER };
        let member = format!("ifnull((SELECT {value} FROM json_each({sql}) WHERE key = ?), '')");
        let (clause, rest) = self.plain_clause(&member);
        Ok((clause, [vec![Arg::from(key.clone())], rest].concat()))
    }

    fn fits(&self, holds: Holds) -> bool {
        match (self.form.as_str(), holds) {
            ("null", _) | ("stringOptions" | "arrayOptions", Holds::List) => true,
            (_, Holds::List) => false,
            (_, Holds::Object) => self.key.is_some(),
            (_, Holds::One) => self.key.is_none(),
        }
    }

    fn list_clause(&self, sql: &str, wanted: usize) -> String {
        let marks = marks(wanted);
        let count = format!("(SELECT count(DISTINCT value) FROM json_each({sql}) WHERE value IN ({marks}))");
        match self.operator {
            "none of" => format!("{count} = 0"),
            "all of" => format!("{count} = {wanted}"),
            _ => format!("{count} > 0"),
        }
    }

    fn plain_clause(&self, sql: &str) -> (String, Vec<Arg>) {
        let operator = self.operator;
        match &self.operand {
            Operand::Nothing if operator == "is null" => (format!("ifnull({sql}, '') = ''"), Vec::new()),
            Operand::Nothing => (format!("ifnull({sql}, '') <> ''"), Vec::new()),
            Operand::Text(text) => (text_clause(sql, operator, text), vec![Arg::from(text.clone())]),
            Operand::Texts(texts) => {
                let not = if operator == "none of" { "NOT " } else { "" };
                (format!("ifnull({sql}, '') {not}IN ({})", marks(texts.len())), args(texts))
            }
            Operand::Number(n) => (format!("{sql} {operator} ?"), vec![Arg::from(*n)]),
            Operand::Flag(flag) => (format!("{sql} {operator} ?"), vec![Arg::from(i64::from(*flag))]),
            Operand::Time(at) => (format!("{sql} {operator} ?"), vec![Arg::from(at.clone())]),
        }
    }
}

/// A member of a JSON object as text, the way it was stored.
const MEMBER: &str = "iif(type IN ('true', 'false'), type, CAST(value AS TEXT))";

fn operators(form: &str) -> Option<&'static [&'static str]> {
    Some(match form {
        "datetime" => &ORDER,
        "string" | "stringObject" => &TEXT,
        "number" | "numberObject" => &NUMBER,
        "stringOptions" | "categoryOptions" => &OPTIONS,
        "arrayOptions" => &ARRAY,
        "boolean" => &FLAG,
        "null" => &NULL,
        _ => return None,
    })
}

fn operand(fields: &mut Fields<'_>, form: &str) -> Operand {
    match form {
        "datetime" => {
            let time = fields.get("value").and_then(Value::as_str).and_then(lenient_time);
            if time.is_none() {
                fields.note(issue::not_a_date("value"));
            }
            Operand::Time(time.map(iso).unwrap_or_default())
        }
        "number" | "numberObject" => Operand::Number(fields.number("value")),
        "stringOptions" | "categoryOptions" | "arrayOptions" => Operand::Texts(texts(fields)),
        "boolean" => {
            let flag = fields.get("value").and_then(Value::as_bool);
            if flag.is_none() {
                let given = fields.get("value");
                fields.note(issue::invalid_type("boolean", given, &["value"]));
            }
            Operand::Flag(flag.unwrap_or_default())
        }
        "null" => Operand::Nothing,
        _ => Operand::Text(fields.text("value").to_owned()),
    }
}

fn texts(fields: &mut Fields<'_>) -> Vec<String> {
    let read = |entry: &Value| match entry {
        Value::String(text) => Ok(text.clone()),
        other => Err(vec![issue::invalid_type("string", Some(other), &[])]),
    };
    fields.entries("value", read)
}

fn args(texts: &[String]) -> Vec<Arg> {
    texts.iter().map(|text| Arg::from(text.clone())).collect()
}

fn text_clause(sql: &str, operator: &str, text: &str) -> String {
    match operator {
        "contains" => format!("instr(ifnull({sql}, ''), ?) > 0"),
        "does not contain" => format!("instr(ifnull({sql}, ''), ?) = 0"),
        "starts with" => format!("instr(ifnull({sql}, ''), ?) = 1"),
        "ends with" if text.is_empty() => "? = ''".to_owned(),
        "ends with" => format!("substr(ifnull({sql}, ''), -{}) = ?", text.chars().count()),
        _ => format!("ifnull({sql}, '') = ?"),
    }
}
