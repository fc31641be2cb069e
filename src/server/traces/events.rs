//! `GET /v2/observations`, and the deletion of traces.

use rusqlite::types::Value as Arg;
use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};

use super::filter;
use crate::server::data::sql::{Where, texts};
use crate::server::data::value::{base64_encode, iso, metadata, number, parse, whole_seconds};
use crate::server::http::Call;
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::query::{Params, Query};
use crate::server::http::reply::{Answer, Problem, Reply};

const TYPES: [&str; 10] = [
    "GENERATION",
    "SPAN",
    "EVENT",
    "AGENT",
    "TOOL",
    "CHAIN",
    "RETRIEVER",
    "EVALUATOR",
    "EMBEDDING",
    "GUARDRAIL",
];
const LEVELS: [&str; 4] = ["DEBUG", "DEFAULT", "WARNING", "ERROR"];
const PARSE_IO: &str = "parseIoAsJson=true is no longer supported on the v2 observations endpoint. \
    Input/output fields are always returned as raw strings. Remove the parseIoAsJson parameter or set it \
    to false.";
/// Metadata values are cut to this many characters unless asked for in full.
const METADATA_CUT: usize = 200;

/// The list, newest first.
pub fn list(db: &Connection, call: &Call) -> Answer {
    let query = &call.query;
    let mut params = Params::of(query);
    let limit = params.count("limit", 50, 1000);
    if query.raw("parseIoAsJson") == Some("true") {
        params.note(issue::custom(PARSE_IO, &["parseIoAsJson"]));
    }
    let mut conditions = Where::default();
    let filtered = filter::add(&mut conditions, query.get("filter"))?;
    simple(&mut conditions, query, &mut params, &filtered);
    params.finish()?;
    if let Some(cursor) = query.get("cursor") {
        let keys = ["lastStartTimeTo", "lastTraceId", "lastId"];
        conditions.after("start_time, trace_id, id", cursor, &keys)?;
    }
    if limit == 0 {
        return Ok(Reply::ok(json!({"data": [], "meta": {}})));
    }
    let shape = Shape::of(query, &call.place.project.id);
    let order = "start_time DESC, trace_id DESC, id DESC";
    let (data, more) = conditions.newest(db, "observations", order, limit, |r| shape.row(r))?;
    let mut meta = json!({});
    if let Some(last) = data.last().filter(|_| more) {
        let cursor = json!({
            "lastStartTimeTo": last["startTime"], "lastTraceId": last["traceId"], "lastId": last["id"],
        });
        meta["cursor"] = json!(base64_encode(&cursor.to_string()));
    }
    Ok(Reply::ok(json!({"data": data, "meta": meta})))
}

/// The simple parameters, each unless a filter names the same column.
fn simple(conditions: &mut Where, query: &Query, params: &mut Params<'_>, filtered: &[String]) {
    let free = |key: &str| !filtered.iter().any(|f| f == key);
    let columns = [
        ("traceId", "trace_id"),
        ("name", "name"),
        ("userId", "user_id"),
        ("sessionId", "session_id"),
        ("version", "version"),
    ];
    for (key, column) in columns {
        if let Some(text) = query.get(key).filter(|_| free(key)) {
            conditions.is(column, text);
        }
    }
    match query.raw("parentObservationId").filter(|_| free("parentObservationId")) {
        Some("") => conditions.and("parent_id IS NULL", []),
        Some(id) => conditions.is("parent_id", id),
        None => {}
    }
    for (key, known) in [("type", &TYPES[..]), ("level", &LEVELS[..])] {
        if let Some(name) = params.choice(key, known).filter(|_| free(key)) {
            conditions.is(key, name);
        }
    }
    if let Some(root) = params.choice("isRootObservation", &["true", "false"])
        && free("isRootObservation")
    {
        conditions.and(if root == "true" { "parent_id IS NULL" } else { "parent_id IS NOT NULL" }, []);
    }
    if free("environment") {
        conditions.one_of("environment", texts(&query.list("environment")));
    }
    for (key, sign) in [("fromStartTime", ">="), ("toStartTime", "<")] {
        if let Some(time) = params.time(key).filter(|_| free("startTime")) {
            conditions.and(format!("start_time {sign} ?"), [Arg::from(iso(time))]);
        }
    }
}

/// Which fields a row shows.
struct Shape<'a> {
    project: &'a str,
    groups: Vec<&'a str>,
    cut: Option<usize>,
}

impl<'a> Shape<'a> {
    fn of(query: &'a Query, project: &'a str) -> Self {
        let groups = if query.get("fields").is_some() { query.list("fields") } else { vec!["core", "basic"] };
        let full = groups.contains(&"io") || query.get("expandMetadata").is_some();
        Self { project, groups, cut: (!full).then_some(METADATA_CUT) }
    }

    fn has(&self, group: &str) -> bool {
        self.groups.contains(&group)
    }

