//! Score configs: the rows of rubrics.

use super::wire::ConfigRow;
use super::{ApiError, Client, Retry};
use crate::domain::{ConfigId, ScoreConfig};

impl Client {
    /// One config.
    pub async fn score_config(&self, id: &ConfigId) -> Result<ScoreConfig, ApiError> {
        let row: ConfigRow = self.get(&["score-configs", id.as_str()], &[]).await?;
        let data_type = row.data_type.clone();
        row.into_domain().ok_or_else(|| {
            let message = format!("scores of type {data_type} are not known to this version");
            ApiError::new(Retry::Permanent, super::error::tidy(&message))
        })
    }

    /// All configs, archived ones too, newest first. Types this version does not know are left out.
    pub async fn score_configs(&self) -> Result<Vec<ScoreConfig>, ApiError> {
        self.all_pages(&["score-configs"], &[], ConfigRow::into_domain, |config| config.id.clone()).await
    }
}
