//! What a due score write does: checked against its config, then merged into what is stored.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::{Map, Value, json};

use crate::domain::{self, Category, DataType, ScoreConfig};
use crate::server::data::sql::upsert;
use crate::server::data::value::{iso, merge, parse, strict_time};

const COLUMNS: [&str; 20] = [
    "id",
    "name",
    "data_type",
    "number",
    "text",
    "source",
    "config_id",
    "queue_id",
    "trace_id",
    "observation_id",
    "session_id",
    "run_id",
    "comment",
    "metadata",
    "environment",
    "author_user_id",
    "timestamp",
    "created_at",
    "updated_at",
    "execution_trace_id",
];

static SAVE: LazyLock<String> = LazyLock::new(|| upsert("scores", &["id"], &COLUMNS));

/// A score that fits: what the write resolves to.
#[derive(Debug)]
pub struct Fit {
    name: String,
    data_type: DataType,
    value: domain::Value,
}

/// The stored fields that an update may keep.
#[derive(Debug, Default)]
struct Old {
    config: Option<String>,
    trace: Option<String>,
    observation: Option<String>,
    session: Option<String>,
    run: Option<String>,
    comment: Option<String>,
    metadata: String,
    environment: String,
    author: Option<String>,
    timestamp: String,
    created_at: String,
}

/// What the write resolves to, or why it does not fit.
pub fn verdict(db: &Connection, body: &Value) -> rusqlite::Result<Result<Fit, String>> {
    let config = match body["configId"].as_str().filter(|id| !id.is_empty()) {
        None => None,
        Some(id) => match load_config(db, id)? {
            None => return Ok(Err(format!("score config {id} does not exist"))),
            found => found,
        },
    };
    Ok(judge(body, config))
}

fn judge(body: &Value, config: Option<ScoreConfig>) -> Result<Fit, String> {
    let given = body["dataType"].as_str().and_then(data_type);
    let inferred = if body["value"].is_string() { DataType::Categorical } else { DataType::Numeric };
    let wanted = config.as_ref().map_or(inferred, |c| c.data_type);
    let data_type = given.unwrap_or(wanted);
    if data_type == DataType::Correction && body["traceId"].as_str().is_none_or(str::is_empty) {
        return Err("a correction needs a trace".into());
    }
    let value = read_value(data_type, &body["value"])
        .ok_or_else(|| format!("{} is no {} value", body["value"], data_type.api_name()))?;
    let name = if data_type == DataType::Correction { "output" } else { body["name"].as_str().unwrap_or("") };
    let Some(config) = config else { return Ok(Fit { name: name.into(), data_type, value }) };
    config.check(&value).map_err(|refusal| refusal.to_string())?;
    Ok(Fit { name: config.name, data_type, value })
}

fn read_value(data_type: DataType, value: &Value) -> Option<domain::Value> {
    match data_type {
        DataType::Numeric => value.as_f64().map(domain::Value::Number),
        DataType::Boolean => match value.as_f64()? {
            0.0 => Some(domain::Value::Boolean(false)),
            1.0 => Some(domain::Value::Boolean(true)),
            _ => None,
        },
        DataType::Categorical => value.as_str().map(|label| domain::Value::Category(label.into())),
        DataType::Text | DataType::Correction => value.as_str().map(|text| domain::Value::Text(text.into())),
    }
}

/// Reads the API's name of a type.
pub fn data_type(name: &str) -> Option<DataType> {
    use DataType::{Boolean, Categorical, Correction, Numeric, Text};
    [Numeric, Boolean, Categorical, Text, Correction].into_iter().find(|t| t.api_name() == name)
}

fn load_config(db: &Connection, id: &str) -> rusqlite::Result<Option<ScoreConfig>> {
    let sql = "SELECT id, name, data_type, is_archived, min_value, max_value, categories, created_at
        FROM score_configs WHERE id = ?1";
    db.query_row(sql, [id], |r| {
        let categories: Option<String> = r.get(6)?;
        Ok(ScoreConfig {
            id: r.get::<_, String>(0)?.into(),
            name: r.get(1)?,
            description: None,
            data_type: data_type(&r.get::<_, String>(2)?).unwrap_or(DataType::Text),
            is_archived: r.get(3)?,
            min: r.get(4)?,
            max: r.get(5)?,
            categories: categories.map(|text| read_categories(&parse(&text))).unwrap_or_default(),
            created_at: r.get::<_, String>(7)?.parse().unwrap_or_default(),
        })
    })
    .optional()
}

fn read_categories(stored: &Value) -> Vec<Category> {
    let read = |entry: &Value| {
        Some(Category { label: entry["label"].as_str()?.to_owned(), value: entry["value"].as_f64()? })
    };
    stored.as_array().map(|list| list.iter().filter_map(read).collect()).unwrap_or_default()
}

