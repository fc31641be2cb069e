//! A moment by two clocks.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A moment. One that lies ahead is reached as soon as either clock says so: the wall clock goes
/// on while the machine sleeps, and the steady one when the wall clock is put back. A clock that
/// jumps can so cut a wait short, but not draw it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Since anything.
    steady: Duration,
    wall: Timestamp,
}

impl Moment {
    /// Now, by the wall clock and since `began`.
    pub(super) fn now(began: Instant, wall: Timestamp) -> Self {
        Self { steady: began.elapsed(), wall }
    }

    pub(super) fn plus(self, time: Duration) -> Self {
        let ahead = SignedDuration::try_from(time).ok().and_then(|time| self.wall.checked_add(time).ok());
        Self { steady: self.steady.saturating_add(time), wall: ahead.unwrap_or(Timestamp::MAX) }
    }

    pub(super) fn is_reached(self, now: Self) -> bool {
        self.left(now).is_zero()
    }

    /// Whether it came later, by the steady clock.
    pub(super) fn is_after(self, other: Self) -> bool {
        self.steady > other.steady
    }

    /// How long until then.
    pub(super) fn left(self, now: Self) -> Duration {
        let by_wall = Duration::try_from(self.wall.duration_since(now.wall)).unwrap_or_default();
        self.steady.saturating_sub(now.steady).min(by_wall)
    }

    pub(super) fn later_of(self, other: Self) -> Self {
        Self { steady: self.steady.max(other.steady), wall: self.wall.max(other.wall) }
    }

    /// What the wall clock will show when this moment comes.
    pub(super) fn shown(self, now: Self) -> Timestamp {
        now.plus(self.left(now)).wall
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: fn(u64) -> Duration = Duration::from_secs;

    fn at(steady: u64, wall: i64) -> Moment {
        Moment { steady: SECOND(steady), wall: Timestamp::from_second(1_800_000_000 + wall).unwrap() }
    }

    #[test]
    fn either_clock_ends_a_wait() {
        let then = at(100, 0).plus(SECOND(60));
        for (now, left) in [
            (at(100, 0), 60),
            (at(130, 30), 30),
            (at(160, 60), 0),
            // The wall clock was put back, put forward; the machine slept.
            (at(130, -3600), 30),
            (at(160, -3600), 0),
            (at(101, 3600), 0),
            (at(110, 40), 20),
        ] {
            assert_eq!(then.left(now), SECOND(left), "{now:?}");
            assert_eq!(then.is_reached(now), left == 0);
        }
        assert_eq!(then.shown(at(130, -3600)), at(0, -3570).wall);
        assert_eq!(then.later_of(at(0, 90)), at(160, 90));
        assert_eq!(at(0, 0).plus(Duration::MAX).wall, Timestamp::MAX);
    }
}
