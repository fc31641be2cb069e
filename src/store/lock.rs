//! Who may do what with a database: advisory locks on files beside it, which the system releases
//! when the process ends, however it ends.
//!
//! Not on the database itself: closing any handle on that would take SQLite's own locks away.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;

use super::files::beside;

/// Ending of the file that the sender locks.
const SENDER: &str = ".lock";

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
        let file = open(path, SENDER)?;
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
        let file = open(path, SENDER)?;
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
        std::fs::read_to_string(beside(path, SENDER)).ok()?.trim().parse().ok()
    }
}

fn open(database: &Path, ending: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(beside(database, ending))
}

/// The turn to open a database: one process after the other, so that none sees what another is
/// still setting up, migrating or setting aside. Given back when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _file: File,
}

impl Turn {
    /// Waits for the turn.
    pub(super) fn wait(path: &Path) -> io::Result<Self> {
        let file = open(path, ".opening")?;
        file.lock()?;
        Ok(Self { _file: file })
    }
}

/// Tells other processes, until dropped, that this one has the database open. To be taken and
/// changed only by who has the [`Turn`].
#[derive(Debug)]
pub(super) struct InUse {
    file: File,
}

impl InUse {
    /// Joins whoever has it open already.
    pub(super) fn join(path: &Path) -> io::Result<Self> {
        let file = open(path, ".open")?;
        file.lock_shared()?;
        Ok(Self { file })
    }

    /// Whether nobody else has it open. Nobody can join while the caller has the turn.
    pub(super) fn is_alone(&self) -> io::Result<bool> {
        self.file.unlock()?;
        let alone = match self.file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => return Err(error),
        };
        self.file.unlock()?;
        self.file.lock_shared()?;
        Ok(alone)
    }
}
