//! Items of datasets.

use reqwest::Method;
use serde_json::value::RawValue;

use super::wire::DatasetItemBody;
use super::{ApiError, Client, Removal, Retry};

const ITEMS: &str = "dataset-items";

/// An item of a dataset to be written. The JSON parts are texts of JSON, sent as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatasetItem<'a> {
    /// Name of the dataset, which must exist.
    pub dataset: &'a str,
    /// Chosen here, 1 to 255 characters; unique within the project.
    pub id: &'a str,
    /// What goes in, as JSON.
    pub input: Option<&'a str>,
    /// What should come out, as JSON.
    pub expected_output: Option<&'a str>,
    /// Anything else, as JSON.
    pub metadata: Option<&'a str>,
    /// The trace it came from.
    pub trace: Option<&'a str>,
    /// The observation of that trace.
    pub observation: Option<&'a str>,
}

impl Client {
    /// Writes an item of a dataset, or writes it over: sent twice, it is there once. Parts that
    /// are `None` keep their value when the item exists.
    ///
    /// # Errors
    /// 409 when another dataset has an item with this id, 404 without such a dataset, 400 when the
    /// dataset's schema forbids it; permanent also when a part is no JSON.
    pub async fn put_dataset_item(&self, item: &DatasetItem<'_>) -> Result<(), ApiError> {
        let body = DatasetItemBody {
            dataset_name: item.dataset,
            id: item.id,
            input: json("input", item.input)?,
            expected_output: json("expected output", item.expected_output)?,
            metadata: json("metadata", item.metadata)?,
            source_trace_id: item.trace,
            source_observation_id: item.observation,
        };
        self.write(Method::POST, &[ITEMS], Some(&body)).await.map(drop)
    }

    /// Removes an item of a dataset.
    pub async fn delete_dataset_item(&self, id: &str) -> Result<Removal, ApiError> {
        Removal::of(self.write::<()>(Method::DELETE, &[ITEMS, id], None).await)
    }
}

/// A part that is JSON already.
fn json<'a>(part: &str, text: Option<&'a str>) -> Result<Option<&'a RawValue>, ApiError> {
    let no_json = |_| ApiError::new(Retry::Permanent, format!("the {part} of the dataset item is no JSON"));
    text.map(serde_json::from_str).transpose().map_err(no_json)
}
