//! `journal list` and `journal export`.

use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use jiff::tz::TimeZone;
use tempfile::NamedTempFile;

use super::args::{ExportArgs, ExportFormat, FilterArgs, ListArgs};
use super::entry::{Entry, FIELDS};
use super::journal;
use crate::cli::output::{Format, Sink, to_stdout};
use crate::cli::table::{table, terminal_width};
use crate::cli::terminal::{note, print};
use crate::cli::{Exit, Failure, when, words};
use crate::domain::{Written, duration};
use crate::runtime::clock::wall;
use crate::store::{Store, StoreError, TrailEntry, TrailFilter, TrailOrder};

/// The columns of the table.
const COLUMNS: &[&str] = &["seq", "at", "who", "item", "decision", "state", "on screen"];

/// Lists decisions, the last one first.
pub(super) fn list(args: &ListArgs) -> Result<(), Failure> {
    let zone = TimeZone::system();
    let limit = (!args.all).then_some(args.limit);
    let filter = TrailFilter { limit, ..filter(&args.filter, &zone)? };
    let format = args.output.format();
    let store = journal()?;
    if let Some(store) = &store {
        known_queue(store, &filter)?;
    }
    if format != Format::Table {
        let mut sink = to_stdout(format, FIELDS);
        let bad = fill(store.as_ref(), &filter, TrailOrder::NewestFirst, &mut sink)?;
        sink.finish()?;
        return unreadable(&bad);
    }
    let mut rows = Vec::new();
    let bad = each(store.as_ref(), &filter, TrailOrder::NewestFirst, |entry| {
        rows.push(cells(&entry.row, &zone));
        Ok(ControlFlow::Continue(()))
    })?;
    if rows.is_empty() {
        note("no such decision is in the journal");
    } else {
        print(&table(COLUMNS, &rows, terminal_width()))?;
    }
    if limit == Some(rows.len()) {
        note(&format!("the last {}; --limit or --all shows more", rows.len()));
    }
    unreadable(&bad)
}

/// Writes all decisions, the oldest first.
pub(super) fn export(args: &ExportArgs) -> Result<(), Failure> {
    let filter = filter(&args.filter, &TimeZone::system())?;
    let format = match args.output {
        ExportFormat::Jsonl => Format::Jsonl,
        ExportFormat::Csv => Format::Csv,
    };
    let store = journal()?;
    if let Some(store) = &store {
        known_queue(store, &filter)?;
    }
    let Some(path) = &args.file else {
        let mut sink = to_stdout(format, FIELDS);
        let bad = fill(store.as_ref(), &filter, TrailOrder::OldestFirst, &mut sink)?;
        sink.finish()?;
        return unreadable(&bad);
    };
    let failed =
        |error: &dyn std::fmt::Display| Failure::failed(format!("cannot write {}: {error}", path.display()));
    let file = beside(path).map_err(|error| failed(&error))?;
    let mut sink = Sink::new(file, format, FIELDS);
    let bad = fill(store.as_ref(), &filter, TrailOrder::OldestFirst, &mut sink)?;
    let (n, file) = sink.finish()?;
    let Some(file) = file else { return Err(failed(&"it is gone")) };
    persist(file, path).map_err(|error| failed(&error))?;
    note(&format!("{} written to {}", words::count(n, "decision"), path.display()));
    unreadable(&bad)
}

/// A new file in the same directory, readable by its owner only.
fn beside(path: &Path) -> std::io::Result<NamedTempFile<File>> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))
}

fn persist(file: NamedTempFile<File>, path: &Path) -> std::io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// What the command line says about which entries, except for their number.
fn filter(args: &FilterArgs, zone: &TimeZone) -> Result<TrailFilter, Failure> {
    let since = args.since.as_deref().map(|text| when::since(text, wall(), zone)).transpose();
    Ok(TrailFilter {
        host: args.host.as_ref().map(|host| host.trim_end_matches('/').to_owned()),
        project: args.project.clone(),
        since: since.map_err(|why| Failure::usage(format!("--since: {why}")))?,
        queue: args.queue.as_deref().map(Into::into),
        annotator: args.annotator.clone(),
        states: args.state.iter().flat_map(|state| state.states()).copied().collect(),
        undone: args.state.contains(&super::args::StateArg::Undone),
        limit: None,
    })
}

/// Refuses a queue that nothing was decided in: its name is kept at the server only.
fn known_queue(store: &Store, filter: &TrailFilter) -> Result<(), Failure> {
    let Some(wanted) = &filter.queue else { return Ok(()) };
    let known = store.decided_queues()?;
    if known.contains(wanted) {
        return Ok(());
    }
    let failure =
        Failure::new(Exit::NotFound, format!("the journal has nothing of a queue with the id `{wanted}`"));
    let known: Vec<&str> = known.iter().map(crate::domain::QueueId::as_str).collect();
    Err(if known.is_empty() {
        failure
    } else {
        failure.with_hint(format!("there are: {}", known.join(", ")))
    })
}

/// Hands the readable rows to `tell`; gives what is wrong with the others.
fn each(
    store: Option<&Store>,
    filter: &TrailFilter,
    order: TrailOrder,
    mut tell: impl FnMut(&TrailEntry) -> Result<ControlFlow<()>, Failure>,
) -> Result<Vec<StoreError>, Failure> {
    let (mut bad, mut failed) = (Vec::new(), None);
    let Some(store) = store else { return Ok(bad) };
    store.trail(filter, order, |entry| match entry.map(|entry| tell(&entry)) {
        Ok(Ok(go_on)) => go_on,
        Ok(Err(failure)) => {
            failed = Some(failure);
            ControlFlow::Break(())
        }
        Err(error) => {
            bad.push(error);
            ControlFlow::Continue(())
        }
    })?;
    failed.map_or(Ok(bad), Err)
}

fn fill<W: Write>(
    store: Option<&Store>,
    filter: &TrailFilter,
    order: TrailOrder,
    sink: &mut Sink<W>,
) -> Result<Vec<StoreError>, Failure> {
    each(store, filter, order, |entry| sink.put(&Entry::new(entry)))
}

/// Rows that could not be read were left out, which must not go unnoticed.
fn unreadable(bad: &[StoreError]) -> Result<(), Failure> {
    let Some(first) = bad.first() else { return Ok(()) };
    let what = words::count(bad.len(), "entry").replace("entrys", "entries");
    Err(Failure::new(Exit::Partly, format!("{what} left out: {first}")))
}

/// A row of the table.
pub(super) fn cells(row: &Written, zone: &TimeZone) -> Vec<String> {
    let on_screen = row.made.on_screen.map(|time| duration(time.as_secs_f64())).unwrap_or_default();
    vec![
        row.seq.to_string(),
        zone.to_datetime(row.created_at).strftime("%Y-%m-%d %H:%M").to_string(),
        row.made.annotator.clone(),
        words::item(row).to_owned(),
        words::decision(row),
        words::state(row),
        on_screen,
    ]
}
