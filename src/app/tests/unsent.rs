//! The list of unsent writes, and what another program does to them.

use pretty_assertions::assert_eq;
use rstest::rstest;

use super::*;

/// A reviewer who gave two scores and a comment on the first item and a score on the second, all
/// saved: their numbers are 1 to 4.
fn with_writes() -> Play {
    let mut play = Play::reviewing(3);
    play.keys("4 1 c");
    play.text("see the policy");
    play.keys("Ctrl-s J 5");
    play.save();
    play.effects.clear();
    play
}

fn settle(play: &mut Play, seq: i64, state: WriteState, words: &str) {
    let written = play.model.open_writes[&seq].clone();
    let last_error = Some(words.to_owned()).filter(|words| !words.is_empty());
    play.tell(Msg::Written(Written { state, last_error, attempts: 1, ..written }));
}

fn order(play: &Play) -> Vec<i64> {
    unsent_writes(&play.model).iter().map(|written| written.seq).collect()
}

fn cursor(play: &Play) -> i64 {
    let Some(Modal::Unsent(list)) = play.model.modals.last() else { panic!("no list") };
    order(play)[list.at]
}

fn question(play: &Play) -> String {
    let Some(Modal::Confirm(question)) = play.model.modals.last() else { panic!("nothing is asked") };
    question.words(&play.model).text
}

#[test]
fn what_waits_for_the_reviewer_comes_first_and_the_cursor_stays_on_its_write() {
    let mut play = with_writes();
    play.keys("S j");
    assert_eq!((order(&play), cursor(&play)), (vec![1, 2, 3, 4], 2));
    settle(&mut play, 4, WriteState::Refused, "no");
    assert_eq!((order(&play), cursor(&play)), (vec![4, 1, 2, 3], 2));
    settle(&mut play, 1, WriteState::Confirmed, "");
    assert_eq!((order(&play), cursor(&play)), (vec![4, 2, 3], 2));
    settle(&mut play, 2, WriteState::Confirmed, "");
    assert_eq!(cursor(&play), 3, "the next one takes its place");
}

#[test]
fn one_write_is_sent_again_and_all_that_wait_with_one_key() {
    let mut play = with_writes();
    settle(&mut play, 2, WriteState::Refused, "no");
    settle(&mut play, 4, WriteState::Refused, "no");
    play.keys("S r");
    assert_eq!(play.effects.pop_back(), Some(Effect::Retry(vec![2])));
    assert_eq!(play.notice(), "sending grounded = yes on chat 1 again");
    play.keys("R");
    assert_eq!(play.effects.pop_back(), Some(Effect::Retry(vec![2, 4])));
    assert_eq!(play.notice(), "sending 2 decisions again");
}

#[test]
fn a_conflict_is_told_with_the_item_and_decided_for_the_whole_item() {
    let mut play = with_writes();
    for seq in [1, 2, 3] {
        settle(&mut play, seq, WriteState::Conflict, "someone else completed this item at 10:02");
    }
    assert_eq!(play.notice(), "chat 1: someone else completed it · yours is kept here · S decides");
    assert_eq!((play.model.refused(), play.model.unsent()), (3, 1));
    play.keys("S r");
    assert_eq!(play.effects.pop_back(), Some(Effect::Retry(vec![1, 2, 3])));
    play.keys("x");
    assert_eq!(
        question(&play),
        "Discard 3 decisions on chat 1? The server does not have them, and they will be gone."
    );
    play.keys("n");
    assert!(play.effects.iter().all(|effect| !matches!(effect, Effect::Discard(_))));
    play.keys("X y");
    assert_eq!(play.effects.pop_back(), Some(Effect::Discard(vec![1, 2, 3])));
    assert!(matches!(play.model.modals.last(), Some(Modal::Unsent(_))), "back in the list");
}

