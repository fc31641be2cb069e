//! `dataset-run-item-create`: which trace a run made of which item.

use rusqlite::{Connection, named_params};

use super::check::Event;
use super::traces::time;
use crate::server::data::value::iso;

/// Notes the item; without the run or the dataset item there is nothing to note.
pub fn take(db: &Connection, event: &Event<'_>, id: &str) -> rusqlite::Result<()> {
    let text = |key: &str| event.body[key].as_str();
    let sql = "INSERT OR REPLACE INTO dataset_run_items
            (id, run_id, item_id, item_version, trace_id, observation_id, created_at)
        SELECT :id, run.id, item.id, item.valid_from, :trace, :observation, :created
        FROM dataset_runs AS run JOIN dataset_items AS item ON item.dataset_id = run.dataset_id
        WHERE run.id = :run AND item.id = :item AND item.valid_to IS NULL";
    db.prepare_cached(sql)?.execute(named_params! {
        ":id": id, ":run": text("runId"), ":item": text("datasetItemId"), ":trace": text("traceId"),
        ":observation": text("observationId").filter(|id| !id.is_empty()),
        ":created": time(&event.body["createdAt"]).unwrap_or_else(|| iso(event.at)),
    })?;
    Ok(())
}
