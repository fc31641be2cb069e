//! Writing rows: collected into batches, merged into what is stored, one short transaction each.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, TransactionBehavior, params};

use super::{Rows, merge, settle};
use crate::server::data::value::iso;
use crate::server::data::workspace::{Workspace, WorkspaceError};
use crate::server::traces::row::{Observation, Trace};

/// A batch is written when it has so many rows or so many bytes of payload.
const BATCH_ROWS: usize = 500;
const BATCH_BYTES: usize = 4 << 20;

/// Traces of this import: in the order they came, whether the file had the trace itself, and
/// whether it was there before. On disk, since there may be millions.
const TOUCHED: &str = "CREATE TEMP TABLE touched (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, given INTEGER NOT NULL, known INTEGER NOT NULL)";

/// What an import did, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Traces that were not there.
    pub traces: usize,
    /// Traces that were there.
    pub known_traces: usize,
    /// Observations that were not there.
    pub observations: usize,
    /// Observations that were there and say something else now.
    pub changed_observations: usize,
    /// Observations that were there just as they are.
    pub known_observations: usize,
    /// Scores that were not there.
    pub scores: usize,
    /// Scores that were there.
    pub known_scores: usize,
}

impl Tally {
    /// Whether something is there that was not.
    pub fn is_news(&self) -> bool {
        self.traces + self.observations + self.scores > 0
    }
}

/// An import under way. It has to be finished with [`Import::settle`].
#[derive(Debug)]
pub struct Import<'a> {
    pub(super) db: &'a mut Connection,
    pub(super) now: Timestamp,
    waiting: Rows,
    bytes: usize,
    /// Times given to rows without one; each gets the next millisecond, so that their order stays.
    undated: i64,
    tally: Tally,
}

impl<'a> Import<'a> {
    /// Begins to fill a workspace.
    pub fn begin(workspace: &'a mut Workspace, now: Timestamp) -> Result<Self, WorkspaceError> {
        let db = &mut workspace.db;
        db.execute_batch(&format!("DROP TABLE IF EXISTS temp.touched; {TOUCHED}"))?;
        Ok(Self { db, now, waiting: Rows::default(), bytes: 0, undated: 0, tally: Tally::default() })
    }

    /// Takes the rows of a record. They are written with the next batch.
    pub fn take(&mut self, rows: Rows) -> Result<(), WorkspaceError> {
        let length = |payload: &Option<String>| payload.as_ref().map_or(0, String::len);
        self.bytes += rows.observations.iter().map(|o| length(&o.input) + length(&o.output)).sum::<usize>();
        self.bytes += rows.traces.iter().map(|t| length(&t.input) + length(&t.output)).sum::<usize>();
        self.waiting.traces.extend(rows.traces);
        self.waiting.observations.extend(rows.observations);
        self.waiting.scores.extend(rows.scores);
        self.waiting.experiments.extend(rows.experiments);
        let waiting = &self.waiting;
        let count = waiting.traces.len() + waiting.observations.len() + waiting.scores.len();
        if count >= BATCH_ROWS || self.bytes >= BATCH_BYTES { self.write() } else { Ok(()) }
    }

    /// What was done so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    fn write(&mut self) -> Result<(), WorkspaceError> {
        let rows = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let (now, mut tally, mut undated) = (self.now, self.tally, self.undated);
        let mut next = || {
            undated += 1;
            now.checked_add(SignedDuration::from_millis(undated)).map_or_else(|_| iso(now), iso)
        };
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for trace in rows.traces {
            touch(&tx, &mut tally, &trace.id, true)?;
            save_trace(&tx, trace, &mut next)?;
        }
        for observation in rows.observations {
            touch(&tx, &mut tally, &observation.trace_id, false)?;
            save_observation(&tx, &mut tally, observation, &mut next)?;
        }
        for part in rows.experiments {
            part.save(&tx)?;
        }
        for score in rows.scores {
            let added = score.save(&tx, &iso(now))?;
            *if added { &mut tally.scores } else { &mut tally.known_scores } += 1;
        }
        tx.commit()?;
        (self.tally, self.undated) = (tally, undated);
        Ok(())
    }

    /// Writes what is left and puts the traces together: what a trace lacks comes from its
    /// observations, and the other way round. Says how many of how many are done.
    pub fn settle(&mut self, mut told: impl FnMut(usize, usize)) -> Result<(), WorkspaceError> {
        self.write()?;
        let total: i64 = self.db.query_row("SELECT count(*) FROM touched", [], |r| r.get(0))?;
        let total = usize::try_from(total).unwrap_or_default();
        let (mut last, mut done) = (0, 0);
        loop {
            let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let traces = touched(&tx, last)?;
            let Some(end) = traces.last().map(|trace| trace.seq) else { return Ok(()) };
            for trace in &traces {
                settle::trace(&tx, &trace.id, trace.given)?;
            }
            tx.commit()?;
            (last, done) = (end, done + traces.len());
            told(done, total);
        }
    }
}

struct Touched {
    seq: i64,
    id: String,
    given: bool,
}

/// The traces that come after `last`.
fn touched(db: &Connection, last: i64) -> rusqlite::Result<Vec<Touched>> {
    let sql = "SELECT seq, id, given FROM touched WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let limit = i64::try_from(BATCH_ROWS).unwrap_or(i64::MAX);
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement
        .query_map([last, limit], |r| Ok(Touched { seq: r.get(0)?, id: r.get(1)?, given: r.get(2)? }))?;
    rows.collect()
}

/// Notes a trace, and whether it was there before the first row of this import.
fn touch(db: &Connection, tally: &mut Tally, id: &str, given: bool) -> rusqlite::Result<()> {
    let sql = "INSERT INTO touched (id, given, known) VALUES (?1, ?2,
            EXISTS (SELECT 1 FROM traces WHERE id = ?1) OR EXISTS (SELECT 1 FROM observations WHERE trace_id = ?1))
        RETURNING known";
    let again = "UPDATE touched SET given = given OR ?2 WHERE id = ?1";
    if db.prepare_cached(again)?.execute(params![id, given])? == 0 {
        let known: bool = db.prepare_cached(sql)?.query_row(params![id, given], |r| r.get(0))?;
        *if known { &mut tally.known_traces } else { &mut tally.traces } += 1;
    }
    Ok(())
}

fn save_trace(db: &Connection, mut trace: Trace, now: &mut impl FnMut() -> String) -> rusqlite::Result<()> {
    let old = Trace::load(db, &trace.id)?;
    if let Some(old) = &old {
        merge::trace(&mut trace, old);
    }
    let now = if trace.timestamp.is_empty() || trace.created_at.is_empty() { now() } else { String::new() };
    merge::complete_trace(&mut trace, &now);
    if old.as_ref() == Some(&trace) { Ok(()) } else { trace.save(db) }
}

fn save_observation(
    db: &Connection,
    tally: &mut Tally,
    mut row: Observation,
    now: &mut impl FnMut() -> String,
) -> rusqlite::Result<()> {
    let old = Observation::load(db, &row.trace_id, &row.id)?;
    if let Some(old) = &old {
        merge::observation(&mut row, old);
    }
    let now = if row.start_time.is_empty() || row.created_at.is_empty() { now() } else { String::new() };
    merge::complete_observation(&mut row, &now);
    let count = match &old {
        None => &mut tally.observations,
        Some(old) if *old == row => &mut tally.known_observations,
        Some(_) => &mut tally.changed_observations,
    };
    *count += 1;
    if old.as_ref() == Some(&row) { Ok(()) } else { row.save(db) }
}
