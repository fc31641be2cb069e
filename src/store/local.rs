//! What is never sent: texts being written.

use jiff::Timestamp;
use rusqlite::params;

use super::rows::text;
use super::{Scope, Store, StoreError};

impl Store {
    /// Keeps a text that is being written, in place of the one under the same key.
    pub fn save_draft(
        &mut self,
        scope: &Scope,
        key: &str,
        draft: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "INSERT INTO draft (host, project, key, text, changed_at) VALUES (?, ?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET text = excluded.text, changed_at = excluded.changed_at",
                params![scope.host, scope.project.as_str(), key, draft, text(now)],
            )?;
            Ok(())
        })
    }

    /// Forgets the text under a key, if there is one.
    pub fn delete_draft(&mut self, scope: &Scope, key: &str) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute(
                "DELETE FROM draft WHERE host = ? AND project = ? AND key = ?",
                params![scope.host, scope.project.as_str(), key],
            )?;
            Ok(())
        })
    }

    /// All texts with their keys, in the order of the keys.
    pub fn drafts(&self, scope: &Scope) -> Result<Vec<(String, String)>, StoreError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT key, text FROM draft WHERE host = ? AND project = ? ORDER BY key")?;
            let found = statement.query_map(params![scope.host, scope.project.as_str()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }
}
