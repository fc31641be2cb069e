//! What a real server was seen to answer: one exchange a line, by mode and resource.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

/// A request and what was answered; several answers where it was sent several times at once.
pub struct Exchange {
    /// The server's mode: the name of the folder.
    pub mode: String,
    /// Unique within the mode.
    pub name: String,
    /// What was sent.
    pub request: Request,
    /// What came back.
    pub answers: Vec<Answer>,
    /// Whether the answers belong to requests sent at the same time.
    pub is_race: bool,
    /// Whether it comes from the folder named by the environment.
    pub is_extra: bool,
}

/// What was sent.
pub struct Request {
    pub method: String,
    /// As sent: percent-encoded, without the query.
    pub path: String,
    /// Texts, in order.
    pub query: Vec<(String, String)>,
    /// Which key, by its label.
    pub auth: String,
    /// JSON, or a text that was sent just as it is; null where nothing was sent.
    pub body: Value,
    pub content_type: Option<String>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    /// Lower-case names; `None` where headers were not recorded.
    pub headers: Option<BTreeMap<String, String>>,
    pub body: Value,
}

impl Exchange {
    /// `mode/name`
    pub fn label(&self) -> String {
        format!("{}/{}", self.mode, self.name)
    }

    /// The recorded status; of a race, the first's.
    pub fn status(&self) -> u16 {
        self.answers[0].status
    }

    pub fn succeeded(&self) -> bool {
        self.status() < 300
    }

    pub fn is_write(&self) -> bool {
        !matches!(self.request.method.as_str(), "GET" | "HEAD")
    }

    /// The kind of thing the path is about: its fixed segments.
    pub fn resource(&self) -> &'static str {
        resource(&self.request.path)
    }

    /// The path's last segment, decoded.
    pub fn target(&self) -> String {
        let last = self.request.path.rsplit('/').next().unwrap_or_default();
        percent_encoding::percent_decode_str(last).decode_utf8_lossy().into_owned()
    }
}

const RESOURCES: [&str; 20] = [
    "annotation-queues",
    "comments",
    "dataset-items",
    "dataset-run-items",
    "datasets",
    "evaluation-rules",
    "evaluators",
    "experiment-items",
    "experiments",
    "ingestion",
    "blob-storage",
    "media",
    "memberships",
    "observations",
    "projects",
    "score-configs",
    "scores",
    "sessions",
    "traces",
    "prompts",
];

fn resource(path: &str) -> &'static str {
    let ends = |part: &str| path.contains(&format!("/{part}/")) || path.ends_with(&format!("/{part}"));
    if path.contains("/annotation-queues/") && (ends("items") || ends("assignments")) {
        return if ends("items") { "items" } else { "assignments" };
    }
    if path.contains("/datasets/") && ends("runs") {
        return "runs";
    }
    RESOURCES.into_iter().find(|name| ends(name)).unwrap_or("other")
}

/// Everything recorded, ours and then that of the folder in the environment, which wins where both
/// have the same name.
pub fn all(extra: Option<&Path>) -> Vec<Exchange> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replay/recordings");
    let mut found = BTreeMap::new();
    for (mode, file) in files(&own, "jsonl") {
        for line in fs::read_to_string(file).unwrap().lines() {
            let exchange = read(&mode, &expand(serde_json::from_str(line).unwrap()), false);
            found.insert(exchange.label(), exchange);
        }
    }
    for (mode, file) in extra.map(|dir| files(dir, "json")).unwrap_or_default() {
        let text = fs::read_to_string(&file).unwrap();
        let exchange = read(&mode, &serde_json::from_str(&text).unwrap(), true);
        found.insert(exchange.label(), exchange);
    }
    found.into_values().collect()
}

/// The files of every mode's folder, in order.
fn files(root: &Path, kind: &str) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for folder in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|p| p.is_dir()) {
        let mode = folder.file_name().unwrap().to_string_lossy().into_owned();
        let inside = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        found.extend(inside.filter(|p| p.extension().is_some_and(|e| e == kind)).map(|p| (mode.clone(), p)));
    }
    found.sort();
    found
}

fn read(mode: &str, record: &Value, is_extra: bool) -> Exchange {
    let request = &record["request"];
    let text = |key: &str| request[key].as_str().map(str::to_owned);
    let answers = match record["responses"].as_array() {
        Some(several) => several.iter().map(answer).collect(),
        None => vec![answer(&record["response"])],
    };
    Exchange {
        mode: mode.to_owned(),
        name: record["name"].as_str().unwrap().to_owned(),
        request: Request {
            method: text("method").unwrap(),
            path: text("path").unwrap(),
            query: query(&request["query"]),
            auth: text("auth").unwrap_or_else(|| "project".into()),
            body: request["body"].clone(),
            content_type: text("content_type"),
        },
        answers,
        is_race: record["responses"].is_array(),
        is_extra,
    }
}

fn answer(record: &Value) -> Answer {
    let headers = record["headers"].as_object().map(|map| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        map.iter().map(|(name, value)| (name.to_ascii_lowercase(), text(value))).collect()
    });
    let status = record["status"].as_u64().and_then(|n| u16::try_from(n).ok()).unwrap();
    Answer { status, headers, body: record["body"].clone() }
}

fn query(record: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match record {
        Value::Object(map) => {
            let each = map.iter().flat_map(|(key, value)| match value {
                Value::Array(values) => values.iter().map(|v| (key.clone(), text(v))).collect(),
                value => vec![(key.clone(), text(value))],
            });
            each.collect()
        }
        Value::Array(pairs) => pairs.iter().map(|p| (text(&p[0]), text(&p[1]))).collect(),
        _ => Vec::new(),
    }
}

/// Puts back what was trimmed: `{"$repeat": [[text, times], …]}` stands for a long text.
fn expand(value: Value) -> Value {
    match value {
        Value::Object(map) if map.contains_key("$repeat") => {
            let parts = map["$repeat"].as_array().unwrap();
            let times = |part: &Value| usize::try_from(part[1].as_u64().unwrap()).unwrap();
            json!(parts.iter().map(|p| p[0].as_str().unwrap().repeat(times(p))).collect::<String>())
        }
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, v)| (key, expand(v))).collect::<Map<_, _>>())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(expand).collect()),
        other => other,
    }
}
