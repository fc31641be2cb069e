//! What was there without a recording of how it came about: the request that makes it is worked out
//! from how it looked later.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::facts::{Facts, Row};
use super::moments::{Moment, made};
use super::recording::Exchange;
use super::scores;

/// A request that no recording has.
pub struct Seed {
    pub at: Timestamp,
    pub method: &'static str,
    pub path: String,
    pub body: Value,
    pub auth: String,
    /// What it makes, as it is to look.
    pub row: Value,
}

/// All of them.
pub fn missing(exchanges: &[Exchange], facts: &Facts) -> Vec<Seed> {
    let mut seeds = Vec::new();
    seeds.extend(only_counted(exchanges, facts));
    for ((resource, id), states) in &facts.states {
        if *resource == "scores" {
            seeds.extend(scores_of(id, states, exchanges));
            continue;
        }
        let first = &states[0];
        seeds.extend(listed_items(states, facts));
        if !exchanges.iter().any(|e| makes(e, resource, id)) {
            seeds.extend(creation(resource, first, facts));
        }
        for pair in states.windows(2) {
            if !exchanges.iter().any(|e| changes(e, resource, &pair[1])) {
                seeds.extend(change(resource, &pair[0], &pair[1]));
            }
        }
    }
    seeds
}

/// Comments that lists count and no recording shows: made right after the first one.
fn only_counted(exchanges: &[Exchange], facts: &Facts) -> Vec<Seed> {
    let of_comments = |e: &&Exchange| e.resource() == "comments" && e.succeeded_once();
    let mut known: BTreeSet<String> =
        exchanges.iter().filter(of_comments).filter(|e| e.is_write()).flat_map(made).collect();
    let shown = facts.states.iter().filter(|((resource, _), _)| *resource == "comments");
    let first = shown.clone().map(|(_, states)| states[0].created).min();
    known.extend(shown.map(|((_, id), _)| id.clone()));
    let counted =
        exchanges.iter().filter(of_comments).filter_map(|e| e.answers[0].body["meta"]["totalItems"].as_u64());
    let counted = counted.max().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    let at = first.unwrap_or(Timestamp::UNIX_EPOCH).checked_add(SignedDuration::from_millis(1)).unwrap();
    let seed = |number| {
        let body = json!({
            "projectId": "proj-test", "objectType": "TRACE", "objectId": "trace-001", "content": "never shown",
        });
        // Last by id, where it moves no other on a page.
        let row = json!({"id": format!("ffffffff-ffff-4fff-bfff-{number:012x}")});
        Seed { at, method: "POST", path: "/api/public/comments".into(), body, auth: "project".into(), row }
    };
    (known.len()..counted).map(seed).collect()
}

fn makes(exchange: &Exchange, resource: &str, id: &str) -> bool {
    let method = exchange.request.method.as_str();
    let creates = method == "POST" || method == "PUT" && exchange.request.path.ends_with(resource);
    creates
        && exchange.succeeded_once()
        && exchange.resource() == resource
        && made(exchange).iter().any(|m| m == id)
        && exchange.answers.iter().all(|answer| answer.body["updatedAt"] == answer.body["createdAt"])
}

fn changes(exchange: &Exchange, resource: &str, state: &Row) -> bool {
    let time = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
    exchange.is_write()
        && exchange.request.body != json!({})
        && exchange.resource() == resource
        && exchange
            .answers
            .iter()
            .any(|a| a.body["id"] == state.id.as_str() && time(&a.body["updatedAt"]) == Some(state.updated))
}

impl Exchange {
    /// Whether at least one of the answers is a success.
    fn succeeded_once(&self) -> bool {
        self.answers.iter().any(|answer| answer.status < 300)
    }
}

fn seed(at: Timestamp, method: &'static str, path: impl Into<String>, body: Value, row: &Row) -> Seed {
    Seed {
        at,
        method,
        path: format!("/api/public{}", path.into()),
        body,
        auth: "project".into(),
        row: Value::Object(row.fields.clone()),
    }
}

