//! One event of a batch: its envelope, and which schema its body must fit.

use jiff::Timestamp;
use serde_json::Value;

use super::schema;
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::reply::Problem;

/// What an event tells about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entity {
    /// A trace.
    Trace,
    /// An observation.
    Observation,
    /// A score.
    Score,
    /// An item of a dataset run.
    RunItem,
    /// Nothing: the client's own log.
    Log,
}

/// One type of event.
pub struct Form {
    /// `trace-create`, …
    pub name: &'static str,
    /// What it tells about.
    pub entity: Entity,
    /// The observation's type; empty where the body names it.
    pub kind: &'static str,
    /// Updates take effect after what they update was made.
    pub is_update: bool,
    body: fn(&mut Fields<'_>),
}

/// `name: entity, kind, is an update, schema of the body`
macro_rules! forms {
    ($($name:literal: $entity:ident, $kind:literal, $update:literal, $body:expr;)+) => {
        &[$(Form {
            name: $name, entity: Entity::$entity, kind: $kind, is_update: $update, body: $body,
        }),+]
    };
}

/// Every type of event.
const FORMS: &[Form] = forms! {
    "trace-create": Trace, "", false, schema::trace;
    "score-create": Score, "", false, schema::score;
    "event-create": Observation, "EVENT", false, schema::point;
    "span-create": Observation, "SPAN", false, schema::span;
    "span-update": Observation, "SPAN", true, schema::span;
    "generation-create": Observation, "GENERATION", false, schema::generation;
    "generation-update": Observation, "GENERATION", true, schema::generation;
    "agent-create": Observation, "AGENT", false, schema::generation;
    "tool-create": Observation, "TOOL", false, schema::generation;
    "chain-create": Observation, "CHAIN", false, schema::generation;
    "retriever-create": Observation, "RETRIEVER", false, schema::generation;
    "evaluator-create": Observation, "EVALUATOR", false, schema::generation;
    "embedding-create": Observation, "EMBEDDING", false, schema::generation;
    "guardrail-create": Observation, "GUARDRAIL", false, schema::generation;
    "dataset-run-item-create": RunItem, "", false, schema::run_item;
    "sdk-log": Log, "", false, schema::log;
    "observation-create": Observation, "", false, schema::observation;
    "observation-update": Observation, "", true, schema::observation;
};

/// The form with this name.
pub fn form(name: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.name == name)
}

/// An event that fits its schema.
pub struct Event<'a> {
    /// The envelope's id.
    pub id: &'a str,
    /// The envelope's time.
    pub at: Timestamp,
    /// Its type.
    pub form: &'static Form,
    /// What it tells.
    pub body: &'a Value,
}

impl<'a> Event<'a> {
    /// The id of what it tells about.
    pub fn body_id(&self) -> Option<&'a str> {
        self.body["id"].as_str().filter(|id| !id.is_empty())
    }

    /// Whether the public key alone may send it.
    pub fn is_open(&self) -> bool {
        matches!(self.form.entity, Entity::Score | Entity::Log)
    }
}

/// The envelope's id as far as it can be read.
pub fn id_of(raw: &Value) -> &str {
    raw["id"].as_str().unwrap_or("unknown")
}

/// Checks one event of a batch.
pub fn event(raw: &Value) -> Result<Event<'_>, Vec<Value>> {
    let mut fields = Fields::of(raw).map_err(|_| vec![issue::no_object(Some(raw), &[])])?;
    let Some(form) = raw["type"].as_str().and_then(form) else {
        return Err(vec![issue::no_variant("type")]);
    };
    schema::id(&mut fields, "id");
    let at = fields.time("timestamp");
    body(&mut fields, raw.get("body"), form);
    if !fields.is_clean() {
        return Err(fields.into_issues());
    }
    let id = raw["id"].as_str().unwrap_or_default();
    Ok(Event { id, at: at.unwrap_or_default(), form, body: &raw["body"] })
}

fn body(fields: &mut Fields<'_>, raw: Option<&Value>, form: &Form) {
    match raw {
        // The score's body is a union itself, which words this differently.
        Some(other) if form.entity == Entity::Score && !other.is_object() => {
            fields.absorb(&Value::from("body"), vec![issue::no_object(Some(other), &[])]);
        }
        _ => {
            fields.object("body", form.body);
        }
    }
}

/// Checks a body alone, for the endpoints that take one.
pub fn alone(raw: &Value, form: &Form) -> Result<(), Problem> {
    let mut fields = Fields::of(raw)?;
    (form.body)(&mut fields);
    fields.finish()
}
