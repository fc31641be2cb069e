//! The project, its organization and its people.

mod project;

use super::http::auth::Gate;
use super::http::routes::{Class, Endpoint, Route};

/// `/health`, `/ready`, `/projects`
pub const ROUTES: &[Route] = &[
    Route::new("/api/public/health", &[Endpoint::new("GET", Class::Free, project::health).gate(Gate::Open)]),
    Route::new("/api/public/ready", &[Endpoint::new("GET", Class::Free, project::ready).gate(Gate::Open)]),
    Route::new(
        "/api/public/projects",
        &[Endpoint::new("GET", Class::Free, project::list).gate(Gate::Projects)],
    ),
];
