//! The budget of one class against a server that counts in windows.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::*;
use crate::api::lane::{Lane, Outcome, Step};
use crate::api::moment::Moment;
use crate::api::{Priority, Urgency};

const WINDOW: u64 = 60_000;
const PRIORITIES: [Priority; 3] = [Priority::Write, Priority::Screen, Priority::Prefetch];

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

/// A server that counts in windows which begin with the first request after the last one.
struct Server {
    limit: usize,
    window: Option<u64>,
    counted: usize,
}

impl Server {
    /// What it says to a request that reaches it.
    fn hear(&mut self, now: u64) -> Outcome {
        let began = *self.window.get_or_insert(now);
        if now >= began + WINDOW {
            (self.window, self.counted) = (Some(now), 0);
        }
        self.counted += 1;
        if self.counted < self.limit {
            return Outcome::Answered;
        }
        let left = self.window.unwrap_or(now) + WINDOW - now;
        Outcome::Limited { limit: Some(self.limit), wait: ms(left.div_ceil(1000) * 1000) }
    }
}

/// A request under way: sent after the limit was known, and what the server said once it heard it.
#[derive(Clone, Copy)]
struct Flight {
    sent: Moment,
    knowing: bool,
    said: Option<Outcome>,
}

/// A lane, those who wait in it, those who went, and a server.
struct World {
    lane: Lane,
    began: Moment,
    now: u64,
    server: Server,
    waiting: BTreeMap<u64, Urgency>,
    flights: Vec<Flight>,
    arrivals: u64,
    refusals: usize,
}

#[derive(Debug, Clone)]
enum Event {
    Arrive(usize),
    Write,
    Cancel(usize),
    Urge(usize, usize),
    Hear(usize),
    Answer(usize),
    Break(usize),
    Pass(u64),
}

impl World {
    fn new(limit: usize) -> Self {
        Self {
            lane: Lane::new(Some(ms(WINDOW))),
            began: Moment::now(Instant::now(), clock()),
            now: 0,
            server: Server { limit, window: None, counted: 0 },
            waiting: BTreeMap::new(),
            flights: Vec::new(),
            arrivals: 0,
            refusals: 0,
        }
    }

    fn moment(&self) -> Moment {
        self.began.plus(ms(self.now))
    }

    fn wants(&self, arrival: u64) -> (Priority, u64) {
        (self.waiting[&arrival].get(), arrival)
    }

    fn nth(&self, n: usize) -> Option<u64> {
        self.waiting.keys().nth(n % self.waiting.len().max(1)).copied()
    }

    /// Whoever may go goes; the last to arrive asks first.
    fn pump(&mut self) {
        while let Some(arrival) = self.waiting.keys().rev().copied().find(|arrival| {
            let moment = self.began.plus(ms(self.now));
            self.lane.ask(*arrival, moment) == Step::Go
        }) {
            let passed: Vec<_> =
                self.waiting.keys().filter(|other| self.wants(**other) < self.wants(arrival)).collect();
            assert!(passed.is_empty(), "{arrival} passed {passed:?}");
            self.waiting.remove(&arrival);
            self.take_off();
        }
    }

    fn take_off(&mut self) {
        self.flights.push(Flight { sent: self.moment(), knowing: self.refusals > 0, said: None });
    }

    fn hear(&mut self, n: usize) {
        if self.flights[n].said.is_none() {
            let said = self.server.hear(self.now);
            let refused = matches!(said, Outcome::Limited { .. });
            assert!(!(refused && self.flights[n].knowing), "refused although the limit was known");
            self.flights[n].said = Some(said);
        }
    }

    fn land(&mut self, n: usize, outcome: Option<Outcome>) {
        let flight = self.flights.swap_remove(n);
        let outcome = outcome.or(flight.said).unwrap_or(Outcome::NotSent);
        self.refusals += usize::from(matches!(outcome, Outcome::Limited { .. }));
        self.lane.settle(outcome, flight.sent, self.moment());
    }

    fn happen(&mut self, event: &Event) {
        let flying = self.flights.len();
        match *event {
            Event::Arrive(priority) => {
                self.arrivals += 1;
                let urgency = Urgency::new(PRIORITIES[priority]);
                self.lane.enter(self.arrivals, urgency.clone(), Arc::new(Notify::new()));
                self.waiting.insert(self.arrivals, urgency);
            }
            Event::Write => {
                if self.lane.write(self.moment()).is_ok() {
                    self.take_off();
                }
            }
            Event::Cancel(n) => {
                if let Some(arrival) = self.nth(n) {
                    self.waiting.remove(&arrival);
                    self.lane.leave(arrival);
                }
            }
            Event::Urge(n, priority) => {
                if let Some(arrival) = self.nth(n) {
                    self.waiting[&arrival].set(PRIORITIES[priority]);
                }
            }
            Event::Hear(n) if flying > 0 => self.hear(n % flying),
            Event::Answer(n) if flying > 0 => {
                self.hear(n % flying);
                self.land(n % flying, None);
            }
            // Cut off, before or after the server heard it.
            Event::Break(n) if flying > 0 => self.land(n % flying, Some(Outcome::Unsure)),
            Event::Hear(_) | Event::Answer(_) | Event::Break(_) => {}
            Event::Pass(time) => self.now += time,
        }
        self.pump();
    }

