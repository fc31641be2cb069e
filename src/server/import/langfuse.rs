//! Traces and observations as Langfuse exports them: by the API, from its tables, to a bucket.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::fields::{Fields, written};
use crate::server::traces::row::{Observation, Trace};

/// What ids made here are derived from, besides the content.
const NAMESPACE: Uuid = Uuid::from_u128(0x7452_6163_654d_4172_6b49_6d50_6f72_7421);

/// Longest id.
const ID_CHARS: usize = 800;

/// An id that the same content gets again: 32 hexadecimal digits.
pub fn derived(parts: &[&str]) -> String {
    Uuid::new_v5(&NAMESPACE, parts.join("\0").as_bytes()).simple().to_string()
}

/// The same JSON as text, whatever order its keys came in.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let fields =
                keys.iter().map(|key| format!("{}:{}", Value::from(key.as_str()), canonical(&map[*key])));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

fn id(fields: Fields<'_>, names: &[&str]) -> Result<Option<String>, String> {
    match fields.text(names) {
        Some(id) if id.chars().count() > ID_CHARS => {
            Err(format!("{} is longer than {ID_CHARS} characters", names.first().unwrap_or(&"id")))
        }
        id => Ok(id),
    }
}

/// A trace; what the record leaves out is empty.
pub fn trace(record: &Map<String, Value>) -> Result<Trace, String> {
    let fields = Fields(record);
    Ok(Trace {
        id: id(fields, &["id", "traceId"])?.ok_or("the trace has no id")?,
        timestamp: fields.time(&["timestamp", "startTime", "createdAt"])?.unwrap_or_default(),
        name: fields.text(&["name", "traceName"]),
        user_id: fields.text(&["userId"]),
        session_id: fields.text(&["sessionId"]),
        release: fields.text(&["release"]),
        version: fields.text(&["version"]),
        environment: fields.text_or_empty(&["environment"]),
        tags: fields.texts(&["tags"]),
        is_public: fields.flag(&["public"]),
        is_bookmarked: fields.flag(&["bookmarked"]),
        input: fields.payload(&["input"]),
        output: fields.payload(&["output"]),
        metadata: fields.object(&["metadata"], "metadata"),
        created_at: fields.time(&["createdAt"])?.unwrap_or_default(),
        updated_at: fields.time(&["updatedAt"])?.unwrap_or_default(),
    })
}

/// An observation, of `trace` where it stands inside one; what the record leaves out is empty.
pub fn observation(record: &Map<String, Value>, trace: Option<&str>) -> Result<Observation, String> {
    let fields = Fields(record);
    let trace_id = match (id(fields, &["traceId"])?, trace) {
        (Some(id), _) => id,
        (None, Some(id)) => id.to_owned(),
        (None, None) => return Err("the observation has no traceId".into()),
    };
    let given = id(fields, &["id", "observationId", "spanId"])?;
    let id = given.unwrap_or_else(|| {
        let content = canonical(&Value::Object(record.clone()));
        derived(&["observation", &trace_id, &content])
    });
    let version = fields.text_or_empty(&["version"]);
    let root = root_of(&trace_id);
    let parent =
        fields.text(&["parentObservationId", "parentSpanId", "parentId"]).filter(|parent| *parent != id);
    let mut row = Observation {
        is_synthetic: id == root,
        is_legacy: id == root || parent.as_ref() == Some(&root),
        id,
        trace_id,
        parent_id: parent,
        kind: fields.text_or_empty(&["type", "observationType"]).to_uppercase(),
        name: fields.text_or_empty(&["name"]),
        level: fields.text_or_empty(&["level"]).to_uppercase(),
        status_message: fields.text_or_empty(&["statusMessage"]),
        own_version: version.clone(),
        version,
        environment: fields.text_or_empty(&["environment"]),
        user_id: fields.text_or_empty(&["userId"]),
        session_id: fields.text_or_empty(&["sessionId"]),
        release: fields.text_or_empty(&["release"]),
        trace_name: fields.text_or_empty(&["traceName"]),
        tags: fields.texts(&["tags", "traceTags"]),
        input: fields.payload(&["input"]),
        output: fields.payload(&["output"]),
        metadata: fields.object(&["metadata"], "metadata"),
        is_public: fields.flag(&["public"]),
        is_bookmarked: fields.flag(&["bookmarked"]),
        ..Observation::default()
    };
    times(&mut row, fields)?;
    model(&mut row, fields);
    Ok(row)
}

