//! Rules in the words of `/unstable/evaluation-rules`.

use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Value, json};

use super::definition::{Definition, pause_message};
use super::evaluator::{self, Evaluator};
use super::rule::{self, Assignment, Rule, Target};
use super::rule_body::{self, MANAGED, Named, Unstable};
use super::{filter, mapping};
use crate::server::data::value::number;
use crate::server::http::Call;
use crate::server::http::query::Params;
use crate::server::http::reply::{Answer, Problem, Reply};

/// Most rules that are meant to run.
const MOST_ACTIVE: i64 = 500;
const NO_ASSIGNMENT: &str = "This evaluation rule has no evaluator assignments, so there is no mapping to \
    update. Provide `evaluators` to attach one.";

fn json(rule: &Rule) -> Value {
    let name = |evaluator: &Evaluator| json!({"id": evaluator.id, "name": evaluator.name, "type": evaluator.latest.definition.kind()});
    let entry = |a: &Assignment| json!({"evaluator": name(&a.evaluator), "mapping": a.mapping});
    let first = rule.assignments.first();
    let paused = rule.assignments.iter().map(|a| &a.evaluator).filter(|e| e.paused_at.is_some());
    let reason = paused.max_by(|a, b| a.paused_at.cmp(&b.paused_at)).and_then(|e| e.paused_reason.as_deref());
    let status = match (rule.is_enabled, reason) {
        (false, _) => "inactive",
        (true, Some(_)) => "paused",
        (true, None) => "active",
    };
    json!({
        "id": rule.id,
        "name": rule.name,
        "evaluator": first.map(|a| name(&a.evaluator)),
        "evaluators": rule.assignments.iter().map(entry).collect::<Vec<_>>(),
        "enabled": rule.is_enabled,
        "status": status,
        "pausedReason": reason,
        "pausedMessage": reason.map(pause_message),
        "sampling": number(rule.sampling),
        "target": rule.target.name(),
        "filter": rule.filter,
        "mapping": first.and_then(Assignment::effective).unwrap_or_default(),
        "createdAt": rule.created_at,
        "updatedAt": rule.updated_at,
    })
}

/// `GET /unstable/evaluation-rules`, newest first
pub fn list(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let page = params.page();
    params.finish()?;
    let (order, read) = ("ORDER BY created_at DESC, id DESC", rule::row(db));
    page.answer(db, "*", "FROM evaluation_rules", order, &[], |r| Ok(json(&read(r)?)))
}

/// `GET /unstable/evaluation-rules/{evaluationRuleId}`
pub fn get(db: &Connection, call: &Call) -> Answer {
    Ok(Reply::ok(json(&rule::get(db, call.param("evaluationRuleId"))?)))
}

/// `DELETE /unstable/evaluation-rules/{evaluationRuleId}`
pub fn delete(db: &Connection, call: &Call) -> Answer {
    rule::delete(db, call.param("evaluationRuleId"))?;
    Ok(Reply::ok(json!({"message": "Evaluation rule successfully deleted"})))
}

/// `POST /unstable/evaluation-rules`
pub fn create(db: &Connection, call: &Call) -> Answer {
    let wanted = rule_body::create(&call.body)?;
    let name = wanted.name.clone().unwrap_or_default();
    if let Some(id) = rule::named(db, &name)? {
        return Err(taken(&name, &id));
    }
    let (is_enabled, target) = (wanted.enabled == Some(true), wanted.target.unwrap_or(Target::Observation));
    if is_enabled {
        refuse_too_many(db)?;
    }
    let sampling = wanted.sampling.unwrap_or(1.0);
    let filter = wanted.filter.clone().unwrap_or_default();
    filter::check_datasets(&filter, |id| dataset_exists(db, id))?;
    let mut assignments = Vec::new();
    for named in evaluators(wanted) {
        assignments.push(resolve(db, named)?);
    }
    refuse_twice(&assignments)?;
    filter::check(&filter, target)?;
    check_mappings(&assignments, target)?;
    if is_enabled {
        check_runs(&assignments, call)?;
    }
    let rule = Rule {
        id: String::new(),
        name,
        target,
        is_enabled,
        sampling,
        filter,
        assignments,
        created_at: String::new(),
        updated_at: String::new(),
    };
    let id = rule::insert(db, &rule, call.now)?;
    Ok(Reply::ok(json(&rule::get(db, &id)?)))
}

fn evaluators(wanted: Unstable) -> Vec<Named> {
    let one = wanted.evaluator.map(|(name, kind)| Named { name, kind, mapping: wanted.mapping });
    wanted.evaluators.unwrap_or_else(|| one.into_iter().collect())
}

fn taken(name: &str, id: &str) -> Problem {
    let message = format!(
        "An evaluation rule named \"{name}\" already exists in this project. Use PATCH \
         /api/public/unstable/evaluation-rules/{id} to update it instead of creating a duplicate."
    );
    Problem::Detailed(StatusCode::CONFLICT, "name_conflict", message, json!({"field": "name"}))
}

/// Refuses one more rule that is meant to run.
pub fn refuse_too_many(db: &Connection) -> Result<(), Problem> {
    if rule::active_count(db)? < MOST_ACTIVE {
        return Ok(());
    }
    let message = format!(
        "This project already has the maximum number of active evaluation rules ({MOST_ACTIVE}). Disable an \
         existing active evaluation rule before enabling another one."
    );
    Err(Problem::Detailed(StatusCode::CONFLICT, "conflict", message, json!({"limit": MOST_ACTIVE})))
}

