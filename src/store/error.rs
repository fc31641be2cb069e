//! What can go wrong with the local database, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the store could not do as told. The transaction it happened in was undone.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be read or written as things stand.
    #[error("{}", trouble.words(path, why))]
    Failed {
        /// The file.
        path: PathBuf,
        /// What keeps it from being used.
        trouble: Trouble,
        /// The same in the system's or SQLite's words.
        why: String,
    },
    /// The file was written by a newer tracemark.
    #[error(
        "{} has format {found}, and this tracemark knows up to {known}: use the tracemark that wrote \
         it, or a newer one",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Format of the file.
        found: i64,
        /// Newest format known here.
        known: i64,
    },
    /// The file is damaged and cannot be set aside, since another process works with it.
    #[error(
        "{} is damaged, and another tracemark has it open: quit that one, then start again to save what \
         can be read",
        path.display()
    )]
    InUse {
        /// The database.
        path: PathBuf,
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

/// What keeps a file from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// There is no room on the disk.
    Full,
    /// It is read-only, or on a disk that is.
    ReadOnly,
    /// It cannot be opened or made: permissions, or something else in its place.
    Denied,
    /// The disk failed.
    Disk,
    /// Another process has been writing for too long.
    Busy,
    /// It is not what was written.
    Damaged,
}

impl Trouble {
    /// What happened to which file, and the next step; one line.
    fn words(self, path: &Path, why: &str) -> String {
        let file = path.display();
        match self {
            Self::Full => {
                format!("no room left for {file}: nothing was changed; free some space and repeat it")
            }
            Self::ReadOnly => {
                format!(
                    "{file} is read-only: nothing was changed; make it and its directory writable ({why})"
                )
            }
            Self::Denied => {
                format!("{file} cannot be opened: see that you may write it and its directory ({why})")
            }
            Self::Disk => format!("the disk failed with {file}: check it before you go on ({why})"),
            Self::Busy => {
                format!("{file} is being written by another program: wait for it, then repeat this")
            }
            Self::Damaged => {
                format!("{file} is damaged: quit and start again to save what can be read ({why})")
            }
        }
    }

    fn of_sqlite(code: ErrorCode) -> Option<Self> {
        Some(match code {
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::ReadOnly => Self::ReadOnly,
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Self::Denied,
            ErrorCode::SystemIoFailure => Self::Disk,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
                Self::Busy
            }
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Damaged,
            _ => return None,
        })
    }

    fn of_file(kind: io::ErrorKind) -> Self {
        match kind {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::NotFound => Self::Denied,
            _ => Self::Disk,
        }
    }
}

impl StoreError {
    /// A failure of the file system.
    pub(super) fn file(path: &Path, error: &io::Error) -> Self {
        let trouble = Trouble::of_file(error.kind());
        Self::Failed { path: path.to_owned(), trouble, why: error.to_string() }
    }

    /// A file that is not what was written.
    pub(super) fn damaged(path: &Path, why: impl Into<String>) -> Self {
        Self::Failed { path: path.to_owned(), trouble: Trouble::Damaged, why: why.into() }
    }

    /// The same with the file it happened to, where there is one and that is of help.
    pub(super) fn at(self, path: &Path) -> Self {
        match (&self, self.trouble()) {
            (Self::Sqlite(error), Some(trouble)) if !path.as_os_str().is_empty() => {
                Self::Failed { path: path.to_owned(), trouble, why: error.to_string() }
            }
            _ => self,
        }
    }

    /// What keeps the file from being used, if that is it.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Failed { trouble, .. } => Some(*trouble),
            Self::Sqlite(error) => error.sqlite_error_code().and_then(Trouble::of_sqlite),
            _ => None,
        }
    }

    pub(super) fn is_damage(&self) -> bool {
        self.trouble() == Some(Trouble::Damaged)
    }
}
