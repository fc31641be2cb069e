//! Rules in the words of `/v2/evaluation-rules`: without a target, which is part of the filter.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::definition::Definition;
use super::filter::{split_target, with_target};
use super::rule::{self, Assignment, Rule};
use super::rule_body::{self, ById, NOBODY};
use super::unstable_rules::{refuse_too_many, refuse_twice};
use super::{evaluator, mapping, stable};
use crate::server::data::value::number;
use crate::server::http::Call;
use crate::server::http::query::no_parameters;
use crate::server::http::reply::{Answer, Problem, Reply};

const PROGRAM: &str = "Code evaluator mappings are managed by Langfuse and cannot be provided.";

fn json(rule: &Rule) -> Value {
    let entry = |a: &Assignment| json!({"evaluatorId": a.evaluator.id, "variableMapping": a.mapping});
    json!({
        "id": rule.id,
        "name": rule.name,
        "createdBy": null,
        "enabled": rule.is_enabled,
        "sampling": number(rule.sampling),
        "filter": with_target(rule.filter.clone(), rule.target),
        "evaluatorAssignments": rule.assignments.iter().map(entry).collect::<Vec<_>>(),
        "createdAt": rule.created_at,
        "updatedAt": rule.updated_at,
    })
}

/// `GET /v2/evaluation-rules`, newest first
pub fn list(db: &Connection, call: &Call) -> Answer {
    let read = rule::row(db);
    stable::page(db, call, "evaluation_rules", |r| Ok(json(&read(r)?)))
}

/// `GET /v2/evaluation-rules/{evaluationRuleId}`
pub fn get(db: &Connection, call: &Call) -> Answer {
    no_parameters(&call.query)?;
    Ok(Reply::ok(json(&rule::get(db, call.param("evaluationRuleId"))?)))
}

/// The evaluators of those ids, each with every variable filled.
fn resolve(db: &Connection, wanted: Vec<ById>) -> Result<Vec<Assignment>, Problem> {
    let mut assignments = Vec::new();
    for ById { id, mapping } in wanted {
        let assignment = Assignment { evaluator: evaluator::get(db, &id)?, mapping };
        let definition = &assignment.evaluator.latest.definition;
        match definition {
            Definition::Code(_) if assignment.mapping.is_some() => {
                return Err(Problem::Refused(PROGRAM.into()));
            }
            Definition::Code(_) => {}
            Definition::LlmAsJudge(_) => {
                let mapping = assignment.effective().unwrap_or_default();
                mapping::check_complete(&mapping, &definition.variables())?;
            }
        }
        assignments.push(assignment);
    }
    refuse_twice(&assignments)?;
    Ok(assignments)
}

/// `POST /v2/evaluation-rules`; names may repeat
pub fn create(db: &Connection, call: &Call) -> Answer {
    let wanted = rule_body::stable(&call.body, true)?;
    let is_enabled = wanted.enabled == Some(true);
    if is_enabled {
        refuse_too_many(db)?;
    }
    let (filter, target) = split_target(wanted.filter.unwrap_or_default());
    let rule = Rule {
        id: String::new(),
        name: wanted.name.unwrap_or_default(),
        target,
        is_enabled,
        sampling: wanted.sampling.unwrap_or(1.0),
        filter,
        assignments: resolve(db, wanted.assignments.unwrap_or_default())?,
        created_at: String::new(),
        updated_at: String::new(),
    };
    let id = rule::insert(db, &rule, call.now)?;
    Ok(Reply::ok(json(&rule::get(db, &id)?)))
}

/// `PATCH /v2/evaluation-rules/{evaluationRuleId}`
pub fn patch(db: &Connection, call: &Call) -> Answer {
    let wanted = rule_body::stable(&call.body, false)?;
    let mut rule = rule::get(db, call.param("evaluationRuleId"))?;
    if let Some(assignments) = wanted.assignments {
        rule.assignments = resolve(db, assignments)?;
        if rule.assignments.is_empty() && wanted.enabled.is_none() {
            rule.is_enabled = false;
        }
    }
    if wanted.enabled == Some(true) && !rule.is_enabled {
        refuse_too_many(db)?;
    }
    rule.is_enabled = wanted.enabled.unwrap_or(rule.is_enabled);
    if rule.is_enabled && rule.assignments.is_empty() {
        return Err(Problem::Refused(NOBODY.into()));
    }
    if let Some(filter) = wanted.filter {
        (rule.filter, rule.target) = split_target(filter);
    }
    rule.name = wanted.name.unwrap_or(rule.name);
    rule.sampling = wanted.sampling.unwrap_or(rule.sampling);
    rule::update(db, &rule, call.now)?;
    Ok(Reply::ok(json(&rule::get(db, &rule.id)?)))
}

/// `DELETE /v2/evaluation-rules/{evaluationRuleId}`
pub fn delete(db: &Connection, call: &Call) -> Answer {
    let id = call.param("evaluationRuleId");
    rule::delete(db, id)?;
    Ok(Reply::ok(json!({"id": id})))
}
