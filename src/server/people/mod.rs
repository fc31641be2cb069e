//! The project, its organization, its people and its exports.

mod export;
pub mod members;
mod project;
mod scim;

use super::http::auth::Gate;
use super::http::reply::Envelope;
use super::http::routes::{Class, Endpoint, Handler, Route};

/// An endpoint for holders of the organization's key.
const fn organization(method: &'static str, class: Class, run: Handler) -> Endpoint {
    Endpoint::new(method, class, run).gate(Gate::Organization)
}

/// `/health`, `/ready`, `/projects`, `/organizations`, `/scim`, `/integrations`
pub const ROUTES: &[Route] = &[
    Route::new("/api/public/health", &[Endpoint::new("GET", Class::Free, project::health).gate(Gate::Open)]),
    Route::new("/api/public/ready", &[Endpoint::new("GET", Class::Free, project::ready).gate(Gate::Open)]),
    Route::new(
        "/api/public/projects",
        &[Endpoint::new("GET", Class::Free, project::list).gate(Gate::Projects)],
    ),
    Route::new(
        "/api/public/projects/{projectId}/memberships",
        &[
            organization("GET", Class::Free, members::project_list),
            organization("PUT", Class::Free, members::project_put),
            organization("DELETE", Class::Free, members::project_delete),
        ],
    )
    .envelope(Envelope::Organization),
    Route::new(
        "/api/public/organizations/memberships",
        &[
            organization("GET", Class::Public, members::list),
            organization("PUT", Class::Public, members::put),
            organization("DELETE", Class::Public, members::delete),
        ],
    )
    .envelope(Envelope::Organization),
    Route::new(
        "/api/public/organizations/projects",
        &[organization("GET", Class::Public, project::of_organization)],
    )
    .envelope(Envelope::Organization),
    Route::new("/api/public/organizations/apiKeys", &[organization("GET", Class::Public, project::keys)])
        .envelope(Envelope::Organization),
    Route::new(
        "/api/public/scim/Users",
        &[organization("GET", Class::Free, scim::users), organization("POST", Class::Free, scim::create)],
    )
    .envelope(Envelope::Scim),
    Route::new("/api/public/scim/Users/{id}", &[organization("GET", Class::Free, scim::get)])
        .envelope(Envelope::Scim),
    Route::new("/api/public/scim/ServiceProviderConfig", &[organization("GET", Class::Free, scim::provider)])
        .envelope(Envelope::Scim),
    Route::new("/api/public/scim/ResourceTypes", &[organization("GET", Class::Free, scim::types)])
        .envelope(Envelope::Scim),
    Route::new("/api/public/scim/Schemas", &[organization("GET", Class::Free, scim::schemas)])
        .envelope(Envelope::Scim),
    Route::new(
        "/api/public/integrations/blob-storage",
        &[organization("GET", Class::Free, export::list), organization("PUT", Class::Free, export::put)],
    )
    .envelope(Envelope::Named),
    Route::new(
        "/api/public/integrations/blob-storage/{id}",
        &[
            organization("GET", Class::Free, export::status),
            organization("DELETE", Class::Free, export::delete),
        ],
    )
    .envelope(Envelope::Named),
];
