//! A copy of a database beside it, made before a migration changes anything.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::StoreError;
use super::files::{beside, make_private, remove, sync_directory};

/// Copies the database of this format; returns the copy's path, such as `tracemark.db.v1-backup`.
/// The caller keeps everybody else from writing meanwhile. There is a whole copy under that name or
/// none, and none is ever overwritten: where another one has the name already, a number is added,
/// unless the two are the same.
pub(super) fn make(path: &Path, format: i64) -> Result<PathBuf, StoreError> {
    let base = beside(path, &format!(".v{format}-backup"));
    let partial = beside(&base, ".partial");
    copy(path, &partial).map_err(|error| match error.trouble() {
        // What is wrong with the database itself must not look like trouble with its copy.
        Some(super::Trouble::Damaged) => error.at(path),
        _ => error.at(&partial),
    })?;
    let kept = keep(&partial, &base).map_err(|error| StoreError::file(&base, &error))?;
    Ok(kept)
}

/// Writes a copy anew and brings it to the disk.
fn copy(path: &Path, to: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| StoreError::file(to, &error);
    // Left behind by one who was interrupted.
    remove(to).map_err(failed)?;
    make_private(to).map_err(failed)?;
    // Another connection than the one that is about to migrate: it sees what was before.
    let source = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    source.busy_timeout(super::schema::BUSY)?;
    let name = to.to_str().ok_or_else(|| failed(io::Error::other("the name is not Unicode")))?;
    source.execute("VACUUM INTO ?", [name])?;
    File::open(to).and_then(|file| file.sync_all()).map_err(failed)
}

/// Gives a whole copy its name.
fn keep(partial: &Path, base: &Path) -> io::Result<PathBuf> {
    let mut kept = base.to_owned();
    let mut number = 1_u32;
    while kept.symlink_metadata().is_ok() {
        if is_same(partial, &kept)? {
            fs::remove_file(partial)?;
            return Ok(kept);
        }
        number += 1;
        kept = beside(base, &format!("-{number}"));
    }
    fs::rename(partial, &kept)?;
    sync_directory(&kept)?;
    Ok(kept)
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (io::BufReader::new(one).bytes(), io::BufReader::new(other).bytes());
    loop {
        match (one.next().transpose()?, other.next().transpose()?) {
            (None, None) => return Ok(true),
            (a, b) if a != b => return Ok(false),
            _ => {}
        }
    }
}
