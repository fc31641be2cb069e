//! The `query` parameter: read against the schema, then against what the view has.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::server::data::filter::{self, Condition, Form};
use crate::server::data::sql::Where;
use crate::server::data::value::iso;
use crate::server::http::Call;
use crate::server::http::fields::{Fields, part};
use crate::server::http::issue;
use crate::server::http::reply::Problem;

use super::condition::{self, Holds};
use super::time::Granularity;
use super::views::{self, Dimension, Measure, Relation, View};

const AGGREGATIONS: [&str; 12] =
    ["sum", "avg", "count", "max", "min", "p50", "p75", "p90", "p95", "p99", "histogram", "uniq"];
const GRANULARITIES: [&str; 6] = ["auto", "minute", "hour", "day", "week", "month"];

/// Which of the two endpoints was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V1,
    V2,
}

/// A measure and what becomes of its values.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    pub measure: &'static Measure,
    pub aggregation: &'static str,
}

impl Metric {
    /// Its key in the answer.
    pub fn key(self) -> String {
        format!("{}_{}", self.aggregation, self.measure.name)
    }
}

/// A query that can be run.
#[derive(Debug)]
pub struct Asked {
    pub view: &'static View,
    pub dimensions: Vec<&'static Dimension>,
    pub metrics: Vec<Metric>,
    pub filter: Where,
    pub relations: BTreeSet<&'static str>,
    pub granularity: Option<Granularity>,
    pub from: Timestamp,
    pub to: Timestamp,
    /// Key and whether descending; empty for the usual order.
    pub order: Vec<(String, bool)>,
    pub bins: usize,
    pub limit: Option<usize>,
}

/// The query as sent, its names not yet looked up.
#[derive(Default)]
struct Draft<'a> {
    view: &'static str,
    dimensions: Vec<&'a str>,
    metrics: Vec<(&'a str, &'static str)>,
    conditions: Vec<Condition>,
    granularity: Option<&'static str>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    order: Vec<(&'a str, bool)>,
    bins: Option<u32>,
    limit: Option<u32>,
}

impl Asked {
    /// Reads the parameter, or says what is wrong with it.
    pub fn read(call: &Call, version: Version) -> Result<Self, Problem> {
        let Some(raw) = call.query.raw("query") else {
            return Err(Problem::QueryIssues(vec![issue::invalid_type("string", None, &["query"])]));
        };
        let parsed: Value = serde_json::from_str(raw)
            .map_err(|_| Problem::Refused("Invalid JSON in query parameter".into()))?;
        let draft = draft(&parsed, version).map_err(in_query)?;
        draft.look_up(version)
    }

    /// Refuses to group by what has a value of its own in almost every row, unless only the top of
    /// the list is asked for.
    pub fn refuse_unbounded(&self) -> Result<(), Problem> {
        let wide: Vec<&str> = self.dimensions.iter().filter(|d| d.is_unbounded).map(|d| d.name).collect();
        if wide.is_empty() {
            return Ok(());
        }
        let wide = wide.join(", ");
        if self.granularity.is_some() {
            return Err(Problem::Refused(format!(
                "High cardinality dimension(s) '{wide}' cannot be used with timeDimension. Time series queries \
                 with high cardinality dimensions produce unbounded result sets."
            )));
        }
        let descending: Vec<&str> = self.order.iter().filter(|o| o.1).map(|o| o.0.as_str()).collect();
        if self.limit.is_none() || descending.is_empty() {
            return Err(Problem::Refused(format!(
                "High cardinality dimension(s) '{wide}' require both 'config.row_limit' and 'orderBy' with \
                 direction 'desc' on a measure field."
            )));
        }
        let is_measured = |field: &str| {
            let measures = self.metrics.iter().map(|m| m.measure.name);
            measures.into_iter().any(|name| {
                field.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
            })
        };
        let others: Vec<&str> = descending.into_iter().filter(|field| !is_measured(field)).collect();
        if others.is_empty() {
            return Ok(());
        }
        let are = if others.len() == 1 { "is" } else { "are" };
        Err(Problem::Refused(format!(
            "High cardinality dimension(s) '{wide}' require 'orderBy' with direction 'desc' on a measure field. \
             '{}' {are} not a measure in this query.",
            others.join(", ")
        )))
    }
}

