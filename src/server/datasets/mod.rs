//! Datasets, their items, runs over them, and experiments.
//!
//! `sets` and `items` (versions included) are what applications are tried on, `schema` checks items;
//! `runs` and `run_items` link them to traces. Experiments are these runs, and those that spans
//! tell of, as the new data model shows them.

mod experiment_items;
mod experiment_query;
mod experiments;
mod item;
mod items;
mod json;
mod media;
pub mod name;
mod run_items;
mod runs;
mod schema;
mod sets;

use super::http::routes::{Class, Endpoint, Payload, Route};

/// `/datasets`, `/v2/datasets`, `/dataset-items`, `/dataset-run-items`, `/experiments`,
/// `/experiment-items`
pub const ROUTES: &[Route] = &[
    Route::new(
        "/api/public/v2/datasets",
        &[
            Endpoint::new("GET", Class::Datasets, sets::list),
            Endpoint::new("POST", Class::Datasets, sets::create),
        ],
    ),
    Route::new("/api/public/v2/datasets/{datasetName}", &[Endpoint::new("GET", Class::Datasets, sets::get)]),
    Route::new(
        "/api/public/datasets",
        &[
            Endpoint::new("GET", Class::Datasets, sets::list_with_contents),
            Endpoint::new("POST", Class::Datasets, sets::create_with_contents),
        ],
    ),
    Route::new(
        "/api/public/datasets/{datasetName}",
        &[Endpoint::new("GET", Class::Datasets, sets::get_with_contents)],
    ),
    Route::new(
        "/api/public/dataset-items",
        &[
            Endpoint::new("GET", Class::Datasets, items::list),
            Endpoint::new("POST", Class::Datasets, items::create).payload(Payload::LargeJson),
        ],
    ),
    Route::new(
        "/api/public/dataset-items/{datasetItemId}",
        &[
            Endpoint::new("GET", Class::Datasets, items::get),
            Endpoint::new("DELETE", Class::Datasets, items::delete),
        ],
    ),
    Route::new(
        "/api/public/dataset-run-items",
        &[
            Endpoint::new("GET", Class::Datasets, run_items::list).legacy(),
            Endpoint::new("POST", Class::Datasets, run_items::create),
        ],
    ),
    Route::new(
        "/api/public/datasets/{datasetName}/runs",
        &[Endpoint::new("GET", Class::Datasets, runs::list).legacy()],
    ),
    Route::new(
        "/api/public/datasets/{datasetName}/runs/{runName}",
        &[
            Endpoint::new("GET", Class::Datasets, runs::get).legacy(),
            Endpoint::new("DELETE", Class::Datasets, runs::delete).legacy(),
        ],
    ),
    Route::new("/api/public/experiments", &[Endpoint::new("GET", Class::Public, experiments::list)]),
    Route::new(
        "/api/public/experiment-items",
        &[Endpoint::new("GET", Class::Public, experiment_items::list)],
    ),
];