/// The root that stands for a trace of the old data model.
pub fn root_of(trace: &str) -> String {
    format!("t-{trace}")
}

fn times(row: &mut Observation, fields: Fields<'_>) -> Result<(), String> {
    row.start_time = fields.time(&["startTime", "timestamp"])?.unwrap_or_default();
    row.end_time = fields.time(&["endTime"])?;
    row.completion_start_time = fields.time(&["completionStartTime"])?;
    row.created_at = fields.time(&["createdAt"])?.unwrap_or_default();
    row.updated_at = fields.time(&["updatedAt"])?.unwrap_or_default();
    Ok(())
}

fn model(row: &mut Observation, fields: Fields<'_>) {
    row.model = fields.text_or_empty(&["model", "providedModelName"]);
    row.model_id = fields.text_or_empty(&["internalModelId", "modelId"]);
    row.model_parameters = fields.object(&["modelParameters"], "value");
    row.usage_details = Value::Object(usage(fields));
    row.cost_details = Value::Object(cost(fields));
    let total = fields.number(&["totalCost", "calculatedTotalCost"]);
    row.total_cost = total.or_else(|| row.cost_details["total"].as_f64()).unwrap_or_default();
    row.prompt_id = fields.text_or_empty(&["promptId"]);
    row.prompt_name = fields.text_or_empty(&["promptName"]);
    row.prompt_version = fields.whole(&["promptVersion"]);
}

/// Tokens by kind, or what older exports have in their place.
fn usage(fields: Fields<'_>) -> Map<String, Value> {
    let details = fields.numbers(&["usageDetails"]);
    if !details.is_empty() {
        return details;
    }
    let older = fields.json(&["usage"]);
    let nothing = Map::new();
    let older = Fields(older.as_object().unwrap_or(&nothing));
    let counts = [
        ("input", ["input", "promptTokens"], ["inputUsage", "inputTokens", "promptTokens"]),
        ("output", ["output", "completionTokens"], ["outputUsage", "outputTokens", "completionTokens"]),
        ("total", ["total", "totalTokens"], ["totalUsage", "totalTokens", "totalTokens"]),
    ];
    let count = |inside: &[&str], outside: &[&str]| older.number(inside).or_else(|| fields.number(outside));
    let found = counts.iter().filter_map(|(key, inside, outside)| Some((*key, count(inside, outside)?)));
    let found: Vec<(&str, f64)> = found.collect();
    // Rows of what used no model say zero of everything.
    if found.iter().all(|(_, n)| *n == 0.0) {
        return Map::new();
    }
    found.into_iter().map(|(key, n)| (key.to_owned(), written(n))).collect()
}

fn cost(fields: Fields<'_>) -> Map<String, Value> {
    let details = fields.numbers(&["costDetails"]);
    if !details.is_empty() {
        return details;
    }
    let costs = [
        ("input", ["inputCost", "calculatedInputCost"]),
        ("output", ["outputCost", "calculatedOutputCost"]),
        ("total", ["totalCost", "calculatedTotalCost"]),
    ];
    let found = costs.iter().filter_map(|(key, names)| Some((*key, fields.number(names)?)));
    let found: Vec<(&str, f64)> = found.collect();
    if found.iter().all(|(_, n)| *n == 0.0) {
        return Map::new();
    }
    found.into_iter().map(|(key, n)| (key.to_owned(), written(n))).collect()
}
