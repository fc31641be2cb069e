//! Deleting traces, with their observations and scores. Comments and queue items stay behind.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::server::http::Call;
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::reply::{Answer, Reply};

/// Most traces one request may name.
const MOST: usize = 1000;

/// `DELETE /traces/{traceId}`: also of one that is not there.
pub fn one(db: &Connection, call: &Call) -> Answer {
    forget(db, call.param("traceId"))?;
    Ok(Reply::ok(json!({"message": "Trace deleted successfully"})))
}

/// `DELETE /traces`
pub fn many(db: &Connection, call: &Call) -> Answer {
    let mut fields = Fields::of(&call.body)?;
    let text = |id: &'_ Value| match id {
        Value::String(id) => Ok(id.clone()),
        other => Err(vec![issue::invalid_type("string", Some(other), &[])]),
    };
    let ids = fields.entries("traceIds", text);
    let given = fields.get("traceIds").and_then(Value::as_array).map(Vec::len);
    match given {
        Some(0) => fields.note(wrong_count("too_small", "minimum", 1, "At least 1 traceId is required.")),
        Some(MOST..) if given != Some(MOST) => {
            let message = "Cannot specify more than 1000 traces in a single request.";
            fields.note(wrong_count("too_big", "maximum", MOST, message));
        }
        _ => {}
    }
    fields.strict(&["traceIds"]);
    fields.finish()?;
    for id in ids {
        forget(db, &id)?;
    }
    Ok(Reply::ok(json!({"message": "Traces deleted successfully"})))
}

fn wrong_count(code: &str, bound: &str, count: usize, message: &str) -> Value {
    json!({
        "origin": "array", "code": code, bound: count, "inclusive": true, "path": ["traceIds"],
        "message": message,
    })
}

fn forget(db: &Connection, trace: &str) -> rusqlite::Result<()> {
    db.execute("DELETE FROM observations WHERE trace_id = ?1", [trace])?;
    db.execute("DELETE FROM scores WHERE trace_id = ?1", [trace])?;
    db.execute("DELETE FROM traces WHERE id = ?1", [trace])?;
    Ok(())
}
