//! The tables, and how older files get them. Migrations only ever add; they never delete rows.

use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// One script per format; the file's `user_version` counts those it has seen.
const MIGRATIONS: &[&str] = &[OUTBOX, JOURNAL];

const OUTBOX: &str = "
    CREATE TABLE outbox (
        seq              INTEGER PRIMARY KEY AUTOINCREMENT,
        id               TEXT NOT NULL UNIQUE,
        host             TEXT NOT NULL,
        project          TEXT NOT NULL,
        item             TEXT NOT NULL,
        kind             TEXT NOT NULL,
        target           TEXT NOT NULL,
        replaces         TEXT,
        payload          TEXT NOT NULL,
        payload_version  INTEGER NOT NULL,
        state            TEXT NOT NULL,
        attempts         INTEGER NOT NULL DEFAULT 0,
        created_at       TEXT NOT NULL,
        changed_at       TEXT NOT NULL,
        first_attempt_at TEXT,
        next_attempt_at  TEXT,
        sent_at          TEXT,
        last_error       TEXT
    ) STRICT;
    CREATE INDEX outbox_state ON outbox (host, project, state, seq);
    CREATE INDEX outbox_item ON outbox (host, project, item, seq);
    CREATE INDEX outbox_replaces ON outbox (host, project, replaces) WHERE replaces IS NOT NULL;
    CREATE INDEX outbox_target ON outbox (host, project, target, kind);

    CREATE TABLE draft (
        host       TEXT NOT NULL,
        project    TEXT NOT NULL,
        key        TEXT NOT NULL,
        text       TEXT NOT NULL,
        changed_at TEXT NOT NULL,
        PRIMARY KEY (host, project, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE cache (
        host       TEXT NOT NULL,
        project    TEXT NOT NULL,
        key        TEXT NOT NULL,
        json       TEXT NOT NULL,
        stored_at  TEXT NOT NULL,
        PRIMARY KEY (host, project, key)
    ) STRICT;
";

/// How decisions came about, and what can be undone. Rows from before know too little for that.
const JOURNAL: &str = "
    ALTER TABLE outbox ADD COLUMN thing TEXT;
    ALTER TABLE outbox ADD COLUMN run TEXT NOT NULL DEFAULT '';
    ALTER TABLE outbox ADD COLUMN annotator TEXT NOT NULL DEFAULT '';
    ALTER TABLE outbox ADD COLUMN queue TEXT;
    ALTER TABLE outbox ADD COLUMN about TEXT NOT NULL DEFAULT '';
    ALTER TABLE outbox ADD COLUMN before TEXT;
    ALTER TABLE outbox ADD COLUMN base TEXT;
    ALTER TABLE outbox ADD COLUMN shown_ms INTEGER;
    ALTER TABLE outbox ADD COLUMN answer TEXT;
    ALTER TABLE outbox ADD COLUMN origin TEXT NOT NULL DEFAULT 'decision';
    ALTER TABLE outbox ADD COLUMN of_seq INTEGER;
    ALTER TABLE outbox ADD COLUMN undo TEXT NOT NULL DEFAULT 'closed';
    CREATE INDEX outbox_thing ON outbox (host, project, thing, seq) WHERE thing IS NOT NULL;
    CREATE INDEX outbox_undo ON outbox (host, project, undo, seq) WHERE undo <> 'closed';
    DROP TABLE cache;
";

/// How long to wait for another process that is writing.
const BUSY: Duration = Duration::from_secs(5);

pub(super) fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY)?;
    // FULL: a decision is on the disk before the screen says saved. Deleted cache content is
    // overwritten, since it is people's data.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;",
    )?;
    Ok(())
}

pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    migrate_with(connection, MIGRATIONS)
}

pub(super) fn migrate_with(connection: &mut Connection, scripts: &[&str]) -> Result<(), StoreError> {
    let known = i64::try_from(scripts.len()).unwrap_or(i64::MAX);
    if version(connection)? == known {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read again: another process may have migrated while this one waited.
    let found = version(&transaction)?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for script in scripts.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(script)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
