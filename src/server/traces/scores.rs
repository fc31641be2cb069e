//! The scores of a trace, as the old data model shows them.

use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};

use crate::server::data::value::{metadata, number, whole_seconds};

/// A category has the number its config gives it.
const SQL: &str = "SELECT s.*, CASE s.data_type
        WHEN 'CATEGORICAL' THEN ifnull((SELECT json_extract(c.value, '$.value')
            FROM score_configs AS k, json_each(k.categories) AS c
            WHERE k.id = s.config_id AND json_extract(c.value, '$.label') = s.text), 0)
        ELSE s.number END AS value
    FROM scores AS s
    WHERE s.trace_id = ?1 AND s.session_id IS NULL AND s.data_type <> 'CORRECTION'
    ORDER BY s.updated_at DESC, s.id";

/// All but corrections, last stored first.
pub fn of_trace(db: &Connection, project: &str, trace: &str) -> rusqlite::Result<Vec<Value>> {
    let mut statement = db.prepare_cached(SQL)?;
    statement.query_map([trace], |r| row(r, project))?.collect()
}

fn row(r: &Row<'_>, project: &str) -> rusqlite::Result<Value> {
    let text = |column: &str| Ok::<_, rusqlite::Error>(json!(r.get::<_, Option<String>>(column)?));
    let kind: String = r.get("data_type")?;
    let amount = r.get::<_, Option<f64>>("value")?.unwrap_or_default();
    let string = match kind.as_str() {
        "NUMERIC" => Value::Null,
        "BOOLEAN" => json!(if amount == 0.0 { "False" } else { "True" }),
        _ => text("text")?,
    };
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("id", text("id")?);
    put("projectId", json!(project));
    put("environment", text("environment")?);
    put("name", text("name")?);
    if kind != "TEXT" {
        put("value", number(amount));
    }
    for (key, column) in [("source", "source"), ("authorUserId", "author_user_id"), ("comment", "comment")] {
        put(key, text(column)?);
    }
    put("metadata", metadata(&r.get::<_, String>("metadata")?, None));
    put("configId", text("config_id")?);
    put("queueId", text("queue_id")?);
    put("executionTraceId", text("execution_trace_id")?);
    put("createdAt", json!(whole_seconds(&r.get::<_, String>("created_at")?)));
    put("updatedAt", text("updated_at")?);
    put("timestamp", text("timestamp")?);
    put("traceId", text("trace_id")?);
    put("observationId", text("observation_id")?);
    put("stringValue", string);
    put("dataType", json!(kind));
    Ok(Value::Object(out))
}
