//! Rate limits of the cloud plans.
//!
//! A window is fixed: it begins with the first request after the one before. The request that uses
//! the last of a budget is refused already, so a limit of 30 serves 29.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::routes::Class;
use crate::server::data::value::iso;
use crate::server::options::Plan;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// What has been counted, for the whole organization.
#[derive(Debug, Default)]
pub struct Limits(Mutex<HashMap<Class, Window>>);

#[derive(Debug, Clone, Copy)]
struct Window {
    ends: Timestamp,
    used: u32,
}

/// A request over its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Over {
    limit: u32,
    ends: Timestamp,
    /// Whole seconds until then, rounded up.
    seconds: u64,
}

impl Limits {
    /// Counts a request, and says whether it is refused.
    pub fn count(&self, plan: Plan, class: Class, now: Timestamp) -> Result<(), Over> {
        let Some((limit, length)) = budget(plan, class) else { return Ok(()) };
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Window { ends: now.saturating_add(length).unwrap_or(Timestamp::MAX), used: 0 };
        let window = windows.entry(class).or_insert(fresh);
        if window.ends <= now {
            *window = fresh;
        }
        window.used = window.used.saturating_add(1);
        if window.used < limit {
            return Ok(());
        }
        let left = Duration::try_from(window.ends.duration_since(now)).unwrap_or_default();
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Err(Over { limit, ends: window.ends, seconds })
    }
}

/// Requests per window; none where a plan has no limit.
fn budget(plan: Plan, class: Class) -> Option<(u32, Duration)> {
    let (window, budgets) = match class {
        Class::Free => return None,
        Class::Queues | Class::Datasets => (MINUTE, [100, 1000, 1000]),
        Class::Public => (MINUTE, [30, 1000, 1000]),
        Class::Legacy => (MINUTE, [15, 30, 100]),
        Class::Ingestion => (MINUTE, [1000, 20_000, 20_000]),
        Class::LegacyIngestion => (MINUTE, [100, 400, 400]),
        Class::MediaUpload => (MINUTE, [1000, 4000, 20_000]),
        Class::ScoreDelete | Class::TraceDelete => (DAY, [50, 200, 1000]),
        Class::Metrics if plan == Plan::Hobby => (DAY, [100, 100, 500]),
        Class::Metrics => (HOUR, [100, 100, 500]),
        Class::LegacyMetrics => (DAY, [100, 2000, 2000]),
        Class::DailyMetrics => (DAY, [10, 200, 200]),
    };
    let [hobby, core, pro] = budgets;
    match plan {
        Plan::Unlimited => None,
        Plan::Hobby => Some((hobby, window)),
        Plan::Core => Some((core, window)),
        Plan::Pro => Some((pro, window)),
    }
}

impl Over {
    /// The body, the same on all routes but for the message.
    pub fn body(&self, message: &str) -> Value {
        json!({
            "message": message, "code": "rate_limited",
            "details": {
                "retryAfterSeconds": self.seconds, "limit": self.limit, "remaining": 0,
                "resetAt": iso(self.ends),
            },
        })
    }

    /// Adds the headers that only a refused request gets.
    pub fn head(&self, headers: &mut HeaderMap) {
        // As JavaScript prints a date.
        let reset = self.ends.strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)");
        headers.insert(header::RETRY_AFTER, self.seconds.into());
        headers.insert("x-ratelimit-limit", self.limit.into());
        headers.insert("x-ratelimit-remaining", 0.into());
        if let Ok(reset) = HeaderValue::try_from(reset.to_string()) {
            headers.insert("x-ratelimit-reset", reset);
        }
    }
}

/// What is said about a request over its limit: reads of the old data model are told where to go.
pub fn message(method: &str, route: &str) -> String {
    let Some(instead) = upgrade(method, route) else { return "Rate limit exceeded".into() };
    format!(
        "Rate limit exceeded for {method} {route}. Use GET /api/public/v2/observations?{instead}\
         fromStartTime=<from>&toStartTime=<to> for high-volume reads."
    )
}

/// The first parameters of the request to send instead.
fn upgrade(method: &str, route: &str) -> Option<&'static str> {
    match (method, route.strip_prefix("/api/public/")?) {
        ("GET", "traces" | "observations" | "sessions") => Some(""),
        ("GET", "traces/{traceId}") => Some("traceId={traceId}&"),
        ("GET", "observations/{observationId}") => Some("filter=<urlencoded id filter>&"),
        ("GET", "sessions/{sessionId}") => Some("filter=<urlencoded sessionId filter>&"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_reads_are_told_where_to_go() {
        let range = "fromStartTime=<from>&toStartTime=<to> for high-volume reads.";
        let v2 = "Use GET /api/public/v2/observations?";
        for (route, first) in [
            ("traces", ""),
            ("sessions/{sessionId}", "filter=<urlencoded sessionId filter>&"),
            ("traces/{traceId}", "traceId={traceId}&"),
        ] {
            let route = format!("/api/public/{route}");
            let wanted = format!("Rate limit exceeded for GET {route}. {v2}{first}{range}");
            assert_eq!(message("GET", &route), wanted);
        }
        for (method, route) in [("GET", "/api/public/comments"), ("DELETE", "/api/public/traces")] {
            assert_eq!(message(method, route), "Rate limit exceeded");
        }
    }

    #[test]
    fn windows_are_a_minute_an_hour_or_a_day() {
        for (plan, class, wanted) in [
            (Plan::Hobby, Class::Metrics, Some((100, DAY))),
            (Plan::Core, Class::Metrics, Some((100, HOUR))),
            (Plan::Pro, Class::Metrics, Some((500, HOUR))),
            (Plan::Hobby, Class::DailyMetrics, Some((10, DAY))),
            (Plan::Core, Class::Legacy, Some((30, MINUTE))),
            (Plan::Pro, Class::Free, None),
            (Plan::Unlimited, Class::Public, None),
        ] {
            assert_eq!(budget(plan, class), wanted, "{plan:?} {class:?}");
        }
    }
}