/// Issues of the object behind the parameter.
fn in_query(problem: Problem) -> Problem {
    match problem {
        Problem::Issues(issues) => {
            Problem::QueryIssues(issues.into_iter().map(|i| issue::below(&json!("query"), i)).collect())
        }
        other => other,
    }
}

fn draft(parsed: &Value, version: Version) -> Result<Draft<'_>, Problem> {
    let mut fields = Fields::of(parsed)?;
    let view = fields.choice("view", views::names(version));
    let given = |fields: &Fields<'_>, key: &str| fields.get(key).is_some();
    let dimensions =
        if given(&fields, "dimensions") { fields.entries("dimensions", field) } else { Vec::new() };
    let metrics = fields.entries("metrics", metric);
    let conditions = if given(&fields, "filters") {
        fields.entries("filters", |entry| filter::condition(entry, false))
    } else {
        Vec::new()
    };
    let is_set = |fields: &Fields<'_>, key: &str| fields.get(key).is_some_and(|v| !v.is_null());
    let granularity = is_set(&fields, "timeDimension")
        .then(|| fields.object("timeDimension", |f| f.choice("granularity", &GRANULARITIES)))
        .flatten();
    let [from, to] = ["fromTimestamp", "toTimestamp"].map(|key| fields.time(key));
    let order = if is_set(&fields, "orderBy") { fields.entries("orderBy", order) } else { Vec::new() };
    let config = given(&fields, "config")
        .then(|| fields.object("config", |f| (count(f, "bins", 1, 100), count(f, "row_limit", 0, 1000))))
        .flatten();
    if fields.is_clean() && from >= to {
        fields.note(issue::custom("fromTimestamp must be before toTimestamp", &[]));
    }
    fields.finish()?;
    let (bins, limit) = config.unwrap_or_default();
    Ok(Draft { view, dimensions, metrics, conditions, granularity, from, to, order, bins, limit })
}

fn field(entry: &Value) -> Result<&str, Vec<Value>> {
    part(entry, |fields| fields.text("field"))
}

fn metric(entry: &Value) -> Result<(&str, &'static str), Vec<Value>> {
    part(entry, |fields| (fields.text("measure"), fields.choice("aggregation", &AGGREGATIONS)))
}

fn order(entry: &Value) -> Result<(&str, bool), Vec<Value>> {
    part(entry, |fields| (fields.text("field"), fields.choice("direction", &["asc", "desc"]) == "desc"))
}

/// A whole number from `least`, above it if that is zero, to `most`.
fn count(fields: &mut Fields<'_>, key: &str, least: u32, most: u32) -> Option<u32> {
    let before = fields.count();
    let n = fields.optional_number(key)?;
    if fields.count() > before {
        return None;
    }
    if n.fract() != 0.0 {
        fields.note(issue::not_whole(key));
    } else if n > f64::from(most) {
        fields.note(issue::too_big(most, key));
    } else if n < 1.0 {
        let mut small = issue::too_small(least > 0, key);
        if least > 0 {
            small["minimum"] = json!(least);
            small["message"] = json!(format!("Too small: expected number to be >={least}"));
        }
        fields.note(small);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    Some(n as u32)
}

impl Draft<'_> {
    fn look_up(self, version: Version) -> Result<Asked, Problem> {
        let view = views::find(self.view, version);
        let dimensions: Vec<&'static Dimension> =
            self.dimensions.iter().map(|name| dimension(view, name)).collect::<Result<_, _>>()?;
        let metrics: Vec<Metric> =
            self.metrics.iter().map(|given| resolve(view, *given)).collect::<Result<_, _>>()?;
        let (from, to) = (self.from.unwrap_or_default(), self.to.unwrap_or_default());
        let mut relations: BTreeSet<&'static str> =
            dimensions.iter().filter_map(|d| join(d.relation)).collect();
        let mut filter = Where::default();
        filter.and(view.only, []);
        filter.and(format!("{} >= ?", view.time_sql), [iso(from).into()]);
        filter.and(format!("{} <= ?", view.time_sql), [iso(to).into()]);
        for condition in &self.conditions {
            relations.extend(restrict(&mut filter, view, condition)?);
        }
        let granularity = self.granularity.map(|name| Granularity::named(name, from, to));
        let order = ordered(&self.order, &dimensions, &metrics, granularity.is_some())?;
        Ok(Asked {
            view,
            dimensions,
            metrics,
            filter,
            relations,
            granularity,
            from,
            to,
            order,
            bins: self.bins.unwrap_or(10) as usize,
            limit: self.limit.map(|n| n as usize),
        })
    }
}

