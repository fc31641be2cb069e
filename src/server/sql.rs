//! A growing WHERE clause with its arguments.

use rusqlite::types::Value;

/// Conditions, all of which must hold.
#[derive(Debug, Default)]
pub(super) struct Where {
    clauses: Vec<String>,
    args: Vec<Value>,
}

impl Where {
    /// Adds a condition with `?` for each argument.
    pub(super) fn and(&mut self, clause: impl Into<String>, args: impl IntoIterator<Item = Value>) {
        self.clauses.push(clause.into());
        self.args.extend(args);
    }

    /// The column equals the text.
    pub(super) fn is(&mut self, column: &str, text: &str) {
        self.and(format!("{column} = ?"), [Value::from(text.to_owned())]);
    }

    /// The column is one of the values; no condition if there are none.
    pub(super) fn one_of<T: Into<Value>>(&mut self, column: &str, values: impl IntoIterator<Item = T>) {
        let values: Vec<Value> = values.into_iter().map(Into::into).collect();
        if !values.is_empty() {
            self.and(format!("{column} IN ({})", marks(values.len())), values);
        }
    }

    /// `WHERE …`, or nothing.
    pub(super) fn sql(&self) -> String {
        if self.clauses.is_empty() {
            return String::new();
        }
        format!("WHERE {}", self.clauses.join(" AND "))
    }

    /// The arguments, in order.
    pub(super) fn args(&self) -> &[Value] {
        &self.args
    }
}

/// `?, ?, ?`
pub(super) fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// Texts as arguments.
pub(super) fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|v| Value::from((*v).to_owned())).collect()
}
