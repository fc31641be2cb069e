//! Several people in one queue: shards, items open elsewhere, items others completed or removed.

use super::*;

/// An item that somebody moved so many seconds before now.
fn moved(n: i64, before_now: i64) -> Item {
    Item { updated_at: at(1000 - before_now), ..item(n) }
}

fn completed(n: i64, before_now: i64) -> Item {
    let when = Some(at(1000 - before_now));
    Item { status: ItemStatus::Completed, completed_at: when, ..moved(n, before_now) }
}

fn wanted(play: &Play) -> Vec<String> {
    let want =
        |e: &Effect| if let Effect::Want(Wanted { items, .. }) = e { Some(items.clone()) } else { None };
    let last = play.effects.iter().rev().find_map(want).unwrap_or_default();
    last.iter().map(|item| item.id.to_string()).collect()
}

/// Completes whatever comes until the end of the queue; `server` is what the server lists.
fn work_through(play: &mut Play, server: &[Item]) -> Vec<String> {
    let mut seen = Vec::new();
    play.keys("Enter");
    for _ in 0..50 {
        play.answer_items(server.to_vec());
        if play.model.screen == Screen::Summary {
            break;
        }
        let current = play.current().to_owned();
        play.arrive(&current, Vec::new());
        seen.push(current);
        play.keys("Space");
        play.save();
    }
    seen
}

#[test]
fn a_shard_is_worked_through_and_nothing_else() {
    let items: Vec<Item> = (0..20).map(item).collect();
    let mut all = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let mut play = Play::new();
        let shard: Shard = shard.parse().unwrap();
        play.model.start.shard = Some(shard);
        play.connect();
        play.answer_items(items.clone());
        let seen = work_through(&mut play, &items);
        assert_eq!(play.model.screen, Screen::Summary);
        let expected: Vec<String> =
            items.iter().filter(|item| shard.includes(&item.id)).map(|item| item.id.to_string()).collect();
        assert_eq!(seen, expected);
        all.extend(seen);
    }
    assert_eq!(all.len(), 20);
}

#[test]
fn only_the_shard_is_fetched_ahead_and_others_open_by_hand() {
    let shard: Shard = "1/2".parse().unwrap();
    let mut play = Play::new();
    play.model.start.shard = Some(shard);
    play.connect();
    play.answer_items((0..30).map(item).collect());
    play.keys("Enter");
    assert_eq!(wanted(&play).len(), 4);
    assert!(wanted(&play).iter().all(|id| shard.includes(&id.as_str().into())), "{:?}", wanted(&play));
    let other = (0..30).map(item).position(|item| !shard.includes(&item.id)).unwrap();
    play.keys(&format!("q g {other} j Enter"));
    assert_eq!(play.current(), format!("i{other}"));
    assert_eq!(play.model.standing(&item(i64::try_from(other).unwrap())), Standing::OtherShard);
}

#[test]
fn what_may_be_open_elsewhere_comes_last() {
    let items = vec![moved(0, 60), item(1), moved(2, 299), moved(3, 301), item(4)];
    let mut play = Play::new();
    play.connect();
    play.answer_items(items.clone());
    assert_eq!(work_through(&mut play, &items), ["i1", "i3", "i4", "i0", "i2"]);
    assert_eq!(play.model.screen, Screen::Summary);
}

#[test]
fn an_item_is_not_open_elsewhere_because_it_is_new_or_was_moved_from_here() {
    let mut play = Play::with_items(1);
    let new = Item { created_at: at(990), updated_at: at(990) + Duration::from_millis(40), ..item(5) };
    assert_eq!(play.model.standing(&new), Standing::Open);
    assert_eq!(play.model.standing(&moved(0, 10)), Standing::Elsewhere);
    assert_eq!(play.model.standing(&moved(0, -10)), Standing::Elsewhere, "clocks differ");
    let status = Write::Status { queue_id: "q".into(), item_id: "i0".into(), status: ItemStatus::Pending };
    play.tell(Msg::Written(written(1, "i0".into(), status, WriteState::Sent)));
    assert_eq!(play.model.standing(&moved(0, 10)), Standing::Open);
}

#[test]
fn an_item_completed_elsewhere_is_passed_over() {
    let mut play = Play::reviewing(4);
    play.tell(Msg::ItemSeen("i1".into(), Some(completed(1, 120))));
    assert_eq!(play.model.browse.items.list.get(1).map(|item| item.completed_at), Some(Some(at(880))));
    assert_eq!(wanted(&play), [] as [&str; 0], "the next three have been fetched already");
    assert_eq!(play.notice(), "", "another item than the one on screen");
    play.keys("Space");
    assert_eq!(play.current(), "i2");
    assert_eq!(play.model.browse.items.list.len(), Some(4), "it stays in its place");
}

#[test]
fn the_reviewer_hears_that_the_item_on_screen_is_done_and_stays_there() {
    let told = "someone else completed this item 2 min ago";
    for (decides, notice) in [(false, told.to_owned()), (true, format!("{told} · what you decided is kept"))]
    {
        let mut play = Play::reviewing(3);
        if decides {
            play.keys("4");
            play.save();
        }
        play.tell(Msg::ItemSeen("i0".into(), Some(completed(0, 120))));
        assert_eq!((play.notice(), play.current()), (notice.as_str(), "i0"));
        assert_eq!(play.model.current().unwrap().status(), ItemStatus::Completed);
        play.keys("Space");
        assert_eq!((play.notice(), play.current()), ("already completed", "i1"));
        assert!(play.model.review.done.is_empty());
    }
}

