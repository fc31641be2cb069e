//! Score configs and scores.
//!
//! `write` takes scores and notes what is to be done when it is due, `merge` does it. `list` shows
//! scores as the new data model does, `legacy` as the older endpoints do.

mod configs;
pub mod legacy;
pub mod list;
pub mod merge;
pub mod write;

use super::http::auth::Gate;
use super::http::routes::{Class, Endpoint, Route};

/// `/score-configs`, `/scores`, `/v2/scores`, `/v3/scores`
pub const ROUTES: &[Route] = &[
    Route::new(
        "/api/public/score-configs",
        &[
            Endpoint::new("GET", Class::Public, configs::list),
            Endpoint::new("POST", Class::Public, configs::create),
        ],
    ),
    Route::new(
        "/api/public/score-configs/{configId}",
        &[
            Endpoint::new("GET", Class::Public, configs::get),
            Endpoint::new("PATCH", Class::Public, configs::patch),
        ],
    ),
    Route::new(
        "/api/public/scores",
        &[
            Endpoint::new("GET", Class::Public, legacy::list_v1).legacy(),
            Endpoint::new("POST", Class::Public, write::create).gate(Gate::KeyOrPublic),
        ],
    ),
    Route::new(
        "/api/public/scores/{scoreId}",
        &[
            Endpoint::new("GET", Class::Public, legacy::get_v1).legacy(),
            Endpoint::new("DELETE", Class::ScoreDelete, write::delete),
        ],
    ),
    Route::new("/api/public/v2/scores", &[Endpoint::new("GET", Class::Public, legacy::list_v2).legacy()]),
    Route::new(
        "/api/public/v2/scores/{scoreId}",
        &[Endpoint::new("GET", Class::Public, legacy::get_v2).legacy()],
    ),
    Route::new("/api/public/v3/scores", &[Endpoint::new("GET", Class::Public, list::list)]),
];