/// Deletions of which only the repetition is recorded.
pub fn deletions(exchanges: &[Exchange], moments: &[Moment]) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (exchange, moment) in exchanges.iter().zip(moments) {
        let Some(first) = exchange.name.strip_suffix("-again") else { continue };
        let is_recorded = exchanges.iter().any(|e| e.mode == exchange.mode && e.name == first);
        if exchange.request.method == "DELETE" && !is_recorded {
            seeds.push(Seed {
                at: moment.at,
                method: "DELETE",
                path: exchange.request.path.clone(),
                body: exchange.request.body.clone(),
                auth: exchange.request.auth.clone(),
                row: Value::Null,
            });
        }
    }
    seeds
}

/// The fields of `keys` that are there and not null.
fn pick(row: &Row, keys: &[&str]) -> Map<String, Value> {
    let given = keys.iter().filter_map(|key| Some(((*key).to_owned(), row.fields.get(*key)?.clone())));
    given.filter(|(_, value)| !value.is_null()).collect()
}

fn creation(resource: &str, row: &Row, facts: &Facts) -> Option<Seed> {
    let post = |path: &str, keys: &[&str]| {
        Some(seed(row.created, "POST", path, Value::Object(pick(row, keys)), row))
    };
    let text = |key: &str| row.fields.get(key).and_then(Value::as_str).unwrap_or_default();
    match resource {
        "score-configs" if text("dataType") == "BOOLEAN" => {
            post("/score-configs", &["name", "dataType", "description"])
        }
        "score-configs" => {
            post("/score-configs", &["name", "dataType", "description", "minValue", "maxValue", "categories"])
        }
        "annotation-queues" => post("/annotation-queues", &["name", "description", "scoreConfigIds"]),
        "items" => {
            let path = format!("/annotation-queues/{}/items", text("queueId"));
            let completed = row.fields["completedAt"].as_str().and_then(|t| t.parse::<Timestamp>().ok());
            let keys = ["objectId", "objectType", "status"];
            let known = if completed.is_some_and(|at| at <= row.created) { &keys[..] } else { &keys[..2] };
            post(&path, known)
        }
        "comments" => post("/comments", &["projectId", "objectType", "objectId", "content", "authorUserId"]),
        "datasets" => {
            post("/v2/datasets", &["name", "description", "metadata", "inputSchema", "expectedOutputSchema"])
        }
        "dataset-items" => post("/dataset-items", &ITEM),
        "dataset-run-items" => Some(run_item(row, facts)),
        "evaluators" => post("/unstable/evaluators", &EVALUATOR),
        "evaluation-rules" => Some(rule(row)),
        _ => None,
    }
}

const ITEM: [&str; 8] = [
    "id",
    "datasetName",
    "input",
    "expectedOutput",
    "metadata",
    "sourceTraceId",
    "sourceObservationId",
    "status",
];
const EVALUATOR: [&str; 8] = [
    "name",
    "type",
    "prompt",
    "outputDefinition",
    "modelConfig",
    "sourceCode",
    "sourceCodeLanguage",
    "mapping",
];

/// Items that a dataset lists by their ids, and that are shown nowhere.
fn listed_items(states: &[Row], facts: &Facts) -> Vec<Seed> {
    let last = &states[states.len() - 1];
    let listed = states.iter().filter_map(|row| row.fields.get("items").and_then(Value::as_array)).flatten();
    let ids = listed.filter_map(Value::as_str);
    let hidden = ids.filter(|id| !facts.states.contains_key(&("dataset-items", (*id).to_owned())));
    let item = |id| json!({"id": id, "datasetName": last.fields["name"], "input": "never shown"});
    let after = last.updated.checked_add(SignedDuration::from_millis(1)).unwrap();
    hidden.map(|id| seed(after, "POST", "/dataset-items", item(id), last)).collect()
}

