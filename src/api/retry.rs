//! When to repeat a read, and how long a server asks to wait.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::Retry;

/// How often a read is repeated before its error is returned.
pub(super) const RETRIES: u32 = 3;
/// The longest wait a server may ask for before the caller is told instead.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait before repeating a read: a random part of a growing limit, so that clients
/// that failed together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Limit of the first wait; doubles with every attempt.
    pub first: Duration,
    /// Limit of any wait.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(300), longest: Duration::from_secs(5) }
    }
}

impl Backoff {
    /// The longest wait after so many failures, the first of which is 1.
    pub(super) fn limit(self, failed: u32) -> Duration {
        self.first.saturating_mul(1 << failed.saturating_sub(1).min(16)).min(self.longest)
    }

    /// The wait before attempt `failed + 1`, or `None` to give up. `random` is from 0 to 1.
    pub(super) fn pause(self, retry: Retry, failed: u32, random: f64) -> Option<Duration> {
        if failed > RETRIES {
            return None;
        }
        let jitter = self.limit(failed).mul_f64(random.clamp(0.0, 1.0));
        match retry {
            Retry::Transient { after: Some(after) } if after > PATIENCE => None,
            // Never sooner than asked for.
            Retry::Transient { after: Some(after) } => Some(after + jitter.min(Duration::from_millis(250))),
            Retry::Network | Retry::Transient { after: None } => Some(jitter),
            Retry::Auth | Retry::Permanent => None,
        }
    }
}

/// Reads a `Retry-After` header: seconds, or a date.
pub(super) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = header.trim().parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = httpdate::parse_http_date(header.trim()).ok()?;
    let at = i64::try_from(at.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs()).ok()?;
    Some(Duration::from_secs(u64::try_from(at - now.as_second()).unwrap_or_default()))
}

/// A random number from 0 to 1.
pub(super) fn random() -> f64 {
    let (bits, _) = uuid::Uuid::new_v4().as_u64_pair();
    f64::from((bits >> 32) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: fn(u64) -> Retry = |s| Retry::Transient { after: Some(Duration::from_secs(s)) };

    #[test]
    fn waits_grow_and_end() {
        let backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_millis(300) };
        let pauses: Vec<_> = (1..=4).map(|n| backoff.pause(Retry::Network, n, 1.0)).collect();
        let ms = |n| Some(Duration::from_millis(n));
        assert_eq!(pauses, [ms(100), ms(200), ms(300), None]);
        assert_eq!(backoff.pause(Retry::Network, 1, 0.0), Some(Duration::ZERO));
        assert_eq!(backoff.pause(Retry::Auth, 1, 1.0), None);
        assert_eq!(backoff.pause(Retry::Permanent, 1, 1.0), None);
    }

    #[test]
    fn a_wait_asked_for_is_kept_or_handed_on() {
        let backoff = Backoff::default();
        assert_eq!(backoff.pause(WAIT(10), 1, 0.0), Some(Duration::from_secs(10)));
        assert!(backoff.pause(WAIT(2), 1, 1.0) > Some(Duration::from_secs(2)));
        assert_eq!(backoff.pause(WAIT(11), 1, 0.0), None);
    }

    #[test]
    fn reads_seconds_and_dates() {
        let now: Timestamp = "2026-11-24T06:00:00Z".parse().unwrap();
        for (header, seconds) in [
            ("57", Some(57)),
            (" 3 ", Some(3)),
            ("Tue, 24 Nov 2026 06:01:00 GMT", Some(60)),
            ("Tue, 24 Nov 2026 05:01:00 GMT", Some(0)),
            ("-5", None),
            ("NaN", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(header, now), seconds.map(Duration::from_secs), "{header}");
        }
    }

    #[test]
    fn random_stays_in_range() {
        assert!((0..100).map(|_| random()).all(|n| (0.0..=1.0).contains(&n)));
    }
}
