//! Undo and redo, before and after sending.

use pretty_assertions::assert_eq;

use super::*;
use crate::domain::Undone;

/// A decision on the row `c-s1`, changing `before`.
fn decide(store: &mut Store, write: &Write, before: Option<&Write>) -> i64 {
    let made = Made { annotator: "mira".into(), before: before.cloned().map(Box::new), ..Made::default() };
    let decision = Decision { item_id: "i1".into(), write: write.clone(), made };
    store.record(&scope(), &decision, at(0)).unwrap().seq
}

/// Sends everything on the item and has it confirmed.
fn send(store: &mut Store) {
    store.release(&scope(), Some(&"i1".into()), None, at(1)).unwrap();
    while let Some(batch) = store.claim(&scope(), at(1)).unwrap() {
        for row in batch {
            let answer = Some(format!("made-{}", row.seq));
            store.settle(row.seq, &Outcome::Confirmed { note: None, answer }, at(1)).unwrap();
        }
    }
}

/// What would be sent on the item now.
fn unsent(store: &Store) -> Vec<Write> {
    let open = store.open_writes(&scope()).unwrap();
    open.into_iter().filter(Written::is_unsent).map(|row| row.write).collect()
}

fn undo(store: &mut Store) -> Undone {
    store.undo(&scope(), "mira", true, at(2)).unwrap()
}

fn redo(store: &mut Store) -> Undone {
    store.redo(&scope(), "mira", at(3)).unwrap()
}

fn sends(undone: &Undone) -> bool {
    match undone {
        Undone::Done { sends, .. } => *sends,
        other => panic!("not done: {other:?}"),
    }
}

fn removal() -> Write {
    score("s1", 0.0).reverse().unwrap()
}

#[test]
fn unsent_decisions_vanish_one_by_one_and_come_back() {
    let mut store = Store::in_memory().unwrap();
    let [one, two] = [1.0, 2.0].map(|value| score("s1", value));
    decide(&mut store, &one, None);
    decide(&mut store, &two, Some(&one));
    decide(&mut store, &removal(), Some(&two));
    assert_eq!(unsent(&store), []);
    undo(&mut store);
    assert_eq!(unsent(&store), std::slice::from_ref(&two));
    undo(&mut store);
    assert_eq!(unsent(&store), std::slice::from_ref(&one));
    assert!(!sends(&undo(&mut store)));
    assert_eq!(unsent(&store), []);
    assert_eq!(undo(&mut store), Undone::Nothing);
    for expected in [vec![one], vec![two], vec![]] {
        redo(&mut store);
        assert_eq!(unsent(&store), expected);
    }
    assert_eq!(redo(&mut store), Undone::Nothing);
}

#[test]
fn a_new_decision_ends_what_could_be_done_again() {
    let mut store = Store::in_memory().unwrap();
    let [one, two] = [1.0, 2.0].map(|value| score("s1", value));
    decide(&mut store, &one, None);
    undo(&mut store);
    decide(&mut store, &two, None);
    assert_eq!(redo(&mut store), Undone::Nothing);
    assert_eq!(unsent(&store), [two]);
}

#[test]
fn a_sent_value_is_put_back_by_sending_the_old_one() {
    let mut store = Store::in_memory().unwrap();
    let [one, two] = [1.0, 2.0].map(|value| score("s1", value));
    decide(&mut store, &one, None);
    send(&mut store);
    decide(&mut store, &two, Some(&one));
    send(&mut store);
    assert!(sends(&undo(&mut store)));
    assert_eq!(unsent(&store), std::slice::from_ref(&one));
    // Unsent as it is, doing it again only takes that back.
    assert!(!sends(&redo(&mut store)));
    assert_eq!(unsent(&store), []);
    undo(&mut store);
    send(&mut store);
    assert!(sends(&redo(&mut store)));
    assert_eq!(unsent(&store), [two]);
}

