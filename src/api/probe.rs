//! Who is there: the server's version, the project of the keys, what the server can do.

use super::transport::Query;
use super::wire::{Health, List, Project};
use super::{ApiError, Client, Priority, Retry, Urgency};
use crate::domain::ProjectId;

/// A server that accepted the keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Its version, if it tells.
    pub version: Option<String>,
    /// The project the keys belong to.
    pub project_id: ProjectId,
    /// Its name.
    pub project_name: String,
    /// Whose it is.
    pub organization: Option<String>,
    /// What can be read.
    pub capabilities: Capabilities,
}

/// What a server offers for reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// `GET /v2/observations`: without it no trace can be shown.
    pub observations_v2: bool,
    /// `GET /v3/scores`: without it no score can be seen.
    pub scores_v3: bool,
}

impl Client {
    /// Asks the server who it is and what it can do. With a shelf and without the server, tells
    /// what it said last.
    pub async fn probe(&self) -> Result<Server, ApiError> {
        let (version, project) = tokio::try_join!(self.version(), self.project())?;
        let (observations_v2, scores_v3) = tokio::try_join!(
            self.offers(&["v2", "observations"], &[("limit", "1"), ("fields", "core")]),
            self.offers(&["v3", "scores"], &[("limit", "1")]),
        )?;
        Ok(Server {
            version,
            project_name: project.name.unwrap_or_else(|| project.id.clone()),
            project_id: project.id.into(),
            organization: project.organization.and_then(|organization| organization.name),
            capabilities: Capabilities { observations_v2, scores_v3 },
        })
    }

    /// The version, unless the server keeps it to itself.
    async fn version(&self) -> Result<Option<String>, ApiError> {
        match self.get::<Health>(&["health"], &[]).await {
            Ok(health) => Ok(health.version),
            Err(error) if error.status.is_none() && !self.has_shelf() => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn has_shelf(&self) -> bool {
        self.offline.shelf.is_some()
    }

    async fn project(&self) -> Result<Project, ApiError> {
        let list: List = self.get(&["projects"], &[]).await?;
        let projects = list.rows(Some::<Project>);
        projects.into_iter().next().ok_or_else(|| ApiError::new(Retry::Auth, "the keys belong to no project"))
    }

    /// Whether the server has a call. One it is too busy for now, it has.
    async fn offers(&self, path: &[&str], query: Query<'_>) -> Result<bool, ApiError> {
        // A rate limit says enough, and would keep everything waiting.
        let impatient = self.clone().with_urgency(&Urgency::new(Priority::Write));
        match impatient.get::<List>(path, query).await {
            Err(error) if error.is_not_found() => Ok(false),
            // Only what the server has can be on the shelf, and only that is missed without it.
            Err(error) if error.retry == Retry::Network && self.has_shelf() => Ok(true),
            Err(error) if error.status.is_none() || error.retry == Retry::Auth => Err(error),
            Ok(_) | Err(_) => Ok(true),
        }
    }
}
