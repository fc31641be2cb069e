//! `GET /v3/scores`.

use rusqlite::types::Value as Arg;
use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};

use crate::server::data::sql::{List, Where, texts};
use crate::server::data::value::{cursor, iso, metadata, number, whole_seconds};
use crate::server::http::Call;
use crate::server::http::issue;
use crate::server::http::query::{Params, Query};
use crate::server::http::reply::{Answer, Reply};

const PARAMETERS: [&str; 22] = [
    "limit",
    "cursor",
    "fields",
    "id",
    "name",
    "source",
    "dataType",
    "environment",
    "configId",
    "queueId",
    "authorUserId",
    "value",
    "valueMin",
    "valueMax",
    "traceId",
    "sessionId",
    "observationId",
    "experimentId",
    "fromTimestamp",
    "toTimestamp",
    "userId",
    "traceTags",
];
const GROUPS: [&str; 4] = ["core", "details", "subject", "annotation"];
const SOURCES: [&str; 3] = ["API", "EVAL", "ANNOTATION"];
const TYPES: [&str; 5] = ["NUMERIC", "CATEGORICAL", "BOOLEAN", "CORRECTION", "TEXT"];

const NEWEST: List<'_> = List::of("scores", "timestamp DESC, id DESC");

/// The list, newest first.
pub fn list(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let limit = params.positive("limit", 50, 100);
    let groups = params.choices("fields", &GROUPS);
    let mut filter = filters(&call.query, &mut params);
    params.strict(&PARAMETERS);
    params.finish()?;
    if let Some(cursor) = call.query.get("cursor") {
        filter.after("timestamp, id", cursor, &["lastTimestamp", "lastId"])?;
    }
    let row = |r: &Row<'_>| row(r, &call.place.project.id, &groups);
    let window = format!("LIMIT {}", limit + 1);
    let mut data = filter.page(db, "scores.*", &NEWEST, &window, row)?;
    let more = data.len() > limit as usize;
    data.truncate(limit as usize);
    let mut meta = json!({"limit": limit});
    if let Some(last) = data.last().filter(|_| more) {
        let place = json!({"v": 1, "lastTimestamp": last["timestamp"], "lastId": last["id"]});
        meta["cursor"] = json!(cursor(&place));
    }
    Ok(Reply::ok(json!({"data": data, "meta": meta})))
}

fn filters(query: &Query, params: &mut Params<'_>) -> Where {
    let mut filter = Where::default();
    let columns = [
        ("id", "id"),
        ("name", "name"),
        ("environment", "environment"),
        ("configId", "config_id"),
        ("queueId", "queue_id"),
        ("authorUserId", "author_user_id"),
        ("traceId", "trace_id"),
        ("sessionId", "session_id"),
        ("experimentId", "run_id"),
        ("observationId", "observation_id"),
    ];
    for (key, column) in columns {
        filter.one_of(column, texts(&query.list(key)));
    }
    filter.one_of("source", texts(&params.choices("source", &SOURCES)));
    let types = params.choices("dataType", &TYPES);
    filter.one_of("data_type", texts(&types));
    if let Some(from) = params.date("fromTimestamp") {
        filter.and("timestamp >= ?", [Arg::from(iso(from))]);
    }
    if let Some(to) = params.date("toTimestamp") {
        filter.and("timestamp < ?", [Arg::from(iso(to))]);
    }
    rules(query, params);
    values(&mut filter, query, &types, params);
    filter
}

/// Rules over several parameters.
fn rules(query: &Query, params: &mut Params<'_>) {
    for key in ["userId", "traceTags"] {
        if query.get(key).is_some() {
            let message = format!(
                "{key} filter requires a trace JOIN and is not supported in v3 — use v2 or omit this filter"
            );
            params.note(issue::added(&message, &[]));
        }
    }
    let entities = ["traceId", "sessionId", "experimentId"];
    if entities.iter().filter(|key| query.get(key).is_some()).count() > 1 {
        let message = "traceId, sessionId and experimentId filters are mutually exclusive";
        params.note(issue::added(message, &[]));
    }
    if query.get("observationId").is_some() && query.get("traceId").is_none() {
        let message = "observationId filter requires traceId — observation IDs are scoped to a trace";
        params.note(issue::added(message, &[]));
    }
}

