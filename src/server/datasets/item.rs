//! Items as they are stored: every write is a version of its own.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde_json::{Value, json};

use super::json::{stored, text};
use super::media;
use crate::server::data::sql::List;
use crate::server::data::value::iso;
use crate::server::http::Call;

/// One version of an item, with its dataset's name.
pub struct Item {
    /// Unique in the project.
    pub id: String,
    /// When it was written, which is also when the item shows as created and updated.
    pub valid_from: String,
    /// The dataset it belongs to.
    pub dataset_id: String,
    /// Its name.
    pub dataset_name: String,
    /// `ACTIVE` or `ARCHIVED`.
    pub status: String,
    /// What goes in.
    pub input: Value,
    /// What should come out.
    pub expected_output: Value,
    /// Anything else.
    pub metadata: Value,
    /// The trace it came from.
    pub source_trace_id: Option<String>,
    /// The observation it came from.
    pub source_observation_id: Option<String>,
}

/// What to select to [`Item::read`].
pub const COLUMNS: &str = "i.*, d.name AS dataset_name";
/// Where to select it from.
pub const TABLES: &str = "dataset_items AS i JOIN datasets AS d ON d.id = i.dataset_id";
/// Lists of them.
pub const NEWEST: List<'_> = List {
    table: "i",
    from: TABLES,
    found: "dataset_items AS i",
    ordered: "dataset_items AS i",
    order: "i.valid_from DESC, i.id",
};
/// Their order.
pub const ORDER: &str = "ORDER BY i.valid_from DESC, i.id";

impl Item {
    /// Reads a row.
    pub fn read(r: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: r.get("id")?,
            valid_from: r.get("valid_from")?,
            dataset_id: r.get("dataset_id")?,
            dataset_name: r.get("dataset_name")?,
            status: r.get("status")?,
            input: stored(r.get("input")?),
            expected_output: stored(r.get("expected_output")?),
            metadata: stored(r.get("metadata")?),
            source_trace_id: r.get("source_trace_id")?,
            source_observation_id: r.get("source_observation_id")?,
        })
    }

    /// The present version.
    pub fn load(db: &Connection, id: &str) -> rusqlite::Result<Option<Self>> {
        let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE i.id = ?1 AND i.valid_to IS NULL");
        db.prepare_cached(&sql)?.query_row([id], Self::read).optional()
    }

    /// The version that was present at a time.
    pub fn load_at(db: &Connection, id: &str, at: Timestamp) -> rusqlite::Result<Option<Self>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM {TABLES}
            WHERE i.id = ?1 AND i.valid_from <= ?2 AND (i.valid_to IS NULL OR i.valid_to > ?2)"
        );
        db.prepare_cached(&sql)?.query_row([id, &iso(at)], Self::read).optional()
    }

    /// Stores it as the present version. Of two in the same millisecond the later counts.
    pub fn save(&self, db: &Connection) -> rusqlite::Result<()> {
        end(db, &self.id, &self.valid_from)?;
        let sql = "INSERT OR REPLACE INTO dataset_items (id, valid_from, dataset_id, status, input,
                expected_output, metadata, source_trace_id, source_observation_id)
            VALUES (:id, :from, :dataset, :status, :input, :expected, :metadata, :trace, :observation)";
        db.prepare_cached(sql)?.execute(named_params! {
            ":id": self.id, ":from": self.valid_from, ":dataset": self.dataset_id, ":status": self.status,
            ":input": text(&self.input), ":expected": text(&self.expected_output),
            ":metadata": text(&self.metadata), ":trace": self.source_trace_id,
            ":observation": self.source_observation_id,
        })?;
        Ok(())
    }

    /// Its parts by name.
    pub fn parts(&self) -> media::Parts<'_> {
        [("input", &self.input), ("expectedOutput", &self.expected_output), ("metadata", &self.metadata)]
    }

    /// As it is shown alone.
    pub fn shown(&self, db: &Connection, call: &Call) -> rusqlite::Result<Value> {
        let head = json!({
            "id": self.id, "datasetId": self.dataset_id, "status": self.status,
            "sourceTraceId": self.source_trace_id, "sourceObservationId": self.source_observation_id,
        });
        self.with_rest(head, db, call)
    }

    /// As it is shown in lists: the same in another order.
    pub fn listed(&self, db: &Connection, call: &Call) -> rusqlite::Result<Value> {
        let head = json!({
            "id": self.id, "datasetId": self.dataset_id, "sourceTraceId": self.source_trace_id,
            "sourceObservationId": self.source_observation_id, "status": self.status,
        });
        self.with_rest(head, db, call)
    }

    fn with_rest(&self, mut shown: Value, db: &Connection, call: &Call) -> rusqlite::Result<Value> {
        shown["createdAt"] = json!(self.valid_from);
        shown["updatedAt"] = json!(self.valid_from);
        for (name, value) in self.parts() {
            shown[name] = value.clone();
        }
        shown["datasetName"] = json!(self.dataset_name);
        shown["mediaReferences"] = media::list(db, call, &self.parts())?;
        Ok(shown)
    }
}

/// Ends the present version; whether there was one.
pub fn end(db: &Connection, id: &str, at: &str) -> rusqlite::Result<bool> {
    let sql = "UPDATE dataset_items SET valid_to = max(valid_from, ?2) WHERE id = ?1 AND valid_to IS NULL";
    Ok(db.prepare_cached(sql)?.execute(params![id, at])? > 0)
}

/// The dataset that has or had an item with this id.
pub fn owner(db: &Connection, id: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT dataset_id FROM dataset_items WHERE id = ?1 LIMIT 1";
    db.prepare_cached(sql)?.query_row([id], |r| r.get(0)).optional()
}
