//! Undo and redo as the reviewer sees them; what they mean in the journal is the store's to test.

use super::*;

/// Answers the wish to undo or redo `decision` as the store does: `left` is what still holds on its
/// item.
fn turned(play: &mut Play, decision: &Written, left: &[Written]) {
    let at = play.effects.iter().position(|effect| matches!(effect, Effect::Undo | Effect::Redo)).unwrap();
    let wish = play.effects.remove(at).unwrap();
    let local = LocalState { writes: left.to_vec(), drafts: Vec::new() };
    play.tell(Msg::Local(decision.item_id.clone(), local));
    let flag = |row: &Written| match &row.write {
        Write::Flag { item_id, reason } => reason.clone().map(|reason| (item_id.clone(), reason)),
        _ => None,
    };
    play.tell(Msg::Flags(left.iter().filter_map(flag).collect()));
    play.tell(Msg::OpenWrites(left.iter().filter(|row| row.is_unsent()).cloned().collect()));
    let done = Ok(Undone::Done { decision: decision.clone(), sends: false });
    play.tell(if wish == Effect::Undo { Msg::Undone(done) } else { Msg::Redone(done) });
}

#[test]
fn a_score_is_undone_and_done_again_on_its_row() {
    let mut play = Play::reviewing(1);
    play.keys("4");
    let first = play.save().remove(0);
    play.keys("Ctrl-p 2");
    let second = play.save().remove(0);
    play.keys("u");
    turned(&mut play, &second, std::slice::from_ref(&first));
    assert_eq!(play.notice(), "undid: score = 2 on chat 1 (was 4)");
    assert_eq!((play.value("score").as_deref(), play.model.review.row), (Some("4"), 0));
    play.keys("u");
    turned(&mut play, &first, &[]);
    assert_eq!(play.notice(), "undid: score = 4 on chat 1 (was nothing)");
    assert_eq!((play.value("score"), play.model.unsent()), (None, 0));
    play.keys("U");
    turned(&mut play, &first, std::slice::from_ref(&first));
    assert_eq!(play.notice(), "did again: score = 4 on chat 1 (was nothing)");
    assert_eq!((play.value("score").as_deref(), play.model.review.row), (Some("4"), 1), "on as before");
    assert_eq!(released(&play), [], "held while the item is on screen");
}

#[test]
fn what_is_decided_next_waits_for_the_turn_and_builds_on_it() {
    let mut play = Play::reviewing(1);
    play.keys("4");
    let first = play.save().remove(0);
    play.keys("u 2");
    assert_eq!(play.save(), [], "the digit waits");
    turned(&mut play, &first, &[]);
    let next = play.save().remove(0);
    assert_eq!(next.made.before, None, "there was nothing any more");
    assert_eq!(play.value("score").as_deref(), Some("2"));
}

#[test]
fn an_undone_completion_shows_the_item_again_and_its_redo_moves_on() {
    let mut play = Play::reviewing(3);
    play.keys("4 Space");
    let [score, done] = <[Written; 2]>::try_from(play.save()).unwrap();
    let taken = play.model.review.done.clone();
    play.effects.clear();
    play.keys("u");
    turned(&mut play, &done, std::slice::from_ref(&score));
    assert_eq!(play.notice(), "undid: completing chat 1");
    assert_eq!((play.current(), play.value("score").as_deref()), ("i0", Some("4")));
    assert_eq!(play.model.current().unwrap().status(), ItemStatus::Pending);
    assert_eq!(play.model.browse.items.list.get(0).unwrap().status, ItemStatus::Pending);
    assert_eq!(play.model.review.done, []);
    assert_eq!(released(&play), [("i1", false)], "only the item that was left goes");
    play.effects.clear();
    play.keys("U");
    turned(&mut play, &done, &[score, done.clone()]);
    assert_eq!((play.notice(), play.current()), ("did again: completing chat 1", "i1"));
    assert_eq!(play.model.review.done, taken, "the pace is what it was");
    assert_eq!(released(&play), [("i0", true)], "held as before");
    assert!(play.model.is_held_back(&"i0".into()));
}

#[test]
fn the_last_completion_of_a_queue_is_held_and_undone_from_its_last_page() {
    let mut play = Play::reviewing(1);
    play.keys("Space");
    let done = play.save().remove(0);
    play.answer_items(vec![item(0)]);
    assert_eq!(play.model.screen, Screen::Summary);
    assert!(!play.effects.contains(&Effect::ReleaseAll), "it is held");
    play.keys("u");
    turned(&mut play, &done, &[]);
    assert_eq!((play.model.screen, play.current()), (Screen::Review, "i0"));
}

