//! One sender per database: an advisory lock on a file beside it, which the system releases when
//! the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The right to send what is in a database, until dropped.
#[derive(Debug)]
pub struct SenderLock {
    _file: File,
}

impl SenderLock {
    /// Takes the right to send for the database at `path`. `None` if another process has it;
    /// [`SenderLock::holder`] says which.
    ///
    /// # Errors
    /// When the lock file cannot be written.
    pub fn acquire(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
            Ok(()) => Self::signed(file).map(Some),
        }
    }

    /// Takes the right to send once nobody else has it; blocks until then.
    ///
    /// # Errors
    /// When the lock file cannot be written.
    pub fn wait(path: &Path) -> io::Result<Self> {
        let file = open(path)?;
        file.lock()?;
        Self::signed(file)
    }

    /// Notes who has the right, for [`SenderLock::holder`].
    fn signed(mut file: File) -> io::Result<Self> {
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self { _file: file })
    }

    /// The process that took the right last; it still has it if [`SenderLock::acquire`] gave
    /// `None`.
    #[must_use]
    pub fn holder(path: &Path) -> Option<u32> {
        std::fs::read_to_string(lock_path(path)).ok()?.trim().parse().ok()
    }
}

fn open(database: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(lock_path(database))
}

fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
