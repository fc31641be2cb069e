//! Reading what can be read of a damaged database into a new one: table by table, row by row, past
//! the rows that cannot be read. The damaged one is not changed.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Statement, params_from_iter};

use super::mend::Source;
use super::{StoreError, files, rows, schema};

/// Rows that cannot be read one after the other before the rest of a table is given up; more than a
/// lost page above the leaves takes with it.
const PATIENCE: u32 = 10_000;
/// Largest row number that can be believed.
const LARGEST: i64 = 1 << 40;

/// What was saved from a damaged database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salvage {
    /// Rows of the outbox, in any state: the whole history counts.
    pub decisions: usize,
    /// Texts being written.
    pub drafts: usize,
    /// Whether everything could be read, as far as one can tell.
    pub whole: bool,
}

/// Makes a database at `into` with all that can be read of the damaged one. It is on the disk when
/// this returns.
pub(super) fn rebuild(damaged: &Path, into: &Path, scripts: &[&str]) -> Result<Salvage, StoreError> {
    let failed = |error: std::io::Error| StoreError::file(into, &error);
    let source = Source::open(damaged, into, scripts)?;
    // Left behind by one who was interrupted.
    files::remove(into).map_err(failed)?;
    files::make_private(into).map_err(failed)?;
    let mut fresh = Connection::open(into)?;
    let mut whole = false;
    if let Some(source) = &source {
        let format = source.format.clamp(1, schema::format(scripts));
        schema::migrate_with(&mut fresh, &scripts[..usize::try_from(format).unwrap_or(0)])?;
        whole = copy(source, &mut fresh)?;
    }
    schema::migrate_with(&mut fresh, scripts)?;
    whole &= drop_garbage(&fresh)? == 0;
    let salvage = counts(&fresh, whole)?;
    fresh.close().map_err(|(_, error)| error)?;
    Ok(salvage)
}

/// What a database holds that was made by an interrupted start.
pub(super) fn count(path: &Path, scripts: &[&str]) -> Result<Salvage, StoreError> {
    let mut connection = Connection::open(path)?;
    schema::migrate_with(&mut connection, scripts)?;
    counts(&connection, false)
}

fn counts(connection: &Connection, whole: bool) -> Result<Salvage, StoreError> {
    let of = |table: &str| {
        let count: i64 =
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        Ok::<_, StoreError>(usize::try_from(count).unwrap_or(0))
    };
    Ok(Salvage { decisions: of("outbox")?, drafts: of("draft")?, whole })
}

/// Copies every table; whether that was all there was.
fn copy(source: &Source, fresh: &mut Connection) -> Result<bool, StoreError> {
    let transaction = fresh.transaction()?;
    // Rows may be missing that others refer to.
    transaction.pragma_update(None, "defer_foreign_keys", true)?;
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    for (table, column) in schema::columns(&transaction)? {
        match tables.last_mut() {
            Some((last, columns)) if *last == table => columns.push(column),
            _ => tables.push((table, vec![column])),
        }
    }
    let there = schema::columns(&source.connection).unwrap_or_default();
    let mut whole = !source.is_mended();
    for (table, mut columns) in tables {
        columns.retain(|column| there.contains(&(table.clone(), column.clone())));
        whole &= !columns.is_empty() && copy_table(&source.connection, &transaction, &table, &columns)?;
    }
    keep_numbers(&source.connection, &transaction)?;
    transaction.commit()?;
    Ok(whole)
}

