//! The connections to a workspace: one that writes, and some that only read.
//!
//! Whoever writes waits for the one writing connection, in the order of coming; SQLite never sees
//! two writers of this process. Readers see what was committed before they began, and wait for
//! nobody but each other.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Mutex as Turn, Semaphore};
use tokio::task::{JoinError, spawn_blocking};

use super::workspace::tune;

/// Most reading connections, however many processors there are.
const MOST_READERS: usize = 8;

/// Why work on the database did not happen.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// SQLite refuses.
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    /// The work broke off.
    #[error(transparent)]
    Broken(#[from] JoinError),
}

/// The connections to one workspace.
pub struct Pool {
    writer: Arc<Turn<Connection>>,
    /// None for a workspace in memory, which has one connection for everything.
    readers: Option<Arc<Readers>>,
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    turns: Arc<Semaphore>,
}

impl Pool {
    /// A pool around the connection that made the workspace; readers of the file are opened when
    /// they are needed.
    pub fn new(writer: Connection, path: Option<PathBuf>) -> Self {
        // What a statement may have to take back goes to a file otherwise, with every row that is counted.
        writer.pragma_update(None, "temp_store", "MEMORY").ok();
        let count = available_parallelism().map_or(2, usize::from).clamp(2, MOST_READERS);
        let readers = path.map(|path| {
            Arc::new(Readers { path, idle: Mutex::default(), turns: Arc::new(Semaphore::new(count)) })
        });
        Self { writer: Arc::new(Turn::new(writer)), readers }
    }

    /// Runs work that changes something. It is finished even if nobody waits for it any more.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let mut writer = Arc::clone(&self.writer).lock_owned().await;
        Ok(spawn_blocking(move || work(&mut writer)).await?)
    }

    /// Runs work that changes nothing.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let Some(readers) = self.readers.clone() else { return self.write(work).await };
        // Never closed: waiting cannot fail.
        let turn = Arc::clone(&readers.turns).acquire_owned().await.ok();
        spawn_blocking(move || {
            let mut db = readers.take()?;
            let done = work(&mut db);
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
            drop(turn);
            Ok(done)
        })
        .await?
    }
}

impl Readers {
    /// A connection nobody uses, or a new one.
    fn take(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.open(), Ok)
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        // A connection that may write can bring the log in order where a process was killed.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&self.path, flags)?;
        tune(&db)?;
        db.pragma_update(None, "query_only", true)?;
        Ok(db)
    }
}
