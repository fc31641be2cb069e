//! Evaluators in the words of `/v2/evaluators`: known by their id, changed by `PATCH`.

use axum::http::StatusCode;
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, Row, params_from_iter};
use serde_json::{Map, Value, json};

use super::body::{self, Change, New};
use super::definition::{Definition, pause_message, stable_output};
use super::evaluator::{self, Evaluator, Version};
use super::{mapping, rule};
use crate::server::data::value::{cursor, cursor_place, iso, strict_time};
use crate::server::http::Call;
use crate::server::http::fields::Given;
use crate::server::http::issue;
use crate::server::http::query::{Params, no_parameters};
use crate::server::http::reply::{Answer, Problem, Reply};

/// The fields that tell what a version does.
fn definition(definition: &Definition) -> Vec<(&'static str, Value)> {
    let kind = ("type", json!(definition.kind()));
    match definition {
        Definition::LlmAsJudge(judge) => vec![
            kind,
            ("prompt", json!(judge.prompt)),
            ("variables", json!(definition.variables())),
            ("variableMapping", json!(judge.mapping)),
            ("modelConfig", json!(judge.model)),
            ("outputDefinition", stable_output(&judge.output)),
        ],
        Definition::Code(code) => {
            vec![kind, ("sourceCode", json!(code.source)), ("sourceCodeLanguage", json!(code.language))]
        }
    }
}

fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
}

fn json(db: &Connection, evaluator: &Evaluator) -> rusqlite::Result<Value> {
    let assignments = rule::of_evaluator(db, &evaluator.id)?.into_iter().map(|(rule, mapping)| {
        let mapping = mapping.map(|mapping| ("variableMappingOverride", mapping));
        object([("evaluationRuleId", json!(rule))].into_iter().chain(mapping))
    });
    let latest = &evaluator.latest;
    let own = [
        ("id", json!(evaluator.id)),
        ("name", json!(evaluator.name)),
        ("description", json!(evaluator.description)),
        ("createdBy", Value::Null),
        ("status", json!(if evaluator.paused_at.is_some() { "paused" } else { "active" })),
        ("pausedAt", json!(evaluator.paused_at)),
        ("pausedReason", json!(evaluator.paused_reason)),
        ("pausedMessage", json!(evaluator.paused_reason.as_deref().map(pause_message))),
        ("evaluationRuleAssignments", assignments.collect()),
        ("createdAt", json!(evaluator.created_at)),
        ("updatedAt", json!(evaluator.updated_at)),
        ("versionId", json!(latest.id)),
        ("version", json!(latest.number)),
        ("versionCreatedAt", json!(latest.created_at)),
        ("versionCreatedBy", Value::Null),
    ];
    Ok(object(own.into_iter().chain(definition(&latest.definition))))
}

fn version_json(version: &Version) -> Value {
    let own = [
        ("id", json!(version.id)),
        ("version", json!(version.number)),
        ("createdAt", json!(version.created_at)),
        ("createdBy", Value::Null),
    ];
    object(own.into_iter().chain(definition(&version.definition)))
}

/// Where the last page ended, if the request tells.
fn place(call: &Call) -> Result<Option<Value>, Problem> {
    let Some(given) = call.query.raw("cursor") else { return Ok(None) };
    cursor_place(given).map(Some).ok_or_else(|| Problem::Refused("Invalid cursor format".into()))
}

/// The page size, where `limit` and `cursor` are all there is.
fn limit(call: &Call) -> Result<u32, Problem> {
    let mut params = Params::of(&call.query);
    let limit = params.positive("limit", 50, 100);
    params.strict(&["limit", "cursor"]);
    params.finish()?;
    Ok(limit)
}

fn bad_cursor() -> Problem {
    Problem::QueryIssues(vec![issue::no_variant("v")])
}

/// A page, and the cursor to the next one.
fn page_of(data: &[Value], next: Option<Value>) -> Reply {
    let meta = next.map(|next| ("cursor", json!(cursor(&next))));
    Reply::ok(json!({"data": data, "meta": object(meta)}))
}

