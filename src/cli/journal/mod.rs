//! `journal`: the audit trail, and taking decisions back. Reading it needs no connection.

mod args;
mod back;
mod entry;
mod list;
mod show;

pub(super) use args::JournalCommand;

use super::args::Shared;
use super::{Failure, database};

/// Does what is written behind `journal`.
pub(super) fn run(shared: &Shared, command: &JournalCommand) -> Result<(), Failure> {
    match command {
        JournalCommand::List(args) => list::list(args),
        JournalCommand::Show(args) => show::run(args),
        JournalCommand::Export(args) => list::export(args),
        JournalCommand::Undo(args) => back::run(shared, args, back::Way::Undo),
        JournalCommand::Redo(args) => back::run(shared, args, back::Way::Redo),
    }
}

/// The journal; `None` where nothing was decided yet.
fn journal() -> Result<Option<crate::store::Store>, Failure> {
    database::open_existing(&crate::config::Dirs::find(super::ENV)?)
}
