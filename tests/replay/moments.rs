//! When each recorded request was sent.
//!
//! Recordings carry no time of their own. Writes mostly answer with one; the rest follows from what
//! a request names: it cannot be older than what it names, a deletion comes after the last answer
//! that still knew the thing, a 404 after its deletion. Reads need only a moment before which they
//! cannot have been: they are tried again after every write until they fit.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::facts::{self, Facts};
use super::recording::Exchange;
use super::scores;

/// Where the recordings themselves do not tell: what comes right after what.
const AFTER: &[(&str, &str)] = &[
    ("dual/evaluator-delete-in-use", "dual/rule-delete"),
    ("dual/rule-delete", "dual/rule-create-evaluators-array"),
    ("dual/score-create-upsert-invalid-over-valid", "dual/score-create-upsert-same-id-other-trace"),
    ("dual/score-create-source-annotation-then-api-2", "dual/score-create-source-annotation-then-api"),
    ("dual/race-item-complete", "dual/race-item-create"),
    // Traces are deleted minutes after the request: it is replayed when it took effect.
    ("events_only/trace-delete", "cloud_dev_hobby/ratelimit-429-annotation-queues"),
    ("events_only/traces-bulk-delete", "cloud_dev_hobby/ratelimit-429-annotation-queues"),
];

/// Half of the smallest step of recorded times, so that consequences find their place.
const NEXT: SignedDuration = SignedDuration::from_micros(100);

/// Between two runs of whoever recorded.
const PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// A moment and, at the same moment, what goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub at: Timestamp,
    pub rank: u8,
}

/// The moment of every exchange, in their order.
pub fn infer(exchanges: &[Exchange], facts: &Facts) -> Vec<Moment> {
    let known: Vec<Option<Timestamp>> = {
        let mut known: Vec<_> = exchanges.iter().map(told).collect();
        let is_later = |exchange: &Exchange| AFTER.iter().any(|(name, _)| *name == exchange.label());
        for (index, at) in scores::moments(exchanges, facts, is_later) {
            known[index] = Some(at);
        }
        known
    };
    let mut line = Line { exchanges, facts, at: known, first: Timestamp::MAX, last: Timestamp::MIN };
    let first = line.at.iter().flatten().min().copied().unwrap_or_default();
    line.first = first.checked_sub(SignedDuration::from_secs(1)).unwrap_or(first);
    line.last = line.at.iter().flatten().max().copied().unwrap_or_default();
    line.place(|e| e.is_write() && !is_deletion(e), Line::beside_its_kind);
    line.place(|e| !e.is_write(), Line::after_what_it_shows);
    line.place(is_deletion, Line::after_its_thing);
    line.after_deletions();
    line.by_name();
    let rank = |e: &Exchange| match (e.is_write(), e.succeeded()) {
        (true, true) if e.request.body == serde_json::json!({}) => 2,
        (true, true) => 1,
        (true, false) => 3,
        (false, _) => 4,
    };
    let moment =
        |(e, at): (&Exchange, Option<Timestamp>)| Moment { at: at.unwrap_or(line.first), rank: rank(e) };
    exchanges.iter().zip(line.at.clone()).map(moment).collect()
}

fn is_deletion(exchange: &Exchange) -> bool {
    exchange.request.method == "DELETE" && exchange.succeeded()
}

/// The time that a write's or a rate limit's answer tells.
fn told(exchange: &Exchange) -> Option<Timestamp> {
    let body = &exchange.answers.iter().find(|a| a.status < 300 || a.status == 429)?.body;
    let time = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
    if exchange.status() == 429 {
        let wait = body["details"]["retryAfterSeconds"].as_i64()?;
        return time(&body["details"]["resetAt"])?.checked_sub(SignedDuration::from_secs(wait)).ok();
    }
    if !exchange.is_write() {
        return None;
    }
    let latest = exchange.answers.iter().filter_map(|a| time(&a.body["updatedAt"])).max();
    latest.or_else(|| time(&body["createdAt"]))
}

