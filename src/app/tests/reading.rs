//! Tree, scrolling, views, search.

use super::*;
use crate::domain::rows::{Row, Rows, Tone, View};

fn laid_out(play: &mut Play, lines: &[&str]) {
    let key = content_key(&play.model).unwrap();
    let rows = lines.iter().map(|line| Row::new(*line, Tone::Plain)).collect();
    play.tell(Msg::LaidOut(key.clone(), Arc::new(Rows { width: key.width, rows })));
}

#[test]
fn content_is_asked_for_once_per_width_and_view() {
    let mut play = Play::with_items(1);
    play.keys("Enter");
    play.arrive("i0", Vec::new());
    let asked = |play: &Play| {
        let content =
            |e: &&Effect| matches!(e, Effect::LayOut(key, _) if matches!(key.doc, Doc::Observation(..)));
        play.effects.iter().filter(content).count()
    };
    assert_eq!(asked(&play), 1);
    play.keys("j k");
    assert_eq!(asked(&play), 1);
    play.keys("m");
    assert_eq!((asked(&play), play.model.review.view), (2, View::Json));
    play.tell(Msg::Resize(200, 60));
    assert_eq!(asked(&play), 3);
}

#[test]
fn scrolling_stops_at_the_last_full_window() {
    let mut play = Play::reviewing(1);
    laid_out(&mut play, &["line"; 100]);
    play.keys("G");
    let height = usize::from(geometry::inner(play.model.review_areas().content.unwrap()).height);
    assert_eq!(play.model.review.scroll, 100 - height);
    play.keys("j g");
    assert_eq!(play.model.review.scroll, 0);
}

#[test]
fn brackets_walk_the_observations_and_folding_hides_children() {
    let mut play = Play::reviewing(1);
    play.keys("] ]");
    assert_eq!(play.model.review.tree_row, 2);
    play.keys("]");
    assert_eq!(play.notice(), "this is the last observation");
    play.keys("[ h");
    assert_eq!(visible_tree(&play.model), [0, 1]);
    play.keys("l");
    assert_eq!(visible_tree(&play.model), [0, 1, 2]);
}

#[test]
fn comments_of_an_observation_are_fetched_when_it_is_first_shown() {
    let mut play = Play::reviewing(1);
    play.keys("] [ ]");
    let asked = play.effects.iter().filter(|e| matches!(e, Effect::FetchComments(..))).count();
    assert_eq!(asked, 1);
}

#[test]
fn find_jumps_counts_and_goes_round() {
    let mut play = Play::reviewing(1);
    let mut lines = vec!["nothing"; 100];
    lines[40] = "the Refund rule";
    lines[80] = "another refund";
    laid_out(&mut play, &lines);
    play.keys("/ r e f u n d Enter");
    assert_eq!(play.model.review.find.as_ref().unwrap().rows, [40, 80]);
    assert!(play.model.review.scroll > 0 && play.model.review.scroll <= 40);
    play.keys("n n");
    assert_eq!(play.model.review.find.as_ref().unwrap().at, 0);
    play.keys("/ R e f Enter");
    assert_eq!(play.model.review.find.as_ref().unwrap().rows, [40], "a capital makes it exact");
    play.keys("Esc n");
    assert_eq!(play.notice(), "nothing to find yet: press /");
}

#[test]
fn panes_go_round_and_zoom_takes_the_screen() {
    use crate::app::geometry::Pane;
    let mut play = Play::reviewing(1);
    play.keys("Tab Tab");
    assert_eq!(play.model.review.pane, Pane::Tree);
    play.keys("j z");
    assert_eq!(play.model.review.tree_row, 1);
    assert!(play.model.review_areas().content.is_none());
    play.keys("Esc");
    assert!(play.model.review_areas().content.is_some());
}

#[test]
fn the_tree_shows_its_current_row_whatever_happens_to_the_pane() {
    let mut play = Play::with_items(1);
    play.keys("Enter");
    let mut observations = vec![observation("t0", "o000", None)];
    observations.extend((1..200).map(|n| observation("t0", &format!("o{n:03}"), Some("o000"))));
    let object = Object { kind: ObjectKind::Trace, id: "t0".into() };
    play.arrive("i0", Vec::new());
    play.tell(Msg::Subject("i0".into(), Ok(Subject::new(&object, observations).map(Arc::new))));
    play.keys("Shift-Tab G");
    assert_eq!(play.model.review.tree_row, 199);
    for step in ["z", "z", "t", "t", "Tab"] {
        play.keys(step);
        let Some(pane) = play.model.review_areas().tree else { continue };
        let top = play.model.review.tree_top;
        let shown = top..top + usize::from(geometry::inner(pane).height);
        assert!(shown.contains(&199), "after {step}: {shown:?}");
    }
}

#[test]
fn hiding_the_tree_takes_the_focus_out_of_it() {
    let mut play = Play::reviewing(1);
    play.keys("Shift-Tab t");
    assert_eq!(play.model.review.pane, geometry::Pane::Content);
    play.keys("t Shift-Tab z t");
    assert!(!play.model.review.zoomed && play.model.review_areas().tree.is_some());
}

#[test]
fn all_scores_and_comments_can_be_read_in_full() {
    let mut play = Play::reviewing(1);
    play.keys("Tab j j j j");
    assert!(play.notice().starts_with("this is the last row: Enter shows all"), "{}", play.notice());
    play.effects.clear();
    play.keys("4 Enter");
    let sources: Vec<&DocSource> = play
        .effects
        .iter()
        .filter_map(|e| match e {
            Effect::LayOut(key, source) if matches!(key.doc, Doc::Given(_)) => Some(source),
            _ => None,
        })
        .collect();
    let [DocSource::Remarks(given)] = sources[..] else { panic!("{sources:?}") };
    assert_eq!(given[0].0, "No scores and no comments yet.");
    play.keys("Esc");
    assert!(play.model.modals.is_empty());
}
