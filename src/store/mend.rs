//! Getting at the pages of a database whose first page is damaged. The first page says where the
//! tables are; in a new database of the same format they are in the same places, so that a copy
//! with its first page can often be read.

use std::fs;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::files::{self, beside};
use super::{StoreError, schema};

/// Size of the pages this program writes, in bytes.
const PAGE: usize = 4096;
/// Bytes of the first page before the table of tables.
const HEADER: usize = 100;

/// A damaged database, open for reading.
pub(super) struct Source {
    pub(super) connection: Connection,
    /// The format it says it has; the newest where that cannot be read.
    pub(super) format: i64,
    /// Set where this is a copy with another first page.
    mended: Option<Copy>,
}

/// A copy that is gone when dropped.
struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = files::remove(&self.0) {
            tracing::warn!("cannot remove {}: {error}", self.0.display());
        }
    }
}

impl Source {
    /// Opens a damaged database; `None` where nothing can be made of it. `scratch` is the name of a
    /// file that may be made and removed.
    pub(super) fn open(damaged: &Path, scratch: &Path, scripts: &[&str]) -> Result<Option<Self>, StoreError> {
        // An empty file must not be opened: SQLite would throw its log away.
        if files::length(damaged) > 0
            && let Ok(connection) = connect(damaged, OpenFlags::SQLITE_OPEN_READ_ONLY)
        {
            return Ok(Some(Self::new(connection, None, scripts)));
        }
        let first_page = first_page(scratch, scripts)?;
        let copy = beside(scratch, ".mend");
        for length in [HEADER, PAGE] {
            let mended = Copy(copy.clone());
            mend(damaged, &copy, &first_page[..length.min(first_page.len())])
                .map_err(|error| StoreError::file(&copy, &error))?;
            if let Ok(connection) = connect(&copy, OpenFlags::SQLITE_OPEN_READ_WRITE) {
                return Ok(Some(Self::new(connection, Some(mended), scripts)));
            }
        }
        Ok(None)
    }

    /// Whether what is read is a guess in part.
    pub(super) fn is_mended(&self) -> bool {
        self.mended.is_some()
    }

    fn new(connection: Connection, mended: Option<Copy>, scripts: &[&str]) -> Self {
        let format = schema::version(&connection).ok().filter(|format| *format > 0);
        let format = format.unwrap_or(schema::format(scripts));
        Self { connection, format, mended }
    }
}

/// Opens a file as long as it can be told what tables it has.
fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // Without this, SQLite refuses a file that was cut off as a whole.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, true)?;
    let outbox = schema::columns(&connection)?.iter().any(|(table, _)| table == "outbox");
    if outbox { Ok(connection) } else { Err(StoreError::damaged(path, "it has no outbox")) }
}

/// The first page of a new database.
fn first_page(scratch: &Path, scripts: &[&str]) -> Result<Vec<u8>, StoreError> {
    let failed = |error: io::Error| StoreError::file(scratch, &error);
    files::remove(scratch).map_err(failed)?;
    files::make_private(scratch).map_err(failed)?;
    let mut model = Connection::open(scratch)?;
    schema::migrate_with(&mut model, scripts)?;
    model.close().map_err(|(_, error)| error)?;
    let mut page = Vec::with_capacity(PAGE);
    let file = fs::File::open(scratch).map_err(failed)?;
    file.take(PAGE as u64).read_to_end(&mut page).map_err(failed)?;
    files::remove(scratch).map_err(failed)?;
    // How many pages there are is to be told from the length of the file.
    page[28..32].fill(0);
    Ok(page)
}

/// A copy of the database and its log that begins with these bytes.
fn mend(damaged: &Path, copy: &Path, beginning: &[u8]) -> io::Result<()> {
    files::remove(copy)?;
    files::make_private(copy)?;
    let log = beside(damaged, "-wal");
    for (from, to) in [(log, beside(copy, "-wal")), (damaged.to_owned(), copy.to_owned())] {
        if from.exists() {
            files::make_private(&to)?;
            fs::copy(from, to)?;
        }
    }
    let mut file = fs::OpenOptions::new().write(true).open(copy)?;
    let whole = file.metadata()?.len().max(PAGE as u64).next_multiple_of(PAGE as u64);
    file.set_len(whole)?;
    file.rewind()?;
    file.write_all(beginning)?;
    file.sync_all()
}
