//! The server's answers on disk, as the client's shelf.

use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use jiff::Timestamp;

use super::clock;
use crate::api::Shelf;
use crate::store::Cache;

/// Where answers are kept, and how much of them.
#[derive(Debug, Clone)]
pub struct Keeping {
    /// The file.
    pub path: PathBuf,
    /// Most bytes of answers; `None` keeps nothing and wipes what there is.
    pub limit: Option<u64>,
}

impl Keeping {
    /// The shelf for an account of a server, if there is to be one. What was kept before is wiped
    /// where there is not.
    pub(super) fn shelf(&self, server: &str, account: &str) -> Option<DiskShelf> {
        let opened = match self.limit {
            Some(limit) => Cache::open(&self.path, limit).map(Some),
            None => Cache::discard(&self.path).map(|()| None),
        };
        let cache = opened.unwrap_or_else(|error| {
            tracing::warn!("nothing is kept for work without a network: {error}");
            None
        })?;
        Some(DiskShelf::new(cache, server, account))
    }
}

/// Answers that wait to be written, at most.
const QUEUED: usize = 64;

/// What the thread is asked to do.
enum Job {
    /// Keep an answer.
    Keep(String, Vec<u8>),
    /// Say when all before this is done.
    Tell(SyncSender<()>),
}

/// The part of the cache that belongs to one account of one server. Answers are written behind, so
/// that nobody waits for the disk.
#[derive(Debug)]
pub(super) struct DiskShelf {
    place: Place,
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Clone)]
struct Place {
    cache: Cache,
    server: String,
    account: String,
}

impl Place {
    fn keep(&self, key: &str, body: &[u8]) {
        if let Err(error) = self.cache.put(&self.server, &self.account, key, body, clock::wall()) {
            tracing::warn!("an answer was not kept: {error}");
        }
    }
}

impl DiskShelf {
    /// The shelf of an account, named by its public key.
    #[expect(clippy::disallowed_methods, reason = "the runtime owns this thread and joins it")]
    pub(super) fn new(cache: Cache, server: &str, account: &str) -> Self {
        let place = Place { cache, server: server.to_owned(), account: account.to_owned() };
        let (queue, jobs) = sync_channel(QUEUED);
        let own = place.clone();
        let thread = std::thread::spawn(move || {
            for job in jobs {
                match job {
                    Job::Keep(key, body) => own.keep(&key, &body),
                    Job::Tell(done) => _ = done.send(()),
                }
            }
        });
        Self { place, queue: Some(queue), thread: Some(thread) }
    }

    /// Waits until everything so far is written.
    pub(super) fn settle(&self) {
        let (done, told) = sync_channel(1);
        if self.queue.as_ref().is_some_and(|queue| queue.send(Job::Tell(done)).is_ok()) {
            // An error means that the thread is gone, and nothing will be written any more.
            let _ = told.recv();
        }
    }
}

impl Shelf for DiskShelf {
    fn keep(&self, key: &str, body: &[u8]) {
        let Some(queue) = &self.queue else { return };
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) =
            queue.try_send(Job::Keep(key.to_owned(), body.to_owned()))
            && let Job::Keep(key, body) = job
        {
            // Slower than the server answers: whoever fetches so much can wait.
            self.place.keep(&key, &body);
        }
    }

    fn forget(&self, key: &str) {
        let Place { cache, server, account } = &self.place;
        if let Err(error) = cache.forget(server, account, key) {
            tracing::warn!("what is gone was not forgotten: {error}");
        }
    }

    fn find(&self, key: &str) -> Option<(Vec<u8>, Timestamp)> {
        let Place { cache, server, account } = &self.place;
        cache.get(server, account, key)
    }
}

impl Drop for DiskShelf {
    /// Waits until everything is written.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the cache panicked");
        }
    }
}
