//! Kept answers, while the line goes down and comes back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wiremock::matchers::{any, method, path, query_param};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use crate::api::{ApiError, Retry, Shelf};
use crate::domain::ItemStatus;

/// Keeps answers in memory; each is a second younger than the one before.
#[derive(Default)]
struct Memory(Mutex<BTreeMap<String, (Vec<u8>, Timestamp)>>, Mutex<i64>);

fn at(second: i64) -> Timestamp {
    clock() + jiff::SignedDuration::from_secs(second)
}

impl Shelf for Memory {
    fn keep(&self, key: &str, body: &[u8]) {
        let mut second = self.1.lock().unwrap();
        self.0.lock().unwrap().insert(key.into(), (body.into(), at(*second)));
        *second += 1;
    }

    fn find(&self, key: &str) -> Option<(Vec<u8>, Timestamp)> {
        self.0.lock().unwrap().get(key).cloned()
    }

    fn forget(&self, key: &str) {
        self.0.lock().unwrap().remove(key);
    }
}

impl Memory {
    fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

/// A server with one queue, a client with a shelf, and the shelf.
async fn world() -> (MockServer, Client, Arc<Memory>) {
    let server = MockServer::start().await;
    comes_back(&server, "q1").await;
    let shelf = Arc::new(Memory::default());
    let client = client(&server.uri()).with_shelf(shelf.clone());
    (server, client, shelf)
}

/// From now on it hangs up on everyone.
async fn goes_down(server: &MockServer) {
    server.reset().await;
    let broken = |_: &Request| std::io::Error::other("gone");
    Mock::given(any()).respond_with_err(broken).mount(server).await;
}

/// From now on it has this queue at the place of `q1`.
async fn comes_back(server: &MockServer, queue: &str) {
    server.reset().await;
    says(server, "annotation-queues/q1", ok(&queue_json(queue))).await;
}

async fn says(server: &MockServer, at: &str, answer: ResponseTemplate) {
    let at = path(format!("/api/public/{at}"));
    Mock::given(method("GET")).and(at).respond_with(answer).mount(server).await;
}

async fn queue(client: &Client) -> Result<String, ApiError> {
    client.queue(&"q1".into()).await.map(|queue| queue.id.as_str().into())
}

async fn asked(server: &MockServer) -> usize {
    requests(server).await.len()
}

#[tokio::test]
async fn answers_are_kept_and_given_while_the_line_is_down() {
    let (server, client, shelf) = world().await;
    let (line, mut changes) = (client.line(), client.line().watch());
    assert_eq!(queue(&client).await.unwrap(), "q1");
    assert_eq!(shelf.keys(), ["annotation-queues/q1"]);
    goes_down(&server).await;
    let noting = client.noting();
    assert_eq!((queue(&noting).await.unwrap().as_str(), noting.age()), ("q1", Some(at(0))));
    assert_eq!((asked(&server).await, line.is_up()), (1, false), "one failure is enough");
    assert!(changes.has_changed().unwrap() && !*changes.borrow_and_update());
    assert_eq!(queue(&client).await.unwrap(), "q1");
    assert_eq!((asked(&server).await, client.age()), (1, None), "known to be down, it is not asked");

    comes_back(&server, "new").await;
    assert_eq!(queue(&client).await.unwrap(), "q1", "nobody knows yet");
    assert!(client.knock().await && *changes.borrow_and_update());
    let noting = client.noting();
    assert_eq!((queue(&noting).await.unwrap().as_str(), noting.age()), ("new", None));
    assert_eq!(shelf.find("annotation-queues/q1").unwrap().1, at(1));
}

#[tokio::test]
async fn what_is_not_kept_is_asked_for_as_usual() {
    let (server, client, _shelf) = world().await;
    client.line().set(false);
    assert_eq!(queue(&client).await.unwrap(), "q1");
    assert!(client.line().is_up(), "it answered");
    goes_down(&server).await;
    let error = client.queue(&"q2".into()).await.unwrap_err();
    assert_eq!((error.retry, asked(&server).await), (Retry::Network, 4));
    assert!(!client.knock().await);
}

#[tokio::test]
async fn a_client_without_a_shelf_never_reads_from_one() {
    let (server, _, shelf) = world().await;
    let without = client(&server.uri());
    let with = without.clone().with_shelf(shelf.clone());
    queue(&with).await.unwrap();
    goes_down(&server).await;
    queue(&with).await.unwrap();
    assert_eq!(queue(&without).await.unwrap_err().retry, Retry::Network);
    comes_back(&server, "new").await;
    without.line().set(false);
    assert_eq!(queue(&without).await.unwrap(), "new", "it does not matter whether the line is down");
    assert_eq!(shelf.find("annotation-queues/q1").unwrap().1, at(0));
}

#[tokio::test]
async fn any_answer_shows_that_the_line_is_up_and_writes_do_too() {
    let (server, client, _shelf) = world().await;
    let write = async || client.set_status(&"q1".into(), &"i1".into(), ItemStatus::Completed).await;
    goes_down(&server).await;
    assert!(write().await.is_err() && !client.line().is_up());
    for status in [400, 401, 404, 429, 500, 503] {
        client.line().set(false);
        server.reset().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(status)).mount(&server).await;
        assert!(write().await.is_err() && client.line().is_up(), "{status}");
    }
    client.line().set(false);
    server.reset().await;
    let elsewhere = ResponseTemplate::new(302).insert_header("location", "https://login.example/");
    Mock::given(any()).respond_with(elsewhere).mount(&server).await;
    assert!(write().await.is_err() && !client.line().is_up(), "a hotel's login page is not the server");
}

