//! Reading the audit trail across servers and projects, a page at a time: constant memory and no
//! long read that would keep the write-ahead log from being worked off, however many rows there are.

use std::ops::ControlFlow;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

use super::rows::{self, UNDONE, state_name, text};
use super::{Scope, Store, StoreError};
use crate::domain::{Origin, QueueId, WriteState, Written};

/// Rows read at a time.
const PAGE: usize = 500;
/// Most rows told about one decision.
const CHAIN: usize = 200;

/// A row of the trail with whose data it is.
#[derive(Debug, Clone, PartialEq)]
pub struct TrailEntry {
    /// Server and project.
    pub scope: Scope,
    /// The decision and what became of it.
    pub row: Written,
}

/// Which rows are wanted; nothing said means all.
#[derive(Debug, Clone, Default)]
pub struct TrailFilter {
    /// The server, as in [`Scope::host`].
    pub host: Option<String>,
    /// The project.
    pub project: Option<String>,
    /// Decided at this time or later.
    pub since: Option<Timestamp>,
    /// Decided in this queue.
    pub queue: Option<QueueId>,
    /// Decided by this person.
    pub annotator: Option<String>,
    /// In one of these states; empty: in any.
    pub states: Vec<WriteState>,
    /// Only what was undone.
    pub undone: bool,
    /// At most so many.
    pub limit: Option<usize>,
}

/// The order in which rows are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrailOrder {
    /// As decided.
    OldestFirst,
    /// The last decision first.
    NewestFirst,
}

impl Store {
    /// Tells the rows that fit one by one, until told to stop. A row that cannot be read is told as
    /// an error and does not hide the others.
    ///
    /// # Errors
    /// When the database fails.
    pub fn trail(
        &self,
        filter: &TrailFilter,
        order: TrailOrder,
        mut each: impl FnMut(Result<TrailEntry, StoreError>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut left = filter.limit.unwrap_or(usize::MAX);
        let mut last = None;
        while left > 0 {
            let wanted = left.min(PAGE);
            let page = page(&self.connection, filter, order, last, wanted)?;
            let full = page.len() == wanted;
            left -= page.len();
            for (seq, entry) in page {
                last = Some(seq);
                if each(entry).is_break() {
                    return Ok(());
                }
            }
            if !full {
                break;
            }
        }
        Ok(())
    }

    /// The row with this number, in any project.
    ///
    /// # Errors
    /// When the database fails or the row cannot be read.
    pub fn trail_entry(&self, seq: i64) -> Result<Option<TrailEntry>, StoreError> {
        let sql = format!("SELECT {}, host, project FROM outbox WHERE seq = ?", rows::COLUMNS);
        let found = self.connection.prepare_cached(&sql)?.query_row([seq], read).optional()?;
        found.map(|(_, entry)| entry).transpose()
    }

    /// Everything decided about the same thing, and what undid it or did it again, oldest first.
    /// Contains the row itself.
    ///
    /// # Errors
    /// When the database fails or a row cannot be read.
    pub fn trail_chain(&self, entry: &TrailEntry) -> Result<Vec<Written>, StoreError> {
        let TrailEntry { scope, row } = entry;
        let root = match row.origin {
            Origin::Decision => row.seq,
            Origin::Undo(of) | Origin::Redo(of) => of,
        };
        let limit = i64::try_from(CHAIN).unwrap_or(i64::MAX);
        let thing = row.write.thing();
        let mut chain = rows::select(
            &self.connection,
            "seq IN (SELECT seq FROM outbox
                     WHERE host = ?1 AND project = ?2 AND (thing = ?3 OR seq IN (?4, ?5) OR of_seq = ?5)
                     ORDER BY seq DESC LIMIT ?6) ORDER BY seq",
            rusqlite::params![scope.host, scope.project.as_str(), thing, row.seq, root, limit],
        )?;
        // Too far back to be among the last ones.
        if chain.iter().all(|other| other.seq != row.seq) {
            chain.insert(0, row.clone());
        }
        Ok(chain)
    }

