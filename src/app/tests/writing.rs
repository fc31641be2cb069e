//! Comments and drafts.

use super::*;

fn comment(play: &mut Play) -> CommentWrite {
    let write = play.save().into_iter().map(|written| written.write).find(|w| matches!(w, Write::Comment(_)));
    let Some(Write::Comment(comment)) = write else { panic!("no comment") };
    comment
}

#[test]
fn a_comment_is_about_the_item_unless_the_reviewer_went_to_an_observation() {
    let mut play = Play::reviewing(1);
    play.keys("c");
    play.text("Check the refund rule.");
    play.keys("Ctrl-s");
    let first = comment(&mut play);
    assert_eq!(first.object, Object { kind: ObjectKind::Trace, id: "t0".into() });
    assert_eq!(first.content, "Check the refund rule.");
    play.keys("] c");
    play.text("Wrong tool.");
    play.keys("Ctrl-s");
    assert_eq!(comment(&mut play).object, Object { kind: ObjectKind::Observation, id: "llm".into() });
    play.keys("c Tab");
    play.text("About the whole.");
    play.keys("Ctrl-s");
    assert_eq!(comment(&mut play).object.kind, ObjectKind::Trace);
}

#[test]
fn leaving_the_editor_keeps_the_draft_and_saving_forgets_it() {
    let mut play = Play::reviewing(1);
    play.keys("c");
    play.text("half a thought");
    play.keys("Esc");
    assert!(play.effects.contains(&Effect::SaveDraft(
        "i0".into(),
        "comment".into(),
        "half a thought".into()
    )));
    play.keys("c");
    let Some(Modal::Editor(form)) = play.model.modals.last() else { panic!("no editor") };
    assert_eq!(form.editor.text(), "half a thought");
    play.keys("Ctrl-s");
    assert!(play.effects.contains(&Effect::SaveDraft("i0".into(), "comment".into(), String::new())));
    assert_eq!(comment(&mut play).content, "half a thought");
}

#[test]
fn empty_and_overlong_comments_are_not_saved() {
    let mut play = Play::reviewing(1);
    play.keys("c Ctrl-s");
    let complaint = |play: &Play| match play.model.modals.last() {
        Some(Modal::Editor(form)) => form.complaint.clone().unwrap_or_default(),
        _ => panic!("the editor is gone"),
    };
    assert!(complaint(&play).starts_with("an empty comment"), "{}", complaint(&play));
    play.text(&"x".repeat(5001));
    play.keys("Ctrl-s");
    assert_eq!(complaint(&play), "too long: 5001 of 5000 characters");
    play.keys("Backspace Ctrl-s");
    assert!(play.model.modals.is_empty());
}

#[test]
fn a_big_paste_arrives_whole_and_without_control_characters() {
    let mut play = Play::reviewing(1);
    play.keys("c");
    play.text(&format!("a\u{1b}[31m{}\r\nend", "b".repeat(100_000)));
    let Some(Modal::Editor(form)) = play.model.modals.last() else { panic!("no editor") };
    assert_eq!(form.editor.text(), format!("a[31m{}\nend", "b".repeat(100_000)));
}

#[test]
fn an_unsent_comment_stands_among_the_others_until_the_server_shows_it() {
    let mut play = Play::reviewing(1);
    play.keys("c");
    play.text("mine");
    play.keys("Ctrl-s");
    let mut written = play.save().remove(0);
    let own = |play: &Play| play.model.current().unwrap().own_comments().count();
    written.state = WriteState::Confirmed;
    play.tell(Msg::Written(written));
    assert_eq!(own(&play), 1);
    let object = Object { kind: ObjectKind::Trace, id: "t0".into() };
    let fetched = Comment {
        id: "c".into(),
        object: object.clone(),
        content: "mine".into(),
        author: None,
        created_at: at(9),
    };
    play.tell(Msg::Comments("i0".into(), object, Ok(vec![fetched])));
    assert_eq!(own(&play), 0);
}

#[test]
fn quitting_from_an_editor_keeps_its_text() {
    let mut play = Play::reviewing(1);
    play.keys("c");
    play.text("unfinished");
    play.keys("Ctrl-c");
    assert!(play.effects.contains(&Effect::SaveDraft("i0".into(), "comment".into(), "unfinished".into())));
}

