//! The connection once there is one: whose data it is, and the sender.

use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::clock;
use super::connect::Connector;
use super::executor::tell_open;
use super::fetch::{Messages, tell};
use super::neighbour;
use super::shelf::Keeping;
use crate::api::Client;
use crate::app::{Msg, Pause, Why};
use crate::domain::ProjectId;
use crate::outbox::{self, OutboxUpdate, Sender};
use crate::store::{Scope, SenderLock, SharedStore};

/// A server that answers or has answered before, and whose data is whose.
#[derive(Debug)]
pub(super) struct Link {
    /// For what is sent, and what sending has to know: only ever the server's own word.
    pub(super) client: Client,
    /// For what is shown, which may come from what was kept.
    pub(super) reader: Client,
    pub(super) scope: Scope,
    pub(super) project: ProjectId,
}

/// What connecting needs.
#[derive(Debug, Clone)]
pub(super) struct Dialer {
    pub(super) connector: Connector,
    pub(super) database: PathBuf,
    /// Where answers are kept, if they are.
    pub(super) keeping: Option<Keeping>,
    pub(super) tasks: TaskTracker,
    pub(super) shutdown: CancellationToken,
    /// Wakes the sender.
    pub(super) wake: Arc<Notify>,
    /// Ends the wait for the next attempt to connect.
    pub(super) hurry: Arc<Notify>,
    /// When the program started: what is held from before is nobody's any more.
    pub(super) started: Timestamp,
    /// Whether this program is the one that sends.
    pub(super) sends: Arc<AtomicBool>,
}

impl Dialer {
    /// There may be something to send: tells the sender, here or in another program.
    pub(super) fn wake_sender(&self) {
        self.wake.notify_one();
        if !self.sends.load(Ordering::SeqCst) {
            neighbour::rouse(&self.database);
        }
    }

    /// Sends until the end. While another program with the same data sends, waits for it to end.
    pub(super) async fn send(self, link: Arc<Link>, store: SharedStore, messages: Messages) {
        let Some(lock) = self.lock(&link, &store, &messages).await else { return };
        self.sends.store(true, Ordering::SeqCst);
        let (updates, mut incoming) = unbounded_channel();
        let sender = Sender::new(
            store,
            link.client.clone(),
            link.scope.clone(),
            link.project.clone(),
            clock::wall,
            updates,
            self.wake.clone(),
        );
        let database = self.database.clone();
        self.tasks.spawn(async move {
            while let Some(update) = incoming.recv().await {
                tell(&messages, outbox_message(update));
                while let Ok(update) = incoming.try_recv() {
                    tell(&messages, outbox_message(update));
                }
                neighbour::tell_others(&database);
            }
        });
        tokio::select! {
            () = sender.since(self.started).run(self.shutdown.clone()) => {}
            // Without a socket to listen on, it still sends what is decided here.
            () = async { neighbour::listen(self.database.clone(), self.wake.clone()).await; pending().await } => {}
        }
        drop(lock);
    }

    /// The right to send, at once or when the program that has it ends.
    async fn lock(&self, link: &Link, store: &SharedStore, messages: &Messages) -> Option<SenderLock> {
        let failed = |error: String| {
            tell(messages, Msg::Notice(format!("nothing is sent: the sender's lock failed: {error}")));
        };
        match SenderLock::acquire(&self.database) {
            Ok(Some(lock)) => return Some(lock),
            Ok(None) => tell(messages, Msg::OtherSender(SenderLock::holder(&self.database))),
            Err(error) => {
                failed(error.to_string());
                return None;
            }
        }
        let database = self.database.clone();
        let waiting = tokio::task::spawn_blocking(move || SenderLock::wait(&database));
        let mine = tokio::select! {
            mine = self.shutdown.run_until_cancelled(waiting) => mine?,
            never = neighbour::hear(&self.database, messages) => match never {},
        };
        match mine {
            Ok(Ok(lock)) => {
                // What the other one has sent was not told here.
                tell_open(&store.lock(), &link.scope, messages);
                tell(messages, Msg::Resumed);
                return Some(lock);
            }
            Ok(Err(error)) => failed(error.to_string()),
            Err(error) => tracing::error!("waiting for the sender's lock: {error}"),
        }
        None
    }
}

/// An update of the sender in the model's terms.
fn outbox_message(update: OutboxUpdate) -> Msg {
    match update {
        OutboxUpdate::Changed(written) => Msg::Written(written),
        OutboxUpdate::Paused { why, until } => Msg::Paused(Pause { why: in_words(why), until }),
        OutboxUpdate::Resumed => Msg::Resumed,
        OutboxUpdate::Failed(why) => Msg::Notice(why),
    }
}

fn in_words(why: outbox::Pause) -> Why {
    match why {
        outbox::Pause::Offline(words) => Why::Offline(words),
        outbox::Pause::RateLimited => Why::RateLimit,
        outbox::Pause::Auth(words) => Why::Keys(words),
    }
}
