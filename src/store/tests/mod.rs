//! The store by its public API.

mod cache;
mod damage;
mod files;
mod opening;
mod trail;
mod undo;

use jiff::Timestamp;
use pretty_assertions::assert_eq;
use rstest::rstest;

use super::*;
use crate::domain::{
    CommentWrite, DataType, DatasetItemWrite, Decision, ItemStatus, Made, Object, ObjectKind, Origin,
    ScoreWrite, Source, Target, Value, Write, WriteState, Written,
};

fn scope() -> Scope {
    Scope { host: "https://langfuse.example".into(), project: "p1".into() }
}

/// Seconds after the start of the tests' time.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn score(id: &str, value: f64) -> Write {
    Write::Score(ScoreWrite {
        id: id.into(),
        target: Target::Observation("t1".into(), "o1".into()),
        config_id: Some(format!("c-{id}").into()),
        queue_id: Some("q1".into()),
        name: "helpfulness".into(),
        value: Value::Number(value),
        data_type: DataType::Numeric,
        comment: Some("because".into()),
        source: Source::Annotation,
        annotator: "mira".into(),
        timestamp: Timestamp::from_microsecond(1_800_000_000_123_456).unwrap(),
        environment: Some("default".into()),
    })
}

fn deletion(id: &str, config: &str, annotator: &str) -> Write {
    Write::DeleteScore {
        id: id.into(),
        target: Target::Trace("t1".into()),
        config_id: Some(config.into()),
        annotator: annotator.into(),
    }
}

fn comment(content: &str) -> Write {
    let object = Object { kind: ObjectKind::Trace, id: "t1".into() };
    Write::Comment(CommentWrite { object, content: content.into(), author: Some("u1".into()) })
}

fn status(item: &str, status: ItemStatus) -> Write {
    Write::Status { queue_id: "q1".into(), item_id: item.into(), status }
}

fn record(store: &mut Store, item: &str, write: &Write, seconds: i64) -> i64 {
    store.record(&scope(), &decision(item, write), at(seconds)).unwrap().seq
}

/// The decision for a write; what is deleted was there.
fn decision(item: &str, write: &Write) -> Decision {
    let before = match write {
        Write::DeleteScore { id, .. } => Some(Box::new(score(id.as_str(), 9.0))),
        _ => None,
    };
    let made = Made { annotator: "mira".into(), before, ..Made::default() };
    Decision { item_id: item.into(), write: write.clone(), made }
}

/// Records and releases at once.
fn pending(store: &mut Store, item: &str, write: &Write) -> i64 {
    let seq = record(store, item, write, 0);
    store.release(&scope(), Some(&item.into()), None, at(0)).unwrap();
    seq
}

fn claim(store: &mut Store, seconds: i64) -> Vec<i64> {
    let batch = store.claim(&scope(), at(seconds)).unwrap().unwrap_or_default();
    batch.iter().map(|row| row.seq).collect()
}

fn retry(store: &mut Store, seq: i64, seconds: i64) {
    let outcome = Outcome::Retry { at: at(seconds), error: "no network".into() };
    store.settle(seq, &outcome, at(0)).unwrap();
}

fn row(store: &Store, seq: i64) -> Written {
    store.journal(&scope(), 1000).unwrap().into_iter().find(|row| row.seq == seq).unwrap()
}

fn state(store: &Store, seq: i64) -> WriteState {
    row(store, seq).state
}

#[rstest]
#[case::score(score("s1", 0.5))]
#[case::delete(deletion("s1", "c1", "mira"))]
#[case::comment(comment("line one\nline \"two\" 🦀"))]
#[case::status(status("i1", ItemStatus::Completed))]
fn what_is_recorded_comes_back(#[case] write: Write) {
    let mut store = Store::in_memory().unwrap();
    let saved = store.record(&scope(), &decision("i1", &write), at(1)).unwrap();
    let expected = Written {
        seq: saved.seq,
        item_id: "i1".into(),
        made: decision("i1", &write).made,
        write,
        origin: Origin::Decision,
        undone: false,
        state: WriteState::Held,
        attempts: 0,
        next_attempt_at: None,
        last_error: None,
        created_at: at(1),
        sent_at: None,
        changed_at: at(1),
        answer: None,
    };
    assert_eq!(saved, expected);
    assert_eq!(store.of_item(&scope(), &"i1".into()).unwrap(), [expected]);
}