#[test]
fn a_score_that_was_not_there_is_deleted_and_its_id_never_used_again() {
    let mut store = Store::in_memory().unwrap();
    let one = score("s1", 1.0);
    decide(&mut store, &one, None);
    send(&mut store);
    assert!(sends(&undo(&mut store)));
    assert_eq!(unsent(&store), [removal()]);
    // Not deleted yet: the same id lives on.
    assert!(!sends(&redo(&mut store)));
    assert_eq!(unsent(&store), []);
    undo(&mut store);
    send(&mut store);
    assert!(sends(&redo(&mut store)));
    let again = unsent(&store).remove(0);
    assert!(again.comes_to_the_same(&one));
    assert_ne!(again.replaces(), one.replaces());
    // And the second one gets a third.
    send(&mut store);
    undo(&mut store);
    let Write::DeleteScore { id, .. } = unsent(&store).remove(0) else { panic!("not deleted") };
    assert_eq!(Some(format!("score:{id}")), again.replaces());
    send(&mut store);
    let third = decide(&mut store, &one, None);
    let third = row(&store, third).write.replaces();
    assert!(third != one.replaces() && third != again.replaces(), "{third:?}");
}

#[test]
fn clearing_a_sent_score_can_be_undone_before_and_after_it_is_sent() {
    let mut store = Store::in_memory().unwrap();
    let one = score("s1", 1.0);
    decide(&mut store, &one, None);
    send(&mut store);
    decide(&mut store, &removal(), Some(&one));
    assert!(!sends(&undo(&mut store)));
    assert_eq!(unsent(&store), []);
    redo(&mut store);
    send(&mut store);
    assert!(sends(&undo(&mut store)));
    let again = unsent(&store).remove(0);
    assert!(again.comes_to_the_same(&one) && again.replaces() != one.replaces());
}

#[test]
fn what_the_server_had_first_is_not_sent_again() {
    let mut store = Store::in_memory().unwrap();
    let [there, new] = [7.0, 2.0].map(|value| score("s1", value));
    decide(&mut store, &new, Some(&there));
    assert!(!sends(&undo(&mut store)));
    assert_eq!(unsent(&store), []);
    decide(&mut store, &new, Some(&there));
    send(&mut store);
    undo(&mut store);
    assert_eq!(unsent(&store), [there]);
}

#[test]
fn a_held_completion_is_undone_with_all_that_waits_beside_it() {
    let mut store = Store::in_memory().unwrap();
    let done = status("i1", ItemStatus::Completed);
    let said = record(&mut store, "i1", &comment("hm"), 0);
    decide(&mut store, &done, Some(&status("i1", ItemStatus::Pending)));
    store.release(&scope(), Some(&"i1".into()), Some(at(10)), at(0)).unwrap();
    assert!(!sends(&undo(&mut store)));
    assert_eq!(state(&store, said), WriteState::Held);
    assert_eq!(claim(&mut store, 60), [0_i64; 0]);
    assert!(!sends(&undo(&mut store)), "the comment");
    assert_eq!(unsent(&store), []);
    redo(&mut store);
    redo(&mut store);
    assert_eq!(unsent(&store), [comment("hm"), done]);
}

#[test]
fn a_sent_completion_is_reopened_and_completed_again() {
    let mut store = Store::in_memory().unwrap();
    let [pending, done] = [ItemStatus::Pending, ItemStatus::Completed].map(|s| status("i1", s));
    decide(&mut store, &done, Some(&pending));
    send(&mut store);
    assert!(sends(&undo(&mut store)));
    assert_eq!(unsent(&store), [pending]);
    send(&mut store);
    redo(&mut store);
    assert_eq!(unsent(&store), [done]);
}

#[test]
fn a_sent_comment_stays_and_what_came_before_can_still_be_undone() {
    let mut store = Store::in_memory().unwrap();
    decide(&mut store, &score("s1", 1.0), None);
    decide(&mut store, &comment("hm"), None);
    send(&mut store);
    assert!(matches!(undo(&mut store), Undone::TooLate(row) if row.write == comment("hm")));
    assert!(sends(&undo(&mut store)));
    assert_eq!(unsent(&store), [removal()]);
}

