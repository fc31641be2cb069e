//! Runs of datasets: experiments, and what older servers have instead.

use std::sync::Arc;

use serde::Deserialize;

use super::read;

/// A dataset.
#[derive(Debug, Deserialize)]
pub struct DatasetRow {
    /// Identifier.
    pub id: String,
}

/// An experiment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentRow {
    /// Identifier; that of the run.
    pub id: String,
    /// The run's name.
    #[serde(default, deserialize_with = "read::text")]
    pub name: Option<String>,
    /// The dataset, if it has one.
    #[serde(default, deserialize_with = "read::text")]
    pub dataset_id: Option<String>,
}

/// One item of an experiment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentItemRow {
    /// Its trace.
    pub trace_id: String,
    /// What should have come out.
    #[serde(default, deserialize_with = "read::payload")]
    pub expected_output: Option<Arc<str>>,
    /// Metadata of the dataset's item.
    #[serde(default, deserialize_with = "read::payload")]
    pub experiment_item_metadata: Option<Arc<str>>,
}

/// A run, as older servers have it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRow {
    /// Its items.
    #[serde(default)]
    pub dataset_run_items: Vec<RunItemRow>,
}

/// One item of a run.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunItemRow {
    /// Its trace.
    pub trace_id: String,
    /// The observation of the trace, if it is about one.
    #[serde(default, deserialize_with = "read::text")]
    pub observation_id: Option<String>,
    /// The item of the dataset.
    pub dataset_item_id: String,
}

/// What a dataset's item knows besides its input.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemPartsRow {
    /// What should come out.
    #[serde(default, deserialize_with = "read::payload")]
    pub expected_output: Option<Arc<str>>,
    /// Anything else.
    #[serde(default, deserialize_with = "read::payload")]
    pub metadata: Option<Arc<str>>,
}