#[rstest]
#[case::value(Value::Number(-3.25))]
#[case::yes(Value::Boolean(true))]
#[case::category(Value::Category("très bien".into()))]
#[case::text(Value::Text("free\ttext".into()))]
fn every_value_survives(#[case] value: Value) {
    let Write::Score(plain) = score("s1", 1.0) else { unreachable!() };
    for source in [Source::Api, Source::Eval, Source::Other("NEW".into())] {
        let write =
            Write::Score(ScoreWrite { value: value.clone(), source, config_id: None, ..plain.clone() });
        assert_eq!(payload::decode(1, &payload::encode(&write).unwrap()), Ok(write));
    }
}

/// A change here means that rows of older versions cannot be read any more: raise the version and
/// keep reading the old format instead.
#[rstest]
#[case(
    score("s1", 0.5),
    r#"{"score":{"id":"s1","target":{"observation":{"trace":"t1","id":"o1"}},"config":"c-s1","queue":"q1","name":"helpfulness","value":{"number":0.5},"data_type":"NUMERIC","comment":"because","source":"ANNOTATION","annotator":"mira","timestamp":"2027-01-15T08:00:00.123456Z","environment":"default"}}"#
)]
#[case(
    deletion("s1", "c1", "mira"),
    r#"{"delete_score":{"id":"s1","target":{"trace":"t1"},"config":"c1","annotator":"mira"}}"#
)]
#[case(comment("hm"), r#"{"comment":{"object":"TRACE","object_id":"t1","content":"hm","author":"u1"}}"#)]
#[case(status("i1", ItemStatus::Pending), r#"{"status":{"queue":"q1","item":"i1","status":"PENDING"}}"#)]
fn the_payload_format_is_fixed(#[case] write: Write, #[case] json: &str) {
    assert_eq!(payload::encode(&write).unwrap(), json);
    assert_eq!(payload::decode(1, json), Ok(write));
    assert!(payload::decode(2, json).is_err());
}

#[test]
fn a_value_that_cannot_be_read_again_is_not_saved() {
    let mut store = Store::in_memory().unwrap();
    assert!(store.record(&scope(), &decision("i1", &score("s1", f64::NAN)), at(0)).is_err());
    assert_eq!(store.journal(&scope(), 10).unwrap(), []);
}

#[test]
fn a_held_decision_is_replaced_and_kept_as_history() {
    let mut store = Store::in_memory().unwrap();
    let first = record(&mut store, "i1", &score("s1", 1.0), 0);
    let said = record(&mut store, "i1", &comment("a"), 1);
    let again = record(&mut store, "i1", &comment("a"), 2);
    let second = record(&mut store, "i1", &score("s1", 2.0), 3);
    assert_eq!(state(&store, first), WriteState::Replaced);
    let live: Vec<i64> = store.of_item(&scope(), &"i1".into()).unwrap().iter().map(|r| r.seq).collect();
    assert_eq!(live, [said, again, second]);
    assert_eq!(store.journal(&scope(), 10).unwrap().len(), 4);
}

#[test]
fn held_decisions_are_not_claimed_and_a_hold_is_kept() {
    let mut store = Store::in_memory().unwrap();
    let seq = record(&mut store, "i1", &score("s1", 1.0), 0);
    record(&mut store, "i2", &score("s2", 1.0), 0);
    assert_eq!(claim(&mut store, 0), [0_i64; 0]);
    assert_eq!(store.release(&scope(), Some(&"i1".into()), Some(at(10)), at(0)).unwrap(), 1);
    assert_eq!(store.next_due(&scope()).unwrap(), Some(at(10)));
    assert_eq!(claim(&mut store, 9), [0_i64; 0]);
    // A later decision on the item moves with what waits.
    let done = record(&mut store, "i1", &status("i1", ItemStatus::Completed), 5);
    assert_eq!(store.release(&scope(), Some(&"i1".into()), Some(at(15)), at(5)).unwrap(), 1);
    assert_eq!(claim(&mut store, 14), [0_i64; 0]);
    assert_eq!(claim(&mut store, 15), [seq, done]);
    assert_eq!(store.release(&scope(), None, None, at(16)).unwrap(), 1, "i2");
}

#[test]
fn a_batch_is_one_item_in_the_order_of_kinds() {
    let mut store = Store::in_memory().unwrap();
    let writes = [
        status("i1", ItemStatus::Completed),
        comment("first"),
        deletion("s0", "c1", "mira"),
        score("s2", 1.0),
        comment("second"),
        score("s1", 1.0),
    ];
    let seqs = writes.each_ref().map(|write| pending(&mut store, "i1", write));
    let other = pending(&mut store, "i2", &score("s3", 1.0));
    assert_eq!(claim(&mut store, 0), [3, 5, 2, 1, 4, 0].map(|n: usize| seqs[n]));
    assert_eq!(claim(&mut store, 0), [other]);
    assert_eq!(claim(&mut store, 0), [0_i64; 0]);
}

