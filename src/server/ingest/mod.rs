//! How applications send traces and scores in: batches of events, and OpenTelemetry.

use super::http::routes::Route;

/// None yet.
pub const ROUTES: &[Route] = &[];
