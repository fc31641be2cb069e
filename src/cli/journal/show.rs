//! `journal show`: one entry and the chain it belongs to.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::args::ShowArgs;
use super::entry::{Entry, FIELDS};
use super::journal;
use super::list::cells;
use crate::cli::output::{Format, to_stdout};
use crate::cli::table::{table, terminal_width};
use crate::cli::terminal::print;
use crate::cli::{Exit, Failure, words};
use crate::domain::{Origin, Write, Written, duration, text};
use crate::store::{TrailEntry, kind_name, state_name, target_text};

/// Columns of the names.
const NAMES: usize = 14;

/// An entry with what was decided about the same thing.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    entry: Entry<'a>,
    chain: Vec<Entry<'a>>,
}

/// Shows the entry with this number.
pub(super) fn run(args: &ShowArgs) -> Result<(), Failure> {
    let unknown = || {
        Failure::new(Exit::NotFound, format!("the journal has no entry {}", args.seq))
            .with_hint("`tracemark journal list` shows the numbers")
    };
    let store = journal()?.ok_or_else(unknown)?;
    let entry = store.trail_entry(args.seq)?.ok_or_else(unknown)?;
    let chain = store.trail_chain(&entry)?;
    match args.output.format() {
        Format::Table => print(&page(&entry, &chain, &TimeZone::system())),
        format => {
            let others = chain.into_iter().filter(|row| row.seq != entry.row.seq);
            let others: Vec<TrailEntry> =
                others.map(|row| TrailEntry { scope: entry.scope.clone(), row }).collect();
            let shown = Shown { entry: Entry::new(&entry), chain: others.iter().map(Entry::new).collect() };
            // A single object, even where it is called json.
            let format = if format == Format::Json { Format::Jsonl } else { format };
            let mut sink = to_stdout(format, FIELDS);
            let _ = sink.put(&shown)?;
            sink.finish().map(drop)
        }
    }
}

/// The entry for people: names and values, then the chain as a table.
fn page(entry: &TrailEntry, chain: &[Written], zone: &TimeZone) -> String {
    let mut page: String = facts(entry, zone).iter().map(|(name, value)| fact(name, value)).collect();
    if chain.len() > 1 {
        let rows: Vec<Vec<String>> = chain
            .iter()
            .map(|row| {
                let mark = if row.seq == entry.row.seq { "*" } else { "" };
                let mut cells = cells(row, zone);
                // Who and which item are the same in most rows.
                cells.remove(3);
                cells.insert(0, mark.to_owned());
                cells
            })
            .collect();
        page.push_str("\nAbout the same thing, the oldest first:\n");
        page.push_str(&table(
            &["", "seq", "at", "who", "decision", "state", "on screen"],
            &rows,
            terminal_width(),
        ));
    }
    page
}

/// A name and its value; further lines of the value stand below it.
fn fact(name: &str, value: &str) -> String {
    let value = text::clean(value);
    let indent = format!("\n{}", " ".repeat(NAMES));
    format!("{name:<NAMES$}{}", value.trim_end().replace('\n', &indent)).trim_end().to_owned() + "\n"
}

fn facts(entry: &TrailEntry, zone: &TimeZone) -> Vec<(&'static str, String)> {
    let TrailEntry { scope, row } = entry;
    let made = &row.made;
    let origin = match row.origin {
        Origin::Decision => None,
        Origin::Undo(of) => Some(format!("undo of {of}")),
        Origin::Redo(of) => Some(format!("redo of {of}")),
    };
    let facts = [
        ("entry", Some(row.seq.to_string())),
        ("decision", Some(words::change(row))),
        ("reason", reason(&row.write)),
        ("reason before", words::before(row).and_then(|score| score.comment.clone())),
        ("comes from", origin),
        ("item", Some(words::item(row).to_owned())),
        ("who", Some(made.annotator.clone())),
        ("at", Some(moment(row.created_at, zone))),
        ("on screen", made.on_screen.map(|time| duration(time.as_secs_f64()))),
        ("state", Some(format!("{} ({})", words::state(row), state_name(row.state)))),
        ("changed", Some(moment(row.changed_at, zone))),
        ("sent", row.sent_at.map(|at| moment(at, zone))),
        ("attempts", (row.attempts > 0).then(|| row.attempts.to_string())),
        ("next attempt", row.next_attempt_at.map(|at| moment(at, zone))),
        ("server said", row.last_error.clone()),
        ("server's id", row.answer.clone()),
        ("kind", Some(kind_name(row.write.kind()).to_owned())),
        ("target", Some(target_text(&row.write))),
        ("score id", score_id(&row.write)),
        ("item id", Some(row.item_id.to_string())),
        ("queue id", made.queue_id.as_ref().map(ToString::to_string)),
        ("project", Some(scope.project.to_string())),
        ("host", Some(scope.host.clone())),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value.filter(|v| !v.is_empty())?))).collect()
}

fn reason(write: &Write) -> Option<String> {
    match write {
        Write::Score(score) => score.comment.clone(),
        _ => None,
    }
}

fn score_id(write: &Write) -> Option<String> {
    match write {
        Write::Score(score) => Some(score.id.to_string()),
        Write::DeleteScore { id, .. } => Some(id.to_string()),
        _ => None,
    }
}

fn moment(at: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
