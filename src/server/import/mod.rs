//! Import: files of traces become rows of the workspace.
//!
//! A file is a sequence of records, however it is packed: [`Source`] unpacks them one by one,
//! [`Kind`] says what a record is, `rows` turns it into rows, and [`Import`] merges those into the
//! workspace, many to a short transaction. What a record leaves out stays as it was stored, so that
//! importing twice changes nothing.

mod chat;
mod columns;
mod fields;
mod json;
mod kind;
mod langfuse;
mod merge;
mod queue;
mod scores;
mod settle;
mod source;
mod spans;
mod table;
mod write;

#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::server::ingest::ExperimentPart;
use crate::server::traces::row::{Observation, Trace};

pub use kind::Kind;
pub use queue::{Queue, QueueError};
pub use source::{Packing, Read, Source};
pub use write::{Import, Tally};

/// Longest record, in bytes, that is read; one record is held in memory as a whole.
pub const MOST_BYTES: usize = 64 << 20;

/// Where in a file something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A line, from one.
    Line(u64),
    /// A row of a table without lines, from one.
    Row(u64),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(n) => write!(f, "line {n}"),
            Self::Row(n) => write!(f, "row {n}"),
        }
    }
}

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// Where it is.
    pub place: Place,
    /// What is wrong with it. May quote it: not for a terminal as it is.
    pub what: String,
}

/// A record of a file, unpacked.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Where it is.
    pub place: Place,
    /// What it says.
    pub value: Value,
}

/// The rows that records become.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Rows {
    pub(in crate::server) traces: Vec<Trace>,
    pub(in crate::server) observations: Vec<Observation>,
    pub(in crate::server) scores: Vec<scores::Score>,
    /// Which of the observations belong to experiments.
    pub(in crate::server) experiments: Vec<ExperimentPart>,
    /// What could not be read of a record that was otherwise fine.
    pub bad: Vec<String>,
}

impl Rows {
    /// Whether nothing came of it.
    pub fn is_empty(&self) -> bool {
        self.traces.is_empty() && self.observations.is_empty() && self.scores.is_empty()
    }
}

impl Record {
    /// The rows it becomes, as what it says it is or as what it is said to be.
    pub fn rows(&self, kind: Option<Kind>) -> Rows {
        let mut rows = Rows::default();
        kind::collect(&mut rows, &self.value, kind);
        rows
    }
}
