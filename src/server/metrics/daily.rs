//! `GET /metrics/daily`: traces, observations, cost and tokens by day and model.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, ToSql};
use serde_json::{Value, json};

use crate::server::data::sql::{Where, texts};
use crate::server::data::value::{iso, number};
use crate::server::http::Call;
use crate::server::http::query::{Params, Query};
use crate::server::http::reply::{Answer, Reply};

/// What happened on one day.
#[derive(Debug, Default)]
struct Day {
    traces: i64,
    observations: i64,
    cost: f64,
    usage: Vec<Value>,
}

/// The days, newest first, by pages.
pub fn list(db: &Connection, call: &Call) -> Answer {
    let mut params = Params::of(&call.query);
    let (page, limit) = (params.positive("page", 1, u32::MAX), params.positive("limit", 50, 100));
    let filter = filters(&call.query, &mut params);
    params.finish()?;
    let (clause, args) = filter.parts();
    let mut days = BTreeMap::new();
    traces(db, &clause, &args, &mut days)?;
    let total = days.len();
    usage(db, &clause, &args, &mut days)?;
    let skip = (u64::from(page) - 1).saturating_mul(limit.into());
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let data: Vec<Value> = days.into_iter().rev().skip(skip).take(limit as usize).map(shown).collect();
    let pages = total.div_ceil(limit as usize);
    let meta = json!({"page": page, "limit": limit, "totalItems": total, "totalPages": pages});
    Ok(Reply::ok(json!({"data": data, "meta": meta})))
}

fn filters(query: &Query, params: &mut Params<'_>) -> Where {
    let mut filter = Where::default();
    for (key, column) in [("traceName", "t.name"), ("userId", "t.user_id")] {
        if let Some(text) = query.get(key) {
            filter.is(column, text);
        }
    }
    for tag in query.list("tags") {
        filter.and("EXISTS (SELECT 1 FROM json_each(t.tags) WHERE value = ?)", [tag.to_owned().into()]);
    }
    filter.one_of("t.environment", texts(&query.list("environment")));
    for (key, sign) in [("fromTimestamp", ">="), ("toTimestamp", "<")] {
        if let Some(at) = params.time(key) {
            filter.and(format!("t.timestamp {sign} ?"), [iso(at).into()]);
        }
    }
    filter
}

fn traces(
    db: &Connection,
    clause: &str,
    args: &[&dyn ToSql],
    days: &mut BTreeMap<String, Day>,
) -> rusqlite::Result<()> {
    let sql =
        format!("SELECT substr(t.timestamp, 1, 10) AS day, count(*) FROM traces AS t {clause} GROUP BY day");
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query(args)?;
    while let Some(row) = rows.next()? {
        days.entry(row.get(0)?).or_default().traces = row.get(1)?;
    }
    Ok(())
}

fn usage(
    db: &Connection,
    clause: &str,
    args: &[&dyn ToSql],
    days: &mut BTreeMap<String, Day>,
) -> rusqlite::Result<()> {
    let sql = format!(
        "SELECT substr(o.start_time, 1, 10) AS day, nullif(o.model, '') AS model, count(*) AS observations,
            count(DISTINCT t.id) AS traces, total(json_extract(o.usage_details, '$.input')) AS input,
            total(json_extract(o.usage_details, '$.output')) AS output,
            total(json_extract(o.usage_details, '$.total')) AS tokens, total(o.total_cost) AS cost
        FROM traces AS t JOIN observations AS o ON o.trace_id = t.id AND o.is_synthetic = 0 {clause}
        GROUP BY day, o.model ORDER BY day, o.model"
    );
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query(args)?;
    while let Some(row) = rows.next()? {
        let day = days.entry(row.get("day")?).or_default();
        day.observations += row.get::<_, i64>("observations")?;
        day.cost += row.get::<_, f64>("cost")?;
        day.usage.push(model(row)?);
    }
    Ok(())
}

fn model(row: &Row<'_>) -> rusqlite::Result<Value> {
    let sum = |column: &str| Ok::<_, rusqlite::Error>(number(row.get::<_, f64>(column)?));
    Ok(json!({
        "model": row.get::<_, Option<String>>("model")?, "inputUsage": sum("input")?,
        "outputUsage": sum("output")?, "totalUsage": sum("tokens")?, "totalCost": sum("cost")?,
        "countObservations": row.get::<_, i64>("observations")?, "countTraces": row.get::<_, i64>("traces")?,
    }))
}

fn shown((date, day): (String, Day)) -> Value {
    json!({
        "date": date, "countTraces": day.traces, "countObservations": day.observations,
        "totalCost": number(day.cost), "usage": day.usage,
    })
}
