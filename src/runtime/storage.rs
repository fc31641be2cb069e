//! The store on a thread of its own: jobs run one after the other, in the order given.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use super::clock;
use super::fetch::{Messages, tell};
use crate::app::Msg;
use crate::store::{Finding, SharedStore, Store, StoreError};

type Job = Box<dyn FnOnce(&SharedStore) + Send>;

/// Hands jobs to the store's thread.
#[derive(Debug)]
pub(super) struct Storage {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    store: SharedStore,
}

impl Storage {
    /// Opens the database and starts its thread; with what the reviewer should know about it.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Finding>), StoreError> {
        let opened = Store::open(path, clock::wall())?;
        for finding in &opened.findings {
            tracing::warn!("{finding}");
        }
        Ok((Self::with(SharedStore::new(opened.store)), opened.findings))
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

/// Tells what was found when the database was opened.
pub(super) fn tell_findings(messages: &Messages, findings: &[Finding]) {
    for finding in findings {
        tell(messages, Msg::Notice(finding.to_string()));
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
