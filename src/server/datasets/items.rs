//! `/dataset-items`

use axum::http::StatusCode;
use jiff::Timestamp;
use rusqlite::types::Value as Arg;
use rusqlite::{Connection, Row};
use serde_json::{Value, json};
use uuid::Uuid;

use super::item::{self, Item};
use super::json::part;
use super::media;
use super::schema::Rules;
use super::sets::Set;
use crate::server::data::sql::Where;
use crate::server::data::value::{iso, lenient_time};
use crate::server::http::Call;
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::query::{Params, Query};
use crate::server::http::reply::{Answer, Problem, Reply};

/// `GET /dataset-items`: the active ones, newest first
pub fn list(db: &Connection, call: &Call) -> Answer {
    let query = &call.query;
    let mut params = Params::of(query);
    let [dataset, trace, observation] = ["datasetName", "sourceTraceId", "sourceObservationId"]
        .map(|key| params.single(key).filter(|text| !text.is_empty()));
    let version = version(query, &mut params);
    let page = params.page();
    if params.is_clean() && version.is_some() && dataset.is_none() {
        let message = "datasetName is required when version parameter is provided";
        params.note(issue::custom(message, &["datasetName"]));
    }
    params.finish()?;
    let mut filter = Where::default();
    filter.is("i.status", "ACTIVE");
    if let Some(name) = dataset {
        filter.is("i.dataset_id", &Set::named(db, name)?.id);
    }
    let counts: (_, &[_]) = ("dataset_item_counts", &["i.status", "i.dataset_id"]);
    let total = filter.total(db, &item::NEWEST, counts)?;
    let mut is_all = version.is_none();
    for (given, column) in [(trace, "i.source_trace_id"), (observation, "i.source_observation_id")] {
        if let Some(id) = given {
            filter.is(column, id);
            is_all = false;
        }
    }
    match version {
        None => filter.and("i.valid_to IS NULL", []),
        Some(at) => {
            let at = iso(at);
            filter.and("i.valid_from <= ?", [Arg::from(at.clone())]);
            filter.and("(i.valid_to IS NULL OR i.valid_to > ?)", [Arg::from(at)]);
        }
    }
    let total = if is_all { total } else { filter.count(db, item::NEWEST.found)? };
    let row = |r: &Row<'_>| Item::read(r)?.listed(db, call);
    let data = filter.page(db, item::COLUMNS, &item::NEWEST, &page.window(), row)?;
    Ok(Reply::ok(json!({"data": data, "meta": page.meta(total)})))
}

/// The time whose state is asked for: any date.
fn version(query: &Query, params: &mut Params<'_>) -> Option<Timestamp> {
    let given = query.all("version");
    given.first()?;
    let time = if let [one] = given[..] { lenient_time(one) } else { None };
    if time.is_none() {
        params.note(issue::not_a_date("version"));
    }
    time
}

/// `GET /dataset-items/{datasetItemId}`, also archived ones
pub fn get(db: &Connection, call: &Call) -> Answer {
    let item = Item::load(db, call.param("datasetItemId"))?.ok_or_else(missing)?;
    Ok(Reply::ok(item.shown(db, call)?))
}

/// No such item, or no longer.
pub fn missing() -> Problem {
    Problem::Missing("Dataset item not found".into())
}

/// `DELETE /dataset-items/{datasetItemId}`: earlier versions stay readable
pub fn delete(db: &Connection, call: &Call) -> Answer {
    let id = call.param("datasetItemId");
    if !item::end(db, id, &iso(call.now))? {
        let project = &call.place.project.id;
        return Err(Problem::Missing(format!("Dataset item with id {id} not found for project {project}")));
    }
    Ok(Reply::ok(json!({"message": "Dataset item successfully deleted"})))
}

