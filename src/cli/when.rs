//! Times on the command line.

use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, ZonedDateTime};

/// The moment a text means: `2h` or `3 days` ago, `today`, `yesterday`, a date or a time of the
/// zone, or an RFC 3339 time.
pub(super) fn since(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let text = text.trim();
    let here = ZonedDateTime::new(now, zone.clone());
    let local = |time: DateTime| zone.to_timestamp(time).map_err(|e| e.to_string());
    match text {
        "today" => return local(here.date().into()),
        "yesterday" => {
            return here.date().yesterday().map_err(|e| e.to_string()).and_then(|d| local(d.into()));
        }
        _ => {}
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(time) = text.parse::<Date>().map(DateTime::from) {
        // A date with a time of day is a date, too, to the parser.
        return local(text.parse::<DateTime>().unwrap_or(time));
    }
    let ago = text.strip_suffix("ago").unwrap_or(text).trim();
    if let Ok(span) = ago.parse::<Span>()
        && let Ok(at) = here.checked_sub(span.abs())
    {
        return Ok(at.timestamp());
    }
    Err(format!("`{text}` is no time: write 2h, 3d, today, 2026-11-24 or 2026-11-24T10:00"))
}

/// How long: `200ms`, `90s`, `10m`, `1h 30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.trim().parse::<SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    parsed.ok_or_else(|| format!("`{text}` is no length of time: write 200ms, 90s or 10m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_understood_in_the_zone() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2h", "2026-11-24T10:00:00Z"),
            ("90 minutes ago", "2026-11-24T10:30:00Z"),
            ("3d", "2026-11-21T12:00:00Z"),
            ("today", "2026-11-23T23:00:00Z"),
            ("yesterday", "2026-11-22T23:00:00Z"),
            ("2026-07-01", "2026-06-30T22:00:00Z"),
            ("2026-11-24T10:00", "2026-11-24T09:00:00Z"),
            ("2026-11-24 10:00", "2026-11-24T09:00:00Z"),
            ("2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z"),
        ] {
            assert_eq!(since(text, now, &zone), Ok(expected.parse().unwrap()), "{text}");
        }
        for text in ["", "soon", "24.11.2026", "2026-13-01"] {
            assert!(since(text, now, &zone).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("200ms"), Ok(Duration::from_millis(200)));
        assert_eq!(duration("10m"), Ok(Duration::from_mins(10)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_mins(90)));
        for text in ["10", "-1s", "soon"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
