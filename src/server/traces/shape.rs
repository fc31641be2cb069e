//! A row of `GET /v2/observations`, with the fields asked for.

use std::collections::HashMap;

use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};

use crate::server::data::sql::{Where, texts};
use crate::server::data::value::{number, parse, reread, whole_seconds};
use crate::server::http::query::Params;
use crate::server::ingest::models::{self, Model};

const GROUPS: [&str; 10] =
    ["core", "basic", "time", "io", "metadata", "model", "usage", "prompt", "metrics", "trace_context"];
/// Metadata values are cut to this many characters unless asked for in full.
const METADATA_CUT: usize = 200;
const COLUMNS: &str = "id, trace_id, parent_id, type, name, level, status_message, start_time, end_time, \
    completion_start_time, latency, time_to_first_token, version, environment, user_id, session_id, release, \
    trace_name, tags, model, model_id, model_parameters, usage_details, cost_details, total_cost, prompt_id, \
    prompt_name, prompt_version, is_legacy, is_app_root, is_public, is_bookmarked, \
    created_at, updated_at";

/// Which fields rows show.
pub struct Shape<'a> {
    project: &'a str,
    groups: Vec<&'static str>,
    cut: Option<usize>,
}

/// A row, and what its trace may still add to it.
pub struct Shown {
    row: Map<String, Value>,
    is_legacy: bool,
    metadata: Map<String, Value>,
}

/// What rows of the old data model take from their trace.
struct Inherited {
    version: Option<String>,
    metadata: Value,
}

impl<'a> Shape<'a> {
    /// The fields that the parameters ask for.
    pub fn read(params: &mut Params<'_>, project: &'a str) -> Self {
        let groups = params.known("fields", &GROUPS).unwrap_or_else(|| vec!["core", "basic"]);
        let expanded = params.single("expandMetadata").unwrap_or_default();
        let is_expanded = expanded.split(',').any(|key| !key.trim().is_empty());
        let cut = (!groups.contains(&"io") && !is_expanded).then_some(METADATA_CUT);
        Self { project, groups, cut }
    }

    fn has(&self, group: &str) -> bool {
        self.groups.contains(&group)
    }

    /// The columns to read; payloads, which may be long, only if they are shown.
    pub fn columns(&self) -> String {
        let io = if self.has("io") { ", input, output" } else { "" };
        let metadata = if self.has("metadata") { ", metadata" } else { "" };
        format!("{COLUMNS}{io}{metadata}")
    }

    /// Reads a row.
    pub fn row(&self, r: &Row<'_>) -> rusqlite::Result<Shown> {
        let mut out = Map::new();
        self.core(r, &mut out)?;
        self.basic(r, &mut out)?;
        let metadata = self.payload(r, &mut out)?;
        let model = self.model(r, &mut out)?;
        self.usage(r, &mut out)?;
        self.metrics(r, &mut out)?;
        self.context(r, &mut out)?;
        prices(&mut out, model);
        Ok(Shown { row: out, is_legacy: r.get("is_legacy")?, metadata })
    }

    /// The rows with what their traces add.
    pub fn finish(&self, db: &Connection, rows: Vec<Shown>) -> rusqlite::Result<Vec<Value>> {
        let traces = self.inherited(db, &rows)?;
        let finish = |shown: Shown| {
            let trace = shown.row["traceId"].as_str().and_then(|id| traces.get(id));
            self.with_trace(shown, trace)
        };
        Ok(rows.into_iter().map(finish).collect())
    }

