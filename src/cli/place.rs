//! Whose data a command works on: asked of the server, or remembered where it cannot be reached.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Failure, block_on};
use crate::api::Retry;
use crate::config::Destination;
use crate::runtime::connect::{ConnectError, Connector};
use crate::store::{Scope, Store};

/// How long to wait for a server that only has to say which project the keys belong to.
const PATIENCE: Duration = Duration::from_secs(5);

/// The project at the chosen destination; `None` where nothing was decided at that server yet. Works
/// without the server where only one of its projects was worked on.
pub(super) fn project(store: &Store, connector: &Connector) -> Result<Option<Scope>, Failure> {
    let host = connector.host()?;
    let mut known = store.projects_of(&host)?;
    let only = if known.len() == 1 { known.pop() } else { None };
    match (&connector.destination, only) {
        (_, None) if known.is_empty() => Ok(None),
        (Destination::Embedded, Some(only)) => Ok(Some(only)),
        (_, only) => block_on(ask(connector)).map(Some).or_else(|error| match only {
            Some(only) if error.exit == super::Exit::Unreachable => Ok(Some(only)),
            _ => Err(error),
        }),
    }
}

async fn ask(connector: &Connector) -> Result<Scope, Failure> {
    let (tasks, end) = (TaskTracker::new(), CancellationToken::new());
    let connection = connector.connection(&tasks, &end).await?;
    match tokio::time::timeout(PATIENCE, connector.reach(connection)).await {
        Ok(reached) => Ok(reached?.scope),
        Err(_) => Err(Failure::new(super::Exit::Unreachable, "the server did not answer in time")),
    }
}

/// Whether trying again may help.
pub(super) fn is_temporary(error: &ConnectError) -> bool {
    match error {
        ConnectError::Here(_) => false,
        ConnectError::Api(error) => matches!(error.retry, Retry::Network | Retry::Transient { .. }),
    }
}
