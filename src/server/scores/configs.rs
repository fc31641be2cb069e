//! Score configs.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::text::utf16_len;
use crate::server::data::value::{iso, number, parse};
use crate::server::http::Call;
use crate::server::http::fields::Fields;
use crate::server::http::issue;
use crate::server::http::query::Params;
use crate::server::http::reply::{Answer, Problem, Reply};

const COLUMNS: &str =
    "id, name, is_archived, description, created_at, updated_at, max_value, min_value, data_type, categories";
const NAME_UNITS: usize = 35;
const SHAPE: &str =
    "Category must be an array of objects with label value pairs, where labels and values are unique.";
const RANGE: &str = "Maximum value must be greater than Minimum value";

fn row(project: &str) -> impl Fn(&Row<'_>) -> rusqlite::Result<Value> + '_ {
    move |r| {
        let bound = |index| Ok::<_, rusqlite::Error>(r.get::<_, Option<f64>>(index)?.map(number));
        let mut config = json!({
            "id": r.get::<_, String>(0)?,
            "name": r.get::<_, String>(1)?,
            "isArchived": r.get::<_, bool>(2)?,
            "description": r.get::<_, Option<String>>(3)?,
            "createdAt": r.get::<_, String>(4)?,
            "updatedAt": r.get::<_, String>(5)?,
            "projectId": project,
        });
        let mut put = |key: &str, value: Value| config[key] = value;
        let kind: String = r.get(8)?;
        let is_boolean = kind == "BOOLEAN";
        if is_boolean {
            put("dataType", json!(kind));
        }
        put("maxValue", json!(bound(6)?));
        put("minValue", json!(bound(7)?));
        if !is_boolean {
            put("dataType", json!(kind));
        }
        put("categories", json!(r.get::<_, Option<String>>(9)?.map(|text| parse(&text))));
        Ok(config)
    }
}

/// `GET /score-configs`, newest first
pub fn list(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let page = params.page();
    params.finish()?;
    let order = "ORDER BY created_at DESC, id";
    page.answer(db, COLUMNS, "FROM score_configs", order, &[], row(&call.place.project.id))
}

/// `GET /score-configs/{configId}`
pub fn get(db: &Connection, call: &Call) -> Answer {
    read(db, call, call.param("configId")).map(Reply::ok)
}

fn read(db: &Connection, call: &Call, id: &str) -> Result<Value, Problem> {
    let sql = format!("SELECT {COLUMNS} FROM score_configs WHERE id = ?1");
    let found = db.query_row(&sql, [id], row(&call.place.project.id)).optional()?;
    found.ok_or_else(|| Problem::Missing("Score config not found within authorized project".into()))
}

/// `POST /score-configs`
pub fn create(db: &Connection, call: &Call) -> Answer {
    if !call.body.is_object() {
        return Err(Problem::Issues(vec![issue::no_object(Some(&call.body), &[])]));
    }
    let mut fields = Fields::of(&call.body)?;
    let kind = fields.get("dataType").and_then(Value::as_str).unwrap_or_default();
    if !["NUMERIC", "CATEGORICAL", "BOOLEAN", "TEXT"].contains(&kind) {
        return Err(Problem::Issues(vec![issue::no_variant("dataType")]));
    }
    let name = fields.text("name");
    check_name(&mut fields, name);
    let description = fields.text_or_null("description").value();
    let New { min, max, categories } = of_kind(&mut fields, kind);
    if fields.lets_go_on() && min.zip(max).is_some_and(|(min, max)| max <= min) {
        fields.note(issue::added(RANGE, &[]));
    }
    fields.finish()?;
    let id = Uuid::new_v4().to_string();
    db.execute(
        "INSERT INTO score_configs VALUES
         (:id, :name, :description, :kind, 0, :min, :max, :categories, :now, :now)",
        named_params! {
            ":id": id, ":name": name, ":description": description, ":kind": kind, ":min": min,
            ":max": max, ":categories": categories.map(|c| c.to_string()), ":now": iso(call.now),
        },
    )?;
    read(db, call, &id).map(Reply::ok)
}

/// The fields of a new config that depend on its type.
#[derive(Default)]
struct New {
    min: Option<f64>,
    max: Option<f64>,
    categories: Option<Value>,
}

fn of_kind(fields: &mut Fields<'_>, kind: &str) -> New {
    match kind {
        "NUMERIC" => {
            let (max, min) = (fields.number_or_null("maxValue"), fields.number_or_null("minValue"));
            fields.nothing("categories");
            New { min, max, categories: None }
        }
        "CATEGORICAL" => {
            no_bounds(fields);
            New { categories: new_categories(fields), ..New::default() }
        }
        "BOOLEAN" => {
            fields.absent("categories");
            let categories = json!([{"label": "True", "value": 1}, {"label": "False", "value": 0}]);
            New { categories: Some(categories), ..New::default() }
        }
        _ => {
            fields.absent("categories");
            no_bounds(fields);
            New::default()
        }
    }
}

fn no_bounds(fields: &mut Fields<'_>) {
    fields.nothing("maxValue");
    fields.nothing("minValue");
}

/// A list of categories without what else its entries say; an issue is noted if it is none.
fn new_categories(fields: &mut Fields<'_>) -> Option<Value> {
    let given = fields.get("categories");
    let Some(given) = given.filter(|given| !given.is_null()) else {
        fields.note(no_categories(given));
        return None;
    };
    match categories(given) {
        Ok(categories) => Some(categories),
        Err(problem) => {
            fields.note(category_issue(&problem));
            None
        }
    }
}

fn check_name(fields: &mut Fields<'_>, name: &str) {
    if !matches!(fields.get("name"), Some(Value::String(_))) {
        return;
    }
    if name.is_empty() {
        fields.note(issue::too_short(&["name"]));
    } else if utf16_len(name) > NAME_UNITS {
        fields.note(issue::too_long(NAME_UNITS, &["name"]));
    }
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "_ .()-".contains(c)) {
        fields.note(json!({
            "origin": "string", "code": "invalid_format", "format": "regex",
            "pattern": "/^[\\p{L}\\p{N}_ .()-]+$/u", "path": ["name"],
            "message": "Name contains invalid characters",
        }));
    }
}

