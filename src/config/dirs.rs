//! Where things are kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use super::{ConfigError, Env, set};

/// The three directories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dirs {
    /// Settings, keys, profiles.
    pub config: PathBuf,
    /// The outbox and the embedded workspace: people's work.
    pub data: PathBuf,
    /// Logs: may be lost.
    pub state: PathBuf,
}

impl Dirs {
    /// The platform's directories, each overridden by `TRACEMARK_CONFIG_DIR`, `TRACEMARK_DATA_DIR`
    /// and `TRACEMARK_STATE_DIR`. Nothing is created.
    ///
    /// # Errors
    /// Where there is no home directory and not all three are given.
    pub fn find(env: Env<'_>) -> Result<Self, ConfigError> {
        let own = |name, platform: fn(&ProjectDirs) -> &Path| {
            let given = set(env, name).map(PathBuf::from);
            given
                .or_else(|| ProjectDirs::from("", "", "tracemark").map(|dirs| platform(&dirs).to_owned()))
                .ok_or_else(|| {
                    ConfigError::new("there is no home directory to keep anything in")
                        .with_hint(format!("set HOME, or {name} to a directory of yours"))
                })
        };
        Ok(Self {
            config: own("TRACEMARK_CONFIG_DIR", ProjectDirs::config_dir)?,
            data: own("TRACEMARK_DATA_DIR", ProjectDirs::data_dir)?,
            state: own("TRACEMARK_STATE_DIR", |dirs| dirs.state_dir().unwrap_or(dirs.data_local_dir()))?,
        })
    }

    /// The outbox and drafts.
    pub fn database(&self) -> PathBuf {
        self.data.join("tracemark.db")
    }

    /// The server's answers, kept for a fast start and work without a network.
    pub fn cache(&self) -> PathBuf {
        self.data.join("cache.db")
    }

    /// The embedded workspace.
    pub fn workspace(&self) -> PathBuf {
        self.data.join("workspace.db")
    }

    /// The log file.
    pub fn log(&self) -> PathBuf {
        self.state.join("tracemark.log")
    }

    /// The stored connections.
    pub fn profiles(&self) -> PathBuf {
        self.config.join("profiles.toml")
    }
}

/// Makes a directory, and keeps it to its owner (mode 0700).
///
/// # Errors
/// Where it cannot be made, belongs to somebody else, or is one that everybody shares.
pub fn ensure_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    #[cfg(unix)]
    close_to_others(path)?;
    Ok(())
}

/// Takes an existing directory away from group and others.
#[cfg(unix)]
fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    const STICKY: u32 = 0o1000;
    let mode = fs::metadata(path)?.permissions().mode();
    let open = mode & 0o077 != 0;
    if !open {
        return Ok(());
    }
    if mode & STICKY != 0 {
        // A directory such as /tmp must stay as it is.
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "everybody may write there; name a directory of your own",
        ));
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}
