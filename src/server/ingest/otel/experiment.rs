//! What spans say of the experiment they ran in.
//!
//! A client that runs an experiment makes a trace for each item. Every span of it names the
//! experiment, the item, and the span that stands for the item.

use rusqlite::{Connection, named_params, params};
use serde_json::{Map, Value, json};

use super::attributes::{first_text, parsed};
use super::span::Span;
use crate::server::data::value::{iso, lenient_time};

/// The part of a span in an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    trace_id: String,
    observation_id: String,
    experiment_id: String,
    name: String,
    description: Option<String>,
    metadata: String,
    dataset_id: Option<String>,
    item_id: String,
    item_version: Option<String>,
    expected_output: Option<String>,
    item_metadata: String,
    /// Whether the span stands for the item.
    is_item: bool,
}

/// What a span says of its experiment; `None` if it ran in none.
pub fn of(span: &Span) -> Option<Part> {
    let text = |key: &str| first_text(&span.attributes, &[&format!("langfuse.experiment.{key}")]);
    Some(Part {
        experiment_id: text("id")?,
        trace_id: span.trace_id.clone(),
        observation_id: span.id.clone(),
        name: text("name").unwrap_or_default(),
        description: text("description"),
        metadata: object(span, "metadata"),
        dataset_id: text("dataset.id"),
        item_id: text("item.id").unwrap_or_default(),
        item_version: text("item.version").and_then(|text| lenient_time(&text)).map(iso),
        expected_output: text("item.expected_output").map(|text| json!(text).to_string()),
        item_metadata: object(span, "item.metadata"),
        is_item: text("item.root_observation_id").as_ref() == Some(&span.id),
    })
}

/// Keeps a span's part in an experiment, in place of what an earlier copy of the span said.
pub fn keep(db: &Connection, span: &Span) -> rusqlite::Result<()> {
    if let Some(part) = of(span) {
        return part.save(db);
    }
    let sql = "DELETE FROM experiment_spans WHERE trace_id = ?1 AND observation_id = ?2";
    db.prepare_cached(sql)?.execute(params![span.trace_id, span.id]).map(drop)
}

impl Part {
    /// Stores it, in place of what was known of the span.
    pub fn save(&self, db: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT OR REPLACE INTO experiment_spans (trace_id, observation_id, experiment_id, name,
                description, metadata, dataset_id, item_id, item_version, expected_output, item_metadata, is_item)
            VALUES (:trace, :observation, :experiment, :name, :description, :metadata, :dataset, :item, :version,
                :expected, :item_metadata, :is_item)";
        let fields = named_params! {
            ":trace": self.trace_id, ":observation": self.observation_id, ":experiment": self.experiment_id,
            ":name": self.name, ":description": self.description, ":metadata": self.metadata,
            ":dataset": self.dataset_id, ":item": self.item_id, ":version": self.item_version,
            ":expected": self.expected_output, ":item_metadata": self.item_metadata, ":is_item": self.is_item,
        };
        db.prepare_cached(sql)?.execute(fields).map(drop)
    }
}

/// An object that comes as JSON text, or as an attribute for each of its members.
fn object(span: &Span, key: &str) -> String {
    let key = format!("langfuse.experiment.{key}");
    let whole = span.attributes.get(&key).and_then(parsed);
    let mut found: Map<String, Value> =
        whole.and_then(|value| value.as_object().cloned()).unwrap_or_default();
    for (name, value) in &span.attributes {
        if let Some(name) = name.strip_prefix(&key).and_then(|rest| rest.strip_prefix('.')) {
            found.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(found).to_string()
}
