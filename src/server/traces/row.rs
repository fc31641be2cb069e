//! Observations and traces as they are stored, and how those that write them save them.
//!
//! Callers bring whole rows; what to merge with an earlier version is theirs to decide.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde_json::{Value, json};

use super::flat::nested;
use crate::server::data::sql::upsert;
use crate::server::data::value::parse;

const OBSERVATION_COLUMNS: [&str; 39] = [
    "id",
    "trace_id",
    "parent_id",
    "type",
    "name",
    "level",
    "status_message",
    "start_time",
    "end_time",
    "completion_start_time",
    "latency",
    "time_to_first_token",
    "version",
    "own_version",
    "environment",
    "user_id",
    "session_id",
    "release",
    "trace_name",
    "tags",
    "model",
    "model_id",
    "model_parameters",
    "usage_details",
    "cost_details",
    "total_cost",
    "prompt_id",
    "prompt_name",
    "prompt_version",
    "input",
    "output",
    "metadata",
    "is_legacy",
    "is_synthetic",
    "is_app_root",
    "is_public",
    "is_bookmarked",
    "created_at",
    "updated_at",
];
const TRACE_COLUMNS: [&str; 16] = [
    "id",
    "timestamp",
    "name",
    "user_id",
    "session_id",
    "release",
    "version",
    "environment",
    "tags",
    "is_public",
    "is_bookmarked",
    "input",
    "output",
    "metadata",
    "created_at",
    "updated_at",
];

/// What an observation can be.
pub const TYPES: [&str; 10] = [
    "GENERATION",
    "SPAN",
    "EVENT",
    "AGENT",
    "TOOL",
    "CHAIN",
    "RETRIEVER",
    "EVALUATOR",
    "EMBEDDING",
    "GUARDRAIL",
];
/// How it can have gone.
pub const LEVELS: [&str; 4] = ["DEBUG", "DEFAULT", "WARNING", "ERROR"];

/// One observation, as the new data model shows it: absent texts are empty.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
pub struct Observation {
    /// Unique within the trace.
    pub id: String,
    /// The trace it belongs to.
    pub trace_id: String,
    /// The observation it hangs below.
    pub parent_id: Option<String>,
    /// `SPAN`, `GENERATION`, …
    pub kind: String,
    /// Given by the application.
    pub name: String,
    /// `DEBUG`, `DEFAULT`, `WARNING` or `ERROR`.
    pub level: String,
    /// Why the level is what it is.
    pub status_message: String,
    /// ISO-8601 UTC with milliseconds, as all times here.
    pub start_time: String,
    /// When it ended.
    pub end_time: Option<String>,
    /// When the model's first token came.
    pub completion_start_time: Option<String>,
    /// Seconds from start to end.
    pub latency: Option<f64>,
    /// Seconds from start to the first token.
    pub time_to_first_token: Option<f64>,
    /// Its own version, else the trace's.
    pub version: String,
    /// Its own version.
    pub own_version: String,
    /// Environment, `default` if none was given.
    pub environment: String,
    /// The trace's user.
    pub user_id: String,
    /// The trace's session.
    pub session_id: String,
    /// The trace's release.
    pub release: String,
    /// The trace's name.
    pub trace_name: String,
    /// The trace's tags: a JSON array.
    pub tags: Value,
    /// The model's name as the application gave it.
    pub model: String,
    /// The known model it was matched with.
    pub model_id: String,
    /// A JSON object.
    pub model_parameters: Value,
    /// Tokens by kind: a JSON object of numbers.
    pub usage_details: Value,
    /// US dollars by kind: a JSON object of numbers.
    pub cost_details: Value,
    /// US dollars.
    pub total_cost: f64,
    /// The linked prompt.
    pub prompt_id: String,
    /// Its name.
    pub prompt_name: String,
    /// Its version.
    pub prompt_version: Option<i64>,
    /// JSON text, or a text as it is.
    pub input: Option<String>,
    /// JSON text, or a text as it is.
    pub output: Option<String>,
    /// Its own metadata: a JSON object.
    pub metadata: Value,
    /// Came as an event of the old data model.
    pub is_legacy: bool,
    /// The root that stands for the trace of such events.
    pub is_synthetic: bool,
    /// Where the application began, though its parent is elsewhere.
    pub is_app_root: bool,
    /// The trace is open to everyone.
    pub is_public: bool,
    /// The trace is bookmarked.
    pub is_bookmarked: bool,
    /// First stored.
    pub created_at: String,
    /// Last stored.
    pub updated_at: String,
}

