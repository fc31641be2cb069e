//! A whole queue is reviewed while 30 % of all requests fail and the program is killed again and
//! again; then the server is compared with what the screen had shown as saved and with the journal.
//!
//! `TRACEMARK_CAMPAIGN=items,kills,seeds` runs the long version: so many items and kills, with as
//! many seeds. `TRACEMARK_CAMPAIGN_SEED` is the first seed, to repeat one that failed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::reviewer::{Look, Reviewer, Stop};
use crate::support::fault_proxy::{Exchange, Fault, FaultProxy};
use crate::support::journal::{self, Entry};
use crate::support::project::{ROWS, Server, case};
use crate::support::terminal::{PATIENCE, Terminal};

const SHARE: f64 = 0.3;
const FIRST_SEED: u64 = 1;

/// How long nothing may happen before the person asks the server again.
const BORED: Duration = Duration::from_secs(5);

#[test]
fn nothing_is_lost_or_doubled_when_decisions_are_sent_at_once() {
    run("hold = \"0s\"\n");
}

#[test]
fn nothing_is_lost_or_doubled_when_decisions_are_held() {
    run("");
}

fn run(config: &str) {
    let number = |text: &str| text.trim().parse::<usize>().unwrap();
    let size = std::env::var("TRACEMARK_CAMPAIGN").unwrap_or_else(|_| "12,5,1".into());
    let size: Vec<usize> = size.split(',').map(number).collect();
    let [items, kills, seeds] = size[..] else { panic!("TRACEMARK_CAMPAIGN is items,kills,seeds") };
    let first = std::env::var("TRACEMARK_CAMPAIGN_SEED").map_or(FIRST_SEED, |text| number(&text) as u64);
    for seed in first..first + seeds as u64 {
        println!("{items} items, {kills} kills, seed {seed}, {config:?}");
        Campaign::new(items, kills, seed, config).run();
    }
}

/// What is tried, and with what.
struct Campaign {
    seed: u64,
    items: usize,
    folder: TempDir,
    server: Server,
    proxy: FaultProxy,
    reviewer: Reviewer,
    runtime: Runtime,
}

