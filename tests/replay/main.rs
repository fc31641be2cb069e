//! Every exchange recorded from a real server is replayed against this one and compared.
//!
//! The recordings are put into the order of time (`moments`), what they show without telling how it
//! came about is made beforehand (`seed`, `traces`), and every request is sent at its moment. Known
//! differences are listed in `DIFFERENCES.md`, and only those may exist.
//!
//! `TRACEMARK_RECORDINGS=DIR` replays a folder of further recordings (`MODE/NAME.json`) as well.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "a test that prints figures")]

mod compare;
mod facts;
mod known;
mod moments;
mod recording;
mod scores;
mod seed;
mod traces;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use facts::Facts;
use moments::Moment;
use recording::{Answer, Exchange};
use seed::Seed;
use world::World;

/// What happens at a moment.
enum Step {
    Seed(Box<Seed>),
    Replay(usize),
}

/// How close each exchange has come to its recording: the fewest differences of all attempts.
struct Outcome {
    attempts: usize,
    differences: Vec<String>,
}

struct Replay {
    exchanges: Vec<Exchange>,
    facts: Facts,
    world: World,
    outcomes: BTreeMap<usize, Outcome>,
    /// Reads and refusals that do not fit yet.
    open: Vec<usize>,
    /// Seeds that the server refused.
    refused: Vec<String>,
}

impl Replay {
    async fn run(exchanges: Vec<Exchange>) -> Self {
        let facts = Facts::of(&exchanges);
        let moments = moments::infer(&exchanges, &facts);
        let mut seeds = traces::all(&facts);
        seeds.extend(seed::missing(&exchanges, &facts));
        seeds.extend(seed::deletions(&exchanges, &moments));
        let sown = |seed: Seed| (Moment { at: seed.at, rank: 0 }, Step::Seed(Box::new(seed)));
        let mut steps: Vec<(Moment, Step)> = seeds.into_iter().map(sown).collect();
        steps.extend(moments.into_iter().enumerate().map(|(i, moment)| (moment, Step::Replay(i))));
        steps.sort_by_key(|(moment, _)| *moment);
        let start = traces::start().checked_sub(SignedDuration::from_secs(1)).unwrap();
        let world = World::new(start);
        let (outcomes, open, refused) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut replay = Self { exchanges, facts, world, outcomes, open, refused };
        let mut last = start;
        for (moment, step) in steps {
            last = moment.at.max(last);
            replay.step(step, last).await;
        }
        for minutes in [1, 10, 60] {
            let later = last.checked_add(SignedDuration::from_mins(minutes)).unwrap();
            replay.try_again(later).await;
        }
        replay
    }

    async fn step(&mut self, step: Step, at: Timestamp) {
        match step {
            Step::Seed(seed) => self.sow(&seed, at).await,
            Step::Replay(index) => {
                if !self.attempt(index, at).await {
                    return;
                }
            }
        }
        self.try_again(at).await;
    }

    async fn sow(&mut self, seed: &Seed, at: Timestamp) {
        let mut answer = self.world.send(seed, at).await;
        let refusals = answer.body["errors"].as_array().map_or(0, Vec::len);
        if answer.status < 300 && refusals == 0 {
            self.world.adopt(&seed.row, &mut answer.body);
        } else {
            self.refused.push(format!("{} {} {}: {}", seed.method, seed.path, answer.body, seed.body));
        }
    }

    /// Replays an exchange and says whether it changed something; what did not, and does not fit,
    /// stays open.
    async fn attempt(&mut self, index: usize, at: Timestamp) -> bool {
        let exchange = &self.exchanges[index];
        let mut answers = self.world.replay(exchange, at).await;
        if exchange.is_race {
            answers.sort_by_key(|answer| answer.status);
        }
        let mut wanted: Vec<&Answer> = exchange.answers.iter().collect();
        wanted.sort_by_key(|answer| answer.status);
        let has_changed = exchange.is_write() && answers.iter().any(|a| a.status < 300);
        let mut differences = Vec::new();
        for (wanted, got) in wanted.into_iter().zip(&mut answers) {
            if exchange.is_write() && wanted.status < 300 && got.status < 300 {
                self.world.adopt(&wanted.body, &mut got.body);
            }
            differences.extend(compare::differences(wanted, got, &self.facts.given));
        }
        let fits = differences.is_empty();
        self.open.retain(|open| *open != index);
        // A limit is reached again by as many requests as the first time.
        if !fits && !has_changed && exchange.status() != 429 {
            self.open.push(index);
        }
        let outcome = self.outcomes.entry(index).or_insert(Outcome { attempts: 0, differences: Vec::new() });
        outcome.attempts += 1;
        if outcome.attempts == 1 || differences.len() < outcome.differences.len() {
            outcome.differences = differences;
        }
        has_changed
    }

