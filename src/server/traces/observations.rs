//! `GET /observations` and `GET /observations/{observationId}`: the old data model, which knows no
//! synthetic roots, only an observation's own metadata and version, and null where text is absent.

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Map, Value, json};

use super::columns::{OBSERVATIONS, OLD_PARENT, OLD_VERSION};
use super::flat::nested;
use super::row::{LEVELS, Observation, TYPES};
use super::shape::{numbers, sum, total};
use crate::server::data::filter;
use crate::server::data::simple::{self, Simple};
use crate::server::data::sql::{List, Where};
use crate::server::data::value::{content, metadata, number, whole_seconds};
use crate::server::http::Call;
use crate::server::http::query::Params;
use crate::server::http::reply::{Answer, Problem, Reply};
use crate::server::ingest::models::{self, Model};

const UNIT: &str = "TOKENS";
const NEWEST: List<'_> = List {
    ordered: "observations INDEXED BY observations_newest",
    ..List::of("observations", "start_time DESC, type, id")
};
const COUNTS: (&str, &[&str]) = ("observation_counts", &["type", "level", "environment", "is_synthetic"]);

/// The list, newest first.
pub fn list(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let page = params.page();
    let simple = given(&mut params);
    let filters = filter::read(&mut params, false)?;
    params.finish()?;
    let mut conditions = Where::default();
    conditions.among("is_synthetic", [0]);
    let named = filter::add(&mut conditions, &filters, &OBSERVATIONS)?;
    simple::add(&mut conditions, simple, &named);
    let project = &call.place.project.id;
    let shown = |r: &rusqlite::Row<'_>| Ok(without_tier(&Observation::read(r)?, project));
    let data = conditions.page(db, "observations.*", &NEWEST, &page.window(), shown)?;
    let total = conditions.total(db, &NEWEST, COUNTS)?;
    Ok(Reply::ok(json!({"data": data, "meta": page.meta(total)})))
}

/// The parameters that each ask for one column, in the order in which they are checked.
fn given(params: &mut Params<'_>) -> Vec<Simple> {
    let mut found = Vec::new();
    let mut text = |params: &mut Params<'_>, key: &str, column: &'static str, stored: &str| {
        found.extend(params.single(key).map(|text| Simple::given(column, stored, text)));
    };
    let of_type = params.choice("type", &TYPES).map(|name| Simple::is("type", name));
    text(params, "name", "nullif(name, '')", "name");
    text(params, "userId", "nullif(user_id, '')", "user_id");
    let of_level = params.choice("level", &LEVELS).map(|name| Simple::is("level", name));
    text(params, "traceId", "trace_id", "trace_id");
    text(params, "version", OLD_VERSION, "version");
    text(params, "parentObservationId", OLD_PARENT, "parent_id");
    found.extend(of_type.into_iter().chain(of_level));
    found.extend(Simple::environments(params));
    found.extend(Simple::range(params, "start_time", "fromStartTime", "toStartTime"));
    found
}

/// One; of several traces with the same id in them, the last stored.
pub fn get(db: &Connection, call: &Call) -> Answer {
    let id = call.param("observationId");
    let sql =
        "SELECT * FROM observations WHERE id = ?1 AND is_synthetic = 0 ORDER BY updated_at DESC LIMIT 1";
    let found = db.query_row(sql, [id], Observation::read).optional()?;
    let missing = || Problem::Missing(format!("Observation with id {id} not found"));
    let found = found.ok_or_else(missing)?;
    Ok(Reply::ok(alone(&found, &call.place.project.id)))
}

/// As an answer of its own.
fn alone(o: &Observation, project: &str) -> Value {
    let model = models::by_id(&o.model_id);
    let mut out = core(o, project, model);
    out.insert("modelId".to_owned(), given_text(&o.model_id));
    prices(&mut out, model, &Value::Null);
    costs(&mut out, o);
    tokens(&mut out, o);
    out.insert("usage".to_owned(), usage(o));
    Value::Object(out)
}

/// As a row of the list, which does not ask for the pricing tier.
fn without_tier(o: &Observation, project: &str) -> Value {
    let mut out = alone(o, project);
    out["usagePricingTierId"] = Value::Null;
    out["usagePricingTierName"] = Value::Null;
    out
}

