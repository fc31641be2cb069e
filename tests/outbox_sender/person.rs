//! A reviewer, and what the server should end up with by their decisions: the simple model that
//! the outbox is measured against.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use tracemark::domain::{
    CommentWrite, DataType, Decision, ItemStatus, Made, Object, ObjectKind, Origin, ProjectId, ScoreWrite,
    Source, Target, Undone, Value, Write, WriteState, Written, score_id,
};
use tracemark::store::{Scope, Store};

use crate::world::{at, now};

/// What a reviewer does.
#[derive(Debug, Clone, Copy)]
pub enum Deed {
    Score { item: usize, row: usize, value: Option<u8> },
    Comment { item: usize, words: u8 },
    Status { item: usize, completed: bool },
    Undo,
    Redo,
    Release { item: usize, hold: bool },
    Retry(usize),
    DiscardComment(usize),
}

/// The items; the first two are about the same trace.
pub const ITEMS: [(&str, &str); 3] = [("i1", "t1"), ("i2", "t1"), ("i3", "t2")];
const ROWS: [&str; 2] = ["tone", "facts"];

/// What something decided about is called: a trace's row, an item's status, a comment's words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Score(&'static str, &'static str),
    Status(&'static str),
    Comment(String),
}

#[derive(Debug, Clone)]
struct Decided {
    seq: i64,
    key: Key,
    before: Option<u8>,
    after: Option<u8>,
}

#[derive(Debug)]
pub struct Person {
    pub scope: Scope,
    /// The value of each score; 1 for what is completed.
    pub state: BTreeMap<Key, Option<u8>>,
    /// Fewest and most of each comment that the server may have.
    pub comments: BTreeMap<String, (usize, usize)>,
    done: Vec<Decided>,
    undone: Vec<Decided>,
    /// What the journal did that it should not have.
    pub wrong: Vec<String>,
}

impl Person {
    pub fn new(scope: Scope) -> Self {
        let (state, comments) = (BTreeMap::new(), BTreeMap::new());
        Self { scope, state, comments, done: vec![], undone: vec![], wrong: vec![] }
    }

    pub fn act(&mut self, store: &mut Store, deed: Deed) {
        match deed {
            Deed::Score { item, row, value } => {
                let key = Key::Score(ITEMS[item].1, ROWS[row]);
                let before = self.state.get(&key).copied().flatten();
                let write = value.map(|value| self.score(store, &key, value));
                let before = before.map(|value| self.score(store, &key, value));
                let write = write.or_else(|| before.as_ref().and_then(Write::reverse));
                // There is nothing to clear.
                let Some(write) = write else { return };
                self.decide(store, item, key, value, write, before);
            }
            Deed::Comment { item, words } => {
                let object = Object { kind: ObjectKind::Trace, id: "t1".into() };
                let content = format!("words {words}");
                let key = Key::Comment(content.clone());
                let write = Write::Comment(CommentWrite { object, content, author: None });
                self.decide(store, item, key, None, write, None);
            }
            Deed::Status { item, completed } => {
                let key = Key::Status(ITEMS[item].0);
                let before = self.state.get(&key).copied().flatten();
                let write = |completed| status(ITEMS[item].0, completed);
                let before = Some(write(before.is_some()));
                self.decide(store, item, key, completed.then_some(1), write(completed), before);
            }
            Deed::Undo => self.undo(store),
            Deed::Redo => self.redo(store),
            Deed::Release { item, hold } => {
                let until = hold.then(|| now().checked_add(SignedDuration::from_secs(10)).unwrap());
                store.release(&self.scope, Some(&ITEMS[item].0.into()), until, now()).unwrap();
            }
            Deed::Retry(nth) => {
                let open = store.open_writes(&self.scope).unwrap();
                if let Some(row) = open.get(nth % open.len().max(1)) {
                    store.retry(row.seq, now()).unwrap();
                }
            }
            Deed::DiscardComment(nth) => self.discard_comment(store, nth),
        }
    }

    fn decide(
        &mut self,
        store: &mut Store,
        item: usize,
        key: Key,
        after: Option<u8>,
        write: Write,
        before: Option<Write>,
    ) {
        let made = Made { before: before.map(Box::new), ..Made::default() };
        let decision = Decision { item_id: ITEMS[item].0.into(), write, made };
        let seq = store.record(&self.scope, &decision, now()).unwrap().seq;
        let before = self.state.get(&key).copied().flatten();
        self.set(&key, after, 1);
        self.done.push(Decided { seq, key, before, after });
        self.undone.clear();
    }

