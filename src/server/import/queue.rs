//! Putting what was imported into a queue.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde_json::json;

use super::write::Import;
use crate::server::data::value::iso;
use crate::server::data::workspace::{Workspace, WorkspaceError, next_id};

/// Traces that go into the queue in one transaction.
const BATCH: i64 = 1000;

/// Objects that are in the queue. Looked up here, since a queue may be large.
const QUEUED: &str = "CREATE TEMP TABLE queued (id TEXT PRIMARY KEY) WITHOUT ROWID";

/// A queue that is there, or one that can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    id: Option<String>,
    configs: Vec<String>,
}

/// Why there can be no such queue.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The workspace has no score config, and a queue needs one.
    #[error("a queue needs a score config, and the workspace has none")]
    NoConfigs,
    /// There is no config of that name.
    #[error("there is no score config `{wanted}`")]
    UnknownConfig {
        /// The name.
        wanted: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The workspace cannot be read.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

impl Queue {
    /// The queue of that name or id. One that is not there is made when something goes into it,
    /// with the score configs of the given names or, without any, with all there are.
    pub fn find(workspace: &Workspace, name: &str, configs: &[String]) -> Result<Self, QueueError> {
        let db = &workspace.db;
        let sql = "SELECT id, name FROM queues WHERE name = ?1 OR id = ?1 ORDER BY name <> ?1 LIMIT 1";
        let found = db.query_row(sql, [name], |r| Ok((r.get(0)?, r.get(1)?))).optional();
        if let Some((id, name)) = found.map_err(WorkspaceError::from)? {
            return Ok(Self { name, id: Some(id), configs: Vec::new() });
        }
        let known = configs_of(db).map_err(WorkspaceError::from)?;
        let chosen = if configs.is_empty() {
            known.iter().map(|config| config.id.clone()).collect()
        } else {
            configs.iter().map(|wanted| choose(&known, wanted)).collect::<Result<Vec<_>, _>>()?
        };
        if chosen.is_empty() {
            return Err(QueueError::NoConfigs);
        }
        Ok(Self { name: name.to_owned(), id: None, configs: chosen })
    }

    /// Its id; makes it if it is not there.
    fn made(&self, db: &Connection, now: jiff::Timestamp) -> rusqlite::Result<String> {
        let by_name = "SELECT id FROM queues WHERE name = ?1";
        let found = match &self.id {
            Some(id) => Some(id.clone()),
            None => db.query_row(by_name, [&self.name], |r| r.get(0)).optional()?,
        };
        if let Some(id) = found {
            return Ok(id);
        }
        let id = next_id(db, now)?;
        let sql = "INSERT INTO queues (id, name, description, score_config_ids, created_at, updated_at)
            VALUES (?1, ?2, NULL, ?3, ?4, ?4)";
        db.execute(sql, params![id, self.name, json!(self.configs).to_string(), iso(now)])?;
        Ok(id)
    }
}

struct Config {
    id: String,
    name: String,
}

/// The configs in use, oldest first.
fn configs_of(db: &Connection) -> rusqlite::Result<Vec<Config>> {
    let sql = "SELECT id, name FROM score_configs WHERE is_archived = 0 ORDER BY created_at, name";
    db.prepare(sql)?.query_map([], |r| Ok(Config { id: r.get(0)?, name: r.get(1)? }))?.collect()
}

fn choose(known: &[Config], wanted: &str) -> Result<String, QueueError> {
    let found = known.iter().find(|config| config.name == wanted || config.id == wanted);
    found.map(|config| config.id.clone()).ok_or_else(|| QueueError::UnknownConfig {
        wanted: wanted.to_owned(),
        known: known.iter().map(|config| config.name.clone()).collect(),
    })
}

impl Import<'_> {
    /// Puts every trace of this import into the queue, in the order they came, unless it is in it.
    /// Gives the number of those that were added.
    pub fn enqueue(&mut self, queue: &Queue) -> Result<usize, WorkspaceError> {
        self.db.execute_batch(&format!("DROP TABLE IF EXISTS temp.queued; {QUEUED}"))?;
        let (mut last, mut added, mut version) = (0, 0, None);
        loop {
            let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let id = queue.made(&tx, self.now)?;
            // Moves only when another connection writes.
            let seen: i64 = tx.query_row("PRAGMA data_version", [], |r| r.get(0))?;
            if version != Some(seen) {
                let sql = "INSERT OR IGNORE INTO queued SELECT object_id FROM items
                    WHERE queue_id = ?1 AND object_type = 'TRACE'";
                tx.execute(sql, [&id])?;
                version = Some(seen);
            }
            let traces = traces(&tx, last)?;
            for (seq, trace) in &traces {
                added += add(&tx, &id, trace, self.now)?;
                last = *seq;
            }
            tx.commit()?;
            if traces.is_empty() {
                return Ok(added);
            }
        }
    }
}

fn traces(db: &Connection, last: i64) -> rusqlite::Result<Vec<(i64, String)>> {
    let sql = "SELECT seq, id FROM touched WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    db.prepare_cached(sql)?.query_map([last, BATCH], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
}

fn add(db: &Connection, queue: &str, trace: &str, now: jiff::Timestamp) -> rusqlite::Result<usize> {
    if db.prepare_cached("INSERT OR IGNORE INTO queued VALUES (?1)")?.execute([trace])? == 0 {
        return Ok(0);
    }
    let sql = "INSERT INTO items (id, queue_id, object_id, object_type, status, created_at, updated_at)
        VALUES (?1, ?2, ?3, 'TRACE', 'PENDING', ?4, ?4)";
    db.prepare_cached(sql)?.execute(params![next_id(db, now)?, queue, trace, iso(now)])
}
