//! What the server takes: one budget per class of requests, shared by everything this process
//! asks.
//!
//! A class has no limit until the server refuses a request of it; self-hosted servers never do.
//! From then on its limit is kept and requests wait here, in order of priority and arrival.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::class::Class;
use super::lane::{Lane, Outcome, Step};
use super::moment::Moment;
use super::{Priority, Urgency};

/// The longest that a request that belongs to a write waits here.
const PATIENCE: Duration = Duration::from_secs(10);
/// Two moments closer than this are told as one.
const SAME: Duration = Duration::from_millis(500);

/// See the module.
#[derive(Debug)]
pub(super) struct Budget {
    state: Mutex<State>,
    clock: fn() -> Timestamp,
    began: Instant,
    /// Until when requests on screen wait.
    limited: watch::Sender<Option<Timestamp>>,
}

#[derive(Debug)]
struct State {
    lanes: [Lane; Class::ALL.len()],
    arrivals: u64,
}

impl Budget {
    pub(super) fn new(clock: fn() -> Timestamp) -> Arc<Self> {
        Self::counting(clock, Class::window)
    }

    /// For a server that counts each class for this long.
    pub(super) fn counting(
        clock: fn() -> Timestamp,
        window: impl Fn(Class) -> Option<Duration>,
    ) -> Arc<Self> {
        let lanes = Class::ALL.map(|class| Lane::new(window(class)));
        let state = Mutex::new(State { lanes, arrivals: 0 });
        Arc::new(Self { state, clock, began: Instant::now(), limited: watch::Sender::new(None) })
    }

    pub(super) fn limited(&self) -> watch::Receiver<Option<Timestamp>> {
        self.limited.subscribe()
    }

    /// A number in the order of arrival. Whoever has to go again keeps it.
    pub(super) fn arrive(&self) -> u64 {
        let mut state = self.lock();
        state.arrivals += 1;
        state.arrivals
    }

    /// Waits until a request may go. Dropping the future gives the place in line away.
    ///
    /// # Errors
    /// For [`Priority::Write`], how long the wait would be when that is too long to stand still.
    pub(super) async fn enter(
        self: &Arc<Self>,
        class: Class,
        urgency: &Urgency,
        arrival: u64,
    ) -> Result<Permit, Duration> {
        let mut changes = urgency.changes();
        let wake = Arc::new(Notify::new());
        self.lock().lanes[class as usize].enter(arrival, urgency.clone(), wake.clone());
        let place = Place { budget: self, class, arrival };
        loop {
            let left = match place.ask() {
                (Step::Go, now) => return Ok(Permit::new(self, class, now)),
                (Step::At(then), now) => Some(then.left(now)),
                (Step::Later, _) => None,
            };
            if let Some(left) = left.filter(|left| *left > PATIENCE && urgency.get() == Priority::Write) {
                return Err(left);
            }
            tokio::select! {
                () = wake.notified() => {}
                Ok(()) = changes.changed() => {}
                () = sleep(left) => {}
            }
        }
    }

    /// Lets a write go.
    ///
    /// # Errors
    /// How long the server takes none: writes never wait here, since whoever sends them knows
    /// better what to do meanwhile.
    pub(super) fn write(self: &Arc<Self>, class: Class) -> Result<Permit, Duration> {
        let sent = self.change(class, None, |lane, now| lane.write(now).map(|()| now))?;
        Ok(Permit::new(self, class, sent))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in there panics; and if it did, the counts would still be usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a lane, wakes whoever may go because of that (but not `asking`, who is awake), and
    /// tells until when others wait.
    fn change<T>(&self, class: Class, asking: Option<u64>, change: impl FnOnce(&mut Lane, Moment) -> T) -> T {
        let mut state = self.lock();
        let now = Moment::now(self.began, (self.clock)());
        let lane = &mut state.lanes[class as usize];
        let changed = change(lane, now);
        lane.wake_first(asking);
        let held = state.lanes.iter_mut().filter_map(|lane| lane.held_until(Priority::Screen, now));
        let until = held.map(|then| then.shown(now)).max();
        self.limited.send_if_modified(|told| {
            let news = differ(*told, until);
            if news {
                *told = until;
            }
            news
        });
        changed
    }
}

async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => pending().await,
    }
}

/// Whether two moments differ by more than the clocks do.
fn differ(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.duration_since(other).unsigned_abs() > SAME,
        (one, other) => one.is_some() != other.is_some(),
    }
}

/// A place in line.
struct Place<'a> {
    budget: &'a Budget,
    class: Class,
    arrival: u64,
}

impl Place<'_> {
    /// May it go, and what time is it?
    fn ask(&self) -> (Step, Moment) {
        self.budget.change(self.class, Some(self.arrival), |lane, now| (lane.ask(self.arrival, now), now))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.budget.change(self.class, None, |lane, _| lane.leave(self.arrival));
    }
}

/// A request that is on its way.
#[derive(Debug)]
pub(super) struct Permit {
    budget: Arc<Budget>,
    class: Class,
    sent: Moment,
    outcome: Outcome,
}

impl Permit {
    fn new(budget: &Arc<Budget>, class: Class, sent: Moment) -> Self {
        Self { budget: budget.clone(), class, sent, outcome: Outcome::Unsure }
    }

    /// It came back.
    pub(super) fn settle(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.budget.change(self.class, None, |lane, now| lane.settle(self.outcome, self.sent, now));
    }
}
