//! Conditions of evaluation rules: which columns there are, and what can be asked of them.

use serde_json::{Map, Value, json};

use super::reading::{Issues, is_one_of, list, none_of, text};
use super::rule::Target;
use crate::server::http::fields::{Fields, part};
use crate::server::http::issue;
use crate::server::http::reply::Problem;
use crate::server::traces::row::LEVELS;

const TEXT: &[&str] = &["=", "contains", "does not contain", "starts with", "ends with"];
const NUMBER: &[&str] = &["=", ">", "<", ">=", "<="];
const OPTIONS: &[&str] = &["any of", "none of"];
const LIST_OPTIONS: &[&str] = &["any of", "none of", "all of"];
const TRUTH: &[&str] = &["=", "<>"];
const NULL: &[&str] = &["is null", "is not null"];
const TYPES: &[&str] = &[
    "SPAN",
    "EVENT",
    "GENERATION",
    "AGENT",
    "TOOL",
    "CHAIN",
    "RETRIEVER",
    "EVALUATOR",
    "EMBEDDING",
    "GUARDRAIL",
];

/// The condition by which an experiment's rule is told from others where rules have no target.
const EXPERIMENT_ROOT: &str = "isExperimentItemRootSpan";

/// What a column's condition looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Options,
    Text,
    ListOptions,
    ObjectText,
    Truth,
    Null,
    Number,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Options => "stringOptions",
            Self::Text => "string",
            Self::ListOptions => "arrayOptions",
            Self::ObjectText => "stringObject",
            Self::Truth => "boolean",
            Self::Null => "null",
            Self::Number => "number",
        }
    }

    fn operators(self) -> &'static [&'static str] {
        match self {
            Self::Options => OPTIONS,
            Self::Text | Self::ObjectText => TEXT,
            Self::ListOptions => LIST_OPTIONS,
            Self::Truth => TRUTH,
            Self::Null => NULL,
            Self::Number => NUMBER,
        }
    }
}

/// A column and its kind, in the order in which the server tries them.
type Column = (&'static str, Kind);

const OBSERVATION: &[Column] = &[
    ("type", Kind::Options),
    ("name", Kind::Options),
    ("environment", Kind::Options),
    ("level", Kind::Options),
    ("version", Kind::Text),
    ("traceName", Kind::Options),
    ("userId", Kind::Text),
    ("sessionId", Kind::Text),
    ("tags", Kind::ListOptions),
    ("metadata", Kind::ObjectText),
    ("isRootObservation", Kind::Truth),
    ("parentObservationId", Kind::Null),
    ("experimentId", Kind::Options),
    ("calledToolNames", Kind::ListOptions),
    ("toolCalls", Kind::Number),
];
const DATASET: Column = ("datasetId", Kind::Options);
const ROOT: Column = (EXPERIMENT_ROOT, Kind::Truth);

/// Which columns a list of conditions may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// Those of a target.
    Of(Target),
    /// All, where rules have no target.
    All,
}

impl Columns {
    fn list(self) -> Vec<Column> {
        let mut columns = OBSERVATION.to_vec();
        match self {
            Self::Of(Target::Observation) => {}
            Self::Of(Target::Experiment) => columns.push(DATASET),
            Self::All => columns.extend([ROOT, DATASET]),
        }
        columns
    }
}

/// Reads a list of conditions, which come out with their own keys only.
pub fn read(given: &Value, columns: Columns) -> Result<Vec<Value>, Issues> {
    let columns = columns.list();
    list(given, |condition| {
        let mut errors = Vec::new();
        for column in &columns {
            match fits(condition, *column) {
                Ok(condition) => return Ok(condition),
                Err(issues) => errors.push(issues),
            }
        }
        Err(vec![issue::no_alternative(&errors, &[])])
    })
}

/// Whether a condition is one on this column. What is looked at first differs between the kinds.
fn fits(condition: &Value, (column, kind): Column) -> Result<Value, Issues> {
    part(condition, |fields| {
        let type_first = matches!(kind, Kind::ObjectText | Kind::Truth | Kind::Null);
        if type_first {
            is_one_of(fields, "type", &[kind.name()]);
        }
        is_one_of(fields, "column", &[column]);
        if kind == Kind::ObjectText {
            fields.text("key");
        }
        is_one_of(fields, "operator", kind.operators());
        value(fields, kind);
        if !type_first {
            is_one_of(fields, "type", &[kind.name()]);
        }
    })?;
    let keys = ["type", "column", "operator", "value", "key"];
    let keys = keys.iter().filter(|key| **key != "key" || kind == Kind::ObjectText);
    let own = keys.filter_map(|key| Some(((*key).to_owned(), condition.get(key)?.clone())));
    Ok(Value::Object(own.collect::<Map<_, _>>()))
}

