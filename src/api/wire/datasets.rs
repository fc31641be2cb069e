//! Items of datasets.

use serde::Serialize;
use serde_json::value::RawValue;

/// Body of `POST /dataset-items`. What is left out keeps its value when the item exists.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetItemBody<'a> {
    /// Name of the dataset.
    pub dataset_name: &'a str,
    /// Chosen here; unique within the project.
    pub id: &'a str,
    /// What goes in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<&'a RawValue>,
    /// What should come out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_output: Option<&'a RawValue>,
    /// Anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<&'a RawValue>,
    /// The trace it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_trace_id: Option<&'a str>,
    /// The observation of that trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_observation_id: Option<&'a str>,
}
