//! Without a network: what was seen or pulled before is there, work goes on, and everything is sent
//! when the line is back.

mod review_support;

use review_support::{Server, is_all_sent, shows};
use tempfile::TempDir;
use tracemark::app::{Connection, ItemData, Model, Screen};
use tracemark::domain::{Counts, ItemStatus};
use tracemark::runtime::Keeping;
use tracemark::runtime::pull::{Pulled, Puller};

/// Whether the item at this place of the list is on screen.
fn is_at(model: &Model, position: usize) -> bool {
    model.review_position() == Some(position)
        && model.current().is_some_and(|data| shows(model, data.item.id.as_str()))
}

fn is_offline(model: &Model) -> bool {
    matches!(model.connection, Connection::Failed(_))
}

/// Ends a server and waits until its port is closed.
async fn stop(server: &Server) {
    server.stop.cancel();
    while tokio::net::TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_seen_is_there_without_the_server_and_is_sent_once_it_is_back() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), 0).await;
    let mut review = server.review(&folder, "Support quality");
    review.until("the first item", |model| shows(model, "item-support-01")).await.unwrap();
    let fetched = |data: &ItemData| data.subject.ready().is_some() && data.scores.ready().is_some();
    review
        .until("the next items", |model| model.items.values().filter(|d| fetched(d)).count() > 2)
        .await
        .unwrap();
    review.keys("4 1 2 3 Space").unwrap();
    review.until("the first one sent", is_all_sent).await.unwrap();
    drop(review);
    stop(&server).await;

    // The kept list still has the first item as to do; what was decided here since wins.
    let mut review = server.review(&folder, "Support quality");
    review.until("the second item", |model| is_at(model, 1)).await.unwrap();
    review.until("that it is offline", is_offline).await.unwrap();
    let second = review.model.current().unwrap();
    let (item, trace) = (second.item.id.to_string(), second.item.object.id.clone());
    assert!(second.kept.is_some());
    assert!(review.screen().unwrap().contains("as of"), "{}", review.screen().unwrap());
    review.keys("5 1 1 1 c").unwrap();
    review.paste("Written on a train.");
    review.keys("Ctrl-s Space").unwrap();
    review.until("the third item", |model| is_at(model, 2)).await.unwrap();
    drop(review);

    // And again, since trains do that.
    let mut review = server.review(&folder, "Support quality");
    review.until("the third item again", |model| is_at(model, 2)).await.unwrap();
    review.until("what is unsent", |model| model.unsent() == 6).await.unwrap();
    let server = Server::start(folder.path(), server.address.port()).await;
    review.keys("F5").unwrap();
    let sent = |model: &Model| is_all_sent(model) && model.connection == Connection::Online;
    review.until("everything sent", sent).await.unwrap();
    let fresh = |model: &Model| model.current().is_some_and(|data| data.kept.is_none());
    review.until("the item fetched afresh", fresh).await.unwrap();
    assert_eq!(server.status("queue-support", &item).await, ItemStatus::Completed);
    assert_eq!(server.scores(&trace).await.len(), 4);
    assert_eq!(server.comments(&trace).await.iter().filter(|text| *text == "Written on a train.").count(), 1);
    server.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pulled_queue_is_reviewed_from_end_to_end_without_the_server() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), 0).await;
    let keeping = Keeping { path: folder.path().join("cache.db"), limit: Some(50_000_000) };
    let account = server.public_key.clone();
    let puller = Puller::new(server.client.clone(), &account, keeping, false).await.unwrap();
    let queues = puller.project().await.unwrap();
    let queue = queues.iter().find(|queue| queue.name == "Conversations").unwrap();
    let items = puller.items(queue, false).await.unwrap();
    let mut fetched = 0;
    let count = |_: &_, pulled| fetched += usize::from(matches!(pulled, Pulled::Fetched));
    puller.contents(items.clone(), count).await;
    assert_eq!((fetched, puller.kept(&items).await), (items.len(), items.len()));
    let mut known = 0;
    let count = |_: &_, pulled| known += usize::from(matches!(pulled, Pulled::Known));
    puller.contents(items.clone(), count).await;
    assert_eq!(known, items.len(), "it goes on where it was");
    drop(puller);
    stop(&server).await;

    let mut review = server.review(&folder, "Conversations");
    review
        .until("the first session", |model| model.current().is_some_and(ItemData::is_decidable))
        .await
        .unwrap();
    for _ in &items {
        review.keys("1 2 Space").unwrap();
    }
    review.until("the summary", |model| model.screen == Screen::Summary).await.unwrap();
    review.until("all of it waiting", |model| model.unsent() == 3 * items.len()).await.unwrap();

    let server = Server::start(folder.path(), server.address.port()).await;
    review.keys("F5").unwrap();
    review.until("everything sent", is_all_sent).await.unwrap();
    let after = server.client.counts(&queue.id).await.unwrap();
    assert_eq!(after, Counts { pending: 0, completed: after.total() });
    server.stop.cancel();
}
