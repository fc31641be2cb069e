//! People as identity providers see them (SCIM).

use axum::http::StatusCode;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};

use crate::server::data::value::iso;
use crate::server::data::workspace::next_id;
use crate::server::http::Call;
use crate::server::http::reply::{Answer, Problem, Reply};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ROLES: [&str; 5] = ["OWNER", "ADMIN", "MEMBER", "VIEWER", "NONE"];

/// `GET /scim/Users`
pub fn users(db: &Connection, call: &Call) -> Answer {
    let number =
        |key: &str, default: i64| call.query.get(key).and_then(whole).filter(|n| *n != 0).unwrap_or(default);
    let (start, count) = (number("startIndex", 1), number("count", 100));
    let email = call.query.get("filter").and_then(user_name);
    let matching = "FROM users WHERE role IS NOT NULL AND (?1 IS NULL OR lower(email) = ?1)";
    let total: i64 = db.query_row(&format!("SELECT count(*) {matching}"), [&email], |r| r.get(0))?;
    let sql = format!("SELECT * {matching} ORDER BY id LIMIT ?2 OFFSET ?3");
    let rows = db
        .prepare(&sql)?
        .query_map(params![email, count.max(0), start.saturating_sub(1).max(0)], |r| user(r, false))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Reply::ok(json!({
        "schemas": [LIST], "totalResults": total, "startIndex": start, "itemsPerPage": rows.len(),
        "Resources": rows,
    })))
}

/// `GET /scim/Users/{id}`
pub fn get(db: &Connection, call: &Call) -> Answer {
    let sql = "SELECT * FROM users WHERE id = ?1";
    let read = |r: &Row<'_>| Ok((r.get::<_, Option<String>>("role")?, user(r, true)?));
    match db.query_row(sql, [call.param("id")], read).optional()? {
        None => Err(Problem::Missing("User not found".into())),
        Some((None, _)) => Err(Problem::Missing("User not found in organization".into())),
        Some((Some(_), user)) => Ok(Reply::ok(user)),
    }
}

/// `POST /scim/Users`: the way new people come in
pub fn create(db: &Connection, call: &Call) -> Answer {
    let body = &call.body;
    let Some(email) = body["userName"].as_str().filter(|name| !name.is_empty()).map(str::to_lowercase) else {
        return Err(refused(StatusCode::BAD_REQUEST, "userName is required"));
    };
    let role = role(&body["roles"])?;
    let name = body["name"]["formatted"].as_str().or(body["displayName"].as_str()).unwrap_or_default();
    let sql = "SELECT id, role IS NOT NULL FROM users WHERE lower(email) = ?1";
    let known =
        db.query_row(sql, [&email], |r| Ok((r.get::<_, String>(0)?, r.get::<_, bool>(1)?))).optional()?;
    let id = match known {
        Some((_, true)) => {
            return Err(refused(StatusCode::CONFLICT, "User with this userName already exists"));
        }
        Some((id, false)) => {
            db.execute("UPDATE users SET role = ?2 WHERE id = ?1", [&id, role])?;
            id
        }
        None => {
            let id = next_id(db, call.now)?;
            let sql = "INSERT INTO users (id, name, email, role, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
            db.execute(sql, params![id, name, email, role, iso(call.now)])?;
            id
        }
    };
    let made = db.query_row("SELECT * FROM users WHERE id = ?1", [id], |r| user(r, true))?;
    Ok(Reply::Json(StatusCode::CREATED, made))
}

/// The first of the roles; NONE if there are none.
fn role(given: &Value) -> Result<&'static str, Problem> {
    let Some(roles) = given.as_array().filter(|roles| !roles.is_empty()) else { return Ok("NONE") };
    let known = |role: &Value| ROLES.into_iter().find(|known| role.as_str() == Some(known));
    let found: Option<Vec<_>> = roles.iter().map(known).collect();
    found.and_then(|found| found.first().copied()).ok_or_else(|| {
        let message =
            format!("Invalid roles provided: {given}, must be one of OWNER, ADMIN, MEMBER, VIEWER, NONE");
        refused(StatusCode::BAD_REQUEST, &message)
    })
}

fn refused(status: StatusCode, message: &str) -> Problem {
    Problem::Named(status, "scim", message.to_owned())
}

/// The digits a text starts with, as JavaScript's `parseInt` reads them.
fn whole(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let digits = text.trim_start_matches(['-', '+']).bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(text.starts_with(['-', '+']));
    text.get(..sign + digits)?.parse().ok()
}

/// The address in `userName eq "…"`.
fn user_name(filter: &str) -> Option<String> {
    let at = filter.to_ascii_lowercase().find("username eq \"")?;
    let rest = filter.get(at + "username eq \"".len()..)?;
    let (address, _) = rest.split_once('"')?;
    (!address.is_empty()).then(|| address.to_lowercase())
}

