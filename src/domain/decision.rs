//! Decisions: writes with how they were made and how far they have got. A row of the journal.

use std::time::Duration;

use jiff::Timestamp;

use super::{ItemId, QueueId, Write};

/// How a decision was made: what the journal keeps beside the write.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Made {
    /// Who decided.
    pub annotator: String,
    /// In which queue.
    pub queue_id: Option<QueueId>,
    /// The item in the reviewer's words: `support-chat 12`.
    pub about: String,
    /// What held before, as the write that brings it back; `None` where there was nothing.
    pub before: Option<Box<Write>>,
    /// How long the item had been on screen.
    pub on_screen: Option<Duration>,
}

/// A write with how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The item it is sent with.
    pub item_id: ItemId,
    /// What is to be written.
    pub write: Write,
    /// How it was made.
    pub made: Made,
}

/// Where a row of the journal comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The reviewer decided it.
    Decision,
    /// The decision with this number was undone.
    Undo(i64),
    /// The decision with this number was done again.
    Redo(i64),
}

/// The note on a decision that is Replaced because the reviewer gave it up.
pub const GIVEN_UP: &str = "given up";
/// The note on a decision that is Replaced because the server was in the wanted state already.
pub const NOTHING_TO_SEND: &str = "nothing had to be sent";

/// Where a write stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WriteState {
    /// Saved here; sent once the item is completed or left.
    Held,
    /// Waiting to be sent.
    Pending,
    /// Being sent; after a crash nobody knows whether it arrived.
    Sending,
    /// The server took it; not seen back yet.
    Sent,
    /// Seen at the server.
    Confirmed,
    /// The server will not have it; `last_error` says why. Parked until the reviewer acts.
    Refused,
    /// Someone else completed the item first: parked until the reviewer says whether it is sent.
    Conflict,
    /// A later write took its place before it was sent.
    Replaced,
}

/// A write with its history in the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Order in which decisions were made.
    pub seq: i64,
    /// The item it was decided on.
    pub item_id: ItemId,
    /// What is to be written.
    pub write: Write,
    /// How it was made.
    pub made: Made,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether the reviewer has undone it.
    pub undone: bool,
    /// Where it stands.
    pub state: WriteState,
    /// How often it was tried.
    pub attempts: u32,
    /// Not to be tried before.
    pub next_attempt_at: Option<Timestamp>,
    /// The last failure, in the server's words where there are any.
    pub last_error: Option<String>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When the server took it.
    pub sent_at: Option<Timestamp>,
    /// When its state last changed.
    pub changed_at: Timestamp,
    /// The id the server gave to what was made: a comment, an item.
    pub answer: Option<String>,
}

impl Written {
    /// Whether the server may not have it yet.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        matches!(self.state, WriteState::Held | WriteState::Pending | WriteState::Sending)
    }

    /// Whether it is certain that the server has never seen it.
    #[must_use]
    pub fn is_untried(&self) -> bool {
        match self.state {
            WriteState::Held => true,
            WriteState::Pending | WriteState::Conflict => self.attempts == 0,
            _ => false,
        }
    }

    /// Whether it waits for the reviewer to say what is to become of it.
    #[must_use]
    pub fn is_parked(&self) -> bool {
        matches!(self.state, WriteState::Refused | WriteState::Conflict)
    }
}

/// What became of the wish to undo or redo.
#[derive(Debug, Clone, PartialEq)]
pub enum Undone {
    /// There is nothing to undo or redo.
    Nothing,
    /// It is done.
    Done {
        /// The decision that was undone or done again.
        decision: Written,
        /// Whether the server has to be told.
        sends: bool,
    },
    /// This decision cannot be taken back any more; asking again goes on with the one before it.
    TooLate(Written),
    /// The server has not said yet what came of it: possible in a moment.
    NotYet(Written),
}
