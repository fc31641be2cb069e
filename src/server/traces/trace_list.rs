//! `GET /traces`.

use std::collections::HashMap;
use std::mem;

use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};

use super::columns::TRACES;
use super::distinct;
use super::row::Trace;
use super::shape::decimal;
use super::trace::{core, groups, html_path};
use crate::server::data::filter;
use crate::server::data::simple::{self, Simple};
use crate::server::data::sql::{List, Where, marks, texts};
use crate::server::data::value::{millis_between, number};
use crate::server::http::Call;
use crate::server::http::issue;
use crate::server::http::query::{Page, Params};
use crate::server::http::reply::{Answer, Problem, Reply};

const COLUMNS: &str = "id, timestamp, name, user_id, session_id, release, version, environment, tags, \
    is_public, is_bookmarked, created_at, updated_at";

/// What may be sorted by, and whether it may be null, which comes last either way.
const ORDERS: [(&str, &str, bool); 9] = [
    ("id", "id", false),
    ("timestamp", "timestamp", false),
    ("name", "name", true),
    ("userId", "user_id", true),
    ("release", "release", true),
    ("version", "version", true),
    ("public", "is_public", false),
    ("bookmarked", "is_bookmarked", false),
    ("sessionId", "session_id", true),
];

const NEWEST: List<'_> = List::of("traces", "timestamp DESC, id DESC");
const BY_TAG: &str = "trace_tags AS g CROSS JOIN traces ON traces.id = g.trace_id";
/// The same along the traces of a tag.
const TAGGED: List<'_> = List {
    table: "traces",
    from: "traces",
    found: BY_TAG,
    ordered: BY_TAG,
    order: "g.timestamp DESC, g.trace_id DESC",
};

/// A page of traces.
pub fn list(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let page = params.page();
    let simple = given(&mut params);
    let mut tags = params.texts("tags");
    tags.sort_unstable();
    tags.dedup();
    let order = OrderBy::read(&mut params);
    let groups = groups(&mut params);
    let filters = filter::read(&mut params, false)?;
    params.finish()?;
    let order = order.map(|order| order.sql()).transpose()?;
    let mut conditions = Where::default();
    let named = filter::add(&mut conditions, &filters, &TRACES)?;
    simple::add(&mut conditions, simple, &named);
    if named.contains(&"tags") {
        tags.clear();
    }
    let (traces, total) = find(db, conditions, &tags, order.as_deref(), &groups, page)?;
    let has = |group: &str| groups.contains(&group);
    let details = Details::of(db, &traces, has("observations") || has("metrics"), has("scores"))?;
    let shown = |t: &Trace| row(t, &call.place.project.id, &groups, details.get(&t.id));
    let data: Vec<Value> = traces.iter().map(shown).collect();
    Ok(Reply::ok(json!({"data": data, "meta": page.meta(total)})))
}

/// The parameters that each ask for one column, in the order in which they are checked.
fn given(params: &mut Params<'_>) -> Vec<Simple> {
    let mut found = Vec::new();
    found.extend(params.single("userId").map(|text| Simple::is("user_id", text)));
    found.extend(params.single("name").map(|text| Simple::is("name", text)));
    found.extend(Simple::environments(params));
    found.extend(params.single("sessionId").map(|text| Simple::is("session_id", text)));
    found.extend(params.single("version").map(|text| Simple::is("version", text)));
    found.extend(params.single("release").map(|text| Simple::is("release", text)));
    found.extend(Simple::range(params, "timestamp", "fromTimestamp", "toTimestamp"));
    found
}

/// The traces of a page that have all of the tags, and how many there are.
fn find(
    db: &Connection,
    mut conditions: Where,
    tags: &[&str],
    order: Option<&str>,
    groups: &[&str],
    page: Page,
) -> rusqlite::Result<(Vec<Trace>, i64)> {
    let is_only_tags = conditions.is_empty();
    // Unless few traces have what else is asked for, or they are in another order than those of a tag.
    let is_by_tag = !tags.is_empty() && order.is_none() && !conditions.is_narrow();
    with_tags(&mut conditions, tags, is_by_tag);
    let list = if is_by_tag { TAGGED } else { List { order: order.unwrap_or(NEWEST.order), ..NEWEST } };
    let io = if groups.contains(&"io") {
        "input, output, metadata"
    } else {
        "NULL AS input, NULL AS output, '{}' AS metadata"
    };
    let columns = format!("{COLUMNS}, {io}");
    let rows = conditions.page(db, &columns, &list, &page.window(), Trace::read)?;
    if is_by_tag && is_only_tags {
        return Ok((rows, conditions.count(db, "trace_tags AS g")?));
    }
    Ok((rows, conditions.total(db, &list, ("trace_counts", &["environment"]))?))
}

/// All of the tags, of which the first may be that of `g`.
fn with_tags(conditions: &mut Where, tags: &[&str], is_by_tag: bool) {
    let trace = if is_by_tag { "g.timestamp, g.trace_id" } else { "traces.timestamp, traces.id" };
    for (at, tag) in tags.iter().enumerate() {
        let sql = if is_by_tag && at == 0 {
            "g.tag = ?".to_owned()
        } else {
            format!(
                "EXISTS (SELECT 1 FROM trace_tags AS x WHERE x.tag = ? AND (x.timestamp, x.trace_id) = ({trace}))"
            )
        };
        conditions.and(sql, texts(&[tag]));
    }
}

