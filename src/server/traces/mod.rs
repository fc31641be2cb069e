//! What applications recorded: observations, and the traces and sessions they belong to.
//!
//! An observation is stored once, as the new data model shows it (`events`); the old one is read
//! from the same rows (`observations`) and from the table of traces.

mod events;
mod filter;
pub mod row;

use super::http::routes::{Class, Endpoint, Route};
use super::ingest;

/// `/v2/observations`, `/traces`
pub const ROUTES: &[Route] = &[
    Route::new("/api/public/v2/observations", &[Endpoint::new("GET", Class::Public, events::list)]),
    Route::new(
        "/api/public/traces",
        &[
            Endpoint::new("DELETE", Class::TraceDelete, events::delete_traces),
            Endpoint::new("POST", Class::LegacyIngestion, ingest::create_trace).legacy(),
        ],
    ),
    Route::new(
        "/api/public/traces/{traceId}",
        &[Endpoint::new("DELETE", Class::TraceDelete, events::delete_trace)],
    ),
];
