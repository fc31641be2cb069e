//! `journal undo` and `journal redo`.

use std::path::Path;

use super::args::BackArgs;
use crate::cli::args::Shared;
use crate::cli::terminal::{can_ask, confirm, note};
use crate::cli::{Exit, Failure, connector, database, load, place, words};
use crate::domain::{Undone, Write, Written, text};
use crate::runtime::clock::wall;
use crate::runtime::rouse;
use crate::store::{Scope, SenderLock, Store, StoreError};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Undo,
    Redo,
}

impl Way {
    fn verb(self) -> &'static str {
        match self {
            Self::Undo => "undo",
            Self::Redo => "redo",
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Undo => "undid",
            Self::Redo => "did again",
        }
    }

    fn next(self, store: &Store, scope: &Scope, annotator: &str) -> Result<Option<Written>, StoreError> {
        match self {
            Self::Undo => store.next_undo(scope, annotator),
            Self::Redo => store.next_redo(scope, annotator),
        }
    }

    /// Does it, and releases what comes of it: nobody goes on to review here.
    fn go(self, store: &mut Store, scope: &Scope, annotator: &str) -> Result<Undone, StoreError> {
        let turned = match self {
            Self::Undo => store.undo(scope, annotator, false, wall())?,
            Self::Redo => store.redo(scope, annotator, wall())?,
        };
        store.release(scope, None, None, wall())?;
        Ok(turned)
    }
}

/// Shows what is about to be undone or done again, asks, and does it.
pub(super) fn run(shared: &Shared, args: &BackArgs, way: Way) -> Result<(), Failure> {
    let config = load(shared, args.annotator.as_deref(), false)?;
    let annotator = config.annotator.as_str();
    let nothing = || {
        let message = format!("there is nothing to {} for {annotator}", way.verb());
        Failure::new(Exit::NotFound, message).with_hint("`tracemark journal list` shows all decisions")
    };
    let mut store = database::open_existing(&config.dirs)?.ok_or_else(nothing)?;
    let scope = place::project(&store, &connector(&config, shared.insecure_http))?.ok_or_else(nothing)?;
    let candidate = way.next(&store, &scope, annotator)?.ok_or_else(nothing)?;
    if !is_final(&candidate, way) {
        agree(args.yes, way, &candidate)?;
        let still = way.next(&store, &scope, annotator)?;
        if still.as_ref().map(|row| row.seq) != Some(candidate.seq) {
            return Err(Failure::failed("something else was decided meanwhile; nothing was changed"));
        }
    }
    let turned = way.go(&mut store, &scope, annotator)?;
    tell(way, &turned, &config.dirs.database())
}

/// A comment that the server has, or may have, stays.
fn is_final(row: &Written, way: Way) -> bool {
    way == Way::Undo && matches!(row.write, Write::Comment(_)) && !row.is_untried() && !row.is_parked()
}

fn agree(yes: bool, way: Way, candidate: &Written) -> Result<(), Failure> {
    let what = named(candidate);
    if yes {
        return Ok(());
    }
    if !can_ask() {
        let message = format!("to {} {what} must be confirmed, and nobody can be asked", way.verb());
        return Err(Failure::usage(message).with_hint("add --yes"));
    }
    let question = match way {
        Way::Undo => format!("Undo {what}?"),
        Way::Redo => format!("Do again {what}?"),
    };
    if confirm(&question)? { Ok(()) } else { Err(Failure::failed("nothing was changed")) }
}

/// The decision and its item: `tone: warm → rude on support-chat 12`.
fn named(row: &Written) -> String {
    format!("{} on {}", text::fit(&words::change(row), 100), text::fit(words::item(row), 60))
}

fn tell(way: Way, turned: &Undone, database: &Path) -> Result<(), Failure> {
    match turned {
        Undone::Nothing => Err(Failure::new(Exit::NotFound, format!("there is nothing to {}", way.verb()))),
        Undone::Done { decision, sends } => {
            note(&format!("{} {}", way.done(), named(decision)));
            if *sends {
                note(who_sends(database));
            }
            Ok(())
        }
        Undone::TooLate(decision) => {
            let what = named(decision);
            Err(Failure::failed(format!("{what} is at the server and cannot be taken back"))
                .with_hint("the same command again goes on with the decision before it"))
        }
        Undone::NotYet(decision) => {
            let what = named(decision);
            Err(Failure::failed(format!("the server has not said yet what came of {what}"))
                .with_hint("repeat this once it is sent; `tracemark sync` sends"))
        }
    }
}

/// Wakes the program that sends, if there is one.
fn who_sends(database: &Path) -> &'static str {
    match SenderLock::acquire(database) {
        Ok(None) => {
            rouse(database);
            "the program that is running sends it"
        }
        _ => "`tracemark sync` sends it, and so does the next start",
    }
}
