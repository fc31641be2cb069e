//! Scores as the old data model shows them: `GET /scores` (v1, of traces only) and `GET /v2/scores`.

use rusqlite::types::Value as Arg;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Map, Value, json};

use crate::server::data::filter::{self, Condition, Kind, View, column};
use crate::server::data::simple::{self, Simple};
use crate::server::data::sql::{List, Where, texts};
use crate::server::data::value::{metadata, number, parse, whole_seconds};
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

/// What else a score has as text: the name of a category or of a truth value. A text and a correction
/// have theirs elsewhere.
const STRING_VALUE: &str = "CASE s.data_type WHEN 'BOOLEAN' THEN iif(s.number = 0, 'False', 'True')
    WHEN 'CORRECTION' THEN NULL ELSE s.text END";

/// What the `filter` parameter may ask for.
const VIEW: View = View {
    inherits_metadata: false,
    columns: &[
        column("id", "ID", Kind::Text, "s.id"),
        column("timestamp", "Timestamp", Kind::Time, "s.timestamp"),
        column("environment", "Environment", Kind::Text, "s.environment"),
        column("traceId", "Trace ID", Kind::Text, "s.trace_id"),
        column("observationId", "Observation ID", Kind::Text, "s.observation_id"),
        column("sessionId", "Session ID", Kind::Text, "s.session_id"),
        column("name", "Name", Kind::Text, "s.name"),
        column("value", "Value", Kind::Number, VALUE),
        column("source", "Source", Kind::Text, "s.source"),
        column("comment", "Comment", Kind::Text, "s.comment"),
        column("authorUserId", "Author User ID", Kind::Text, "s.author_user_id"),
        column("dataType", "Data Type", Kind::Text, "s.data_type"),
        column("stringValue", "String Value", Kind::Text, STRING_VALUE),
        column("metadata", "Metadata", Kind::Metadata, "s.metadata"),
        column("traceName", "Trace Name", Kind::Text, "t.name"),
        column("userId", "User ID", Kind::Text, "t.user_id"),
        column("trace_tags", "Trace Tags", Kind::List, "t.tags"),
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
    let (simple, conditions) = filters(&mut params, version)?;
    params.finish()?;
    let with_trace = version == Version::V1 || asks_for_trace(&call.query)?;
    let mut filter = Where::default();
    let named = filter::add(&mut filter, &conditions, &VIEW)?;
    // A filter on a trace's column stands beside the parameter.
    let named: Vec<&str> = named.into_iter().filter(|column| !is_of_trace(column)).collect();
    simple::add(&mut filter, simple, &named);
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

fn is_of_trace(column: &str) -> bool {
    column.starts_with("t.")
}

/// The filters, in the order in which the schema looks at them.
fn filters(params: &mut Params<'_>, version: Version) -> Result<(Vec<Simple>, Vec<Condition>), Problem> {
    let mut all = Vec::new();
    all.extend(text(params, "userId", "t.user_id"));
    all.extend(choice(params, "dataType", "s.data_type", &TYPES));
    all.extend(text(params, "configId", "s.config_id"));
    all.extend(text(params, "queueId", "s.queue_id"));
    all.extend(tags(params));
    all.extend(environment(params));
    all.extend(text(params, "name", "s.name"));
    all.extend(Simple::range(params, "s.timestamp", "fromTimestamp", "toTimestamp"));
    all.extend(choice(params, "source", "s.source", &SOURCES));
    all.extend(value(params));
    all.extend(ids(params, "scoreIds", "s.id"));
    params.single("fields");
    let conditions = filter::read(params, false)?;
    if version == Version::V2 {
        all.extend(text(params, "sessionId", "s.session_id"));
        all.extend(text(params, "traceId", "s.trace_id"));
        all.extend(text(params, "datasetRunId", "s.run_id"));
        all.extend(ids(params, "observationId", "s.observation_id"));
    }
    all.extend(environment_of_trace(params));
    Ok((all, conditions))
}

/// A text, of which an empty one is one, too.
fn text(params: &mut Params<'_>, key: &str, column: &'static str) -> Option<Simple> {
    params.single(key).map(|text| Simple::is(column, text))
}

fn choice(params: &mut Params<'_>, key: &str, column: &'static str, known: &[&str]) -> Option<Simple> {
    params.choice(key, known).map(|name| Simple::is(column, name))
}

/// All of the tags.
fn tags(params: &Params<'_>) -> Vec<Simple> {
    let has = "EXISTS (SELECT 1 FROM json_each(t.tags) WHERE value = ?)";
    let tags = params.texts("traceTags");
    let simple = |tag: &&str| Simple::of("t.tags", |condition| condition.and(has, texts(&[tag])));
    tags.iter().map(simple).collect()
}

fn environment(params: &Params<'_>) -> Option<Simple> {
    let names = params.texts("environment");
    (!names.is_empty()).then(|| Simple::one_of("s.environment", &names))
}

/// Where traces are filtered, the environment is asked of them as well, though of one name only.
fn environment_of_trace(params: &Params<'_>) -> Option<Simple> {
    let is_about_traces = ["userId", "traceTags"].iter().any(|key| params.raw(key).is_some());
    let names = params.all("environment");
    (is_about_traces && !matches!(names[..], [] | [""])).then(|| Simple::one_of("t.environment", &names))
}

/// A value counts only together with an operator.
fn value(params: &mut Params<'_>) -> Option<Simple> {
    let value = params.number("value");
    let operator = params.choice("operator", &OPERATORS);
    let sign = OPERATORS.iter().find(|sign| operator == Some(**sign));
    let compared = |(value, sign): (f64, &&str)| {
        Simple::of(VALUE, |condition| condition.and(format!("({VALUE}) {sign} ?"), [Arg::from(value)]))
    };
    value.zip(sign).map(compared)
}

/// A comma-separated list of ids, of which an empty one is one, too.
fn ids(params: &mut Params<'_>, key: &str, column: &'static str) -> Option<Simple> {
    let ids: Vec<&str> = params.single(key)?.split(',').map(str::trim).collect();
    Some(Simple::one_of(column, &ids))
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
