//! Rules as they come in, in both generations' words.

use serde_json::Value;

use super::body::reference;
use super::filter::{self, Columns};
use super::mapping;
use super::reading::{
    Issues, any_of, bounded, filled, is_one_of, nullable, optional, required, trimmed, undefined,
};
use super::rule::Target;
use crate::server::http::fields::{Fields, part};
use crate::server::http::issue;
use crate::server::http::reply::Problem;

/// Most evaluators of one rule.
const MOST: usize = 100;
const EMPTY: &str = "Request body cannot be empty. At least one field must be provided for update.";
const ONE_OF: &str = "Provide exactly one of evaluator or evaluators.";
const ALIAS: &str = "`mapping` is the deprecated single-evaluator alias and cannot be combined with \
    `evaluators`. Set the mapping on the matching entry in `evaluators` instead.";
const EXCLUSIVE: &str = "`evaluators` replaces the whole assignment set and cannot be combined with the \
    deprecated `evaluator` or `mapping` fields.";
/// Said wherever somebody wants to map what programs are given.
pub const MANAGED: &str =
    "Code evaluator mappings are managed by Langfuse and cannot be provided in the request body.";

/// An evaluator by name and kind, with what fills its variables.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// `llm_as_judge` or `code`; empty where it is to stay what it is.
    pub kind: String,
    /// What fills its variables; `None` as the evaluator has it.
    pub mapping: Option<Vec<Value>>,
}

/// What the body of `POST` and `PATCH /unstable/evaluation-rules` says.
#[derive(Debug, Default)]
pub struct Unstable {
    /// The name; always there when created.
    pub name: Option<String>,
    /// The only or the first evaluator: name and kind.
    pub evaluator: Option<(String, String)>,
    /// Whether it is meant to run; always there when created.
    pub enabled: Option<bool>,
    /// Which part is scored.
    pub sampling: Option<f64>,
    /// All evaluators.
    pub evaluators: Option<Vec<Named>>,
    /// What is scored; always there when created.
    pub target: Option<Target>,
    /// Conditions.
    pub filter: Option<Vec<Value>>,
    /// What fills the variables of the only or the first evaluator.
    pub mapping: Option<Vec<Value>>,
}

impl Unstable {
    fn maps_a_program(&self) -> bool {
        let only = self.mapping.is_some() && self.evaluator.as_ref().is_some_and(|(_, kind)| kind == "code");
        let mut all = self.evaluators.iter().flatten();
        only || all.any(|named| named.kind == "code" && named.mapping.is_some())
    }
}

/// A number above 0, up to 1.
fn sampling(given: &Value) -> Result<f64, Issues> {
    up_to_one(given, false)
}

fn up_to_one(given: &Value, with_zero: bool) -> Result<f64, Issues> {
    let value = number(given)?;
    if value < 0.0 || value == 0.0 && !with_zero {
        return Err(vec![unnamed(issue::too_small(with_zero, ""))]);
    }
    if value > 1.0 { Err(vec![unnamed(issue::too_big(1, ""))]) } else { Ok(value) }
}

/// The issue of a part, which does not know its own name.
fn unnamed(mut issue: Value) -> Value {
    issue["path"] = Value::Array(Vec::new());
    issue
}

fn number(given: &Value) -> Result<f64, Issues> {
    given.as_f64().ok_or_else(|| vec![issue::invalid_type("number", Some(given), &[])])
}

fn evaluators(given: &Value, target: Target) -> Result<Vec<Named>, Issues> {
    bounded(given, 1, MOST, |entry| {
        part(entry, |fields| {
            let evaluator = required(fields, "evaluator", "object", |given| reference(given, true));
            let (name, kind) = evaluator.unwrap_or_default();
            let sources = mapping::sources(target);
            let mapping = optional(fields, "mapping", |given| mapping::read(given, sources));
            Named { name, kind, mapping }
        })
    })
}

/// The body of `POST /unstable/evaluation-rules`, of which `target` tells what else there is.
pub fn create(body: &Value) -> Result<Unstable, Problem> {
    let mut fields =
        Fields::of(body).map_err(|_| Problem::Issues(vec![issue::no_object(Some(body), &[])]))?;
    let target = fields.get("target").and_then(Value::as_str).and_then(Target::named);
    let Some(target) = target else { return Err(Problem::Issues(vec![issue::no_variant("target")])) };
    let wanted = Unstable {
        name: required(&mut fields, "name", "string", filled).map(ToOwned::to_owned),
        evaluator: optional(&mut fields, "evaluator", |given| reference(given, true)),
        enabled: flag(&mut fields),
        sampling: optional(&mut fields, "sampling", sampling),
        evaluators: optional(&mut fields, "evaluators", |given| evaluators(given, target)),
        target: Some(target),
        filter: optional(&mut fields, "filter", |given| filter::read(given, Columns::Of(target))),
        mapping: optional(&mut fields, "mapping", |given| mapping::read(given, mapping::sources(target))),
    };
    if fields.is_clean() {
        if wanted.evaluator.is_some() == wanted.evaluators.is_some() {
            fields.note(issue::custom(ONE_OF, &["evaluators"]));
        }
        if wanted.evaluators.is_some() && wanted.mapping.is_some() {
            fields.note(issue::custom(ALIAS, &["mapping"]));
        }
        if wanted.maps_a_program() {
            fields.note(issue::custom(MANAGED, &["mapping"]));
        }
    }
    fields.finish()?;
    Ok(wanted)
}