/// The filters on the value, whose meaning depends on the data type.
fn values(filter: &mut Where, query: &Query, types: &[&str], params: &mut Params<'_>) {
    let given = query.list("value");
    if !given.is_empty() {
        match value_args(&given, types) {
            Ok((column, args)) => {
                if column == "text" {
                    // Said as the index of labels says it.
                    filter.and("data_type = 'CATEGORICAL'", []);
                }
                filter.one_of(column, args);
            }
            Err(message) => params.note(issue::added(message, &["value"])),
        }
    }
    for (key, sign) in [("valueMin", ">="), ("valueMax", "<=")] {
        let Some(text) = query.get(key) else { continue };
        match text.parse::<f64>() {
            Ok(n) if n.is_finite() && types == ["NUMERIC"] => {
                filter.and(format!("number {sign} ?"), [n.into()]);
            }
            Ok(n) if n.is_finite() => {
                params.note(issue::added(&format!("{key} filter requires dataType=NUMERIC"), &[key]));
            }
            _ => params.note(issue::not_a_number(key)),
        }
    }
}

fn value_args(given: &[&str], types: &[&str]) -> Result<(&'static str, Vec<Arg>), &'static str> {
    let number = |text: &&str| text.parse::<f64>().ok().filter(|n| n.is_finite()).map(Arg::from);
    let flag = |text: &&str| match *text {
        "true" => Some(Arg::from(1.0)),
        "false" => Some(Arg::from(0.0)),
        _ => None,
    };
    match types {
        ["NUMERIC"] => {
            let args: Option<Vec<_>> = given.iter().map(number).collect();
            Ok(("number", args.ok_or("value must be finite numbers for dataType NUMERIC")?))
        }
        ["BOOLEAN"] => {
            let args: Option<Vec<_>> = given.iter().map(flag).collect();
            Ok(("number", args.ok_or("value must be true or false for dataType BOOLEAN")?))
        }
        ["CATEGORICAL"] => Ok(("text", texts(given))),
        _ => Err("value filter requires exactly one dataType of NUMERIC, BOOLEAN or CATEGORICAL"),
    }
}

/// A score with the wanted groups of fields.
pub fn row(r: &Row<'_>, project: &str, groups: &[&str]) -> rusqlite::Result<Value> {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        out.insert(key.to_owned(), value);
    };
    let text = |column: &str| Ok::<_, rusqlite::Error>(json!(r.get::<_, Option<String>>(column)?));
    put("id", text("id")?);
    put("projectId", json!(project));
    put("name", text("name")?);
    put("source", text("source")?);
    put("timestamp", text("timestamp")?);
    put("environment", text("environment")?);
    put("createdAt", json!(whole_seconds(&r.get::<_, String>("created_at")?)));
    put("updatedAt", text("updated_at")?);
    if groups.contains(&"details") {
        put("comment", text("comment")?);
        put("configId", text("config_id")?);
        put("metadata", metadata(&r.get::<_, String>("metadata")?, None));
    }
    if groups.contains(&"annotation") {
        put("authorUserId", text("author_user_id")?);
        put("queueId", text("queue_id")?);
    }
    if groups.contains(&"subject") {
        put("subject", subject(r)?);
    }
    let data_type: String = r.get("data_type")?;
    let value = match data_type.as_str() {
        "NUMERIC" => number(r.get::<_, Option<f64>>("number")?.unwrap_or_default()),
        "BOOLEAN" => json!(r.get::<_, Option<f64>>("number")?.unwrap_or_default() != 0.0),
        _ => text("text")?,
    };
    put("dataType", json!(data_type));
    put("value", value);
    Ok(Value::Object(out))
}

fn subject(r: &Row<'_>) -> rusqlite::Result<Value> {
    let text = |column: &str| r.get::<_, Option<String>>(column);
    let (trace, session) = (text("trace_id")?, text("session_id")?);
    Ok(if let Some(observation) = text("observation_id")? {
        json!({"kind": "observation", "id": observation, "traceId": trace})
    } else if trace.is_some() {
        json!({"kind": "trace", "id": trace})
    } else if session.is_some() {
        json!({"kind": "session", "id": session})
    } else {
        json!({"kind": "experiment", "id": text("run_id")?})
    })
}
