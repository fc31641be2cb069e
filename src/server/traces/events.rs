//! `GET /v2/observations`: the new data model.

use rusqlite::Connection;
use rusqlite::types::Value as Arg;
use serde_json::{Value, json};

use super::columns::{EVENTS, IS_ROOT};
use super::row::{LEVELS, TYPES};
use super::shape::Shape;
use crate::server::data::filter;
use crate::server::data::simple::{self, Simple};
use crate::server::data::sql::{List, Where};
use crate::server::data::value::{base64_encode, iso, lenient_time};
use crate::server::http::Call;
use crate::server::http::issue;
use crate::server::http::query::Params;
use crate::server::http::reply::{Answer, Problem, Reply};

const PARSE_IO: &str = "parseIoAsJson=true is no longer supported on the v2 observations endpoint. \
    Input/output fields are always returned as raw strings. Remove the parseIoAsJson parameter or set it \
    to false.";
const NEWEST: List<'_> = List::of("observations", "start_time DESC, trace_id DESC, id DESC");

/// The list, newest first.
pub fn list(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let shape = Shape::read(&mut params, &call.place.project.id);
    let limit = params.count("limit", 50, 1000);
    let mut conditions = Where::default();
    cursor(&mut conditions, &mut params)?;
    parse_io(&mut params);
    let simple = given(&mut params);
    let filters = filter::read(&mut params, true)?;
    params.finish()?;
    call.needs_events("observations v2")?;
    let named = filter::add(&mut conditions, &filters, &EVENTS)?;
    simple::add(&mut conditions, simple, &named);
    if limit == 0 {
        return Ok(Reply::ok(json!({"data": [], "meta": {}})));
    }
    page(db, &conditions, &shape, limit)
}

fn page(db: &Connection, conditions: &Where, shape: &Shape<'_>, limit: u32) -> Answer {
    let limit = limit as usize;
    let window = format!("LIMIT {}", limit + 1);
    let mut rows = conditions.page(db, &shape.columns(), &NEWEST, &window, |r| shape.row(r))?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let data = shape.finish(db, rows)?;
    let meta =
        data.last().filter(|_| has_more).map_or_else(|| json!({}), |last| json!({"cursor": after(last)}));
    Ok(Reply::ok(json!({"data": data, "meta": meta})))
}

/// The cursor behind a row.
fn after(last: &Value) -> String {
    let cursor = json!({
        "lastStartTimeTo": last["startTime"], "lastTraceId": last["traceId"], "lastId": last["id"],
    });
    base64_encode(&cursor.to_string())
}

/// Goes on behind the cursor, if one is given.
fn cursor(conditions: &mut Where, params: &mut Params<'_>) -> Result<(), Problem> {
    let Some(given) = params.single("cursor") else { return Ok(()) };
    let cursor = decoded(given).ok_or_else(|| Problem::Refused("Invalid cursor format".into()))?;
    if !cursor.is_object() {
        params.note(issue::invalid_type("object", Some(&cursor), &["cursor"]));
        return Ok(());
    }
    let time = match &cursor["lastStartTimeTo"] {
        Value::String(text) => lenient_time(text),
        Value::Number(n) => n.as_i64().and_then(|n| jiff::Timestamp::from_millisecond(n).ok()),
        _ => None,
    };
    if time.is_none() {
        params.note(issue::below(&"cursor".into(), issue::not_a_date("lastStartTimeTo")));
    }
    for key in ["lastTraceId", "lastId"] {
        if !cursor[key].is_string() {
            params.note(issue::invalid_type("string", cursor.get(key), &["cursor", key]));
        }
    }
    let text = |key: &str| Arg::from(cursor[key].as_str().unwrap_or_default().to_owned());
    let args = [Arg::from(time.map(iso).unwrap_or_default()), text("lastTraceId"), text("lastId")];
    conditions.and("(start_time, trace_id, id) < (?, ?, ?)", args);
    Ok(())
}

/// The JSON behind base64 of either alphabet, in which other characters do not count.
fn decoded(cursor: &str) -> Option<Value> {
    use base64::Engine as _;
    use base64::alphabet::URL_SAFE;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &URL_SAFE,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let plain: String = cursor.replace('+', "-").replace('/', "_");
    let plain: String =
        plain.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    serde_json::from_slice(&LENIENT.decode(plain).ok()?).ok()
}

fn parse_io(params: &mut Params<'_>) {
    let either = || {
        let neither = ["true", "false"].map(|value| vec![issue::not_literal(value, &[])]);
        issue::no_alternative(&neither, &["parseIoAsJson"])
    };
    match params.single("parseIoAsJson") {
        None | Some("false") => {}
        Some("true") => params.note(issue::custom(PARSE_IO, &["parseIoAsJson"])),
        Some(_) => params.note(either()),
    }
}

/// The parameters that each ask for one column, in the order in which they are checked.
fn given(params: &mut Params<'_>) -> Vec<Simple> {
    let mut found = Vec::new();
    found.extend(params.choice("type", &TYPES).map(|name| Simple::is("type", name)));
    found.extend(params.single("name").map(|text| Simple::is("name", text)));
    found.extend(params.single("userId").map(|text| Simple::is("user_id", text)));
    found.extend(params.single("sessionId").map(|text| Simple::is("session_id", text)));
    found.extend(params.choice("level", &LEVELS).map(|name| Simple::is("level", name)));
    found.extend(params.single("traceId").map(|text| Simple::is("trace_id", text)));
    found.extend(params.single("version").map(|text| Simple::is("version", text)));
    found.extend(params.single("parentObservationId").map(|id| match id {
        "" => Simple::is_null("parent_id"),
        id => Simple::is("parent_id", id),
    }));
    found.extend(
        params
            .choice("isRootObservation", &["true", "false"])
            .map(|root| if root == "true" { Simple::holds(IS_ROOT) } else { Simple::fails(IS_ROOT) }),
    );
    found.extend(Simple::environments(params));
    found.extend(Simple::range(params, "start_time", "fromStartTime", "toStartTime"));
    found
}
