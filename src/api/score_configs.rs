//! Score configs: the rows of rubrics.

use super::wire::ConfigRow;
use super::{ApiError, Client};
use crate::domain::ScoreConfig;

impl Client {
    /// All configs, archived ones too, newest first. Types this version does not know are left out.
    pub async fn score_configs(&self) -> Result<Vec<ScoreConfig>, ApiError> {
        self.all_pages(&["score-configs"], &[], ConfigRow::into_domain, |config| config.id.clone()).await
    }
}