#[tokio::test]
async fn errors_are_told_and_not_kept_and_only_what_is_gone_is_dropped() {
    let gone = ResponseTemplate::new(404).set_body_json(json!({"message":"Annotation queue not found"}));
    for (answer, still_kept) in [
        (ResponseTemplate::new(400), true),
        (ResponseTemplate::new(401), true),
        (ResponseTemplate::new(503), true),
        (html(404), true),
        (html(200), true),
        (ResponseTemplate::new(200).set_body_string("[7]"), true),
        (gone, false),
    ] {
        let (server, client, shelf) = world().await;
        queue(&client).await.unwrap();
        server.reset().await;
        says(&server, "annotation-queues/q1", answer.clone()).await;
        assert!(queue(&client).await.is_err(), "an answer of the server is never replaced by a kept one");
        goes_down(&server).await;
        assert_eq!(queue(&client).await.is_ok(), still_kept, "{answer:?}");
        assert_eq!(shelf.keys().len(), usize::from(still_kept));
    }
}

#[tokio::test]
async fn what_cannot_be_read_from_the_shelf_counts_as_missing() {
    let (server, client, shelf) = world().await;
    shelf.keep("annotation-queues/q1", b"{\"id\":");
    client.line().set(false);
    assert_eq!(queue(&client).await.unwrap(), "q1");
    shelf.keep("annotation-queues/q1", b"[]");
    goes_down(&server).await;
    assert_eq!(queue(&client).await.unwrap_err().retry, Retry::Network);
}

/// A list of observations in two parts.
async fn two_parts(server: &MockServer) {
    server.reset().await;
    let row = |id: &str| json!({"id":id,"traceId":"t1","startTime":"2026-11-24T06:00:00Z","type":"SPAN"});
    let part = |row: Value, meta: Value| ok(&json!({"data":[row],"meta":meta}));
    let second = Mock::given(query_param("cursor", "c=2")).respond_with(part(row("b"), json!({})));
    second.mount(server).await;
    Mock::given(any()).respond_with(part(row("a"), json!({"cursor":"c=2"}))).mount(server).await;
}

#[tokio::test]
async fn a_list_with_a_part_missing_is_no_list() {
    let (server, client, shelf) = world().await;
    two_parts(&server).await;
    let ids = ["a".to_owned(), "b".to_owned()];
    let read = async |client: &Client| client.observations_by_id(&ids).await.map(|rows| rows.len());
    assert_eq!(read(&client).await.unwrap(), 2);
    let keys = shelf.keys();
    assert!(keys.len() == 2 && keys.iter().all(|key| key.starts_with("v2/observations?fields=")), "{keys:?}");
    goes_down(&server).await;
    let noting = client.noting();
    assert_eq!((read(&noting).await.unwrap(), noting.age()), (2, Some(at(0))), "the older of both counts");
    let second = keys.iter().find(|key| key.ends_with("&cursor=c%3D2")).unwrap();
    shelf.forget(second);
    assert_eq!(read(&client).await.unwrap_err().retry, Retry::Network);
    two_parts(&server).await;
    assert_eq!(read(&client).await.unwrap(), 2, "the missing part is fetched");
}

/// A server as the probe finds it, or one that lacks what newer ones have.
async fn probed(server: &MockServer, is_new: bool) {
    server.reset().await;
    let project = json!({"data":[{"id":"p1","name":"Support","organization":{"id":"o","name":"Acme"}}]});
    says(server, "projects", ok(&project)).await;
    says(server, "health", ok(&json!({"status":"OK","version":"4.16.0"}))).await;
    let list = if is_new { ok(&json!({"data":[],"meta":{}})) } else { html(404) };
    says(server, "v2/observations", list.clone()).await;
    says(server, "v3/scores", list).await;
}

#[tokio::test]
async fn the_probe_works_without_the_server() {
    for is_new in [true, false] {
        let (server, client, shelf) = world().await;
        probed(&server, is_new).await;
        let before = client.probe().await.unwrap();
        assert_eq!(before.capabilities.scores_v3, is_new);
        goes_down(&server).await;
        let noting = client.noting();
        let after = noting.probe().await.unwrap();
        assert_eq!(
            (after.version, after.project_id, after.project_name, after.organization),
            (before.version, before.project_id, before.project_name, before.organization)
        );
        assert!(after.capabilities.scores_v3 && after.capabilities.observations_v2);
        assert!(noting.age().is_some());
        shelf.forget("health");
        assert_eq!(client.probe().await.unwrap().version, None);
        shelf.forget("projects");
        assert_eq!(client.probe().await.unwrap_err().retry, Retry::Network);
    }
}
