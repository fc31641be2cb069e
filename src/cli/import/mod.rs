//! `import`: files of traces into the workspace on this machine.

mod args;
mod files;
mod tell;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use args::Format;
pub(super) use args::{FORMATS, ImportArgs};
use tell::{Settling, Teller, next_step, summary};

use super::args::Shared;
use super::serve::open;
use super::terminal::note;
use super::{ENV, Exit, Failure};
use crate::config::Dirs;
use crate::domain::text::{count, one_line};
use crate::runtime::clock::wall;
use crate::server::import::{Bad, Import, Kind, Packing, Queue, QueueError, Read, Source, Tally};
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
    if tally == Tally::default() {
        return exit(&tally, bad);
    }
    note(&summary(&tally, bad));
    if let Some(queue) = &queue {
        let added = import.enqueue(queue).map_err(failed)?;
        let there = (tally.traces + tally.known_traces).saturating_sub(added);
        let name = one_line(&queue.name);
        note(&format!("{name}: {} added, {there} in it already", count(added, "trace")));
    }
    if tally.is_news() {
        note(&next_step(queue.as_ref().map(|queue| queue.name.as_str()), args.data.as_deref()));
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
    let found: Vec<_> = args.files.iter().map(|path| (path, files::of(path))).collect();
    let position = Arc::new(AtomicU64::new(0));
    let size = |file: &PathBuf| std::fs::metadata(file).map_or(0, |data| data.len());
    let total = found.iter().flat_map(|(_, files)| files.iter().flatten()).map(size).sum();
    let mut teller = Teller::new(total, Arc::clone(&position));
    for (path, files) in &found {
        match files {
            Ok(files) => {
                for file in files {
                    read_file(import, file, args.format, &position, &mut teller)?;
                }
            }
            Err(error) => teller.unreadable(path, &error.to_string()),
        }
    }
    Ok(teller.finish())
}

fn read_file(
    import: &mut Import<'_>,
    file: &Path,
    format: Option<Format>,
    position: &Arc<AtomicU64>,
    teller: &mut Teller,
) -> Result<(), WorkspaceError> {
    match source(file, format.and_then(Format::packing), position) {
        Ok(source) => read_source(import, source, file, format.and_then(Format::kind), teller)?,
        Err(error) => teller.unreadable(file, &error.to_string()),
    }
    teller.end_of(file);
    Ok(())
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
    let mut is_empty = true;
    for (n, read) in source.enumerate() {
        match read {
            Read::Record(record) => {
                let mut rows = record.rows(kind);
                is_empty &= rows.is_empty() && rows.bad.is_empty();
                for what in std::mem::take(&mut rows.bad) {
                    teller.bad(file, &Bad { place: record.place, what });
                }
                import.take(rows)?;
            }
            Read::Bad(bad) | Read::Broken(bad) => {
                is_empty = false;
                teller.bad(file, &bad);
            }
        }
        if n % PACE == 0 {
            teller.advance();
        }
    }
    if is_empty {
        teller.empty(file);
    }
    teller.advance();
    Ok(())
}

fn exit(tally: &Tally, bad: usize) -> Result<ExitCode, Failure> {
    let formats = "`tracemark import --help` shows the formats";
    match (*tally == Tally::default(), bad) {
        (false, 0) => Ok(ExitCode::SUCCESS),
        (false, _) => Err(Failure::new(Exit::Partly, format!("{} could not be read", count(bad, "record")))),
        (true, 0) => Err(Failure::failed("there is nothing to import").with_hint(formats)),
        (true, _) => Err(Failure::failed("nothing could be read").with_hint(formats)),
    }
}
