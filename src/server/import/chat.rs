//! Conversations and pairs of input and output: one trace each, with one observation.

use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::langfuse::{canonical, derived};
use crate::server::traces::row::Observation;

/// Fields that are not metadata.
const KNOWN: &[&str] = &[
    "id",
    "trace_id",
    "traceId",
    "name",
    "input",
    "output",
    "metadata",
    "session",
    "session_id",
    "sessionId",
    "user",
    "user_id",
    "userId",
    "tags",
    "model",
    "environment",
    "version",
    "release",
    "timestamp",
    "time",
    "created_at",
    "createdAt",
    "start_time",
    "startTime",
    "end_time",
    "endTime",
];
/// Fields of an example for training that say what was asked, besides the messages.
const ASKED: &[&str] = &["tools", "functions", "response_format"];

/// A line `{"input": …, "output": …}`.
pub fn pair(record: &Map<String, Value>) -> Result<Observation, String> {
    let kind = if Fields(record).get(&["model"]).is_some() { "GENERATION" } else { "SPAN" };
    row(record, kind, "input and output", record)
}

/// A line `{"messages": […]}`: what the model said last is the output, the rest is the input.
pub fn chat(record: &Map<String, Value>) -> Result<Observation, String> {
    let mut rest = record.clone();
    let Some(Value::Array(mut messages)) = rest.shift_remove("messages") else {
        return Err("messages is no list".into());
    };
    if messages.is_empty() {
        return Err("messages is empty".into());
    }
    let answer = messages.iter().rposition(is_answer).map(|at| messages.remove(at));
    let mut asked = Map::new();
    for key in ASKED {
        if let Some(value) = rest.shift_remove(*key) {
            asked.insert((*key).to_owned(), value);
        }
    }
    let input = if asked.is_empty() {
        Value::Array(messages)
    } else {
        asked.shift_insert(0, "messages".into(), Value::Array(messages));
        Value::Object(asked)
    };
    rest.insert("input".into(), input);
    rest.insert("output".into(), answer.unwrap_or_default());
    row(&rest, "GENERATION", "chat", record)
}

/// Whether the model said it, in the words of any library.
fn is_answer(message: &Value) -> bool {
    let role = message["role"].as_str().or_else(|| message["type"].as_str()).unwrap_or_default();
    matches!(role.to_ascii_lowercase().as_str(), "assistant" | "ai" | "aimessage" | "model")
}

/// The observation; `whole` is what its ids are derived from where it brings none.
fn row(
    record: &Map<String, Value>,
    kind: &str,
    name: &str,
    whole: &Map<String, Value>,
) -> Result<Observation, String> {
    let fields = Fields(record);
    let content = || canonical(&Value::Object(whole.clone()));
    let trace_id = fields.text(&["id", "traceId"]).unwrap_or_else(|| derived(&["trace", &content()]));
    let name = fields.text(&["name"]).unwrap_or_else(|| name.to_owned());
    let start = fields.time(&["startTime", "timestamp", "time", "createdAt"])?.unwrap_or_default();
    Ok(Observation {
        id: derived(&["observation", &trace_id]).chars().take(16).collect(),
        kind: kind.into(),
        trace_name: name.clone(),
        name,
        end_time: fields.time(&["endTime"])?,
        created_at: start.clone(),
        updated_at: start.clone(),
        start_time: start,
        version: fields.text_or_empty(&["version"]),
        own_version: fields.text_or_empty(&["version"]),
        environment: fields.text_or_empty(&["environment"]),
        user_id: fields.text_or_empty(&["userId", "user"]),
        session_id: fields.text_or_empty(&["sessionId", "session"]),
        release: fields.text_or_empty(&["release"]),
        tags: fields.texts(&["tags"]),
        model: fields.text_or_empty(&["model"]),
        input: verbatim(record.get("input")),
        output: verbatim(record.get("output")),
        metadata: metadata(record),
        trace_id,
        ..Observation::default()
    })
}

/// A payload as it was written: a text is a text, whatever it looks like.
fn verbatim(value: Option<&Value>) -> Option<String> {
    value.and_then(crate::server::data::value::payload)
}

/// The metadata, with every field that has no place of its own.
fn metadata(record: &Map<String, Value>) -> Value {
    let mut all = match Fields(record).object(&["metadata"], "metadata") {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    for (key, value) in record {
        if !KNOWN.contains(&key.as_str()) && !value.is_null() {
            all.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    json!(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(read: fn(&Map<String, Value>) -> Result<Observation, String>, record: &Value) -> Observation {
        read(record.as_object().unwrap()).unwrap()
    }

    #[test]
    fn the_last_answer_is_the_output() {
        let record = json!({"messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"},
            {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "So long"},
        ], "source": "test"});
        let row = of(chat, &record);
        assert_eq!(row.output.as_deref(), Some(r#"{"role":"assistant","content":"So long"}"#));
        let input: Value = serde_json::from_str(row.input.as_deref().unwrap()).unwrap();
        assert_eq!(input.as_array().unwrap().len(), 4);
        assert_eq!((row.kind.as_str(), row.metadata), ("GENERATION", json!({"source": "test"})));
    }

    #[test]
    fn tools_belong_to_the_input_and_an_answer_may_be_missing() {
        let row =
            of(chat, &json!({"messages": [{"type": "human", "content": "Hi"}], "tools": [{"name": "x"}]}));
        assert_eq!(row.output, None);
        let input: Value = serde_json::from_str(row.input.as_deref().unwrap()).unwrap();
        assert_eq!(
            input,
            json!({"messages": [{"type": "human", "content": "Hi"}], "tools": [{"name": "x"}]})
        );
        assert!(chat(json!({"messages": []}).as_object().unwrap()).is_err());
    }

    #[test]
    fn what_a_pair_brings_is_kept() {
        let row = of(
            pair,
            &json!({
                "input": "2+2", "output": {"n": 4}, "expected_output": "4", "id": 7, "name": "sum",
                "session": "s", "user": "u", "tags": ["a"], "metadata": {"k": 1}, "model": "m",
            }),
        );
        assert_eq!((row.trace_id.as_str(), row.name.as_str(), row.kind.as_str()), ("7", "sum", "GENERATION"));
        assert_eq!((row.session_id.as_str(), row.user_id.as_str()), ("s", "u"));
        assert_eq!((row.input.as_deref(), row.output.as_deref()), (Some("2+2"), Some("{\"n\":4}")));
        assert_eq!(row.metadata, json!({"k": 1, "expected_output": "4"}));
        assert_eq!(row.tags, json!(["a"]));
    }

    #[test]
    fn ids_come_from_the_content_alone() {
        let one = of(pair, &json!({"input": 1, "output": 2}));
        let same = of(pair, &json!({"output": 2, "input": 1}));
        let other = of(pair, &json!({"input": 1, "output": 3}));
        assert_eq!((one.trace_id.len(), one.id.len()), (32, 16));
        assert_eq!((&one.trace_id, &one.id), (&same.trace_id, &same.id));
        assert_ne!(one.trace_id, other.trace_id);
    }
}
