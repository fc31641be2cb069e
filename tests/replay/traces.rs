//! The traces that were there before the first recording: thirty, ingested as events of the old data
//! model by a script whose rules their looks betray.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::facts::Facts;
use super::seed::Seed;

/// Question and answer by the last digit of a trace's number.
const TALK: [(&str, &str); 10] = [
    ("What is the capital of France?", "Paris."),
    ("How do I reset my password?", "Open Settings > Security and choose Reset."),
    ("Summarise this contract.", "The contract binds both parties for 24 months."),
    ("Translate 'good morning' to German.", "Guten Morgen."),
    ("Write a haiku about rain.", "Soft rain on tin roofs / a quiet drum for the night / even cats listen."),
    ("Why was my card charged twice?", "One is a pending authorisation; it drops off in 3-5 days."),
    ("Which plan includes SSO?", "Enterprise."),
    ("Explain TCP slow start.", "The window doubles each RTT until ssthresh or loss."),
    ("Is this mushroom edible?", "I cannot tell safely from text. Do not eat it."),
    ("Draft a refund e-mail.", "Dear customer, we have refunded 12.50 EUR."),
];

/// When the script ran.
const INGESTED: &str = "2026-11-24T06:07:57.000Z";

/// Number of traces.
const COUNT: u32 = 30;

/// Traces that were stored earlier than they were last touched: their session shows it.
const EARLIER: [(&str, &str); 1] = [("trace-000", "2026-11-24T06:07:58.683500Z")];

/// Before the first was ingested.
pub fn start() -> Timestamp {
    INGESTED.parse().unwrap()
}

/// When trace `number` was stored, unless recordings tell.
fn moment(number: u32) -> Timestamp {
    start().checked_add(SignedDuration::from_millis(i64::from(number) * 500 + 500)).unwrap()
}

/// The requests that ingest the traces: one event each, at the moment at which it was last stored,
/// since that decides about the order in which a trace shows its observations.
pub fn all(facts: &Facts) -> Vec<Seed> {
    (0..COUNT).flat_map(|number| seeds(number, facts)).collect()
}

fn seeds(number: u32, facts: &Facts) -> Vec<Seed> {
    let trace = format!("trace-{number:03}");
    let stored =
        |resource, id: &str| facts.states.get(&(resource, id.to_owned()))?.last().map(|row| row.updated);
    let at = EARLIER
        .iter()
        .find(|(id, _)| *id == trace)
        .map(|(_, at)| at.parse().unwrap())
        .or_else(|| stored("traces", &trace))
        .unwrap_or_else(|| moment(number));
    let mut seeds = vec![seed(at, &event("trace-create", &trace, number, &body(number)))];
    for (kind, observation) in observations(number) {
        let id = observation["id"].as_str().unwrap().to_owned();
        let next = at.checked_add(SignedDuration::from_millis(i64::try_from(seeds.len()).unwrap())).unwrap();
        let at = stored("observations", &id).map_or(next, |known| known.max(next));
        seeds.push(seed(at, &event(kind, &id, number, &observation)));
    }
    seeds
}

fn seed(at: Timestamp, event: &Value) -> Seed {
    Seed {
        at,
        method: "POST",
        path: "/api/public/ingestion".into(),
        body: json!({"batch": [event]}),
        auth: "project".into(),
        row: Value::Null,
    }
}

fn event(kind: &str, id: &str, number: u32, body: &Value) -> Value {
    json!({"id": format!("seed-{id}"), "type": kind, "timestamp": time(number, 0, 0), "body": body})
}

fn time(number: u32, second: u32, milli: u32) -> String {
    format!("2026-11-24T04:{number:02}:{second:02}.{milli:03}Z")
}

fn body(number: u32) -> Value {
    let (input, output) = payloads(number);
    let session = match number {
        0..4 => json!("session-a"),
        4..8 => json!("session-b"),
        8..12 => json!("session-c"),
        _ => Value::Null,
    };
    let (name, color) = [("support-chat", "red"), ("support-search", "green"), ("support-agent", "blue")]
        [number as usize % 3];
    json!({
        "id": format!("trace-{number:03}"), "timestamp": time(number, 0, 0), "name": name,
        "userId": format!("user-{}", number % 5), "sessionId": session, "release": "r1",
        "version": format!("v{}", number % 2), "tags": [color, "seed"], "public": number == 3,
        "environment": environment(number), "input": input, "output": output,
        "metadata": {"idx": number, "env": "test", "deep": {"a": {"b": number}}},
    })
}