fn names(view: &View) -> String {
    view.dimensions().map(|d| d.name).collect::<Vec<_>>().join(",")
}

fn dimension(view: &'static View, name: &str) -> Result<&'static Dimension, Problem> {
    view.dimension(name)
        .ok_or_else(|| Problem::Refused(format!("Invalid dimension {name}. Must be one of {}", names(view))))
}

fn resolve(view: &'static View, (name, aggregation): (&str, &'static str)) -> Result<Metric, Problem> {
    let Some(measure) = view.measures.iter().find(|m| m.name == name) else {
        let known = view.measures.iter().map(|m| m.name).collect::<Vec<_>>().join(",");
        return Err(Problem::Refused(format!("Invalid metric {name}. Must be one of {known}")));
    };
    if measure.is_text && !matches!(aggregation, "count" | "uniq") {
        return Err(Problem::Refused(format!(
            "Aggregation \"{aggregation}\" is not valid for measure \"{name}\" (type: string). Valid \
             aggregations: count, uniq"
        )));
    }
    Ok(Metric { measure, aggregation })
}

/// The join a dimension needs.
fn join(relation: Relation) -> Option<&'static str> {
    match relation {
        Relation::Own => None,
        Relation::Trace => Some("JOIN traces AS t ON t.id = s.trace_id"),
        Relation::Observation => {
            Some("JOIN observations AS o ON o.trace_id = s.trace_id AND o.id = s.observation_id")
        }
    }
}

/// Adds a condition, and returns the join it needs.
fn restrict(
    filter: &mut Where,
    view: &'static View,
    condition: &Condition,
) -> Result<Option<&'static str>, Problem> {
    let name = condition.column();
    let fallback = || name.ends_with("Name").then(|| view.dimension("name")).flatten();
    let found = view.dimension(name).or_else(fallback);
    let (sql, holds) = match found {
        Some(dimension) => (dimension.sql, dimension.holds),
        None if name == view.time => (view.time_sql, Holds::One),
        None if name == "metadata" => (view.metadata_sql, Holds::Object),
        None => {
            let known = format!("{} or {}", names(view), view.time);
            return Err(Problem::Refused(format!("Invalid filter column {name}. Must be one of {known}")));
        }
    };
    refuse_wrong_type(condition, holds)?;
    let (clause, args) = condition::clause(condition, sql, holds)?;
    filter.and(clause, args);
    Ok(found.and_then(|dimension| join(dimension.relation)))
}

fn refuse_wrong_type(condition: &Condition, holds: Holds) -> Result<(), Problem> {
    let (column, form) = (condition.column(), condition.form());
    match holds {
        Holds::List if form == Form::Text => Err(Problem::Refused(format!(
            "Invalid filter for field '{column}': Array fields require type 'arrayOptions', not 'string'. Use \
             operators like 'any of', 'all of', or 'none of' with an array of values."
        ))),
        Holds::Object if form != Form::TextMember => Err(Problem::Refused(format!(
            "Invalid filter for field 'metadata': Metadata filters require type 'stringObject' with a 'key' \
             property, not '{}'. Example: {{\"column\": \"metadata\", \"type\": \"stringObject\", \"key\": \
             \"environment\", \"operator\": \"=\", \"value\": \"production\"}}",
            form.name()
        ))),
        _ => Ok(()),
    }
}

/// The order asked for, whose fields must be in the answer.
fn ordered(
    given: &[(&str, bool)],
    dimensions: &[&'static Dimension],
    metrics: &[Metric],
    has_time: bool,
) -> Result<Vec<(String, bool)>, Problem> {
    let known = |field: &str| {
        has_time && field == "time_dimension"
            || dimensions.iter().any(|d| d.name == field)
            || metrics.iter().any(|m| m.key() == field)
    };
    let check = |(field, descending): &(&str, bool)| {
        if known(field) {
            return Ok(((*field).to_owned(), *descending));
        }
        Err(Problem::Refused(format!(
            "Invalid orderBy field: {field}. Must be one of the dimension or metric fields."
        )))
    };
    given.iter().map(check).collect()
}
