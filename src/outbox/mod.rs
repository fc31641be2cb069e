//! The one task that sends. It only goes forward: claim what is due, send it, settle each row;
//! then it sleeps until something is due again or somebody wakes it.
//!
//! - Order: scores of an item first (together where the server takes several at once), then
//!   deletions, comments and the item's status. `batch` goes through an item's rows, `send` makes
//!   the calls, `confirm` looks whether scores were kept, `wait` knows how long to wait.
//! - At least once for what can be repeated: scores have ids of their own, so sending twice is an
//!   update. Comments and new items do not, so before a second attempt it looks whether the first
//!   one arrived.
//! - An item is read before its status is written, and before the scores that go with it: someone
//!   else may have completed it (`look`).
//! - Failures are either of the connection or the keys, which pause everything; or of the server
//!   for now, which puts the row off; or final, which refuses the row and goes on (`failure`). What
//!   certainly never arrived counts as not tried.

mod batch;
mod confirm;
mod failure;
mod look;
mod send;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::api::{ApiError, Client, Priority, Urgency};
use crate::domain::{ProjectId, Written};
use crate::store::{Outcome, Scope, SharedStore, StoreError};

/// What observers of the outbox are told.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly every update is the large one")]
pub enum OutboxUpdate {
    /// A row moved on. Earlier rows on the same thing ([`crate::domain::Write::replaces`]) that
    /// were still open are settled with it.
    Changed(Written),
    /// Nothing is sent for now.
    Paused {
        /// Why.
        why: Pause,
        /// When it tries again; `None`: once it is woken.
        until: Option<Timestamp>,
    },
    /// It sends again.
    Resumed,
    /// The local database failed, with its words.
    Failed(String),
}

/// Why nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pause {
    /// The server cannot be reached, or is in trouble, in these words.
    Offline(String),
    /// The server takes no more requests for a while.
    RateLimited,
    /// The keys are not accepted, in the server's words.
    Auth(String),
}

/// When sending goes on after a pause.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Resume {
    Now,
    At(Timestamp),
    WhenWoken,
}

/// How long to wait after the local database failed.
const STORE_PAUSE: Duration = Duration::from_mins(1);
/// Shortest sleep, in case a row is due that cannot be claimed.
const SHORTEST_SLEEP: Duration = Duration::from_millis(200);

/// Sends the writes of one project. Have the [`crate::store::SenderLock`] first.
#[derive(Debug)]
pub struct Sender {
    store: SharedStore,
    client: Client,
    scope: Scope,
    project: ProjectId,
    clock: fn() -> Timestamp,
    updates: UnboundedSender<OutboxUpdate>,
    wake: Arc<Notify>,
    started: Timestamp,
    /// Whether what a failure or an earlier run left half done has been put in order.
    recovered: bool,
    /// Whether the server may take several scores at once.
    takes_arrays: bool,
    /// The pause observers were told of.
    paused: Option<Pause>,
    resume: Resume,
    /// Failures to reach the server, in a row.
    unreached: u32,
    /// Answers of a server in trouble, in a row.
    troubled: u32,
    /// Whether the server has ever said that it takes no more requests for a while.
    is_limited: bool,
    /// When the newest score was sent that the server has shown.
    seen_up_to: Option<Timestamp>,
    /// When it last looked for sent scores.
    checked_at: Option<Timestamp>,
    /// Not to look again before.
    check_after: Option<Timestamp>,
}

impl Sender {
    /// Prepares a sender; nothing is sent yet. What is held by now belongs to an earlier run, and
    /// will be sent by [`Sender::run`]; [`Sender::since`] says so for another moment.
    ///
    /// Call `notify_one` on `wake` after releasing decisions, or to try again at once.
    #[must_use]
    pub fn new(
        store: SharedStore,
        client: Client,
        scope: Scope,
        project: ProjectId,
        clock: fn() -> Timestamp,
        updates: UnboundedSender<OutboxUpdate>,
        wake: Arc<Notify>,
    ) -> Self {
        // Within a rate limit its reads must not wait for minutes: rows are claimed meanwhile.
        let client = client.with_urgency(&Urgency::new(Priority::Write));
        Self {
            store,
            client,
            scope,
            project,
            clock,
            updates,
            wake,
            started: clock(),
            recovered: false,
            takes_arrays: true,
            paused: None,
            resume: Resume::Now,
            unreached: 0,
            troubled: 0,
            is_limited: false,
            seen_up_to: None,
            checked_at: None,
            check_after: None,
        }
    }

    /// The same sender for a program that has been running since then: what it holds stays held.
    #[must_use]
    pub fn since(self, started: Timestamp) -> Self {
        Self { started, ..self }
    }