#[test]
fn a_reopening_is_undone_without_moving() {
    let mut play = Play::reviewing(2);
    play.keys("Space K r");
    let [done, reopened] = <[Written; 2]>::try_from(play.save()).unwrap();
    play.effects.clear();
    play.keys("u");
    turned(&mut play, &reopened, std::slice::from_ref(&done));
    assert_eq!((play.notice(), play.current()), ("undid: reopening chat 1", "i0"));
    assert_eq!(play.model.current().unwrap().status(), ItemStatus::Completed);
    assert_eq!(play.model.review.done.len(), 1, "as it was before");
    assert_eq!(released(&play), []);
}

#[test]
fn undo_goes_to_the_item_it_changes() {
    let mut play = Play::reviewing(2);
    play.keys("4 J");
    let score = play.save().remove(0);
    play.keys("u");
    turned(&mut play, &score, &[]);
    assert_eq!((play.current(), play.model.review.row), ("i0", 0));
}

#[test]
fn an_item_of_an_earlier_run_is_fetched_to_be_shown() {
    let failure = Failure { message: "offline".into(), hint: None, temporary: true };
    for (arrives, current, said) in [
        (Ok(item(7)), "i7", "undid: completing refund-agent 40"),
        (Err(failure), "i0", "undid: completing refund-agent 40 · the item cannot be shown: offline"),
    ] {
        let mut play = Play::reviewing(2);
        let status =
            Write::Status { queue_id: "q".into(), item_id: "i7".into(), status: ItemStatus::Completed };
        let made = Made { about: "refund-agent 40".into(), queue_id: Some("q".into()), ..Made::default() };
        let old = Written { made, ..written(9, "i7".into(), status, WriteState::Confirmed) };
        play.keys("u");
        turned(&mut play, &old, &[]);
        assert!(play.effects.contains(&Effect::FetchItem("q".into(), "i7".into())));
        play.keys("4");
        assert_eq!(play.save(), [], "it is not meant for the item on screen");
        play.tell(Msg::Item(arrives));
        assert_eq!((play.current(), play.notice()), (current, said));
    }
}

#[test]
fn waiting_for_an_item_can_be_given_up() {
    let mut play = Play::reviewing(2);
    let status = Write::Status { queue_id: "q".into(), item_id: "i7".into(), status: ItemStatus::Completed };
    let made = Made { queue_id: Some("q".into()), ..Made::default() };
    let old = Written { made, ..written(9, "i7".into(), status, WriteState::Confirmed) };
    play.keys("u");
    turned(&mut play, &old, &[]);
    play.keys("Esc");
    play.tell(Msg::Item(Ok(item(7))));
    assert_eq!(play.current(), "i0");
    play.keys("4");
    assert_eq!(play.save().len(), 1);
}

#[test]
fn what_is_undone_in_another_queue_is_told_and_released_with_the_hold() {
    let mut play = Play::reviewing(2);
    let status = Write::Status { queue_id: "q2".into(), item_id: "i7".into(), status: ItemStatus::Completed };
    let made = Made { about: "chat 3".into(), queue_id: Some("q2".into()), ..Made::default() };
    let old = Written { made, ..written(9, "i7".into(), status, WriteState::Confirmed) };
    play.keys("u");
    turned(&mut play, &old, &[]);
    assert_eq!((play.notice(), play.current()), ("undid: completing chat 3 in another queue", "i0"));
    assert_eq!(released(&play), [("i7", true)]);
}

#[test]
fn in_the_lists_undo_moves_the_cursor_to_what_it_changes() {
    let mut play = Play::with_items(3);
    play.effects.clear();
    play.keys("l j C");
    assert_eq!((play.notice(), released(&play)), ("completed trace 2", vec![("i1", true)]));
    let done = play.save().remove(0);
    play.keys("k u");
    turned(&mut play, &done, &[]);
    assert_eq!(play.notice(), "undid: completing trace 2");
    let items = &play.model.browse.items;
    assert_eq!((items.cursor, items.list.get(1).unwrap().status), (1, ItemStatus::Pending));
    assert_eq!(play.model.screen, Screen::Browse);
    play.keys("U");
    turned(&mut play, &done, std::slice::from_ref(&done));
    assert_eq!(play.model.browse.items.list.get(1).unwrap().status, ItemStatus::Completed);
    assert_eq!(released(&play), [("i1", true); 3], "with the hold each time");
}

