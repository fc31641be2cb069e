//! Evaluators and evaluation rules: stored, validated, read back.

use super::http::routes::Route;

/// None yet.
pub const ROUTES: &[Route] = &[];
