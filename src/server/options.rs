//! Which server this one behaves like.

use std::time::Duration;

use super::http::faults::Fault;

/// Where the data model stands between the old tables of traces and the new ones of events; decides
/// which endpoints answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// A bare v4 installation: reads of the old data model answer 404.
    #[default]
    EventsOnly,
    /// A v4 installation that keeps both: old and new endpoints answer.
    Dual,
    /// A v3 installation: only the old endpoints answer.
    Legacy,
}

/// Whose rate limits hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Plan {
    /// A self-hosted installation: no limits.
    #[default]
    Unlimited,
    /// The free cloud plan.
    Hobby,
    /// The first paid cloud plan.
    Core,
    /// The larger cloud plans.
    Pro,
}

/// How the embedded server deviates from a bare installation.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which endpoints answer.
    pub mode: Mode,
    /// Whose rate limits hold.
    pub plan: Plan,
    /// Refuse scores that do not fit with 400 instead of dropping them silently.
    pub strict: bool,
    /// Time until a written or deleted score shows.
    pub score_delay: Duration,
    /// Score deletions are worked off one per this time, the first at once and apart from the writes;
    /// zero deletes them in the order of writes and deletions. A score written again under its id is deleted all the same.
    pub delete_delay: Duration,
    /// Time that every answer takes longer.
    pub latency: Duration,
    /// What is to go wrong.
    pub faults: Vec<Fault>,
    /// Which of the requests meant by a fault with a probability it strikes.
    pub fault_seed: u64,
}
