//! What is sent, left and refused, and the exit code that says so.

use crate::cli::terminal::note;
use crate::cli::{Exit, Failure, words};
use crate::domain::{WriteState, Written, text};
use crate::outbox::Pause;
use crate::store::{Scope, SharedStore, StoreError};

pub(super) const ALL_SENT: &str = "everything is sent";
/// Columns of a decision in a message.
const WORDS: usize = 100;

/// The decisions the server is not known to have.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Not sent yet.
    pub(super) unsent: Vec<Written>,
    /// Sent, and not shown by the server yet.
    pub(super) unseen: usize,
    /// Refused, or waiting for the reviewer to decide.
    pub(super) parked: Vec<Written>,
    /// The last decision of them all.
    pub(super) newest: i64,
}

impl Report {
    /// What the store says of the decisions up to `newest`.
    pub(super) fn read(store: &SharedStore, scopes: &[Scope], newest: i64) -> Result<Self, StoreError> {
        let mut report = Self::default();
        let store = store.lock();
        for scope in scopes {
            for row in store.open_writes(scope)?.into_iter().filter(|row| row.seq <= newest) {
                report.newest = report.newest.max(row.seq);
                match row.state {
                    WriteState::Sent => report.unseen += 1,
                    _ if row.is_parked() => report.parked.push(row),
                    _ => report.unsent.push(row),
                }
            }
        }
        Ok(report)
    }

    /// Whether there is nothing to wait for.
    pub(super) fn is_settled(&self) -> bool {
        self.open() == 0
    }

    /// How many there are to wait for.
    pub(super) fn open(&self) -> usize {
        self.unsent.len() + self.unseen
    }

    /// Tells how it went, and the exit code with the reason.
    pub(super) fn conclude(&self, before: &Self, pause: Option<&Pause>, waited: bool) -> Result<(), Failure> {
        let gone = before.unsent.iter().filter(|row| !self.has(row.seq)).count();
        if gone > 0 {
            note(&format!("sent {}", words::count(gone, "decision")));
        }
        for row in &self.parked {
            note(&line(row));
        }
        if self.unseen > 0 {
            let score = words::count(self.unseen, "score");
            let hint = if waited { "" } else { "; --wait waits for that" };
            note(&format!("the server took {score} and does not show it yet{hint}"));
        }
        match (self.unsent.is_empty(), pause) {
            (false, pause) => Err(self.left(pause)),
            (true, Some(Pause::Auth(why))) => Err(Failure::new(Exit::Authentication, refused_keys(why))),
            (true, _) if !self.parked.is_empty() => Err(self.refused()),
            (true, _) if waited && self.unseen > 0 => {
                Err(Failure::failed("the time is over, and the server does not show everything yet"))
            }
            (true, _) => {
                if gone == 0 {
                    note(ALL_SENT);
                }
                Ok(())
            }
        }
    }

    fn has(&self, seq: i64) -> bool {
        self.unsent.iter().chain(&self.parked).any(|row| row.seq == seq)
    }

    fn left(&self, pause: Option<&Pause>) -> Failure {
        let what = words::count(self.unsent.len(), "decision");
        let error =
            self.unsent.iter().filter(|row| row.attempts > 0).find_map(|row| row.last_error.as_deref());
        let (exit, why) = match (pause, error) {
            (Some(pause @ Pause::Auth(_)), _) => (Exit::Authentication, in_words(pause)),
            (Some(pause), _) => (Exit::Unreachable, in_words(pause)),
            (None, Some(error)) => (Exit::Unreachable, error.to_owned()),
            (None, None) => (Exit::Failed, "the time was not enough".to_owned()),
        };
        Failure::new(exit, format!("{what} not sent yet: {}", text::fit(&why, 4 * WORDS))).with_hint(
            "nothing is lost: `tracemark sync --wait` tries until it works, and so does the next start",
        )
    }

    fn refused(&self) -> Failure {
        let what = words::count(self.parked.len(), "decision");
        Failure::new(Exit::Partly, format!("{what} refused, or waiting for you to decide"))
            .with_hint("the list of unsent writes in `tracemark` sends again or gives up")
    }

    /// Another program has the right to send.
    pub(super) fn left_to(&self, who: &str) -> Failure {
        let what = words::count(self.unsent.len(), "decision");
        Failure::failed(format!("{who} sends on this data and was told to: {what} not sent yet"))
            .with_hint("--wait waits for it; what is under review there goes once its item is left")
    }

    /// A failure before anything was sent, with what that means.
    pub(super) fn kept(&self, failure: Failure) -> Failure {
        let what = words::count(self.unsent.len(), "decision");
        Failure { message: format!("{}; {what} not sent yet, kept here", failure.message), ..failure }
    }
}

/// Why nothing is sent.
pub(super) fn in_words(why: &Pause) -> String {
    match why {
        Pause::Offline(words) => words.clone(),
        Pause::RateLimited => "the server takes no more requests for a while".into(),
        Pause::Auth(words) => refused_keys(words),
    }
}

fn refused_keys(words: &str) -> String {
    format!("the keys are not accepted: {words}")
}

/// A parked decision: what, on which item, why.
fn line(row: &Written) -> String {
    let what = format!("{} on {}", words::change(row), words::item(row));
    format!("{}: {}", text::fit(&what, WORDS), text::one_line(&words::state(row)))
}