#[test]
fn items_go_back_into_the_queue_and_out_again() {
    let mut store = Store::in_memory().unwrap();
    let object = Object { kind: ObjectKind::Trace, id: "t9".into() };
    let add = Write::AddItem { queue_id: "q1".into(), object: object.clone() };
    let remove =
        |id: &str| Write::RemoveItem { queue_id: "q1".into(), item_id: id.into(), object: object.clone() };
    let out = decide(&mut store, &remove("i9"), None);
    undo(&mut store);
    assert_eq!(unsent(&store), [], "never sent");
    redo(&mut store);
    send(&mut store);
    undo(&mut store);
    assert_eq!(unsent(&store), std::slice::from_ref(&add));
    store.release(&scope(), None, None, at(1)).unwrap();
    claim(&mut store, 1);
    assert!(matches!(redo(&mut store), Undone::NotYet(row) if row.seq == out));
    let adding = out + 2;
    let answer = Some("i10".to_owned());
    store.settle(adding, &Outcome::Confirmed { note: None, answer }, at(1)).unwrap();
    redo(&mut store);
    assert_eq!(unsent(&store), [remove("i10")], "as it is called now");

    let mut store = Store::in_memory().unwrap();
    let added = decide(&mut store, &add, None);
    send(&mut store);
    undo(&mut store);
    assert_eq!(unsent(&store), [remove(&format!("made-{added}"))]);
}

#[test]
fn flags_are_kept_here_and_can_be_undone() {
    let mut store = Store::in_memory().unwrap();
    let flag = |reason: Option<&str>| Write::Flag { item_id: "i1".into(), reason: reason.map(Into::into) };
    let flagged = |store: &Store| store.flags(&scope()).unwrap().into_iter().map(|(_, why)| why).collect();
    let shown: fn(&[&str]) -> Vec<String> = |all| all.iter().map(ToString::to_string).collect();
    decide(&mut store, &flag(Some("odd")), None);
    decide(&mut store, &flag(Some("very odd")), Some(&flag(Some("odd"))));
    assert_eq!((unsent(&store), flagged(&store)), (vec![], shown(&["very odd"])));
    undo(&mut store);
    assert_eq!(Vec::<String>::from_iter(flagged(&store)), shown(&["odd"]));
    undo(&mut store);
    assert_eq!(Vec::<String>::from_iter(flagged(&store)), shown(&[]));
    redo(&mut store);
    assert_eq!(Vec::<String>::from_iter(flagged(&store)), shown(&["odd"]));
}

#[test]
fn dataset_items_are_removed_where_there_was_none() {
    let mut store = Store::in_memory().unwrap();
    let item = Write::DatasetItem(DatasetItemWrite {
        id: "d1".into(),
        dataset: "gold".into(),
        input: Some("{\"q\":1}".into()),
        expected_output: None,
        metadata: None,
        source_trace: Some("t1".into()),
        source_observation: None,
    });
    decide(&mut store, &item, None);
    send(&mut store);
    undo(&mut store);
    assert_eq!(unsent(&store), [item.reverse().unwrap()]);
}

#[test]
fn what_was_refused_is_no_state_of_the_server() {
    let mut store = Store::in_memory().unwrap();
    let one = score("s1", 1.0);
    let seq = decide(&mut store, &one, None);
    store.release(&scope(), None, None, at(0)).unwrap();
    claim(&mut store, 0);
    store.settle(seq, &Outcome::Refused("no".into()), at(0)).unwrap();
    // The same value once more is a wish to try again.
    let again = decide(&mut store, &one, Some(&one));
    assert_eq!((state(&store, seq), state(&store, again)), (WriteState::Replaced, WriteState::Held));
    undo(&mut store);
    undo(&mut store);
    assert_eq!(unsent(&store), []);
}

#[test]
fn everyone_undoes_their_own() {
    let mut store = Store::in_memory().unwrap();
    decide(&mut store, &score("s1", 1.0), None);
    assert_eq!(store.undo(&scope(), "noor", true, at(2)).unwrap(), Undone::Nothing);
    assert!(!sends(&undo(&mut store)));
}

/// Claims everything on the item and settles it so.
fn try_all(store: &mut Store, outcome: &Outcome) {
    store.release(&scope(), Some(&"i1".into()), None, at(1)).unwrap();
    for row in store.claim(&scope(), at(1)).unwrap().unwrap_or_default() {
        store.settle(row.seq, outcome, at(1)).unwrap();
    }
}

fn failed() -> Outcome {
    Outcome::Retry { at: at(1), error: "no answer".into() }
}

