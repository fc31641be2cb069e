//! The project, its organization, its people and its exports.
//!
//! `project` says what there is and whether the server is well, `members` who may do what, `scim` the
//! same in the protocol of identity providers; `export` keeps what a blob storage is to be sent.

mod export;
pub mod members;
mod project;
mod scim;

use super::http::auth::Gate;
use super::http::reply::Envelope;
use super::http::routes::{Class, Endpoint, Handler, Route};

/// An endpoint about people, for holders of the organization's key.
const fn people(method: &'static str, class: Class, run: Handler) -> Endpoint {
    Endpoint::new(method, class, run).gate(Gate::People)
}

/// An endpoint about exports, likewise.
const fn export(method: &'static str, run: Handler) -> Endpoint {
    Endpoint::new(method, Class::Free, run).gate(Gate::Organization)
}

/// `/health`, `/ready`, `/projects`, `/organizations`, `/scim`, `/integrations`
pub const ROUTES: &[Route] = &[
    Route::new("/api/public/health", &[Endpoint::new("GET", Class::Free, project::health).gate(Gate::Probe)]),
    Route::new("/api/public/ready", &[Endpoint::new("GET", Class::Free, project::ready).gate(Gate::Probe)]),
    Route::new(
        "/api/public/projects",
        &[Endpoint::new("GET", Class::Free, project::list).gate(Gate::Projects)],
    )
    .envelope(Envelope::Bare),
    Route::new(
        "/api/public/projects/{projectId}/memberships",
        &[
            people("GET", Class::Free, members::project_list),
            people("PUT", Class::Free, members::project_put),
            people("DELETE", Class::Free, members::project_delete),
        ],
    )
    .envelope(Envelope::Organization),
    Route::new(
        "/api/public/projects/{projectId}/apiKeys",
        &[people("GET", Class::Free, project::keys_of_project)],
    )
    .envelope(Envelope::Keys),
    Route::new(
        "/api/public/organizations/memberships",
        &[
            people("GET", Class::Public, members::list),
            people("PUT", Class::Public, members::put),
            people("DELETE", Class::Public, members::delete),
        ],
    )
    .envelope(Envelope::Organization),
    Route::new(
        "/api/public/organizations/projects",
        &[people("GET", Class::Public, project::of_organization)],
    )
    .envelope(Envelope::Organization),
    Route::new("/api/public/organizations/apiKeys", &[people("GET", Class::Public, project::keys)])
        .envelope(Envelope::Organization),
    Route::new(
        "/api/public/scim/Users",
        &[people("GET", Class::Free, scim::users), people("POST", Class::Free, scim::create)],
    )
    .envelope(Envelope::Scim),
    Route::new("/api/public/scim/Users/{id}", &[people("GET", Class::Free, scim::get)])
        .envelope(Envelope::Scim),
    Route::new("/api/public/scim/ServiceProviderConfig", &[people("GET", Class::Free, scim::provider)])
        .envelope(Envelope::Scim),
    Route::new("/api/public/scim/ResourceTypes", &[people("GET", Class::Free, scim::types)])
        .envelope(Envelope::Scim),
    Route::new("/api/public/scim/Schemas", &[people("GET", Class::Free, scim::schemas)])
        .envelope(Envelope::Scim),
    Route::new(
        "/api/public/integrations/blob-storage",
        &[export("GET", export::list), export("PUT", export::put)],
    )
    .envelope(Envelope::Named),
    Route::new(
        "/api/public/integrations/blob-storage/{id}",
        &[export("GET", export::status), export("DELETE", export::delete)],
    )
    .envelope(Envelope::Named),
];
