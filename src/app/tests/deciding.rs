//! Digits, typed values, reasons, clearing; and what becomes of them.

use super::*;

#[test]
fn a_digit_answers_the_current_row_and_goes_on_to_the_next_open_one() {
    let mut play = Play::reviewing(2);
    play.keys("4 1 2");
    assert_eq!(play.value("score").as_deref(), Some("4"));
    assert_eq!(play.value("grounded").as_deref(), Some("yes"));
    assert_eq!(play.value("tone").as_deref(), Some("warm"));
    assert_eq!(play.model.review.row, 3);
    assert_eq!(play.model.answered(), (3, 4));
}

#[test]
fn a_score_names_its_row_queue_target_annotator_and_environment() {
    let mut play = Play::reviewing(1);
    play.keys("4");
    let Write::Score(score) = &play.save()[0].write else { panic!("no score") };
    assert_eq!(score.target, Target::Trace("t0".into()));
    assert_eq!(score.config_id, Some("score".into()));
    assert_eq!(score.queue_id, Some("q".into()));
    assert_eq!(score.source, Source::Annotation);
    assert_eq!(score.annotator, "ada");
    assert_eq!(score.environment.as_deref(), Some("production"));
    assert_eq!(score.value, Value::Number(4.0));
}

#[test]
fn changing_a_score_keeps_its_id_and_first_timestamp() {
    let mut play = Play::reviewing(1);
    play.keys("4");
    let first = play.save().remove(0);
    play.keys("Ctrl-p 2");
    let second = play.save().remove(0);
    let (Write::Score(first), Write::Score(second)) = (&first.write, &second.write) else {
        panic!("no scores")
    };
    assert_eq!((&first.id, first.timestamp), (&second.id, second.timestamp));
    assert_eq!(play.model.unsent(), 1, "the held one was replaced");
}

#[test]
fn the_row_does_not_change_under_the_fingers_when_more_arrives() {
    let again = |play: &mut Play, what: usize| match what {
        0 => play.tell(Msg::Scores("i0".into(), Ok(Vec::new()))),
        1 => play.tell(Msg::Local("i0".into(), LocalState::default())),
        _ => play.arrive("i0", Vec::new()),
    };
    for what in 0..3 {
        let mut play = Play::with_items(2);
        play.keys("Enter");
        play.tell(Msg::Local("i0".into(), LocalState::default()));
        play.tell(Msg::Scores("i0".into(), Ok(Vec::new())));
        play.keys("Ctrl-n");
        again(&mut play, what);
        play.keys("1");
        assert_eq!(play.value("grounded").as_deref(), Some("yes"), "{what}");
        assert_eq!(play.value("score"), None, "{what}");
    }
}

#[test]
fn digits_that_mean_nothing_say_why() {
    let cases =
        [("9", "score takes 1 to 5"), ("1 3", "grounded has 2 choices"), ("1 1 9", "tone has 3 choices")];
    for (keys, said) in cases {
        let mut play = Play::reviewing(1);
        play.keys(keys);
        assert_eq!(play.notice(), said, "after {keys}");
    }
    let mut play = Play::reviewing(1);
    play.keys("1 1 1 1");
    assert_eq!(play.notice(), "note takes text: press =");
}

#[test]
fn earlier_scores_of_this_annotator_are_edited_and_others_only_shown() {
    let score = |id: &str, annotator: Option<&str>, value: f64| Score {
        id: id.into(),
        name: "score".into(),
        value: Value::Number(value),
        data_type: DataType::Numeric,
        source: Source::Annotation,
        config_id: Some("score".into()),
        queue_id: Some("q".into()),
        author: None,
        annotator: annotator.map(Into::into),
        comment: None,
        target: Some(Target::Trace("t0".into())),
        timestamp: at(5),
        environment: "default".into(),
    };
    let mut play = Play::with_items(1);
    play.keys("Enter");
    play.arrive(
        "i0",
        vec![score("mine", Some("ada"), 3.0), score("theirs", Some("jonas"), 1.0), score("web", None, 2.0)],
    );
    assert_eq!(play.value("score").as_deref(), Some("3"));
    assert_eq!(play.model.review.row, 1, "the first open row");
    play.keys("Ctrl-p 5");
    let Write::Score(written) = &play.save()[0].write else { panic!("no score") };
    assert_eq!((written.id.as_str(), written.timestamp), ("mine", at(5)));
    let others: Vec<&str> =
        play.model.current().unwrap().others("ada").map(|score| score.id.as_str()).collect();
    assert_eq!(others, ["theirs", "web"]);
}

