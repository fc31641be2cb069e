//! What is done to items from their list: complete, reopen, remove, add, flag; and flags in review.

use super::*;

fn writes(play: &mut Play) -> Vec<(String, Write)> {
    let saved = play.save();
    saved.into_iter().map(|written| (written.item_id.to_string(), written.write)).collect()
}

fn removal(n: i64) -> Write {
    let item = item(n);
    Write::RemoveItem { queue_id: item.queue_id, item_id: item.id, object: item.object }
}

#[test]
fn the_list_completes_and_reopens_with_the_usual_hold() {
    let mut play = Play::with_items(2);
    play.effects.clear();
    play.keys("l C C");
    assert_eq!(play.notice(), "already completed");
    play.keys("R");
    assert_eq!(play.notice(), "reopened");
    let statuses: Vec<Write> = writes(&mut play).into_iter().map(|(_, write)| write).collect();
    let status = |status| Write::Status { queue_id: "q".into(), item_id: "i0".into(), status };
    assert_eq!(statuses, [status(ItemStatus::Completed), status(ItemStatus::Pending)]);
    let held =
        play.effects.iter().filter(|e| matches!(e, Effect::Release(id, Some(_)) if id.as_str() == "i0"));
    assert_eq!(held.count(), 2);
}

#[test]
fn removing_asks_first_and_the_item_is_passed_over_from_then_on() {
    let mut play = Play::with_items(3);
    play.effects.clear();
    play.keys("l D n");
    assert_eq!(play.save(), []);
    play.keys("D x");
    assert_eq!(play.notice(), "x does nothing here: n says no");
    play.keys("y");
    assert!(play.model.modals.is_empty());
    assert_eq!(play.model.leaving().count(), 1, "from the moment it is asked for");
    assert_eq!(writes(&mut play), [("i0".to_owned(), removal(0))]);
    for keys in ["C", "R", "D", "!"] {
        play.keys(keys);
        assert_eq!(play.notice(), "this item is being removed from the queue", "{keys}");
    }
    play.keys("h Enter");
    assert_eq!(play.current(), "i1");
}

#[test]
fn a_removal_at_the_server_has_the_list_asked_for_again() {
    let mut play = Play::with_items(3);
    play.keys("l D y");
    let mut written = play.save().remove(0);
    play.effects.clear();
    written.state = WriteState::Confirmed;
    play.tell(Msg::Written(written));
    let asked = |wanted: fn(&Effect) -> bool| play.effects.iter().any(wanted);
    assert!(asked(|e| matches!(e, Effect::FetchItems(_))) && asked(|e| matches!(e, Effect::FetchCounts(_))));
}

#[test]
fn objects_are_added_by_kind_and_id() {
    let complaint = |play: &Play| match play.model.modals.last() {
        Some(Modal::Prompt(prompt)) => prompt.complaint.clone().unwrap_or_default(),
        _ => panic!("the prompt is gone"),
    };
    for (text, said) in [
        ("", "write an id; Esc leaves"),
        ("sesion:1", "`sesion:` is none of trace:, observation: and session:"),
        ("trace:", "`trace:` names no id"),
        ("trace:t1", "trace t1 is in this queue already"),
    ] {
        let mut play = Play::with_items(3);
        play.keys("l a");
        play.text(text);
        play.keys("Enter");
        assert_eq!(complaint(&play), said);
        assert_eq!(play.save(), []);
    }
    let mut play = Play::with_items(3);
    play.effects.clear();
    play.keys("l a");
    play.text(" t9 trace:t9 session:a:b observation:o ");
    play.keys("Enter");
    assert_eq!(play.notice(), "adding trace t9, session a:b, observation o");
    let add =
        |kind, id: &str| Write::AddItem { queue_id: "q".into(), object: Object { kind, id: id.into() } };
    let expected = [
        ("new:t9".to_owned(), add(ObjectKind::Trace, "t9")),
        ("new:a:b".to_owned(), add(ObjectKind::Session, "a:b")),
        ("new:o".to_owned(), add(ObjectKind::Observation, "o")),
    ];
    assert_eq!(writes(&mut play), expected);
    assert_eq!(play.effects.iter().filter(|e| matches!(e, Effect::Release(_, Some(_)))).count(), 3);
    play.keys("a");
    play.text("t9");
    play.keys("Enter");
    assert_eq!(complaint(&play), "trace t9 is in this queue already", "as good as");
}

#[test]
fn a_flag_is_given_changed_and_taken_away_with_one_key() {
    for place in ["l", "Enter"] {
        let mut play = Play::with_items(2);
        play.keys(place);
        play.arrive("i0", Vec::new());
        let flag =
            |reason: Option<&str>| Write::Flag { item_id: "i0".into(), reason: reason.map(Into::into) };
        for (text, reason, before, said) in [
            ("odd tone", Some("odd tone"), None, "flagged"),
            (" indeed", Some("odd tone indeed"), Some("odd tone"), "flag changed"),
        ] {
            play.keys("!");
            play.text(text);
            play.keys("Enter");
            assert_eq!(play.notice(), said);
            let saved = play.save().remove(0);
            assert_eq!(saved.write, flag(reason));
            assert_eq!(saved.made.before.as_deref(), before.map(|old| flag(Some(old))).as_ref());
        }
        play.keys("! Enter");
        assert_eq!(play.save(), [], "unchanged");
        play.keys("! Ctrl-u Enter");
        assert_eq!(play.notice(), "flag taken away");
        assert_eq!(play.save()[0].write, flag(None));
        assert!(play.model.flags.is_empty());
        play.keys("! Enter");
        assert_eq!(play.save()[0].write, flag(Some("")), "without a reason");
        play.keys("! Enter");
        assert_eq!(play.save()[0].write, flag(None));
    }
}

#[test]
fn nothing_is_shown_as_done_that_was_not_saved() {
    for (keys, said) in [
        ("C", "NOT SAVED: disk full · complete · nothing has changed: free some space and repeat it"),
        (
            "D y",
            "NOT SAVED: disk full · removed from the queue · nothing has changed: free some space and repeat it",
        ),
        ("! Enter", "NOT SAVED: disk full · flagged · nothing has changed: free some space and repeat it"),
    ] {
        let mut play = Play::with_items(2);
        play.keys("l");
        play.keys(keys);
        play.fail("disk full");
        assert_eq!(play.notice(), said);
        let model = &play.model;
        assert_eq!(model.browse.items.list.get(0).unwrap().status, ItemStatus::Pending);
        assert_eq!((model.leaving().count(), model.flags.len(), model.saving.len()), (0, 0, 0));
    }
}

#[test]
fn a_comment_that_was_not_saved_is_a_draft_again() {
    let mut play = Play::reviewing(1);
    play.keys("c");
    play.text("first thought");
    play.keys("Ctrl-s");
    let token = play.token();
    play.keys("c");
    play.text("second");
    play.tell(Msg::Recorded(token, Err("disk full".into())));
    let Some(Modal::Editor(form)) = play.model.modals.last() else { panic!("no editor") };
    assert_eq!(form.editor.text(), "first thought\n\nsecond", "into the editor that is open");
    play.keys("Ctrl-s");
    play.fail("disk full");
    assert!(play.notice().ends_with("the text is a draft again"), "{}", play.notice());
    play.keys("c");
    let Some(Modal::Editor(form)) = play.model.modals.last() else { panic!("no editor") };
    assert_eq!(form.editor.text(), "first thought\n\nsecond");
}
