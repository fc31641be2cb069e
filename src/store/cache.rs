//! Answers of the server, kept to start fast and to work without a network. In a file of their own,
//! so that large answers never delay a decision, and losing or wiping them cannot touch one.
//!
//! It holds nothing that cannot be fetched again: a file that is damaged or of another format is
//! thrown away.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::lock::{InUse, Turn};
use super::{StoreError, files, schema};

/// The file's `user_version`.
const FORMAT: i64 = 1;
/// Columns of all its tables.
const COLUMNS: usize = 8;
/// Times are milliseconds since 1970. Bodies are compressed, and `size` is their length here.
const TABLES: &str = "
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    CREATE TABLE entry (
        id        INTEGER PRIMARY KEY,
        server    TEXT NOT NULL,
        account   TEXT NOT NULL,
        key       TEXT NOT NULL,
        stored_at INTEGER NOT NULL,
        used_at   INTEGER NOT NULL,
        size      INTEGER NOT NULL,
        body      BLOB NOT NULL,
        UNIQUE (server, account, key)
    ) STRICT;
    CREATE INDEX entry_used ON entry (used_at, id, size);
    PRAGMA user_version = 1;";
/// NORMAL: what a power cut takes can be fetched again. Deleted content is overwritten, since it is
/// people's data.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;
    PRAGMA journal_size_limit = 16777216;";
/// How much older than the newest entry the last use of one must be to be noted, in milliseconds:
/// not every read is worth a write.
const STALE: i64 = 60 * 60 * 1000;

/// The open cache; clones share it. Every call is short, but waits for the disk.
#[derive(Debug, Clone)]
pub struct Cache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// Most bytes that bodies may take, compressed.
    limit: u64,
    file: Mutex<File>,
}

#[derive(Debug)]
struct File {
    connection: Connection,
    /// The latest time seen, in milliseconds.
    latest: i64,
    _in_use: InUse,
}

impl Cache {
    /// Opens the cache, readable by its owner only, and makes it where there is none that can be
    /// used. Bodies are kept within `limit` bytes, as compressed; what is above goes at once.
    ///
    /// # Errors
    /// When the file cannot be made or written, or is of no use and open in another process.
    pub fn open(path: &Path, limit: u64) -> Result<Self, StoreError> {
        let failed = |error: io::Error| StoreError::file(path, &error);
        files::make_directory(path).map_err(failed)?;
        let _turn = Turn::wait(path).map_err(failed)?;
        let in_use = InUse::join(path).map_err(failed)?;
        let connection = match connect(path).map_err(|error| error.at(path)) {
            Err(error) if error.is_damage() => {
                tracing::warn!("the cache is made anew: {error}");
                if !in_use.is_alone().map_err(failed)? {
                    return Err(error);
                }
                files::remove(path).map_err(failed)?;
                connect(path).map_err(|error| error.at(path))?
            }
            connected => connected?,
        };
        let latest = connection
            .query_row("SELECT max(used_at) FROM entry", [], |row| row.get::<_, Option<i64>>(0))
            .map_err(|error| StoreError::from(error).at(path))?;
        let file = Mutex::new(File { connection, latest: latest.unwrap_or(0), _in_use: in_use });
        let cache = Self(Arc::new(Inner { path: path.to_owned(), limit, file }));
        cache.shrink()?;
        Ok(cache)
    }

    /// Wipes a cache that is not wanted any more, and removes its files unless another process has
    /// them open. Does nothing where there is none.
    ///
    /// # Errors
    /// When it cannot be written or removed.
    pub fn discard(path: &Path) -> Result<(), StoreError> {
        if !path.exists() {
            return Ok(());
        }
        Self::open(path, 0)?.clear()?;
        let failed = |error: io::Error| StoreError::file(path, &error);
        let _turn = Turn::wait(path).map_err(failed)?;
        if InUse::join(path).and_then(|in_use| in_use.is_alone()).map_err(failed)? {
            files::remove(path).map_err(failed)?;
        }
        Ok(())
    }

    /// Keeps an answer in place of the one before. The least recently used go to make room; an
    /// answer that takes more than a quarter of all room is not kept.
    ///
    /// # Errors
    /// When it could not be kept; then nothing has changed.
    pub fn put(
        &self,
        server: &str,
        account: &str,
        key: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // Before the lock: it takes a while.
        let body = compress(body).map_err(|error| StoreError::file(&self.0.path, &error))?;
        let size = body.len() as u64;
        let now = now.as_millisecond();
        let mut file = self.lock();
        file.latest = file.latest.max(now);
        let latest = file.latest;
        self.write(&mut file, |tx| {
            if size > self.0.limit / 4 {
                tx.prepare_cached("DELETE FROM entry WHERE server = ? AND account = ? AND key = ?")?
                    .execute([server, account, key])?;
                return Ok(());
            }
            tx.prepare_cached(
                "INSERT INTO entry (server, account, key, stored_at, used_at, size, body)
                 VALUES (?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET stored_at = excluded.stored_at, used_at = excluded.used_at,
                                           size = excluded.size, body = excluded.body",
            )?
            .execute(params![server, account, key, now, latest, signed(size), body])?;
            evict(tx, self.0.limit).map(drop)
        })
    }

    /// A kept answer and when it was kept; `None` as well where it cannot be read.
    #[must_use]
    pub fn get(&self, server: &str, account: &str, key: &str) -> Option<(Vec<u8>, Timestamp)> {
        let (body, at) = self.read(server, account, key).unwrap_or_else(|error| {
            tracing::warn!("the cache cannot be read: {error}");
            None
        })?;
        // An entry that cannot be understood is worth as much as none.
        Some((decompress(&body).ok()?, Timestamp::from_millisecond(at).ok()?))
    }

    /// Forgets an answer, if it is there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn forget(&self, server: &str, account: &str, key: &str) -> Result<(), StoreError> {
        let mut file = self.lock();
        self.write(&mut file, |tx| {
            tx.execute(
                "DELETE FROM entry WHERE server = ? AND account = ? AND key = ?",
                [server, account, key],
            )?;
            Ok(())
        })
    }

