//! The audit trail as a whole.

use std::ops::ControlFlow;

use pretty_assertions::assert_eq;

use super::*;
use crate::store::{TrailFilter, TrailOrder};

fn made(annotator: &str, queue: &str) -> Made {
    Made { annotator: annotator.into(), queue_id: Some(queue.into()), ..Made::default() }
}

/// Rows 1 to 4 here, 5 in another project.
fn filled() -> Store {
    let mut store = Store::in_memory().unwrap();
    let other = Scope { host: "https://other.example".into(), project: "p9".into() };
    let rows = [
        (scope(), "mira", "q1", 0),
        (scope(), "noor", "q1", 10),
        (scope(), "mira", "q2", 20),
        (scope(), "mira", "q1", 30),
        (other, "mira", "q7", 40),
    ];
    for (n, (scope, annotator, queue, seconds)) in rows.into_iter().enumerate() {
        let write = score(&format!("s{n}"), 1.0);
        let decision = Decision { item_id: "i1".into(), write, made: made(annotator, queue) };
        store.record(&scope, &decision, at(seconds)).unwrap();
    }
    store.undo(&scope(), "noor", false, at(50)).unwrap();
    store
}

fn seqs(store: &Store, filter: &TrailFilter, order: TrailOrder) -> Vec<i64> {
    let mut seqs = Vec::new();
    store
        .trail(filter, order, |entry| {
            seqs.push(entry.unwrap().row.seq);
            ControlFlow::Continue(())
        })
        .unwrap();
    seqs
}

#[test]
fn each_part_of_the_filter_counts() {
    let store = filled();
    let all = TrailFilter::default;
    let cases = [
        (all(), vec![1, 2, 3, 4, 5, 6]),
        (TrailFilter { host: Some(scope().host), ..all() }, vec![1, 2, 3, 4, 6]),
        (TrailFilter { project: Some("p9".into()), ..all() }, vec![5]),
        (TrailFilter { since: Some(at(20)), ..all() }, vec![3, 4, 5, 6]),
        (TrailFilter { queue: Some("q1".into()), ..all() }, vec![1, 2, 4, 6]),
        (TrailFilter { annotator: Some("noor".into()), ..all() }, vec![2, 6]),
        (TrailFilter { states: vec![WriteState::Replaced, WriteState::Sent], ..all() }, vec![2, 6]),
        (TrailFilter { undone: true, ..all() }, vec![2]),
        (TrailFilter { limit: Some(2), ..all() }, vec![1, 2]),
        (TrailFilter { limit: Some(0), ..all() }, vec![]),
    ];
    for (filter, expected) in cases {
        assert_eq!(seqs(&store, &filter, TrailOrder::OldestFirst), expected, "{filter:?}");
        if filter.limit.is_none() {
            let backwards: Vec<i64> = expected.into_iter().rev().collect();
            assert_eq!(seqs(&store, &filter, TrailOrder::NewestFirst), backwards, "{filter:?}");
        }
    }
}

#[test]
fn pages_join_without_gap_or_repetition() {
    let mut store = Store::in_memory().unwrap();
    for n in 0..1234 {
        store.record(&scope(), &decision("i1", &score(&format!("s{n}"), 1.0)), at(0)).unwrap();
    }
    let all = TrailFilter::default();
    assert_eq!(seqs(&store, &all, TrailOrder::OldestFirst), (1..=1234).collect::<Vec<_>>());
    let last = TrailFilter { limit: Some(700), ..all };
    assert_eq!(seqs(&store, &last, TrailOrder::NewestFirst), (535..=1234).rev().collect::<Vec<_>>());
}

#[test]
fn an_unreadable_row_hides_nothing_else() {
    let store = filled();
    store.connection.execute("UPDATE outbox SET payload = 'nonsense' WHERE seq = 3", []).unwrap();
    let (mut good, mut bad) = (Vec::new(), 0);
    let told = store.trail(&TrailFilter::default(), TrailOrder::OldestFirst, |entry| {
        match entry {
            Ok(entry) => good.push(entry.row.seq),
            Err(_) => bad += 1,
        }
        ControlFlow::Continue(())
    });
    assert!(told.is_ok());
    assert_eq!((good, bad), (vec![1, 2, 4, 5, 6], 1));
}

#[test]
fn a_chain_holds_all_that_was_decided_about_a_thing() {
    let mut store = Store::in_memory().unwrap();
    let mut record = |write: &Write| store.record(&scope(), &decision("i1", write), at(0)).unwrap().seq;
    let first = record(&score("s1", 1.0));
    record(&score("s2", 5.0));
    let second = record(&score("s1", 2.0));
    let comment = record(&comment("good"));
    store.undo(&scope(), "mira", false, at(1)).unwrap();
    store.undo(&scope(), "mira", false, at(1)).unwrap();
    let chain = |seq| -> Vec<i64> {
        let entry = store.trail_entry(seq).unwrap().unwrap();
        store.trail_chain(&entry).unwrap().iter().map(|row| row.seq).collect()
    };
    let undo =
        seqs(&store, &TrailFilter { limit: Some(1), ..Default::default() }, TrailOrder::NewestFirst)[0];
    assert_eq!(chain(first), [first, second, undo]);
    assert_eq!(chain(undo), [first, second, undo]);
    assert_eq!(chain(comment), [comment]);
    assert_eq!(store.trail_entry(99).unwrap(), None);
}

#[test]
fn projects_with_unsent_decisions_are_counted() {
    let store = filled();
    let counts: Vec<usize> = store.unsent_by_scope().unwrap().into_iter().map(|(_, n)| n).collect();
    assert_eq!(counts, [3, 1]);
    assert_eq!(store.projects_of(&scope().host).unwrap(), [scope()]);
    assert_eq!(store.decided_queues().unwrap().len(), 3);
}
