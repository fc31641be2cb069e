//! Quitting with unsent writes, and what the program wakes up for.

use pretty_assertions::assert_eq;
use rstest::rstest;

use super::*;

/// Pauses sending, going on `seconds` after the start.
fn pause(play: &mut Play, why: Why, seconds: Option<i64>) {
    play.tell(Msg::Paused(Pause { why, until: seconds.map(|seconds| at(1000 + seconds)) }));
}

fn offline() -> Why {
    Why::Offline("cannot reach langfuse.example".into())
}

/// A reviewer with one score that is saved and held.
fn with_score() -> Play {
    let mut play = Play::reviewing(2);
    play.keys("4");
    play.save();
    play.effects.clear();
    play
}

fn send_all(play: &mut Play) {
    let open: Vec<Written> = play.model.open_writes.values().cloned().collect();
    for written in open {
        play.tell(Msg::Written(Written { state: WriteState::Sent, ..written }));
    }
}

fn ends(play: &Play) -> bool {
    play.effects.contains(&Effect::Quit)
}

#[test]
fn with_nothing_left_quitting_ends_at_once() {
    let mut play = Play::reviewing(1);
    play.keys("Ctrl-c");
    assert!(ends(&play));
}

#[test]
fn what_can_be_sent_is_sent_first() {
    let mut play = with_score();
    play.keys("Ctrl-c");
    assert!(play.effects.contains(&Effect::ReleaseAll) && !ends(&play));
    assert_eq!(play.notice(), "sending what is left · Ctrl-c quits at once");
    send_all(&mut play);
    assert!(ends(&play) && play.model.modals.is_empty());
}

#[test]
fn a_decision_still_being_saved_is_waited_for() {
    let mut play = Play::reviewing(1);
    play.keys("4 Ctrl-c");
    assert!(!ends(&play));
    play.save();
    assert!(!ends(&play), "saved, but not sent");
    send_all(&mut play);
    assert!(ends(&play));
}

#[test]
fn a_second_time_quits_whatever_is_left() {
    for keys in ["Ctrl-c Ctrl-c", "Ctrl-c w Ctrl-c", "Ctrl-c q", "Ctrl-c w q"] {
        let mut play = with_score();
        if keys != "Ctrl-c Ctrl-c" {
            pause(&mut play, offline(), None);
        }
        play.keys(keys);
        assert!(ends(&play), "{keys}");
        assert!(play.effects.contains(&Effect::ReleaseAll), "{keys}: the next start sends it");
    }
}

#[test]
fn what_takes_too_long_is_asked_about() {
    let mut play = with_score();
    play.keys("Ctrl-c");
    let deadline = play.model.quitting.until().unwrap();
    assert!(play.model.deadline().is_some_and(|wake| wake <= deadline));
    play.pass(Duration::from_secs(5));
    assert!(matches!(play.model.modals.last(), Some(Modal::Leaving)));
    assert!(!ends(&play));
}

#[rstest]
#[case(offline(), "(offline)")]
#[case(Why::RateLimit, "(rate limit)")]
#[case(Why::Keys("no".into()), "(the keys are not accepted)")]
fn what_cannot_be_sent_now_is_asked_about_at_once(#[case] why: Why, #[case] words: &str) {
    let mut play = with_score();
    pause(&mut play, why, None);
    play.keys("Ctrl-c");
    assert_eq!(
        before_leaving(&play.model),
        format!(
            "1 decision is saved here and not sent yet {words}. \
             It goes with the next start or with `tracemark sync`."
        )
    );
    assert!(!play.effects.contains(&Effect::ReleaseAll), "who goes back can still undo");
    play.keys("Esc");
    assert_eq!((play.model.quitting, play.model.modals.len()), (Leaving::No, 0));
}

#[test]
fn a_pause_during_the_last_call_is_asked_about_too() {
    let mut play = with_score();
    play.keys("Ctrl-c");
    pause(&mut play, offline(), Some(30));
    assert!(matches!(play.model.modals.last(), Some(Modal::Leaving)));
}

#[test]
fn waiting_counts_down_and_ends_with_the_last_one() {
    let mut play = with_score();
    pause(&mut play, offline(), Some(30));
    play.keys("q q Ctrl-c w");
    assert!(play.effects.contains(&Effect::ReleaseAll));
    assert_eq!(
        before_leaving(&play.model),
        "1 decision is saved here and not sent yet (offline). \
         Waiting: tracemark ends once the server has everything. Goes on in 30 s."
    );
    play.tell(Msg::Resumed);
    send_all(&mut play);
    assert!(ends(&play));
}

#[test]
fn a_question_over_an_editor_leaves_the_text_when_the_reviewer_stays() {
    let mut play = with_score();
    pause(&mut play, offline(), None);
    play.keys("c");
    play.text("unfinished");
    play.keys("Ctrl-c Esc");
    assert!(
        matches!(play.model.modals.last(), Some(Modal::Editor(form)) if form.editor.text() == "unfinished")
    );
}

/// The seconds shown each time the model wakes up by itself, until it does not any more.
fn countdown(play: &mut Play) -> Vec<Option<u64>> {
    let mut shown = Vec::new();
    while let Some(wake) = play.model.deadline() {
        shown.push(play.model.countdown());
        assert!(shown.len() < 100, "it never comes to rest");
        play.pass(wake.saturating_sub(play.model.now.mono));
    }
    shown
}

#[test]
fn an_idle_program_does_not_wake_up() {
    let mut play = Play::reviewing(1);
    assert_eq!(play.model.deadline(), None);
    pause(&mut play, offline(), None);
    assert_eq!(play.model.deadline(), None, "nobody knows when it goes on");
    pause(&mut play, offline(), Some(30));
    assert_eq!(countdown(&mut play), [None], "nobody counts along: it wakes up once");
}

#[test]
fn seconds_are_counted_while_somebody_waits_for_them() {
    let three = [Some(3), Some(2), Some(1)];
    let mut limited = Play::reviewing(1);
    limited.tell(Msg::Limited(Some(at(1003))));
    assert_eq!(countdown(&mut limited), three);
    assert_eq!(limited.model.limited, None);

    let mut listed = with_score();
    listed.model.notice = None;
    listed.keys("S");
    pause(&mut listed, offline(), Some(3));
    assert_eq!(countdown(&mut listed), three);

    let mut half = Play::reviewing(1);
    let until = at(1001) + Duration::from_millis(500);
    half.tell(Msg::Limited(Some(until)));
    assert_eq!(countdown(&mut half), [Some(2), Some(1)], "the first second is a short one");
}

#[test]
fn asking_again_wakes_a_sender_that_has_paused() {
    let mut play = Play::with_items(1);
    play.keys("F5");
    assert!(!play.effects.contains(&Effect::Wake));
    pause(&mut play, Why::Keys("no".into()), None);
    play.keys("F5");
    assert!(play.effects.contains(&Effect::Wake));
}
