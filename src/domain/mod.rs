//! The things reviewers work with, as plain values: no serialisation, no I/O, no clock.
//!
//! Everything above this layer translates into these types at its edge: [`crate::api`] from the
//! wire, [`crate::store`] from SQLite, [`crate::content`] from payload text.

mod comment;
mod config;
mod decision;
mod evaluator;
mod ids;
mod look;
mod queue;
pub mod rows;
mod score;
mod shard;
mod subject;
pub mod text;
mod time;
mod trace;
mod worklist;
mod write;

pub use comment::{COMMENT_UNITS, Comment};
pub use config::{Category, Refusal, ScoreConfig, TEXT_UNITS};
pub use decision::{Decision, GIVEN_UP, Made, NOTHING_TO_SEND, Origin, Undone, WriteState, Written};
pub use evaluator::{Evaluator, Filling, Judge, Message, Part, Program, Scale, Verdict, Work, verdict_id};
pub use ids::{
    CommentId, ConfigId, ItemId, ObservationId, ProjectId, QueueId, ScoreId, SessionId, TraceId, UserId,
};
pub use look::LastLook;
pub use queue::{Counts, Independent, Item, ItemStatus, Object, ObjectKind, Queue};
pub use score::{DataType, Score, Source, Target, Value, score_id};
pub use shard::{NotAShard, Shard};
pub use subject::{Subject, SubjectHeader};
pub use time::{Now, ago, clock, duration};
pub use trace::{Level, Observation, ObservationType, TreeRow, Usage, branches, flatten};
pub use worklist::{Next, PAGE, Worklist};
pub use write::{CommentWrite, DatasetItemWrite, ScoreWrite, Write, WriteKind};
