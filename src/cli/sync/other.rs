//! Sending by another program on the same data: it is woken, and watched through the database.

use std::time::Duration;

use super::Sync;
use crate::cli::Failure;
use crate::cli::progress::Progress;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// Looks once, after a moment, whether the other program is done.
pub(super) async fn settled(sync: &Sync, progress: &mut Progress) -> Result<bool, Failure> {
    tokio::time::sleep(LOOK).await;
    let report = sync.report()?;
    progress.left(report.open());
    Ok(report.is_settled())
}
