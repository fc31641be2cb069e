//! Opening the database: an older one is migrated with a backup beside it, a damaged one is set
//! aside and what can be read of it goes into a new one. Nothing is replaced silently or deleted.
//!
//! Setting aside can be interrupted anywhere. What was read goes into a file of its own first;
//! once that is complete under its name (`.salvaged`), the rest is done by renaming, by this start
//! or by the next.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use uuid::Uuid;

use super::files::{self, beside};
use super::lock::{InUse, Turn};
use super::salvage::{self, Salvage};
use super::{Store, StoreError, backup, schema};
use crate::domain::text::count;

/// Ending of a new database that is to take the place of a damaged one.
const SALVAGED: &str = ".salvaged";
/// A write-ahead log not longer than its header holds nothing.
const WAL_HEADER: u64 = 32;

/// An open database, and what the reviewer should know about it.
#[derive(Debug)]
pub struct Opened {
    /// The database.
    pub store: Store,
    /// What was found and done on the way; mostly nothing.
    pub findings: Vec<Finding>,
}

/// Something about the database that the reviewer should know; `Display` says it in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It was of an older format and was brought up to date.
    Migrated {
        /// The format it had.
        from: i64,
        /// A copy as it was before.
        backup: PathBuf,
    },
    /// It was damaged; a new one took its place.
    SetAside {
        /// Where the damaged one is now.
        path: PathBuf,
        /// What was saved from it.
        salvage: Salvage,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Migrated { from, backup } => {
                write!(f, "brought the local database up from format {from}; as it was: {}", backup.display())
            }
            Self::SetAside { path, salvage } => {
                let all = if salvage.whole { "all of it" } else { "not everything could be read" };
                let (decisions, drafts) =
                    (count(salvage.decisions, "decision"), count(salvage.drafts, "draft"));
                write!(
                    f,
                    "the local database was damaged: saved {decisions} and {drafts} ({all}); the damaged \
                     one is kept as {}",
                    path.display()
                )
            }
        }
    }
}

/// Opens the database at `path` with these migrations. See [`Store::open`].
pub(super) fn open(path: &Path, now: Timestamp, scripts: &[&str]) -> Result<Opened, StoreError> {
    let failed = |error: std::io::Error| StoreError::file(path, &error);
    files::make_directory(path).map_err(failed)?;
    let _turn = Turn::wait(path).map_err(failed)?;
    let in_use = InUse::join(path).map_err(failed)?;
    let mut findings = Vec::new();
    if beside(path, SALVAGED).exists() {
        findings.push(finish(path, now, scripts)?);
    }
    let connection = match examine(path, scripts, &mut findings) {
        Err(error) if error.is_damage() => {
            tracing::error!("{error}");
            if !in_use.is_alone().map_err(failed)? {
                return Err(StoreError::InUse { path: path.to_owned() });
            }
            findings.clear();
            findings.push(set_aside(path, now, scripts)?);
            examine(path, scripts, &mut findings)?
        }
        examined => examined?,
    };
    let (path, run) = (path.to_owned(), Uuid::new_v4());
    Ok(Opened { store: Store { connection, path, run, _in_use: Some(in_use) }, findings })
}

/// Opens the database, sees whether it is sound, and brings it up to date.
fn examine(path: &Path, scripts: &[&str], findings: &mut Vec<Finding>) -> Result<Connection, StoreError> {
    if files::length(path) == 0 && files::length(&beside(path, "-wal")) > WAL_HEADER {
        // SQLite would throw the log away.
        return Err(StoreError::damaged(path, "it is empty, but its write-ahead log is not"));
    }
    files::make_private(path).map_err(|error| StoreError::file(path, &error))?;
    prepare(path, scripts, findings).map_err(|error| error.at(path))
}

fn prepare(path: &Path, scripts: &[&str], findings: &mut Vec<Finding>) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(path)?;
    // A damaged file is to be set aside as it is, with its log.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.busy_timeout(schema::BUSY)?;
    schema::refuse_newer(&connection, scripts)?;
    schema::configure(&connection)?;
    schema::check(&connection)?;
    schema::check_tables(&connection, scripts)?;
    schema::upgrade(&mut connection, scripts, |from| {
        findings.push(Finding::Migrated { from, backup: backup::make(path, from)? });
        Ok(())
    })?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(connection)
}

/// Puts a new database with all that can be read in the place of a damaged one. Where there is no
/// room for it, everything stays as it is.
fn set_aside(path: &Path, now: Timestamp, scripts: &[&str]) -> Result<Finding, StoreError> {
    let ready = beside(path, SALVAGED);
    let partial = beside(&ready, ".partial");
    let salvage = salvage::rebuild(path, &partial, scripts).map_err(|error| error.at(&partial))?;
    fs::rename(&partial, &ready)
        .and_then(|()| files::sync_directory(path))
        .map_err(|error| StoreError::file(path, &error))?;
    Ok(Finding::SetAside { path: exchange(path, now)?, salvage })
}

/// Ends what an earlier start began. Whether it had read everything is not known any more.
fn finish(path: &Path, now: Timestamp, scripts: &[&str]) -> Result<Finding, StoreError> {
    let aside = exchange(path, now)?;
    let salvage = salvage::count(path, scripts).map_err(|error| error.at(path))?;
    Ok(Finding::SetAside { path: aside, salvage })
}

/// Renames the damaged database, and the new one to its name. The time in the name is UTC.
fn exchange(path: &Path, now: Timestamp) -> Result<PathBuf, StoreError> {
    let aside = files::free(&beside(path, &now.strftime(".corrupt-%Y%m%d-%H%M%S").to_string()));
    files::rename(path, &aside)
        .and_then(|()| fs::rename(beside(path, SALVAGED), path))
        .and_then(|()| files::sync_directory(path))
        .map_err(|error| StoreError::file(path, &error))?;
    Ok(aside)
}
