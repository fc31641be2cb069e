//! Parameters that each ask for one column.

use rusqlite::types::Value as Arg;

use crate::server::data::sql::{Where, marks, texts};
use crate::server::data::value::iso;
use crate::server::http::query::Params;

/// A condition from a parameter of its own, which gives way to a filter on the same column.
pub struct Simple {
    /// The expression it is about.
    pub column: &'static str,
    /// The condition.
    pub sql: String,
    /// Its arguments.
    pub args: Vec<Arg>,
}

impl Simple {
    /// The column equals the text.
    pub fn is(column: &'static str, text: &str) -> Self {
        Self { column, sql: format!("{column} = ?"), args: texts(&[text]) }
    }

    /// The same for a column whose empty text stands for none: nothing equals that.
    pub fn given(column: &'static str, plain: &str, text: &str) -> Self {
        Self { column, sql: format!("{plain} = ? AND {plain} <> ''"), args: texts(&[text]) }
    }

    /// A condition without arguments.
    pub fn holds(column: &'static str, sql: &str) -> Self {
        Self { column, sql: sql.to_owned(), args: Vec::new() }
    }

    /// One of the environments named, if any is.
    pub fn environments(params: &Params<'_>) -> Option<Self> {
        let values = params.texts("environment");
        let sql = format!("environment IN ({})", marks(values.len()));
        (!values.is_empty()).then(|| Self { column: "environment", sql, args: texts(&values) })
    }

    /// The times between two parameters.
    pub fn range(params: &mut Params<'_>, column: &'static str, from: &str, to: &str) -> Vec<Self> {
        let mut found = Vec::new();
        for (key, sign) in [(from, ">="), (to, "<")] {
            if let Some(time) = params.time(key) {
                let sql = format!("{column} {sign} ?");
                found.push(Self { column, sql, args: vec![iso(time).into()] });
            }
        }
        found
    }
}

/// Adds those that no filter takes the place of; `named` are the columns with filters.
pub fn add(conditions: &mut Where, simple: Vec<Simple>, named: &[&str]) {
    for Simple { column, sql, args } in simple {
        if !named.contains(&column) {
            conditions.and(sql, args);
        }
    }
}