    /// Wipes everything, from the disk as well.
    ///
    /// # Errors
    /// When it cannot be written; something may be there still.
    pub fn clear(&self) -> Result<(), StoreError> {
        let mut file = self.lock();
        self.write(&mut file, |tx| Ok(tx.execute("DELETE FROM entry", []).map(drop)?))?;
        self.condemn(&file, give_back(&file.connection))
    }

    fn lock(&self) -> MutexGuard<'_, File> {
        // Every change is a transaction, so a panic elsewhere leaves nothing half done.
        self.0.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, server: &str, account: &str, key: &str) -> Result<Option<(Vec<u8>, i64)>, StoreError> {
        let mut file = self.lock();
        let latest = file.latest;
        let found = file
            .connection
            .prepare_cached(
                "SELECT body, stored_at, id, used_at FROM entry WHERE server = ? AND account = ? AND key = ?",
            )
            .and_then(|mut statement| {
                let entry =
                    |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
                statement.query_row([server, account, key], entry).optional()
            });
        let found: Option<(Vec<u8>, i64, i64, i64)> = self.condemn(&file, found.map_err(StoreError::from))?;
        let Some((body, at, id, used_at)) = found else { return Ok(None) };
        if used_at < latest - STALE {
            let noted = self.write(&mut file, |tx| {
                let note = "UPDATE entry SET used_at = ? WHERE id = ?";
                Ok(tx.prepare_cached(note)?.execute([latest, id]).map(drop)?)
            });
            if let Err(error) = noted {
                tracing::debug!("a use of the cache is not noted: {error}");
            }
        }
        Ok(Some((body, at)))
    }

    /// Runs a change in one transaction.
    fn write(
        &self,
        file: &mut File,
        change: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let transaction = file.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let written = transaction.map_err(StoreError::from).and_then(|transaction| {
            change(&transaction)?;
            Ok(transaction.commit()?)
        });
        self.condemn(file, written)
    }

    /// Makes room as far as the limit asks for it, and gives it back to the disk.
    fn shrink(&self) -> Result<(), StoreError> {
        let mut file = self.lock();
        let mut evicted = 0;
        let limit = self.0.limit;
        self.write(&mut file, |tx| {
            evicted = evict(tx, limit)?;
            Ok(())
        })?;
        if evicted == 0 {
            return Ok(());
        }
        self.condemn(&file, give_back(&file.connection))
    }

    /// Names the file where something failed. A damaged one is marked, so that the next start makes
    /// it anew.
    fn condemn<T>(&self, file: &File, result: Result<T, StoreError>) -> Result<T, StoreError> {
        result.map_err(|error| {
            if error.is_damage()
                && let Err(error) = file.connection.pragma_update(None, "user_version", -1)
            {
                tracing::warn!("the damaged cache cannot be marked: {error}");
            }
            error.at(&self.0.path)
        })
    }
}

/// Opens the file and sees that it is a cache of this format; makes it where it is empty.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    files::make_private(path).map_err(|error| StoreError::file(path, &error))?;
    let connection = Connection::open(path)?;
    connection.busy_timeout(schema::BUSY)?;
    match (schema::version(&connection)?, schema::columns(&connection)?.len()) {
        (FORMAT, COLUMNS) => {}
        (0, 0) => connection.execute_batch(TABLES)?,
        (format, columns) => {
            return Err(StoreError::damaged(path, format!("it has format {format} and {columns} columns")));
        }
    }
    connection.execute_batch(SETTINGS)?;
    Ok(connection)
}

/// Deletes the least recently used entries until the rest takes no more than the limit; says how
/// many.
fn evict(transaction: &Transaction<'_>, limit: u64) -> Result<usize, StoreError> {
    let mut sum = transaction.prepare_cached("SELECT coalesce(sum(size), 0) FROM entry")?;
    let taken: i64 = sum.query_row([], |row| row.get(0))?;
    if taken <= signed(limit) {
        return Ok(0);
    }
    let mut delete = transaction.prepare_cached(
        "DELETE FROM entry WHERE id IN (
             SELECT id FROM (SELECT id, sum(size) OVER (ORDER BY used_at DESC, id DESC) AS taken FROM entry)
             WHERE taken > ?)",
    )?;
    Ok(delete.execute([signed(limit)])?)
}

/// Cuts what is free off the file, and empties the log, which still has what was deleted.
fn give_back(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection.prepare("PRAGMA incremental_vacuum")?;
    // A page for each step.
    let mut steps = statement.query([])?;
    while steps.next()?.is_some() {}
    Ok(connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?)
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// JSON gets ten times smaller at the fastest level already.
fn compress(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

fn decompress(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(body.len().saturating_mul(4));
    DeflateDecoder::new(body).read_to_end(&mut text)?;
    Ok(text)
}
