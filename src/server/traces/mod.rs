//! What applications recorded: observations, and the traces and sessions they belong to.
//!
//! An observation is stored once, as the new data model shows it (`events`, `shape`); the old one is
//! read from the same rows (`observations`), and from the tables of traces and sessions.

pub mod columns;
mod delete;
mod distinct;
mod events;
pub mod flat;
mod observations;
pub mod row;
mod sessions;
mod shape;
mod trace;
mod trace_list;

use super::http::routes::{Class, Endpoint, Route};
use super::ingest;

/// `/v2/observations`, `/observations`, `/traces`, `/sessions`
pub const ROUTES: &[Route] = &[
    Route::new("/api/public/v2/observations", &[Endpoint::new("GET", Class::Public, events::list)]),
    Route::new(
        "/api/public/observations",
        &[Endpoint::new("GET", Class::Legacy, observations::list).legacy()],
    ),
    Route::new(
        "/api/public/observations/{observationId}",
        &[Endpoint::new("GET", Class::Legacy, observations::get).legacy()],
    ),
    Route::new(
        "/api/public/traces",
        &[
            Endpoint::new("GET", Class::Legacy, trace_list::list).legacy(),
            Endpoint::new("DELETE", Class::TraceDelete, delete::many),
            Endpoint::new("POST", Class::LegacyIngestion, ingest::create_trace).legacy(),
        ],
    ),
    Route::new(
        "/api/public/traces/{traceId}",
        &[
            Endpoint::new("GET", Class::Legacy, trace::get).legacy(),
            Endpoint::new("DELETE", Class::TraceDelete, delete::one),
        ],
    ),
    Route::new("/api/public/sessions", &[Endpoint::new("GET", Class::Legacy, sessions::list).legacy()]),
    Route::new(
        "/api/public/sessions/{sessionId}",
        &[Endpoint::new("GET", Class::Legacy, sessions::get).legacy()],
    ),
];
