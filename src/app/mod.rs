//! The state of the program and how it changes.
//!
//! [`update`] is the only place where the [`Model`] changes. It takes a [`Msg`] and the time and
//! answers with [`Effect`]s for the runtime; it does no I/O and never waits.

mod ahead;
mod amending;
mod asking;
mod browse;
mod commands;
mod connection;
mod dispatch;
mod drafts;
mod editor;
mod effect;
pub mod geometry;
mod given;
mod help;
mod item;
mod leaving;
mod listing;
mod local;
mod modal;
mod model;
mod moving;
mod msg;
mod open;
mod reading;
mod review;
mod rubric;
#[cfg(test)]
mod tests;
mod turning;
mod unsent;
mod viewing;
mod waiting;
mod worded;
mod writing;

pub use ahead::Typed;
pub use asking::{Asked, Question};
pub use browse::{Browse, Filter, Items, item_rows, queue_rows};
pub use dispatch::{contexts, update};
pub use editor::Editor;
pub use effect::{Doc, DocKey, DocSource, Effect, FetchPage, RecordToken, Wanted};
pub use given::{belongs, who};
pub use help::{HelpRow, help_rows};
pub use item::{ItemData, Load, Mine, Progress, progress};
pub use leaving::{Leaving, before_leaving};
pub use modal::{Modal, Prompt, PromptFor, Purpose, Showing, TextForm, Viewer};
pub use model::{Connection, Model, Notice, Screen, Start};
pub use msg::{Failure, Label, LocalState, Msg, Part, Pause, ServerInfo, Why};
pub use open::{Standing, completed_when};
pub use reading::{comments_key, content_key, given_key, info_key, tree_len, visible_tree};
pub use review::{Done, Find, Review};
pub use rubric::describe_write;
pub use unsent::{UnsentList, about_write, overtaken, stands, unsent_writes, write_key};
