//! `/dataset-run-items`: which trace a run made of which item

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::item::Item;
use super::items;
use super::json::object;
use super::runs::Run;
use crate::server::data::value::{iso, lenient_time};
use crate::server::http::Call;
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::query::Params;
use crate::server::http::reply::{Answer, Problem, Reply};
use crate::server::options::Mode;

const ORDER: &str = "ORDER BY created_at DESC, id";

/// `GET /dataset-run-items`, newest first
pub fn list(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let dataset = params.text("datasetId");
    let name = params.text("runName");
    let page = params.page();
    params.finish()?;
    let missing = || Problem::Missing("Dataset run not found for the given project and dataset id".into());
    let run = Run::find(db, dataset, name)?.ok_or_else(missing)?;
    let from_where = "FROM dataset_run_items WHERE run_id = ?1";
    page.answer(db, "*", from_where, ORDER, params![run.id], |r| row(r, &run))
}

/// The items of a run, newest first.
pub fn of(db: &Connection, run: &Run) -> rusqlite::Result<Vec<Value>> {
    let sql = format!("SELECT * FROM dataset_run_items WHERE run_id = ?1 {ORDER}");
    db.prepare_cached(&sql)?.query_map([&run.id], |r| row(r, run))?.collect()
}

fn row(r: &Row<'_>, run: &Run) -> rusqlite::Result<Value> {
    let created: String = r.get("created_at")?;
    Ok(json!({
        "id": r.get::<_, String>("id")?, "traceId": r.get::<_, String>("trace_id")?,
        "observationId": r.get::<_, Option<String>>("observation_id")?, "datasetRunId": run.id,
        "datasetRunName": run.name, "datasetItemId": r.get::<_, String>("item_id")?,
        "createdAt": created, "updatedAt": created,
    }))
}

/// What a body says of a run item.
struct Body<'a> {
    run: &'a str,
    description: Option<&'a str>,
    metadata: Option<&'a Value>,
    item: &'a str,
    observation: Option<&'a str>,
    trace: Option<&'a str>,
    version: Option<Timestamp>,
    created_at: Option<Timestamp>,
}

impl<'a> Body<'a> {
    fn read(body: &'a Value) -> Result<Self, Problem> {
        let mut fields = Fields::of(body)?;
        let run = fields.text("runName");
        let description = fields.text_or_null("runDescription").value();
        let metadata = fields.get("metadata");
        let item = fields.text("datasetItemId");
        let observation = fields.text_or_null("observationId").value().filter(|id| !id.is_empty());
        let trace = fields.text_or_null("traceId").value().filter(|id| !id.is_empty());
        let version = date(&mut fields, "datasetVersion");
        let created_at = fields.time_or_null("createdAt");
        fields.strict(&[
            "runName",
            "runDescription",
            "metadata",
            "datasetItemId",
            "observationId",
            "traceId",
            "datasetVersion",
            "createdAt",
        ]);
        if fields.is_clean() && observation.is_none() && trace.is_none() {
            let message = "observationId or traceId must be provided";
            fields.note(issue::custom(message, &["observationId", "traceId"]));
        }
        fields.finish()?;
        Ok(Self { run, description, metadata, item, observation, trace, version, created_at })
    }

    fn item(&self, db: &Connection) -> Result<Item, Problem> {
        let found = match self.version {
            None => Item::load(db, self.item)?,
            Some(at) => Item::load_at(db, self.item, at)?,
        };
        found.filter(|item| item.status == "ACTIVE").ok_or_else(items::missing)
    }

    /// The trace; old clients name an observation of it only.
    fn trace(&self, db: &Connection) -> Result<String, Problem> {
        if let Some(trace) = self.trace {
            return Ok(trace.to_owned());
        }
        let id = self.observation.unwrap_or_default();
        let sql = "SELECT trace_id FROM observations WHERE id = ?1 ORDER BY start_time DESC LIMIT 1";
        let found = db.query_row(sql, [id], |r| r.get(0)).optional()?;
        found.ok_or_else(|| Problem::Missing(format!("Observation with id {id} not found")))
    }
}

/// Any date that may be absent or null.
fn date(fields: &mut Fields<'_>, key: &str) -> Option<Timestamp> {
    let given = fields.get(key).filter(|value| !value.is_null())?;
    let time = given.as_str().and_then(lenient_time);
    if time.is_none() {
        fields.note(issue::not_a_date(key));
    }
    time
}

/// `POST /dataset-run-items`: a server without the old data model stores nothing
pub fn create(db: &Connection, call: &Call) -> Answer {
    let body = Body::read(&call.body)?;
    let item = body.item(db)?;
    let trace = body.trace(db)?;
    let created = iso(body.created_at.unwrap_or(call.now));
    let id = Uuid::new_v4().to_string();
    if call.place.options.mode == Mode::EventsOnly {
        let run = stand_in(&call.place.project.id, &item.dataset_id, body.run);
        return Ok(Reply::ok(json!({
            "id": id, "datasetRunId": run, "datasetRunName": body.run, "datasetItemId": item.id,
            "traceId": trace, "observationId": body.observation, "createdAt": created, "updatedAt": created,
        })));
    }
    let mut metadata = object(body.metadata);
    if let Some(version) = body.version {
        metadata.insert("dataset_version".to_owned(), iso(version).into());
    }
    let run = Run::find_or_make(db, &item.dataset_id, body.run, body.description, metadata, &created)?;
    let sql =
        "INSERT INTO dataset_run_items VALUES (:id, :run, :item, :version, :trace, :observation, :created)";
    db.prepare_cached(sql)?.execute(named_params! {
        ":id": id, ":run": run.id, ":item": item.id, ":version": item.valid_from, ":trace": trace,
        ":observation": body.observation, ":created": created,
    })?;
    Ok(Reply::ok(json!({
        "datasetRunName": run.name, "id": id, "datasetRunId": run.id, "datasetItemId": item.id,
        "traceId": trace, "observationId": body.observation, "createdAt": created, "updatedAt": created,
    })))
}

/// The id of a run that is not stored: the same for the same run. Clients that run experiments work it
/// out themselves, so every byte of this counts.
fn stand_in(project: &str, dataset: &str, run: &str) -> String {
    let digest = Sha256::digest(json!(["langfuse-experiment-v1", project, dataset, run]).to_string());
    let head = digest.iter().take(8).fold(0_u64, |head, byte| head << 8 | u64::from(*byte));
    format!("{head:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_is_not_stored_has_the_id_a_real_server_gave_it() {
        assert_eq!(stand_in("proj-test", "cmwuatk6p003r657ds042iyqk", "eo run"), "5e3e677a0123e997");
    }
}
