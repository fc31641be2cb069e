//! What can go wrong with the local database.

use std::path::PathBuf;

/// Why the store could not do as told. The transaction it happened in was undone.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or its directory cannot be created or opened.
    #[error("cannot open the local database {}: {source}", path.display())]
    File {
        /// The database.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file was written by a newer tracemark.
    #[error(
        "the local database has format {found}, this version knows up to {known}; \
         use the tracemark that wrote it, or a newer one"
    )]
    Newer {
        /// Format of the file.
        found: i64,
        /// Newest format known here.
        known: i64,
    },
    /// SQLite failed.
    #[error("the local database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A row cannot be understood.
    #[error("row {seq} of the outbox cannot be read: {why}")]
    Row {
        /// The row.
        seq: i64,
        /// What is wrong with it.
        why: String,
    },
}
