//! Whether the server can be reached.

use std::sync::Arc;

use tokio::sync::watch;

/// Whether the server could be reached last time. Clones share it, and so do all clones of a
/// client: any answer shows that the line is up, and a call that finds no way through that it is
/// down. Taken for up to begin with.
#[derive(Debug, Clone)]
pub struct Line(Arc<watch::Sender<bool>>);

impl Line {
    /// Whether it is up, as far as anyone knows.
    #[must_use]
    pub fn is_up(&self) -> bool {
        *self.0.borrow()
    }

    /// Takes it for up or down until a call shows otherwise. Taken for down at the start, reads
    /// come from the shelf until the first answer.
    pub fn set(&self, up: bool) {
        self.0.send_if_modified(|is_up| std::mem::replace(is_up, up) != up);
    }

    /// Tells when it changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }
}

impl Default for Line {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(true)))
    }
}