fn value(fields: &mut Fields<'_>, kind: Kind) {
    let given = fields.get("value");
    let wrong = |expected| Some(issue::invalid_type(expected, given, &["value"]));
    let issue = match (kind, given) {
        (Kind::Options | Kind::ListOptions, Some(Value::Array(_))) => {
            let issues = given.and_then(|given| list(given, text).err());
            fields.absorb(&Value::from("value"), issues.unwrap_or_default());
            None
        }
        (Kind::Text | Kind::ObjectText, Some(Value::String(_)))
        | (Kind::Truth, Some(Value::Bool(_)))
        | (Kind::Number, Some(Value::Number(_)))
        | (Kind::Null, None) => None,
        (Kind::Null, Some(Value::String(text))) if text.is_empty() => None,
        (Kind::Options | Kind::ListOptions, _) => wrong("array"),
        (Kind::Text | Kind::ObjectText, _) => wrong("string"),
        (Kind::Truth, _) => wrong("boolean"),
        (Kind::Number, _) => wrong("number"),
        (Kind::Null, _) => Some(none_of(&[""], &["value"])),
    };
    if let Some(issue) = issue {
        fields.note(issue);
    }
}

/// Refuses columns of another target, and values a column cannot have.
pub fn check(filter: &[Value], target: Target) -> Result<(), Problem> {
    let columns: Vec<&str> = Columns::Of(target).list().iter().map(|(name, _)| *name).collect();
    for (index, condition) in filter.iter().enumerate() {
        let column = condition["column"].as_str().unwrap_or_default();
        if !columns.contains(&column) {
            let message =
                format!("Filter column \"{column}\" is not supported for target \"{}\"", target.name());
            let details = json!({"field": format!("filter[{index}].column"), "column": column, "allowedValues": columns});
            return Err(invalid(message, details));
        }
        let allowed = match column {
            "type" => TYPES,
            "level" => &LEVELS,
            _ => continue,
        };
        let unknown = values(condition).filter(|value| !allowed.contains(value)).collect::<Vec<_>>();
        if !unknown.is_empty() {
            let list = unknown.join(", ");
            let details = json!({
                "field": format!("filter[{index}].value"), "column": column,
                "invalidValues": unknown, "allowedValues": allowed,
            });
            let message = format!("Filter column \"{column}\" contains unsupported value(s): {list}");
            return Err(invalid(message, details));
        }
    }
    Ok(())
}

/// Refuses ids of datasets that do not exist.
pub fn check_datasets(
    filter: &[Value],
    exists: impl Fn(&str) -> rusqlite::Result<bool>,
) -> Result<(), Problem> {
    for (index, condition) in filter.iter().enumerate().filter(|(_, c)| c["column"] == DATASET.0) {
        let mut unknown = Vec::new();
        for id in values(condition) {
            if !exists(id)? {
                unknown.push(id);
            }
        }
        if !unknown.is_empty() {
            let message = format!(
                "Filter column \"datasetId\" contains dataset id(s) that do not exist in this project: {}",
                unknown.join(", ")
            );
            let details = json!({
                "field": format!("filter[{index}].value"), "column": DATASET.0, "invalidValues": unknown,
            });
            return Err(invalid(message, details));
        }
    }
    Ok(())
}

fn invalid(message: String, details: Value) -> Problem {
    Problem::Detailed(axum::http::StatusCode::BAD_REQUEST, "invalid_filter_value", message, details)
}

fn values(condition: &Value) -> impl Iterator<Item = &str> {
    condition["value"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The conditions of a rule where rules have no target: an experiment's says so in its filter.
pub fn with_target(mut filter: Vec<Value>, target: Target) -> Vec<Value> {
    if target == Target::Experiment {
        filter.push(json!({
            "type": "boolean", "column": EXPERIMENT_ROOT, "operator": "=", "value": true,
        }));
    }
    filter
}

/// The way back: the target, and the other conditions.
pub fn split_target(filter: Vec<Value>) -> (Vec<Value>, Target) {
    let is_root = |condition: &Value| {
        condition["column"] == EXPERIMENT_ROOT
            && (condition["operator"] == "=") == (condition["value"] == true)
    };
    let target = if filter.iter().any(is_root) { Target::Experiment } else { Target::Observation };
    (filter.into_iter().filter(|condition| !is_root(condition)).collect(), target)
}
