//! Scores as the old data model shows them: `GET /scores` (v1, of traces only) and `GET /v2/scores`.

use rusqlite::types::Value as Arg;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Map, Value, json};

use crate::server::data::filter::{self, Condition, Kind, View, column};
use crate::server::data::sql::{List, Where, texts};
use crate::server::data::value::{iso, metadata, number, parse, whole_seconds};
use crate::server::http::Call;
use crate::server::http::query::{Page, Params, Query};
use crate::server::http::reply::{Answer, Problem, Reply};

const TYPES: [&str; 5] = ["NUMERIC", "CATEGORICAL", "BOOLEAN", "CORRECTION", "TEXT"];
const SOURCES: [&str; 3] = ["API", "EVAL", "ANNOTATION"];
const OPERATORS: [&str; 6] = ["<", ">", "<=", ">=", "!=", "="];

/// Every score has a number here: a category its own by the config, a text none worth the name.
const VALUE: &str = "CASE s.data_type
    WHEN 'CATEGORICAL' THEN ifnull((SELECT json_extract(c.value, '$.value')
        FROM score_configs AS k, json_each(k.categories) AS c
        WHERE k.id = s.config_id AND json_extract(c.value, '$.label') = s.text), 0)
    WHEN 'TEXT' THEN 0 WHEN 'CORRECTION' THEN 0 ELSE s.number END";

const TABLES: &str = "scores AS s LEFT JOIN traces AS t ON t.id = s.trace_id";
const NEWEST: List<'_> = List {
    table: "s",
    from: TABLES,
    found: TABLES,
    ordered: "scores AS s INDEXED BY scores_newest LEFT JOIN traces AS t ON t.id = s.trace_id",
    order: "s.timestamp DESC, s.updated_at DESC, s.id DESC",
};
const COUNTS: (&str, &[&str]) = ("score_counts", &["s.target", "s.data_type", "s.source", "s.environment"]);

/// What the `filter` parameter may ask for.
const VIEW: View = View {
    inherits_metadata: false,
    columns: &[
        column("id", "ID", Kind::Text, "s.id"),
        column("name", "Name", Kind::Text, "s.name"),
        column("timestamp", "Timestamp", Kind::Time, "s.timestamp"),
        column("environment", "Environment", Kind::Text, "s.environment"),
        column("source", "Source", Kind::Text, "s.source"),
        column("dataType", "Data Type", Kind::Text, "s.data_type"),
        column("value", "Value", Kind::Number, VALUE),
        column("stringValue", "String Value", Kind::Text, "s.text"),
        column("comment", "Comment", Kind::Text, "s.comment"),
        column("traceId", "Trace ID", Kind::Link, "s.trace_id"),
        column("observationId", "Observation ID", Kind::Link, "s.observation_id"),
        column("sessionId", "Session ID", Kind::Link, "s.session_id"),
        column("datasetRunId", "Dataset Run ID", Kind::Link, "s.run_id"),
        column("configId", "Config ID", Kind::Link, "s.config_id"),
        column("queueId", "Queue ID", Kind::Link, "s.queue_id"),
        column("authorUserId", "Author", Kind::Link, "s.author_user_id"),
        column("traceName", "Trace Name", Kind::Text, "t.name"),
        column("userId", "User ID", Kind::Text, "t.user_id"),
        column("tags", "Tags", Kind::List, "t.tags"),
        column("traceTags", "Trace Tags", Kind::List, "t.tags"),
        column("metadata", "Metadata", Kind::Metadata, "s.metadata"),
    ],
};

const WITHOUT_TRACE: &str = "Cannot filter by trace properties (userId, traceTags) when 'trace' field is not \
    included. Please add 'trace' to the fields parameter or remove trace filters.";

/// Which of the two generations answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

/// `GET /scores`
pub fn list_v1(db: &Connection, call: &Call) -> Answer {
    list(db, call, Version::V1)
}

/// `GET /v2/scores`
pub fn list_v2(db: &Connection, call: &Call) -> Answer {
    list(db, call, Version::V2)
}

/// `GET /scores/{scoreId}`
pub fn get_v1(db: &Connection, call: &Call) -> Answer {
    let mut filter = Where::default();
    only_of_traces(&mut filter);
    filter.and("s.trace_id IS NOT NULL", []);
    get(db, call, Version::V1, filter)
}

/// `GET /v2/scores/{scoreId}`
pub fn get_v2(db: &Connection, call: &Call) -> Answer {
    get(db, call, Version::V2, Where::default())
}

