//! How applications send traces and scores in: batches of events, and OpenTelemetry.

pub mod models;

use super::http::routes::Route;

/// None yet.
pub const ROUTES: &[Route] = &[];