#[rstest]
#[case(WriteState::Held, 0, "Discard score = 4 on chat 1? The server does not have it, and it will be gone.")]
#[case(
    WriteState::Refused,
    1,
    "Discard score = 4 on chat 1? The server does not have it, and it will be gone."
)]
#[case(
    WriteState::Pending,
    1,
    "Discard score = 4 on chat 1? It was tried already and may have arrived: then it stays at the server."
)]
fn discarding_says_what_is_lost(#[case] state: WriteState, #[case] attempts: u32, #[case] words: &str) {
    let mut play = with_writes();
    let written = play.model.open_writes[&1].clone();
    play.tell(Msg::Written(Written { state, attempts, ..written }));
    play.keys("S x");
    assert_eq!(question(&play), words);
    play.keys("y");
    assert_eq!(play.effects.pop_back(), Some(Effect::Discard(vec![1])));
}

#[rstest]
#[case(WriteState::Sending, "it is being sent: too late to discard it")]
#[case(WriteState::Sent, "the server took it already: nothing to discard")]
fn what_is_on_its_way_is_not_discarded(#[case] state: WriteState, #[case] words: &str) {
    let mut play = with_writes();
    settle(&mut play, 1, state, "");
    play.keys("S x");
    assert_eq!(play.notice(), words);
    assert!(matches!(play.model.modals.last(), Some(Modal::Unsent(_))));
}

#[test]
fn editing_a_score_goes_to_its_item_and_row() {
    let mut play = with_writes();
    play.keys("S e");
    assert_eq!((play.current(), play.model.review.row), ("i0", 0));
    assert!(matches!(play.model.modals.last(), Some(Modal::Prompt(_))));
    play.keys("5 Enter");
    assert_eq!(play.value("score").as_deref(), Some("5"));
}

#[test]
fn editing_waits_for_an_item_that_is_not_here() {
    let mut play = with_writes();
    play.keys("q S j");
    play.model.items.clear();
    play.keys("e");
    assert_eq!(play.current(), "i0");
    assert!(play.model.modals.is_empty());
    play.arrive("i0", Vec::new());
    assert_eq!(play.model.review.row, 1);
    assert!(matches!(play.model.modals.last(), Some(Modal::Prompt(_))));
}

#[test]
fn whoever_goes_on_meanwhile_is_not_interrupted() {
    let mut play = with_writes();
    play.keys("q S j");
    play.model.items.clear();
    play.keys("e m");
    play.arrive("i0", Vec::new());
    assert!(play.model.modals.is_empty());
}

#[test]
fn a_refused_reason_is_edited_rather_than_its_value() {
    let mut play = with_writes();
    play.keys("K Ctrl-p Ctrl-p '");
    play.text("far too long");
    play.keys("Ctrl-s");
    play.save();
    let seq = *play.model.open_writes.keys().next_back().unwrap();
    settle(&mut play, seq, WriteState::Refused, "comment: 20000 of 500 characters");
    play.keys("S e");
    assert!(
        matches!(play.model.modals.last(), Some(Modal::Editor(form)) if form.editor.text() == "far too long")
    );
}

#[test]
fn an_unsent_comment_is_rewritten_in_place() {
    let mut play = with_writes();
    play.keys("S j j e");
    play.text(" and the price");
    play.keys("Ctrl-s");
    assert_eq!(play.effects.pop_back(), Some(Effect::Release("i0".into(), None)), "i0 was left already");
    let Some(Effect::Amend(_, 3, decision)) = play.effects.pop_back() else { panic!("{:?}", play.effects) };
    let Write::Comment(comment) = decision.write else { panic!() };
    assert_eq!(comment.content, "see the policy and the price");
}

#[test]
fn a_comment_that_may_have_arrived_is_not_rewritten() {
    let mut play = with_writes();
    settle(&mut play, 3, WriteState::Pending, "no answer");
    play.keys("S j j e");
    assert_eq!(play.notice(), "it was tried and may have arrived: write another comment instead");
    assert!(matches!(play.model.modals.last(), Some(Modal::Unsent(_))));
}

