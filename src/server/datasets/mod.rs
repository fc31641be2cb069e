//! Datasets, their items and versions, runs, and experiments.

use super::http::routes::Route;

/// None yet.
pub const ROUTES: &[Route] = &[];
