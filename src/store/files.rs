//! The files of a database: readable by their owner only, and where the others lie.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// What SQLite puts beside a database, and what goes wherever the database goes.
pub(super) const SIDES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The file beside a database with this ending behind its name.
pub(super) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The first of `base`, `base-2`, `base-3`, … under which there is nothing, nor a side file.
pub(super) fn free(base: &Path) -> PathBuf {
    let taken = |path: &PathBuf| {
        path.symlink_metadata().is_ok() || SIDES.iter().any(|side| beside(path, side).exists())
    };
    let mut path = base.to_owned();
    let mut number = 1_u32;
    while taken(&path) {
        number += 1;
        path = beside(base, &format!("-{number}"));
    }
    path
}

/// Removes a database and its side files, as far as they are there.
pub(super) fn remove(database: &Path) -> io::Result<()> {
    for path in [database.to_owned()].into_iter().chain(SIDES.map(|side| beside(database, side))) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Renames a database and its side files, as far as they are there. The database goes last: what is
/// left under its name if this is interrupted is found by the next start.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    for ending in SIDES.into_iter().chain([""]) {
        match fs::rename(beside(from, ending), beside(to, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    sync_directory(from)
}

/// Length of a file in bytes; 0 where there is none.
pub(super) fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| if found.is_file() { found.len() } else { 0 })
}

/// Makes a rename or a new file in this file's directory survive a power cut.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// Makes sure that the directory exists.
pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) else {
        return Ok(());
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Makes sure that the file exists and only its owner can read it. SQLite gives its side files the
/// same permissions. A file that exists is not opened, which would take SQLite's locks away.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => close_to_others(path),
        Err(error) => Err(error),
    }
}

/// Takes the file and its side files away from group and others.
#[cfg(unix)]
fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    for path in [path.to_owned()].into_iter().chain(SIDES.map(|side| beside(path, side))) {
        let Ok(found) = fs::metadata(&path) else { continue };
        if found.is_file() && found.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}