    fn row(&self, r: &Row<'_>) -> rusqlite::Result<Value> {
        let mut out = Map::new();
        let parent = text(r, "parent_id")?;
        put(&mut out, "id", text(r, "id")?);
        put(&mut out, "traceId", text(r, "trace_id")?);
        put(&mut out, "startTime", text(r, "start_time")?);
        put(&mut out, "endTime", text(r, "end_time")?);
        put(&mut out, "projectId", json!(self.project));
        put(&mut out, "parentObservationId", parent.clone());
        put(&mut out, "type", text(r, "type")?);
        self.basic(r, &mut out)?;
        self.payload(r, &mut out)?;
        self.model(r, &mut out)?;
        put(&mut out, "latency", seconds(r, "latency")?);
        put(&mut out, "timeToFirstToken", seconds(r, "time_to_first_token")?);
        if self.has("basic") {
            put(&mut out, "userId", text(r, "user_id")?);
            put(&mut out, "sessionId", text(r, "session_id")?);
            put(&mut out, "isRootObservation", json!(parent.is_null()));
        }
        if self.has("trace_context") {
            put(&mut out, "traceName", text(r, "trace_name")?);
            put(&mut out, "release", text(r, "release")?);
            put(&mut out, "tags", parse(&r.get::<_, String>("tags")?));
        }
        if self.has("basic") {
            put(&mut out, "bookmarked", json!(false));
            put(&mut out, "public", json!(false));
        }
        for key in ["modelId", "inputPrice", "outputPrice", "totalPrice"] {
            put(&mut out, key, Value::Null);
        }
        Ok(Value::Object(out))
    }

    fn basic(&self, r: &Row<'_>, out: &mut Map<String, Value>) -> rusqlite::Result<()> {
        if self.has("basic") {
            put(out, "name", text(r, "name")?);
            put(out, "level", text(r, "level")?);
            put(out, "statusMessage", text(r, "status_message")?);
            put(out, "version", text(r, "version")?);
            put(out, "environment", text(r, "environment")?);
        }
        if self.has("time") {
            put(out, "completionStartTime", text(r, "completion_start_time")?);
            put(out, "createdAt", json!(whole_seconds(&r.get::<_, String>("created_at")?)));
            put(out, "updatedAt", text(r, "updated_at")?);
        }
        Ok(())
    }

    fn payload(&self, r: &Row<'_>, out: &mut Map<String, Value>) -> rusqlite::Result<()> {
        if self.has("io") {
            put(out, "input", text(r, "input")?);
            put(out, "output", text(r, "output")?);
        }
        if self.has("metadata") {
            put(out, "metadata", metadata(&r.get::<_, String>("metadata")?, self.cut));
        }
        Ok(())
    }

    fn model(&self, r: &Row<'_>, out: &mut Map<String, Value>) -> rusqlite::Result<()> {
        if self.has("model") {
            put(out, "model", text(r, "model")?);
            put(out, "internalModelId", json!(""));
            put(out, "modelParameters", parse(&r.get::<_, String>("model_parameters")?));
        }
        if self.has("usage") {
            let usage = parse(&r.get::<_, String>("usage_details")?);
            let cost = parse(&r.get::<_, String>("cost_details")?);
            let used = |key: &str| usage.get(key).cloned().unwrap_or(json!(0));
            put(out, "usageDetails", usage.clone());
            put(out, "inputUsage", used("input"));
            put(out, "outputUsage", used("output"));
            put(out, "totalUsage", used("total"));
            put(out, "costDetails", cost.clone());
            put(out, "inputCost", cost["input"].clone());
            put(out, "outputCost", cost["output"].clone());
            put(out, "totalCost", number(r.get("total_cost")?));
        }
        if self.has("prompt") {
            put(out, "promptId", json!(""));
            put(out, "promptName", json!(""));
            put(out, "promptVersion", Value::Null);
        }
        if self.has("usage") {
            put(out, "usagePricingTierId", Value::Null);
            put(out, "usagePricingTierName", Value::Null);
        }
        Ok(())
    }
}

fn put(out: &mut Map<String, Value>, key: &str, value: Value) {
    out.insert(key.to_owned(), value);
}

fn text(r: &Row<'_>, column: &str) -> rusqlite::Result<Value> {
    Ok(json!(r.get::<_, Option<String>>(column)?))
}

fn seconds(r: &Row<'_>, column: &str) -> rusqlite::Result<Value> {
    Ok(r.get::<_, Option<f64>>(column)?.map_or(Value::Null, number))
}

/// `DELETE /traces/{traceId}`: comments and queue items stay behind
pub fn delete_trace(db: &Connection, call: &Call) -> Answer {
    forget(db, call.param("traceId"))?;
    Ok(Reply::ok(json!({"message": "Trace deleted successfully"})))
}

/// `DELETE /traces`
pub fn delete_traces(db: &Connection, call: &Call) -> Answer {
    let mut fields = Fields::of(&call.body)?;
    let given = fields.get("traceIds");
    let Some(ids) = given.and_then(Value::as_array) else {
        return Err(Problem::Issues(vec![issue::invalid_type("array", given, &["traceIds"])]));
    };
    if ids.is_empty() {
        fields.note(issue::too_few(&["traceIds"]));
    }
    fields.strict(&["traceIds"]);
    fields.finish()?;
    for id in ids.iter().filter_map(Value::as_str) {
        forget(db, id)?;
    }
    Ok(Reply::ok(json!({"message": "Traces deleted successfully"})))
}

fn forget(db: &Connection, trace: &str) -> rusqlite::Result<()> {
    db.execute("DELETE FROM observations WHERE trace_id = ?1", [trace])?;
    db.execute("DELETE FROM scores WHERE trace_id = ?1", [trace])?;
    db.execute("DELETE FROM traces WHERE id = ?1", [trace])?;
    Ok(())
}