#[test]
fn a_comment_sent_while_it_is_edited_stays_as_it_is() {
    let mut play = with_writes();
    play.keys("S j j e");
    settle(&mut play, 3, WriteState::Sending, "");
    play.keys("Ctrl-s");
    let Some(Modal::Editor(form)) = play.model.modals.last() else { panic!("the text is lost") };
    assert_eq!(form.complaint.as_deref(), Some("it is on its way: too late to change it"));
}

#[test]
fn copying_takes_the_whole_text() {
    let mut play = with_writes();
    play.keys("S j j y");
    assert_eq!(play.effects.pop_back(), Some(Effect::Copy("see the policy".into())));
}

#[test]
fn details_tell_everything_and_close_back_into_the_list() {
    let mut play = with_writes();
    settle(&mut play, 2, WriteState::Refused, "one\ntwo");
    play.keys("S Enter");
    let laid_out = play.effects.iter().find_map(|effect| match effect {
        Effect::LayOut(DocKey { doc: Doc::Write(2, _), .. }, DocSource::Facts(facts)) => Some(facts.clone()),
        _ => None,
    });
    let facts = laid_out.unwrap();
    let fact = |name| facts.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    assert_eq!(fact("what"), Some("grounded = yes"));
    assert_eq!(fact("item"), Some("chat 1"));
    assert_eq!(fact("queue"), Some("Support"));
    assert_eq!(fact("tried"), Some("once"));
    assert_eq!(fact("state"), Some("refused: one\ntwo"));
    assert_eq!(fact("last said"), Some(""), "once is enough");
    play.keys("q");
    assert!(matches!(play.model.modals.last(), Some(Modal::Unsent(_))));
}

#[test]
fn what_another_program_has_sent_is_looked_up() {
    let mut play = with_writes();
    play.tell(Msg::Neighbour);
    assert_eq!(play.effects.pop_back(), Some(Effect::LookAgain(vec![1, 2, 3, 4])));
    settle(&mut play, 1, WriteState::Confirmed, "");
    let mut left: Vec<Written> = play.model.open_writes.values().cloned().collect();
    left[0].state = WriteState::Sending;
    play.tell(Msg::OpenWrites(left));
    assert_eq!(play.model.unsent(), 3);
    assert!(play.effects.contains(&Effect::LoadLocal("i0".into())), "the screen shows it, too");
    assert!(!play.effects.contains(&Effect::LoadLocal("i1".into())), "nothing has changed there");
}

#[rstest]
#[case(Why::Keys("no".into()), "saved here, sends when the keys are accepted")]
#[case(Why::RateLimit, "saved here, sends when the rate limit allows it")]
#[case(Why::Offline("cut".into()), "saved here, sends when the network is back")]
fn a_start_that_fails_is_told_as_what_it_waits_for(#[case] why: Why, #[case] words: &str) {
    let mut play = with_writes();
    settle(&mut play, 1, WriteState::Pending, "");
    let failure = Failure { message: "no".into(), hint: None, temporary: false };
    play.model.connection = Connection::Failed(failure);
    play.model.pause = Some(Pause { why, until: None });
    assert_eq!(stands(&play.model, &play.model.open_writes[&1]), words);
    assert_eq!(stands(&play.model, &play.model.open_writes[&2]), words);
}

#[test]
fn what_was_overtaken_is_told_in_the_reviewers_time() {
    let play = with_writes();
    let noted = |noted| overtaken(&play.model, noted);
    assert_eq!(noted(None), "kept here: someone else completed the item");
    assert_eq!(noted(Some("")), "kept here: someone else completed the item");
    assert_eq!(noted(Some("completed at noon")), "kept here: completed at noon");
    let told = noted(Some("completed at 2020-02-03T10:02:00Z"));
    assert_eq!(told, "kept here: completed at 3 Feb 2020 10:02 (10:02:00)");
}
