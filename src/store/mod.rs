//! What must survive a crash, in one SQLite file: the outbox (which is also the journal) and drafts.
//! Answers of the server are kept in another file, which may get lost: `cache`.
//!
//! A decision is a row of the table `outbox` before the screen says it is saved. A row is never
//! deleted; it moves through the states of [`crate::domain::WriteState`]:
//!
//! ```text
//!  record ──► Held ──release──► Pending ──claim──► Sending ──settle──► Sent ──settle──► Confirmed
//!              │                  │   ▲               │                  │
//!              │                  │   └─ Retry, Back ─┤                  └──► Refused
//!              └─────────┬────────┘     recover       └──► Confirmed, Refused, Conflict
//!      record again, undo, discard ──► Replaced
//! ```
//!
//! Refused and Conflict are parked: retry makes them Pending, discard and a new decision Replaced.
//!
//! - `journal`: what the reviewer's side does (record, release, retry, discard, list)
//! - `undo`: undo and redo, by way of `things`: a state is brought about with as little sending as
//!   possible
//! - `queue`: what the sender does (claim, settle, recover)
//! - `trail`: reads the journal across projects
//! - `local`: drafts, which are never sent
//! - `opening`: migrating with a `backup`, setting a damaged file aside and saving what can be read
//!   (`salvage`, `mend`)
//! - `lock`: who may send, and who has the file open
//!
//! Everything is kept per [`Scope`], so one file serves many servers and projects. All calls are
//! synchronous and short; each change is one transaction.

mod backup;
mod cache;
mod error;
mod files;
mod journal;
mod local;
mod lock;
mod mend;
mod opening;
mod payload;
mod queue;
mod rows;
mod salvage;
mod schema;
#[cfg(test)]
mod tests;
mod things;
mod trail;
mod undo;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use uuid::Uuid;

pub use cache::Cache;
pub use error::{StoreError, Trouble};
pub use lock::SenderLock;
pub use opening::{Finding, Opened};
pub use queue::Outcome;
pub use rows::{kind_name, state_name, target_text};
pub use salvage::Salvage;
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
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// The file; empty where there is none.
    path: PathBuf,
    /// This run of the program: what it holds is not another's to release.
    run: Uuid,
    /// Let go after the connection.
    _in_use: Option<lock::InUse>,
}

impl Store {
    /// Opens the database, readable by its owner only, and brings it up to date. Creates the file
    /// and its directory where they do not exist.
    ///
    /// An older file is copied before it is migrated. A damaged one is set aside under a name with
    /// the time, and what can be read of it goes into a new one. Both are told as a [`Finding`].
    /// Waits while another process is at this.
    ///
    /// # Errors
    /// When the file cannot be made, read or written, was written by a newer version, or is damaged
    /// and in use by another process.
    pub fn open(path: &Path, now: Timestamp) -> Result<Opened, StoreError> {
        opening::open(path, now, schema::migrations())
    }

    /// A database that is gone when dropped.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn in_memory() -> Result<Self, StoreError> {
        let mut connection = Connection::open_in_memory()?;
        schema::configure(&connection)?;
        schema::migrate(&mut connection)?;
        Ok(Self { connection, path: PathBuf::new(), run: Uuid::new_v4(), _in_use: None })
    }

    /// Runs `change` in one transaction, which is undone if it fails.
    fn write<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let path = &self.path;
        // Immediate: a second process waits at the start instead of failing in the middle.
        let behavior = TransactionBehavior::Immediate;
        let attempt = self.connection.transaction_with_behavior(behavior).map_err(StoreError::from);
        let written = attempt.and_then(|transaction| {
            let result = change(&transaction)?;
            transaction.commit()?;
            Ok(result)
        });
        written.map_err(|error| error.at(path))
    }

    /// Runs a read, and names the file where it fails.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        read(&self.connection).map_err(|error| error.at(&self.path))
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
