//! `GET /v3/scores`.

use rusqlite::types::Value as Arg;
use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};

use crate::server::data::sql::{List, Where, texts};
use crate::server::data::value::{any_date, cursor, cursor_place, iso, metadata, number, whole_seconds};
use crate::server::http::Call;
use crate::server::http::issue;
use crate::server::http::query::{Params, javascript_number};
use crate::server::http::reply::{Answer, Problem, Reply};

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
    let limit = params.at_least_one("limit", 50, 100);
    let groups = groups(&mut params);
    let mut filter = filters(&mut params);
    let start = cursor_start(&mut params)?;
    params.strict(&PARAMETERS);
    if params.lets_go_on() {
        rules(&mut params);
    }
    params.finish()?;
    if let Some((timestamp, id)) = start {
        filter.and("(timestamp, id) < (?, ?)", [Arg::from(timestamp), Arg::from(id)]);
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

fn groups<'a>(params: &mut Params<'a>) -> Vec<&'a str> {
    let given = params.single("fields").filter(|text| !text.is_empty());
    let names: Vec<&str> = given.map(|text| text.split(',').map(str::trim).collect()).unwrap_or_default();
    for (index, name) in names.iter().enumerate() {
        if !GROUPS.contains(name) {
            let wrong = issue::below(&Value::from(index), issue::invalid_value(&GROUPS, &[]));
            params.note(issue::below(&Value::from("fields"), wrong));
        }
    }
    names
}

/// The entries of a comma-separated parameter.
fn entries<'a>(params: &mut Params<'a>, key: &str) -> Vec<&'a str> {
    let text = params.single(key).unwrap_or_default();
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect()
}

/// The same, each one of `known` in whatever case.
fn names(params: &mut Params<'_>, key: &str, known: &[&str]) -> Vec<String> {
    let given: Vec<String> = entries(params, key).iter().map(|name| name.to_uppercase()).collect();
    for name in given.iter().filter(|name| !known.contains(&name.as_str())) {
        let message = format!("Invalid {key} value: \"{name}\". Allowed: {}", known.join(", "));
        params.note(issue::added(&message, &[key]));
    }
    given
}

/// The filters, in the order in which the schema looks at them.
fn filters(params: &mut Params<'_>) -> Where {
    let mut filter = Where::default();
    for (key, column) in [("id", "id"), ("name", "name")] {
        filter.one_of(column, texts(&entries(params, key)));
    }
    filter.one_of("source", names(params, "source", &SOURCES));
    let types = names(params, "dataType", &TYPES);
    filter.one_of("data_type", types.clone());
    for (key, column) in [
        ("environment", "environment"),
        ("configId", "config_id"),
        ("queueId", "queue_id"),
        ("authorUserId", "author_user_id"),
    ] {
        filter.one_of(column, texts(&entries(params, key)));
    }
    let (column, args) = value_args(&entries(params, "value"), &types);
    if column == "text" && !args.is_empty() {
        // Said as the index of labels says it.
        filter.and("data_type = 'CATEGORICAL'", []);
    }
    filter.one_of(column, args);
    for (key, sign) in [("valueMin", ">="), ("valueMax", "<=")] {
        if let Some(bound) = bound(params, key) {
            filter.and(format!("number {sign} ?"), [Arg::from(bound)]);
        }
    }
    for (key, column) in [
        ("traceId", "trace_id"),
        ("sessionId", "session_id"),
        ("observationId", "observation_id"),
        ("experimentId", "run_id"),
    ] {
        filter.one_of(column, texts(&entries(params, key)));
    }
    for (key, sign) in [("fromTimestamp", ">="), ("toTimestamp", "<")] {
        if let Some(at) = params.date(key) {
            filter.and(format!("timestamp {sign} ?"), [Arg::from(iso(at))]);
        }
    }
    params.single("userId");
    params.single("traceTags");
    filter
}

/// A bound of the value, which an empty parameter is not.
fn bound(params: &mut Params<'_>, key: &str) -> Option<f64> {
    if params.raw(key) == Some("") { None } else { params.number(key) }
}

/// What the value is compared with. What makes no sense is refused by the rules.
fn value_args(given: &[&str], types: &[String]) -> (&'static str, Vec<Arg>) {
    let is_text = types.first().is_some_and(|kind| kind == "CATEGORICAL");
    if is_text {
        return ("text", texts(given));
    }
    let number = |text: &&str| match *text {
        "true" => Some(1.0),
        "false" => Some(0.0),
        text => javascript_number(text),
    };
    ("number", given.iter().filter_map(number).map(Arg::from).collect())
}

