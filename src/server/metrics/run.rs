//! Running a query: rows are read once, grouped and summed up on the way.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};

use crate::server::data::value::{number, parse};

use super::condition::Holds;
use super::query::Asked;
use super::sums::Sum;
use super::views::Dimension;

/// Most rows of an answer for which no limit was set.
const MOST: usize = 10_000;

/// The groups in the order they were first met, and where each is.
#[derive(Default)]
struct Groups {
    places: HashMap<String, usize>,
    list: Vec<(Map<String, Value>, Vec<Sum>)>,
}

/// The answer's rows.
pub fn rows(db: &Connection, asked: &Asked) -> rusqlite::Result<Vec<Value>> {
    let groups = read(db, asked)?;
    let limit = asked.limit.unwrap_or(MOST);
    let mut rows: Vec<Map<String, Value>> =
        groups.list.into_iter().map(|group| finish(asked, group)).collect();
    if let Some(granularity) = asked.granularity.filter(|_| asked.order.is_empty()) {
        fill(asked, &mut rows, &granularity.buckets(asked.from, asked.to, limit));
    }
    let order = order(asked);
    rows.sort_by(|a, b| compare(a, b, &order));
    rows.truncate(limit);
    Ok(rows.into_iter().map(Value::Object).collect())
}

fn read(db: &Connection, asked: &Asked) -> rusqlite::Result<Groups> {
    let time = asked.granularity.map(|granularity| granularity.sql(asked.view.time_sql));
    let columns = asked.dimensions.iter().map(|d| d.sql.to_owned());
    let columns = columns.chain(time).chain(asked.metrics.iter().map(|m| m.measure.sql.to_owned()));
    let columns: Vec<String> = columns.chain(["NULL".to_owned()]).collect();
    let joins = asked.relations.iter().copied().collect::<Vec<_>>().join(" ");
    let (clause, args) = asked.filter.parts();
    let sql = format!("SELECT {} FROM {} {joins} {clause}", columns.join(", "), asked.view.from);
    let mut groups = Groups::default();
    if asked.dimensions.is_empty() && asked.granularity.is_none() {
        groups.take(asked, Map::new());
    }
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query(&*args)?;
    while let Some(row) = rows.next()? {
        let key = key(asked, row)?;
        let place = groups.take(asked, key);
        let first = asked.dimensions.len() + usize::from(asked.granularity.is_some());
        let Some((_, sums)) = groups.list.get_mut(place) else { continue };
        for (at, sum) in sums.iter_mut().enumerate() {
            let aggregation = asked.metrics.get(at).map_or("count", |metric| metric.aggregation);
            if asked.metrics.is_empty() {
                sum.add(aggregation, 1.0, String::new);
            } else {
                add(sum, aggregation, row.get_ref(first + at)?);
            }
        }
    }
    Ok(groups)
}

impl Groups {
    /// The place of the group with this key, which is made if it is new.
    fn take(&mut self, asked: &Asked, key: Map<String, Value>) -> usize {
        let place = self.list.len();
        let found = *self.places.entry(json!(key).to_string()).or_insert(place);
        if found == place {
            let sums = (0..asked.metrics.len().max(1)).map(|_| Sum::default()).collect();
            self.list.push((key, sums));
        }
        found
    }
}

fn key(asked: &Asked, row: &Row<'_>) -> rusqlite::Result<Map<String, Value>> {
    let mut key = Map::new();
    for (at, dimension) in asked.dimensions.iter().enumerate() {
        key.insert(dimension.name.to_owned(), shown(dimension, row.get_ref(at)?));
    }
    if asked.granularity.is_some() {
        let at = asked.dimensions.len();
        key.insert("time_dimension".into(), json!(row.get::<_, Option<String>>(at)?));
    }
    Ok(key)
}

fn shown(dimension: &Dimension, value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Integer(n) if dimension.is_flag => json!(n != 0),
        ValueRef::Integer(n) => json!(n),
        ValueRef::Real(n) => number(n),
        ValueRef::Text(text) if dimension.holds == Holds::List => parse(&String::from_utf8_lossy(text)),
        ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
    }
}

/// Takes a value in, unless there is none.
fn add(sum: &mut Sum, aggregation: &str, value: ValueRef<'_>) {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "counts and tokens are far below 2^53")]
        ValueRef::Integer(n) => sum.add(aggregation, n as f64, || n.to_string()),
        ValueRef::Real(n) => sum.add(aggregation, n, || n.to_string()),
        ValueRef::Text(text) => sum.add(aggregation, 0.0, || String::from_utf8_lossy(text).into_owned()),
        ValueRef::Null | ValueRef::Blob(_) => {}
    }
}

fn finish(asked: &Asked, (mut row, sums): (Map<String, Value>, Vec<Sum>)) -> Map<String, Value> {
    for (at, sum) in sums.into_iter().enumerate() {
        let (key, aggregation) = asked
            .metrics
            .get(at)
            .map_or(("count".to_owned(), "count"), |metric| (metric.key(), metric.aggregation));
        row.insert(key, sum.value(aggregation, asked.bins));
    }
    row
}

/// Adds rows for the buckets in which nothing happened.
fn fill(asked: &Asked, rows: &mut Vec<Map<String, Value>>, buckets: &[String]) {
    let times = rows.iter().filter_map(|row| row.get("time_dimension")?.as_str().map(str::to_owned));
    let known: HashSet<String> = times.collect();
    for bucket in buckets.iter().filter(|bucket| !known.contains(*bucket)) {
        let mut key: Map<String, Value> =
            asked.dimensions.iter().map(|d| (d.name.to_owned(), Value::Null)).collect();
        key.insert("time_dimension".into(), json!(bucket));
        let sums = (0..asked.metrics.len().max(1)).map(|_| Sum::default()).collect();
        rows.push(finish(asked, (key, sums)));
    }
}

/// The order asked for; else by time, else the most of the first metric first.
fn order(asked: &Asked) -> Vec<(String, bool)> {
    if !asked.order.is_empty() {
        return asked.order.clone();
    }
    if asked.granularity.is_some() {
        return vec![("time_dimension".into(), false)];
    }
    if let Some(metric) = asked.metrics.first() {
        return vec![(metric.key(), true)];
    }
    asked.dimensions.first().map(|d| (d.name.to_owned(), false)).into_iter().collect()
}

fn compare(a: &Map<String, Value>, b: &Map<String, Value>, order: &[(String, bool)]) -> Ordering {
    let asked = order.iter().map(|(key, descending)| match descending {
        false => weigh(a.get(key), b.get(key)),
        true => weigh(b.get(key), a.get(key)),
    });
    let rest = a.iter().map(|(key, value)| weigh(Some(value), b.get(key)));
    asked.chain(rest).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
}

fn weigh(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => {
            a.as_f64().unwrap_or_default().total_cmp(&b.as_f64().unwrap_or_default())
        }
        (Some(Value::String(a)), Some(Value::String(b))) => a.cmp(b),
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

/// Where values of different kinds stand to each other.
fn rank(value: Option<&Value>) -> u8 {
    match value {
        None | Some(Value::Null) => 0,
        Some(Value::Bool(_)) => 1,
        Some(Value::Number(_)) => 2,
        Some(Value::String(_)) => 3,
        Some(Value::Array(_) | Value::Object(_)) => 4,
    }
}
