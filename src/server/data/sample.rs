//! The sample project: six applications, their traces, judges' scores, comments and queues.
//!
//! The files were written for one moment, the anchor; planting moves every time so that the
//! anchor becomes now.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Params, params};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::value::{iso, number, payload};
use super::workspace::WorkspaceError;
use crate::server::traces::row::{Observation, Trace};

/// The moment the files were written for.
const ANCHOR: &str = "2026-11-20T09:00:00.000Z";

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sample/", $name)))),+]
    };
}

const FILES: &[(&str, &[u8])] = files![
    "users.json",
    "score-configs.json",
    "queues.json",
    "queues.part.tools.json",
    "media.json",
    "media/broken-lid.png",
    "guidelines/support.md",
    "guidelines/tools.md",
    "guidelines/conversations.md",
    "guidelines/gold.md",
    "traces/support-chat.json",
    "traces/conversations.json",
    "traces/coding-agent.json",
    "traces/text-to-sql.json",
    "traces/long-document-summary.json",
    "traces/structured-extraction.json",
    "scores/support-chat.json",
    "scores/conversations.json",
    "scores/coding-agent.json",
    "scores/text-to-sql.json",
    "scores/long-document-summary.json",
    "scores/structured-extraction.json",
    "scores/gold.json",
    "comments/support-chat.json",
    "comments/conversations.json",
    "comments/coding-agent.json",
    "comments/text-to-sql.json",
    "comments/long-document-summary.json",
    "comments/structured-extraction.json",
];

/// Inserts the whole sample.
pub fn plant(db: &Connection, now: Timestamp) -> Result<(), WorkspaceError> {
    let anchor: Timestamp = ANCHOR.parse().unwrap_or(now);
    let planter = Planter { db, shift: now.duration_since(anchor), now: iso(now) };
    planter.each("users", Planter::user)?;
    planter.each("score-configs", Planter::config)?;
    planter.each("media.json", Planter::media)?;
    planter.each("traces/", Planter::trace)?;
    planter.each("queues.json", Planter::queue)?;
    planter.each("scores/", Planter::score)?;
    planter.each("comments/", Planter::comment)
}

fn bytes(name: &str) -> Result<&'static [u8], WorkspaceError> {
    let found = FILES.iter().find(|(file, _)| *file == name).map(|(_, bytes)| *bytes);
    found.ok_or_else(|| WorkspaceError::Sample(format!("no file {name}")))
}

fn records(name: &str, bytes: &[u8]) -> Result<Vec<Value>, WorkspaceError> {
    serde_json::from_slice(bytes).map_err(|error| WorkspaceError::Sample(format!("{name}: {error}")))
}

struct Planter<'a> {
    db: &'a Connection,
    shift: SignedDuration,
    now: String,
}

