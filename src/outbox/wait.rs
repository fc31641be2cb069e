//! How long to wait: between attempts, and between looks for a sent score.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Longest wait between attempts that nobody asked for.
const LONGEST: Duration = Duration::from_mins(1);
/// When to look for a sent score, in seconds after it was sent; it usually takes 6 to 8, but some
/// servers answer reads from data that are ten minutes old.
const LOOKS: [i64; 10] = [1, 3, 7, 15, 30, 60, 120, 300, 600, 720];
/// A sent score that does not show by then was not kept, if the server has shown another one sent
/// at the same time or later: then its answers are not that old.
pub(super) const GIVE_UP: SignedDuration = SignedDuration::from_secs(60);
/// A sent score that does not show by then was not kept.
pub(super) const GIVE_UP_ANYWAY: SignedDuration = SignedDuration::from_secs(720);

/// The wait after the n-th failure in a row: 1, 2, 4 … 60 s, and a random part of a fifth more, so
/// that clients that failed together do not come back together.
pub(super) fn backoff(failures: u32) -> Duration {
    let wait = Duration::from_secs(1 << failures.saturating_sub(1).min(6)).min(LONGEST);
    let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
    let fifth = u64::try_from(wait.as_millis() / 5).unwrap_or(0);
    wait + Duration::from_millis(random % (fifth + 1))
}

/// The time so long after.
pub(super) fn after(now: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

/// How long until `at`; nothing if it has passed.
pub(super) fn between(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default()
}

/// When to look next for a score sent at `sent`, having looked at `looked`. The last look is
/// repeated until it gets an answer.
pub(super) fn next_look(sent: Timestamp, looked: Option<Timestamp>) -> Timestamp {
    let look = |seconds| after(sent, Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
    let left = LOOKS.into_iter().map(look).find(|at| looked.is_none_or(|looked| *at > looked));
    left.unwrap_or_else(|| look(LOOKS[LOOKS.len() - 1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn waits_double_up_to_a_minute() {
        for (failures, seconds) in [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (1000, 60)] {
            let least = Duration::from_secs(seconds);
            let wait = backoff(failures);
            assert!(wait >= least && wait <= least.mul_f64(1.2), "{failures}: {wait:?}");
        }
    }

    #[test]
    fn looks_get_rarer_and_the_last_is_repeated() {
        for (looked, next) in [
            (None, 1),
            (Some(1), 3),
            (Some(2), 3),
            (Some(8), 15),
            (Some(59), 60),
            (Some(60), 120),
            (Some(720), 720),
        ] {
            assert_eq!(next_look(at(0), looked.map(at)), at(next), "{looked:?}");
        }
    }

    #[test]
    fn time_does_not_overflow() {
        assert_eq!(after(at(0), Duration::from_secs(90)), at(90));
        assert_eq!(after(at(0), Duration::MAX), Timestamp::MAX);
        assert_eq!(between(at(5), at(3)), Duration::ZERO);
        assert_eq!(between(at(3), at(5)), Duration::from_secs(2));
    }
}
