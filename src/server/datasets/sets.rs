//! `/datasets` and `/v2/datasets`

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Value, json};

use super::item::{self, Item};
use super::json::{stored, text};
use super::name;
use super::schema::{Rules, is_schema};
use crate::server::data::value::iso;
use crate::server::data::workspace::next_id;
use crate::server::http::Call;
use crate::server::http::fields::{Fields, Given};
use crate::server::http::issue;
use crate::server::http::query::Params;
use crate::server::http::reply::{Answer, Problem, Reply};
use crate::server::options::Mode;

const ORDER: &str = "ORDER BY created_at DESC, id";
/// How many violations of a new schema are told.
const MOST_DETAILS: usize = 10;

/// A stored dataset.
pub struct Set {
    /// Unique.
    pub id: String,
    /// Unique, too.
    pub name: String,
    description: Option<String>,
    metadata: Value,
    /// Null or a JSON Schema for the inputs of items.
    pub input_schema: Value,
    /// The same for what should come out.
    pub expected_output_schema: Value,
    created_at: String,
    updated_at: String,
}

impl Set {
    fn read(r: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: r.get("id")?,
            name: r.get("name")?,
            description: r.get("description")?,
            metadata: stored(r.get("metadata")?),
            input_schema: stored(r.get("input_schema")?),
            expected_output_schema: stored(r.get("expected_output_schema")?),
            created_at: r.get("created_at")?,
            updated_at: r.get("updated_at")?,
        })
    }

    /// The dataset with this name.
    pub fn find(db: &Connection, name: &str) -> rusqlite::Result<Option<Self>> {
        db.prepare_cached("SELECT * FROM datasets WHERE name = ?1")?.query_row([name], Self::read).optional()
    }

    /// The same; 404 without one.
    pub fn named(db: &Connection, name: &str) -> Result<Self, Problem> {
        Self::find(db, name)?.ok_or_else(|| Problem::Missing("Dataset not found".into()))
    }

    fn save(&self, db: &Connection) -> rusqlite::Result<()> {
        let sql =
            "INSERT INTO datasets (id, name, description, metadata, input_schema, expected_output_schema,
                created_at, updated_at)
            VALUES (:id, :name, :description, :metadata, :input, :expected, :created, :updated)
            ON CONFLICT (id) DO UPDATE SET description = :description, metadata = :metadata,
                input_schema = :input, expected_output_schema = :expected, updated_at = :updated";
        db.execute(
            sql,
            named_params! {
                ":id": self.id, ":name": self.name, ":description": self.description,
                ":metadata": text(&self.metadata), ":input": text(&self.input_schema),
                ":expected": text(&self.expected_output_schema), ":created": self.created_at,
                ":updated": self.updated_at,
            },
        )?;
        Ok(())
    }

    /// As it is shown alone.
    fn shown(&self, project: &str) -> Value {
        json!({
            "id": self.id, "projectId": project, "name": self.name, "description": self.description,
            "metadata": self.metadata, "inputSchema": self.input_schema,
            "expectedOutputSchema": self.expected_output_schema, "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        })
    }

    /// As it is shown in lists: the same in another order.
    fn listed(&self, project: &str) -> Value {
        json!({
            "name": self.name, "description": self.description, "metadata": self.metadata,
            "inputSchema": self.input_schema, "expectedOutputSchema": self.expected_output_schema,
            "projectId": project, "createdAt": self.created_at, "updatedAt": self.updated_at, "id": self.id,
        })
    }
}

/// `GET /v2/datasets`, newest first
pub fn list(db: &Connection, call: &Call) -> Answer {
    page(db, call, |set| Ok(set.listed(&call.place.project.id)))
}

/// `GET /datasets`: the same with the ids of items and the names of runs
pub fn list_with_contents(db: &Connection, call: &Call) -> Answer {
    page(db, call, |set| {
        let mut shown = set.listed(&call.place.project.id);
        let sql = "SELECT id FROM dataset_items
            WHERE dataset_id = ?1 AND valid_to IS NULL AND status = 'ACTIVE' ORDER BY valid_from DESC, id";
        shown["items"] = texts(db, sql, &set.id)?.into();
        shown["runs"] = runs(db, call, &set.id, "created_at DESC, id")?.into();
        Ok(shown)
    })
}

fn page(db: &Connection, call: &Call, show: impl Fn(Set) -> rusqlite::Result<Value>) -> Answer {
    let mut params = Params::of(&call.query);
    let page = params.page();
    params.finish()?;
    page.answer(db, "*", "FROM datasets", ORDER, &[], |r| show(Set::read(r)?))
}

/// `GET /v2/datasets/{datasetName}`
pub fn get(db: &Connection, call: &Call) -> Answer {
    let set = Set::named(db, &name::segment(call, "datasetName"))?;
    Ok(Reply::ok(set.shown(&call.place.project.id)))
}

/// `GET /datasets/{datasetName}`: the same with items and the names of runs
pub fn get_with_contents(db: &Connection, call: &Call) -> Answer {
    let set = Set::named(db, &name::segment(call, "datasetName"))?;
    let mut shown = set.shown(&call.place.project.id);
    let sql = format!(
        "SELECT {} FROM {} WHERE i.dataset_id = ?1 AND i.valid_to IS NULL AND i.status = 'ACTIVE' {}",
        item::COLUMNS,
        item::TABLES,
        item::ORDER
    );
    let items = db
        .prepare(&sql)?
        .query_map([&set.id], |r| Item::read(r)?.listed(db, call))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    shown["items"] = items.into();
    shown["runs"] = runs(db, call, &set.id, "created_at, id")?.into();
    Ok(Reply::ok(shown))
}

/// Names of runs, which a server without the old data model does not have.
fn runs(db: &Connection, call: &Call, set: &str, order: &str) -> rusqlite::Result<Vec<String>> {
    if call.place.options.mode == Mode::EventsOnly {
        return Ok(Vec::new());
    }
    texts(db, &format!("SELECT name FROM dataset_runs WHERE dataset_id = ?1 ORDER BY {order}"), set)
}

fn texts(db: &Connection, sql: &str, set: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached(sql)?.query_map([set], |r| r.get(0))?.collect()
}

/// `POST /v2/datasets`: also changes the one that has the name
pub fn create(db: &Connection, call: &Call) -> Answer {
    Ok(Reply::ok(upsert(db, call)?.shown(&call.place.project.id)))
}

/// `POST /datasets`: the same, answered in the old shape
pub fn create_with_contents(db: &Connection, call: &Call) -> Answer {
    let mut shown = upsert(db, call)?.shown(&call.place.project.id);
    shown["items"] = json!([]);
    shown["runs"] = json!([]);
    Ok(Reply::ok(shown))
}

fn upsert(db: &Connection, call: &Call) -> Result<Set, Problem> {
    let mut fields = Fields::of(&call.body)?;
    let name = fields.text("name");
    let description = fields.text_or_null("description").value();
    let metadata = fields.get("metadata").filter(|metadata| !metadata.is_null());
    let input_schema = schema(&mut fields, "inputSchema");
    let expected_output_schema = schema(&mut fields, "expectedOutputSchema");
    fields.finish()?;
    name::check(name)?;
    let now = iso(call.now);
    let earlier = Set::find(db, name)?;
    let is_new = earlier.is_none();
    let earlier = match earlier {
        Some(earlier) => earlier,
        None => blank(next_id(db, call.now)?, name, &now),
    };
    let changes_schema = [input_schema, expected_output_schema].iter().any(|s| *s != Given::Absent);
    let set = Set {
        description: description.map(str::to_owned).or(earlier.description),
        metadata: metadata.map_or(earlier.metadata, super::json::canonical),
        input_schema: replaced(input_schema, earlier.input_schema),
        expected_output_schema: replaced(expected_output_schema, earlier.expected_output_schema),
        updated_at: now,
        ..earlier
    };
    if changes_schema && !is_new {
        refuse_violated_schema(db, &set)?;
    }
    set.save(db)?;
    Ok(set)
}

fn blank(id: String, name: &str, now: &str) -> Set {
    Set {
        id,
        name: name.to_owned(),
        description: None,
        metadata: Value::Null,
        input_schema: Value::Null,
        expected_output_schema: Value::Null,
        created_at: now.to_owned(),
        updated_at: now.to_owned(),
    }
}

fn schema<'a>(fields: &mut Fields<'a>, key: &str) -> Given<&'a Value> {
    match fields.get(key) {
        None => Given::Absent,
        Some(Value::Null) => Given::Null,
        Some(schema) => {
            if !is_schema(schema) {
                fields.note(issue::custom("Must be a valid JSON Schema", &[key]));
            }
            Given::Some(schema)
        }
    }
}

