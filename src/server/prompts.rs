//! Prompts: kept and given back. Other prompts that one refers to are not put in its place.

use axum::http::StatusCode;
use rusqlite::types::Value as Arg;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use serde_json::{Value, json};
use uuid::Uuid;

use super::data::sql::Where;
use super::data::value::{iso, parse};
use super::datasets::name;
use super::evals::reading::{Issues, any_of, list, nullable, optional, required, text};
use super::http::Call;
use super::http::fields::{Fields, part};
use super::http::issue;
use super::http::query::Params;
use super::http::reply::{Answer, Envelope, Problem, Reply};
use super::http::routes::{Class, Endpoint, Route};
use crate::domain::text::utf16_len;

/// `/v2/prompts`
pub const ROUTES: &[Route] = &[
    Route::new(
        "/api/public/v2/prompts",
        &[Endpoint::new("GET", Class::Free, index), Endpoint::new("POST", Class::Free, create)],
    )
    .envelope(Envelope::Named),
    Route::new("/api/public/v2/prompts/{promptName}", &[Endpoint::new("GET", Class::Free, get)])
        .envelope(Envelope::Named),
];

/// The label of the newest version.
const LATEST: &str = "latest";
/// The label that is asked for unless another is.
const USUAL: &str = "production";
const LONGEST_LABEL: usize = 36;
const LONGEST_MESSAGE: usize = 500;
const OTHER_TYPE: &str =
    "Previous versions have different prompt type. Create a new prompt with a different name.";

/// What a body says of a prompt.
struct New<'a> {
    name: &'a str,
    labels: Vec<&'a str>,
    kind: &'static str,
    prompt: &'a Value,
    config: Value,
    tags: Option<Vec<&'a str>>,
    message: Option<&'a str>,
}

impl<'a> New<'a> {
    fn read(body: &'a Value) -> Result<Self, Problem> {
        any_of(vec![Self::of_kind(body, "text"), Self::of_kind(body, "chat")]).map_err(Problem::Issues)
    }

    fn of_kind(body: &'a Value, kind: &'static str) -> Result<Self, Issues> {
        part(body, |fields| {
            let name = required(fields, "name", "string", prompt_name).unwrap_or_default();
            let labels = optional(fields, "labels", |given| list(given, label)).unwrap_or_default();
            let is_kind = |given: Option<&Value>| match given {
                None => kind == "text",
                Some(given) => given == kind,
            };
            if !is_kind(fields.get("type")) {
                fields.note(issue::not_literal(kind, &["type"]));
            }
            let expected = if kind == "text" { "string" } else { "array" };
            required(fields, "prompt", expected, |given| content(given, kind));
            let tags = nullable(fields, "tags", |given| list(given, text));
            let message = nullable(fields, "commitMessage", commit_message);
            let config = fields.get("config").filter(|config| !config.is_null());
            Self {
                name,
                labels,
                kind,
                prompt: fields.get("prompt").unwrap_or(&Value::Null),
                config: config.cloned().unwrap_or_else(|| json!({})),
                tags,
                message,
            }
        })
    }
}

fn prompt_name(given: &Value) -> Result<&str, Issues> {
    let name = text(given)?;
    let mut issues = name::issues(name);
    if name.contains('|') {
        let message = "Prompt name cannot contain '|' character";
        issues.push(name::format("/^[^|]*$/", message));
    }
    if issues.is_empty() && name == "new" {
        issues.push(issue::custom("Prompt name cannot be 'new'", &[]));
    }
    if issues.is_empty() { Ok(name) } else { Err(issues) }
}

fn label(given: &Value) -> Result<&str, Issues> {
    let label = text(given)?;
    let mut issues = Vec::new();
    if label.is_empty() {
        issues.push(issue::too_short(&[]));
    }
    if utf16_len(label) > LONGEST_LABEL {
        issues.push(issue::too_long(LONGEST_LABEL, &[]));
    }
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.');
    if label.is_empty() || !label.bytes().all(fits) {
        let message = "Label must be lowercase alphanumeric with optional underscores, hyphens, or periods";
        issues.push(name::format(r"/^[a-z0-9_\-.]+$/", message));
    }
    if issues.is_empty() { Ok(label) } else { Err(issues) }
}