/// All scores of a trace but corrections, last stored first.
pub fn of_trace(db: &Connection, project: &str, trace: &str) -> rusqlite::Result<Vec<Value>> {
    let mut filter = Where::default();
    only_of_traces(&mut filter);
    filter.is("s.trace_id", trace);
    let row = |r: &Row<'_>| Ok(Value::Object(score(r, project, Version::V1)?));
    filter.rows(db, &columns(), TABLES, "ORDER BY s.updated_at DESC, s.id", row)
}

fn get(db: &Connection, call: &Call, version: Version, mut filter: Where) -> Answer {
    filter.is("s.id", call.param("scoreId"));
    let (clause, args) = filter.parts();
    let sql = format!("SELECT {} FROM {TABLES} {clause}", columns());
    let project = &call.place.project.id;
    let found = db.query_row(&sql, &*args, |r| score(r, project, version)).optional()?;
    let found = found.ok_or_else(|| Problem::Missing("Score not found".into()))?;
    Ok(Reply::ok(Value::Object(found)))
}

fn list(db: &Connection, call: &Call, version: Version) -> Answer {
    let mut params = Params::of(&call.query);
    let page = params.page();
    let (mut filter, conditions) = filters(&call.query, &mut params, version)?;
    params.finish()?;
    filter::add(&mut filter, &conditions, &VIEW)?;
    let with_trace = version == Version::V1 || asks_for_trace(&call.query)?;
    answer(db, call, version, page, filter, with_trace)
}

fn answer(
    db: &Connection,
    call: &Call,
    version: Version,
    page: Page,
    mut filter: Where,
    with_trace: bool,
) -> Answer {
    match version {
        Version::V1 => {
            filter.among("s.target", texts(&["trace"]));
            filter.among("s.data_type", texts(&["NUMERIC", "CATEGORICAL", "BOOLEAN", "TEXT"]));
        }
        Version::V2 if with_trace => {
            filter.among("s.target", texts(&["trace", "session", "run", "none"]));
        }
        Version::V2 => {}
    }
    let row = |r: &Row<'_>| {
        let mut out = score(r, &call.place.project.id, version)?;
        out.insert("trace".into(), if with_trace { trace(r, version)? } else { Value::Null });
        Ok(Value::Object(out))
    };
    let data = filter.page(db, &columns(), &NEWEST, &page.window(), row)?;
    let total = filter.total(db, &NEWEST, COUNTS)?;
    Ok(Reply::ok(json!({"data": data, "meta": page.meta(total)})))
}

/// The first generation knows neither corrections nor scores of sessions and runs.
fn only_of_traces(filter: &mut Where) {
    filter.and("s.session_id IS NULL AND s.run_id IS NULL AND s.data_type <> 'CORRECTION'", []);
}

/// Whether `fields` has the trace; unknown groups are nothing.
fn asks_for_trace(query: &Query) -> Result<bool, Problem> {
    let Some(fields) = query.get("fields") else { return Ok(true) };
    let has = |group: &str| fields.split(',').any(|field| field.trim() == group);
    if !has("score") {
        return Err(Problem::Refused("Scores needs to be selected always.".into()));
    }
    let has_trace_filter = query.get("userId").is_some() || query.get("traceTags").is_some();
    if has_trace_filter && !has("trace") {
        return Err(Problem::Refused(WITHOUT_TRACE.into()));
    }
    Ok(has("trace"))
}

/// The filters, in the order in which the schema looks at them.
fn filters(
    query: &Query,
    params: &mut Params<'_>,
    version: Version,
) -> Result<(Where, Vec<Condition>), Problem> {
    let mut filter = Where::default();
    let is = |filter: &mut Where, key: &str, column: &str| {
        if let Some(text) = query.get(key) {
            filter.is(column, text);
        }
    };
    is(&mut filter, "userId", "t.user_id");
    if let Some(data_type) = params.choice("dataType", &TYPES) {
        filter.is("s.data_type", data_type);
    }
    is(&mut filter, "configId", "s.config_id");
    is(&mut filter, "queueId", "s.queue_id");
    tags(&mut filter, &query.list("traceTags"));
    filter.one_of("s.environment", texts(&query.list("environment")));
    is(&mut filter, "name", "s.name");
    for (key, sign) in [("fromTimestamp", ">="), ("toTimestamp", "<")] {
        if let Some(at) = params.time(key) {
            filter.and(format!("s.timestamp {sign} ?"), [Arg::from(iso(at))]);
        }
    }
    if let Some(source) = params.choice("source", &SOURCES) {
        filter.is("s.source", source);
    }
    value(&mut filter, params);
    ids(&mut filter, query, "scoreIds", "s.id");
    let conditions = filter::read(params, false)?;
    if version == Version::V2 {
        is(&mut filter, "sessionId", "s.session_id");
        is(&mut filter, "traceId", "s.trace_id");
        is(&mut filter, "datasetRunId", "s.run_id");
        ids(&mut filter, query, "observationId", "s.observation_id");
    }
    environment_of_trace(&mut filter, query);
    Ok((filter, conditions))
}

