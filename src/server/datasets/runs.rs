//! Runs over a dataset, as the old data model shows them.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::name;
use super::run_items;
use super::sets::Set;
use crate::server::data::value::parse;
use crate::server::http::Call;
use crate::server::http::query::Params;
use crate::server::http::reply::{Answer, Problem, Reply};

/// A stored run.
pub struct Run {
    /// Unique; also the id of the experiment.
    pub id: String,
    /// Unique in the dataset.
    pub name: String,
    description: Option<String>,
    metadata: Value,
    dataset_id: String,
    created_at: String,
    updated_at: String,
}

impl Run {
    fn read(r: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: r.get("id")?,
            name: r.get("name")?,
            description: r.get("description")?,
            metadata: parse(&r.get::<_, String>("metadata")?),
            dataset_id: r.get("dataset_id")?,
            created_at: r.get("created_at")?,
            updated_at: r.get("updated_at")?,
        })
    }

    /// The run with this name in the dataset.
    pub fn find(db: &Connection, dataset: &str, name: &str) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT * FROM dataset_runs WHERE dataset_id = ?1 AND name = ?2";
        db.prepare_cached(sql)?.query_row([dataset, name], Self::read).optional()
    }

    /// The same; made if it is not there. One that is there stays as it is.
    pub fn find_or_make(
        db: &Connection,
        dataset: &str,
        name: &str,
        description: Option<&str>,
        metadata: Map<String, Value>,
        created_at: &str,
    ) -> rusqlite::Result<Self> {
        if let Some(run) = Self::find(db, dataset, name)? {
            return Ok(run);
        }
        let run = Self {
            id: Uuid::new_v4().to_string(),
            name: name.to_owned(),
            description: description.map(str::to_owned),
            metadata: Value::Object(metadata),
            dataset_id: dataset.to_owned(),
            created_at: created_at.to_owned(),
            updated_at: created_at.to_owned(),
        };
        db.execute(
            "INSERT INTO dataset_runs (id, dataset_id, name, description, metadata, created_at, updated_at)
            VALUES (:id, :dataset, :name, :description, :metadata, :created, :created)",
            named_params! {
                ":id": run.id, ":dataset": dataset, ":name": name, ":description": description,
                ":metadata": run.metadata.to_string(), ":created": created_at,
            },
        )?;
        Ok(run)
    }

    fn shown(&self, dataset: &str) -> Value {
        json!({
            "id": self.id, "name": self.name, "description": self.description, "metadata": self.metadata,
            "datasetId": self.dataset_id, "createdAt": self.created_at, "updatedAt": self.updated_at,
            "datasetName": dataset,
        })
    }
}

/// `GET /datasets/{datasetName}/runs`, newest first
pub fn list(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let page = params.page();
    params.finish()?;
    let set = Set::named(db, &name::segment(call, "datasetName"))?;
    let from_where = "FROM dataset_runs WHERE dataset_id = ?1";
    page.answer(db, "*", from_where, "ORDER BY created_at DESC, id", params![set.id], |r| {
        Ok(Run::read(r)?.shown(&set.name))
    })
}

/// `GET /datasets/{datasetName}/runs/{runName}`, with its items
pub fn get(db: &Connection, call: &Call) -> Answer {
    let (set, run) = find(db, call)?;
    let mut shown = run.shown(&set.name);
    shown["datasetRunItems"] = run_items::of(db, &run)?.into();
    Ok(Reply::ok(shown))
}

/// `DELETE /datasets/{datasetName}/runs/{runName}`, with its items
pub fn delete(db: &Connection, call: &Call) -> Answer {
    let (_, run) = find(db, call)?;
    db.execute("DELETE FROM dataset_runs WHERE id = ?1", [run.id])?;
    Ok(Reply::ok(json!({"message": "Dataset run successfully deleted"})))
}

fn find(db: &Connection, call: &Call) -> Result<(Set, Run), Problem> {
    let missing = || Problem::Missing("Dataset run not found".into());
    let set = Set::find(db, &name::segment(call, "datasetName"))?.ok_or_else(missing)?;
    let run = Run::find(db, &set.id, &name::segment(call, "runName"))?.ok_or_else(missing)?;
    Ok((set, run))
}