/// A page of a table, newest first.
pub fn page(
    db: &Connection,
    call: &Call,
    table: &str,
    row: impl FnMut(&Row<'_>) -> rusqlite::Result<Value>,
) -> Answer {
    let limit = limit(call)?;
    let after = place(call)?.map(|cursor| {
        let at = cursor["lastCreatedAt"].as_str().and_then(strict_time).map(iso);
        at.zip(cursor["lastId"].as_str().map(ToOwned::to_owned)).ok_or_else(bad_cursor)
    });
    let args: Vec<SqlValue> = after
        .transpose()?
        .into_iter()
        .flat_map(|(at, id)| [SqlValue::from(at), SqlValue::from(id)])
        .collect();
    let after = if args.is_empty() { "" } else { "WHERE (created_at, id) < (?1, ?2)" };
    let sql = format!("SELECT * FROM {table} {after} ORDER BY created_at DESC, id DESC LIMIT {}", limit + 1);
    let mut statement = db.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(args), row)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let data = rows.get(..limit as usize).unwrap_or(&rows);
    let last = data.last().filter(|_| rows.len() > data.len());
    let next = last.map(|row| json!({"v": 1, "lastCreatedAt": row["createdAt"], "lastId": row["id"]}));
    Ok(page_of(data, next))
}

/// `GET /v2/evaluators`, newest first
pub fn list(db: &Connection, call: &Call) -> Answer {
    page(db, call, evaluator::TABLE, |r| json(db, &evaluator::row(r)?))
}

/// `GET /v2/evaluators/{evaluatorId}`
pub fn get(db: &Connection, call: &Call) -> Answer {
    no_parameters(&call.query)?;
    Ok(Reply::ok(json(db, &evaluator::get(db, call.param("evaluatorId"))?)?))
}

/// `GET /v2/evaluators/{evaluatorId}/versions`, latest first
pub fn versions(db: &Connection, call: &Call) -> Answer {
    let limit = limit(call)?;
    let before = place(call)?.map(|cursor| cursor["version"].as_i64().ok_or_else(bad_cursor));
    let evaluator = evaluator::get(db, call.param("evaluatorId"))?;
    let before = before.transpose()?.unwrap_or(i64::MAX);
    let found = evaluator::versions(db, &evaluator.id, before, limit + 1)?;
    let shown = found.get(..limit as usize).unwrap_or(&found);
    let last = shown.last().filter(|_| found.len() > shown.len());
    let next = last.map(|version| json!({"v": 1, "version": version.number}));
    Ok(page_of(&shown.iter().map(version_json).collect::<Vec<_>>(), next))
}

fn check(definition: &Definition) -> Result<(), Problem> {
    match definition {
        Definition::LlmAsJudge(judge) => judge
            .mapping
            .as_ref()
            .map_or(Ok(()), |mapping| mapping::check_complete(mapping, &definition.variables())),
        Definition::Code(_) => Ok(()),
    }
}

/// `POST /v2/evaluators`: always a new one, whatever its name
pub fn create(db: &Connection, call: &Call) -> Answer {
    let New { name, description, definition } = body::create(&call.body)?;
    check(&definition)?;
    let id = evaluator::insert(db, (&name, description.as_deref()), &definition, call.now)?;
    Ok(Reply::ok(json(db, &evaluator::get(db, &id)?)?))
}

/// `PATCH /v2/evaluators/{evaluatorId}`: another definition is a new version
pub fn patch(db: &Connection, call: &Call) -> Answer {
    let Change { name, description, definition } = body::patch(&call.body)?;
    let known = evaluator::get(db, call.param("evaluatorId"))?;
    if let Some(definition) = &definition {
        check(definition)?;
        if definition.kind() != known.latest.definition.kind() {
            let message = "Evaluator type cannot be changed".to_owned();
            return Err(Problem::Named(StatusCode::CONFLICT, "conflict", message));
        }
        if *definition != known.latest.definition {
            evaluator::append(db, &known.id, definition, call.now)?;
        }
    }
    if name.is_some() || description != Given::Absent {
        let description = match description {
            Given::Absent => known.description,
            given => given.value(),
        };
        db.execute(
            "UPDATE evaluators SET name = ?2, description = ?3, updated_at = ?4 WHERE id = ?1",
            (&known.id, name.unwrap_or(known.name), description, iso(call.now)),
        )?;
    }
    Ok(Reply::ok(json(db, &evaluator::get(db, &known.id)?)?))
}

/// `DELETE /v2/evaluators/{evaluatorId}`
pub fn delete(db: &Connection, call: &Call) -> Answer {
    let id = call.param("evaluatorId");
    evaluator::delete(db, id, call.now)?;
    Ok(Reply::ok(json!({"id": id})))
}
