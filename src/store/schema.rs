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
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// The migrations of this version, for [`super::opening`].
pub(super) fn migrations() -> &'static [&'static str] {
    MIGRATIONS
}

pub(super) fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY)?;
    // FULL: a decision is on the disk before the screen says saved. Deleted drafts are overwritten,
    // since they are people's data.
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
    upgrade(connection, scripts, |_| Ok(()))
}

/// Brings a database up to date in one transaction. Where it holds something, `before` runs first,
/// with the format found, while nobody can write and nothing has changed.
pub(super) fn upgrade(
    connection: &mut Connection,
    scripts: &[&str],
    before: impl FnOnce(i64) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let known = format(scripts);
    if version(connection)? == known {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read again: another process may have migrated while this one waited.
    refuse_newer(&transaction, scripts)?;
    let found = version(&transaction)?;
    if found == known {
        return Ok(());
    }
    if found > 0 {
        before(found)?;
    }
    for script in scripts.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(script)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

/// Fails where a newer tracemark wrote the database.
pub(super) fn refuse_newer(connection: &Connection, scripts: &[&str]) -> Result<(), StoreError> {
    let (found, known) = (version(connection)?, format(scripts));
    if found <= known {
        return Ok(());
    }
    Err(StoreError::Newer { path: connection.path().unwrap_or_default().into(), found, known })
}

/// Sees whether every page is where it belongs. Reads the whole file: a tenth of a second for a
/// hundred thousand decisions.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let format = version(connection)?;
    let what = match (said.as_str(), format) {
        ("ok", 1..) => return Ok(()),
        ("ok", 0) if tables == 0 => return Ok(()),
        ("ok", _) => format!("it has tables, but format {format}"),
        (said, _) => said.lines().last().unwrap_or_default().to_owned(),
    };
    Err(StoreError::damaged(connection.path().unwrap_or_default().as_ref(), what))
}

/// Sees whether every table and column of the database's format is there.
pub(super) fn check_tables(connection: &Connection, scripts: &[&str]) -> Result<(), StoreError> {
    let there = columns(connection)?;
    let expected = columns(&model(scripts, version(connection)?)?)?;
    let Some((table, column)) = expected.into_iter().find(|column| !there.contains(column)) else {
        return Ok(());
    };
    let what = format!("it has no column {table}.{column}");
    Err(StoreError::damaged(connection.path().unwrap_or_default().as_ref(), what))
}

/// An empty database of a format, in memory.
fn model(scripts: &[&str], format: i64) -> Result<Connection, StoreError> {
    let mut model = Connection::open_in_memory()?;
    let count = usize::try_from(format).unwrap_or(0).min(scripts.len());
    migrate_with(&mut model, &scripts[..count])?;
    Ok(model)
}

/// Every column of every table, with the table's name.
pub(super) fn columns(connection: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT t.name, c.name FROM pragma_table_list AS t, pragma_table_info(t.name) AS c
         WHERE t.schema = 'main' AND t.type = 'table' AND substr(t.name, 1, 7) <> 'sqlite_'",
    )?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The format that these scripts lead to.
pub(super) fn format(scripts: &[&str]) -> i64 {
    i64::try_from(scripts.len()).unwrap_or(i64::MAX)
}

pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
