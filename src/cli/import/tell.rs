//! What is said during and after an import. Nothing of a file gets to the terminal as it is.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::cli::progress::Progress;
use crate::cli::terminal::note;
use crate::domain::text::{count, one_line};
use crate::server::import::{Bad, Tally};

/// Bad records told one by one, for each file; the rest are counted.
const TOLD: usize = 20;
/// From here on it takes long enough to show how far it is.
const LARGE: u64 = 16 << 20;
/// Traces put together without saying so.
const MANY: usize = 20_000;

/// Tells how far it is, and what cannot be read.
pub(super) struct Teller {
    bar: Option<Progress>,
    total: u64,
    position: Arc<AtomicU64>,
    /// Bad records of the file that is being read.
    in_file: usize,
    bad: usize,
}

impl Teller {
    /// For so many bytes, of which `position` tells how many were read.
    pub(super) fn new(total: u64, position: Arc<AtomicU64>) -> Self {
        let bar = (total >= LARGE).then(|| Progress::new(megabytes(total), "MB read"));
        Self { bar, total, position, in_file: 0, bad: 0 }
    }

    /// Shows how much was read by now.
    pub(super) fn advance(&mut self) {
        if let Some(bar) = &mut self.bar {
            let left = self.total.saturating_sub(self.position.load(Ordering::Relaxed));
            bar.left(megabytes(left));
        }
    }

    /// Tells of a record that cannot be read.
    pub(super) fn bad(&mut self, file: &Path, bad: &Bad) {
        self.tell(file, &format!("{}: {}", bad.place, bad.what));
    }

    /// Tells of a file that cannot be read.
    pub(super) fn unreadable(&mut self, file: &Path, what: &str) {
        self.tell(file, &format!("cannot be read: {what}"));
    }

    /// Tells of a file without records, which is no mistake of the file.
    pub(super) fn empty(&self, file: &Path) {
        self.say(&one_line(&format!("{}: there is nothing in it", name(file))));
    }

    fn tell(&mut self, file: &Path, what: &str) {
        self.in_file += 1;
        self.bad += 1;
        if self.in_file <= TOLD {
            self.say(&one_line(&format!("{}: {what}", name(file))));
        }
    }

    /// A file was read to its end.
    pub(super) fn end_of(&mut self, file: &Path) {
        let more = std::mem::take(&mut self.in_file).saturating_sub(TOLD);
        if more > 0 {
            self.say(&one_line(&format!("{}: {more} more that cannot be read", name(file))));
        }
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.note(text),
            None => note(text),
        }
    }

    /// Ends the reading; gives the number of what could not be read.
    pub(super) fn finish(self) -> usize {
        if let Some(bar) = self.bar {
            bar.finish();
        }
        self.bad
    }
}

fn name(file: &Path) -> String {
    if file == Path::new("-") { "stdin".into() } else { file.display().to_string() }
}

fn megabytes(bytes: u64) -> usize {
    usize::try_from(bytes >> 20).unwrap_or(usize::MAX)
}

/// Shows how many traces are put together.
#[derive(Default)]
pub(super) struct Settling {
    bar: Option<Progress>,
}

impl Settling {
    /// So many of so many are done.
    pub(super) fn at(&mut self, done: usize, total: usize) {
        if total < MANY {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| Progress::new(total, "traces put together"));
        bar.left(total.saturating_sub(done));
    }

    /// All are done.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish();
        }
    }
}

/// All of it in one line: `3 traces, 12 observations imported; 0 traces, 0 observations already
/// there; 0 bad`.
pub(super) fn summary(tally: &Tally, bad: usize) -> String {
    let things = |traces: usize, observations: usize, scores: usize| {
        let mut parts = vec![count(traces, "trace"), count(observations, "observation")];
        if scores > 0 {
            parts.push(count(scores, "score"));
        }
        parts.join(", ")
    };
    let new = things(tally.traces, tally.observations, tally.scores);
    let known = things(tally.known_traces, tally.known_observations, tally.known_scores);
    let mut parts = Vec::new();
    if tally.is_news() {
        parts.push(format!("{new} imported"));
    }
    if tally.changed_observations > 0 {
        parts.push(format!("{} changed", count(tally.changed_observations, "observation")));
    }
    if parts.is_empty() {
        parts.push("nothing new".into());
    }
    parts.push(format!("{known} already there"));
    parts.push(format!("{bad} bad"));
    parts.join("; ")
}

/// What can be done with it now.
pub(super) fn next_step(queue: Option<&str>, workspace: Option<&Path>) -> String {
    if let Some(workspace) = workspace {
        let workspace = quoted(&workspace.display().to_string());
        return format!("next: `tracemark serve --data {workspace}` serves it");
    }
    match queue {
        Some(queue) => format!("next: `tracemark --profile embedded --queue {}` opens it", quoted(queue)),
        None => "next: import it with --queue NAME as well, to review it with `tracemark --profile embedded`"
            .into(),
    }
}

/// A word for a shell, on one line.
fn quoted(word: &str) -> String {
    let word = one_line(word);
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:".contains(c);
    if word.chars().all(is_plain) { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_step_can_be_copied() {
        assert!(next_step(None, None).contains("--queue NAME"));
        assert!(next_step(Some("Ada's"), None).contains(r"--queue 'Ada'\''s'`"));
        assert!(next_step(Some("Q"), Some(Path::new("w.db"))).contains("serve --data w.db`"));
    }

    #[test]
    fn the_summary_is_one_line() {
        let tally = Tally { traces: 1, observations: 3, ..Tally::default() };
        assert_eq!(
            summary(&tally, 2),
            "1 trace, 3 observations imported; 0 traces, 0 observations already there; 2 bad"
        );
        let tally = Tally { known_traces: 1, known_observations: 2, known_scores: 1, ..Tally::default() };
        assert_eq!(summary(&tally, 0), "nothing new; 1 trace, 2 observations, 1 score already there; 0 bad");
        let tally = Tally { changed_observations: 1, ..tally };
        assert_eq!(
            summary(&tally, 0),
            "1 observation changed; 1 trace, 2 observations, 1 score already there; 0 bad"
        );
    }
}