#[test]
fn nothing_overtakes_a_row_that_waits_for_a_retry() {
    let mut store = Store::in_memory().unwrap();
    let score1 = pending(&mut store, "i1", &score("s1", 1.0));
    let done = pending(&mut store, "i1", &status("i1", ItemStatus::Completed));
    assert_eq!(claim(&mut store, 0), [score1, done]);
    retry(&mut store, score1, 30);
    store.settle(done, &Outcome::Back { at: None, error: None }, at(0)).unwrap();
    assert_eq!((row(&store, score1).attempts, row(&store, done).attempts), (1, 0));
    assert_eq!(store.next_due(&scope()).unwrap(), Some(at(30)), "not the status, which is held up");
    assert_eq!(claim(&mut store, 29), [0_i64; 0]);
    let other = pending(&mut store, "i2", &score("s2", 1.0));
    assert_eq!(claim(&mut store, 29), [other]);
    assert_eq!(claim(&mut store, 30), [score1, done]);
    store.settle(score1, &Outcome::Refused("out of range".into()), at(31)).unwrap();
    store.settle(done, &Outcome::Back { at: None, error: None }, at(31)).unwrap();
    assert_eq!(claim(&mut store, 31), [done], "a refused score holds nothing up");
}

#[test]
fn a_completion_waits_for_scores_that_are_put_off_or_held() {
    let mut store = Store::in_memory().unwrap();
    let done = pending(&mut store, "i1", &status("i1", ItemStatus::Completed));
    let held = record(&mut store, "i1", &score("s1", 1.0), 0);
    assert_eq!((claim(&mut store, 0), store.next_due(&scope()).unwrap()), (vec![], None));
    store.release(&scope(), Some(&"i1".into()), Some(at(10)), at(0)).unwrap();
    assert_eq!((claim(&mut store, 9), store.next_due(&scope()).unwrap()), (vec![], Some(at(10))));
    assert_eq!(claim(&mut store, 10), [held, done]);
    retry(&mut store, held, 30);
    store.settle(done, &Outcome::Back { at: None, error: None }, at(10)).unwrap();
    assert_eq!((claim(&mut store, 29), store.next_due(&scope()).unwrap()), (vec![], Some(at(30))));
    assert_eq!(claim(&mut store, 30), [held, done]);
}

#[test]
fn what_a_sent_change_overtook_is_not_sent_any_more() {
    let mut store = Store::in_memory().unwrap();
    // Two items of the queue about the same trace.
    let early = pending(&mut store, "i1", &score("s1", 1.0));
    claim(&mut store, 0);
    let late = pending(&mut store, "i2", &score("s1", 2.0));
    assert_eq!(claim(&mut store, 0), [late]);
    store.settle(late, &Outcome::Sent, at(0)).unwrap();
    retry(&mut store, early, 5);
    assert_eq!(claim(&mut store, 5), [0_i64; 0]);
    assert_eq!((state(&store, early), state(&store, late)), (WriteState::Replaced, WriteState::Sent));
}

#[test]
fn a_deletion_that_waits_holds_nothing_up() {
    let mut store = Store::in_memory().unwrap();
    let delete = pending(&mut store, "i1", &deletion("s0", "c1", "mira"));
    assert_eq!(claim(&mut store, 0), [delete]);
    retry(&mut store, delete, 86_400);
    let done = pending(&mut store, "i1", &status("i1", ItemStatus::Completed));
    assert_eq!(store.next_due(&scope()).unwrap(), Some(at(0)));
    assert_eq!(claim(&mut store, 1), [done]);
}

