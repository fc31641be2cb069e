//! The log file: what went wrong, never content, never secrets.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

/// Starts logging to a file. A program that cannot log still runs.
pub(super) fn start(path: &Path) {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let Ok(file) = options.open(path) else { return };
    let filter =
        EnvFilter::try_from_env("TRACEMARK_LOG").unwrap_or_else(|_| EnvFilter::new("tracemark=info,warn"));
    // Tests in one process may start it twice; the first one stays.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .try_init();
}