/// The order asked for: `column.direction`.
struct OrderBy<'a> {
    column: &'a str,
    is_ascending: bool,
}

impl<'a> OrderBy<'a> {
    fn read(params: &mut Params<'a>) -> Option<Self> {
        let text = params.single("orderBy").filter(|t| !t.is_empty())?;
        let mut parts = text.split('.');
        let column = parts.next().unwrap_or_default();
        let direction = parts.next().unwrap_or_default().to_uppercase();
        if !["ASC", "DESC"].contains(&direction.as_str()) {
            params.note(issue::invalid_value(&["ASC", "DESC"], &["orderBy", "order"]));
        }
        Some(Self { column, is_ascending: direction == "ASC" })
    }

    fn sql(&self) -> Result<String, Problem> {
        let unknown = || Problem::Refused(format!("Invalid order by column: {}", self.column));
        let known = ORDERS.iter().find(|(name, ..)| *name == self.column);
        let (_, column, is_nullable) = known.ok_or_else(unknown)?;
        let direction = if self.is_ascending { "ASC" } else { "DESC" };
        let nulls = if *is_nullable { " NULLS LAST" } else { "" };
        Ok(format!("{column} {direction}{nulls}, id {direction}"))
    }
}

/// What observations and scores add to a trace. Ids come in the order of the real store's tables
/// before they are listed as it lists them.
#[derive(Debug, Default)]
struct Details {
    observations: Vec<String>,
    scores: Vec<String>,
    cost: f64,
    first: Option<String>,
    last: Option<String>,
}

impl Details {
    fn of(
        db: &Connection,
        traces: &[Trace],
        with_observations: bool,
        with_scores: bool,
    ) -> rusqlite::Result<HashMap<String, Self>> {
        let mut found: HashMap<String, Self> = HashMap::new();
        let mut here = Where::default();
        let ids: Vec<&str> = traces.iter().map(|t| t.id.as_str()).collect();
        here.and(format!("trace_id IN ({})", marks(ids.len())), texts(&ids));
        if with_observations {
            let columns = "trace_id, id, start_time, end_time, total_cost";
            let rest = "AND is_synthetic = 0 ORDER BY trace_id, type, substr(start_time, 1, 10), id";
            here.rows(db, columns, "observations", rest, |r| Self::observation(&mut found, r))?;
        }
        if with_scores {
            // The plus keeps SQLite to the index of traces.
            let rest = "AND +data_type IN ('NUMERIC', 'BOOLEAN', 'CATEGORICAL')
                ORDER BY trace_id, substr(timestamp, 1, 10), name, id";
            here.rows(db, "trace_id, id", "scores", rest, |r| {
                found.entry(r.get(0)?).or_default().scores.push(r.get(1)?);
                Ok(())
            })?;
        }
        for details in found.values_mut() {
            details.observations = distinct::listed(mem::take(&mut details.observations));
            details.scores = distinct::listed(mem::take(&mut details.scores));
        }
        Ok(found)
    }

    fn observation(found: &mut HashMap<String, Self>, r: &Row<'_>) -> rusqlite::Result<()> {
        let details = found.entry(r.get(0)?).or_default();
        let (start, end): (String, Option<String>) = (r.get(2)?, r.get(3)?);
        details.observations.push(r.get(1)?);
        details.cost += r.get::<_, f64>(4)?;
        for time in [Some(start), end].into_iter().flatten() {
            if details.first.as_ref().is_none_or(|first| time < *first) {
                details.first = Some(time.clone());
            }
            if details.last.as_ref().is_none_or(|last| time > *last) {
                details.last = Some(time);
            }
        }
        Ok(())
    }

    fn latency(&self) -> f64 {
        let span = self.first.as_ref().zip(self.last.as_ref());
        span.map_or(0.0, |(first, last)| millis_between(first, last) / 1000.0)
    }
}

fn row(trace: &Trace, project: &str, groups: &[&str], details: Option<&Details>) -> Value {
    let none = Details::default();
    let details = details.unwrap_or(&none);
    let has = |group: &str| groups.contains(&group);
    let ids = |group: &str, ids: &[String]| if has(group) { json!(ids) } else { json!([]) };
    let metric = |n: f64| if has("metrics") { number(n) } else { json!(-1) };
    let mut out: Map<String, Value> = core(trace, project, has("io"));
    out.insert("observations".to_owned(), ids("observations", &details.observations));
    out.insert("scores".to_owned(), ids("scores", &details.scores));
    out.insert("totalCost".to_owned(), metric(decimal(details.cost)));
    out.insert("latency".to_owned(), metric(details.latency()));
    out.insert("htmlPath".to_owned(), json!(html_path(project, &trace.id)));
    out.insert("externalId".to_owned(), Value::Null);
    Value::Object(out)
}
