//! Undo and redo end to end: every kind of decision, before and after it is sent, and after a
//! restart, with the server compared.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod review_support;

use std::time::Duration;

use review_support::{Server, is_all_sent, shows, start};
use tempfile::TempDir;
use tracemark::app::{Model, Start};
use tracemark::domain::{ItemId, ItemStatus, Object, ObjectKind};
use tracemark::runtime::Headless;

const ITEM: &str = "item-support-01";
const QUEUE: &str = "Support quality";

/// Decisions on the first item, each in place of the one before where there is one: keys, and a
/// text typed before the last of them.
const DECISIONS: [(&str, &str); 7] = [
    ("4", ""),
    ("Ctrl-p 5", ""),
    ("Ctrl-p ' Ctrl-s", "Covers everything."),
    ("2", ""),
    ("Ctrl-p Backspace", ""),
    ("! Enter", "ask the lead"),
    ("Space", ""),
];

/// A reviewer whose decisions wait for them to say so.
fn patient() -> Start {
    Start { hold: Duration::from_hours(1), ..start(QUEUE) }
}

fn decide(review: &mut Headless, (keys, text): (&str, &str)) {
    let (last, before) =
        keys.split(' ').collect::<Vec<_>>().split_last().map(|(l, b)| (*l, b.join(" "))).unwrap();
    review.keys(&before).unwrap();
    if !text.is_empty() {
        review.paste(text);
    }
    review.keys(last).unwrap();
}

/// Presses a key that undoes or does again, and gives what was said.
async fn turn(review: &mut Headless, key: &str) -> String {
    review.model.notice = None;
    review.keys(key).unwrap();
    review.until("what was undone", |model| !model.is_turning()).await.unwrap();
    review.model.notice.take().unwrap().text
}

/// Own scores with reasons, flag and status of the first item, as the program shows them.
fn shown(model: &Model) -> String {
    let id = ItemId::from(ITEM);
    let data = model.items.get(&id);
    let mut mine: Vec<String> = data
        .into_iter()
        .flat_map(|data| &data.mine)
        .map(|(row, mine)| format!("{row}={} {:?}", mine.value, mine.reason))
        .collect();
    mine.sort();
    let listed = model.browse.items.list.iter().find(|(_, item)| item.id == id).map(|(_, item)| item.status);
    format!("{mine:?} {:?} {:?} done {}", model.flags.get(&id), listed, model.review.done.len())
}

/// Own scores with reasons and the status of the first item, as the server has them.
async fn kept(server: &Server) -> String {
    let scores = server.scores("support-01").await;
    let mut mine: Vec<String> =
        scores.iter().map(|score| format!("{}={} {:?}", score.name, score.value, score.comment)).collect();
    mine.sort();
    format!("{mine:?} {:?}", server.status("queue-support", ITEM).await)
}

fn is_here(model: &Model) -> bool {
    model.current().is_some_and(|data| !data.is_arriving())
}

fn is_saved(model: &Model) -> bool {
    model.saving.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn held_decisions_are_undone_one_by_one_done_again_and_none_is_sent() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), 0).await;
    let untouched = kept(&server).await;
    let mut review = server.review_with(&folder, patient());
    review.until("the first item", |model| shows(model, ITEM)).await.unwrap();
    let mut states = vec![shown(&review.model)];
    for decision in DECISIONS {
        decide(&mut review, decision);
        review.until("a saved decision", is_saved).await.unwrap();
        states.push(shown(&review.model));
    }
    for _ in 0..2 {
        for before in states.iter().rev().skip(1) {
            let said = turn(&mut review, "u").await;
            assert!(said.starts_with("undid: "), "{said}");
            assert_eq!(shown(&review.model), *before, "{said}");
        }
        assert_eq!(turn(&mut review, "u").await, "nothing left to undo");
        assert_eq!(review.model.unsent(), 0);
        for after in states.iter().skip(1) {
            let said = turn(&mut review, "U").await;
            assert!(said.starts_with("did again: "), "{said}");
            assert_eq!(shown(&review.model), *after, "{said}");
        }
        assert_eq!(turn(&mut review, "U").await, "nothing to do again");
    }
    assert_ne!(review.model.review.item, Some(ITEM.into()), "completing it again goes on to the next");
    for _ in DECISIONS {
        turn(&mut review, "u").await;
    }
    review.keys("J").unwrap();
    review.until("nothing to send", is_all_sent).await.unwrap();
    assert_eq!(kept(&server).await, untouched);
    server.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn sent_decisions_are_taken_back_at_the_server_also_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), 0).await;
    let mut review = server.review(&folder, QUEUE);
    review.until("the first item", |model| shows(model, ITEM)).await.unwrap();
    let mut states = vec![kept(&server).await];
    for decision in DECISIONS {
        decide(&mut review, decision);
        if decision.0 != "Space" {
            review.keys("J").unwrap();
        }
        review.until("everything sent", is_all_sent).await.unwrap();
        states.push(kept(&server).await);
        if decision.0 != "Space" {
            review.keys("K").unwrap();
            review.until("the first item again", |model| shows(model, ITEM)).await.unwrap();
        }
    }
    let pairs: Vec<(String, String)> =
        states.windows(2).map(|two| (two[0].clone(), two[1].clone())).collect();
    for (before, after) in pairs.iter().rev() {
        for (key, expected) in [("u", before), ("U", after), ("u", before)] {
            let said = turn(&mut review, key).await;
            leave(&mut review).await;
            assert_eq!(kept(&server).await, *expected, "{key}: {said}");
        }
    }
    review = restarted(review, &server, &folder).await;
    for (_, after) in &pairs {
        let said = turn(&mut review, "U").await;
        leave(&mut review).await;
        assert_eq!(kept(&server).await, *after, "after a restart: {said}");
    }
    review = restarted(review, &server, &folder).await;
    for (before, _) in pairs.iter().rev() {
        let said = turn(&mut review, "u").await;
        leave(&mut review).await;
        assert_eq!(kept(&server).await, *before, "after a restart: {said}");
    }
    server.stop.cancel();
}

