//! What must survive a crash, in one SQLite file: the outbox (which is also the journal), drafts
//! and cached answers of the server.
//!
//! A decision is a row of the table `outbox` before the screen says it is saved. A row is never
//! deleted; it moves through the states of [`crate::domain::WriteState`]:
//!
//! ```text
//!  record ──► Held ──release──► Pending ──claim──► Sending ──settle──► Sent ──settle──► Confirmed
//!              │                  │   ▲               │                  │
//!              │                  │   └─ Retry, Back ─┤                  └──► Refused
//!              └─────────┬────────┘     recover       └──► Confirmed, Refused
//!          record again, withdraw, take_back ──► Replaced
//! ```
//!
//! - `journal`: what the reviewer's side does (record, release, retry, list); `undo`: and takes back
//! - `queue`: what the sender does (claim, settle, recover)
//! - `trail`: reads the journal across projects
//! - `local`: drafts, which are never sent
//!
//! Everything is kept per [`Scope`], so one file serves many servers and projects. All calls are
//! synchronous and short; each change is one transaction.

mod error;
mod journal;
mod local;
mod lock;
mod payload;
mod queue;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod things;
mod trail;
mod undo;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use uuid::Uuid;

pub use error::StoreError;
pub use lock::SenderLock;
pub use queue::Outcome;
pub use rows::{kind_name, state_name, target_text};
pub use trail::{TrailEntry, TrailFilter, TrailOrder};

use crate::domain::ProjectId;

/// Whose data a row is: a project on a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The server, as its base URL.
    pub host: String,
    /// The project there.
    pub project: ProjectId,
}

/// The open database.
pub struct Store {
    connection: Connection,
    /// This run of the program: what it holds is not another's to release.
    run: Uuid,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.connection.path()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database, readable by its owner only, and brings it up to date. Creates the file
    /// and its directory where they do not exist.
    ///
    /// # Errors
    /// When the file cannot be made or read, or was written by a newer version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        create_private(path).map_err(|source| StoreError::File { path: path.to_owned(), source })?;
        Self::prepare(Connection::open(path)?)
    }

    /// A database that is gone when dropped.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::prepare(Connection::open_in_memory()?)
    }

    fn prepare(mut connection: Connection) -> Result<Self, StoreError> {
        schema::configure(&connection)?;
        schema::migrate(&mut connection)?;
        Ok(Self { connection, run: Uuid::new_v4() })
    }

    /// Runs `change` in one transaction, which is undone if it fails.
    fn write<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // Immediate: a second process waits at the start instead of failing in the middle.
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = change(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }
}

/// A handle on the store for several tasks. Lock it for one call at a time and never across an
/// await.
#[derive(Debug, Clone)]
pub struct SharedStore(Arc<Mutex<Store>>);

impl SharedStore {
    /// Shares a store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self(Arc::new(Mutex::new(store)))
    }

    /// Waits for the store.
    pub fn lock(&self) -> MutexGuard<'_, Store> {
        // Every change is a transaction, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes sure that the file exists and only its owner can read it. SQLite gives its side files the
/// same permissions.
#[cfg(unix)]
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::fs::{DirBuilder, OpenOptions, Permissions};
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};

    if let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)
}
