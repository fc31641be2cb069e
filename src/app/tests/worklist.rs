//! A queue in which others add, complete, reopen and remove items at any moment: a reviewer who
//! keeps asking for the next item misses none and sees none twice.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

/// Items per page: few, so that short queues have many.
const SIZE: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    /// A request reaches the server, which answers as things are then.
    Read(usize),
    /// An answer reaches the reviewer.
    Deliver(usize),
    Add,
    CompletedByOther(usize),
    Reopened(usize),
    Removed(usize),
    /// The reviewer completes the item and goes on; from the end, begins again.
    Next,
    Skip,
    /// A completion made here reaches the server.
    Send(usize),
    /// The reviewer hears that it did.
    Acknowledge(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let n = 0..20_usize;
    prop_oneof![
        6 => n.clone().prop_map(Step::Read),
        6 => n.clone().prop_map(Step::Deliver),
        2 => Just(Step::Add),
        2 => n.clone().prop_map(Step::CompletedByOther),
        1 => n.clone().prop_map(Step::Reopened),
        1 => n.clone().prop_map(Step::Removed),
        6 => Just(Step::Next),
        1 => Just(Step::Skip),
        3 => n.clone().prop_map(Step::Send),
        3 => n.prop_map(Step::Acknowledge),
    ]
}

struct World {
    play: Play,
    /// Oldest first.
    server: Vec<Item>,
    added: i64,
    changes: i64,
    requests: Vec<Effect>,
    answers: Vec<Msg>,
    unsent: Vec<Written>,
    unacknowledged: Vec<Written>,
    /// Items the reviewer has dealt with and nobody has reopened since.
    handled: HashSet<ItemId>,
    skipped: HashSet<ItemId>,
    /// How often each item was shown, and how often it may have been.
    shown: HashMap<ItemId, usize>,
    allowed: HashMap<ItemId, usize>,
    last_shown: Option<ItemId>,
    /// Whether nothing was open at some moment since the last look began.
    was_empty: bool,
    is_at_end: bool,
    ends: usize,
}

