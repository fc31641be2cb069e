//! The only clock.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::domain::Now;

/// Wall-clock time, for whoever needs it as a function.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn wall() -> Timestamp {
    Timestamp::now()
}

/// Measures time since the start of the program.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    /// Starts now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Now {
        Now { wall: wall(), mono: self.0.elapsed() }
    }

    /// The moment at which so much time has passed since the start.
    #[must_use]
    pub fn at(&self, mono: Duration) -> Instant {
        self.0 + mono
    }
}
