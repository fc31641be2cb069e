//! A growing WHERE clause with its arguments, and the pages of lists it chooses from.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, ToSql, params_from_iter};

/// Columns by how few rows have one value of them, the fewest first. A list is read along an index of
/// the first of those that it asks for, and the others are only looked at: SQLite, which does not know
/// how many rows there are of what, would take any.
const LEADS: [&str; 26] = [
    "id",
    "trace_id",
    "observation_id",
    "object_id",
    "parent_id",
    "source_observation_id",
    "source_trace_id",
    "session_id",
    "run_id",
    "user_id",
    "number",
    "text",
    "config_id",
    "queue_id",
    "author_user_id",
    "name",
    "version",
    "release",
    "level",
    "type",
    "data_type",
    "source",
    "dataset_id",
    "environment",
    "object_type",
    "status",
];

/// As many values of a column are read side by side; more are sorted.
const MOST_ARMS: usize = 50;
/// What SQLite takes, less what the rest of a statement needs.
const MOST_ARGUMENTS: usize = 30_000;

/// A list in its order.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    /// The table, by the name that conditions use.
    pub table: &'a str,
    /// The table, and what is joined to it to be shown.
    pub from: &'a str,
    /// The table, and what is joined to it to find rows.
    pub found: &'a str,
    /// The same where no condition leads, with the index that has the list's order.
    pub ordered: &'a str,
    /// Columns with `DESC` or not, separated by commas; no two rows are equal in all.
    pub order: &'a str,
}

impl<'a> List<'a> {
    /// A list of a table's rows.
    pub const fn of(table: &'a str, order: &'a str) -> Self {
        Self { table, from: table, found: table, ordered: table, order }
    }
}

/// One condition.
#[derive(Debug, Clone)]
struct Condition {
    sql: String,
    args: Vec<Value>,
    /// The column of which one of the arguments is wanted, if that is what it says.
    column: Option<String>,
    /// The place among those that lead.
    rank: Option<usize>,
}

/// Conditions, all of which must hold.
#[derive(Debug, Default, Clone)]
pub struct Where {
    conditions: Vec<Condition>,
}

impl Where {
    /// Adds a condition with `?` for each argument.
    pub fn and(&mut self, sql: impl Into<String>, args: impl IntoIterator<Item = Value>) {
        let args = args.into_iter().collect();
        self.conditions.push(Condition { sql: sql.into(), args, column: None, rank: None });
    }

    /// The column equals the text.
    pub fn is(&mut self, column: &str, text: &str) {
        self.one_of(column, texts(&[text]));
    }

    /// The column is one of the values; no condition if there are none.
    pub fn one_of<T: Into<Value>>(&mut self, column: &str, values: impl IntoIterator<Item = T>) {
        let args: Vec<Value> = values.into_iter().map(Into::into).collect();
        if !args.is_empty() {
            let sql = one_of(column, args.len());
            let plain = column.split_once('.').map_or(column, |(_, plain)| plain);
            let rank = LEADS.iter().position(|lead| *lead == plain);
            self.conditions.push(Condition { sql, args, column: Some(column.to_owned()), rank });
        }
    }

    /// The same of a column that has few values: too many rows have them to be read one by one.
    pub fn among<T: Into<Value>>(&mut self, column: &str, values: impl IntoIterator<Item = T>) {
        self.one_of(column, values);
        if let Some(added) = self.conditions.last_mut() {
            added.rank = None;
        }
    }

    /// Adds all conditions of another.
    pub fn append(&mut self, other: Self) {
        self.conditions.extend(other.conditions);
    }

    /// A condition without arguments for whose rows there is an index.
    pub fn holds(&mut self, sql: &str) {
        let (sql, rank) = (sql.to_owned(), Some(LEADS.len()));
        self.conditions.push(Condition { sql, args: Vec::new(), column: None, rank });
    }

    /// The clause and its arguments, for statements of other shapes.
    pub fn parts(&self) -> (String, Vec<&dyn ToSql>) {
        let args = self.conditions.iter().flat_map(|c| &c.args);
        (self.sql(), args.map(|arg| -> &dyn ToSql { arg }).collect())
    }

    /// `WHERE …`, or nothing.
    pub fn sql(&self) -> String {
        if self.conditions.is_empty() {
            return String::new();
        }
        let lead = self.lead();
        let clauses: Vec<String> =
            self.conditions.iter().enumerate().map(|(at, c)| c.sql(lead == Some(at))).collect();
        // In groups, because SQLite limits how deep an expression may be, and an AND is one deeper.
        let groups = clauses.chunks(64).map(|group| format!("({})", group.join(" AND ")));
        format!("WHERE {}", groups.collect::<Vec<_>>().join(" AND "))
    }

    /// Whether an index of a column with many values is read along.
    pub fn is_narrow(&self) -> bool {
        let rank = self.lead().and_then(|at| self.conditions.get(at)?.rank);
        rank.is_some_and(|rank| LEADS.get(rank).is_some_and(|lead| *lead != "environment"))
    }