impl World {
    fn new(items: i64, shard: Option<Shard>) -> Self {
        let mut play = Play::new();
        play.model.start.shard = shard;
        play.model.start.hold = Duration::ZERO;
        play.model.browse.items.list = Worklist::in_pages_of(SIZE);
        play.connect();
        let mut world = Self {
            play,
            server: (0..items).map(old_item).collect(),
            added: items,
            changes: 0,
            requests: Vec::new(),
            answers: Vec::new(),
            unsent: Vec::new(),
            unacknowledged: Vec::new(),
            handled: HashSet::new(),
            skipped: HashSet::new(),
            shown: HashMap::new(),
            allowed: HashMap::new(),
            last_shown: None,
            was_empty: false,
            is_at_end: false,
            ends: 0,
        };
        world.settle();
        world.tell_keys("Enter");
        world
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Read(n) => {
                if let Some(request) = pick(&mut self.requests, n) {
                    self.read(request);
                }
            }
            Step::Deliver(n) => {
                if let Some(answer) = pick(&mut self.answers, n) {
                    self.tell(answer);
                }
            }
            Step::Add => {
                self.server.push(old_item(self.added));
                self.added += 1;
            }
            Step::CompletedByOther(n) => self.change(n, ItemStatus::Pending, ItemStatus::Completed),
            Step::Reopened(n) => self.change(n, ItemStatus::Completed, ItemStatus::Pending),
            Step::Removed(n) => {
                if n < self.server.len() {
                    self.server.remove(n);
                }
            }
            Step::Next => self.go_on("Space"),
            Step::Skip => self.go_on("s"),
            Step::Send(n) => {
                if let Some(written) = pick(&mut self.unsent, n) {
                    self.send(written);
                }
            }
            Step::Acknowledge(n) => {
                if let Some(written) = pick(&mut self.unacknowledged, n) {
                    self.acknowledge(written);
                }
            }
        }
        self.settle();
    }

    /// The server answers a request.
    fn read(&mut self, request: Effect) {
        let answer = match request {
            Effect::FetchItems(fetch) => {
                let matching: Vec<&Item> = self.server.iter().filter(|item| is_pending(item)).collect();
                let total = matching.len();
                let page = matching.into_iter().rev().skip((fetch.page - 1) * SIZE).take(SIZE).cloned();
                let page = page.collect();
                Msg::Items { fetch, result: Ok((page, total)) }
            }
            Effect::SeeItem(_, id) => {
                let found = self.server.iter().find(|item| item.id == id).cloned();
                Msg::ItemSeen(id, found)
            }
            _ => return,
        };
        self.answers.push(answer);
    }

    /// Somebody else changes the status of an item, long enough ago not to be at it still.
    fn change(&mut self, n: usize, from: ItemStatus, to: ItemStatus) {
        self.changes += 1;
        let moved = at(-100_000 + self.changes);
        let Some(item) = self.server.get_mut(n).filter(|item| item.status == from) else { return };
        (item.status, item.updated_at) = (to, moved);
        let id = item.id.clone();
        if to == ItemStatus::Pending {
            *self.allowed.entry(id.clone()).or_insert(1) += 1;
            self.reopened(&id);
        }
    }

    /// Until the reviewer's own completion is known to have arrived, a pending item may be just that.
    fn reopened(&mut self, id: &ItemId) {
        let on_its_way = self.unsent.iter().chain(&self.unacknowledged).any(|w| w.item_id == *id);
        if !on_its_way && !self.skipped.contains(id) {
            self.handled.remove(id);
        }
    }

    fn send(&mut self, written: Written) {
        self.changes += 1;
        let moved = at(-100_000 + self.changes);
        if let Some(item) = self.server.iter_mut().find(|i| i.id == written.item_id && is_pending(i)) {
            (item.status, item.updated_at) = (ItemStatus::Completed, moved);
        }
        self.unacknowledged.push(written);
    }

    fn acknowledge(&mut self, written: Written) {
        let id = written.item_id.clone();
        self.tell(Msg::Written(Written { state: WriteState::Confirmed, ..written }));
        if self.server.iter().any(|item| item.id == id && is_pending(item)) {
            self.reopened(&id);
        }
    }

    /// The reviewer deals with the item on screen, or begins again after the end.
    fn go_on(&mut self, key: &str) {
        if self.play.model.review.seeking.is_some() {
            return;
        }
        if self.play.model.screen == Screen::Summary {
            for id in std::mem::take(&mut self.skipped) {
                self.handled.remove(&id);
                *self.allowed.entry(id).or_insert(1) += 1;
            }
            self.last_shown = None;
            self.tell_keys("q h Enter");
            return;
        }
        if let Some(id) = self.play.model.review.item.clone() {
            let is_open = self.play.model.current().is_some_and(|data| data.status() == ItemStatus::Pending);
            self.handled.insert(id.clone());
            if key == "s" && is_open {
                self.skipped.insert(id);
            }
        }
        self.tell_keys(key);
    }

    fn tell_keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.tell(Msg::Key(key.parse().unwrap()));
        }
    }

    fn tell(&mut self, msg: Msg) {
        let was_looking = self.play.model.browse.items.look.is_some();
        self.play.tell(msg);
        if !was_looking && self.play.model.browse.items.look.is_some() {
            self.was_empty = false;
        }
        self.settle();
    }

    /// Takes note of all that has followed from the last step.
    fn settle(&mut self) {
        self.unsent.extend(self.play.save().into_iter().filter(|w| matches!(w.write, Write::Status { .. })));
        for effect in std::mem::take(&mut self.play.effects) {
            match effect {
                Effect::Want(Wanted { items, .. }) => {
                    let see = |item: Item| Effect::SeeItem(item.queue_id, item.id);
                    self.requests.extend(items.into_iter().map(see));
                }
                Effect::FetchItems(_) | Effect::SeeItem(..) => self.requests.push(effect),
                _ => {}
            }
        }
        let current = self.play.model.review.item.clone();
        if current != self.last_shown
            && let Some(id) = &current
        {
            *self.shown.entry(id.clone()).or_insert(0) += 1;
            assert!(self.shown[id] <= self.allowed.get(id).copied().unwrap_or(1), "{id} is shown again");
            self.play.arrive(id.as_str(), Vec::new());
        }
        self.was_empty |= !self.server.iter().any(|item| self.is_open(item));
        let was_at_end = std::mem::replace(&mut self.is_at_end, self.play.model.screen == Screen::Summary);
        if self.is_at_end && !was_at_end {
            self.ends += 1;
            assert!(self.was_empty, "called done while something was open all the time");
        }
        self.last_shown = current;
    }

    fn is_open(&self, item: &Item) -> bool {
        let shard = self.play.model.start.shard;
        is_pending(item)
            && shard.is_none_or(|shard| shard.includes(&item.id))
            && !self.handled.contains(&item.id)
    }

    /// Lets everything on its way arrive; says whether anything was.
    fn advance(&mut self) -> bool {
        let step = if !self.unsent.is_empty() {
            Step::Send(0)
        } else if !self.unacknowledged.is_empty() {
            Step::Acknowledge(0)
        } else if !self.requests.is_empty() {
            Step::Read(0)
        } else if !self.answers.is_empty() {
            Step::Deliver(0)
        } else {
            return false;
        };
        self.take(&step);
        true
    }

    fn rest(&mut self) {
        let mut steps = 0;
        while self.advance() {
            steps += 1;
            assert!(steps < 500, "it never stops asking: {:?}", self.requests);
        }
    }

    /// Lets the others rest, and the reviewer work until the end of the queue comes once more.
    fn finish(&mut self) {
        self.rest();
        let ends = self.ends;
        for _ in 0..1000 {
            self.take(&Step::Next);
            self.rest();
            if self.ends > ends {
                return;
            }
        }
        panic!("the queue never ends: {:?}", self.play.model.review);
    }
}