/// `POST /dataset-items`: parts that are left out keep their value
pub fn create(db: &Connection, call: &Call) -> Answer {
    let body = Body::read(&call.body)?;
    let Some(set) = Set::find(db, body.dataset)? else {
        let (name, project) = (body.dataset, &call.place.project.id);
        return Err(Problem::Missing(format!("Dataset {name} not found for project {project}")));
    };
    let item = body.merged(db, &set, iso(call.now))?;
    let rules = Rules::new(&set.input_schema, &set.expected_output_schema);
    if let Some(objection) = rules.objection(&item.input, &item.expected_output) {
        return Err(invalid(&objection));
    }
    media::must_exist(db, &item.parts())?;
    item.save(db)?;
    Ok(Reply::ok(item.shown(db, call)?))
}

fn invalid(objection: &str) -> Problem {
    Problem::Refused(format!("Dataset item validation failed: {objection}"))
}

/// What a body says of an item.
struct Body<'a> {
    dataset: &'a str,
    id: Option<&'a str>,
    input: Option<Value>,
    expected_output: Option<Value>,
    metadata: Option<Value>,
    source_trace_id: Option<&'a str>,
    source_observation_id: Option<&'a str>,
    status: Option<&'a str>,
}

impl<'a> Body<'a> {
    fn read(body: &'a Value) -> Result<Self, Problem> {
        let mut fields = Fields::of(body)?;
        let dataset = fields.text("datasetName");
        let given = |key| fields.get(key).and_then(part);
        let (input, expected_output, metadata) = (given("input"), given("expectedOutput"), given("metadata"));
        let id = fields.text_or_null("id").value();
        match id {
            Some("") => fields.note(issue::too_short(&["id"])),
            Some(id) if id.encode_utf16().count() > 255 => fields.note(issue::too_long(255, &["id"])),
            _ => {}
        }
        let source_trace_id = fields.text_or_null("sourceTraceId").value();
        let source_observation_id = fields.text_or_null("sourceObservationId").value();
        let has_status = fields.get("status").is_some_and(|status| !status.is_null());
        let status = has_status.then(|| fields.choice("status", &["ACTIVE", "ARCHIVED"]));
        fields.finish()?;
        Ok(Self {
            dataset,
            id,
            input,
            expected_output,
            metadata,
            source_trace_id,
            source_observation_id,
            status,
        })
    }

    /// The item as it will be, in this dataset.
    fn merged(self, db: &Connection, set: &Set, now: String) -> Result<Item, Problem> {
        let Some(id) = self.id else {
            let input = self.input.ok_or_else(|| invalid("Dataset item input cannot be null"))?;
            let id = Uuid::new_v4().to_string();
            return Ok(Self { input: Some(input), ..self }.over(blank(id, set), now));
        };
        if let Some(other) = item::owner(db, id)?.filter(|owner| *owner != set.id) {
            let message = format!(
                "Dataset item id {id} already exists in another dataset (id {other}) in this project; item ids \
                 are unique per project across datasets. Use a different id or target dataset {other}."
            );
            return Err(Problem::Named(StatusCode::CONFLICT, "LangfuseConflictError", message));
        }
        let earlier = Item::load(db, id)?.unwrap_or_else(|| blank(id.to_owned(), set));
        Ok(self.over(earlier, now))
    }

    fn over(self, earlier: Item, now: String) -> Item {
        let given = |text: Option<&str>| text.map(str::to_owned);
        Item {
            valid_from: now.max(earlier.valid_from),
            status: given(self.status).unwrap_or(earlier.status),
            input: self.input.unwrap_or(earlier.input),
            expected_output: self.expected_output.unwrap_or(earlier.expected_output),
            metadata: self.metadata.unwrap_or(earlier.metadata),
            source_trace_id: given(self.source_trace_id).or(earlier.source_trace_id),
            source_observation_id: given(self.source_observation_id).or(earlier.source_observation_id),
            ..earlier
        }
    }
}

/// An item nothing is known of.
fn blank(id: String, set: &Set) -> Item {
    Item {
        id,
        valid_from: String::new(),
        dataset_id: set.id.clone(),
        dataset_name: set.name.clone(),
        status: "ACTIVE".into(),
        input: Value::Null,
        expected_output: Value::Null,
        metadata: Value::Null,
        source_trace_id: None,
        source_observation_id: None,
    }
}
