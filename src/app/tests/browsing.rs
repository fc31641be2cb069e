//! Queues and items: moving, filters, counts, failures.

use super::*;

#[test]
fn failing_to_connect_is_shown_where_the_queues_would_be() {
    let mut play = Play::new();
    let failure = Failure { message: "cannot reach it".into(), hint: None, temporary: true };
    play.tell(Msg::ConnectFailed(failure.clone()));
    assert_eq!(play.model.browse.queues, Load::Failed(failure));
    play.connect();
    assert_eq!(play.model.browse.queues.ready().map(Vec::len), Some(1));
}

#[test]
fn a_huge_queue_costs_its_window() {
    let mut play = Play::new();
    play.connect();
    let Some(Effect::FetchItems(first)) =
        play.effects.iter().find(|e| matches!(e, Effect::FetchItems(_))).cloned()
    else {
        panic!("no items asked for")
    };
    play.effects.clear();
    let newest: Vec<Item> = (99_900..100_000).rev().map(item).collect();
    play.tell(Msg::Items { fetch: first, result: Ok((newest, 100_000)) });
    let asked: Vec<usize> = play
        .effects
        .iter()
        .filter_map(|e| if let Effect::FetchItems(fetch) = e { Some(fetch.page) } else { None })
        .collect();
    assert_eq!(asked, [1000], "the page with the oldest items");
}

#[test]
fn counts_move_several_rows() {
    let mut play = Play::with_items(50);
    play.keys("l 1 2 j");
    assert_eq!(play.model.browse.items.cursor, 12);
    play.keys("G");
    assert_eq!(play.model.browse.items.cursor, 49);
    play.keys("g");
    assert_eq!(play.model.browse.items.cursor, 0);
}

#[test]
fn the_filter_starts_the_list_afresh() {
    let mut play = Play::with_items(5);
    play.effects.clear();
    play.keys("l f");
    let Some(Effect::FetchItems(fetch)) = play.effects.iter().find(|e| matches!(e, Effect::FetchItems(_)))
    else {
        panic!("nothing asked for")
    };
    assert_eq!(fetch.status, Some(ItemStatus::Completed));
    assert_eq!(play.model.browse.items.list.len(), None);
}

#[test]
fn late_pages_of_another_list_are_dropped() {
    let mut play = Play::new();
    play.connect();
    let Some(Effect::FetchItems(old)) =
        play.effects.iter().find(|e| matches!(e, Effect::FetchItems(_))).cloned()
    else {
        panic!("nothing asked for")
    };
    play.keys("l f");
    play.tell(Msg::Items { fetch: old, result: Ok((vec![item(0)], 1)) });
    assert_eq!(play.model.browse.items.list.len(), None);
}

#[test]
fn the_queue_named_on_the_command_line_opens_by_itself() {
    let mut play = Play::new();
    play.model.start.queue = Some("Support".into());
    play.connect();
    play.answer_items(vec![item(0)]);
    assert_eq!(play.current(), "i0");
    let mut play = Play::new();
    play.model.start.queue = Some("Nope".into());
    play.connect();
    assert_eq!(play.notice(), "there is no queue `Nope` in this project");
}

#[test]
fn the_item_named_on_the_command_line_opens_and_the_list_goes_on_from_its_start() {
    let mut play = Play::new();
    play.model.start.queue = Some("q".into());
    play.model.start.item = Some("i7".into());
    play.connect();
    play.answer_items((0..3).map(item).collect());
    assert!(play.effects.contains(&Effect::FetchItem("q".into(), "i7".into())));
    play.tell(Msg::Item(Ok(item(7))));
    play.arrive("i7", Vec::new());
    assert_eq!(play.current(), "i7");
    play.keys("Space");
    assert_eq!(play.current(), "i0");
}

#[test]
fn unbound_keys_say_so() {
    let mut play = Play::with_items(1);
    play.keys("x");
    assert_eq!(play.notice(), "x does nothing here: press ? for the keys");
}