#[test]
fn what_may_have_arrived_is_put_right_in_any_case() {
    let one = score("s1", 1.0);
    // Given up while it was uncertain whether it is there.
    let mut store = Store::in_memory().unwrap();
    let seq = decide(&mut store, &one, None);
    try_all(&mut store, &failed());
    assert!(store.discard(seq, at(1)).unwrap().is_some());
    decide(&mut store, &removal(), None);
    assert_eq!(unsent(&store), [removal()]);

    // Overtaken by a removal that was then taken back before it was sent.
    let mut store = Store::in_memory().unwrap();
    decide(&mut store, &one, None);
    try_all(&mut store, &failed());
    undo(&mut store);
    try_all(&mut store, &Outcome::Back { at: Some(at(9)), error: None });
    redo(&mut store);
    assert_eq!(unsent(&store), std::slice::from_ref(&one));

    // Taken, never shown, and given once more.
    let mut store = Store::in_memory().unwrap();
    let seq = decide(&mut store, &one, None);
    try_all(&mut store, &Outcome::Sent);
    store.settle(seq, &Outcome::Refused("never seen".into()), at(2)).unwrap();
    decide(&mut store, &score("s1", 2.0), Some(&one));
    decide(&mut store, &one, Some(&score("s1", 2.0)));
    assert_eq!(unsent(&store), [one]);
}

#[test]
fn a_removal_that_waits_survives_what_is_decided_on_the_next_score() {
    let mut store = Store::in_memory().unwrap();
    let one = score("s1", 1.0);
    decide(&mut store, &one, None);
    send(&mut store);
    decide(&mut store, &removal(), Some(&one));
    // Given again while the removal is being sent, so it gets another id; the server is full.
    store.release(&scope(), None, None, at(1)).unwrap();
    let removing = claim(&mut store, 1)[0];
    let again = decide(&mut store, &score("s1", 2.0), None);
    store.release(&scope(), None, None, at(1)).unwrap();
    store.settle(removing, &Outcome::Back { at: Some(at(500)), error: None }, at(1)).unwrap();
    let id = row(&store, again).write.replaces();
    assert_ne!(id, one.replaces());
    assert_eq!(claim(&mut store, 1), [again]);
    store.settle(again, &Outcome::Sent, at(1)).unwrap();
    let again = row(&store, again).write;
    let last = decide(&mut store, &score("s1", 3.0), Some(&again));
    assert_eq!(row(&store, last).write.replaces(), id);
    assert!(row(&store, removing).is_unsent());
}

#[test]
fn a_removal_that_never_arrived_leaves_the_score_its_id() {
    let mut store = Store::in_memory().unwrap();
    let one = score("s1", 1.0);
    decide(&mut store, &one, None);
    send(&mut store);
    decide(&mut store, &removal(), Some(&one));
    store.release(&scope(), None, None, at(1)).unwrap();
    let removing = claim(&mut store, 1)[0];
    let again = decide(&mut store, &score("s1", 2.0), None);
    store.settle(removing, &Outcome::Back { at: None, error: None }, at(1)).unwrap();
    let again = row(&store, again).write;
    let Write::Score(given) = again.clone() else { panic!("{again:?}") };
    let third = Write::Score(ScoreWrite { value: Value::Number(3.0), ..given });
    decide(&mut store, &third, Some(&again));
    let sent = unsent(&store);
    assert_eq!((sent.len(), sent[0].replaces()), (1, one.replaces()));
}

#[test]
fn what_someone_else_did_first_is_not_undone() {
    let mut store = Store::in_memory().unwrap();
    let [pending, completed] = [ItemStatus::Pending, ItemStatus::Completed].map(|status| Write::Status {
        queue_id: "q1".into(),
        item_id: "i1".into(),
        status,
    });
    let one = score("s1", 1.0);
    decide(&mut store, &one, None);
    decide(&mut store, &completed, Some(&pending));
    undo(&mut store);
    redo(&mut store);
    store.release(&scope(), Some(&"i1".into()), None, at(1)).unwrap();
    let row = store.claim(&scope(), at(1)).unwrap().unwrap().into_iter().find(|row| row.write == completed);
    let settled = store.settle(row.unwrap().seq, &Outcome::DoneByAnother("taken".into()), at(1)).unwrap();
    assert_eq!((settled.state, settled.last_error.as_deref()), (WriteState::Confirmed, Some("taken")));
    let Undone::Done { decision, .. } = undo(&mut store) else { panic!("the score can be undone") };
    assert_eq!(decision.write, one);
    redo(&mut store);
    assert_eq!(redo(&mut store), Undone::Nothing);
}
