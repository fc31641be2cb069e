//! Evaluation rules as they are kept: what is scored, how much of it, and by which evaluators.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use serde_json::{Value, json};

use super::evaluator::{self, Evaluator};
use crate::server::data::value::{iso, parse};
use crate::server::data::workspace::next_id;
use crate::server::http::reply::Problem;

/// What is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Observations as they come in.
    Observation,
    /// Runs of experiments.
    Experiment,
}

impl Target {
    /// The API's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Observation => "observation",
            Self::Experiment => "experiment",
        }
    }

    /// The target of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Observation, Self::Experiment].into_iter().find(|target| target.name() == name)
    }
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Identifier.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What is scored.
    pub target: Target,
    /// Whether it is meant to run.
    pub is_enabled: bool,
    /// Which part of what fits is scored, up to 1.
    pub sampling: f64,
    /// Conditions, all of which must hold.
    pub filter: Vec<Value>,
    /// Who scores, in order.
    pub assignments: Vec<Assignment>,
    /// When it was made.
    pub created_at: String,
    /// When it was changed last.
    pub updated_at: String,
}

/// An evaluator of a rule.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The evaluator with its latest version.
    pub evaluator: Evaluator,
    /// What fills its variables; `None` as the evaluator has it.
    pub mapping: Option<Vec<Value>>,
}

impl Assignment {
    /// What fills the variables in the end.
    pub fn effective(&self) -> Option<Vec<Value>> {
        let definition = &self.evaluator.latest.definition;
        self.mapping.clone().or_else(|| definition.mapping())
    }
}

fn list(stored: &str) -> Vec<Value> {
    match parse(stored) {
        Value::Array(list) => list,
        _ => Vec::new(),
    }
}

/// A row of `evaluation_rules`, with its evaluators.
pub fn row(db: &Connection) -> impl Fn(&Row<'_>) -> rusqlite::Result<Rule> + '_ {
    move |r| {
        let id: String = r.get("id")?;
        Ok(Rule {
            name: r.get("name")?,
            target: Target::named(&r.get::<_, String>("target")?).unwrap_or(Target::Observation),
            is_enabled: r.get("is_enabled")?,
            sampling: r.get("sampling")?,
            filter: list(&r.get::<_, String>("filter")?),
            assignments: assignments(db, &id)?,
            created_at: r.get("created_at")?,
            updated_at: r.get("updated_at")?,
            id,
        })
    }
}

fn assignments(db: &Connection, rule: &str) -> rusqlite::Result<Vec<Assignment>> {
    let sql = format!(
        "SELECT e.*, a.mapping FROM rule_evaluators AS a JOIN {} AS e ON e.id = a.evaluator_id
         WHERE a.rule_id = ?1 ORDER BY a.place",
        evaluator::TABLE
    );
    let read = |r: &Row<'_>| {
        let mapping: Option<String> = r.get("mapping")?;
        Ok(Assignment { evaluator: evaluator::row(r)?, mapping: mapping.map(|stored| list(&stored)) })
    };
    db.prepare(&sql)?.query_map([rule], read)?.collect()
}

/// One rule.
pub fn get(db: &Connection, id: &str) -> Result<Rule, Problem> {
    let found = db.query_row("SELECT * FROM evaluation_rules WHERE id = ?1", [id], row(db)).optional()?;
    found.ok_or_else(|| Problem::Missing("Evaluation rule not found within authorized project".into()))
}

/// The id of the first rule of that name.
pub fn named(db: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT id FROM evaluation_rules WHERE name = ?1 ORDER BY created_at, id LIMIT 1";
    db.query_row(sql, [name], |r| r.get(0)).optional()
}

/// The rules an evaluator is used by, with what each says fills its variables.
pub fn of_evaluator(db: &Connection, evaluator: &str) -> rusqlite::Result<Vec<(String, Option<Value>)>> {
    let sql =
        "SELECT a.rule_id, a.mapping FROM rule_evaluators AS a JOIN evaluation_rules AS r ON r.id = a.rule_id
        WHERE a.evaluator_id = ?1 ORDER BY r.created_at, r.id, a.place";
    let read = |r: &Row<'_>| Ok((r.get(0)?, r.get::<_, Option<String>>(1)?.map(|stored| parse(&stored))));
    db.prepare(sql)?.query_map([evaluator], read)?.collect()
}

/// How many rules are meant to run.
pub fn active_count(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT count(*) FROM evaluation_rules WHERE is_enabled", [], |r| r.get(0))
}

/// Adds a rule; its id and times are made here.
pub fn insert(db: &Connection, rule: &Rule, now: Timestamp) -> Result<String, Problem> {
    let id = next_id(db, now)?;
    db.execute(
        "INSERT INTO evaluation_rules VALUES (:id, :name, :target, :enabled, :sampling, :filter, :now, :now)",
        named_params! {
            ":id": id, ":name": rule.name, ":target": rule.target.name(), ":enabled": rule.is_enabled,
            ":sampling": rule.sampling, ":filter": json!(rule.filter).to_string(), ":now": iso(now),
        },
    )?;
    assign(db, &id, &rule.assignments)?;
    Ok(id)
}

/// Writes a rule over.
pub fn update(db: &Connection, rule: &Rule, now: Timestamp) -> Result<(), Problem> {
    db.execute(
        "UPDATE evaluation_rules SET name = :name, target = :target, is_enabled = :enabled,
            sampling = :sampling, filter = :filter, updated_at = :now WHERE id = :id",
        named_params! {
            ":id": rule.id, ":name": rule.name, ":target": rule.target.name(), ":enabled": rule.is_enabled,
            ":sampling": rule.sampling, ":filter": json!(rule.filter).to_string(), ":now": iso(now),
        },
    )?;
    assign(db, &rule.id, &rule.assignments)
}

fn assign(db: &Connection, rule: &str, assignments: &[Assignment]) -> Result<(), Problem> {
    db.execute("DELETE FROM rule_evaluators WHERE rule_id = ?1", [rule])?;
    let mut insert = db.prepare("INSERT INTO rule_evaluators VALUES (?1, ?2, ?3, ?4)")?;
    for (place, assignment) in assignments.iter().enumerate() {
        let mapping = assignment.mapping.as_ref().map(|mapping| json!(mapping).to_string());
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        insert.execute((rule, place, &assignment.evaluator.id, mapping))?;
    }
    Ok(())
}

/// Removes a rule; its evaluators stay.
pub fn delete(db: &Connection, id: &str) -> Result<(), Problem> {
    get(db, id)?;
    db.execute("DELETE FROM evaluation_rules WHERE id = ?1", [id])?;
    Ok(())
}
