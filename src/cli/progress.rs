//! Progress of long work on stderr: a bar on a terminal, a plain line now and then otherwise.

use std::io::{self, IsTerminal as _, Write as _};

/// Columns of the bar.
const BAR: usize = 24;
/// Plain lines from start to end.
const LINES: usize = 10;

/// Work of which so much is done.
#[derive(Debug)]
pub(super) struct Progress {
    what: String,
    total: usize,
    done: usize,
    terminal: bool,
    /// Tenths told so far, where lines are written.
    told: usize,
}

impl Progress {
    /// Begins: `what` is done `total` times, as in `sent`.
    pub(super) fn new(total: usize, what: impl Into<String>) -> Self {
        let progress =
            Self { what: what.into(), total, done: 0, terminal: io::stderr().is_terminal(), told: 0 };
        progress.draw();
        progress
    }

    /// So much more is done.
    pub(super) fn advance(&mut self, n: usize) {
        let done = (self.done + n).min(self.total);
        if done == self.done {
            return;
        }
        self.done = done;
        if self.terminal {
            self.draw();
        } else if let Some(line) = self.next_line() {
            say(&line);
        }
    }

    /// So much is left to do; never goes back.
    pub(super) fn left(&mut self, left: usize) {
        self.advance(self.total.saturating_sub(left).saturating_sub(self.done));
    }

    /// Tells something without spoiling the bar.
    pub(super) fn note(&self, text: &str) {
        self.erase();
        say(&format!("{text}\n"));
        self.draw();
    }

    /// Ends: the bar is gone, and what comes next stands at the start of a line.
    pub(super) fn finish(self) {
        self.erase();
    }

    fn draw(&self) {
        if self.terminal {
            say(&format!("\r{}\x1b[K", self.bar()));
        }
    }

    fn erase(&self) {
        if self.terminal {
            say("\r\x1b[K");
        }
    }

    fn bar(&self) -> String {
        let full = self.done * BAR / self.total.max(1);
        format!("[{}{}] {}", "#".repeat(full), "-".repeat(BAR - full), self.words())
    }

    fn words(&self) -> String {
        format!("{} of {} {}", self.done, self.total, self.what)
    }

    /// A plain line for each tenth.
    fn next_line(&mut self) -> Option<String> {
        let tenth = self.done * LINES / self.total.max(1);
        if tenth <= self.told {
            return None;
        }
        self.told = tenth;
        Some(self.words() + "\n")
    }
}

fn say(text: &str) {
    // Nobody reading is no reason to stop working.
    let _ = io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(total: usize) -> Progress {
        Progress { what: "sent".into(), total, done: 0, terminal: false, told: 0 }
    }

    #[test]
    fn the_bar_fills_up() {
        let mut progress = progress(4);
        assert_eq!(progress.bar(), "[------------------------] 0 of 4 sent");
        progress.advance(1);
        assert_eq!(progress.bar(), "[######------------------] 1 of 4 sent");
        progress.advance(9);
        assert_eq!(progress.bar(), "[########################] 4 of 4 sent");
        progress.left(4);
        assert_eq!(progress.done, 4);
    }

    #[test]
    fn lines_are_few() {
        let mut progress = progress(1000);
        let lines: Vec<String> = (1..=1000)
            .filter_map(|done| {
                progress.done = done;
                progress.next_line()
            })
            .collect();
        assert_eq!((lines.len(), lines[0].as_str()), (10, "100 of 1000 sent\n"));
    }
}