/// The server's union of what stored JSON can be, which is neither absent nor null.
fn no_categories(given: Option<&Value>) -> Value {
    let scalar = ["string", "number", "boolean"].map(|t| vec![issue::invalid_type(t, given, &[])]);
    issue::no_alternative(
        &[
            vec![issue::invalid_type("array", given, &[])],
            vec![issue::invalid_type("record", given, &[])],
            vec![issue::no_alternative(&scalar, &[])],
        ],
        &["categories"],
    )
}

/// The issue for a list of categories; the server adds the one about the shape in another way.
fn category_issue(problem: &str) -> Value {
    if problem == SHAPE {
        return json!({"message": problem, "code": "custom", "path": ["categories"]});
    }
    issue::added(problem, &["categories"])
}

/// The categories of a list, or what is wrong with it.
fn categories(given: &Value) -> Result<Value, String> {
    let pair = |entry: &Value| {
        let label = entry.get("label")?.as_str().filter(|l| !l.is_empty())?.to_owned();
        Some((label, entry.get("value")?.as_f64()?))
    };
    let pairs = given.as_array().and_then(|list| list.iter().map(pair).collect::<Option<Vec<_>>>());
    let pairs = pairs.ok_or(SHAPE)?;
    for (index, (label, value)) in pairs.iter().enumerate() {
        let earlier = pairs.get(..index).unwrap_or_default();
        if earlier.iter().any(|(l, _)| l == label) {
            return Err(format!("Duplicate category label: {label}, category labels must be unique"));
        }
        #[expect(clippy::float_cmp, reason = "the very same number twice")]
        if earlier.iter().any(|(_, v)| v == value) {
            let value = number(*value);
            return Err(format!("Duplicate category value: {value}, category values must be unique"));
        }
    }
    Ok(pairs.into_iter().map(|(label, value)| json!({"label": label, "value": number(value)})).collect())
}

/// `PATCH /score-configs/{configId}`: null is no value of any field, so nothing can be removed
pub fn patch(db: &Connection, call: &Call) -> Answer {
    let mut fields = Fields::of(&call.body)?;
    let archived = fields.optional_flag("isArchived");
    let name = fields.optional_text("name");
    check_name(&mut fields, name.unwrap_or_default());
    let (min, max) = (fields.optional_number("minValue"), fields.optional_number("maxValue"));
    let categories = fields.get("categories").and_then(|_| new_categories(&mut fields));
    let description = fields.optional_text("description");
    let known = ["isArchived", "name", "minValue", "maxValue", "categories", "description"];
    if known.iter().all(|key| fields.get(key).is_none()) {
        let message = "Request body cannot be empty. At least one field must be provided for update.";
        fields.note(issue::custom(message, &[]));
    }
    fields.finish()?;
    let id = call.param("configId");
    check_change(&read(db, call, id)?, min, max, categories.as_ref())?;
    db.execute(
        "UPDATE score_configs SET name = ifnull(:name, name), description = ifnull(:description, description),
            is_archived = ifnull(:archived, is_archived), min_value = ifnull(:min, min_value),
            max_value = ifnull(:max, max_value), categories = ifnull(:categories, categories),
            updated_at = :now WHERE id = :id",
        named_params! {
            ":name": name, ":description": description, ":archived": archived, ":min": min, ":max": max,
            ":categories": categories.map(|c| c.to_string()), ":now": iso(call.now), ":id": id,
        },
    )?;
    read(db, call, id).map(Reply::ok)
}

/// Checks the config as it would be after the change.
fn check_change(
    old: &Value,
    min: Option<f64>,
    max: Option<f64>,
    categories: Option<&Value>,
) -> Result<(), Problem> {
    let kind = old["dataType"].as_str().unwrap_or_default();
    let mut problems = Vec::new();
    if matches!(kind, "CATEGORICAL" | "TEXT") {
        let bounds = [max, min].into_iter().flatten();
        problems.extend(bounds.map(|_| "Invalid input: expected undefined, received number"));
    }
    match (kind, categories) {
        (_, None) | ("CATEGORICAL", _) => {}
        ("BOOLEAN", Some(given)) => problems.extend(not_yes_and_no(given, &old["categories"])),
        _ => problems.push("Invalid input: expected undefined, received array"),
    }
    let (min, max) = (min.or(old["minValue"].as_f64()), max.or(old["maxValue"].as_f64()));
    let is_empty = kind == "NUMERIC" && min.zip(max).is_some_and(|(min, max)| max <= min);
    if is_empty && problems.is_empty() {
        problems.push(RANGE);
    }
    if problems.is_empty() { Ok(()) } else { Err(Problem::Refused(problems.join(", "))) }
}

/// What is wrong with the categories of a boolean, which are always the same.
fn not_yes_and_no(given: &Value, wanted: &Value) -> Vec<&'static str> {
    let mut problems = Vec::new();
    if given.as_array().is_none_or(|list| list.len() != 2) {
        problems.push("Boolean data type must have exactly 2 categories.");
    }
    if given != wanted {
        problems.push("Invalid input");
    }
    problems
}