/// All of the tags.
fn tags(filter: &mut Where, tags: &[&str]) {
    for tag in tags {
        filter
            .and("EXISTS (SELECT 1 FROM json_each(t.tags) WHERE value = ?)", [Arg::from((*tag).to_owned())]);
    }
}

/// Where traces are filtered, the environment is asked of them as well.
fn environment_of_trace(filter: &mut Where, query: &Query) {
    if query.get("userId").is_some() || query.get("traceTags").is_some() {
        filter.one_of("t.environment", texts(&query.list("environment")));
    }
}

/// A value counts only together with an operator.
fn value(filter: &mut Where, params: &mut Params<'_>) {
    let value = params.number("value");
    let operator = params.choice("operator", &OPERATORS).and_then(|o| OPERATORS.iter().find(|k| **k == o));
    if let (Some(value), Some(operator)) = (value, operator) {
        filter.and(format!("({VALUE}) {operator} ?"), [Arg::from(value)]);
    }
}

/// A comma-separated list of ids, of which an empty one is one, too.
fn ids(filter: &mut Where, query: &Query, key: &str, column: &str) {
    if let Some(raw) = query.raw(key) {
        let ids: Vec<&str> = raw.split(',').map(str::trim).collect();
        filter.one_of(column, texts(&ids));
    }
}

fn columns() -> String {
    format!(
        "s.*, {VALUE} AS value, t.user_id AS trace_user, t.tags AS trace_tags,
        t.environment AS trace_environment, t.session_id AS trace_session"
    )
}

fn score(r: &Row<'_>, project: &str, version: Version) -> rusqlite::Result<Map<String, Value>> {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        out.insert(key.to_owned(), value);
    };
    let text = |column: &str| Ok::<_, rusqlite::Error>(json!(r.get::<_, Option<String>>(column)?));
    let data_type: String = r.get("data_type")?;
    put("id", text("id")?);
    put("projectId", json!(project));
    put("environment", text("environment")?);
    put("name", text("name")?);
    if data_type != "TEXT" {
        put("value", number(r.get::<_, Option<f64>>("value")?.unwrap_or_default()));
    }
    put("source", text("source")?);
    put("authorUserId", text("author_user_id")?);
    put("comment", text("comment")?);
    put("metadata", metadata(&r.get::<_, String>("metadata")?, None));
    put("configId", text("config_id")?);
    put("queueId", text("queue_id")?);
    put("executionTraceId", text("execution_trace_id")?);
    put("createdAt", json!(whole_seconds(&r.get::<_, String>("created_at")?)));
    put("updatedAt", text("updated_at")?);
    put("timestamp", text("timestamp")?);
    put("traceId", text("trace_id")?);
    put("observationId", text("observation_id")?);
    if version == Version::V2 {
        put("sessionId", text("session_id")?);
        put("datasetRunId", text("run_id")?);
    }
    put("stringValue", string_value(r, &data_type)?);
    put("dataType", json!(data_type));
    Ok(out)
}

fn string_value(r: &Row<'_>, data_type: &str) -> rusqlite::Result<Value> {
    Ok(match data_type {
        "NUMERIC" => Value::Null,
        "BOOLEAN" if r.get::<_, Option<f64>>("number")?.unwrap_or_default() == 0.0 => json!("False"),
        "BOOLEAN" => json!("True"),
        _ => json!(r.get::<_, Option<String>>("text")?),
    })
}

/// What is shown of the trace; null for scores of something else.
fn trace(r: &Row<'_>, version: Version) -> rusqlite::Result<Value> {
    if r.get::<_, Option<String>>("trace_id")?.is_none() {
        return Ok(Value::Null);
    }
    let text = |column: &str| r.get::<_, Option<String>>(column);
    let tags = text("trace_tags")?.map(|tags| parse(&tags));
    let mut trace =
        json!({"userId": text("trace_user")?, "tags": tags, "environment": text("trace_environment")?});
    if version == Version::V2 {
        trace["sessionId"] = json!(text("trace_session")?);
    }
    Ok(trace)
}
