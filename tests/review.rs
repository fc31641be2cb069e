//! A queue reviewed end to end: the whole program, headless, against a real embedded server on a
//! port of its own.

mod review_support;

use std::net::SocketAddr;

use review_support::{Server, is_all_sent, shows};
use tempfile::TempDir;
use tracemark::app::{self, ItemData, Model, Screen};
use tracemark::domain::{Counts, DataType, ItemStatus, Object, ObjectKind, Score, Source, Target, Value};

#[tokio::test(flavor = "multi_thread")]
async fn every_row_a_comment_and_the_completion_reach_the_server() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), 0).await;
    let mut review = server.review(&folder, "Support quality");
    review.until("the first item", |model| shows(model, "item-support-01")).await.unwrap();

    review.keys("4 1 2 3 =").unwrap();
    review.paste("Names the rule and offers both ways.");
    review.keys("Ctrl-s Ctrl-n '").unwrap();
    review.paste("Covers everything that was asked.");
    review.keys("Ctrl-s c").unwrap();
    review.paste("Quote the policy next time.");
    review.keys("Ctrl-s Space").unwrap();
    review.until("the second pending item", |model| shows(model, "item-support-03")).await.unwrap();
    review.until("everything confirmed", is_all_sent).await.unwrap();

    assert_eq!(server.status("queue-support", "item-support-01").await, ItemStatus::Completed);
    let mut scores = server.scores("support-01").await;
    scores.sort_by(|a, b| a.name.cmp(&b.name));
    let given: Vec<(&str, DataType, Value, Option<&str>)> = scores
        .iter()
        .map(|score| (score.name.as_str(), score.data_type, score.value.clone(), score.comment.as_deref()))
        .collect();
    let reason = Some("Covers everything that was asked.");
    let expected = [
        ("failure mode", DataType::Categorical, Value::Category("missing step".into()), None),
        ("grounded", DataType::Boolean, Value::Boolean(true), None),
        ("helpfulness", DataType::Numeric, Value::Number(4.0), reason),
        ("note", DataType::Text, Value::Text("Names the rule and offers both ways.".into()), None),
        ("tone", DataType::Categorical, Value::Category("warm".into()), None),
    ];
    assert_eq!(given, expected);
    for score in &scores {
        assert_eq!(score.source, Source::Annotation);
        assert_eq!(score.queue_id, Some("queue-support".into()));
        assert!(score.config_id.is_some());
    }
    let object = Object { kind: ObjectKind::Trace, id: "support-01".into() };
    let comments = server.client.comments(&object).await.unwrap();
    assert!(comments.iter().any(|comment| comment.content == "Quote the policy next time."), "{comments:?}");
    server.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_made_offline_are_sent_after_a_restart_and_once() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), 0).await;
    let mut review = server.review(&folder, "Support quality");
    review.until("the first item", |model| shows(model, "item-support-01")).await.unwrap();

    server.stop.cancel();
    until_closed(server.address).await;
    review.keys("5 2 c").unwrap();
    review.paste("Sent later.");
    review.keys("Ctrl-s Space").unwrap();
    let tried = |model: &Model| model.pause.is_some() && model.unsent() >= 4;
    review.until("a failed attempt", tried).await.unwrap();
    drop(review);

    let server = Server::start(folder.path(), server.address.port()).await;
    let mut review = server.review(&folder, "Support quality");
    review.until("a connection", |model| model.review.item.is_some()).await.unwrap();
    review.until("everything sent", is_all_sent).await.unwrap();
    assert_eq!(server.status("queue-support", "item-support-01").await, ItemStatus::Completed);
    assert_eq!(server.scores("support-01").await.len(), 2);
    let object = Object { kind: ObjectKind::Trace, id: "support-01".into() };
    let comments = server.client.comments(&object).await.unwrap();
    assert_eq!(comments.iter().filter(|comment| comment.content == "Sent later.").count(), 1);
    server.stop.cancel();
}

