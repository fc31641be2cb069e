//! Time as people read it. The clock itself lives in the runtime, which passes [`Now`] down.

use std::time::Duration;

use jiff::Timestamp;

/// The moment a message is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Wall-clock time.
    pub wall: Timestamp,
    /// Time since the program started; never goes back.
    pub mono: Duration,
}

/// How long ago something was, short: `now`, `4 min`, `2 h`, `3 d`.
#[must_use]
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    match now.as_second().saturating_sub(then.as_second()) {
        s if s < 60 => "now".into(),
        s if s < 3600 => format!("{} min", s / 60),
        s if s < 86_400 => format!("{} h", s / 3600),
        s if s < 86_400 * 60 => format!("{} d", s / 86_400),
        s if s < 86_400 * 730 => format!("{} months", s / (86_400 * 30)),
        s => format!("{} years", s / (86_400 * 365)),
    }
}

/// A duration in seconds, short: `0.1 s`, `3.2 s`, `2 min 05 s`, `1 h 20`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "?".into();
    }
    if seconds < 0.0095 {
        return format!("{:.1} ms", seconds * 1000.0);
    }
    if seconds < 0.95 {
        return format!("{seconds:.2} s");
    }
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "finite and positive; saturates"
    )]
    let whole = seconds.round() as u64;
    if whole < 3600 {
        return format!("{} min {:02} s", whole / 60, whole % 60);
    }
    format!("{} h {:02}", whole / 3600, whole % 3600 / 60)
}

/// Date and time of day, short: `23 Nov 14:02`, with the year where it is not the present one.
#[must_use]
pub fn clock(at: Timestamp, now: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    let (then, now) = (zone.to_datetime(at), zone.to_datetime(now));
    let format = if then.year() == now.year() { "%-d %b %H:%M" } else { "%-d %b %Y %H:%M" };
    then.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_said_where_it_is_another_one() {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(2));
        let now = "2026-01-02T10:00:00Z".parse().unwrap();
        for (at, expected) in [
            ("2026-01-01T00:00:00Z", "1 Jan 02:00"),
            ("2025-12-31T22:00:00Z", "1 Jan 00:00"),
            ("2025-12-31T21:59:00Z", "31 Dec 2025 23:59"),
            ("2027-01-01T00:00:00Z", "1 Jan 2027 02:00"),
        ] {
            assert_eq!(clock(at.parse().unwrap(), now, &zone), expected);
        }
    }
}
