//! The embedded workspace: one SQLite file with one project, its keys and its data.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use uuid::Uuid;

use super::sample;
use super::value::cuid;

/// Schema steps; `PRAGMA user_version` counts those already taken.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
    include_str!("schema/7.sql"),
    include_str!("schema/8.sql"),
];

/// How long a statement waits for another process; within this one, nobody waits in SQLite.
const BUSY: Duration = Duration::from_secs(30);
/// Statements kept ready, per connection.
const STATEMENTS: usize = 128;

/// What a new workspace starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// The sample project.
    Sample,
    /// Nothing.
    Empty,
}

/// The workspace's API keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `pk-lf-…`; names the project.
    pub public_key: String,
    /// `sk-lf-…`; opens it.
    pub secret_key: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("public_key", &self.public_key).finish_non_exhaustive()
    }
}

/// Why a workspace cannot be opened or reset.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The file or its directory cannot be made.
    #[error("the workspace file cannot be written: {0}")]
    File(#[from] std::io::Error),
    /// SQLite refuses.
    #[error("workspace database: {0}")]
    Database(#[from] rusqlite::Error),
    /// Written by a newer version of this program.
    #[error("the workspace has schema {found}, this version knows up to {known}")]
    Newer {
        /// Schema of the file.
        found: u32,
        /// Newest known schema.
        known: u32,
    },
    /// The built-in sample is malformed.
    #[error("sample project: {0}")]
    Sample(String),
}

/// An open workspace. Several processes may have the same file open.
#[derive(Debug)]
pub struct Workspace {
    pub(in crate::server) db: Connection,
    pub(in crate::server) project: Project,
    pub(in crate::server) keys: Keys,
    /// None for a workspace in memory.
    pub(in crate::server) path: Option<PathBuf>,
}

/// Everybody who may call.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Opens the project.
    pub project: Credentials,
    /// Opens what belongs to the organization: people, exports.
    pub organization: Credentials,
}

/// The one project of a workspace.
#[derive(Debug, Clone)]
pub struct Project {
    /// Identifier.
    pub id: String,
    /// Shown to people.
    pub name: String,
}

impl Workspace {
    /// Opens the file, first creating it (mode 0600, in a directory of mode 0700), its schema, its
    /// keys and what `seed` says. Later opens keep everything.
    pub fn open(path: &Path, seed: Seed, now: Timestamp) -> Result<Self, WorkspaceError> {
        create_private(path)?;
        let db = Connection::open(path)?;
        tune(&db)?;
        db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        // Answered means on disk, also after a power cut.
        db.pragma_update(None, "synchronous", "FULL")?;
        let workspace = Self::prepare(db, seed, now)?;
        Ok(Self { path: Some(path.to_owned()), ..workspace })
    }

    /// A workspace that is gone when it is dropped.
    pub fn in_memory(seed: Seed, now: Timestamp) -> Result<Self, WorkspaceError> {
        let db = Connection::open_in_memory()?;
        tune(&db)?;
        Self::prepare(db, seed, now)
    }

    fn prepare(mut db: Connection, seed: Seed, now: Timestamp) -> Result<Self, WorkspaceError> {
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        migrate(&tx)?;
        if meta(&tx, "secret_key")?.is_none() {
            start(&tx, seed, now)?;
        }
        if meta(&tx, "organization_secret_key")?.is_none() {
            set_meta(&tx, "organization_public_key", &new_key("pk"))?;
            set_meta(&tx, "organization_secret_key", &new_key("sk"))?;
        }
        let read = |key| Ok::<_, rusqlite::Error>(meta(&tx, key)?.unwrap_or_default());
        let project = Project { id: read("project_id")?, name: read("project_name")? };
        let pair = |public, secret| {
            Ok::<_, rusqlite::Error>(Credentials { public_key: read(public)?, secret_key: read(secret)? })
        };
        let keys = Keys {
            project: pair("public_key", "secret_key")?,
            organization: pair("organization_public_key", "organization_secret_key")?,
        };
        tx.commit()?;
        Ok(Self { db, project, keys, path: None })
    }

    /// The same workspace, opened by other keys for as long as it is served; its own stay in the
    /// file.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.keys.project = credentials;
        self
    }

    /// Throws all data away and starts again with the sample; the keys stay.
    pub fn reset_sample(&mut self, now: Timestamp) -> Result<(), WorkspaceError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // The order of the tables does not matter then.
        tx.pragma_update(None, "defer_foreign_keys", true)?;
        for table in data_tables(&tx)? {
            tx.execute(&format!("DELETE FROM \"{table}\""), [])?;
        }
        sample::plant(&tx, now)?;
        tx.commit()?;
        Ok(())
    }

    /// The keys, for the client that talks to this workspace.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        self.keys.project.clone()
    }

    /// The keys of the organization the project belongs to.
    #[must_use]
    pub fn organization_credentials(&self) -> Credentials {
        self.keys.organization.clone()
    }
}

/// What every connection to a workspace is set to.
pub fn tune(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Keys, project and data of a workspace that has none yet.
fn start(tx: &Transaction<'_>, seed: Seed, now: Timestamp) -> Result<(), WorkspaceError> {
    let name = match seed {
        Seed::Sample => "Sample project",
        Seed::Empty => "Workspace",
    };
    let values = [
        ("public_key", new_key("pk")),
        ("secret_key", new_key("sk")),
        ("project_id", cuid(now, 0)),
        ("project_name", name.to_owned()),
        ("counter", "0".to_owned()),
    ];
    for (key, value) in values {
        set_meta(tx, key, &value)?;
    }
    if seed == Seed::Sample {
        sample::plant(tx, now)?;
    }
    Ok(())
}

fn migrate(tx: &Transaction<'_>) -> Result<(), WorkspaceError> {
    let found: u32 = tx.query_row("PRAGMA user_version", [], |r| r.get(0))?;
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let todo = MIGRATIONS.get(found as usize..).ok_or(WorkspaceError::Newer { found, known })?;
    for step in todo {
        tx.execute_batch(step)?;
    }
    if !todo.is_empty() {
        tx.pragma_update(None, "user_version", known)?;
    }
    Ok(())
}

fn new_key(kind: &str) -> String {
    format!("{kind}-lf-{}", Uuid::new_v4())
}

/// Every table but the one that holds the keys.
fn data_tables(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'meta' AND name NOT LIKE 'sqlite_%'";
    db.prepare(sql)?.query_map([], |r| r.get(0))?.collect()
}

fn set_meta(db: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    db.execute("INSERT INTO meta (key, value) VALUES (?1, ?2)", [key, value]).map(drop)
}

fn meta(db: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |r| r.get(0)).optional()
}

/// A fresh id for a queue or an item.
pub fn next_id(db: &Connection, now: Timestamp) -> rusqlite::Result<String> {
    let sql = "UPDATE meta SET value = value + 1 WHERE key = 'counter' RETURNING CAST(value AS INTEGER)";
    let count: i64 = db.query_row(sql, [], |r| r.get(0))?;
    Ok(cuid(now, count.unsigned_abs()))
}

/// Makes sure the file exists and only its owner can read it; SQLite gives its side files the
/// same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut directory = fs::DirBuilder::new();
    directory.recursive(true);
    let mut file = fs::OpenOptions::new();
    file.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        directory.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        directory.create(parent)?;
    }
    file.open(path).map(drop)
}
