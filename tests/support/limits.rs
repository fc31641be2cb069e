//! A server's rate limits: so many requests of a class in a window, of which the last is refused
//! already.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Limits by class, and what has been counted.
#[derive(Debug)]
pub struct Limits {
    window: Duration,
    counted: HashMap<&'static str, Counted>,
}

#[derive(Debug)]
struct Counted {
    /// Which window it is, from 0.
    window: usize,
    began: Instant,
    requests: usize,
}

/// A request that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverLimit {
    /// The limit of its class.
    pub limit: usize,
    /// Whole seconds until the window ends, rounded up.
    pub left: u64,
    /// The window of its class, from 0.
    pub window: usize,
}

impl Limits {
    /// Those of Langfuse Cloud's free plan, per window of this length instead of a minute. A window
    /// begins with the first request after the one before.
    pub fn hobby(window: Duration) -> Self {
        Self { window, counted: HashMap::new() }
    }

    /// Counts a request, and says whether it is refused.
    pub fn count(&mut self, path: &str, now: Instant) -> Option<OverLimit> {
        let (class, limit) = class(path)?;
        let first = Counted { window: 0, began: now, requests: 0 };
        let counted = self.counted.entry(class).or_insert(first);
        if now.duration_since(counted.began) >= self.window {
            *counted = Counted { window: counted.window + 1, began: now, requests: 0 };
        }
        counted.requests += 1;
        let left = self.window.saturating_sub(now.duration_since(counted.began));
        let left = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        (counted.requests >= limit).then_some(OverLimit { limit, left, window: counted.window })
    }
}

/// The class of a request with its limit; nobody counts the others.
pub fn class(path: &str) -> Option<(&'static str, usize)> {
    match path.trim_start_matches("/api/public/").split(['/', '?']).next()? {
        "health" | "projects" => None,
        "annotation-queues" => Some(("annotation-queues", 100)),
        _ => Some(("public-api", 30)),
    }
}

#[test]
fn the_last_request_of_a_window_is_refused_already() {
    #[expect(clippy::disallowed_methods, reason = "any moment to begin with")]
    let began = Instant::now();
    let mut limits = Limits::hobby(Duration::from_secs(3));
    for (window, at) in [0, 3000].into_iter().enumerate() {
        let at = |ms: u64| began + Duration::from_millis(at + ms);
        assert!((0..29).all(|_| limits.count("/api/public/v3/scores?limit=1", at(0)).is_none()));
        let over = |left| Some(OverLimit { limit: 30, left, window });
        assert_eq!(limits.count("/api/public/scores", at(1)), over(3));
        assert_eq!(limits.count("/api/public/comments", at(2500)), over(1));
        assert_eq!(limits.count("/api/public/annotation-queues/q/items", at(2500)), None);
        assert_eq!(limits.count("/api/public/projects", at(2500)), None);
    }
}