impl Campaign {
    fn new(items: usize, kills: usize, seed: u64, config: &str) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("config")).unwrap();
        std::fs::write(folder.path().join("config/config.toml"), config).unwrap();
        let server = Server::start(folder.path(), items);
        let runtime = Runtime::new().unwrap();
        let proxy = runtime.block_on(FaultProxy::start(server.address));
        proxy.share(SHARE, seed, &Fault::ALL);
        let reviewer = Reviewer::new(items, kills, seed);
        Self { seed, items, folder, server, proxy, reviewer, runtime }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn run(mut self) {
        let mut starts = 0;
        loop {
            starts += 1;
            self.reviewer.steps.clear();
            let mut terminal = Terminal::start(self.folder.path(), &self.server, self.proxy.address().port());
            let stop = self.sit_down(&mut terminal);
            let screen = terminal.text();
            terminal.kill(&mut |terminal| self.reviewer.see(terminal));
            self.runtime.block_on(self.proxy.quiet());
            self.check_journal();
            match stop {
                Ok(()) => break,
                Err(Stop::Killed) => {}
                Err(stop) => self.give_up(&stop, &screen),
            }
        }
        let tries: usize = self.reviewer.typed.values().map(Vec::len).sum();
        println!("  {} starts, {tries} comments typed, {} requests", starts, self.proxy.log().len());
        self.compare();
    }

    fn give_up(&self, stop: &Stop, screen: &str) -> ! {
        let steps = &self.reviewer.steps;
        let last = steps[steps.len().saturating_sub(20)..].join(", ");
        panic!("seed {}: {stop:?} after {last}\n{screen}\n{}", self.seed, self.open_rows())
    }

    /// Works until everything is done and sent, or until something stops it.
    fn sit_down(&mut self, terminal: &mut Terminal) -> Result<(), Stop> {
        let (mut waited, mut left) = (Duration::ZERO, self.open_entries());
        loop {
            let look = Look::at(terminal);
            if let Some(case) = look.case.filter(|case| !is_completed(&self.data(), case)) {
                self.reviewer.review(terminal, &case)?;
                waited = Duration::ZERO;
                continue;
            }
            if self.is_finished() {
                return Ok(());
            }
            if !terminal.pump(BORED / 5, &mut |terminal| self.reviewer.see(terminal)) {
                return Err(Stop::Ended);
            }
            waited += BORED / 5;
            if std::mem::replace(&mut left, self.open_entries()) != left {
                waited = Duration::ZERO;
            }
            if waited > PATIENCE * 2 {
                return Err(Stop::Stuck("the next item, or everything sent".into()));
            }
            if waited.as_secs().is_multiple_of(BORED.as_secs()) {
                self.reviewer.ask_again(terminal)?;
            }
        }
    }

    fn is_finished(&self) -> bool {
        let entries = journal::read(&self.data());
        let done = (0..self.items).all(|at| self.server.item(&case(at)).0 == "COMPLETED");
        done && !entries.iter().any(Entry::is_open)
    }

    fn open_entries(&self) -> usize {
        journal::read(&self.data()).iter().filter(|entry| entry.is_open()).count()
    }

    fn open_rows(&self) -> String {
        let entries = journal::read(&self.data());
        let open = entries.iter().filter(|entry| entry.is_open() || entry.state == "refused");
        open.map(|entry| format!("{} {}: {}; {}", entry.state, entry.kind, entry.payload, entry.note))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Everything that was seen as saved is in the journal of the killed program.
    fn check_journal(&self) {
        let entries = journal::autopsy(&self.data());
        for ((case, row), value) in &self.reviewer.seen_values {
            let there = entries.iter().any(|entry| {
                entry.item == item(case) && score(entry) == Some((ROWS[*row].name.into(), value.clone()))
            });
            assert!(there, "seed {}: {case} {} = {value} was shown as saved", self.seed, ROWS[*row].name);
        }
        for text in &self.reviewer.seen_comments {
            let there = entries.iter().filter(|entry| comment(entry) == Some(text)).count();
            assert_eq!(there, 1, "seed {}: {text} was shown as saved", self.seed);
        }
    }

    /// The server has each decision once, as it was made last, and got it in order.
    fn compare(&self) {
        let log = self.proxy.log();
        let entries = journal::autopsy(&self.data());
        let refused: Vec<&Entry> = entries.iter().filter(|entry| entry.state == "refused").collect();
        assert!(refused.is_empty(), "seed {}: {refused:?}", self.seed);
        for at in 0..self.items {
            let case = case(at);
            let at_fault = |what: &str| format!("seed {}: {case}: {what}\n{}", self.seed, story(&log, &case));
            let opinion = &self.reviewer.opinions[at];
            let wanted: Vec<_> = (0..3)
                .map(|row| (ROWS[row].name.to_owned(), ROWS[row].kept[opinion.picks[row]].to_owned()))
                .collect();
            assert_eq!(self.server.scores(&case), wanted, "{}", at_fault("scores"));
            assert_eq!(self.server.item(&case).0, "COMPLETED", "{}", at_fault("status"));
            self.compare_comments(&case, &at_fault);
            let order = Order::of(&log, &case);
            assert_eq!(order.completions.len(), 1, "{}", at_fault("completed once"));
            let sent_before = order.scores.len() == 3 && order.all_before(order.completions[0]);
            assert!(sent_before, "{}", at_fault("scores and comments go before the completion"));
            self.compare_journal(&entries, &case, &wanted, &at_fault);
        }
    }

    fn compare_comments(&self, case: &str, at_fault: &dyn Fn(&str) -> String) {
        let there: Vec<String> = self.server.comments(case).into_iter().map(|(text, _)| text).collect();
        assert!(!there.is_empty(), "{}", at_fault("a comment was written"));
        for text in &self.reviewer.typed[case] {
            let times = there.iter().filter(|other| *other == text).count();
            let least = usize::from(self.reviewer.seen_comments.contains(text));
            assert!((least..=1).contains(&times), "{}", at_fault(&format!("{text} is there {times} times")));
        }
        let typed = there.iter().all(|text| self.reviewer.typed[case].contains(text));
        assert!(typed, "{}", at_fault(&format!("{there:?} was not typed")));
    }

    /// The journal says what the server has.
    fn compare_journal(
        &self,
        entries: &[Entry],
        case: &str,
        wanted: &[(String, String)],
        at_fault: &dyn Fn(&str) -> String,
    ) {
        let own: Vec<&Entry> = entries.iter().filter(|entry| entry.item == item(case)).collect();
        let mut last = BTreeMap::new();
        for (name, value) in own.iter().filter(|entry| entry.state == "confirmed").filter_map(|e| score(e)) {
            let row = ROWS.iter().position(|row| row.name == name).unwrap();
            let pick = ROWS[row].shown.iter().position(|shown| *shown == value).unwrap();
            last.insert(name, ROWS[row].kept[pick].to_owned());
        }
        let last: Vec<_> = last.into_iter().collect();
        assert_eq!(last, wanted, "{}", at_fault("values in the journal"));
        let there = self.server.comments(case).len();
        let kept = own.iter().filter(|e| e.state == "confirmed" && comment(e).is_some()).count();
        assert_eq!(there, kept, "{}", at_fault("comments in the journal"));
    }
}

