//! Evaluators and evaluation rules: stored, validated, read back. Nothing here runs them; for that
//! there is `tracemark evaluators run`.
//!
//! Two generations of calls work on the same data. Those under `/unstable` are what a 4.16
//! installation has. Those under `/v2` came later and do not exist there; they are always served,
//! because the newest client libraries know no others. Like a bare installation this server has no
//! connection to any model, so every judge counts as paused, and a rule of the older calls cannot be
//! switched on. It has nothing to run programs with either: the older calls refuse them, the newer
//! ones keep them for `tracemark evaluators run --command`.

mod body;
mod definition;
mod evaluator;
mod filter;
mod mapping;
pub mod reading;
mod rule;
mod rule_body;
mod stable;
mod stable_rules;
mod unstable;
mod unstable_rules;

use super::http::reply::Envelope;
use super::http::routes::{Class, Endpoint, Route};

/// `/unstable/evaluators`, `/unstable/evaluation-rules` and their successors
pub const ROUTES: &[Route] = &[
    Route::new(
        "/api/public/unstable/evaluators",
        &[
            Endpoint::new("GET", Class::Public, unstable::list),
            Endpoint::new("POST", Class::Public, unstable::create),
        ],
    )
    .envelope(Envelope::Coded),
    Route::new(
        "/api/public/unstable/evaluators/{evaluatorId}",
        &[
            Endpoint::new("GET", Class::Public, unstable::get),
            Endpoint::new("DELETE", Class::Public, unstable::delete),
        ],
    )
    .envelope(Envelope::Coded),
    Route::new(
        "/api/public/unstable/evaluation-rules",
        &[
            Endpoint::new("GET", Class::Public, unstable_rules::list),
            Endpoint::new("POST", Class::Public, unstable_rules::create),
        ],
    )
    .envelope(Envelope::Coded),
    Route::new(
        "/api/public/unstable/evaluation-rules/{evaluationRuleId}",
        &[
            Endpoint::new("GET", Class::Public, unstable_rules::get),
            Endpoint::new("PATCH", Class::Public, unstable_rules::patch),
            Endpoint::new("DELETE", Class::Public, unstable_rules::delete),
        ],
    )
    .envelope(Envelope::Coded),
    Route::new(
        "/api/public/v2/evaluators",
        &[
            Endpoint::new("GET", Class::Public, stable::list),
            Endpoint::new("POST", Class::Public, stable::create),
        ],
    )
    .envelope(Envelope::Coded),
    Route::new(
        "/api/public/v2/evaluators/{evaluatorId}",
        &[
            Endpoint::new("GET", Class::Public, stable::get),
            Endpoint::new("PATCH", Class::Public, stable::patch),
            Endpoint::new("DELETE", Class::Public, stable::delete),
        ],
    )
    .envelope(Envelope::Coded),
    Route::new(
        "/api/public/v2/evaluators/{evaluatorId}/versions",
        &[Endpoint::new("GET", Class::Public, stable::versions)],
    )
    .envelope(Envelope::Coded),
    Route::new(
        "/api/public/v2/evaluation-rules",
        &[
            Endpoint::new("GET", Class::Public, stable_rules::list),
            Endpoint::new("POST", Class::Public, stable_rules::create),
        ],
    )
    .envelope(Envelope::Coded),
    Route::new(
        "/api/public/v2/evaluation-rules/{evaluationRuleId}",
        &[
            Endpoint::new("GET", Class::Public, stable_rules::get),
            Endpoint::new("PATCH", Class::Public, stable_rules::patch),
            Endpoint::new("DELETE", Class::Public, stable_rules::delete),
        ],
    )
    .envelope(Envelope::Coded),
];