/// Waits until nobody answers at an address any more.
async fn until_closed(address: SocketAddr) {
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scores_given_before_are_edited_under_their_own_id() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), 0).await;
    let mut review = server.review(&folder, "Support quality");
    review.until("the first item", |model| shows(model, "item-support-01")).await.unwrap();
    review.keys("4 J").unwrap();
    review.until("the score sent", is_all_sent).await.unwrap();
    let first = server.scores("support-01").await.remove(0);
    drop(review);

    let elsewhere = TempDir::new().unwrap();
    let mut review = server.review(&elsewhere, "Support quality");
    review.until("the first item", |model| shows(model, "item-support-01")).await.unwrap();
    review.keys("Ctrl-p 2 J").unwrap();
    review
        .until("the score sent", |model| !shows(model, "item-support-01") && is_all_sent(model))
        .await
        .unwrap();
    let second = server.scores("support-01").await;
    assert_eq!(second.len(), 1);
    assert_eq!((&second[0].id, &second[0].value), (&first.id, &Value::Number(2.0)));
    server.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn observations_and_sessions_are_reviewed_too() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), 0).await;
    let mut review = server.review(&folder, "Conversations");
    review.until("a session", |model| model.current().is_some_and(ItemData::is_decidable)).await.unwrap();
    let session = review.model.current().unwrap().item.object.id.clone();
    review.keys("1 3 J").unwrap();
    review.until("the scores sent", is_all_sent).await.unwrap();
    let scores = server.client.scores_of(&Target::Session(session.as_str().into())).await.unwrap();
    assert_eq!(scores.iter().filter(|score| score.annotator.as_deref() == Some("tester")).count(), 2);
    drop(review);

    let mut review = server.review(&folder, "Tool calls");
    review
        .until("an observation", |model| model.current().is_some_and(ItemData::is_decidable))
        .await
        .unwrap();
    let target = review.model.current().unwrap().target().unwrap();
    review.keys("1 J").unwrap();
    review.until("the score sent", is_all_sent).await.unwrap();
    let scores = server.client.scores_of(&target).await.unwrap();
    let mine: Vec<&Score> =
        scores.iter().filter(|score| score.annotator.as_deref() == Some("tester")).collect();
    assert_eq!(mine.len(), 1);
    assert_eq!(mine[0].target, Some(target));
    server.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_queue_is_worked_off() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), 0).await;
    let before = server.client.counts(&"queue-conversations".into()).await.unwrap();
    assert!(before.pending > 1);
    let mut review = server.review(&folder, "Conversations");
    review.until("a session", |model| model.current().is_some_and(ItemData::is_decidable)).await.unwrap();
    // All at once: what is typed ahead waits for each item in turn.
    for _ in 0..before.pending {
        review.keys("1 2 Space").unwrap();
    }
    review.until("the summary", |model| model.screen == Screen::Summary).await.unwrap();
    review.until("everything sent", is_all_sent).await.unwrap();
    let after = server.client.counts(&"queue-conversations".into()).await.unwrap();
    assert_eq!(after, Counts { pending: 0, completed: before.total() });
    server.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_at_the_start_is_found_at_once_when_asked_again() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), 0).await;
    server.stop.cancel();
    until_closed(server.address).await;
    let mut review = server.review(&folder, "Support quality");
    let failed = |model: &Model| matches!(model.connection, app::Connection::Failed(_));
    review.until("a failed attempt", failed).await.unwrap();
    review.keys("F5").unwrap();
    review.until("another failed attempt", failed).await.unwrap();

    let server = Server::start(folder.path(), server.address.port()).await;
    review.keys("F5").unwrap();
    review.until("the first item", |model| shows(model, "item-support-01")).await.unwrap();
    review.keys("4 J").unwrap();
    review.until("the score sent", |model| model.last_sync.is_some() && is_all_sent(model)).await.unwrap();
    assert_eq!(review.model.other_sender, None, "it must not take itself for another program");
    assert_eq!(server.scores("support-01").await.len(), 1);
    server.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_programs_on_the_same_data_the_first_sends_for_both_and_the_second_takes_over() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), 0).await;
    let mut first = server.review(&folder, "Support quality");
    first.until("the first item", |model| shows(model, "item-support-01")).await.unwrap();
    first.keys("4").unwrap();
    first.until("a held score", |model| model.unsent() == 1 && is_saved(model)).await.unwrap();

    let mut second = server.review(&folder, "Conversations");
    second.until("who sends", |model| model.other_sender.is_some()).await.unwrap();
    second.until("a session", |model| model.current().is_some_and(ItemData::is_decidable)).await.unwrap();
    second.keys("1 3 J").unwrap();
    second.until("two scores saved", |model| is_saved(model) && model.unsent() == 3).await.unwrap();
    first.until("the second one's scores sent", |model| model.last_sync.is_some()).await.unwrap();
    assert_eq!(server.scores("support-01").await.len(), 0, "still held");
    second.until("the news of it", |model| model.unsent() == 1 && model.last_sync.is_some()).await.unwrap();
    assert!(second.model.other_sender.is_some(), "the first one still sends");

    drop(first);
    second.keys("2 K").unwrap();
    second
        .until("the first one's score sent", |model| model.last_sync.is_some() && is_all_sent(model))
        .await
        .unwrap();
    server.stop.cancel();
}

fn is_saved(model: &Model) -> bool {
    model.items.values().all(|data| data.saving.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_told_and_work_goes_on() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("tracemark.db"), "not a database").unwrap();
    let server = Server::start(folder.path(), 0).await;
    let mut review = server.review(&folder, "Support quality");
    let told = |model: &Model| {
        let said = model.notice.as_ref().map(|notice| notice.text.as_str()).unwrap_or_default();
        said.contains("the local database was damaged: saved 0 decisions and 0 drafts")
            && said.contains("tracemark.db.corrupt-")
    };
    review.until("what was found", told).await.unwrap();
    review.until("the first item", |model| shows(model, "item-support-01")).await.unwrap();
    review.keys("4").unwrap();
    review.until("it is saved", |model| !model.open_writes.is_empty()).await.unwrap();
}