    fn inherited(&self, db: &Connection, rows: &[Shown]) -> rusqlite::Result<HashMap<String, Inherited>> {
        if !self.has("metadata") && !self.has("basic") {
            return Ok(HashMap::new());
        }
        let mut ids: Vec<&str> =
            rows.iter().filter(|s| s.is_legacy).filter_map(|s| s.row["traceId"].as_str()).collect();
        ids.dedup();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut traces = Where::default();
        traces.one_of("id", texts(&ids));
        let read = |r: &Row<'_>| {
            let metadata = parse(&r.get::<_, String>("metadata")?);
            Ok((r.get("id")?, Inherited { version: r.get("version")?, metadata }))
        };
        Ok(traces.rows(db, "id, version, metadata", "traces", "", read)?.into_iter().collect())
    }

    fn with_trace(&self, shown: Shown, trace: Option<&Inherited>) -> Value {
        let Shown { mut row, is_legacy, mut metadata } = shown;
        if let Some(trace) = trace.filter(|_| is_legacy) {
            if row.get("version").and_then(Value::as_str) == Some("") {
                row.insert("version".to_owned(), json!(trace.version.clone().unwrap_or_default()));
            }
            for (key, value) in trace.metadata.as_object().into_iter().flatten() {
                metadata.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        if self.has("metadata") {
            // The event store gives keys back last to first.
            let shown = metadata.into_iter().rev().map(|(key, value)| (key, reread(value, self.cut)));
            row.insert("metadata".to_owned(), Value::Object(shown.collect()));
        }
        Value::Object(row)
    }

    fn core(&self, r: &Row<'_>, out: &mut Map<String, Value>) -> rusqlite::Result<()> {
        put(out, "id", text(r, "id")?);
        put(out, "traceId", text(r, "trace_id")?);
        put(out, "startTime", text(r, "start_time")?);
        put(out, "endTime", text(r, "end_time")?);
        put(out, "projectId", json!(self.project));
        put(out, "parentObservationId", text(r, "parent_id")?);
        put(out, "type", text(r, "type")?);
        Ok(())
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
            let created: String = r.get("created_at")?;
            put(out, "createdAt", json!(if r.get("is_legacy")? { whole_seconds(&created) } else { created }));
            put(out, "updatedAt", text(r, "updated_at")?);
        }
        Ok(())
    }

    /// Adds input and output and the metadata's place, and returns the row's own metadata.
    fn payload(&self, r: &Row<'_>, out: &mut Map<String, Value>) -> rusqlite::Result<Map<String, Value>> {
        if self.has("io") {
            for key in ["input", "output"] {
                put(out, key, json!(r.get::<_, Option<String>>(key)?.filter(|t| !t.is_empty())));
            }
        }
        if !self.has("metadata") {
            return Ok(Map::new());
        }
        put(out, "metadata", Value::Null);
        match parse(&r.get::<_, String>("metadata")?) {
            Value::Object(own) => Ok(own),
            _ => Ok(Map::new()),
        }
    }

    fn model(&self, r: &Row<'_>, out: &mut Map<String, Value>) -> rusqlite::Result<Option<&'static Model>> {
        if !self.has("model") {
            return Ok(None);
        }
        let id: String = r.get("model_id")?;
        put(out, "model", text(r, "model")?);
        put(out, "internalModelId", json!(id));
        put(out, "modelParameters", parse(&r.get::<_, String>("model_parameters")?));
        Ok(models::by_id(&id))
    }

    fn usage(&self, r: &Row<'_>, out: &mut Map<String, Value>) -> rusqlite::Result<()> {
        if self.has("usage") {
            let usage = parse(&r.get::<_, String>("usage_details")?);
            let cost = parse(&r.get::<_, String>("cost_details")?);
            put(out, "usageDetails", numbers(&usage));
            put(out, "inputUsage", number(sum(&usage, "input").unwrap_or_default()));
            put(out, "outputUsage", number(sum(&usage, "output").unwrap_or_default()));
            put(out, "totalUsage", number(total(&usage)));
            put(out, "costDetails", numbers(&cost));
            put(out, "inputCost", sum(&cost, "input").map_or(Value::Null, number));
            put(out, "outputCost", sum(&cost, "output").map_or(Value::Null, number));
            put(out, "totalCost", number(total(&cost)));
        }
        if self.has("prompt") {
            put(out, "promptId", text(r, "prompt_id")?);
            put(out, "promptName", text(r, "prompt_name")?);
            put(out, "promptVersion", json!(r.get::<_, Option<i64>>("prompt_version")?.filter(|v| *v != 0)));
        }
        if self.has("usage") {
            let model = models::by_id(&r.get::<_, String>("model_id")?);
            put(out, "usagePricingTierId", json!(model.map(|m| m.tier_id)));
            put(out, "usagePricingTierName", json!(model.map(|m| m.tier_name)));
        }
        Ok(())
    }

    /// Both are there in every row. As metrics, nothing took no time.
    fn metrics(&self, r: &Row<'_>, out: &mut Map<String, Value>) -> rusqlite::Result<()> {
        let measured = |seconds: &f64| !self.has("metrics") || *seconds != 0.0;
        let latency: Option<f64> = r.get("latency")?;
        put(out, "latency", latency.filter(measured).map_or(Value::Null, number));
        let first: Option<f64> = r.get("time_to_first_token")?;
        let first = first.filter(|_| self.has("time") || self.has("metrics")).filter(measured);
        put(out, "timeToFirstToken", first.map_or(Value::Null, number));
        Ok(())
    }

    fn context(&self, r: &Row<'_>, out: &mut Map<String, Value>) -> rusqlite::Result<()> {
        if self.has("basic") {
            put(out, "userId", text(r, "user_id")?);
            put(out, "sessionId", text(r, "session_id")?);
            let is_root = r.get::<_, Option<String>>("parent_id")?.is_none() || r.get("is_app_root")?;
            put(out, "isRootObservation", json!(is_root));
        }
        if self.has("trace_context") {
            put(out, "traceName", text(r, "trace_name")?);
            put(out, "release", text(r, "release")?);
            put(out, "tags", parse(&r.get::<_, String>("tags")?));
        }
        if self.has("basic") {
            put(out, "bookmarked", json!(r.get::<_, bool>("is_bookmarked")?));
            put(out, "public", json!(r.get::<_, bool>("is_public")?));
        }
        Ok(())
    }
}

fn prices(out: &mut Map<String, Value>, model: Option<&Model>) {
    put(out, "modelId", json!(model.map(|m| m.id)));
    put(out, "inputPrice", json!(model.map(|m| decimal_text(m.input_price))));
    put(out, "outputPrice", json!(model.map(|m| decimal_text(m.output_price))));
    put(out, "totalPrice", json!(model.and_then(|m| m.total_price).map(decimal_text)));
}

/// A price as the real server's decimals print: below a millionth with an exponent.
fn decimal_text(price: &str) -> String {
    let fraction = price.strip_prefix("0.").unwrap_or_default();
    let digits = fraction.trim_start_matches('0');
    let exponent = fraction.len() - digits.len() + 1;
    match digits.split_at_checked(1) {
        Some((first, "")) if exponent > 6 => format!("{first}e-{exponent}"),
        Some((first, rest)) if exponent > 6 => format!("{first}.{rest}e-{exponent}"),
        _ => price.to_owned(),
    }
}

fn put(out: &mut Map<String, Value>, key: &str, value: Value) {
    out.insert(key.to_owned(), value);
}

fn text(r: &Row<'_>, column: &str) -> rusqlite::Result<Value> {
    Ok(json!(r.get::<_, Option<String>>(column)?))
}

/// The numbers of usage or cost details, as JavaScript prints them.
pub fn numbers(details: &Value) -> Value {
    let numbers = details.as_object().into_iter().flatten();
    Value::Object(numbers.filter_map(|(key, n)| Some((key.clone(), number(n.as_f64()?)))).collect())
}

/// The details whose keys begin with `prefix`, taken together; `None` if there are none.
pub fn sum(details: &Value, prefix: &str) -> Option<f64> {
    let members = details.as_object().into_iter().flatten();
    let found: Vec<f64> =
        members.filter(|(key, _)| key.starts_with(prefix)).filter_map(|(_, n)| n.as_f64()).collect();
    (!found.is_empty()).then(|| decimal(found.iter().sum()))
}

/// The total of usage or cost details, 0 if they have none.
pub fn total(details: &Value) -> f64 {
    details["total"].as_f64().unwrap_or_default()
}

/// A sum without the noise of binary fractions: amounts have twelve decimals.
pub fn decimal(n: f64) -> f64 {
    const SCALE: f64 = 1e12;
    let scaled = (n * SCALE).round() / SCALE;
    if scaled.is_finite() { scaled } else { n }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("0.0000025", "0.0000025")]
    #[case("0.000001", "0.000001")]
    #[case("0.0000001", "1e-7")]
    #[case("0.00000015", "1.5e-7")]
    #[case("0.000000025", "2.5e-8")]
    #[case("", "")]
    fn small_prices_have_an_exponent(#[case] price: &str, #[case] wanted: &str) {
        assert_eq!(decimal_text(price), wanted);
    }
}
