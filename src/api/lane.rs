//! The budget of one class of requests: a state machine without a clock.
//!
//! The server counts in windows and does not say when one begins; it refuses the last request of
//! a window's limit already. A request therefore takes a place from when it goes until a whole
//! window after its answer. However the server's windows lie, none holds more of them than there
//! are places.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::moment::Moment;
use super::{Priority, Urgency};

/// No wait is longer, whatever a server says.
const LONGEST: Duration = Duration::from_hours(24);
/// Most places that are left to writes.
const RESERVE: usize = 10;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There was an answer.
    Answered,
    /// Nobody knows whether it was counted.
    Unsure,
    /// It was never sent.
    NotSent,
    /// The server takes no more: its limit for a window, if told, and how long it takes none.
    Limited { limit: Option<usize>, wait: Duration },
}

/// The answer to a request that wants to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Go,
    /// Nothing but time helps.
    At(Moment),
    /// An answer is needed first: one that is on its way, or to somebody before.
    Later,
}

#[derive(Debug)]
struct Waiting {
    arrival: u64,
    urgency: Urgency,
    wake: Arc<Notify>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Lane {
    window: Option<Duration>,
    /// Requests a window has room for, once the server said so.
    places: Option<usize>,
    /// Closed until then.
    opens: Option<Moment>,
    /// After closing, one request goes ahead to see whether the server takes them again.
    careful: bool,
    in_flight: usize,
    /// When requests were answered that still hold their places, oldest first.
    answered: VecDeque<Moment>,
    waiting: Vec<Waiting>,
}

impl Lane {
    pub(super) fn new(window: Option<Duration>) -> Self {
        Self {
            window,
            places: None,
            opens: None,
            careful: false,
            in_flight: 0,
            answered: VecDeque::new(),
            waiting: Vec::new(),
        }
    }

    /// Queues up. Who comes first has the smaller `arrival`.
    pub(super) fn enter(&mut self, arrival: u64, urgency: Urgency, wake: Arc<Notify>) {
        self.waiting.push(Waiting { arrival, urgency, wake });
    }

    /// Goes away without having gone.
    pub(super) fn leave(&mut self, arrival: u64) {
        self.waiting.retain(|waiting| waiting.arrival != arrival);
    }

    /// May this one go? Only the first in line can; if it may, it is in flight from now on.
    pub(super) fn ask(&mut self, arrival: u64, now: Moment) -> Step {
        if self.first().is_none_or(|first| first.arrival != arrival) {
            return Step::Later;
        }
        let step = self.first_step(now);
        if step == Step::Go {
            self.leave(arrival);
            self.in_flight += 1;
        }
        step
    }

    /// Sends a write past everyone who waits, or says how long there is no room for one.
    pub(super) fn write(&mut self, now: Moment) -> Result<(), Duration> {
        match self.room(Priority::Write, now) {
            Step::Go => {
                self.in_flight += 1;
                Ok(())
            }
            Step::At(then) => Err(then.left(now)),
            Step::Later => Err(self.window.unwrap_or_default()),
        }
    }

    /// A request that went at `sent` has come back.
    pub(super) fn settle(&mut self, outcome: Outcome, sent: Moment, now: Moment) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match outcome {
            Outcome::NotSent => return,
            Outcome::Limited { limit, wait } => return self.close(limit, wait, sent, now),
            // A late answer from before the lane was closed says nothing.
            Outcome::Answered if self.closed(now).is_none() => self.careful = false,
            Outcome::Answered | Outcome::Unsure => {}
        }
        // Also while no limit is known: it may become known in the middle of a window.
        if self.window.is_some() {
            self.forget(now);
            self.answered.push_back(now);
        }
    }

    /// When whoever waits may go, if the first of them has this priority or a higher one and only
    /// time is missing.
    pub(super) fn held_until(&mut self, least: Priority, now: Moment) -> Option<Moment> {
        let first = self.first().is_some_and(|first| first.urgency.get() <= least);
        match first.then(|| self.first_step(now))? {
            Step::At(then) => Some(then),
            Step::Go | Step::Later => None,
        }
    }

    /// Lets the first in line ask again, unless that is who is asking.
    pub(super) fn wake_first(&self, asking: Option<u64>) {
        if let Some(first) = self.first().filter(|first| Some(first.arrival) != asking) {
            first.wake.notify_one();
        }
    }

    fn first(&self) -> Option<&Waiting> {
        self.waiting.iter().min_by_key(|waiting| (waiting.urgency.get(), waiting.arrival))
    }

    fn first_step(&mut self, now: Moment) -> Step {
        match self.first().map(|first| first.urgency.get()) {
            Some(_) if self.careful && self.in_flight > 0 && self.closed(now).is_none() => Step::Later,
            Some(priority) => self.room(priority, now),
            None => Step::Later,
        }
    }

    fn close(&mut self, limit: Option<usize>, wait: Duration, sent: Moment, now: Moment) {
        let opens = now.plus(wait.min(LONGEST));
        self.opens = Some(self.opens.map_or(opens, |before| before.later_of(opens)));
        self.careful = true;
        // What was answered before this was sent belongs to the window that was full, or an earlier
        // one: when the lane opens, that is over.
        self.answered.retain(|answered| answered.is_after(sent));
        if let (Some(limit), Some(_)) = (limit, self.window) {
            self.places = Some(limit.saturating_sub(1).max(1));
        }
    }

    /// Frees the places of requests that no window can count any more.
    fn forget(&mut self, now: Moment) {
        let window = self.window.unwrap_or_default();
        while self.answered.front().is_some_and(|answered| answered.plus(window).is_reached(now)) {
            self.answered.pop_front();
        }
    }

    fn closed(&self, now: Moment) -> Option<Moment> {
        self.opens.filter(|opens| !opens.is_reached(now))
    }

    fn room(&mut self, priority: Priority, now: Moment) -> Step {
        if let Some(opens) = self.closed(now) {
            return Step::At(opens);
        }
        let (Some(places), Some(window)) = (self.places, self.window) else { return Step::Go };
        self.forget(now);
        let (used, most) = (self.in_flight + self.answered.len(), most(priority, places));
        if used < most {
            return Step::Go;
        }
        // So many places must come free before there is one for this.
        match self.answered.get(used - most) {
            Some(answered) => Step::At(answered.plus(window)),
            None => Step::Later,
        }
    }
}

/// How many of the places may be taken before a request of this priority has to wait.
fn most(priority: Priority, places: usize) -> usize {
    match priority {
        Priority::Write => places,
        Priority::Screen => places - (places / 10).clamp(1, RESERVE).min(places - 1),
        // Only while more than half is left.
        Priority::Prefetch => places.div_ceil(2),
    }
}