/// Rules over several parameters.
fn rules(params: &mut Params<'_>) {
    for key in ["userId", "traceTags"] {
        if params.raw(key).is_some_and(|text| !text.is_empty()) {
            let message = format!(
                "{key} filter requires a trace JOIN and is not supported in v3 — use v2 or omit this filter"
            );
            params.note(issue::added(&message, &[]));
        }
    }
    let types: Vec<String> = entries(params, "dataType").iter().map(|name| name.to_uppercase()).collect();
    for message in value_rules(&entries(params, "value"), &types) {
        params.note(issue::added(&message, &[]));
    }
    let is_bounded =
        ["valueMin", "valueMax"].iter().any(|key| params.raw(key).is_some_and(|t| !t.is_empty()));
    if is_bounded && types != ["NUMERIC"] {
        let message = "valueMin and valueMax require dataType=NUMERIC as a single value";
        params.note(issue::added(message, &[]));
    }
    let [trace, session, experiment, observation] =
        ["traceId", "sessionId", "experimentId", "observationId"].map(|key| !entries(params, key).is_empty());
    if observation && !trace {
        let message = "observationId filter requires traceId — observation IDs are scoped to a trace";
        params.note(issue::added(message, &[]));
    }
    if [trace, session, experiment].into_iter().filter(|given| *given).count() > 1 {
        let message = "At most one of traceId, sessionId, experimentId may be specified";
        params.note(issue::added(message, &[]));
    }
}

/// What is wrong with the values asked for; what they can be depends on the type.
fn value_rules(given: &[&str], types: &[String]) -> Vec<String> {
    let refused = |fits: fn(&str) -> bool, kind: &str, wanted: &str| {
        let misfits = given.iter().filter(|value| !fits(value));
        let message = |value: &&str| {
            format!("value filter with dataType={kind} requires each value to be {wanted} (got \"{value}\")")
        };
        misfits.map(message).collect()
    };
    match types {
        _ if given.is_empty() => Vec::new(),
        [kind] => match kind.as_str() {
            "NUMERIC" => refused(is_finite, kind, "a finite number"),
            "BOOLEAN" => refused(|value| ["true", "false"].contains(&value), kind, "\"true\" or \"false\""),
            "CATEGORICAL" => Vec::new(),
            kind => vec![format!(
                "value filter requires dataType to be NUMERIC, BOOLEAN, or CATEGORICAL (got \"{kind}\")"
            )],
        },
        _ => vec!["value filter requires a single dataType from: NUMERIC, BOOLEAN, CATEGORICAL".into()],
    }
}

fn is_finite(text: &str) -> bool {
    javascript_number(text).is_some_and(f64::is_finite)
}

/// Time and id of the last score of the page before. What is no JSON ends the reading of everything.
fn cursor_start(params: &mut Params<'_>) -> Result<Option<(String, String)>, Problem> {
    let Some(text) = params.single("cursor") else { return Ok(None) };
    let invalid = || Problem::Refused("Invalid cursor format".into());
    let place = cursor_place(text).ok_or_else(invalid)?;
    let issues = match cursor_fields(&place) {
        Ok(start) => return Ok(Some(start)),
        Err(issues) => issues,
    };
    for issue in issues {
        params.note(issue::below(&Value::from("cursor"), issue));
    }
    Ok(None)
}

fn cursor_fields(place: &Value) -> Result<(String, String), Vec<Value>> {
    if !place.is_object() {
        return Err(vec![issue::no_object(Some(place), &[])]);
    }
    if place["v"].as_f64() != Some(1.0) {
        return Err(vec![issue::no_variant("v")]);
    }
    let time = place.get("lastTimestamp").and_then(any_date);
    let id = place.get("lastId");
    match (time, id.and_then(Value::as_str)) {
        (Some(time), Some(id)) => Ok((iso(time), id.to_owned())),
        (time, text) => {
            let wrong_time = time.is_none().then(|| issue::not_a_date("lastTimestamp"));
            let wrong_id = text.is_none().then(|| issue::invalid_type("string", id, &["lastId"]));
            Err(wrong_time.into_iter().chain(wrong_id).collect())
        }
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
    let id = |column: &str| r.get::<_, Option<String>>(column).map(|id| id.filter(|id| !id.is_empty()));
    let trace = id("trace_id")?;
    Ok(if let Some(run) = id("run_id")? {
        json!({"kind": "experiment", "id": run})
    } else if let Some(observation) = id("observation_id")? {
        json!({"kind": "observation", "id": observation, "traceId": trace})
    } else if let Some(session) = id("session_id")? {
        json!({"kind": "session", "id": session})
    } else {
        json!({"kind": "trace", "id": trace})
    })
}
