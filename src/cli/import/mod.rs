//! `import`: files of traces into the workspace on this machine.

mod args;
mod tell;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub(super) use args::{FORMATS, ImportArgs};
use tell::{Settling, Teller, summary};

use super::args::Shared;
use super::serve::open;
use super::terminal::note;
use super::{ENV, Exit, Failure};
use crate::config::Dirs;
use crate::domain::text::{count, one_line};
use crate::runtime::clock::wall;
use crate::server::import::{Import, Kind, Packing, Queue, QueueError, Read, Source, Tally};
use crate::server::{Seed, Workspace, WorkspaceError};

/// How often the bar is looked after, in records.
const PACE: usize = 64;

/// Imports the files; the code says whether all of it could be read.
pub(super) fn run(shared: &Shared, args: &ImportArgs) -> Result<ExitCode, Failure> {
    refuse_servers(shared)?;
    // Where it was, and never its words: they may quote the file.
    std::panic::set_hook(Box::new(|info| {
        note(&info.location().map_or_else(String::new, |place| format!("a bug at {place}")));
    }));
    let path = args.data.clone().map_or_else(|| Dirs::find(ENV).map(|dirs| dirs.workspace()), Ok)?;
    let seed = if args.empty { Seed::Empty } else { Seed::Sample };
    let mut workspace = open(&path, seed)?;
    let queue = args.queue.as_ref().map(|name| find(&workspace, name, &args.score_configs)).transpose()?;
    let failed = |error: WorkspaceError| {
        Failure::failed(format!("cannot write to {}: {error}", path.display()))
            .with_hint("import again: what is there already is not imported twice")
    };
    let mut import = Import::begin(&mut workspace, wall()).map_err(failed)?;
    let bad = read(&mut import, args).map_err(failed)?;
    let mut settling = Settling::default();
    import.settle(|done, total| settling.at(done, total)).map_err(failed)?;
    settling.finish();
    let tally = import.tally();
    note(&summary(&tally, bad));
    if let Some(queue) = &queue {
        let added = import.enqueue(queue).map_err(failed)?;
        let there = (tally.traces + tally.known_traces).saturating_sub(added);
        let name = one_line(&queue.name);
        note(&format!("{name}: {} added, {there} in it already", count(added, "trace")));
    }
    exit(&tally, bad)
}

fn refuse_servers(shared: &Shared) -> Result<(), Failure> {
    match shared.profile.as_deref() {
        None | Some("embedded") => Ok(()),
        Some(name) => {
            Err(Failure::usage(format!("import fills the workspace on this machine, not `{name}`"))
                .with_hint("leave --profile out"))
        }
    }
}

fn find(workspace: &Workspace, name: &str, configs: &[String]) -> Result<Queue, Failure> {
    Queue::find(workspace, name, configs).map_err(|error| {
        let message = one_line(&error.to_string());
        match error {
            QueueError::NoConfigs => Failure::usage(message).with_hint(
                "make one with POST /api/public/score-configs at `tracemark serve`, or import without --queue",
            ),
            QueueError::UnknownConfig { known, .. } => {
                let hint = match known.as_slice() {
                    [] => "the workspace has none".to_owned(),
                    names => format!("there are: {}", one_line(&names.join(", "))),
                };
                Failure::new(Exit::NotFound, message).with_hint(hint)
            }
            QueueError::Workspace(_) => Failure::failed(message),
        }
    })
}

/// Reads all files; gives the number of what could not be read.
fn read(import: &mut Import<'_>, args: &ImportArgs) -> Result<usize, WorkspaceError> {
    let position = Arc::new(AtomicU64::new(0));
    let size = |file: &PathBuf| std::fs::metadata(file).map_or(0, |data| data.len());
    let mut teller = Teller::new(args.files.iter().map(size).sum(), Arc::clone(&position));
    let kind = args.format.and_then(args::Format::kind);
    for file in &args.files {
        match source(file, args.format.and_then(args::Format::packing), &position) {
            Ok(source) => read_source(import, source, file, kind, &mut teller)?,
            Err(error) => teller.unreadable(file, &format!("cannot be read: {error}")),
        }
        teller.end_of(file);
    }
    Ok(teller.finish())
}

fn source(file: &Path, packing: Option<Packing>, position: &Arc<AtomicU64>) -> io::Result<Source> {
    if file == Path::new("-") {
        return Source::stream(Box::new(io::stdin()), packing, position);
    }
    Source::file(file, packing, position)
}

fn read_source(
    import: &mut Import<'_>,
    source: Source,
    file: &Path,
    kind: Option<Kind>,
    teller: &mut Teller,
) -> Result<(), WorkspaceError> {
    let mut records = 0;
    for read in source {
        records += 1;
        match read {
            Read::Record(record) => {
                let mut rows = record.rows(kind);
                for what in std::mem::take(&mut rows.bad) {
                    teller.bad(file, &crate::server::import::Bad { place: record.place, what });
                }
                import.take(rows)?;
            }
            Read::Bad(bad) | Read::Broken(bad) => teller.bad(file, &bad),
        }
        if records % PACE == 0 {
            teller.advance();
        }
    }
    if records == 0 {
        teller.unreadable(file, "there is nothing in it");
    }
    teller.advance();
    Ok(())
}

fn exit(tally: &Tally, bad: usize) -> Result<ExitCode, Failure> {
    if bad == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    if *tally == Tally::default() {
        return Err(
            Failure::failed("nothing could be read").with_hint("`tracemark import --help` shows the formats")
        );
    }
    Err(Failure::new(Exit::Partly, format!("{} could not be read", count(bad, "record"))))
}