/// Merges the write into the stored score, or drops it without a word.
///
/// Trace, environment and times stay as first written; source and queue fall back to their
/// defaults when left out; the rest is kept when left out and cleared by null.
pub fn apply(db: &Connection, body: &Value, now: &str) -> rusqlite::Result<()> {
    let id = body["id"].as_str().unwrap_or_default();
    let fit = match verdict(db, body)? {
        Ok(fit) => fit,
        Err(reason) => {
            tracing::debug!(id, reason, "score dropped");
            // What is stored is worked out again all the same, from the writes that fit.
            db.prepare_cached("UPDATE scores SET updated_at = ?2 WHERE id = ?1")?.execute([id, now])?;
            return Ok(());
        }
    };
    let old = load(db, id)?;
    let is_new = old.is_none();
    let old = old.unwrap_or_else(|| first(body, now));
    let keep = |key: &str, old: Option<String>| match body.get(key) {
        None => old,
        Some(given) => given.as_str().map(str::to_owned),
    };
    let trace = if is_new { keep("traceId", None) } else { old.trace };
    let (number, text) = columns(&fit.value);
    db.prepare_cached(&SAVE)?.execute(named_params! {
        ":id": id, ":name": fit.name, ":data_type": fit.data_type.api_name(), ":number": number, ":text": text,
        ":source": body["source"].as_str().unwrap_or("API"), ":config_id": keep("configId", old.config),
        ":queue_id": body["queueId"].as_str(), ":trace_id": trace,
        ":observation_id": keep("observationId", old.observation),
        ":session_id": keep("sessionId", old.session), ":run_id": keep("datasetRunId", old.run),
        ":comment": keep("comment", old.comment), ":metadata": merged(&old.metadata, body),
        ":environment": old.environment, ":author_user_id": old.author, ":timestamp": old.timestamp,
        ":created_at": old.created_at, ":updated_at": now,
        ":execution_trace_id": body["executionTraceId"].as_str(),
    })?;
    Ok(())
}

fn columns(value: &domain::Value) -> (Option<f64>, Option<&str>) {
    match value {
        domain::Value::Number(n) => (Some(*n), None),
        domain::Value::Boolean(yes) => (Some(f64::from(u8::from(*yes))), None),
        domain::Value::Category(text) | domain::Value::Text(text) => (None, Some(text)),
    }
}

/// What the first write of an id fixes for good.
fn first(body: &Value, now: &str) -> Old {
    let timestamp = body["timestamp"].as_str().and_then(strict_time).map_or_else(|| now.to_owned(), iso);
    Old {
        metadata: "{}".into(),
        environment: environment(body["environment"].as_str().unwrap_or("default")),
        timestamp,
        created_at: now.to_owned(),
        ..Old::default()
    }
}

fn load(db: &Connection, id: &str) -> rusqlite::Result<Option<Old>> {
    let sql = "SELECT config_id, trace_id, observation_id, session_id, run_id, comment, metadata,
        environment, author_user_id, timestamp, created_at FROM scores WHERE id = ?1";
    db.query_row(sql, [id], |r| {
        Ok(Old {
            config: r.get(0)?,
            trace: r.get(1)?,
            observation: r.get(2)?,
            session: r.get(3)?,
            run: r.get(4)?,
            comment: r.get(5)?,
            metadata: r.get(6)?,
            environment: r.get(7)?,
            author: r.get(8)?,
            timestamp: r.get(9)?,
            created_at: r.get(10)?,
        })
    })
    .optional()
}

/// The stored metadata with the write's folded in; what is no object becomes one.
fn merged(old: &str, body: &Value) -> String {
    let newer = match &body["metadata"] {
        Value::Null => return old.to_owned(),
        Value::Object(_) => body["metadata"].clone(),
        Value::String(text) => json!({"metadata": text}),
        other => json!({"metadata": other.to_string()}),
    };
    let mut all = parse(old);
    if !all.is_object() {
        all = Value::Object(Map::new());
    }
    merge(&mut all, &newer);
    all.to_string()
}

/// An environment name as the event store keeps it: lower case, without a leading `langfuse`, at
/// most 40 characters of `a-z 0-9 - _`; anything else is `default`.
pub fn environment(given: &str) -> String {
    let lower = given.to_lowercase();
    let mut name = lower.as_str();
    while let Some(rest) = name.strip_prefix("langfuse") {
        name = rest.trim_start_matches(['-', '_']);
    }
    let name: String = name.chars().take(40).collect();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if name.is_empty() || !name.chars().all(plain) { "default".into() } else { name }
}