fn run_item(row: &Row, facts: &Facts) -> Seed {
    let mut body = pick(row, &["datasetItemId", "traceId", "observationId"]);
    let run = row.fields.get("datasetRunId").and_then(Value::as_str).unwrap_or_default();
    body.insert("runName".into(), row.fields.get("datasetRunName").cloned().unwrap_or_default());
    for state in facts.states.get(&("runs", run.to_owned())).into_iter().flatten() {
        body.insert("runName".into(), state.fields["name"].clone());
        body.extend(pick(state, &["metadata"]));
        if let Some(text) = state.fields.get("description").filter(|text| !text.is_null()) {
            body.insert("runDescription".into(), text.clone());
        }
    }
    seed(row.created, "POST", "/dataset-run-items", Value::Object(body), row)
}

fn rule(row: &Row) -> Seed {
    let mut body = pick(row, &["name", "target", "enabled", "sampling", "filter", "mapping"]);
    let evaluator = row.fields.get("evaluator").cloned().unwrap_or_default();
    body.insert("evaluator".into(), json!({"name": evaluator["name"]}));
    seed(row.created, "POST", "/unstable/evaluation-rules", Value::Object(body), row)
}

fn change(resource: &str, before: &Row, after: &Row) -> Option<Seed> {
    let differing = |keys: &[&str]| {
        let mut fields = pick(after, keys);
        fields.retain(|key, value| before.fields.get(key) != Some(value));
        Value::Object(fields)
    };
    let at = after.updated;
    let text = |key: &str| after.fields.get(key).and_then(Value::as_str).unwrap_or_default();
    match resource {
        "score-configs" => {
            let keys = ["name", "description", "isArchived", "minValue", "maxValue"];
            Some(seed(at, "PATCH", format!("/score-configs/{}", after.id), differing(&keys), after))
        }
        "items" => {
            let path = format!("/annotation-queues/{}/items/{}", text("queueId"), after.id);
            Some(seed(at, "PATCH", path, json!({"status": text("status")}), after))
        }
        "datasets" | "dataset-items" | "evaluators" => {
            let made = creation(resource, after, &Facts::of(&[]))?;
            Some(Seed { at, ..made })
        }
        "evaluation-rules" => {
            let keys = ["name", "enabled", "sampling", "filter", "mapping"];
            let path = format!("/unstable/evaluation-rules/{}", after.id);
            Some(seed(at, "PATCH", path, differing(&keys), after))
        }
        _ => None,
    }
}

/// The writes that brought a score into states which no recorded write explains.
fn scores_of(id: &str, states: &[Row], exchanges: &[Exchange]) -> Vec<Seed> {
    let mut writes = scores::by_id(exchanges).remove(id).unwrap_or_default();
    let mut seeds = Vec::new();
    let mut births = Vec::new();
    for state in states {
        if let Some(position) = writes.iter().position(|(_, body)| scores::fits(body, state)) {
            writes.remove(position);
            births.push(state.created);
            continue;
        }
        let is_first = !births.contains(&state.created) && writes.is_empty();
        births.push(state.created);
        let at = if is_first { state.created } else { state.updated };
        seeds.push(seed(at, "POST", "/scores", score(id, state), state));
    }
    seeds
}

fn score(id: &str, state: &Row) -> Value {
    let keys = ["name", "dataType", "configId", "queueId", "comment", "metadata", "environment", "sessionId"];
    let mut body = pick(state, &keys);
    body.insert("id".into(), json!(id));
    body.insert("value".into(), scores::value(state));
    body.extend(pick(state, &["traceId", "observationId"]));
    let subject = state.fields.get("subject").cloned().unwrap_or_default();
    match subject["kind"].as_str() {
        Some("trace") => _ = body.insert("traceId".into(), subject["id"].clone()),
        Some("session") => _ = body.insert("sessionId".into(), subject["id"].clone()),
        Some("experiment") => _ = body.insert("datasetRunId".into(), subject["id"].clone()),
        Some("observation") => {
            body.insert("observationId".into(), subject["id"].clone());
            body.insert("traceId".into(), subject["traceId"].clone());
        }
        _ => {}
    }
    if state.fields.get("source").is_some_and(|source| source == "ANNOTATION") {
        body.insert("source".into(), json!("ANNOTATION"));
    }
    Value::Object(body)
}
