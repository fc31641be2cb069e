//! Counts, sums and the like over scores, observations and traces.
//!
//! A query names a view, measures, dimensions and filters; all names are looked up in the tables of
//! `views`, and only what stands there becomes SQL.

mod condition;
mod daily;
mod query;
mod run;
mod sums;
mod time;
mod views;

use rusqlite::Connection;
use serde_json::json;

use super::http::Call;
use super::http::reply::{Answer, Reply};
use super::http::routes::{Class, Endpoint, Route};
use query::{Asked, Version};

/// `/v2/metrics`, `/metrics`, `/metrics/daily`
pub const ROUTES: &[Route] = &[
    Route::new("/api/public/v2/metrics", &[Endpoint::new("GET", Class::Metrics, new)]),
    Route::new("/api/public/metrics", &[Endpoint::new("GET", Class::LegacyMetrics, old).legacy()]),
    Route::new(
        "/api/public/metrics/daily",
        &[Endpoint::new("GET", Class::DailyMetrics, daily::list).legacy()],
    ),
];

/// `GET /v2/metrics`
fn new(db: &Connection, call: &Call) -> Answer {
    let mut asked = Asked::read(call, Version::V2)?;
    call.needs_events("metrics v2")?;
    asked.refuse_unbounded()?;
    asked.limit.get_or_insert(100);
    Ok(Reply::ok(json!({"data": run::rows(db, &asked)?})))
}

/// `GET /metrics`
fn old(db: &Connection, call: &Call) -> Answer {
    let asked = Asked::read(call, Version::V1)?;
    Ok(Reply::ok(json!({"data": run::rows(db, &asked)?})))
}