#[test]
fn a_later_decision_overtakes_what_is_unsent_refused_or_unseen() {
    let mut store = Store::in_memory().unwrap();
    let [refused, tried, waiting, sent, last] = [1.0, 2.0, 3.0, 4.0, 5.0].map(|value| {
        let seq = pending(&mut store, "i1", &score("s1", value));
        match value {
            1.0 => {
                claim(&mut store, 0);
                store.settle(seq, &Outcome::Refused("no".into()), at(0)).unwrap();
            }
            2.0 => {
                claim(&mut store, 0);
                retry(&mut store, seq, 50);
            }
            4.0 => {
                assert_eq!(claim(&mut store, 0), [seq]);
                store.settle(seq, &Outcome::Sent, at(1)).unwrap();
            }
            _ => {}
        }
        seq
    });
    for seq in [refused, tried, waiting] {
        assert_eq!(state(&store, seq), WriteState::Replaced);
    }
    assert_eq!(state(&store, sent), WriteState::Sent);
    assert_eq!(claim(&mut store, 2), [last]);
    store.settle(last, &Outcome::Sent, at(3)).unwrap();
    assert_eq!(state(&store, sent), WriteState::Confirmed);
    assert!(store.is_update(last).unwrap());
    let unseen: Vec<i64> = store.unconfirmed(&scope()).unwrap().iter().map(|row| row.seq).collect();
    assert_eq!(unseen, [last]);
}

#[test]
fn settling_says_how_it_went_and_when() {
    let mut store = Store::in_memory().unwrap();
    let seq = pending(&mut store, "i1", &score("s1", 1.0));
    assert_eq!(store.first_attempt(seq).unwrap(), None);
    claim(&mut store, 3);
    retry(&mut store, seq, 5);
    let row = row(&store, seq);
    assert_eq!((row.next_attempt_at, row.last_error.as_deref()), (Some(at(5)), Some("no network")));
    claim(&mut store, 5);
    let sent = store.settle(seq, &Outcome::Sent, at(6)).unwrap();
    assert_eq!((sent.state, sent.attempts, sent.sent_at), (WriteState::Sent, 2, Some(at(6))));
    assert_eq!((sent.last_error, store.first_attempt(seq).unwrap()), (None, Some(at(3))));
    let seen = store.settle(seq, &Outcome::Confirmed { note: None, answer: None }, at(9)).unwrap();
    assert_eq!((seen.state, seen.sent_at), (WriteState::Confirmed, Some(at(6))));
    let late = store.settle(seq, &Outcome::Refused("never".into()), at(60)).unwrap();
    assert_eq!(late.state, WriteState::Confirmed, "what is settled stays settled");
    assert!(!store.is_update(seq).unwrap());
}

#[test]
fn refused_decisions_can_be_tried_again_or_given_up() {
    let mut store = Store::in_memory().unwrap();
    let seq = pending(&mut store, "i1", &score("s1", 1.0));
    claim(&mut store, 0);
    assert_eq!(store.discard(seq, at(0)).unwrap(), None, "it is being sent");
    store.settle(seq, &Outcome::Refused("no".into()), at(0)).unwrap();
    assert!(store.retry(seq, at(1)).unwrap());
    assert_eq!(claim(&mut store, 1), [seq]);
    store.settle(seq, &Outcome::Refused("no".into()), at(1)).unwrap();
    assert_eq!(store.discard(seq, at(2)).unwrap(), Some("i1".into()));
    assert_eq!(store.open_writes(&scope()).unwrap(), []);
}

#[test]
fn trying_again_concerns_the_item_up_to_there_and_nothing_that_is_on_its_way() {
    let mut store = Store::in_memory().unwrap();
    let other = record(&mut store, "i2", &score("s9", 1.0), 0);
    let put_off = pending(&mut store, "i1", &score("s1", 1.0));
    claim(&mut store, 0);
    retry(&mut store, put_off, 500);
    let held = record(&mut store, "i1", &score("s2", 1.0), 1);
    let later = record(&mut store, "i1", &score("s3", 1.0), 2);
    assert!(store.retry(held, at(3)).unwrap());
    assert_eq!(claim(&mut store, 3), [put_off, held]);
    assert_eq!((state(&store, later), state(&store, other)), (WriteState::Held, WriteState::Held));
    assert!(!store.retry(held, at(4)).unwrap(), "it is being sent");
}

#[test]
fn projects_do_not_see_each_other() {
    let mut store = Store::in_memory().unwrap();
    pending(&mut store, "i1", &score("s1", 1.0));
    store.save_draft(&scope(), "k", "text", at(0)).unwrap();
    for other in [
        Scope { project: "p2".into(), ..scope() },
        Scope { host: "https://elsewhere.example".into(), ..scope() },
    ] {
        assert_eq!(store.open_writes(&other).unwrap(), []);
        assert_eq!(store.claim(&other, at(9)).unwrap(), None);
        assert_eq!(store.recover(&other, at(9)).unwrap(), 0);
        assert_eq!((store.next_due(&other).unwrap(), store.drafts(&other).unwrap()), (None, Vec::new()));
    }
}
