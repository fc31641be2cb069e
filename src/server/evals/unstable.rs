//! Evaluators in the words of `/unstable/evaluators`: one list of names, each write of a known name
//! a new version.

use axum::http::StatusCode;
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::body;
use super::definition::Definition;
use super::evaluator::{self, Evaluator};
use super::mapping;
use super::rule::Target;
use crate::server::http::Call;
use crate::server::http::query::Params;
use crate::server::http::reply::{Answer, Problem, Reply};

fn json(db: &Connection, evaluator: &Evaluator) -> rusqlite::Result<Value> {
    let latest = &evaluator.latest;
    let mut fields = Map::new();
    for (key, value) in [
        ("id", json!(evaluator.id)),
        ("name", json!(evaluator.name)),
        ("version", json!(latest.number)),
        ("variables", json!(latest.definition.variables())),
        ("mapping", json!(latest.definition.mapping())),
        ("evaluationRuleCount", json!(evaluator::rule_count(db, &evaluator.id)?)),
        ("createdAt", json!(evaluator.created_at)),
        ("updatedAt", json!(evaluator.updated_at)),
        ("type", json!(latest.definition.kind())),
    ] {
        fields.insert(key.into(), value);
    }
    let rest = match &latest.definition {
        Definition::LlmAsJudge(judge) => vec![
            ("prompt", json!(judge.text())),
            ("outputDefinition", judge.output.clone()),
            ("modelConfig", json!(judge.model)),
        ],
        Definition::Code(code) => {
            vec![("sourceCode", json!(code.source)), ("sourceCodeLanguage", json!(code.language))]
        }
    };
    fields.extend(rest.into_iter().map(|(key, value)| (key.to_owned(), value)));
    Ok(Value::Object(fields))
}

/// `GET /unstable/evaluators`, the one changed last first
pub fn list(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let page = params.page();
    params.finish()?;
    let order = "ORDER BY updated_at DESC, id DESC";
    let from = format!("FROM {}", evaluator::TABLE);
    page.answer(db, "*", &from, order, &[], |r| json(db, &evaluator::row(r)?))
}

/// `GET /unstable/evaluators/{evaluatorId}`
pub fn get(db: &Connection, call: &Call) -> Answer {
    Ok(Reply::ok(json(db, &evaluator::get(db, call.param("evaluatorId"))?)?))
}

/// `POST /unstable/evaluators`: a new evaluator, or a new version of the one of that name
pub fn create(db: &Connection, call: &Call) -> Answer {
    let (name, definition) = body::unstable(&call.body)?;
    match &definition {
        Definition::LlmAsJudge(judge) => {
            if let Some(mapping) = &judge.mapping {
                mapping::check(mapping, &definition.variables(), Target::Observation)?;
            }
        }
        Definition::Code(_) => return Err(no_programs()),
    }
    let known = evaluator::named(db, &name)?;
    let id = match known.as_slice() {
        [] => evaluator::insert(db, (&name, None), &definition, call.now)?,
        [known] if known.latest.definition.kind() == definition.kind() => {
            evaluator::append(db, &known.id, &definition, call.now)?;
            known.id.clone()
        }
        [_] => {
            return Err(taken(format!("An evaluator named \"{name}\" already exists with a different type")));
        }
        _ => return Err(taken(format!("Multiple evaluators named \"{name}\" exist in this project"))),
    };
    Ok(Reply::ok(json(db, &evaluator::get(db, &id)?)?))
}

/// A bare installation has nothing to run programs with.
fn no_programs() -> Problem {
    Problem::Named(StatusCode::FORBIDDEN, "access_denied", "Code evals are not enabled".into())
}

fn taken(message: String) -> Problem {
    Problem::Detailed(StatusCode::CONFLICT, "name_conflict", message, json!({"field": "name"}))
}

/// `DELETE /unstable/evaluators/{evaluatorId}`, used or not
pub fn delete(db: &Connection, call: &Call) -> Answer {
    evaluator::delete(db, call.param("evaluatorId"), call.now)?;
    Ok(Reply::ok(json!({"message": "Evaluator successfully deleted"})))
}
