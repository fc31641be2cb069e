//! What the program's database says, read while it runs or after it was killed.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

/// One row of the outbox.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The item's id.
    pub item: String,
    /// `score`, `delete_score`, `comment`, `status` …
    pub kind: String,
    /// What was decided, as it is kept.
    pub payload: Value,
    /// `held`, `pending`, `sending`, `sent`, `confirmed`, `refused` or `replaced`.
    pub state: String,
    /// How often it was sent.
    pub attempts: u32,
    /// What went wrong last, or what there is to know.
    pub note: String,
}

impl Entry {
    /// Whether the server is not known to have it.
    pub fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "held" | "pending" | "sending" | "sent")
    }
}

/// The file in a data directory.
pub fn path(data: &Path) -> PathBuf {
    data.join("tracemark.db")
}

/// All rows, oldest first, while the program may be running. None where there is no database yet.
pub fn read(data: &Path) -> Vec<Entry> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let Ok(database) = Connection::open_with_flags(path(data), flags) else { return Vec::new() };
    database.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
    rows(&database).unwrap_or_default()
}

/// All rows as a killed program left them. Reads a copy, so that putting the database in order is
/// left to the program.
pub fn autopsy(data: &Path) -> Vec<Entry> {
    let copy = tempfile::TempDir::new().unwrap();
    for end in ["", "-wal"] {
        let name = format!("tracemark.db{end}");
        if data.join(&name).exists() {
            fs::copy(data.join(&name), copy.path().join(&name)).unwrap();
        }
    }
    if path(copy.path()).exists() {
        rows(&Connection::open(path(copy.path())).unwrap()).unwrap_or_default()
    } else {
        Vec::new()
    }
}

/// Keeps the program from writing until dropped.
pub fn lock(data: &Path) -> Connection {
    let database = Connection::open(path(data)).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    database
}

fn rows(database: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let sql = "SELECT item, kind, payload, state, attempts, coalesce(last_error, '') FROM outbox
               ORDER BY seq";
    let mut statement = database.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        let payload: String = row.get(2)?;
        Ok(Entry {
            item: row.get(0)?,
            kind: row.get(1)?,
            payload: serde_json::from_str(&payload).unwrap_or_default(),
            state: row.get(3)?,
            attempts: row.get(4)?,
            note: row.get(5)?,
        })
    })?;
    rows.collect()
}