    /// How many decisions each project has that were not sent yet.
    ///
    /// # Errors
    /// When the database fails.
    pub fn unsent_by_scope(&self) -> Result<Vec<(Scope, usize)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT host, project, count(*) FROM outbox WHERE state IN ('held', 'pending', 'sending')
             GROUP BY host, project ORDER BY host, project",
        )?;
        let found = statement.query_map([], |row| {
            let scope = Scope { host: row.get(0)?, project: row.get::<_, String>(1)?.into() };
            Ok((scope, usize::try_from(row.get::<_, i64>(2)?).unwrap_or(0)))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// The projects of a server that anything was decided in.
    ///
    /// # Errors
    /// When the database fails.
    pub fn projects_of(&self, host: &str) -> Result<Vec<Scope>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT DISTINCT project FROM outbox WHERE host = ? ORDER BY 1")?;
        let found = statement.query_map([host], |row| row.get::<_, String>(0))?;
        let scope = |project: String| Scope { host: host.to_owned(), project: project.into() };
        Ok(found.map(|project| project.map(scope)).collect::<Result<_, _>>()?)
    }

    /// The queues anything was decided in.
    ///
    /// # Errors
    /// When the database fails.
    pub fn decided_queues(&self) -> Result<Vec<QueueId>, StoreError> {
        let sql = "SELECT DISTINCT queue FROM outbox WHERE queue IS NOT NULL ORDER BY queue";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(found.map(|id| id.map(QueueId::from)).collect::<Result<_, _>>()?)
    }
}

type Read = (i64, Result<TrailEntry, StoreError>);

fn read(row: &Row<'_>) -> rusqlite::Result<Read> {
    let (seq, written) = rows::read(row)?;
    let scope = Scope { host: row.get("host")?, project: row.get::<_, String>("project")?.into() };
    Ok((seq, written.map(|row| TrailEntry { scope, row })))
}

/// The next rows that fit, after the row `last`.
fn page(
    connection: &Connection,
    filter: &TrailFilter,
    order: TrailOrder,
    last: Option<i64>,
    limit: usize,
) -> Result<Vec<Read>, StoreError> {
    let (direction, beyond) = match order {
        TrailOrder::OldestFirst => ("ASC", "seq > ?"),
        TrailOrder::NewestFirst => ("DESC", "seq < ?"),
    };
    let (mut conditions, mut values) = conditions(filter);
    if let Some(last) = last {
        conditions.push(beyond.to_owned());
        values.push(Value::from(last));
    }
    values.push(Value::from(i64::try_from(limit).unwrap_or(i64::MAX)));
    let sql = format!(
        "SELECT {}, host, project FROM outbox WHERE {} ORDER BY seq {direction} LIMIT ?",
        rows::COLUMNS,
        if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") },
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(params_from_iter(values), read)?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// What a filter says as conditions, and the values in them.
fn conditions(filter: &TrailFilter) -> (Vec<String>, Vec<Value>) {
    let TrailFilter { host, project, since, queue, annotator, states, undone, limit: _ } = filter;
    let given = [
        ("host = ?", host.clone()),
        ("project = ?", project.clone()),
        ("created_at >= ?", since.map(text)),
        ("queue = ?", queue.as_ref().map(|queue| queue.as_str().to_owned())),
        ("annotator = ?", annotator.clone()),
        ("undo = ?", undone.then(|| UNDONE.to_owned())),
    ];
    let given =
        given.into_iter().filter_map(|(condition, value)| Some((condition.to_owned(), value?.into())));
    let (mut conditions, values): (Vec<String>, Vec<Value>) = given.unzip();
    if !states.is_empty() {
        let names: Vec<String> = states.iter().map(|state| format!("'{}'", state_name(*state))).collect();
        conditions.push(format!("state IN ({})", names.join(", ")));
    }
    (conditions, values)
}
