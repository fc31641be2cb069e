//! From item to item: complete, skip, step, reopen, the end of a queue.

use super::*;

#[test]
fn space_completes_and_shows_the_next_item_at_once() {
    let mut play = Play::reviewing(3);
    play.keys("4 Space");
    assert_eq!(play.current(), "i1");
    assert_eq!(released(&play), [("i0", true)], "held for a while");
    let writes = play.save();
    assert!(matches!(&writes[1].write, Write::Status { status: ItemStatus::Completed, .. }), "{writes:?}");
    play.effects.clear();
    play.keys("Space");
    assert_eq!(released(&play), [("i0", false), ("i1", true)], "only the last one is held");
}

#[test]
fn without_a_hold_everything_goes_at_once() {
    let mut play = Play::reviewing(2);
    play.model.start.hold = Duration::ZERO;
    play.keys("Space");
    assert_eq!(released(&play)[0], ("i0", false));
}

#[test]
fn the_next_three_items_are_fetched_ahead() {
    let mut play = Play::with_items(9);
    play.keys("Enter");
    let Some(Effect::Want(Wanted { items, .. })) =
        play.effects.iter().rev().find(|e| matches!(e, Effect::Want(_)))
    else {
        panic!("nothing wanted")
    };
    let ids: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids, ["i0", "i1", "i2", "i3"]);
}

#[test]
fn skipped_items_wait_for_the_end_of_the_queue() {
    let mut play = Play::reviewing(2);
    play.keys("s Space");
    play.answer_items((0..2).map(item).collect());
    assert_eq!(play.model.screen, Screen::Summary);
    assert_eq!((play.model.review.done.len(), play.model.review.skipped.len()), (1, 1));
    play.keys("r");
    assert_eq!((play.model.screen, play.current()), (Screen::Review, "i0"));
}

#[test]
fn stepping_shows_items_in_any_state_and_stops_at_the_ends() {
    let mut play = Play::reviewing(2);
    play.keys("K");
    assert_eq!(play.notice(), "this is the first item");
    play.keys("Space K");
    assert_eq!(play.current(), "i0");
    assert_eq!(play.model.current().unwrap().status(), ItemStatus::Completed);
    play.keys("J J");
    assert_eq!((play.current(), play.notice()), ("i1", "this is the last item"));
}

#[test]
fn leaving_an_item_lets_its_decisions_go() {
    let mut play = Play::reviewing(2);
    play.keys("4 J");
    assert_eq!(released(&play), [("i0", false)]);
}

#[test]
fn reopening_takes_a_completion_back() {
    let mut play = Play::reviewing(2);
    play.keys("r");
    assert_eq!(play.notice(), "this item is not completed");
    play.keys("Space K r");
    let writes = play.save();
    assert!(matches!(&writes.last().unwrap().write, Write::Status { status: ItemStatus::Pending, .. }));
    assert_eq!(play.model.current().unwrap().status(), ItemStatus::Pending);
    assert!(play.model.review.done.is_empty());
    assert_eq!(play.model.unsent(), 1, "the completion will never be sent");
}

#[test]
fn keys_typed_before_the_item_has_arrived_wait_for_it() {
    let mut play = Play::with_items(2);
    play.keys("Enter 4 1 Space");
    assert_eq!(play.current(), "i0");
    assert_eq!(play.model.review.typed_ahead.len(), 3);
    play.arrive("i0", Vec::new());
    assert_eq!(play.current(), "i1");
    let writes = play.save();
    assert_eq!(writes.len(), 3, "two scores and a completion: {writes:?}");
    assert!(writes.iter().all(|written| written.item_id.as_str() == "i0"));
}

#[test]
fn keys_typed_before_anything_has_arrived_wait_too() {
    let mut play = Play::new();
    play.connect();
    play.keys("Enter 4");
    play.answer_items((0..2).map(item).collect());
    assert_eq!(play.current(), "i0");
    play.arrive("i0", Vec::new());
    assert_eq!(play.value("score").as_deref(), Some("4"));
}

#[test]
fn keys_typed_before_the_queues_have_arrived_wait_too() {
    let mut play = Play::new();
    play.keys("Enter 4");
    play.connect();
    play.answer_items((0..2).map(item).collect());
    play.arrive("i0", Vec::new());
    assert_eq!((play.current(), play.value("score").as_deref()), ("i0", Some("4")));
}

#[test]
fn a_paste_behind_waiting_keys_waits_with_them() {
    let mut play = Play::with_items(2);
    play.keys("Enter 4 c");
    play.text("typed ahead");
    play.keys("Ctrl-s Space");
    play.arrive("i0", Vec::new());
    assert_eq!(play.current(), "i1");
    let comments = play.save().into_iter().filter(
        |written| matches!(&written.write, Write::Comment(comment) if comment.content == "typed ahead"),
    );
    assert_eq!(comments.count(), 1);
}