/// Copies what can be read of a table; whether that was all of it.
fn copy_table(
    source: &Connection,
    fresh: &Connection,
    table: &str,
    columns: &[String],
) -> Result<bool, StoreError> {
    let list = columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
    let marks = vec!["?"; columns.len()].join(", ");
    let mut insert = fresh.prepare(&format!("INSERT OR IGNORE INTO {table} ({list}) VALUES ({marks})"))?;
    let mut keep = |row: Vec<Value>| match insert.execute(params_from_iter(row)) {
        Ok(kept) => Ok(kept == 1),
        // A row that the table would never have taken.
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
            Ok(false)
        }
        Err(error) => Err(StoreError::from(error)),
    };
    if let Ok(mut by_number) = source.prepare(&format!(
        "SELECT rowid, {list} FROM {table} NOT INDEXED WHERE rowid >= ? ORDER BY rowid LIMIT 1"
    )) {
        return by_row(&mut by_number, &mut keep);
    }
    let order = key(fresh, table)?;
    for direction in ["ASC", "DESC"] {
        let by_key =
            order.iter().map(|column| format!("\"{column}\" {direction}")).collect::<Vec<_>>().join(", ");
        let Ok(mut all) = source.prepare(&format!("SELECT {list} FROM {table} ORDER BY {by_key}")) else {
            return Ok(false);
        };
        if in_order(&mut all, &mut keep)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Keeps every row that can be found by its number; whether that was all.
fn by_row(
    statement: &mut Statement<'_>,
    keep: &mut impl FnMut(Vec<Value>) -> Result<bool, StoreError>,
) -> Result<bool, StoreError> {
    let (mut next, mut failures, mut whole) = (0_i64, 0, true);
    while failures < PATIENCE {
        let found = statement.query_row([next], |row| Ok((row.get(0)?, values(row, 1)?))).optional();
        match found {
            Ok(None) => return Ok(whole),
            Ok(Some((number, row))) if (next..LARGEST).contains(&number) => {
                whole &= keep(row)?;
                next = number + 1;
                failures = 0;
            }
            _ => {
                whole = false;
                next += 1;
                failures += 1;
            }
        }
    }
    Ok(false)
}

/// Keeps the rows up to the first that cannot be read; whether that was all.
fn in_order(
    statement: &mut Statement<'_>,
    keep: &mut impl FnMut(Vec<Value>) -> Result<bool, StoreError>,
) -> Result<bool, StoreError> {
    let mut rows = statement.query([])?;
    loop {
        match rows.next() {
            Ok(None) => return Ok(true),
            Ok(Some(row)) => {
                let Ok(row) = values(row, 0) else { return Ok(false) };
                keep(row)?;
            }
            Err(_) => return Ok(false),
        }
    }
}

fn values(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Vec<Value>> {
    (first..row.as_ref().column_count()).map(|column| row.get(column)).collect()
}

/// The columns of a table's primary key.
fn key(connection: &Connection, table: &str) -> Result<Vec<String>, StoreError> {
    let mut statement =
        connection.prepare("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk")?;
    let columns = statement.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(columns)
}

/// Sees to it that the number of a row that could not be read is not given to another.
fn keep_numbers(source: &Connection, fresh: &Connection) -> Result<(), StoreError> {
    let Ok(mut statement) = source.prepare("SELECT name, seq FROM sqlite_sequence") else { return Ok(()) };
    let Ok(found) = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))) else { return Ok(()) };
    let sequences: Vec<(String, i64)> = found.map_while(Result::ok).collect();
    for (table, last) in sequences.into_iter().filter(|(_, last)| (0..LARGEST).contains(last)) {
        let known = schema::columns(fresh)?.iter().any(|(name, _)| *name == table);
        let moved =
            fresh.execute("UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1", (&table, last))?;
        if known && moved == 0 {
            fresh.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (&table, last))?;
        }
    }
    Ok(())
}

/// Takes rows out again that are not understood: one of them would keep all others from being read.
/// They are in the damaged file still.
fn drop_garbage(fresh: &Connection) -> Result<usize, StoreError> {
    let mut statement = fresh.prepare("SELECT seq FROM outbox")?;
    let all = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    let mut dropped = 0;
    for seq in all {
        if rows::by_seq(fresh, seq).is_err() {
            dropped += fresh.execute("DELETE FROM outbox WHERE seq = ?", [seq])?;
        }
    }
    Ok(dropped)
}