impl Observation {
    /// Reads a row of `SELECT * FROM observations`.
    pub fn read(r: &Row<'_>) -> rusqlite::Result<Self> {
        let json = |column: &str| Ok::<_, rusqlite::Error>(parse(&r.get::<_, String>(column)?));
        Ok(Self {
            id: r.get("id")?,
            trace_id: r.get("trace_id")?,
            parent_id: r.get("parent_id")?,
            kind: r.get("type")?,
            name: r.get("name")?,
            level: r.get("level")?,
            status_message: r.get("status_message")?,
            start_time: r.get("start_time")?,
            end_time: r.get("end_time")?,
            completion_start_time: r.get("completion_start_time")?,
            latency: r.get("latency")?,
            time_to_first_token: r.get("time_to_first_token")?,
            version: r.get("version")?,
            own_version: r.get("own_version")?,
            environment: r.get("environment")?,
            user_id: r.get("user_id")?,
            session_id: r.get("session_id")?,
            release: r.get("release")?,
            trace_name: r.get("trace_name")?,
            tags: json("tags")?,
            model: r.get("model")?,
            model_id: r.get("model_id")?,
            model_parameters: json("model_parameters")?,
            usage_details: json("usage_details")?,
            cost_details: json("cost_details")?,
            total_cost: r.get("total_cost")?,
            prompt_id: r.get("prompt_id")?,
            prompt_name: r.get("prompt_name")?,
            prompt_version: r.get("prompt_version")?,
            input: r.get("input")?,
            output: r.get("output")?,
            metadata: json("metadata")?,
            is_legacy: r.get("is_legacy")?,
            is_synthetic: r.get("is_synthetic")?,
            is_app_root: r.get("is_app_root")?,
            is_public: r.get("is_public")?,
            is_bookmarked: r.get("is_bookmarked")?,
            created_at: r.get("created_at")?,
            updated_at: r.get("updated_at")?,
        })
    }

    /// The stored observation.
    pub fn load(db: &Connection, trace: &str, id: &str) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT * FROM observations WHERE trace_id = ?1 AND id = ?2";
        db.prepare_cached(sql)?.query_row([trace, id], Self::read).optional()
    }

    /// Stores it in place of an earlier version.
    pub fn save(&self, db: &Connection) -> rusqlite::Result<()> {
        static SQL: LazyLock<String> =
            LazyLock::new(|| upsert("observations", &["trace_id", "id"], &OBSERVATION_COLUMNS));
        db.prepare_cached(&SQL)?.execute(named_params! {
            ":id": self.id, ":trace_id": self.trace_id, ":parent_id": self.parent_id, ":type": self.kind,
            ":name": self.name, ":level": self.level, ":status_message": self.status_message,
            ":start_time": self.start_time, ":end_time": self.end_time,
            ":completion_start_time": self.completion_start_time, ":latency": self.latency,
            ":time_to_first_token": self.time_to_first_token, ":version": self.version,
            ":own_version": self.own_version, ":environment": self.environment, ":user_id": self.user_id,
            ":session_id": self.session_id, ":release": self.release, ":trace_name": self.trace_name,
            ":tags": array(&self.tags), ":model": self.model, ":model_id": self.model_id,
            ":model_parameters": object(&self.model_parameters),
            ":usage_details": object(&self.usage_details), ":cost_details": object(&self.cost_details),
            ":total_cost": self.total_cost, ":prompt_id": self.prompt_id, ":prompt_name": self.prompt_name,
            ":prompt_version": self.prompt_version, ":input": self.input, ":output": self.output,
            ":metadata": object(&self.metadata), ":is_legacy": self.is_legacy,
            ":is_synthetic": self.is_synthetic, ":is_app_root": self.is_app_root, ":is_public": self.is_public,
            ":is_bookmarked": self.is_bookmarked, ":created_at": self.created_at,
            ":updated_at": self.updated_at,
        })?;
        Ok(())
    }
}