    /// Whether there are no conditions.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// The condition along whose index to read.
    fn lead(&self) -> Option<usize> {
        let ranked = self.conditions.iter().enumerate().filter_map(|(at, c)| Some((c.rank?, at)));
        ranked.min().map(|(_, at)| at)
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
        let (clause, args) = self.parts();
        let sql = format!("SELECT {columns} FROM {table} {clause} {rest}");
        db.prepare_cached(&sql)?.query_map(&*args, row)?.collect()
    }

    /// A page of a list. Its rows are found in indexes, then read: what is skipped, looked at in vain
    /// or sorted is not the whole row.
    pub fn page<T>(
        &self,
        db: &Connection,
        columns: &str,
        list: &List<'_>,
        window: &str,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let arms = self.arms();
        let List { table, from, .. } = list;
        let places = arms.iter().map(|arm| places(list, arm)).collect::<Vec<_>>().join(" UNION ALL ");
        let order = keys(list.order);
        let sql = format!(
            "SELECT {columns} FROM ({places} ORDER BY {order} {window}) AS page CROSS JOIN {from}
            WHERE {table}.rowid = page.place ORDER BY {order}"
        );
        let args = arms.iter().flat_map(|arm| arm.conditions.iter().flat_map(|c| &c.args));
        db.prepare_cached(&sql)?.query_map(params_from_iter(args), row)?.collect()
    }

    /// The same conditions, apart for each value of the one that leads: an index has the rows of one
    /// value in the list's order, and SQLite merges such lists as it reads them.
    fn arms(&self) -> Vec<Self> {
        let lead = self.lead().and_then(|at| Some((at, self.conditions.get(at)?)));
        let Some((at, Condition { column: Some(column), args, .. })) = lead else {
            return vec![self.clone()];
        };
        let mut values: Vec<&Value> = Vec::new();
        for value in args {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        let others: usize = self.conditions.iter().map(|c| c.args.len()).sum();
        if values.len() > MOST_ARMS || values.len() * others > MOST_ARGUMENTS {
            return vec![self.clone()];
        }
        let arm = |value: &Value| {
            let mut arm = self.clone();
            if let Some(lead) = arm.conditions.get_mut(at) {
                (lead.sql, lead.args) = (one_of(column, 1), vec![value.clone()]);
            }
            arm
        };
        values.into_iter().map(arm).collect()
    }

    /// How many rows there are. `counts` is a table that has the number of rows by some columns, for
    /// conditions on no others.
    pub fn total(&self, db: &Connection, list: &List<'_>, counts: (&str, &[&str])) -> rusqlite::Result<i64> {
        let (table, columns) = counts;
        let is_counted = |c: &Condition| c.column.as_ref().is_some_and(|column| columns.contains(&&**column));
        if self.conditions.iter().all(is_counted) {
            let from = format!("{table} AS {}", list.table);
            let total = self.rows(db, "ifnull(sum(count), 0)", &from, "", |r| r.get(0))?;
            return Ok(total.first().copied().unwrap_or_default());
        }
        self.count(db, list.found)
    }

    /// How many rows there are, counted.
    pub fn count(&self, db: &Connection, table: &str) -> rusqlite::Result<i64> {
        let found = self.rows(db, "count(*)", table, "", |r| r.get(0))?;
        Ok(found.first().copied().unwrap_or_default())
    }
}

impl Condition {
    /// As SQL; one that does not lead is hidden from the choice of an index.
    fn sql(&self, leads: bool) -> String {
        let is_hidden = self.rank.is_some() && !leads;
        if is_hidden { format!("+{}", self.sql) } else { self.sql.clone() }
    }
}

/// Where the rows that fit are, with what they are sorted by.
fn places(list: &List<'_>, conditions: &Where) -> String {
    let keys = list.order.split(", ").enumerate().map(|(at, key)| {
        let column = key.split(' ').next().unwrap_or_default();
        format!(", {column} AS key{at}")
    });
    let keys = keys.collect::<String>();
    let from = if conditions.lead().is_some() { list.found } else { list.ordered };
    format!("SELECT {}.rowid AS place{keys} FROM {from} {}", list.table, conditions.sql())
}

/// The order, by the names that `places` gives its columns.
fn keys(order: &str) -> String {
    let keys = order.split(", ").enumerate().map(|(at, key)| {
        let direction = key.split_once(' ').map_or("", |(_, direction)| direction);
        format!("key{at} {direction}")
    });
    keys.collect::<Vec<_>>().join(", ")
}

fn one_of(column: &str, count: usize) -> String {
    if count == 1 { format!("{column} = ?") } else { format!("{column} IN ({})", marks(count)) }
}

/// A statement that stores a row, in place of the one with the same `key` if there is one: it is changed
/// then, not made anew, so that what is counted is counted once.
pub fn upsert(table: &str, key: &[&str], columns: &[&str]) -> String {
    let values = columns.iter().map(|column| format!(":{column}")).collect::<Vec<_>>().join(", ");
    let others = columns.iter().filter(|column| !key.contains(column));
    let changes = others.map(|column| format!("{column} = excluded.{column}")).collect::<Vec<_>>().join(", ");
    let (key, columns) = (key.join(", "), columns.join(", "));
    format!("INSERT INTO {table} ({columns}) VALUES ({values}) ON CONFLICT ({key}) DO UPDATE SET {changes}")
}

/// `?, ?, ?`
pub fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// Texts as arguments.
pub fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|v| Value::from((*v).to_owned())).collect()
}