    /// Sends until told to shut down; then once more what is due, unless it is paused. What is
    /// being sent is finished first: the caller limits how long it waits for that, and what it
    /// cuts off is recovered by the next run.
    pub async fn run(mut self, shutdown: CancellationToken) {
        loop {
            let next = self.turn().await;
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                () = self.wake.notified() => self.woken(),
                () = self.sleep_until(next) => {}
            }
        }
        if self.may_send()
            && let Err(error) = self.flush_once().await
        {
            self.tell(OutboxUpdate::Failed(error.to_string()));
        }
    }

    /// Sends everything that is due, without waiting, pause or not; stops at the first failure
    /// that concerns everything. Says how many rows the server took.
    ///
    /// # Errors
    /// When the local database fails.
    pub async fn flush_once(&mut self) -> Result<usize, StoreError> {
        self.resume = Resume::Now;
        let mut taken = 0;
        while self.may_send() {
            let claimed = self.store.lock().claim(&self.scope, (self.clock)())?;
            let Some(batch) = claimed else { break };
            taken += self.send_batch(batch).await?;
        }
        Ok(taken)
    }

    /// Sends without a task running: what earlier runs left and what is due, then what becomes due
    /// and whether the server keeps it, until nothing is left to wait for, or until that time. With
    /// a time that has passed it waits for nothing. Stops where only the reviewer can help; see
    /// [`Sender::paused`] and [`crate::store::Store::open_writes`] for what is left, and why.
    ///
    /// # Errors
    /// When the local database fails.
    pub async fn sync(&mut self, until: Timestamp) -> Result<(), StoreError> {
        while let Some(next) = self.try_turn().await? {
            if next > until || (self.clock)() >= until {
                break;
            }
            self.sleep_until(Some(next)).await;
        }
        Ok(())
    }

    /// Why nothing is sent for now, and until when; without a time it takes new keys.
    #[must_use]
    pub fn paused(&self) -> Option<(&Pause, Option<Timestamp>)> {
        let until = match self.resume {
            Resume::At(at) => Some(at),
            Resume::Now | Resume::WhenWoken => None,
        };
        self.paused.as_ref().map(|why| (why, until))
    }

    /// Does what is due, and says when there is more to do.
    async fn turn(&mut self) -> Option<Timestamp> {
        match self.try_turn().await {
            Ok(next) => next,
            Err(error) => {
                // Rows may be left as being sent, which nobody would touch again.
                self.recovered = false;
                self.tell(OutboxUpdate::Failed(error.to_string()));
                Some(wait::after((self.clock)(), STORE_PAUSE))
            }
        }
    }

    async fn try_turn(&mut self) -> Result<Option<Timestamp>, StoreError> {
        if !self.recovered {
            self.store.lock().recover(&self.scope, self.started)?;
            self.recovered = true;
        }
        if self.may_send() {
            self.flush_once().await?;
        }
        let check = self.next_check()?;
        if self.may_send() && check.is_some_and(|at| at <= (self.clock)()) {
            self.check_sent().await?;
        }
        self.next_turn()
    }

    fn next_turn(&self) -> Result<Option<Timestamp>, StoreError> {
        let due = self.store.lock().next_due(&self.scope)?;
        let next = [due, self.next_check()?].into_iter().flatten().min();
        Ok(match (next, self.resume) {
            (None, _) | (_, Resume::WhenWoken) => None,
            (Some(next), Resume::At(at)) => Some(next.max(at)),
            (next, Resume::Now) => next,
        })
    }

    async fn sleep_until(&self, next: Option<Timestamp>) {
        match next {
            Some(at) => tokio::time::sleep(wait::between((self.clock)(), at).max(SHORTEST_SLEEP)).await,
            None => std::future::pending().await,
        }
    }

    fn may_send(&self) -> bool {
        match self.resume {
            Resume::Now => true,
            Resume::At(at) => at <= (self.clock)(),
            Resume::WhenWoken => false,
        }
    }

    /// Somebody changed something: keys, network, or there is more to send. A rate limit is kept.
    fn woken(&mut self) {
        if self.paused != Some(Pause::RateLimited) {
            self.resume = Resume::Now;
        }
    }

    fn pause(&mut self, why: Pause, until: Option<Timestamp>) {
        self.resume = until.map_or(Resume::WhenWoken, Resume::At);
        self.paused = Some(why.clone());
        self.tell(OutboxUpdate::Paused { why, until });
    }

    /// The server answered as it should.
    fn reached(&mut self) {
        self.unreached = 0;
        self.troubled = 0;
        if self.paused.take().is_some() {
            self.resume = Resume::Now;
            self.tell(OutboxUpdate::Resumed);
        }
    }

    /// Pauses because the server cannot be reached, longer each time, and says until when.
    fn pause_offline(&mut self, error: &ApiError) -> Timestamp {
        self.unreached += 1;
        let until = wait::after((self.clock)(), wait::backoff(self.unreached));
        self.pause(Pause::Offline(error.to_string()), Some(until));
        until
    }

    fn settle(&self, row: &Written, outcome: &Outcome) -> Result<(), StoreError> {
        let settled = self.store.lock().settle(row.seq, outcome, (self.clock)())?;
        self.tell(OutboxUpdate::Changed(settled));
        Ok(())
    }

    fn tell(&self, update: OutboxUpdate) {
        // Nobody listening is no reason not to send.
        let _ = self.updates.send(update);
    }
}