fn environment(number: u32) -> &'static str {
    if number < 25 { "default" } else { "staging" }
}

fn talk(number: u32) -> (&'static str, &'static str) {
    TALK[number as usize % 10]
}

/// Chat messages, objects and plain texts in turn; three traces are special.
fn payloads(number: u32) -> (Value, Value) {
    let (question, answer) = talk(number);
    match number {
        13 => {
            let odd = json!({
                "unicode": "Zürich 北京 🦀 \u{202e} rtl", "html": "<script>alert(1)</script>", "quote": "\"'`;--",
            });
            (odd, json!("line1\nline2\ttab"))
        }
        14 => (Value::Null, Value::Null),
        15 => (json!("x".repeat(20_000)), json!({"big": (0..2000).collect::<Vec<u32>>()})),
        _ if number.is_multiple_of(3) => {
            let system = json!({"role": "system", "content": "You are a careful support agent."});
            let chat = json!([system, {"role": "user", "content": question}]);
            (chat, json!({"role": "assistant", "content": answer}))
        }
        _ if number % 3 == 1 => {
            let nested = json!({"k": [1, 2.5, null, true]});
            let sure = f64::from(50 + number) / 100.0;
            let input = json!({"question": question, "locale": "en", "nested": nested});
            (input, json!({"answer": answer, "confidence": sure}))
        }
        _ => (json!(question), json!(answer)),
    }
}

/// Each trace's observations with their kinds of event.
fn observations(number: u32) -> Vec<(&'static str, Value)> {
    let trace = format!("trace-{number:03}");
    let id = |part: &str| format!("{trace}-{part}");
    let (question, answer) = talk(number);
    let (input, output) = payloads(number);
    let common = |part: &str, name: &str, parent: Option<String>, second: u32| {
        json!({
            "id": id(part), "traceId": trace, "name": name, "parentObservationId": parent,
            "startTime": time(number, second, 0), "environment": environment(number),
        })
    };
    let message = json!([{"role": "user", "content": question}]);
    let slow = number.is_multiple_of(7);
    let root = with(
        common("root", "handle", None, 0),
        json!({
            "endTime": time(number, 5, 0), "input": input, "output": output,
        }),
    );
    let retrieval = with(
        common("retr", "retrieve", Some(id("root")), 1),
        json!({
            "endTime": time(number, 2, 0), "input": {"query": question}, "output": {"docs": ["d1", "d2"]},
            "metadata": {"k": 5},
        }),
    );
    let mut generation = with(
        common("gen", "llm", Some(id("root")), 2),
        json!({
            "endTime": time(number, 4, 0), "completionStartTime": time(number, 2, 400),
            "model": "gpt-4o-2024-08-06", "modelParameters": {"temperature": 0.2, "max_tokens": 256},
            "input": message, "output": {"role": "assistant", "content": answer},
            "usage": {"input": 20 + number, "output": 10 + number, "unit": "TOKENS"},
        }),
    );
    if slow {
        generation = with(generation, json!({"level": "WARNING", "statusMessage": "slow"}));
    }
    let level = if number % 10 == 7 { "ERROR" } else { "DEBUG" };
    let event = with(common("ev", "cache-miss", Some(id("gen")), 2), json!({"level": level}));
    let mut all = vec![
        ("span-create", root),
        ("span-create", retrieval),
        ("generation-create", generation),
        ("event-create", event),
    ];
    if number.is_multiple_of(5) {
        let function = json!({"name": "lookup", "arguments": "{\"q\":\"x\"}"});
        let call = json!({"id": "call_1", "type": "function", "function": function});
        let tool = with(
            common("tool", "tool-call", Some(id("gen")), 3),
            json!({
                "endTime": time(number, 3, 500), "model": "gpt-4o-2024-08-06", "input": message,
                "output": {"role": "assistant", "content": null, "tool_calls": [call]},
                "usage": {"input": 14, "output": 39, "unit": "TOKENS"},
            }),
        );
        all.push(("generation-create", tool));
    }
    all
}

fn with(mut base: Value, more: Value) -> Value {
    if let (Some(base), Value::Object(more)) = (base.as_object_mut(), more) {
        base.extend(more);
    }
    base
}
