//! Parameters that each ask for one column.

use crate::server::data::sql::{Where, texts};
use crate::server::data::value::iso;
use crate::server::http::query::Params;

/// A condition from a parameter of its own, which gives way to a filter on the same column.
pub struct Simple {
    /// The expression it is about.
    column: &'static str,
    condition: Where,
}

impl Simple {
    /// A condition about the expression, as `say` adds it.
    pub fn of(column: &'static str, say: impl FnOnce(&mut Where)) -> Self {
        let mut condition = Where::default();
        say(&mut condition);
        Self { column, condition }
    }

    /// The column equals the text.
    pub fn is(column: &'static str, text: &str) -> Self {
        Self::one_of(column, &[text])
    }

    /// The column equals one of the texts.
    pub fn one_of(column: &'static str, values: &[&str]) -> Self {
        Self::of(column, |condition| condition.one_of(column, texts(values)))
    }

    /// The same for an expression that is null where the stored column is empty: nothing equals that.
    /// Where it equals the text, the stored column does, too.
    pub fn given(column: &'static str, stored: &str, text: &str) -> Self {
        Self::of(column, |condition| {
            condition.is(stored, text);
            condition.and(format!("{column} = ? AND {stored} <> ''"), texts(&[text]));
        })
    }

    /// The expression is true, and there is an index of where it is.
    pub fn holds(column: &'static str) -> Self {
        Self::of(column, |condition| condition.holds(column))
    }

    /// The expression is false.
    pub fn fails(column: &'static str) -> Self {
        Self::of(column, |condition| condition.and(format!("NOT {column}"), []))
    }

    /// The column is null, and there is an index of where it is.
    pub fn is_null(column: &'static str) -> Self {
        Self::of(column, |condition| condition.holds(&format!("{column} IS NULL")))
    }

    /// One of the environments named, if any is.
    pub fn environments(params: &Params<'_>) -> Option<Self> {
        let values = params.texts("environment");
        (!values.is_empty()).then(|| Self::one_of("environment", &values))
    }

    /// The times between two parameters.
    pub fn range(params: &mut Params<'_>, column: &'static str, from: &str, to: &str) -> Vec<Self> {
        let mut found = Vec::new();
        for (key, sign) in [(from, ">="), (to, "<")] {
            if let Some(time) = params.time(key) {
                let sql = format!("{column} {sign} ?");
                found.push(Self::of(column, |condition| condition.and(sql, [iso(time).into()])));
            }
        }
        found
    }
}

/// Adds those that no filter takes the place of; `named` are the columns with filters.
pub fn add(conditions: &mut Where, simple: Vec<Simple>, named: &[&str]) {
    for Simple { column, condition } in simple {
        if !named.contains(&column) {
            conditions.append(condition);
        }
    }
}
