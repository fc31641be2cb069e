//! Queues and items: moving, filters, counts, failures.

use super::*;

#[test]
fn a_rubric_that_did_not_come_is_asked_for_again() {
    let lost = || Err(Failure { message: "gone".into(), hint: None, temporary: true });
    let asked = |play: &Play| play.effects.iter().filter(|e| **e == Effect::FetchConfigs).count();
    let mut play = Play::reviewing(2);
    play.model.configs = None;
    for again in 1..4 {
        play.tell(Msg::Configs(lost()));
        match again {
            1 => play.keys("F5"),
            2 => play.arrive("i0", Vec::new()),
            _ => play.keys("q F5"),
        }
        assert_eq!(asked(&play), again);
    }
    play.keys("F5");
    assert_eq!(asked(&play), 3, "it is under way");
}

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
    assert_eq!(play.notice(), "x does nothing here: ? shows the keys");
    play.keys("? x");
    assert_eq!(play.notice(), "x does nothing here: Esc closes this");
}

/// Positions of the pages asked for, newest last.
fn asked_pages(play: &Play) -> Vec<usize> {
    let page = |e: &Effect| if let Effect::FetchItems(fetch) = e { Some(fetch.page) } else { None };
    play.effects.iter().filter_map(page).collect()
}

fn labels_asked(play: &Play) -> usize {
    let many = |e: &Effect| if let Effect::FetchLabels(objects) = e { objects.len() } else { 0 };
    play.effects.iter().map(many).sum()
}

#[test]
fn the_end_of_a_huge_queue_costs_one_page() {
    let mut play = Play::new();
    play.connect();
    let Some(Effect::FetchItems(first)) =
        play.effects.iter().find(|e| matches!(e, Effect::FetchItems(_))).cloned()
    else {
        panic!("no items asked for")
    };
    let page = |from: i64| (from..from + 100).rev().map(item).collect::<Vec<Item>>();
    play.tell(Msg::Items { fetch: first.clone(), result: Ok((page(99_900), 100_000)) });
    play.tell(Msg::Items { fetch: FetchPage { page: 1000, ..first }, result: Ok((page(0), 100_000)) });
    play.effects.clear();
    play.keys("l G");
    assert_eq!(play.model.browse.items.cursor, 99_999);
    assert!(asked_pages(&play).is_empty(), "the page with the newest items came first");
    play.keys("5 0 0 5 0 k");
    assert_eq!(asked_pages(&play), [501]);
}

#[test]
fn every_item_in_view_is_named_on_narrow_screens_too() {
    let mut play = Play::new();
    play.tell(Msg::Resize(80, 24));
    play.connect();
    play.answer_items((0..50).map(item).collect());
    play.keys("l");
    assert_eq!(labels_asked(&play), item_rows(&play.model));
    play.tell(Msg::Resize(80, 40));
    assert_eq!(labels_asked(&play), item_rows(&play.model));
}

#[test]
fn the_item_reviewed_last_is_in_view_on_the_way_back() {
    let mut play = Play::with_items(200);
    play.keys("Enter");
    for n in 0..120 {
        play.arrive(&format!("i{n}"), Vec::new());
        play.keys("J");
    }
    play.keys("q");
    let items = &play.model.browse.items;
    assert_eq!(items.cursor, 120);
    assert!((items.top..items.top + item_rows(&play.model)).contains(&120), "top {}", items.top);
    play.tell(Msg::Resize(120, 16));
    let items = &play.model.browse.items;
    assert!((items.top..items.top + item_rows(&play.model)).contains(&120), "top {}", items.top);
}

#[test]
fn a_page_that_does_not_come_holds_nothing_up() {
    let mut play = Play::new();
    play.connect();
    play.keys("Enter");
    let fails = |play: &mut Play| {
        let at = play.effects.iter().rposition(|e| matches!(e, Effect::FetchItems(_))).unwrap();
        let Some(Effect::FetchItems(fetch)) = play.effects.remove(at) else { return };
        let failure = Failure { message: "no answer".into(), hint: None, temporary: true };
        play.tell(Msg::Items { fetch, result: Err(failure) });
    };
    fails(&mut play);
    assert_eq!(play.notice(), "the next items could not be loaded: no answer");
    play.effects.clear();
    play.keys("F5");
    assert_eq!(asked_pages(&play), [1], "the key that tries again is not kept waiting");
    fails(&mut play);
    play.effects.clear();
    play.keys("Enter");
    assert_eq!(asked_pages(&play), [1], "and starting asks again as well");
}

#[test]
fn keys_that_lead_nowhere_say_so() {
    let mut play = Play::with_items(3);
    for (keys, said) in [
        ("h", "the queues are the first list"),
        ("Esc Esc", "q quits"),
        ("l l", "the items are the last list"),
        ("Esc Esc", "q goes back to the queues"),
    ] {
        play.keys(keys);
        assert_eq!(play.notice(), said, "{keys}");
    }
}

#[test]
fn asking_again_keeps_the_list_until_the_answer_has_come() {
    let mut play = Play::with_items(5);
    play.effects.clear();
    play.keys("l F5");
    let refresh = |play: &mut Play| {
        let at = play.effects.iter().position(|e| matches!(e, Effect::FetchItems(_))).unwrap();
        let Some(Effect::FetchItems(fetch)) = play.effects.remove(at) else { panic!("nothing asked for") };
        fetch
    };
    let fetch = refresh(&mut play);
    let failure = Failure { message: "no answer".into(), hint: None, temporary: true };
    play.tell(Msg::Items { fetch, result: Err(failure) });
    assert_eq!(play.model.browse.items.list.len(), Some(5));
    assert_eq!(play.notice(), "the list could not be loaded: no answer");
    play.keys("F5");
    let fetch = refresh(&mut play);
    play.tell(Msg::Items { fetch, result: Ok((vec![item(7)], 1)) });
    assert_eq!(play.model.browse.items.list.len(), Some(1), "what is gone at the server is gone here");
}
