//! The store on a thread of its own: jobs run one after the other, in the order given.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use crate::store::{SharedStore, Store, StoreError};

type Job = Box<dyn FnOnce(&SharedStore) + Send>;

/// Hands jobs to the store's thread.
#[derive(Debug)]
pub(super) struct Storage {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    store: SharedStore,
}

impl Storage {
    /// Opens the database and starts its thread.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self::with(SharedStore::new(Store::open(path)?)))
    }

    /// Starts the thread of a store.
    #[expect(clippy::disallowed_methods, reason = "the runtime owns this thread and joins it")]
    pub(super) fn with(store: SharedStore) -> Self {
        let (jobs, queue): (Sender<Job>, Receiver<Job>) = channel();
        let own = store.clone();
        let thread = std::thread::spawn(move || {
            for job in queue {
                job(&own);
            }
        });
        Self { jobs: Some(jobs), thread: Some(thread), store }
    }

    /// Runs a job after all earlier ones.
    pub(super) fn run(&self, job: impl FnOnce(&SharedStore) + Send + 'static) {
        if let Some(jobs) = &self.jobs
            && jobs.send(Box::new(job)).is_err()
        {
            tracing::error!("the store's thread is gone");
        }
    }

    /// The store itself, for the sender.
    pub(super) fn store(&self) -> SharedStore {
        self.store.clone()
    }
}

impl Drop for Storage {
    /// Waits until every job is done: a decision handed over is durable before the program ends.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's thread panicked");
        }
    }
}