/// Another program on the same data, after the first has ended.
async fn restarted(review: Headless, server: &Server, folder: &TempDir) -> Headless {
    drop(review);
    let mut review = server.review(folder, QUEUE);
    review.until("an item", is_here).await.unwrap();
    review
}

/// Leaves the item on screen, so that its decisions go, and waits until they are there.
async fn leave(review: &mut Headless) {
    review.until("the item", is_here).await.unwrap();
    if review.model.review.item == Some(ITEM.into()) {
        review.keys("J").unwrap();
    }
    let is_left = |model: &Model| model.review.item != Some(ITEM.into());
    review.until("everything sent", |model| is_left(model) && is_all_sent(model)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_vanishes_while_it_is_held_and_stays_once_it_is_sent() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), 0).await;
    let object = Object { kind: ObjectKind::Trace, id: "support-01".into() };
    let mut review = server.review_with(&folder, patient());
    review.until("the first item", |model| shows(model, ITEM)).await.unwrap();
    let there = server.client.comments(&object).await.unwrap().len();
    decide(&mut review, ("4", ""));
    decide(&mut review, ("c Ctrl-s", "Quote the rule."));
    let said = turn(&mut review, "u").await;
    assert_eq!(said, "undid: comment “Quote the rule.” on support-chat 1");
    turn(&mut review, "U").await;
    turn(&mut review, "u").await;
    review.keys("J").unwrap();
    review.until("the score sent", is_all_sent).await.unwrap();
    assert_eq!(server.client.comments(&object).await.unwrap().len(), there);

    assert!(turn(&mut review, "U").await.starts_with("did again: comment"));
    review.until("the item", |model| shows(model, ITEM)).await.unwrap();
    review.keys("J").unwrap();
    review.until("the comment sent", is_all_sent).await.unwrap();
    assert_eq!(server.client.comments(&object).await.unwrap().len(), there + 1);
    let said = turn(&mut review, "u").await;
    assert_eq!(said, "sent, cannot be taken back: comment “Quote the rule.” · u goes further back");
    assert_eq!(turn(&mut review, "u").await, "undid: helpfulness = 4 on support-chat 1 (was nothing)");
    server.stop.cancel();
}

/// Ids of the objects that are pending in the queue, as the server has them.
async fn queued(server: &Server) -> Vec<String> {
    let queue = "queue-support".into();
    let page = server.client.items(&queue, Some(ItemStatus::Pending), 1, 100).await.unwrap();
    let mut ids: Vec<String> = page.data.into_iter().map(|item| item.object.id).collect();
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn items_are_removed_and_added_undone_and_done_again_before_and_after_sending() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), 0).await;
    let before = queued(&server).await;
    let mut without = before.clone();
    without.retain(|id| id != "support-01");
    let mut with = before.clone();
    with.push("support-99".into());
    with.sort();
    for (decision, after, said) in [
        (("D y", ""), without, ["removing ", " 1 from the queue"]),
        (("a Enter", "trace:support-99"), with, ["adding ", "trace support-99"]),
    ] {
        let folder = TempDir::new().unwrap();
        let mut review = server.review_with(&folder, patient());
        review.until("an item", is_here).await.unwrap();
        review.keys("q").unwrap();
        decide(&mut review, decision);
        for key in ["u", "U", "u"] {
            let told = turn(&mut review, key).await;
            // The trace may not have told its name yet.
            let is_told = told.contains(said[0]) && told.ends_with(said[1]);
            assert!(is_told, "{key}: {told:?} does not say {said:?}");
        }
        review.until("nothing to send", is_all_sent).await.unwrap();
        drop(review);
        assert_eq!(queued(&server).await, before, "{said:?}: held");

        let mut review = server.review(&folder, QUEUE);
        review.until("an item", is_here).await.unwrap();
        review.keys("q").unwrap();
        for (key, expected) in [("U", &after), ("u", &before), ("U", &after)] {
            let told = turn(&mut review, key).await;
            review.until("everything sent", is_all_sent).await.unwrap();
            assert_eq!(queued(&server).await, *expected, "{told}");
        }
        drop(review);
        let mut review = server.review(&folder, QUEUE);
        review.until("an item", is_here).await.unwrap();
        let told = turn(&mut review, "u").await;
        review.until("everything sent", is_all_sent).await.unwrap();
        assert_eq!(queued(&server).await, before, "{told}");
    }
    server.stop.cancel();
}
