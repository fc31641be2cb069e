//! A growing WHERE clause with its arguments.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, ToSql, params_from_iter};
use serde_json::Value as Json;

/// Conditions, all of which must hold.
#[derive(Debug, Default)]
pub struct Where {
    clauses: Vec<String>,
    args: Vec<Value>,
}

impl Where {
    /// Adds a condition with `?` for each argument.
    pub fn and(&mut self, clause: impl Into<String>, args: impl IntoIterator<Item = Value>) {
        self.clauses.push(clause.into());
        self.args.extend(args);
    }

    /// The column equals the text.
    pub fn is(&mut self, column: &str, text: &str) {
        self.and(format!("{column} = ?"), [Value::from(text.to_owned())]);
    }

    /// The column is one of the values; no condition if there are none.
    pub fn one_of<T: Into<Value>>(&mut self, column: &str, values: impl IntoIterator<Item = T>) {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        if !values.is_empty() {
            self.and(format!("{column} IN ({})", marks(values.len())), values);
        }
    }

    /// The first `limit` rows, and whether there are more.
    pub fn newest(
        &self,
        db: &Connection,
        table: &str,
        order: &str,
        limit: u32,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<Json>,
    ) -> rusqlite::Result<(Vec<Json>, bool)> {
        let limit = limit as usize;
        let sql = format!("SELECT * FROM {table} {} ORDER BY {order} LIMIT {}", self.sql(), limit + 1);
        let mut statement = db.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(&self.args), row)?;
        let mut rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        Ok((rows, more))
    }

    /// The clause and its arguments, for statements of other shapes.
    pub fn parts(&self) -> (String, Vec<&dyn ToSql>) {
        (self.sql(), self.args.iter().map(|arg| -> &dyn ToSql { arg }).collect())
    }

    /// `WHERE …`, or nothing.
    pub fn sql(&self) -> String {
        if self.clauses.is_empty() {
            return String::new();
        }
        // In groups, because SQLite limits how deep an expression may be, and an AND is one deeper.
        let groups = self.clauses.chunks(64).map(|group| format!("({})", group.join(" AND ")));
        format!("WHERE {}", groups.collect::<Vec<_>>().join(" AND "))
    }

    /// The rows of `SELECT columns FROM table WHERE … rest`.
    pub fn rows<T>(
        &self,
        db: &Connection,
        columns: &str,
        table: &str,
        rest: &str,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let sql = format!("SELECT {columns} FROM {table} {} {rest}", self.sql());
        db.prepare_cached(&sql)?.query_map(params_from_iter(&self.args), row)?.collect()
    }

    /// How many rows there are.
    pub fn count(&self, db: &Connection, table: &str) -> rusqlite::Result<i64> {
        let sql = format!("SELECT count(*) FROM {table} {}", self.sql());
        db.prepare_cached(&sql)?.query_row(params_from_iter(&self.args), |r| r.get(0))
    }
}

/// `?, ?, ?`
pub fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// Texts as arguments.
pub fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|v| Value::from((*v).to_owned())).collect()
}