fn commit_message(given: &Value) -> Result<&str, Issues> {
    let message = text(given)?;
    if utf16_len(message) > LONGEST_MESSAGE {
        Err(vec![issue::too_long(LONGEST_MESSAGE, &[])])
    } else {
        Ok(message)
    }
}

/// A text, or messages, of which some only hold a place for others.
fn content(given: &Value, kind: &str) -> Result<(), Issues> {
    if kind == "text" {
        return text(given).map(|_| ());
    }
    let message = |message| {
        let spoken = part(message, |fields: &mut Fields<'_>| {
            fields.text("role");
            fields.text("content");
        });
        let placeholder = part(message, |fields: &mut Fields<'_>| {
            fields.choice("type", &["placeholder"]);
            fields.text("name");
        });
        any_of(vec![spoken, placeholder])
    };
    list(given, message).map(|_| ())
}

/// `POST /v2/prompts`: a new prompt, or a new version of the one of that name
fn create(db: &Connection, call: &Call) -> Answer {
    let new = New::read(&call.body)?;
    let sql = "SELECT version, type, tags FROM prompts WHERE name = ?1 ORDER BY version DESC LIMIT 1";
    let read = |r: &Row<'_>| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?));
    let earlier = db.query_row(sql, [new.name], read).optional()?;
    if earlier.as_ref().is_some_and(|(_, kind, _)| kind != new.kind) {
        return Err(Problem::Refused(OTHER_TYPE.into()));
    }
    let version = earlier.as_ref().map_or(1, |(version, ..)| version + 1);
    let tags = match (&new.tags, earlier) {
        (Some(tags), _) => json!(once(tags.iter().copied())).to_string(),
        (None, Some((.., tags))) => tags,
        (None, None) => "[]".into(),
    };
    let labels = once(new.labels.iter().copied().chain([LATEST]));
    let now = iso(call.now);
    take_labels(db, new.name, &labels, &now)?;
    let sql = "UPDATE prompts SET tags = ?2, updated_at = ?3 WHERE name = ?1 AND tags <> ?2";
    db.execute(sql, [new.name, &tags, &now])?;
    let id = Uuid::new_v4().to_string();
    db.execute(
        "INSERT INTO prompts VALUES (:id, :name, :version, :kind, :prompt, :config, :tags, :labels, :message,
            :now, :now)",
        named_params! {
            ":id": id, ":name": new.name, ":version": version, ":kind": new.kind,
            ":prompt": new.prompt.to_string(), ":config": new.config.to_string(), ":tags": tags,
            ":labels": json!(labels).to_string(), ":message": new.message, ":now": now,
        },
    )?;
    let made = db.query_row("SELECT * FROM prompts WHERE id = ?1", [id], |r| row(r, call))?;
    Ok(Reply::Json(StatusCode::CREATED, made))
}

fn once<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    texts.for_each(|text| {
        if !found.contains(&text) {
            found.push(text);
        }
    });
    found
}

/// A label names one version only: earlier ones lose it.
fn take_labels(db: &Connection, name: &str, labels: &[&str], now: &str) -> rusqlite::Result<()> {
    let taken = "(SELECT value FROM json_each(?2))";
    let sql = format!(
        "UPDATE prompts SET updated_at = ?3, labels =
            (SELECT json_group_array(value) FROM json_each(labels) WHERE value NOT IN {taken})
        WHERE name = ?1 AND EXISTS (SELECT 1 FROM json_each(labels) WHERE value IN {taken})"
    );
    db.execute(&sql, [name, &json!(labels).to_string(), now])?;
    Ok(())
}

fn row(r: &Row<'_>, call: &Call) -> rusqlite::Result<Value> {
    let json = |column: &str| Ok::<_, rusqlite::Error>(parse(&r.get::<_, String>(column)?));
    Ok(json!({
        "id": r.get::<_, String>("id")?, "createdAt": r.get::<_, String>("created_at")?,
        "updatedAt": r.get::<_, String>("updated_at")?, "projectId": call.place.project.id,
        "createdBy": "API", "prompt": json("prompt")?, "name": r.get::<_, String>("name")?,
        "version": r.get::<_, i64>("version")?, "type": r.get::<_, String>("type")?, "isActive": null,
        "config": json("config")?, "tags": json("tags")?, "labels": json("labels")?,
        "commitMessage": r.get::<_, Option<String>>("commit_message")?,
    }))
}

