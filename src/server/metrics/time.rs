//! Buckets of time.

use jiff::civil::{DateTime, Weekday};
use jiff::tz::Offset;
use jiff::{Span, Timestamp, ToSpan as _};

/// How wide a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granularity {
    Minute,
    Hour,
    Day,
    Week,
    Month,
}

impl Granularity {
    /// The one of that name; `auto` makes about fifty buckets of the range.
    pub fn named(name: &str, from: Timestamp, to: Timestamp) -> Self {
        match name {
            "minute" => Self::Minute,
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            _ => Self::fitting(from, to),
        }
    }

    fn fitting(from: Timestamp, to: Timestamp) -> Self {
        match (to.as_millisecond() - from.as_millisecond()) / 3_600_000 {
            ..2 => Self::Minute,
            2..72 => Self::Hour,
            72..1440 => Self::Day,
            1440..8760 => Self::Week,
            _ => Self::Month,
        }
    }

    /// The bucket of the time in column `time`, which is a name of ours.
    pub fn sql(self, time: &str) -> String {
        match self {
            Self::Minute => format!("substr({time}, 1, 16) || ':00Z'"),
            Self::Hour => format!("substr({time}, 1, 13) || ':00:00Z'"),
            Self::Day => format!("substr({time}, 1, 10)"),
            Self::Week => format!("date(substr({time}, 1, 10), 'weekday 0', '-6 days')"),
            Self::Month => format!("substr({time}, 1, 7) || '-01'"),
        }
    }

    fn start(self, at: Timestamp) -> Option<DateTime> {
        let at = Offset::UTC.to_datetime(at);
        let day = at.date();
        Some(match self {
            Self::Minute => day.at(at.hour(), at.minute(), 0, 0),
            Self::Hour => day.at(at.hour(), 0, 0, 0),
            Self::Day => day.at(0, 0, 0, 0),
            Self::Week if day.weekday() == Weekday::Monday => day.at(0, 0, 0, 0),
            Self::Week => day.nth_weekday(-1, Weekday::Monday).ok()?.at(0, 0, 0, 0),
            Self::Month => day.first_of_month().at(0, 0, 0, 0),
        })
    }

    fn step(self) -> Span {
        match self {
            Self::Minute => 1.minute(),
            Self::Hour => 1.hour(),
            Self::Day => 1.day(),
            Self::Week => 1.week(),
            Self::Month => 1.month(),
        }
    }

    fn label(self, bucket: DateTime) -> String {
        match self {
            Self::Minute | Self::Hour => bucket.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            Self::Day | Self::Week | Self::Month => bucket.strftime("%Y-%m-%d").to_string(),
        }
    }

    /// The buckets from that of `from` to before that of `to`, at most `most`.
    pub fn buckets(self, from: Timestamp, to: Timestamp, most: usize) -> Vec<String> {
        let (Some(first), Some(end)) = (self.start(from), self.start(to)) else { return Vec::new() };
        let next = |bucket: &DateTime| bucket.checked_add(self.step()).ok();
        let buckets = std::iter::successors(Some(first), next).take_while(|bucket| *bucket < end);
        buckets.take(most).map(|bucket| self.label(bucket)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_begin_where_calendars_do() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap_or_default();
        for (granularity, from, to, wanted) in [
            (
                Granularity::Minute,
                "2026-11-24T06:10:30Z",
                "2026-11-24T06:12:00Z",
                "2026-11-24T06:10:00Z 2026-11-24T06:11:00Z",
            ),
            (Granularity::Hour, "2026-11-24T23:59:00Z", "2026-11-25T00:30:00Z", "2026-11-24T23:00:00Z"),
            (Granularity::Day, "2026-11-30T06:00:00Z", "2026-12-02T00:00:00Z", "2026-11-30 2026-12-01"),
            (Granularity::Week, "2026-11-22T06:00:00Z", "2026-11-30T00:00:00Z", "2026-11-16 2026-11-23"),
            (Granularity::Month, "2026-11-22T06:00:00Z", "2027-01-01T00:00:00Z", "2026-11-01 2026-12-01"),
        ] {
            assert_eq!(granularity.buckets(at(from), at(to), 9).join(" "), wanted);
        }
        assert_eq!(
            Granularity::Minute.buckets(at("1970-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z"), 7).len(),
            7
        );
    }

    #[test]
    fn auto_makes_about_fifty() {
        let at = |hours: i64| Timestamp::from_second(hours * 3600).unwrap_or_default();
        for (hours, wanted) in [
            (1, Granularity::Minute),
            (2, Granularity::Hour),
            (72, Granularity::Day),
            (1440, Granularity::Week),
            (8760, Granularity::Month),
        ] {
            assert_eq!(Granularity::named("auto", at(0), at(hours)), wanted);
        }
    }
}
