//! The local database, as commands open it.

use super::Failure;
use super::Exit;
use crate::config::Dirs;
use crate::store::{Store, StoreError};

/// The database; `None` where there is none yet, which a command that only reads does not change.
pub(super) fn open_existing(dirs: &Dirs) -> Result<Option<Store>, Failure> {
    let path = dirs.database();
    if !path.exists() {
        return Ok(None);
    }
    Ok(Some(Store::open(&path)?))
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(Exit::Failed, error.to_string())
    }
}