/// As a part of its trace: without a model it costs nothing there.
pub fn in_trace(o: &Observation, project: &str) -> Value {
    let model = models::by_id(&o.model_id);
    let mut out = core(o, project, model);
    prices(&mut out, model, &json!(0));
    costs(&mut out, o);
    tokens(&mut out, o);
    out.insert("modelId".to_owned(), given_text(&o.model_id));
    out.insert("usage".to_owned(), usage(o));
    Value::Object(out)
}

fn given_text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

fn core(o: &Observation, project: &str, model: Option<&Model>) -> Map<String, Value> {
    let parent = o.parent_id.as_deref().filter(|id| !o.is_legacy || !is_root_of(id, &o.trace_id));
    let version = if o.is_legacy { &o.own_version } else { &o.version };
    let created_at = if o.is_legacy { whole_seconds(&o.created_at) } else { o.created_at.clone() };
    let has_parameters = o.model_parameters.as_object().is_some_and(|map| !map.is_empty());
    let shown = json!({
        "id": o.id, "traceId": o.trace_id, "startTime": o.start_time, "endTime": o.end_time,
        "projectId": project, "parentObservationId": parent, "type": o.kind, "environment": o.environment,
        "name": given_text(&o.name), "level": o.level, "statusMessage": given_text(&o.status_message),
        "version": given_text(version), "createdAt": created_at,
        "updatedAt": o.updated_at, "input": content(o.input.as_deref()),
        "output": content(o.output.as_deref()), "metadata": metadata(&nested(&o.metadata).to_string(), None),
        "model": given_text(&o.model),
        "modelParameters": if has_parameters { o.model_parameters.clone() } else { Value::Null },
        "completionStartTime": o.completion_start_time, "promptId": given_text(&o.prompt_id),
        "promptName": given_text(&o.prompt_name), "promptVersion": o.prompt_version.filter(|v| *v != 0),
        "latency": o.latency.map_or(Value::Null, number),
        "timeToFirstToken": o.time_to_first_token.map_or(Value::Null, number),
        "usageDetails": numbers(&o.usage_details), "costDetails": numbers(&o.cost_details),
        "usagePricingTierId": model.map(|m| m.tier_id), "usagePricingTierName": model.map(|m| m.tier_name),
    });
    match shown {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Whether an id is that of the synthetic root of a trace.
fn is_root_of(id: &str, trace: &str) -> bool {
    id.strip_prefix("t-") == Some(trace)
}

/// What a token costs, as numbers; `none` where there is no price.
fn prices(out: &mut Map<String, Value>, model: Option<&Model>, none: &Value) {
    let price =
        |text: Option<&str>| text.and_then(|text| text.parse().ok()).map_or_else(|| none.clone(), number);
    out.insert("inputPrice".to_owned(), price(model.map(|m| m.input_price)));
    out.insert("outputPrice".to_owned(), price(model.map(|m| m.output_price)));
    out.insert("totalPrice".to_owned(), price(model.and_then(|m| m.total_price)));
}

fn costs(out: &mut Map<String, Value>, o: &Observation) {
    let part = |key: &str| sum(&o.cost_details, key).map_or(Value::Null, number);
    out.insert("calculatedInputCost".to_owned(), part("input"));
    out.insert("calculatedOutputCost".to_owned(), part("output"));
    out.insert("calculatedTotalCost".to_owned(), number(total(&o.cost_details)));
}

fn tokens(out: &mut Map<String, Value>, o: &Observation) {
    let part = |key: &str| number(sum(&o.usage_details, key).unwrap_or_default());
    out.insert("unit".to_owned(), json!(UNIT));
    out.insert("promptTokens".to_owned(), part("input"));
    out.insert("completionTokens".to_owned(), part("output"));
    out.insert("totalTokens".to_owned(), number(total(&o.usage_details)));
}

fn usage(o: &Observation) -> Value {
    let part = |key: &str| number(sum(&o.usage_details, key).unwrap_or_default());
    let total = number(total(&o.usage_details));
    json!({"unit": UNIT, "input": part("input"), "output": part("output"), "total": total})
}
