//! Evaluators as they are kept: an identity, and versions of its definition.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use uuid::Uuid;

use super::definition::Definition;
use crate::server::data::value::iso;
use crate::server::data::workspace::next_id;
use crate::server::http::reply::Problem;

/// An evaluator with its latest version.
#[derive(Debug, Clone)]
pub struct Evaluator {
    /// Stays over all versions.
    pub id: String,
    /// What people and rules call it; several may share it.
    pub name: String,
    /// What people say about it.
    pub description: Option<String>,
    /// Since when nothing can run it.
    pub paused_at: Option<String>,
    /// Why.
    pub paused_reason: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it was changed last.
    pub updated_at: String,
    /// The latest version.
    pub latest: Version,
}

/// A version of an evaluator.
#[derive(Debug, Clone)]
pub struct Version {
    /// Names it among all versions.
    pub id: String,
    /// Counts from 1.
    pub number: i64,
    /// When it was made.
    pub created_at: String,
    /// What it does.
    pub definition: Definition,
}

/// Evaluators with their latest version.
pub const TABLE: &str =
    "(SELECT e.*, v.id AS version_id, v.version, v.definition, v.created_at AS version_created_at
    FROM evaluators AS e JOIN evaluator_versions AS v ON v.evaluator_id = e.id
    WHERE v.version = (SELECT max(version) FROM evaluator_versions WHERE evaluator_id = e.id))";

/// A row of [`TABLE`].
pub fn row(r: &Row<'_>) -> rusqlite::Result<Evaluator> {
    Ok(Evaluator {
        id: r.get("id")?,
        name: r.get("name")?,
        description: r.get("description")?,
        paused_at: r.get("paused_at")?,
        paused_reason: r.get("paused_reason")?,
        created_at: r.get("created_at")?,
        updated_at: r.get("updated_at")?,
        latest: version(r, "version_id", "version_created_at")?,
    })
}

fn version(r: &Row<'_>, id: &str, created_at: &str) -> rusqlite::Result<Version> {
    let definition: String = r.get("definition")?;
    let unreadable =
        |error: serde_json::Error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error));
    Ok(Version {
        id: r.get(id)?,
        number: r.get("version")?,
        created_at: r.get(created_at)?,
        definition: serde_json::from_str(&definition).map_err(unreadable)?,
    })
}

/// One evaluator.
pub fn find(db: &Connection, id: &str) -> rusqlite::Result<Option<Evaluator>> {
    db.query_row(&format!("SELECT * FROM {TABLE} WHERE id = ?1"), [id], row).optional()
}

/// The same, which must be there.
pub fn get(db: &Connection, id: &str) -> Result<Evaluator, Problem> {
    find(db, id)?.ok_or_else(|| Problem::Missing("Evaluator not found".into()))
}

/// All that have the name, oldest first.
pub fn named(db: &Connection, name: &str) -> rusqlite::Result<Vec<Evaluator>> {
    let sql = format!("SELECT * FROM {TABLE} WHERE name = ?1 ORDER BY created_at, id");
    db.prepare(&sql)?.query_map([name], row)?.collect()
}

/// Versions of an evaluator before that one, latest first.
pub fn versions(db: &Connection, id: &str, before: i64, limit: u32) -> rusqlite::Result<Vec<Version>> {
    let sql = "SELECT id, version, definition, created_at FROM evaluator_versions
        WHERE evaluator_id = ?1 AND version < ?2 ORDER BY version DESC LIMIT ?3";
    let read = |r: &Row<'_>| version(r, "id", "created_at");
    db.prepare(sql)?.query_map((id, before, limit), read)?.collect()
}

/// How many rules use it.
pub fn rule_count(db: &Connection, id: &str) -> rusqlite::Result<i64> {
    let sql = "SELECT count(DISTINCT rule_id) FROM rule_evaluators WHERE evaluator_id = ?1";
    db.query_row(sql, [id], |r| r.get(0))
}

/// Adds an evaluator; gives its id.
pub fn insert(
    db: &Connection,
    (name, description): (&str, Option<&str>),
    definition: &Definition,
    now: Timestamp,
) -> Result<String, Problem> {
    let id = next_id(db, now)?;
    db.execute(
        "INSERT INTO evaluators (id, name, description, type, created_at, updated_at)
         VALUES (:id, :name, :description, :kind, :now, :now)",
        named_params! {
            ":id": id, ":name": name, ":description": description, ":kind": definition.kind(),
            ":now": iso(now),
        },
    )?;
    append(db, &id, definition, now)?;
    Ok(id)
}

/// Adds a version, and says whether anything can run it.
pub fn append(db: &Connection, id: &str, definition: &Definition, now: Timestamp) -> Result<(), Problem> {
    let stored = serde_json::to_string(definition).map_err(|error| Problem::Broken(error.to_string()))?;
    db.execute(
        "INSERT INTO evaluator_versions (evaluator_id, version, id, definition, created_at)
         SELECT :id, 1 + ifnull(max(version), 0), :version_id, :definition, :now
         FROM evaluator_versions WHERE evaluator_id = :id",
        named_params! {
            ":id": id, ":version_id": Uuid::new_v4().to_string(), ":definition": stored, ":now": iso(now),
        },
    )?;
    let reason = definition.pause("").map(|(reason, _)| reason);
    db.execute(
        "UPDATE evaluators SET paused_at = :at, paused_reason = :reason, updated_at = :now WHERE id = :id",
        named_params! {
            ":id": id, ":at": reason.map(|_| iso(now)), ":reason": reason, ":now": iso(now),
        },
    )?;
    Ok(())
}

/// Removes an evaluator with all its versions; rules that lose their last one are switched off.
pub fn delete(db: &Connection, id: &str, now: Timestamp) -> Result<(), Problem> {
    let users = "SELECT rule_id FROM rule_evaluators WHERE evaluator_id = ?1";
    let users: Vec<String> = db.prepare(users)?.query_map([id], |r| r.get(0))?.collect::<Result<_, _>>()?;
    if db.execute("DELETE FROM evaluators WHERE id = ?1", [id])? == 0 {
        return Err(Problem::Missing("Evaluator not found".into()));
    }
    for rule in users {
        db.execute(
            "UPDATE evaluation_rules SET is_enabled = 0, updated_at = ?2 WHERE id = ?1 AND is_enabled
                AND NOT EXISTS (SELECT 1 FROM rule_evaluators WHERE rule_id = ?1)",
            (rule, iso(now)),
        )?;
    }
    Ok(())
}