#[test]
fn a_removed_item_is_passed_over_and_cannot_be_completed() {
    let mut play = Play::reviewing(3);
    play.tell(Msg::ItemSeen("i1".into(), None));
    play.tell(Msg::ItemSeen("i0".into(), None));
    assert_eq!(play.notice(), "this item was removed from the queue");
    play.keys("Space");
    assert_eq!(play.notice(), "this item was removed from the queue: it cannot be completed");
    assert_eq!(play.current(), "i2");
    assert!(play.save().is_empty());
}

#[test]
fn an_answer_does_not_undo_what_is_on_its_way_from_here() {
    let mut play = Play::reviewing(2);
    let pending = || Msg::ItemSeen("i0".into(), Some(item(0)));
    let shown = |play: &Play| play.model.browse.items.list.get(0).unwrap().status;
    play.keys("Space");
    play.tell(pending());
    assert_eq!(shown(&play), ItemStatus::Completed, "on its way into the store");
    let mut completion = play.save().remove(0);
    play.tell(pending());
    assert_eq!(shown(&play), ItemStatus::Completed, "held");
    completion.state = WriteState::Sent;
    play.tell(Msg::Written(completion.clone()));
    completion.state = WriteState::Confirmed;
    play.tell(Msg::Written(completion));
    play.tell(pending());
    assert_eq!(shown(&play), ItemStatus::Completed, "asked before it reached the server");
}

#[test]
fn a_page_read_before_a_completion_arrived_does_not_bring_the_item_back() {
    let mut play = Play::reviewing(2);
    play.keys("q F5 Enter Space");
    let mut completion = play.save().remove(0);
    completion.state = WriteState::Sent;
    play.tell(Msg::Written(completion));
    play.answer_items((0..2).map(item).collect());
    assert_eq!(play.model.browse.items.list.get(0).unwrap().status, ItemStatus::Completed);
    // Asked afterwards, the server knows better: somebody has reopened it.
    play.keys("q F5");
    play.answer_items((0..2).map(item).collect());
    assert_eq!(play.model.browse.items.list.get(0).unwrap().status, ItemStatus::Pending);
}

#[test]
fn an_item_that_comes_up_is_asked_for_again_unless_that_was_just_done() {
    let asked = |play: &Play| play.effects.iter().any(|e| matches!(e, Effect::SeeItem(..)));
    let mut play = Play::reviewing(3);
    play.tell(Msg::ItemSeen("i1".into(), Some(item(1))));
    play.keys("J");
    assert!(!asked(&play), "fetched a moment ago");
    play.wait(Duration::from_secs(30));
    play.keys("J");
    assert_eq!(play.current(), "i2");
    assert!(asked(&play), "fetched ahead half a minute ago");
}

#[test]
fn the_end_of_a_queue_is_confirmed_by_the_server() {
    let mut play = Play::reviewing(2);
    play.keys("Space Space");
    play.save();
    assert_eq!(play.model.screen, Screen::Review, "still looking");
    play.answer_items((0..3).map(item).collect());
    assert_eq!(play.current(), "i2", "added meanwhile");
    play.arrive("i2", Vec::new());
    play.keys("Space");
    play.save();
    play.answer_items((0..3).map(item).collect());
    assert_eq!(play.model.screen, Screen::Summary);
}

#[test]
fn a_queue_that_cannot_be_looked_at_again_is_not_called_done() {
    let mut play = Play::reviewing(1);
    play.keys("Space");
    let Some(Effect::FetchItems(fetch)) =
        play.effects.iter().find(|e| matches!(e, Effect::FetchItems(_))).cloned()
    else {
        panic!("no last look")
    };
    let failure = Failure { message: "no answer".into(), hint: None, temporary: true };
    play.tell(Msg::Items { fetch, result: Err(failure) });
    assert_eq!(play.notice(), "the next items could not be loaded: no answer");
    assert_eq!(play.current(), "i0");
    play.effects.clear();
    play.keys("Space");
    play.answer_items(vec![item(0)]);
    assert_eq!(play.model.screen, Screen::Summary);
}

#[test]
fn a_page_read_before_somebody_completed_an_item_does_not_bring_it_back() {
    let mut play = Play::reviewing(2);
    play.keys("q F5");
    play.tell(Msg::ItemSeen("i1".into(), Some(completed(1, 5))));
    play.answer_items((0..2).map(item).collect());
    assert_eq!(play.model.browse.items.list.get(1).map(|item| item.status), Some(ItemStatus::Completed));
    let reopened = Item { completed_at: Some(at(995)), ..moved(1, 1) };
    play.keys("F5");
    play.answer_items(vec![item(0), reopened]);
    assert_eq!(play.model.browse.items.list.get(1).map(|item| item.status), Some(ItemStatus::Pending));
    assert_eq!(play.model.items[&ItemId::from("i1")].status(), ItemStatus::Pending);
}