#[test]
fn what_cannot_be_undone_says_so() {
    let comment = CommentWrite {
        object: Object { kind: ObjectKind::Trace, id: "t0".into() },
        content: "hm".into(),
        author: None,
    };
    let made = Made { about: "chat 1".into(), ..Made::default() };
    let sent = Written { made, ..written(1, "i0".into(), Write::Comment(comment), WriteState::Confirmed) };
    for (keys, answer, said) in [
        ("u", Ok(Undone::Nothing), "nothing left to undo"),
        ("U", Ok(Undone::Nothing), "nothing to do again"),
        (
            "u",
            Ok(Undone::TooLate(sent.clone())),
            "sent, cannot be taken back: comment “hm” · u goes further back",
        ),
        ("u", Ok(Undone::NotYet(sent)), "comment “hm” on chat 1 is on its way: try again in a moment"),
        ("u", Err("disk full".to_owned()), "NOT UNDONE: disk full"),
    ] {
        let mut play = Play::reviewing(1);
        play.keys(keys);
        play.tell(if keys == "u" { Msg::Undone(answer) } else { Msg::Redone(answer) });
        assert_eq!(play.notice(), said);
        play.keys("4");
        assert_eq!(play.save().len(), 1, "and nothing waits any longer");
    }
}

#[test]
fn u_takes_away_first_what_could_not_be_saved() {
    let mut play = Play::reviewing(1);
    play.keys("4");
    play.fail("disk full");
    play.keys("u");
    assert_eq!(play.notice(), "taken away: score = 4, which was not saved");
    assert_eq!(play.value("score"), None);
    assert!(!play.effects.contains(&Effect::Undo));
}

#[test]
fn u_waits_in_order_with_what_was_typed_before_the_item_arrived() {
    let mut play = Play::with_items(2);
    play.keys("Enter 4 u");
    assert_eq!(play.model.review.typed_ahead.len(), 2);
    play.arrive("i0", Vec::new());
    let order: Vec<&Effect> =
        play.effects.iter().filter(|e| matches!(e, Effect::Record(..) | Effect::Undo)).collect();
    assert!(matches!(order[..], [Effect::Record(..), Effect::Undo]), "{order:?}");
}

#[test]
fn every_kind_of_decision_has_words() {
    let score = |value: f64, reason: Option<&str>| {
        Write::Score(ScoreWrite {
            id: "s".into(),
            target: Target::Trace("t".into()),
            config_id: Some("tone".into()),
            queue_id: None,
            name: "tone".into(),
            value: Value::Number(value),
            data_type: DataType::Numeric,
            comment: reason.map(Into::into),
            source: Source::Annotation,
            annotator: "ada".into(),
            timestamp: at(0),
            environment: None,
        })
    };
    let flag = |reason: Option<&str>| Write::Flag { item_id: "i".into(), reason: reason.map(Into::into) };
    let object = Object { kind: ObjectKind::Session, id: "s1".into() };
    let remove = Write::RemoveItem { queue_id: "q".into(), item_id: "i".into(), object: object.clone() };
    for (write, before, words) in [
        (score(2.0, None), None, "tone = 2 on chat 1 (was nothing)"),
        (score(2.0, None), Some(score(3.0, None)), "tone = 2 on chat 1 (was 3)"),
        (score(2.0, Some("odd")), Some(score(2.0, None)), "reason for tone = “odd” on chat 1 (was nothing)"),
        (score(2.0, None), Some(score(2.0, Some("odd"))), "reason for tone = nothing on chat 1 (was “odd”)"),
        (score(2.0, None).reverse().unwrap(), Some(score(2.0, None)), "tone cleared on chat 1 (was 2)"),
        (flag(Some("odd")), None, "flag “odd” on chat 1 (was no flag)"),
        (flag(None), Some(flag(Some(""))), "no flag on chat 1 (was flag)"),
        (Write::AddItem { queue_id: "q".into(), object }, None, "adding chat 1"),
        (remove, None, "removing chat 1 from the queue"),
    ] {
        let made = Made { about: "chat 1".into(), before: before.map(Box::new), ..Made::default() };
        let decided = Written { made, ..written(1, "i".into(), write, WriteState::Held) };
        assert_eq!(super::super::worded::decision(&decided), words);
    }
}
