//! How applications send traces and scores in: batches of events (`batch`), and OpenTelemetry (`otel`).
//!
//! Both end in the rows of `traces::row`; `models` knows what tokens cost.

mod batch;
pub mod models;
mod otel;
mod spans;

use super::http::auth::Gate;
use super::http::reply::Envelope;
use super::http::routes::{Class, Endpoint, Payload, Route};

pub use self::batch::create_trace;
pub use self::otel::{Part as ExperimentPart, gather, observations};

/// `/ingestion`, `/otel`, `/events`, `/spans`, `/generations`
pub const ROUTES: &[Route] = &[
    Route::new(
        "/api/public/ingestion",
        &[Endpoint::new("POST", Class::Ingestion, batch::ingest)
            .gate(Gate::KeyOrPublic)
            .payload(Payload::LargeJson)],
    )
    .envelope(Envelope::Ingestion),
    Route::new(
        "/api/public/otel/v1/traces",
        &[Endpoint::new("POST", Class::Ingestion, otel::take).payload(Payload::File)],
    ),
    Route::new(
        "/api/public/events",
        &[Endpoint::new("POST", Class::LegacyIngestion, batch::create_event).legacy()],
    ),
    Route::new(
        "/api/public/spans",
        &[Endpoint::new("POST", Class::LegacyIngestion, batch::create_span).legacy()],
    ),
    Route::new(
        "/api/public/generations",
        &[Endpoint::new("POST", Class::LegacyIngestion, batch::create_generation).legacy()],
    ),
];