#[test]
fn clearing_leaves_an_unsent_score_unsent_and_deletes_a_sent_one() {
    let mut play = Play::reviewing(1);
    play.keys("4");
    play.save();
    play.keys("Ctrl-p Backspace");
    assert_eq!(play.value("score"), None);
    assert_eq!(play.save()[0].state, WriteState::Replaced);
    assert_eq!(play.model.unsent(), 0);

    play.keys("4");
    let mut sent = play.save().remove(0);
    sent.state = WriteState::Confirmed;
    play.tell(Msg::Written(sent.clone()));
    play.keys("Ctrl-p Backspace");
    let deletion = play.save().remove(0);
    assert!(matches!(deletion.write, Write::DeleteScore { .. }), "{deletion:?}");
    play.keys("5");
    assert!(matches!(&play.save()[0].write, Write::Score(_)));
    assert_eq!(play.value("score").as_deref(), Some("5"));
}

#[test]
fn backspace_on_an_open_row_steps_back() {
    let mut play = Play::reviewing(1);
    play.keys("4 Backspace");
    assert_eq!(play.model.review.row, 0);
    assert_eq!(play.value("score").as_deref(), Some("4"));
}

#[test]
fn typed_values_are_checked_against_the_row() {
    let mut play = Play::reviewing(1);
    play.keys("= 7 Enter");
    let Some(Modal::Prompt(prompt)) = play.model.modals.last() else { panic!("the prompt is gone") };
    assert_eq!(prompt.complaint.as_deref(), Some("above 5, the highest value"));
    play.keys("Backspace 3 . 5 Enter");
    assert_eq!(play.value("score").as_deref(), Some("3.5"));
    assert!(play.model.modals.is_empty());
}

#[test]
fn categories_are_found_by_typing() {
    let mut play = Play::reviewing(1);
    play.keys("1 1 = c u Enter");
    assert_eq!(play.value("tone").as_deref(), Some("curt"));
}

#[test]
fn a_text_row_takes_500_units_and_no_more() {
    let mut play = Play::reviewing(1);
    play.keys("1 1 1 =");
    play.text(&"🦀".repeat(251));
    play.keys("Ctrl-s");
    assert_eq!(play.model.modals.len(), 1, "still open");
    play.keys("Backspace Ctrl-s");
    assert!(play.model.modals.is_empty());
    assert_eq!(play.value("note"), Some("🦀".repeat(250)));
}

#[test]
fn a_reason_goes_with_the_value_and_stays_when_the_value_changes() {
    let mut play = Play::reviewing(1);
    play.keys("'");
    assert_eq!(play.notice(), "score has no value to give a reason for; Ctrl-p goes to the row before");
    play.keys("4 Ctrl-p '");
    play.text("covers both questions");
    play.keys("Ctrl-s 3");
    let writes = play.save();
    let Write::Score(last) = &writes.last().unwrap().write else { panic!("no score") };
    assert_eq!(last.comment.as_deref(), Some("covers both questions"));
    assert_eq!(last.value, Value::Number(3.0));
}

#[test]
fn a_decision_the_store_cannot_take_is_shown_as_not_saved() {
    let mut play = Play::reviewing(1);
    play.keys("4");
    let Some(Effect::Record(token, ..)) =
        play.effects.iter().find(|e| matches!(e, Effect::Record(..))).cloned()
    else {
        panic!("nothing to record")
    };
    play.tell(Msg::Recorded(token, Err("disk full".into())));
    let mine = &play.model.current().unwrap().mine[&ConfigId::from("score")];
    assert_eq!(mine.progress, Progress::Refused("not saved: disk full".into()));
    assert!(play.notice().starts_with("NOT SAVED: disk full"), "{}", play.notice());
}

