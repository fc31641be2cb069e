//! Whatever happens in between, the server ends up with what the reviewer decided: values written
//! over, comments once, completions after their scores, nothing under an id that was deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use tokio::sync::mpsc::unbounded_channel;
use tracemark::domain::{Write, WriteState, Written};
use tracemark::outbox::Sender;
use tracemark::store::{SharedStore, Store};

use crate::person::{Deed, ITEMS, Key, Person, scope};
use crate::simulated::{DROPPED, Fault, Item, REFUSED, Shared, router};
use crate::world::{client, now, pass};

/// What happens.
#[derive(Debug, Clone)]
enum Event {
    /// One of two reviewers, each in a project, does something.
    Deed(usize, Deed),
    /// The sender of a project sends on a bad line, most often after the items were left and when
    /// a pause is over.
    Send {
        project: usize,
        released: bool,
        seconds: i64,
        faults: Vec<Fault>,
        meanwhile: Deed,
    },
    /// Somebody completes an item in the web interface.
    Foreign(usize, usize),
    Pass(i64),
    Restart,
}

fn deed() -> impl Strategy<Value = Deed> {
    let value = prop_oneof![
        6 => (1..4_u8).prop_map(Some),
        2 => Just(None),
        1 => Just(Some(13)),
        1 => Just(Some(14)),
    ];
    // Mostly on one item, so that things meet.
    let item = prop_oneof![3 => Just(0), 2 => 0..ITEMS.len()];
    prop_oneof![
        8 => (item.clone(), 0..2_usize, value).prop_map(|(item, row, value)| Deed::Score { item, row, value }),
        2 => (item.clone(), 0..2_u8).prop_map(|(item, words)| Deed::Comment { item, words }),
        3 => (item.clone(), prop::bool::weighted(0.7))
            .prop_map(|(item, completed)| Deed::Status { item, completed }),
        4 => Just(Deed::Undo),
        3 => Just(Deed::Redo),
        5 => (item, any::<bool>()).prop_map(|(item, hold)| Deed::Release { item, hold }),
        1 => (0..8_usize).prop_map(Deed::Retry),
        1 => (0..8_usize).prop_map(Deed::DiscardComment),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        6 => Just(Fault::None),
        3 => any::<bool>().prop_map(|arrives| Fault::Lost { arrives }),
        1 => any::<bool>().prop_map(|arrives| Fault::Trouble { arrives }),
        1 => any::<bool>().prop_map(|arrives| Fault::Page { arrives }),
        1 => Just(Fault::Full),
        1 => any::<bool>().prop_map(|arrives| Fault::Crash { arrives }),
        2 => Just(Fault::Meanwhile),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    // Mostly in one project, so that things meet.
    let project = || prop::bool::weighted(0.15).prop_map(usize::from);
    let faults = prop::collection::vec(fault(), 0..8);
    prop_oneof![
        12 => (project(), deed()).prop_map(|(project, deed)| Event::Deed(project, deed)),
        7 => (project(), prop::bool::weighted(0.7), 0..20_i64, faults, deed()).prop_map(
            |(project, released, seconds, faults, meanwhile)| Event::Send {
                project, released, seconds, faults, meanwhile,
            }
        ),
        1 => (project(), 0..ITEMS.len()).prop_map(|(project, item)| Event::Foreign(project, item)),
        3 => (1..30_i64).prop_map(Event::Pass),
        1 => Just(Event::Restart),
    ]
}

type People = Arc<Mutex<[Person; 2]>>;
type Desk = Arc<Mutex<Option<SharedStore>>>;

struct Bench {
    folder: tempfile::TempDir,
    address: String,
    server: Shared,
    people: People,
    /// The open store, for what happens while a request is under way.
    desk: Desk,
    senders: Vec<Sender>,
    /// Items whose status somebody else set, too.
    shared: BTreeSet<(usize, &'static str)>,
}

impl Bench {
    async fn new() -> Self {
        // In memory where that is possible: the store waits for the disk at every decision.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let server = Shared::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let app = router(server.clone());
        #[expect(clippy::disallowed_methods, reason = "a test server of its own")]
        tokio::spawn(async move { axum::serve(listener, app).await });
        let people = ["p1", "p2"].map(|project| Person::new(scope(&address, project)));
        let (people, desk) = (Arc::new(Mutex::new(people)), Desk::default());
        for project in &mut server.lock().unwrap().projects {
            project.items =
                ITEMS.map(|(id, _)| (id.to_owned(), Item { completed: false, completed_at: None })).into();
        }
        let mut bench =
            Self { folder, address, server, people, desk, senders: vec![], shared: BTreeSet::new() };
        bench.watch();
        bench.start();
        bench
    }

    /// Has the server look whether a completion comes before its scores.
    fn watch(&self) {
        let (people, desk) = (self.people.clone(), self.desk.clone());
        let unsent = move |project: usize, item: &str| {
            let scope = people.lock().unwrap()[project].scope.clone();
            let open = desk.lock().unwrap().as_ref().unwrap().lock().open_writes(&scope).unwrap();
            open.iter().any(|row| {
                row.item_id.as_str() == item && matches!(row.write, Write::Score(_)) && row.is_unsent()
            })
        };
        self.server.lock().unwrap().has_unsent_scores = Some(Box::new(unsent));
    }

    /// Starts the program; the one before is gone, in order or not.
    fn start(&mut self) {
        self.senders.clear();
        *self.desk.lock().unwrap() = None;
        let store =
            SharedStore::new(Store::open(&self.folder.path().join("tracemark.db"), now()).unwrap().store);
        for project in ["p1", "p2"] {
            let client = client(&format!("{}/{project}", self.address));
            let (tell, _) = unbounded_channel();
            let scope = scope(&self.address, project);
            self.senders.push(Sender::new(
                store.clone(),
                client,
                scope,
                project.into(),
                now,
                tell,
                Arc::default(),
            ));
        }
        *self.desk.lock().unwrap() = Some(store);
    }

    fn store(&self) -> SharedStore {
        self.desk.lock().unwrap().clone().unwrap()
    }

    fn act(&self, project: usize, deed: Deed) {
        self.people.lock().unwrap()[project].act(&mut self.store().lock(), deed);
    }

    fn release(&self, project: usize) {
        for item in 0..ITEMS.len() {
            self.act(project, Deed::Release { item, hold: false });
        }
    }

    async fn happen(&mut self, event: Event) {
        match event {
            Event::Deed(project, deed) => self.act(project, deed),
            Event::Send { project, released, seconds, faults, meanwhile } => {
                if released {
                    self.release(project);
                }
                pass(seconds);
                self.send(project, faults, meanwhile).await;
            }
            Event::Foreign(project, item) => {
                let name = ITEMS[item].0;
                let mut server = self.server.lock().unwrap();
                let item = server.projects[project].items.get_mut(name).unwrap();
                if !item.completed {
                    *item = Item { completed: true, completed_at: Some(now()) };
                    self.shared.insert((project, name));
                }
            }
            Event::Pass(seconds) => pass(seconds),
            Event::Restart => self.start(),
        }
    }

    async fn send(&mut self, project: usize, faults: Vec<Fault>, deed: Deed) {
        let (people, desk) = (self.people.clone(), self.desk.clone());
        let crashed = {
            let mut server = self.server.lock().unwrap();
            server.faults = faults.into();
            server.meanwhile = Some(Box::new(move |project| {
                let store = desk.lock().unwrap().clone().unwrap();
                people.lock().unwrap()[project].act(&mut store.lock(), deed);
            }));
            server.crashed.clone()
        };
        let survives = tokio::select! {
            biased;
            () = crashed.notified() => false,
            sent = self.senders[project].sync(now()) => sent.map(|()| true).unwrap(),
        };
        self.server.lock().unwrap().faults.clear();
        if !survives {
            self.start();
        }
    }

    /// Lets everything come to rest: good line, all released, conflicts sent by the reviewer's word.
    async fn rest(&mut self) {
        for _ in 0..40 {
            for project in 0..2 {
                self.release(project);
                self.senders[project].sync(now()).await.unwrap();
                for row in self.open(project) {
                    if row.state == WriteState::Conflict {
                        self.store().lock().retry(row.seq, now()).unwrap();
                    }
                }
            }
            if (0..2).all(|project| self.open(project).iter().all(|row| row.state == WriteState::Refused)) {
                break;
            }
            pass(100);
        }
    }

    fn open(&self, project: usize) -> Vec<Written> {
        let scope = self.people.lock().unwrap()[project].scope.clone();
        self.store().lock().open_writes(&scope).unwrap()
    }

    fn check(&self) {
        let (server, people) = (self.server.lock().unwrap(), self.people.lock().unwrap());
        assert_eq!(server.wrong, Vec::<String>::new());
        for (n, person) in people.iter().enumerate() {
            assert_eq!(person.wrong, Vec::<String>::new());
            let open = self.store().lock().open_writes(&person.scope).unwrap();
            let stuck: Vec<_> = open.iter().filter(|row| row.state != WriteState::Refused).collect();
            assert!(stuck.is_empty(), "{stuck:#?}");
            for (key, value) in &person.state {
                match key {
                    Key::Score(trace, row) => {
                        let found = server.projects[n].scores.values();
                        let found = found.filter(|s| s["traceId"] == *trace && s["configId"] == *row);
                        let found: Vec<f64> = found.map(|score| score["value"].as_f64().unwrap()).collect();
                        check_score(key, *value, &found);
                    }
                    Key::Status(item) if !self.shared.contains(&(n, item)) => {
                        assert_eq!(server.projects[n].items[*item].completed, value.is_some(), "{key:?}");
                    }
                    Key::Status(_) | Key::Comment(_) => {}
                }
            }
            let mut comments: BTreeMap<&String, usize> = BTreeMap::new();
            for (_, content, _) in &server.projects[n].comments {
                *comments.entry(content).or_default() += 1;
            }
            for (content, (least, most)) in &person.comments {
                let there = comments.get(content).copied().unwrap_or_default();
                assert!((*least..=*most).contains(&there), "{content}: {there}, not {least} to {most}");
            }
        }
        self.check_journal(&people.each_ref().map(|person| person.scope.clone()));
    }

    /// No row was ever deleted, and what was made is known.
    fn check_journal(&self, scopes: &[tracemark::store::Scope]) {
        let rows = scopes.iter().flat_map(|scope| self.store().lock().journal(scope, 100_000).unwrap());
        let mut seqs: Vec<i64> = rows.map(|row| row.seq).collect();
        seqs.sort_unstable();
        assert_eq!(seqs, (1..=i64::try_from(seqs.len()).unwrap()).collect::<Vec<_>>());
    }
}

/// A value the server never takes leaves it with what it had, which the journal shows as refused.
fn check_score(key: &Key, wanted: Option<u8>, found: &[f64]) {
    let bad = |value: f64| value == REFUSED || value == DROPPED;
    match wanted.map(f64::from) {
        Some(wanted) if bad(wanted) => assert!(found.len() <= 1, "{key:?}: {found:?}"),
        Some(wanted) => assert_eq!(found, [wanted], "{key:?}"),
        None => assert!(found.is_empty(), "{key:?}: {found:?}"),
    }
}

/// A few cases, always the same; `PROPTEST_CASES` makes it as many others.
fn config() -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return config;
    }
    ProptestConfig { cases: 64, rng_seed: RngSeed::Fixed(7), ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_server_ends_up_with_what_was_decided(events in prop::collection::vec(event(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut bench = Bench::new().await;
            for event in events {
                bench.happen(event).await;
            }
            bench.rest().await;
            bench.check();
        });
    }
}