/// `GET /v2/prompts/{promptName}`: the version asked for, or the one with the label
fn get(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let version = params.number("version").filter(|version| *version != 0.0);
    let label = params.single("label").filter(|label| !label.is_empty());
    params.finish()?;
    let name = call.param("promptName");
    let mut filter = Where::default();
    filter.is("name", name);
    let which = match (version, label) {
        (Some(_), Some(_)) => {
            return Err(Problem::Refused("Cannot specify both version and label".into()));
        }
        (Some(version), None) => {
            filter.and("version = ?", [Arg::from(version)]);
            format!("version {version}")
        }
        (None, label) => {
            let label = label.unwrap_or(USUAL);
            filter.and(
                "EXISTS (SELECT 1 FROM json_each(labels) WHERE value = ?)",
                [Arg::from(label.to_owned())],
            );
            format!("label '{label}'")
        }
    };
    let (clause, args) = filter.parts();
    let found =
        db.query_row(&format!("SELECT * FROM prompts {clause}"), &args[..], |r| row(r, call)).optional()?;
    let mut prompt =
        found.ok_or_else(|| Problem::Missing(format!("Prompt not found: '{name}' with {which}")))?;
    prompt["resolutionGraph"] = Value::Null;
    Ok(Reply::ok(prompt))
}

/// `GET /v2/prompts`: names with their versions
fn index(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let name = params.single("name").filter(|name| !name.is_empty());
    let has = ["label", "tag"].map(|key| params.single(key).filter(|text| !text.is_empty()));
    let (page, limit) = (params.positive("page", 1, u32::MAX), params.positive("limit", 10, 100));
    let times = ["fromUpdatedAt", "toUpdatedAt"].map(|key| params.time(key));
    params.finish()?;
    let mut filter = Where::default();
    if let Some(name) = name {
        filter.is("name", name);
    }
    for (wanted, column) in has.into_iter().zip(["labels", "tags"]) {
        if let Some(wanted) = wanted {
            let sql = format!("EXISTS (SELECT 1 FROM json_each({column}) WHERE value = ?)");
            filter.and(sql, [Arg::from(wanted.to_owned())]);
        }
    }
    for (time, sign) in times.into_iter().zip([">=", "<"]) {
        if let Some(time) = time {
            filter.and(format!("updated_at {sign} ?"), [Arg::from(iso(time))]);
        }
    }
    let (clause, args) = filter.parts();
    let sql = format!("SELECT count(DISTINCT name) FROM prompts {clause}");
    let total: i64 = db.query_row(&sql, &args[..], |r| r.get(0))?;
    let offset = u64::from(page.saturating_sub(1)) * u64::from(limit);
    let sql = format!(
        "SELECT v.name, v.type, v.tags, max(v.updated_at) AS changed,
            json_group_array(DISTINCT v.version ORDER BY v.version) AS versions,
            json_group_array(DISTINCT l.value ORDER BY l.value) FILTER (WHERE l.value IS NOT NULL) AS labels,
            (SELECT config FROM prompts WHERE name = v.name ORDER BY version DESC LIMIT 1) AS config
        FROM (SELECT * FROM prompts {clause}) AS v LEFT JOIN json_each(v.labels) AS l
        GROUP BY v.name ORDER BY v.name LIMIT {limit} OFFSET {offset}"
    );
    let data = db.prepare(&sql)?.query_map(&args[..], meta)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let pages = u64::try_from(total).unwrap_or_default().div_ceil(u64::from(limit.max(1)));
    let meta = json!({"page": page, "limit": limit, "totalPages": pages, "totalItems": total});
    Ok(Reply::ok(json!({"data": data, "meta": meta})))
}

fn meta(r: &Row<'_>) -> rusqlite::Result<Value> {
    let json = |column: &str| Ok::<_, rusqlite::Error>(parse(&r.get::<_, String>(column)?));
    Ok(json!({
        "name": r.get::<_, String>("name")?, "type": r.get::<_, String>("type")?, "tags": json("tags")?,
        "versions": json("versions")?, "labels": json("labels")?, "lastUpdatedAt": r.get::<_, String>("changed")?,
        "lastConfig": json("config")?,
    }))
}
