//! What the screen waits for, and when the program has to wake up by itself.
//!
//! Seconds are counted only while something on screen waits for them; otherwise a time of day has
//! to do, since an idle program does not wake up.

use std::time::Duration;

use jiff::Timestamp;

use super::{Modal, Model, drafts};

impl Model {
    /// When the model wants [`super::Msg::Deadline`], in time since the start: the only source of
    /// wake-ups.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let notice = self.notice.as_ref().map(|notice| notice.until);
        let pause = self.goes_on_at().and_then(|at| self.left_until(at)).map(|left| self.now.mono + left);
        let own = [self.quitting.until(), self.next_second(), drafts::due(self)];
        [notice, pause].into_iter().chain(own).flatten().min()
    }

    /// Whole seconds until what the screen waits for goes on.
    #[must_use]
    pub fn countdown(&self) -> Option<u64> {
        let left = self.left_until(self.awaited()?)?;
        Some(left.as_secs() + u64::from(left.subsec_nanos() > 0))
    }

    /// When sending, or reading for the screen, goes on by itself.
    #[must_use]
    pub fn goes_on_at(&self) -> Option<Timestamp> {
        self.limited.or_else(|| self.pause.as_ref()?.until).filter(|at| *at > self.now.wall)
    }

    /// What somebody in front of the screen waits for.
    fn awaited(&self) -> Option<Timestamp> {
        let watches = |modal: &Modal| matches!(modal, Modal::Unsent(_) | Modal::Leaving);
        let visible = self.limited.is_some() || self.modals.iter().any(watches);
        self.goes_on_at().filter(|_| visible)
    }

    fn next_second(&self) -> Option<Duration> {
        let left = self.left_until(self.awaited()?)?;
        let step = match left.subsec_nanos() {
            0 => Duration::from_secs(1),
            nanos => Duration::from_nanos(u64::from(nanos)),
        };
        Some(self.now.mono + step)
    }

    fn left_until(&self, at: Timestamp) -> Option<Duration> {
        Duration::try_from(at.duration_since(self.now.wall)).ok()
    }
}
