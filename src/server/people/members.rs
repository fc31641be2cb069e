//! Who belongs to the organization and to its project, for holders of the organization's key.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Value, json};

use crate::server::http::Call;
use crate::server::http::fields::Fields;
use crate::server::http::reply::{Answer, Problem, Reply};

const ROLES: [&str; 5] = ["OWNER", "ADMIN", "MEMBER", "VIEWER", "NONE"];

/// Whose roles: the whole organization's, or those that differ in the project.
#[derive(Clone, Copy)]
enum Scope {
    Organization,
    Project,
}

impl Scope {
    fn column(self) -> &'static str {
        match self {
            Self::Organization => "role",
            Self::Project => "project_role",
        }
    }
}

/// `GET /organizations/memberships`
pub fn list(db: &Connection, _: &Call) -> Answer {
    memberships(db, Scope::Organization)
}

/// `PUT /organizations/memberships`
pub fn put(db: &Connection, call: &Call) -> Answer {
    set_role(db, call, Scope::Organization)
}

/// `DELETE /organizations/memberships`
pub fn delete(db: &Connection, call: &Call) -> Answer {
    remove(db, call, Scope::Organization)
}

/// `GET /projects/{projectId}/memberships`
pub fn project_list(db: &Connection, call: &Call) -> Answer {
    must_be_ours(call)?;
    memberships(db, Scope::Project)
}

/// `PUT /projects/{projectId}/memberships`
pub fn project_put(db: &Connection, call: &Call) -> Answer {
    must_be_ours(call)?;
    set_role(db, call, Scope::Project)
}

/// `DELETE /projects/{projectId}/memberships`
pub fn project_delete(db: &Connection, call: &Call) -> Answer {
    must_be_ours(call)?;
    remove(db, call, Scope::Project)
}

fn must_be_ours(call: &Call) -> Result<(), Problem> {
    if call.param("projectId") == call.place.project.id {
        return Ok(());
    }
    Err(Problem::Missing("Project not found or does not belong to this organization".into()))
}

fn memberships(db: &Connection, scope: Scope) -> Answer {
    let role = scope.column();
    let sql = format!(
        "SELECT id, {role} AS role, email, name FROM users WHERE {role} IS NOT NULL AND role IS NOT NULL
        ORDER BY id"
    );
    let rows = db.prepare(&sql)?.query_map([], membership)?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Reply::ok(json!({"memberships": rows})))
}

fn membership(r: &Row<'_>) -> rusqlite::Result<Value> {
    Ok(json!({
        "userId": r.get::<_, String>("id")?, "role": r.get::<_, String>("role")?,
        "email": r.get::<_, Option<String>>("email")?, "name": r.get::<_, Option<String>>("name")?,
    }))
}

fn set_role(db: &Connection, call: &Call, scope: Scope) -> Answer {
    let mut fields = Fields::of(&call.body)?;
    let user = fields.text("userId");
    let role = fields.choice("role", &ROLES);
    fields.finish()?;
    if let Scope::Project = scope {
        must_be_member(db, user)?;
    }
    let sql = format!(
        "UPDATE users SET {column} = :role WHERE id = :user
        RETURNING id, {column} AS role, email, name",
        column = scope.column()
    );
    let row = db.query_row(&sql, named_params! {":role": role, ":user": user}, membership).optional()?;
    row.map(Reply::ok).ok_or_else(|| Problem::Missing("User not found".into()))
}

fn must_be_member(db: &Connection, user: &str) -> Result<(), Problem> {
    if is_member(db, user)? {
        return Ok(());
    }
    Err(Problem::Missing("User is not a member of this organization".into()))
}

/// Whoever has no role is answered the same.
fn remove(db: &Connection, call: &Call, scope: Scope) -> Answer {
    let mut fields = Fields::of(&call.body)?;
    let user = fields.text("userId");
    fields.finish()?;
    let sql = match scope {
        Scope::Organization => "UPDATE users SET role = NULL, project_role = NULL WHERE id = ?1",
        Scope::Project => "UPDATE users SET project_role = NULL WHERE id = ?1",
    };
    db.execute(sql, [user])?;
    Ok(Reply::ok(json!({"message": "Membership deleted successfully", "userId": user})))
}

/// Whether the person is in the organization, in whatever role.
pub fn is_member(db: &Connection, user: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1 AND role IS NOT NULL)";
    db.query_row(sql, [user], |r| r.get(0))
}

/// Whether the person may work in the project: the role there, else the one in the organization,
/// is another than NONE.
pub fn may_work(db: &Connection, user: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users
        WHERE id = ?1 AND role IS NOT NULL AND ifnull(project_role, role) <> 'NONE')";
    db.query_row(sql, [user], |r| r.get(0))
}