#[test]
fn help_does_not_swallow_waiting_keys() {
    let mut play = Play::with_items(2);
    play.keys("Enter 4 ?");
    play.arrive("i0", Vec::new());
    assert_eq!(play.value("score").as_deref(), Some("4"));
    assert_eq!(play.model.modals.len(), 1);
}

#[test]
fn a_completion_that_could_not_be_saved_can_be_repeated() {
    let mut play = Play::reviewing(2);
    play.keys("Space");
    let Some(Effect::Record(token, ..)) =
        play.effects.iter().find(|e| matches!(e, Effect::Record(..))).cloned()
    else {
        panic!("nothing to record")
    };
    play.effects.clear();
    play.tell(Msg::Recorded(token, Err("disk full".into())));
    assert!(play.model.review.done.is_empty());
    play.keys("K Space");
    assert!(matches!(&play.save()[0].write, Write::Status { status: ItemStatus::Completed, .. }));
}

#[test]
fn an_item_reopened_elsewhere_is_pending_whatever_was_completed_here_before() {
    let mut play = Play::with_items(1);
    play.keys("Enter");
    let status = Write::Status { queue_id: "q".into(), item_id: "i0".into(), status: ItemStatus::Completed };
    let old = written(1, "i0".into(), status, WriteState::Confirmed);
    play.tell(Msg::Local("i0".into(), LocalState { writes: vec![old], drafts: Vec::new() }));
    assert_eq!(play.model.current().unwrap().status(), ItemStatus::Pending);
}

#[test]
fn an_item_whose_object_is_gone_can_still_be_completed() {
    let mut play = Play::with_items(2);
    play.keys("Enter");
    play.tell(Msg::Local("i0".into(), LocalState::default()));
    play.tell(Msg::Subject("i0".into(), Ok(None)));
    play.tell(Msg::Scores("i0".into(), Ok(Vec::new())));
    play.keys("Space");
    assert_eq!(play.current(), "i1");
}

#[test]
fn items_that_cannot_be_fetched_do_not_stop_the_keys() {
    let failure = Failure { message: "offline".into(), hint: None, temporary: true };
    let mut play = Play::with_items(2);
    play.keys("Enter 3");
    play.tell(Msg::Local("i0".into(), LocalState::default()));
    play.tell(Msg::Subject("i0".into(), Err(failure.clone())));
    play.tell(Msg::Scores("i0".into(), Err(failure)));
    assert_eq!(play.value("score").as_deref(), Some("3"), "a trace's scores need only its id");
}

#[test]
fn an_empty_queue_ends_at_once() {
    let mut play = Play::with_items(0);
    play.keys("Enter");
    assert_eq!(play.model.screen, Screen::Browse, "only what the server says now counts");
    play.answer_items(Vec::new());
    assert_eq!(play.model.screen, Screen::Summary);
    play.keys("r");
    assert_eq!(play.notice(), "nothing was skipped");
    play.keys("q");
    assert_eq!(play.model.screen, Screen::Browse);
}

#[test]
fn a_completion_at_the_server_keeps_the_item_in_place() {
    let mut play = Play::reviewing(3);
    play.keys("Space");
    let mut written = play.save().remove(0);
    written.state = WriteState::Confirmed;
    play.tell(Msg::Written(written));
    assert_eq!(play.model.browse.items.list.len(), Some(3));
    assert_eq!(play.model.browse.items.list.get(0).unwrap().status, ItemStatus::Completed);
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::FetchCounts(_))));
}

#[test]
fn what_could_not_be_loaded_is_not_completed_by_the_way() {
    let mut play = Play::reviewing(2);
    let failure = Failure { message: "no answer".into(), hint: None, temporary: true };
    play.tell(Msg::Subject("i0".into(), Err(failure)));
    play.keys("Space");
    assert_eq!(play.save().len(), 0);
    assert_eq!(play.current(), "i0");
    assert_eq!(
        play.notice(),
        "you have not seen it: Space again completes it all the same, F5 tries to load it"
    );
    play.keys("Space");
    assert_eq!(play.save().len(), 1);
    assert_eq!(play.current(), "i1");
}

#[test]
fn an_item_from_outside_the_list_has_no_position_and_leads_into_it() {
    let mut play = Play::with_items(3);
    play.tell(Msg::Item(Ok(item(9))));
    assert_eq!((play.current(), play.model.review_position()), ("i9", None));
    play.arrive("i9", Vec::new());
    play.keys("K");
    assert_eq!(play.notice(), "this is the first item");
    play.keys("J");
    assert_eq!((play.current(), play.model.review_position()), ("i0", Some(0)));
}

#[test]
fn an_item_opened_before_the_list_has_arrived_finds_its_position() {
    let mut play = Play::new();
    play.connect();
    play.tell(Msg::Item(Ok(item(2))));
    play.answer_items((0..5).map(item).collect());
    assert_eq!((play.current(), play.model.review_position()), ("i2", Some(2)));
    assert_eq!(play.model.browse.items.cursor, 2);
}