/// One trace, as the old data model shows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// Unique in the project.
    pub id: String,
    /// ISO-8601 UTC with milliseconds, as all times here.
    pub timestamp: String,
    /// Given by the application.
    pub name: Option<String>,
    /// Whom it served.
    pub user_id: Option<String>,
    /// The conversation it belongs to.
    pub session_id: Option<String>,
    /// Release of the application.
    pub release: Option<String>,
    /// Version of the application.
    pub version: Option<String>,
    /// Environment, `default` if none was given.
    pub environment: String,
    /// A JSON array of texts.
    pub tags: Value,
    /// Open to everyone.
    pub is_public: bool,
    /// Marked by someone.
    pub is_bookmarked: bool,
    /// JSON text, or a text as it is.
    pub input: Option<String>,
    /// JSON text, or a text as it is.
    pub output: Option<String>,
    /// A JSON object.
    pub metadata: Value,
    /// First stored.
    pub created_at: String,
    /// Last stored.
    pub updated_at: String,
}

impl Trace {
    /// The trace that observations of the new data model make up: its root's payloads and the
    /// trace's attributes, which each of them carries. `None` without observations.
    pub fn of_observations(rows: &[Observation]) -> Option<Self> {
        let root =
            rows.iter().min_by_key(|o| (o.parent_id.is_some(), !o.is_app_root, &o.start_time, &o.id))?;
        let given = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
        Some(Self {
            id: root.trace_id.clone(),
            timestamp: rows.iter().map(|o| o.start_time.clone()).min().unwrap_or_default(),
            name: given(&root.trace_name).or_else(|| given(&root.name)),
            user_id: given(&root.user_id),
            session_id: given(&root.session_id),
            release: given(&root.release),
            version: given(&root.version),
            environment: root.environment.clone(),
            tags: root.tags.clone(),
            is_public: root.is_public,
            is_bookmarked: root.is_bookmarked,
            input: root.input.clone(),
            output: root.output.clone(),
            metadata: nested(&root.metadata),
            created_at: root.created_at.clone(),
            updated_at: root.updated_at.clone(),
        })
    }

    /// Reads a row of `SELECT * FROM traces`.
    pub fn read(r: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: r.get("id")?,
            timestamp: r.get("timestamp")?,
            name: r.get("name")?,
            user_id: r.get("user_id")?,
            session_id: r.get("session_id")?,
            release: r.get("release")?,
            version: r.get("version")?,
            environment: r.get("environment")?,
            tags: parse(&r.get::<_, String>("tags")?),
            is_public: r.get("is_public")?,
            is_bookmarked: r.get("is_bookmarked")?,
            input: r.get("input")?,
            output: r.get("output")?,
            metadata: parse(&r.get::<_, String>("metadata")?),
            created_at: r.get("created_at")?,
            updated_at: r.get("updated_at")?,
        })
    }

    /// The stored trace.
    pub fn load(db: &Connection, id: &str) -> rusqlite::Result<Option<Self>> {
        db.prepare_cached("SELECT * FROM traces WHERE id = ?1")?.query_row([id], Self::read).optional()
    }

    /// Stores it in place of an earlier version, and its session if that is new.
    pub fn save(&self, db: &Connection) -> rusqlite::Result<()> {
        static SQL: LazyLock<String> = LazyLock::new(|| upsert("traces", &["id"], &TRACE_COLUMNS));
        db.prepare_cached(&SQL)?.execute(named_params! {
            ":id": self.id, ":timestamp": self.timestamp, ":name": self.name, ":user_id": self.user_id,
            ":session_id": self.session_id, ":release": self.release, ":version": self.version,
            ":environment": self.environment, ":tags": array(&self.tags), ":is_public": self.is_public,
            ":is_bookmarked": self.is_bookmarked, ":input": self.input, ":output": self.output,
            ":metadata": object(&self.metadata), ":created_at": self.created_at,
            ":updated_at": self.updated_at,
        })?;
        if let Some(session) = self.session_id.as_deref().filter(|id| !id.is_empty()) {
            let sql = "INSERT OR IGNORE INTO sessions (id, environment, created_at) VALUES (?1, ?2, ?3)";
            db.prepare_cached(sql)?.execute(params![session, self.environment, self.created_at])?;
        }
        Ok(())
    }
}

fn object(value: &Value) -> String {
    if value.is_object() { value.to_string() } else { json!({}).to_string() }
}

fn array(value: &Value) -> String {
    if value.is_array() { value.to_string() } else { json!([]).to_string() }
}