    /// Notes what holds now; a comment is there once more or less.
    fn set(&mut self, key: &Key, value: Option<u8>, comments: isize) {
        if let Key::Comment(words) = key {
            let (least, most) = self.comments.entry(words.clone()).or_default();
            *least = least.saturating_add_signed(comments);
            *most = most.saturating_add_signed(comments);
        } else {
            self.state.insert(key.clone(), value);
        }
    }

    /// Completions that someone else was faster with are nobody's to undo or to do again.
    fn forget_taken(&mut self, store: &Store) {
        let rows = store.journal(&self.scope, 100_000).unwrap();
        let taken = |row: &&Written| row.last_error.as_deref().is_some_and(|e| e.starts_with("someone else"));
        let taken = rows.iter().filter(|row| row.state == WriteState::Confirmed).filter(taken);
        let seqs: BTreeSet<i64> = taken
            .map(|row| match row.origin {
                Origin::Decision => row.seq,
                Origin::Undo(of) | Origin::Redo(of) => of,
            })
            .collect();
        for list in [&mut self.done, &mut self.undone] {
            list.retain(|decided| !seqs.contains(&decided.seq));
        }
    }

    fn undo(&mut self, store: &mut Store) {
        self.forget_taken(store);
        let undone = store.undo(&self.scope, "", true, now()).unwrap();
        let last = self.done.pop();
        match (undone, last) {
            (Undone::Nothing, None) => {}
            (Undone::Done { decision, .. }, Some(last)) if decision.seq == last.seq => {
                self.set(&last.key, last.before, -1);
                self.undone.push(last);
            }
            (Undone::TooLate(row), Some(last))
                if row.seq == last.seq && matches!(last.key, Key::Comment(_)) => {}
            other => self.wrong.push(format!("undone: {other:?}")),
        }
    }

    fn redo(&mut self, store: &mut Store) {
        self.forget_taken(store);
        let redone = store.redo(&self.scope, "", now()).unwrap();
        let last = self.undone.pop();
        match (redone, last) {
            (Undone::Nothing, None) => {}
            (Undone::Done { decision, .. }, Some(last)) if decision.seq == last.seq => {
                self.set(&last.key, last.after, 1);
                self.done.push(last);
            }
            other => self.wrong.push(format!("redone: {other:?}")),
        }
    }

    fn discard_comment(&mut self, store: &mut Store, nth: usize) {
        let open = store.open_writes(&self.scope).unwrap();
        let comments: Vec<&Written> =
            open.iter().filter(|row| matches!(row.write, Write::Comment(_))).collect();
        let Some(row) = comments.get(nth % comments.len().max(1)) else { return };
        if store.discard(row.seq, now()).unwrap().is_none() {
            return;
        }
        let Write::Comment(CommentWrite { content, .. }) = &row.write else { return };
        let (least, most) = self.comments.entry(content.clone()).or_default();
        *least -= 1;
        // What was tried may be there.
        *most -= usize::from(row.is_untried());
        self.done.retain(|decided| decided.seq != row.seq);
    }

    /// The score as the screen has it: with the id under which it is known.
    fn score(&self, store: &Store, key: &Key, value: u8) -> Write {
        let Key::Score(trace, row) = key else { panic!("{key:?}") };
        let target = Target::Trace((*trace).into());
        let mut write = ScoreWrite {
            id: score_id(&self.scope.project, &target, &(*row).into(), "mira", 0),
            target,
            config_id: Some((*row).into()),
            queue_id: Some("q1".into()),
            name: "n".into(),
            value: Value::Number(value.into()),
            data_type: DataType::Numeric,
            comment: None,
            source: Source::Annotation,
            annotator: "mira".into(),
            timestamp: at(0),
            environment: None,
        };
        let thing = Write::Score(write.clone()).thing();
        let rows = store.journal(&self.scope, 100_000).unwrap();
        let mut known = rows.into_iter().filter(|row| row.write.thing() == thing);
        if let Some(Write::Score(known)) =
            known.find(|row| row.state != WriteState::Replaced).map(|row| row.write)
        {
            write.id = known.id;
        }
        Write::Score(write)
    }
}

fn status(item: &str, completed: bool) -> Write {
    let status = if completed { ItemStatus::Completed } else { ItemStatus::Pending };
    Write::Status { queue_id: "q1".into(), item_id: item.into(), status }
}

pub fn scope(address: &str, project: &str) -> Scope {
    Scope { host: address.into(), project: ProjectId::from(project) }
}
