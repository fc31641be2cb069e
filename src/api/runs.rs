//! Runs of datasets.

use std::sync::Arc;

use super::wire::{DatasetRow, ExperimentItemRow, ExperimentRow, ItemPartsRow, RunItemRow, RunRow};
use super::{ApiError, Client};
use crate::domain::{ObservationId, TraceId};

/// Experiments are asked for by time; all of them are wanted.
const ALWAYS: (&str, &str) = ("fromStartTime", "1970-01-01T00:00:00Z");
const LIMIT: (&str, &str) = ("limit", "100");

/// What one item of a dataset became in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunItem {
    /// The trace.
    pub trace: TraceId,
    /// The observation of the trace, if it is about one.
    pub observation: Option<ObservationId>,
    /// What should have come out: JSON, or a text.
    pub expected_output: Option<Arc<str>>,
    /// Metadata of the dataset's item as JSON.
    pub metadata: Option<Arc<str>>,
}

impl Client {
    /// The items of a run. Servers without experiments are asked as they used to be.
    ///
    /// # Errors
    /// 404 where there is no such dataset or no such run.
    pub async fn run_items(&self, dataset: &str, run: &str) -> Result<Vec<RunItem>, ApiError> {
        match self.experiment(dataset, run).await {
            Ok(Some(id)) => self.experiment_items(&id).await,
            Ok(None) => self.older_run(dataset, run).await,
            Err(error) if error.is_missing_route() => self.older_run(dataset, run).await,
            Err(error) => Err(error),
        }
    }

    async fn experiment(&self, dataset: &str, run: &str) -> Result<Option<String>, ApiError> {
        let dataset: DatasetRow = self.get(&["v2", "datasets", dataset], &[]).await?;
        let all = self.all_parts(&["experiments"], &[ALWAYS, LIMIT], Some::<ExperimentRow>).await?;
        let mut fitting = all.into_iter().filter(|experiment| {
            experiment.name.as_deref() == Some(run) && experiment.dataset_id.as_ref() == Some(&dataset.id)
        });
        Ok(fitting.next().map(|experiment| experiment.id))
    }

    async fn experiment_items(&self, id: &str) -> Result<Vec<RunItem>, ApiError> {
        let query = [ALWAYS, LIMIT, ("experimentId", id), ("fields", "core,io,itemMetadata")];
        let item = |row: ExperimentItemRow| {
            Some(RunItem {
                trace: row.trace_id.into(),
                observation: None,
                expected_output: row.expected_output,
                metadata: row.experiment_item_metadata,
            })
        };
        self.all_parts(&["experiment-items"], &query, item).await
    }

    async fn older_run(&self, dataset: &str, run: &str) -> Result<Vec<RunItem>, ApiError> {
        let run: RunRow = self.get(&["datasets", dataset, "runs", run], &[]).await?;
        let mut items = Vec::with_capacity(run.dataset_run_items.len());
        for item in run.dataset_run_items {
            items.push(self.older_item(item).await?);
        }
        Ok(items)
    }

    async fn older_item(&self, item: RunItemRow) -> Result<RunItem, ApiError> {
        let parts = self.get::<ItemPartsRow>(&["dataset-items", &item.dataset_item_id], &[]).await;
        let parts = match parts {
            // The item may be gone from the dataset; what came out of it is still there.
            Err(error) if error.is_not_found() => ItemPartsRow { expected_output: None, metadata: None },
            other => other?,
        };
        Ok(RunItem {
            trace: item.trace_id.into(),
            observation: item.observation_id.map(ObservationId::from),
            expected_output: parts.expected_output,
            metadata: parts.metadata,
        })
    }
}