fn user(r: &Row<'_>, times: bool) -> rusqlite::Result<Value> {
    let email: Option<String> = r.get("email")?;
    let mut meta = json!({"resourceType": "User"});
    if let Some(created) = r.get::<_, Option<String>>("created_at")?.filter(|_| times) {
        meta["created"] = json!(created);
        meta["lastModified"] = json!(created);
    }
    Ok(json!({
        "schemas": [USER], "id": r.get::<_, String>("id")?, "userName": email,
        "name": {"formatted": r.get::<_, Option<String>>("name")?},
        "emails": [{"primary": true, "value": email, "type": "work"}], "meta": meta,
    }))
}

/// `GET /scim/ServiceProviderConfig`
#[expect(clippy::unnecessary_wraps, reason = "a handler")]
pub fn provider(_: &Connection, _: &Call) -> Answer {
    let no = json!({"supported": false});
    Ok(Reply::ok(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "documentationUri": "https://docs.langfuse.com/scim",
        "patch": no,
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": 100},
        "changePassword": no, "sort": no, "etag": no,
        "authenticationSchemes": [{
            "name": "Basic Authentication", "description": "Authentication via HTTP Basic Auth",
            "specUri": "https://tools.ietf.org/html/rfc2617", "type": "httpbasic", "primary": true,
        }],
        "meta": {"resourceType": "ServiceProviderConfig", "location": "/api/public/scim/ServiceProviderConfig"},
    })))
}

/// `GET /scim/ResourceTypes`
#[expect(clippy::unnecessary_wraps, reason = "a handler")]
pub fn types(_: &Connection, _: &Call) -> Answer {
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": "User", "name": "User", "endpoint": "/api/public/scim/Users", "description": "User Account",
        "schema": USER, "schemaExtensions": [],
        "meta": {"resourceType": "ResourceType", "location": "/api/public/scim/ResourceTypes/User"},
    });
    Ok(Reply::ok(json!({"schemas": [LIST], "totalResults": 1, "Resources": [user]})))
}

/// `GET /scim/Schemas`
#[expect(clippy::unnecessary_wraps, reason = "a handler")]
pub fn schemas(_: &Connection, _: &Call) -> Answer {
    let user = json!({
        "id": USER, "name": "User", "description": "User Account",
        "attributes": [
            identity("id", "Unique identifier for the User", true, "readOnly"),
            identity("userName", "Unique identifier for the User, typically the email address", false, "readWrite"),
            complex("name", false, "The components of the user's name", "readWrite", &json!([
                attribute("formatted", "string", "The user's full name", Some(false), "readWrite"),
            ])),
            complex("emails", true, "Email addresses for the user", "readWrite", &json!([
                attribute("value", "string", "Email address value", Some(false), "readWrite"),
                attribute("primary", "boolean", "Primary email indicator", None, "readWrite"),
                attribute("type", "string", "Email type (work, home, other)", Some(false), "readWrite"),
            ])),
            complex("meta", false, "Resource metadata", "readOnly", &json!([
                attribute("resourceType", "string", "The resource type", Some(true), "readOnly"),
                attribute("created", "dateTime", "The resource creation time", None, "readOnly"),
                attribute("lastModified", "dateTime", "The resource last modification time", None, "readOnly"),
            ])),
        ],
        "meta": {"resourceType": "Schema", "location": format!("/api/public/scim/Schemas/{USER}")},
    });
    Ok(Reply::ok(json!({"schemas": [LIST], "totalResults": 1, "Resources": [user]})))
}

fn identity(name: &str, description: &str, exact: bool, mutability: &str) -> Value {
    json!({
        "name": name, "type": "string", "multiValued": false, "description": description, "required": true,
        "caseExact": exact, "mutability": mutability, "returned": "always", "uniqueness": "server",
    })
}

fn complex(name: &str, many: bool, description: &str, mutability: &str, parts: &Value) -> Value {
    json!({
        "name": name, "type": "complex", "multiValued": many, "description": description, "required": false,
        "subAttributes": parts, "mutability": mutability, "returned": "default", "uniqueness": "none",
    })
}

fn attribute(name: &str, kind: &str, description: &str, exact: Option<bool>, mutability: &str) -> Value {
    let mut out = json!({
        "name": name, "type": kind, "multiValued": false, "description": description, "required": false,
    });
    if let Some(exact) = exact {
        out["caseExact"] = json!(exact);
    }
    out["mutability"] = json!(mutability);
    out["returned"] = json!("default");
    out["uniqueness"] = json!("none");
    out
}
