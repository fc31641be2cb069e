//! `cache clear`: what was kept of the server's answers.

use std::fs;

use super::terminal::note;
use super::{ENV, Failure};
use crate::config::Dirs;
use crate::store::Cache;

/// Wipes the cache. Decisions and drafts are kept elsewhere and stay.
pub(super) fn clear() -> Result<(), Failure> {
    let path = Dirs::find(ENV)?.cache();
    let Ok(found) = fs::metadata(&path) else {
        note("nothing is in the cache");
        return Ok(());
    };
    Cache::discard(&path)?;
    note(&format!("wiped {} ({}); decisions and drafts are untouched", path.display(), size(found.len())));
    Ok(())
}

/// Bytes as people say them: `12 kB`, `3.4 MB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let cases = [(0, "0 kB"), (1, "1 kB"), (999_000, "999 kB"), (3_450_000, "3.4 MB")];
        for (bytes, words) in cases {
            assert_eq!(size(bytes), words);
        }
    }
}