/// An item added long before anything here happens.
fn old_item(n: i64) -> Item {
    let added = at(-1_000_000 + n);
    Item { created_at: added, updated_at: added, ..item(n) }
}

fn is_pending(item: &Item) -> bool {
    item.status == ItemStatus::Pending
}

fn pick<T>(from: &mut Vec<T>, n: usize) -> Option<T> {
    (!from.is_empty()).then(|| from.remove(n % from.len()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_missed_or_shown_twice(
        items in 0..14_i64,
        shard in prop_oneof![2 => Just(None), 1 => Just("2/2".parse().ok())],
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut world = World::new(items, shard);
        for step in &steps {
            world.take(step);
        }
        world.finish();
        let left: Vec<&ItemId> =
            world.server.iter().filter(|item| world.is_open(item)).map(|item| &item.id).collect();
        prop_assert!(left.is_empty(), "never shown or left open: {left:?}");
        let held = world.play.model.browse.items.list.iter().count();
        prop_assert!(held <= 200, "{held} items in memory");
    }
}

#[test]
fn an_item_that_slips_from_page_to_page_during_the_last_look_is_not_missed() {
    let shard: Shard = "1/2".parse().unwrap();
    let mut others = (0..1000).map(old_item).filter(|item| !shard.includes(&item.id));
    let mut world = World::new(0, Some(shard));
    world.server.extend(others.next());
    let first = world.server[0].id.clone();
    world.rest();
    world.take(&Step::Next);
    // One of ours is added behind the first item, and more of others' behind it.
    let added = |item: &Item| item.created_at > old_item(0).created_at;
    let ours = (0..1000).map(old_item).find(|item| shard.includes(&item.id) && added(item)).unwrap();
    let mut later = others.filter(|item| item.created_at > ours.created_at);
    world.server.push(ours.clone());
    world.server.extend(later.by_ref().take(5));
    let mut slipped = false;
    for _ in 0..20 {
        let page = world.requests.iter().find_map(|request| match request {
            Effect::FetchItems(fetch) => Some(fetch.page),
            _ => None,
        });
        if page == Some(2) && !slipped {
            // The page with the first item has been read. Ours slips onto it, and the total stays.
            slipped = true;
            world.server.retain(|item| item.id != first);
            world.server.extend(later.next());
        }
        world.advance();
    }
    assert!(slipped);
    assert_eq!(world.shown.keys().collect::<Vec<_>>(), [&ours.id]);
}