#[test]
fn a_refusal_reaches_its_row() {
    let mut play = Play::reviewing(1);
    play.keys("4");
    let mut written = play.save().remove(0);
    written.state = WriteState::Refused;
    written.last_error = Some("6 is above 5".into());
    play.tell(Msg::Written(written));
    let mine = &play.model.current().unwrap().mine[&ConfigId::from("score")];
    assert_eq!(mine.progress, Progress::Refused("6 is above 5".into()));
    assert_eq!(play.model.refused(), 1);
}

#[test]
fn scores_that_cannot_be_given_say_why() {
    let mut play = Play::with_items(1);
    let mut observed = item(0);
    observed.object.kind = ObjectKind::Observation;
    play.tell(Msg::Item(Ok(observed.clone())));
    play.arrive("i0", Vec::new());
    play.model.items.get_mut(&observed.id).unwrap().item = observed.clone();
    for (result, said) in [
        (
            Err(Failure { message: "no".into(), hint: None, temporary: true }),
            "this observation could not be loaded, so it takes no scores yet",
        ),
        (Ok(None), "this observation is not at the server, so it takes no scores"),
    ] {
        play.tell(Msg::Subject("i0".into(), result));
        play.keys("4");
        assert_eq!(play.notice(), said);
    }
    play.keys("Space");
    play.answer_items(vec![item(0)]);
    assert_eq!(play.model.screen, Screen::Summary, "it can be completed all the same");
}

#[test]
fn rows_without_a_known_config_are_counted() {
    let mut play = Play::reviewing(1);
    play.tell(Msg::Configs(Ok(vec![config("score", DataType::Numeric)])));
    assert_eq!((play.model.rubric_configs().len(), play.model.unknown_configs()), (1, 3));
    play.tell(Msg::Configs(Ok(Vec::new())));
    play.keys("1");
    assert_eq!(play.notice(), "the score configs of this queue do not exist (any more)");
}

#[test]
fn stepping_back_stops_at_the_first_row() {
    let mut play = Play::reviewing(1);
    play.keys("Backspace");
    assert_eq!((play.model.review.row, play.notice()), (0, "score has no value to take away"));
}

#[test]
fn a_score_changed_elsewhere_since_is_not_hidden_by_what_was_written_here() {
    let mut play = Play::with_items(1);
    play.keys("Enter");
    let mine = |value: f64| Score {
        id: "mine".into(),
        name: "score".into(),
        value: Value::Number(value),
        data_type: DataType::Numeric,
        source: Source::Annotation,
        config_id: Some("score".into()),
        queue_id: Some("q".into()),
        author: None,
        annotator: Some("ada".into()),
        comment: None,
        target: Some(Target::Trace("t0".into())),
        timestamp: at(5),
        environment: "default".into(),
    };
    play.arrive("i0", vec![mine(2.0)]);
    play.keys("Ctrl-p 4");
    let mut written = play.save().remove(0);
    written.state = WriteState::Confirmed;
    written.sent_at = Some(at(2000));
    play.tell(Msg::Written(written.clone()));
    assert_eq!(play.value("score").as_deref(), Some("4"), "fetched before it was sent");
    written.sent_at = Some(at(10));
    play.tell(Msg::Written(written));
    assert_eq!(play.value("score").as_deref(), Some("2"), "fetched after, so the server knows better");
}

#[test]
fn archived_rows_are_passed_over_also_where_the_object_is_gone() {
    let mut play = Play::reviewing(2);
    let archived = ScoreConfig { is_archived: true, ..config("score", DataType::Numeric) };
    play.tell(Msg::Configs(Ok(vec![archived, config("grounded", DataType::Boolean)])));
    play.tell(Msg::Subject("i1".into(), Ok(None)));
    play.keys("J");
    assert_eq!((play.current(), play.model.review.row), ("i1", 1));
    play.keys("Ctrl-p 3");
    assert_eq!(play.notice(), "score: this score config is archived and takes no more scores");
}