fn item(case: &str) -> String {
    format!("item-{case}")
}

fn is_completed(data: &Path, case: &str) -> bool {
    let entries = journal::read(data);
    entries
        .iter()
        .any(|entry| entry.item == item(case) && entry.kind == "status" && entry.state != "replaced")
}

/// Name and value of a score, as the screen shows them.
fn score(entry: &Entry) -> Option<(String, String)> {
    let score = entry.payload.get("score")?;
    let value = &score["value"];
    let number = value["number"].as_f64().map(|number| number.to_string());
    let truth = value["boolean"].as_bool().map(|yes| if yes { "yes" } else { "no" }.to_owned());
    let category = value["category"].as_str().map(ToOwned::to_owned);
    Some((score["name"].as_str()?.to_owned(), number.or(truth).or(category)?))
}

fn comment(entry: &Entry) -> Option<&String> {
    match entry.payload.get("comment")?.get("content")? {
        serde_json::Value::String(text) => Some(text),
        _ => None,
    }
}

/// When the server carried out what was sent about a case, in the order of its answers.
#[derive(Default)]
struct Order {
    /// First time of each row.
    scores: BTreeMap<&'static str, usize>,
    comments: Vec<usize>,
    completions: Vec<usize>,
}

impl Order {
    fn of(log: &[Exchange], case: &str) -> Self {
        let mut order = Self::default();
        for exchange in log.iter().filter(|exchange| exchange.took_effect() && is_about(exchange, case)) {
            let Some(done) = exchange.done else { continue };
            match (exchange.method.as_str(), exchange.path.as_str()) {
                ("POST", "/api/public/scores") => {
                    let rows = ROWS.iter().map(|row| row.name);
                    for row in rows.filter(|row| is_in(&exchange.body, case, row)) {
                        let first = order.scores.entry(row).or_insert(done);
                        *first = done.min(*first);
                    }
                }
                ("POST", "/api/public/comments") => order.comments.push(done),
                ("PATCH", _) => order.completions.push(done),
                _ => {}
            }
        }
        order
    }

    fn all_before(&self, completion: usize) -> bool {
        self.scores.values().chain(&self.comments).all(|done| *done < completion)
    }
}

/// Whether a body of one or several scores holds one of this case for this row.
fn is_in(body: &str, case: &str, row: &str) -> bool {
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let scores = body.as_array().map_or_else(|| vec![&body], |scores| scores.iter().collect());
    scores.iter().any(|score| score["traceId"] == case && score["name"] == row)
}

fn is_about(exchange: &Exchange, case: &str) -> bool {
    exchange.path.contains(case) || exchange.body.contains(case)
}

/// All writes about a case, for the message of a failure.
fn story(log: &[Exchange], case: &str) -> String {
    let writes = log.iter().filter(|exchange| exchange.method != "GET" && is_about(exchange, case));
    writes.map(|exchange| format!("{exchange:?}")).collect::<Vec<_>>().join("\n")
}