    /// Until everything is answered, with nobody new: how long that takes.
    fn finish(&mut self) {
        for _ in 0..2 * self.waiting.len() + 2 {
            while !self.flights.is_empty() {
                self.happen(&Event::Answer(0));
            }
            self.happen(&Event::Pass(WINDOW));
        }
        assert!(self.waiting.is_empty(), "{:?} starve", self.waiting.keys());
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => (0..3_usize).prop_map(Event::Arrive),
        2 => Just(Event::Write),
        1 => (0..9_usize).prop_map(Event::Cancel),
        1 => (0..9_usize, 0..3_usize).prop_map(|(n, priority)| Event::Urge(n, priority)),
        3 => (0..9_usize).prop_map(Event::Hear),
        6 => (0..9_usize).prop_map(Event::Answer),
        1 => (0..9_usize).prop_map(Event::Break),
        3 => (1..9_000_u64).prop_map(Event::Pass),
        1 => (1..70_000_u64).prop_map(Event::Pass),
    ];
    vec(event, 1..200)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    /// However things interleave: once the limit is known no request is refused, nobody passes
    /// somebody more urgent or earlier, and all get their turn.
    #[test]
    fn the_limit_is_kept_in_order_and_for_everyone(limit in 2..12_usize, events in events()) {
        let mut world = World::new(limit);
        for event in &events {
            world.happen(event);
        }
        world.finish();
    }
}

/// A lane that knows a limit of 30, with so many places taken.
fn taken(places: u64) -> (Lane, Moment) {
    let mut lane = Lane::new(Some(ms(WINDOW)));
    let began = Moment::now(Instant::now(), clock());
    lane.write(began).unwrap();
    lane.settle(Outcome::Limited { limit: Some(30), wait: ms(1000) }, began, began);
    let open = began.plus(ms(1000));
    for n in 0..places {
        lane.write(open).unwrap();
        lane.settle(Outcome::Answered, open, open.plus(ms(n)));
    }
    (lane, open.plus(ms(places)))
}

#[test]
fn the_less_urgent_leave_places_to_the_more_urgent() {
    // 29 places.
    for (priority, most) in [(Priority::Prefetch, 15), (Priority::Screen, 27), (Priority::Write, 29)] {
        for (used, goes) in [(most - 1, true), (most, false)] {
            let (mut lane, now) = taken(used);
            lane.enter(1, Urgency::new(priority), Arc::new(Notify::new()));
            let step = lane.ask(1, now);
            assert_eq!(step == Step::Go, goes, "{priority:?} {used}");
            if !goes {
                // The first answer's place comes free a window after it.
                assert_eq!(step, Step::At(now.plus(ms(WINDOW - used))));
            }
        }
    }
}

#[test]
fn a_tiny_limit_stops_nobody_for_good() {
    for limit in 0..4 {
        let mut lane = Lane::new(Some(ms(WINDOW)));
        let began = Moment::now(Instant::now(), clock());
        lane.write(began).unwrap();
        lane.settle(Outcome::Limited { limit: Some(limit), wait: ms(1000) }, began, began);
        lane.enter(1, Urgency::new(Priority::Prefetch), Arc::new(Notify::new()));
        assert_eq!(lane.ask(1, began.plus(ms(1000))), Step::Go, "{limit}");
    }
}

#[test]
fn after_closing_one_goes_ahead() {
    let mut lane = Lane::new(None);
    let began = Moment::now(Instant::now(), clock());
    lane.write(began).unwrap();
    lane.settle(Outcome::Limited { limit: Some(9), wait: ms(1000) }, began, began);
    for arrival in [1, 2] {
        lane.enter(arrival, Urgency::default(), Arc::new(Notify::new()));
    }
    let open = began.plus(ms(1000));
    assert_eq!(
        (lane.ask(1, began), lane.ask(1, open), lane.ask(2, open)),
        (Step::At(open), Step::Go, Step::Later)
    );
    lane.settle(Outcome::NotSent, open, open);
    assert_eq!(lane.ask(2, open), Step::Go);
    lane.enter(3, Urgency::default(), Arc::new(Notify::new()));
    assert_eq!(lane.ask(3, open), Step::Later);
    lane.settle(Outcome::Answered, open, open);
    assert_eq!(lane.ask(3, open), Step::Go);
}
