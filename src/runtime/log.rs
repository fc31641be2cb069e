//! The log file: what went wrong, never content, never secrets.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Starts logging to a file. A program that cannot log still runs.
pub(super) fn start(path: &Path) {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let Ok(file) = options.open(path) else { return };
    let level = std::env::var("TRACEMARK_LOG").ok();
    // Tests in one process may start it twice; the first one stays.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter(level.as_deref())))
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .try_init();
}

/// What is logged. The level goes for this program only: libraries trace requests with headers and
/// bodies, which must not end up in a file.
fn filter(level: Option<&str>) -> String {
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    format!("warn,tracemark={level}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_log_no_more_than_warnings() {
        for (level, expected) in [
            (None, "warn,tracemark=info"),
            (Some("trace"), "warn,tracemark=trace"),
            (Some("DEBUG"), "warn,tracemark=debug"),
            (Some("off"), "warn,tracemark=off"),
            (Some("h2=trace"), "warn,tracemark=info"),
        ] {
            assert_eq!(filter(level), expected, "{level:?}");
        }
    }
}