    async fn try_again(&mut self, at: Timestamp) {
        for index in self.open.clone() {
            self.attempt(index, at).await;
        }
    }

    /// Recordings that differ, with how.
    fn differing(&self) -> BTreeMap<String, &[String]> {
        let differing = self.outcomes.iter().filter(|(_, outcome)| !outcome.differences.is_empty());
        differing.map(|(i, o)| (self.exchanges[*i].label(), o.differences.as_slice())).collect()
    }

    fn report(&self) {
        let mut kinds: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        for index in self.outcomes.keys() {
            let (equal, all) = kinds.entry(self.exchanges[*index].resource()).or_default();
            *equal += u32::from(self.outcomes[index].differences.is_empty());
            *all += 1;
        }
        for (kind, (equal, all)) in &kinds {
            println!("{kind}: {equal} of {all}");
        }
        for (label, differences) in self.differing() {
            println!("| `{label}` | {} | ? |", known::places(differences));
            for difference in differences.iter().take(4) {
                println!("    {difference}");
            }
        }
        for seed in &self.refused {
            println!("not made beforehand: {}", seed.chars().take(400).collect::<String>());
        }
    }

    /// The share of recordings answered alike, of those kept here or of the further ones.
    fn share(&self, is_extra: bool) -> f64 {
        let own = self.outcomes.iter().filter(|(index, _)| self.exchanges[**index].is_extra == is_extra);
        let (mut equal, mut all) = (0_u32, 0_u32);
        for (_, outcome) in own {
            equal += u32::from(outcome.differences.is_empty());
            all += 1;
        }
        if all == 0 {
            return 100.0;
        }
        let share = 100.0 * f64::from(equal) / f64::from(all);
        let which = if is_extra { "further recordings" } else { "recordings" };
        println!("{equal} of {all} {which} are answered alike ({share:.1} %)");
        share
    }
}

/// Share of all recordings that must be answered alike, in percent.
const LEAST: f64 = 97.0;

#[tokio::test]
async fn every_recording_is_answered_alike_or_listed() {
    let folder = std::env::var_os("TRACEMARK_RECORDINGS").map(PathBuf::from);
    let exchanges = recording::all(folder.as_deref());
    let count = exchanges.len();
    let replay = Replay::run(exchanges).await;
    replay.report();
    assert_eq!(replay.outcomes.len(), count, "every recording is replayed");
    let listed = known::listed();
    let (own, further) = (replay.share(false), replay.share(true));
    assert!(own >= LEAST, "too few of the recordings");
    if folder.is_none() {
        println!("TRACEMARK_RECORDINGS is not set: only the recordings kept here were replayed");
        assert_eq!(replay.refused, Vec::<String>::new(), "everything is there that recordings show");
        only_listed(&replay.differing(), &listed);
    } else {
        // More is there then, so that other things may differ in what is listed.
        assert!(further >= LEAST, "too few of the further recordings");
    }
}

/// Every difference is listed, just as it is, and nothing else is.
fn only_listed(differing: &BTreeMap<String, &[String]>, listed: &BTreeMap<String, String>) {
    let unknown: Vec<_> = differing
        .iter()
        .filter(|(label, how)| listed.get(*label) != Some(&known::places(how)))
        .map(|(label, how)| format!("| `{label}` | {} | ? |", known::places(how)))
        .collect();
    let gone: Vec<_> = listed.keys().filter(|label| !differing.contains_key(*label)).collect();
    assert!(unknown.is_empty(), "differences that are not listed:\n{}", unknown.join("\n"));
    assert!(gone.is_empty(), "listed, but no longer different: {gone:?}");
}

#[test]
fn what_counts_by_shape_and_what_by_value() {
    let answer = |body: Value| Answer { status: 200, headers: None, body };
    let time = "2026-11-24T06:12:19.405Z";
    for (wanted, got, differences) in [
        (json!({"createdAt": time}), json!({"createdAt": "2027-01-01T00:00:00.000Z"}), 0),
        (json!({"createdAt": time}), json!({"createdAt": "2027-01-01"}), 1),
        (json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}), 1),
        (json!({"a": null}), json!({"a": ""}), 1),
        (json!({"a": null}), json!({}), 1),
        (json!([1, 2]), json!([2, 1]), 2),
        (json!(1), json!(1.0), 1),
    ] {
        let found = compare::differences(&answer(wanted), &answer(got), &BTreeSet::new());
        assert_eq!(found.len(), differences, "{found:?}");
    }
}
