//! Counts and sums over scores and observations.

use super::http::routes::Route;

/// None yet.
pub const ROUTES: &[Route] = &[];