struct Line<'a> {
    exchanges: &'a [Exchange],
    facts: &'a Facts,
    at: Vec<Option<Timestamp>>,
    first: Timestamp,
    last: Timestamp,
}

impl Line<'_> {
    /// Places what fits and has no moment yet.
    fn place(&mut self, fits: impl Fn(&Exchange) -> bool, moment: impl Fn(&Self, usize) -> Timestamp) {
        let open: Vec<usize> =
            (0..self.at.len()).filter(|i| self.at[*i].is_none() && fits(&self.exchanges[*i])).collect();
        let placed: Vec<(usize, Timestamp)> = open.into_iter().map(|i| (i, moment(self, i))).collect();
        for (index, at) in placed {
            self.at[index] = Some(at);
        }
    }

    fn not_before(&self, index: usize) -> Timestamp {
        let exchange = &self.exchanges[index];
        let named = self.facts.not_before(index, &facts::own_names(exchange));
        named.unwrap_or(self.first).max(self.start_of(&exchange.mode))
    }

    /// The first told moment of a mode's recordings.
    fn start_of(&self, mode: &str) -> Timestamp {
        let own = (0..self.at.len()).filter(|i| self.exchanges[*i].mode == mode);
        let first = own.filter_map(|i| told(&self.exchanges[i])).min().unwrap_or(self.first);
        first.checked_sub(SignedDuration::from_secs(1)).unwrap_or(first)
    }

    /// A write that tells no time: a made thing's birth if later answers show it, else right after
    /// the last timed write of its kind, else at the end.
    fn beside_its_kind(&self, index: usize) -> Timestamp {
        let exchange = &self.exchanges[index];
        let births = made(exchange);
        let births = births.iter().filter_map(|id| self.facts.births.get(id)?.first());
        if let Some(born) = births.filter(|birth| !self.facts.given.contains(birth)).min() {
            return *born;
        }
        let kind = |i: &usize| {
            let other = &self.exchanges[*i];
            other.mode == exchange.mode
                && other.resource() == exchange.resource()
                && other.is_write()
                && other.succeeded()
        };
        let beside = (0..self.at.len()).filter(kind).filter_map(|i| self.at[i]).max();
        let named = self.not_before(index);
        match beside {
            Some(at) => at.max(named),
            None if exchange.succeeded() && named > self.start_of(&exchange.mode) => named,
            None => self.end_of(&exchange.mode),
        }
    }

    /// The last moment of the mode's recordings, without what was added after a pause.
    fn end_of(&self, mode: &str) -> Timestamp {
        let own = (0..self.at.len()).filter(|i| self.exchanges[*i].mode == mode);
        let mut times: Vec<Timestamp> = own.filter_map(|i| told(&self.exchanges[i])).collect();
        times.sort();
        let pause = times.windows(2).find(|pair| pair[1].duration_since(pair[0]) > PAUSE);
        pause.map_or(times.last(), |pair| pair.first()).copied().unwrap_or(self.last)
    }

    /// A read: after the newest thing that it shows or names.
    fn after_what_it_shows(&self, index: usize) -> Timestamp {
        let exchange = &self.exchanges[index];
        let shown = exchange.answers.iter().flat_map(|a| facts::times(&a.body));
        let shown = shown.filter(|at| *at <= self.last).max().unwrap_or(Timestamp::MIN);
        let named = self.not_before(index);
        let nothing = exchange.status() == 404 || exchange.answers[0].body["data"] == serde_json::json!([]);
        let tried = if nothing { self.last_try(index) } else { Timestamp::MIN };
        shown.max(named).max(tried).max(self.first)
    }

    /// The last attempt to make one of the named things.
    fn last_try(&self, index: usize) -> Timestamp {
        let own = facts::own_names(&self.exchanges[index]);
        let tries = (0..self.at.len()).filter(|i| {
            let other = &self.exchanges[*i];
            other.is_write() && other.succeeded() && made(other).iter().any(|id| own.contains(id))
        });
        tries.filter_map(|i| self.at[i]).max().unwrap_or(Timestamp::MIN)
    }

    /// A deletion: after the last answer that knew the thing, before it is made again.
    fn after_its_thing(&self, index: usize) -> Timestamp {
        let exchange = &self.exchanges[index];
        let targets = deleted(exchange);
        let mut at = self.not_before(index);
        for target in &targets {
            let births = self.facts.births.get(target);
            let again = births.filter(|b| b.len() > 1).and_then(|b| b.last().copied());
            let knows = |i: &usize| {
                let other = &self.exchanges[*i];
                *i != index
                    && other.succeeded()
                    && !is_deletion(other)
                    && self.facts.names[*i].contains(target)
            };
            let seen = (0..self.at.len()).filter(knows).filter_map(|i| self.at[i]);
            at = at.max(seen.filter(|t| again.is_none_or(|again| *t < again)).max().unwrap_or(at));
        }
        if targets.is_empty() || at == self.first {
            return self.beside_its_kind(index);
        }
        at.checked_add(NEXT).unwrap_or(at)
    }

    /// What answered 404 for a thing that was deleted comes after the deletion.
    fn after_deletions(&mut self) {
        let gone: Vec<(String, Timestamp)> = (0..self.at.len())
            .filter(|i| is_deletion(&self.exchanges[*i]))
            .flat_map(|i| deleted(&self.exchanges[i]).into_iter().map(move |target| (target, i)))
            .filter_map(|(target, i)| Some((target, self.at[i]?)))
            .collect();
        for index in 0..self.at.len() {
            let exchange = &self.exchanges[index];
            if exchange.status() != 404 {
                continue;
            }
            let own = facts::own_names(exchange);
            let after = gone.iter().filter(|(target, _)| own.contains(target)).map(|(_, at)| *at).min();
            if let Some(after) = after.and_then(|at| at.checked_add(NEXT).ok()) {
                self.at[index] = self.at[index].max(Some(after));
            }
        }
    }

    /// Repetitions come right after what they repeat; so does what the table says.
    fn by_name(&mut self) {
        let index: BTreeMap<String, usize> =
            self.exchanges.iter().enumerate().map(|(i, e)| (e.label(), i)).collect();
        for (label, own) in &index {
            let listed = AFTER.iter().find(|(name, _)| name == label).map(|(_, before)| (*before).to_owned());
            let again = label
                .strip_suffix("-again")
                .map(str::to_owned)
                .filter(|_| told(&self.exchanges[*own]).is_none());
            if again.as_ref().is_some_and(|first| !index.contains_key(first)) {
                // Its namesake is made up just before it.
                self.at[*own] = self.at[*own].and_then(|at| at.checked_add(NEXT).ok());
            }
            let Some(before) = listed.or(again).and_then(|name| index.get(&name)) else { continue };
            self.at[*own] = self.at[*before].and_then(|at| at.checked_add(NEXT).ok());
        }
    }
}

/// Ids of what a write makes or names as its own.
pub fn made(exchange: &Exchange) -> Vec<String> {
    let mut ids = Vec::new();
    let mut take = |value: &Value| ids.extend(value["id"].as_str().map(str::to_owned));
    take(&exchange.request.body);
    for answer in exchange.answers.iter().filter(|a| a.status < 300) {
        take(&answer.body);
    }
    for event in exchange.request.body["batch"].as_array().into_iter().flatten() {
        take(&event["body"]);
    }
    ids
}

/// What a deletion removes.
fn deleted(exchange: &Exchange) -> Vec<String> {
    let body = &exchange.request.body;
    let listed = body["traceIds"].as_array().into_iter().flatten();
    let mut targets: Vec<String> = listed.filter_map(|id| id.as_str().map(str::to_owned)).collect();
    targets.extend(body["userId"].as_str().map(str::to_owned));
    if targets.is_empty() {
        targets.push(exchange.target());
    }
    targets
}