fn flag(fields: &mut Fields<'_>) -> Option<bool> {
    required(fields, "enabled", "boolean", |given| {
        given.as_bool().ok_or_else(|| vec![issue::invalid_type("boolean", Some(given), &[])])
    })
}

/// The body of `PATCH /unstable/evaluation-rules/{id}`. Filter and mapping need their target.
pub fn patch(body: &Value) -> Result<Unstable, Problem> {
    let targets = [Some(Target::Observation), Some(Target::Experiment), None];
    let wanted = any_of(targets.map(|target| change(body, target)).into()).map_err(Problem::Issues)?;
    let known = ["name", "evaluator", "enabled", "sampling", "evaluators", "target", "filter", "mapping"];
    if known.iter().all(|key| body.get(key).is_none()) {
        return Err(Problem::Issues(vec![issue::custom(EMPTY, &[])]));
    }
    if wanted.evaluators.is_some() && (wanted.evaluator.is_some() || wanted.mapping.is_some()) {
        return Err(Problem::Issues(vec![issue::custom(EXCLUSIVE, &["evaluators"])]));
    }
    Ok(wanted)
}

fn change(body: &Value, target: Option<Target>) -> Result<Unstable, Issues> {
    let of = target.unwrap_or(Target::Observation);
    part(body, |fields| {
        let mut wanted = Unstable {
            name: optional(fields, "name", filled).map(ToOwned::to_owned),
            evaluator: optional(fields, "evaluator", |given| reference(given, false)),
            enabled: fields.optional_flag("enabled"),
            sampling: optional(fields, "sampling", sampling),
            evaluators: optional(fields, "evaluators", |given| evaluators(given, of)),
            target,
            filter: None,
            mapping: None,
        };
        if let Some(target) = target {
            is_one_of(fields, "target", &[target.name()]);
            wanted.filter = optional(fields, "filter", |given| filter::read(given, Columns::Of(target)));
            let sources = mapping::sources(target);
            wanted.mapping = optional(fields, "mapping", |given| mapping::read(given, sources));
        } else {
            for key in ["target", "filter", "mapping"] {
                undefined(fields, key);
            }
        }
        wanted
    })
}

/// An evaluator by its id, with what fills its variables.
#[derive(Debug)]
pub struct ById {
    /// Its id.
    pub id: String,
    /// What fills its variables; `None` as the evaluator has it.
    pub mapping: Option<Vec<Value>>,
}

/// What the body of `POST` and `PATCH /v2/evaluation-rules` says.
#[derive(Debug, Default)]
pub struct Stable {
    /// The name; always there when created.
    pub name: Option<String>,
    /// Whether it is meant to run; always there when created.
    pub enabled: Option<bool>,
    /// Which part is scored.
    pub sampling: Option<f64>,
    /// Conditions.
    pub filter: Option<Vec<Value>>,
    /// Ids of all evaluators, with what fills their variables; always there when created.
    pub assignments: Option<Vec<ById>>,
}

const STABLE: [&str; 5] = ["name", "enabled", "sampling", "filter", "evaluatorAssignments"];
/// Said of a rule that would run without anybody to score.
pub const NOBODY: &str = "An enabled evaluation rule requires at least one evaluator assignment";

/// The body of `POST /v2/evaluation-rules`, or of `PATCH` where fields may be missing.
pub fn stable(body: &Value, is_new: bool) -> Result<Stable, Problem> {
    let mut fields = Fields::of(body)?;
    for (key, expected) in [("name", "string"), ("enabled", "boolean"), ("evaluatorAssignments", "array")] {
        if is_new && fields.get(key).is_none() {
            fields.note(issue::invalid_type(expected, None, &[key]));
        }
    }
    let wanted = Stable {
        name: optional(&mut fields, "name", trimmed).map(ToOwned::to_owned),
        enabled: fields.optional_flag("enabled"),
        sampling: optional(&mut fields, "sampling", |given| up_to_one(given, true)),
        filter: optional(&mut fields, "filter", |given| filter::read(given, Columns::All)),
        assignments: optional(&mut fields, "evaluatorAssignments", assignments),
    };
    fields.strict(&STABLE);
    if fields.is_clean()
        && is_new
        && wanted.enabled == Some(true)
        && wanted.assignments.iter().all(Vec::is_empty)
    {
        fields.note(issue::custom(NOBODY, &["evaluatorAssignments"]));
    }
    if fields.is_clean() && STABLE.iter().all(|key| fields.get(key).is_none()) {
        fields.note(issue::custom("Request body cannot be empty", &[]));
    }
    fields.finish()?;
    Ok(wanted)
}

fn assignments(given: &Value) -> Result<Vec<ById>, Issues> {
    bounded(given, 0, MOST, |entry| {
        part(entry, |fields| {
            let id = required(fields, "evaluatorId", "string", filled).unwrap_or_default().to_owned();
            let mapping = nullable(fields, "variableMapping", |given| mapping::read(given, mapping::SOURCES));
            fields.strict(&["evaluatorId", "variableMapping"]);
            ById { id, mapping }
        })
    })
}
