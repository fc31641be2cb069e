//! What can be written behind `journal`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::output::OutputArgs;
use crate::domain::WriteState;

const FIELDS_HELP: &str = "\
Fields of json, jsonl and csv:
  seq            number of the entry, for `journal show`
  at             when it was decided (UTC)
  annotator      who decided
  host, project  where
  queue_id, item_id, about
                 on which item, and what it was called then
  kind           score, delete_score, comment, status, add_item, remove_item, dataset_item,
                 delete_dataset_item or flag
  target         what it is about: trace/ID, observation/TRACE/ID, session/ID, item/QUEUE/ID, …
  name           the score's or dataset's name
  old, new       the value before and after; empty where there is none
  comment        a score's or a flag's reason, or the comment
  state          held, pending, sending, sent, confirmed, refused, conflict or replaced
  undone         whether it was undone later
  origin, of_seq decision, undo or redo, and the entry that was undone or done again
  attempts       how often it was tried to send it
  sent_at        when the server took it
  on_screen_ms   how long the item had been on screen
  server_answer  what the server said last, or why it was not sent
  server_id      the id the server gave to what was made

Needs no connection and changes nothing.";

/// The commands on the journal.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum JournalCommand {
    /// List decisions, the last one first.
    #[command(after_help = FIELDS_HELP)]
    List(ListArgs),
    /// Show an entry and all that was decided about the same thing.
    Show(ShowArgs),
    /// Write the whole journal, the oldest decision first.
    #[command(after_help = FIELDS_HELP)]
    Export(ExportArgs),
    /// Undo your last decision that still stands.
    #[command(after_help = UNDO_HELP)]
    Undo(BackArgs),
    /// Do the decision again that was undone last.
    #[command(after_help = UNDO_HELP)]
    Redo(BackArgs),
}

const UNDO_HELP: &str = "\
What the server has already is changed back by the next sending: by the program that is running, or \
by `tracemark sync`. A comment that was sent cannot be taken back.

Exit codes: 0 done; 1 it cannot be undone, or was not wanted; 4 there is nothing to undo or redo.";

/// Which entries.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct FilterArgs {
    /// Decided since: 2h, 3d, today, 2026-11-24, 2026-11-24T10:00.
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,
    /// Decided in this queue.
    #[arg(long, value_name = "ID")]
    pub(super) queue: Option<String>,
    /// Decided by this person.
    #[arg(long, value_name = "NAME")]
    pub(super) annotator: Option<String>,
    /// In one of these states.
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    pub(super) state: Vec<StateArg>,
    /// On this server only: its address, or `embedded`.
    #[arg(long, value_name = "URL")]
    pub(super) host: Option<String>,
    /// In this project only.
    #[arg(long, value_name = "ID")]
    pub(super) project: Option<String>,
}

/// States, and groups of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum StateArg {
    /// Held, pending or sending.
    Unsent,
    /// Refused or conflict: waits for you.
    Parked,
    /// Saved here, not released yet.
    Held,
    /// Waits to be sent.
    Pending,
    /// Being sent.
    Sending,
    /// Sent, not seen back yet.
    Sent,
    /// At the server.
    Confirmed,
    /// The server will not have it.
    Refused,
    /// Someone else completed the item first.
    Conflict,
    /// Never sent.
    Replaced,
    /// Undone later, in whatever state.
    Undone,
}

impl StateArg {
    /// The states meant; none for what is none.
    pub(super) fn states(self) -> &'static [WriteState] {
        match self {
            Self::Unsent => &[WriteState::Held, WriteState::Pending, WriteState::Sending],
            Self::Parked => &[WriteState::Refused, WriteState::Conflict],
            Self::Held => &[WriteState::Held],
            Self::Pending => &[WriteState::Pending],
            Self::Sending => &[WriteState::Sending],
            Self::Sent => &[WriteState::Sent],
            Self::Confirmed => &[WriteState::Confirmed],
            Self::Refused => &[WriteState::Refused],
            Self::Conflict => &[WriteState::Conflict],
            Self::Replaced => &[WriteState::Replaced],
            Self::Undone => &[],
        }
    }
}

/// How to list.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    #[command(flatten)]
    pub(super) filter: FilterArgs,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(super) limit: usize,
    /// All of them.
    #[arg(long, conflicts_with = "limit")]
    pub(super) all: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// What to show.
#[derive(Debug, Args)]
pub(in crate::cli) struct ShowArgs {
    /// Number of the entry.
    pub(super) seq: i64,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// How to export.
#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    #[command(flatten)]
    pub(super) filter: FilterArgs,
    /// Format.
    #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
    pub(super) output: ExportFormat,
    /// Write to this file, which is replaced once all is written; readable by you alone.
    #[arg(long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
}

/// Formats of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExportFormat {
    /// One object a line.
    Jsonl,
    /// RFC 4180 with a header line.
    Csv,
}

/// How to undo or redo.
#[derive(Debug, Args)]
pub(in crate::cli) struct BackArgs {
    /// Whose decision; yours if not given.
    #[arg(long, value_name = "NAME")]
    pub(super) annotator: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    pub(super) yes: bool,
}
