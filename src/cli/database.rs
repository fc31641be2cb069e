//! The local database, as commands open it.

use super::terminal::note;
use super::{Exit, Failure};
use crate::config::Dirs;
use crate::runtime::clock::wall;
use crate::store::{Store, StoreError};

/// The database; `None` where there is none yet, which a command that only reads does not change.
/// Tells what was found on opening it.
pub(super) fn open_existing(dirs: &Dirs) -> Result<Option<Store>, Failure> {
    let path = dirs.database();
    if !path.exists() {
        return Ok(None);
    }
    let opened = Store::open(&path, wall())?;
    for finding in &opened.findings {
        note(&finding.to_string());
    }
    Ok(Some(opened.store))
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(Exit::Failed, error.to_string())
    }
}
