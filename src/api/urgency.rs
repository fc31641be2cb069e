//! How urgent a request is, also while it waits.

use std::sync::Arc;

use tokio::sync::watch;

/// Who goes first when the server takes fewer requests than there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// What sending decisions needs. Never waits long: fails and says when to come again.
    Write,
    /// What somebody looks at.
    Screen,
    /// What may be looked at next.
    Prefetch,
}

/// The priority of a client's requests. Clones share it, and changing it also moves requests that
/// wait already: what was fetched ahead speeds up when it comes on screen.
#[derive(Debug, Clone)]
pub struct Urgency(Arc<watch::Sender<Priority>>);

impl Urgency {
    /// An urgency to begin with.
    #[must_use]
    pub fn new(priority: Priority) -> Self {
        Self(Arc::new(watch::Sender::new(priority)))
    }

    /// Changes it for all that share it.
    pub fn set(&self, priority: Priority) {
        self.0.send_if_modified(|now| std::mem::replace(now, priority) != priority);
    }

    /// What it is now.
    #[must_use]
    pub fn get(&self) -> Priority {
        *self.0.borrow()
    }

    pub(super) fn changes(&self) -> watch::Receiver<Priority> {
        self.0.subscribe()
    }
}

impl Default for Urgency {
    /// [`Priority::Screen`].
    fn default() -> Self {
        Self::new(Priority::Screen)
    }
}
