//! The embedded server: the Langfuse public API over SQLite.
//!
//! It behaves like a version 4.16 installation, by default a bare one (`events_only`): reads of the
//! old data model answer 404, scores that do not fit their config are answered 200 and dropped. One
//! request is one transaction on a blocking thread: requests that change something come one after the
//! other, the others read beside them.
//!
//! Reading order: `data` (the workspace file and its connections), `http` (how a request finds its
//! handler), then any of the directories, one per kind of thing: their `mod.rs` begin with the routes.
//! `ingest` and `import` fill the workspace; `traces::row` is what both write.

mod comments;
mod data;
mod datasets;
mod evals;
mod http;
pub mod import;
mod ingest;
mod media;
mod metrics;
mod options;
#[cfg(test)]
mod page_tests;
mod people;
mod prompts;
mod queues;
mod scores;
mod traces;

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use jiff::Timestamp;
use tokio::net::TcpListener;

pub use data::workspace::{Credentials, Seed, Workspace, WorkspaceError};
pub use http::faults::{Fault, FaultError};
pub use options::{Mode, Options, Plan};

/// Serves the workspace until `shutdown`; requests under way are finished.
pub async fn serve(
    listener: TcpListener,
    workspace: Workspace,
    options: Options,
    clock: fn() -> Timestamp,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    http::listen::serve(listener, router(workspace, options, clock), shutdown).await
}

/// The server without its socket.
#[doc(hidden)]
pub fn router(workspace: Workspace, options: Options, clock: fn() -> Timestamp) -> Router {
    let shared = Arc::new(http::Shared::new(workspace, options, clock));
    Router::new().fallback(http::handle).with_state(shared)
}