fn replaced(given: Given<&Value>, earlier: Value) -> Value {
    match given {
        Given::Absent => earlier,
        Given::Null => Value::Null,
        Given::Some(schema) => super::json::canonical(schema),
    }
}

/// A schema must fit the items that are there.
fn refuse_violated_schema(db: &Connection, set: &Set) -> Result<(), Problem> {
    let rules = Rules::new(&set.input_schema, &set.expected_output_schema);
    if rules.allow_all() {
        return Ok(());
    }
    let mut details = Vec::new();
    let sql = format!(
        "SELECT {} FROM {} WHERE i.dataset_id = ?1 AND i.valid_to IS NULL ORDER BY i.id",
        item::COLUMNS,
        item::TABLES
    );
    let mut statement = db.prepare(&sql)?;
    for item in statement.query_map([&set.id], Item::read)? {
        let item = item?;
        details.extend(rules.details(&item.id, &item.input, &item.expected_output));
        if details.len() >= MOST_DETAILS {
            break;
        }
    }
    details.truncate(MOST_DETAILS);
    let count = match details.len() {
        0 => return Ok(()),
        MOST_DETAILS => "more than 10".to_owned(),
        few => few.to_string(),
    };
    let details = Value::from(details);
    Err(Problem::Refused(format!("Schema validation failed for {count} item(s). Details: {details}")))
}