impl Planter<'_> {
    /// Plants every record of the files whose name starts with `prefix`.
    fn each(
        &self,
        prefix: &str,
        plant: fn(&Self, &Value) -> Result<(), WorkspaceError>,
    ) -> Result<(), WorkspaceError> {
        for (name, bytes) in FILES.iter().filter(|(name, _)| name.starts_with(prefix)) {
            for record in records(name, bytes)? {
                plant(self, &record)?;
            }
        }
        Ok(())
    }

    fn insert(&self, sql: &str, values: impl Params) -> rusqlite::Result<usize> {
        self.db.prepare_cached(sql)?.execute(values)
    }

    /// A time of the files, moved; `None` for null.
    fn time(&self, value: &Value) -> Option<String> {
        let at: Timestamp = value.as_str()?.parse().ok()?;
        at.checked_add(self.shift).ok().map(iso)
    }

    fn time_or_now(&self, value: &Value) -> String {
        self.time(value).unwrap_or_else(|| self.now.clone())
    }

    fn user(&self, user: &Value) -> Result<(), WorkspaceError> {
        let sql = "INSERT INTO users (id, name, email, role, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let role = user["role"].as_str().unwrap_or("MEMBER");
        let values = params![text(user, "id"), text(user, "name"), user["email"].as_str(), role, self.now];
        self.insert(sql, values)?;
        Ok(())
    }

    fn config(&self, config: &Value) -> Result<(), WorkspaceError> {
        let numeric = config["dataType"] == "NUMERIC";
        let bound = |key: &str| config[key].as_f64().filter(|_| numeric);
        let categories = config["categories"].as_array().map(|_| config["categories"].to_string());
        self.insert(
            "INSERT INTO score_configs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
            params![
                text(config, "id"),
                text(config, "name"),
                config["description"].as_str(),
                text(config, "dataType"),
                config["isArchived"].as_bool().unwrap_or_default(),
                bound("minValue"),
                bound("maxValue"),
                categories,
                self.time_or_now(&config["createdAt"]),
            ],
        )?;
        Ok(())
    }

    fn media(&self, media: &Value) -> Result<(), WorkspaceError> {
        let content = bytes(text(media, "file"))?;
        self.insert(
            "INSERT INTO media VALUES (?1, ?2, ?3, ?4, ?5, ?6, 200, NULL)",
            params![
                text(media, "id"),
                text(media, "contentType"),
                i64::try_from(content.len()).unwrap_or(i64::MAX),
                STANDARD.encode(Sha256::digest(content)),
                content,
                self.now,
            ],
        )?;
        Ok(())
    }

    fn queue(&self, queue: &Value) -> Result<(), WorkspaceError> {
        let description = match queue["descriptionFile"].as_str() {
            Some(file) => Some(String::from_utf8_lossy(bytes(file)?).into_owned()),
            None => queue["description"].as_str().map(str::to_owned),
        };
        let items = match queue["itemsFile"].as_str() {
            Some(file) => records(file, bytes(file)?)?,
            None => queue["items"].as_array().cloned().unwrap_or_default(),
        };
        let id = text(queue, "id");
        self.insert(
            "INSERT INTO queues VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            params![
                id,
                text(queue, "name"),
                description,
                queue["scoreConfigIds"].to_string(),
                self.time_or_now(&queue["createdAt"]),
            ],
        )?;
        items.iter().try_for_each(|item| self.item(id, item))
    }

    fn item(&self, queue: &str, item: &Value) -> Result<(), WorkspaceError> {
        let created = self.time_or_now(&item["createdAt"]);
        let completed = self.time(&item["completedAt"]);
        self.insert(
            "INSERT INTO items VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                text(item, "id"),
                queue,
                text(item, "objectId"),
                text(item, "objectType"),
                text(item, "status"),
                completed,
                created,
                completed.as_ref().unwrap_or(&created),
            ],
        )?;
        Ok(())
    }

    fn trace(&self, trace: &Value) -> Result<(), WorkspaceError> {
        let observations = trace["observations"].as_array().map(Vec::as_slice).unwrap_or_default();
        let rows: Vec<Observation> = observations.iter().map(|o| self.observation(trace, o)).collect();
        for row in &rows {
            row.save(self.db)?;
        }
        if let Some(trace) = Trace::of_observations(&rows) {
            trace.save(self.db)?;
        }
        Ok(())
    }

    fn observation(&self, trace: &Value, o: &Value) -> Observation {
        let start = self.time_or_now(&o["startTime"]);
        let stored = self.time(&o["endTime"]).unwrap_or_else(|| start.clone());
        let owned = |record: &Value, key: &str| text(record, key).to_owned();
        Observation {
            id: owned(o, "id"),
            trace_id: owned(trace, "id"),
            parent_id: o["parentObservationId"].as_str().map(str::to_owned),
            kind: owned(o, "type"),
            name: owned(o, "name"),
            level: o["level"].as_str().unwrap_or("DEFAULT").into(),
            status_message: owned(o, "statusMessage"),
            end_time: self.time(&o["endTime"]),
            completion_start_time: self.time(&o["completionStartTime"]),
            latency: seconds(&o["startTime"], &o["endTime"]),
            time_to_first_token: seconds(&o["startTime"], &o["completionStartTime"]),
            version: owned(trace, "version"),
            own_version: owned(trace, "version"),
            environment: trace["environment"].as_str().unwrap_or("default").into(),
            user_id: owned(trace, "userId"),
            session_id: owned(trace, "sessionId"),
            release: owned(trace, "release"),
            trace_name: owned(trace, "name"),
            tags: trace["tags"].clone(),
            model: owned(o, "model"),
            model_parameters: o["modelParameters"].clone(),
            usage_details: o["usageDetails"].clone(),
            total_cost: o["costDetails"]["total"].as_f64().unwrap_or_default(),
            cost_details: o["costDetails"].clone(),
            input: payload(&o["input"]),
            output: payload(&o["output"]),
            metadata: o["metadata"].clone(),
            start_time: start,
            created_at: stored.clone(),
            updated_at: stored,
            ..Observation::default()
        }
    }

    fn score(&self, score: &Value) -> Result<(), WorkspaceError> {
        let value = &score["value"];
        let n = value.as_f64().or_else(|| value.as_bool().map(|yes| f64::from(u8::from(yes))));
        let at = self.time_or_now(&score["timestamp"]);
        self.insert(
            "INSERT INTO scores (id, name, data_type, number, text, source, config_id, queue_id, trace_id,
            observation_id, session_id, run_id, comment, metadata, environment, author_user_id, timestamp, created_at,
            updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, NULL, ?12, ?13,
                ifnull((SELECT environment FROM observations WHERE trace_id = ?9 LIMIT 1), 'production'), ?14,
                ?15, ?15, ?15)",
            params![
                text(score, "id"),
                text(score, "name"),
                text(score, "dataType"),
                n,
                value.as_str(),
                text(score, "source"),
                score["configId"].as_str(),
                score["queueId"].as_str(),
                score["traceId"].as_str(),
                score["observationId"].as_str(),
                score["sessionId"].as_str(),
                score["comment"].as_str(),
                object(&score["metadata"]),
                score["authorUserId"].as_str(),
                at,
            ],
        )?;
        Ok(())
    }

    fn comment(&self, comment: &Value) -> Result<(), WorkspaceError> {
        self.insert(
            "INSERT INTO comments VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            params![
                text(comment, "id"),
                text(comment, "objectType"),
                text(comment, "objectId"),
                text(comment, "content"),
                comment["authorUserId"].as_str(),
                self.time_or_now(&comment["createdAt"]),
            ],
        )?;
        Ok(())
    }
}

/// A text field; empty if there is none.
fn text<'a>(record: &'a Value, key: &str) -> &'a str {
    record[key].as_str().unwrap_or_default()
}

fn object(value: &Value) -> String {
    if value.is_object() { value.to_string() } else { "{}".into() }
}

/// Seconds between two times of a record, to the millisecond.
fn seconds(from: &Value, to: &Value) -> Option<f64> {
    let time = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
    let span = time(to)?.duration_since(time(from)?);
    number(span.as_secs_f64()).as_f64()
}