#[test]
fn pasting_where_no_text_goes_says_so() {
    let mut play = Play::reviewing(1);
    play.text("stray");
    assert_eq!(play.notice(), "nothing here takes text: press c to comment, = for a value");
}

#[test]
fn an_editor_left_as_it_was_opened_leaves_no_draft() {
    for leave in ["Esc", "Ctrl-c"] {
        let mut play = Play::reviewing(1);
        play.keys("4 Ctrl-p '");
        play.text("covers both");
        play.keys("Ctrl-s '");
        play.effects.clear();
        play.keys(leave);
        let drafts = play.effects.iter().filter(|effect| matches!(effect, Effect::SaveDraft(..)));
        assert_eq!(drafts.count(), 0, "after {leave}");
    }
}

#[test]
fn the_text_is_kept_before_another_program_edits_it() {
    let mut play = Play::reviewing(1);
    play.keys("c");
    play.text("half a thought");
    play.keys("Ctrl-e");
    let saved = Effect::SaveDraft("i0".into(), "comment".into(), "half a thought".into());
    let position = |wanted: &Effect| play.effects.iter().position(|effect| effect == wanted);
    let edit = position(&Effect::EditExternally("half a thought".into()));
    assert!(position(&saved).is_some() && position(&saved) < edit, "{:?}", play.effects);
}

/// The texts that were saved as drafts.
fn drafts(play: &Play) -> Vec<&str> {
    let mut drafts = Vec::new();
    for effect in &play.effects {
        if let Effect::SaveDraft(_, _, text) = effect {
            drafts.push(text.as_str());
        }
    }
    drafts
}

#[test]
fn a_draft_is_kept_a_second_after_the_last_key_and_once() {
    let mut play = Play::reviewing(1);
    play.keys("c");
    assert_eq!(play.model.deadline(), None, "nothing is written yet");
    play.text("half");
    play.wait(Duration::from_millis(900));
    play.keys("x");
    assert_eq!(play.model.deadline(), Some(play.model.now.mono + Duration::from_secs(1)));
    play.pass(Duration::from_millis(900));
    assert_eq!(drafts(&play), [""; 0]);
    play.pass(Duration::from_millis(100));
    assert_eq!(drafts(&play), ["halfx"]);
    assert_eq!(play.model.deadline(), None, "and the program rests");
    play.keys("Left Right");
    assert_eq!(play.model.deadline(), None, "the text is the same");
    play.keys("y Backspace");
    play.pass(Duration::from_secs(1));
    assert_eq!((drafts(&play), play.model.deadline()), (vec!["halfx"], None), "again");
    play.keys("Esc");
    assert_eq!(drafts(&play), ["halfx"], "closing adds nothing");
}

#[test]
fn whoever_never_pauses_has_a_draft_every_ten_seconds() {
    let mut play = Play::reviewing(1);
    play.keys("c");
    for _ in 0..50 {
        play.keys("x");
        play.wait(Duration::from_millis(500));
    }
    play.pass(Duration::from_secs(1));
    let lengths: Vec<usize> = drafts(&play).into_iter().map(str::len).collect();
    assert_eq!(lengths, [21, 42, 50]);
}

#[test]
fn a_text_that_is_deleted_or_saved_takes_its_draft_along() {
    for end in ["Backspace", "Ctrl-s"] {
        let mut play = Play::reviewing(1);
        play.keys("c x");
        play.pass(Duration::from_secs(1));
        play.keys(end);
        play.model.notice = None;
        play.pass(Duration::from_secs(1));
        assert_eq!((drafts(&play), play.model.deadline()), (vec!["x", ""], None), "{end}");
    }
}

#[test]
fn what_is_kept_waits_while_a_question_lies_over_the_editor() {
    let mut play = Play::reviewing(1);
    play.keys("4");
    play.save();
    play.tell(Msg::Paused(Pause { why: Why::Offline("no way".into()), until: None }));
    play.keys("c x Ctrl-c");
    assert!(matches!(play.model.modals.last(), Some(Modal::Leaving)));
    assert_eq!((drafts(&play), play.model.deadline()), (vec!["x"], None));
}