/// Refuses the same evaluator twice.
pub fn refuse_twice(assignments: &[Assignment]) -> Result<(), Problem> {
    let ids: Vec<&str> = assignments.iter().map(|a| a.evaluator.id.as_str()).collect();
    if ids.iter().enumerate().all(|(index, id)| ids.iter().position(|other| other == id) == Some(index)) {
        return Ok(());
    }
    let message = "An evaluator can only be attached once to an evaluation rule.";
    Err(Problem::Named(StatusCode::CONFLICT, "conflict", message.into()))
}

fn resolve(db: &Connection, named: Named) -> Result<Assignment, Problem> {
    let known = evaluator::named(db, &named.name)?;
    let found = known.into_iter().find(|known| known.latest.definition.kind() == named.kind);
    let missing = || Problem::Missing("Latest evaluator version not found within authorized project".into());
    Ok(Assignment { evaluator: found.ok_or_else(missing)?, mapping: named.mapping })
}

fn check_mappings(assignments: &[Assignment], target: Target) -> Result<(), Problem> {
    for assignment in assignments {
        let definition = &assignment.evaluator.latest.definition;
        if let Definition::LlmAsJudge(_) = definition {
            let mapping = assignment.effective().unwrap_or_default();
            mapping::check(&mapping, &definition.variables(), target)?;
        }
    }
    Ok(())
}

/// Refuses evaluators that nothing here could run.
fn check_runs(assignments: &[Assignment], call: &Call) -> Result<(), Problem> {
    let project = &call.place.project.id;
    for Assignment { evaluator, .. } in assignments {
        let Definition::LlmAsJudge(judge) = &evaluator.latest.definition else {
            let details = json!({"evaluatorName": evaluator.name});
            let message = "Code evals are not enabled".to_owned();
            return Err(Problem::Detailed(StatusCode::FORBIDDEN, "access_denied", message, details));
        };
        let Some((_, why)) = evaluator.latest.definition.pause(project) else { continue };
        let message = format!(
            "No valid LLM model found for evaluator \"{}\". {why}. Configure an LLM connection for this \
             project under Settings → LLM Connections (/project/{project}/settings/llm-connections) before \
             creating llm_as_judge evaluators.",
            evaluator.name
        );
        let model = judge.model.as_ref();
        let details = json!({
            "evaluatorName": evaluator.name,
            "provider": model.map(|model| &model.provider),
            "model": model.map(|model| &model.model),
        });
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(Problem::Detailed(status, "evaluator_preflight_failed", message, details));
    }
    Ok(())
}

fn dataset_exists(db: &Connection, id: &str) -> rusqlite::Result<bool> {
    db.query_row("SELECT 1 FROM datasets WHERE id = ?1", [id], |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
}

/// `PATCH /unstable/evaluation-rules/{evaluationRuleId}`
pub fn patch(db: &Connection, call: &Call) -> Answer {
    let wanted = rule_body::patch(&call.body)?;
    let mut rule = rule::get(db, call.param("evaluationRuleId"))?;
    let is_paused = rule.assignments.iter().any(|a| a.evaluator.paused_at.is_some());
    let next_enabled = wanted.enabled.unwrap_or(rule.is_enabled);
    if next_enabled && (!rule.is_enabled || is_paused) {
        refuse_too_many(db)?;
    }
    let target = wanted.target.unwrap_or(rule.target);
    filter::check_datasets(wanted.filter.as_deref().unwrap_or_default(), |id| dataset_exists(db, id))?;
    if wanted.filter.is_some() || target != rule.target {
        rule.filter = wanted.filter.clone().unwrap_or(rule.filter);
        filter::check(&rule.filter, target)?;
    }
    rule.target = target;
    if let Some(named) = &wanted.evaluators {
        rule.assignments = named.iter().cloned().map(|named| resolve(db, named)).collect::<Result<_, _>>()?;
    } else if wanted.evaluator.is_some() || wanted.mapping.is_some() {
        patch_first(db, &mut rule, &wanted)?;
    }
    refuse_twice(&rule.assignments)?;
    check_mappings(&rule.assignments, target)?;
    if next_enabled {
        check_runs(&rule.assignments, call)?;
    }
    rule.name = wanted.name.unwrap_or(rule.name);
    rule.sampling = wanted.sampling.unwrap_or(rule.sampling);
    rule.is_enabled = next_enabled && !rule.assignments.is_empty();
    rule::update(db, &rule, call.now)?;
    Ok(Reply::ok(json(&rule::get(db, &rule.id)?)))
}

/// Changes the first evaluator or its mapping; the kind stays.
fn patch_first(db: &Connection, rule: &mut Rule, wanted: &Unstable) -> Result<(), Problem> {
    let invalid = |message: &str| {
        let details = json!({"field": "mapping"});
        Err(Problem::Detailed(StatusCode::BAD_REQUEST, "invalid_body", message.into(), details))
    };
    let first = rule.assignments.first();
    let kind = first.map_or("llm_as_judge", |a| a.evaluator.latest.definition.kind());
    if wanted.mapping.is_some() && kind == "code" {
        return invalid(MANAGED);
    }
    let name = wanted.evaluator.as_ref().map(|(name, _)| name.clone());
    let Some(name) = name.or_else(|| first.map(|a| a.evaluator.name.clone())) else {
        return invalid(NO_ASSIGNMENT);
    };
    let mapping = wanted.mapping.clone().or_else(|| first.and_then(|a| a.mapping.clone()));
    let assignment = resolve(db, Named { name, kind: kind.to_owned(), mapping })?;
    match rule.assignments.first_mut() {
        Some(first) => *first = assignment,
        None => rule.assignments.push(assignment),
    }
    Ok(())
}
