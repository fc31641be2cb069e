//! What the cloud plans limit.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Body;
use jiff::Timestamp;
use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Options, Plan, Seed, Workspace};

use super::{Server, basic, start};

fn on(plan: Plan) -> Server {
    Server::new(Seed::Empty, Options { plan, ..Options::default() })
}

async fn status(server: &Server, method: &str, path: &str) -> u16 {
    server.call(method, path, Value::Null).await.0
}

#[rstest]
#[case(Plan::Hobby, "GET", "/annotation-queues", 100)]
#[case(Plan::Hobby, "GET", "/annotation-queues?page=0", 100)]
#[case(Plan::Hobby, "GET", "/score-configs", 30)]
#[case(Plan::Hobby, "GET", "/v2/observations", 30)]
#[case(Plan::Hobby, "POST", "/scores", 30)]
#[case(Plan::Hobby, "DELETE", "/scores/s", 50)]
#[case(Plan::Core, "DELETE", "/scores/s", 200)]
#[case(Plan::Pro, "GET", "/comments", 1000)]
#[tokio::test]
async fn the_request_that_uses_up_the_budget_is_refused(
    #[case] plan: Plan,
    #[case] method: &str,
    #[case] path: &str,
    #[case] limit: usize,
) {
    let server = on(plan);
    for n in 1..limit {
        assert_ne!(status(&server, method, path).await, 429, "request {n}");
    }
    assert_eq!(status(&server, method, path).await, 429);
}

#[tokio::test]
async fn without_a_plan_nothing_is_limited() {
    let server = on(Plan::Unlimited);
    for _ in 0..150 {
        assert_eq!(status(&server, "GET", "/score-configs").await, 200);
    }
}

#[tokio::test]
async fn a_refusal_says_until_when_and_holds_for_its_class_alone() {
    static NOW: AtomicI64 = AtomicI64::new(1_795_501_049_131);
    fn clock() -> Timestamp {
        Timestamp::from_millisecond(NOW.load(Ordering::SeqCst)).unwrap()
    }
    let workspace = Workspace::in_memory(Seed::Empty, start()).unwrap();
    let options = Options { plan: Plan::Hobby, ..Options::default() };
    let server = Server::by(workspace, options, clock);
    for _ in 1..30 {
        assert_eq!(status(&server, "GET", "/score-configs").await, 200);
    }
    NOW.fetch_add(3_200, Ordering::SeqCst);
    let auth = server.basic();
    let reply = server.send("GET", "/api/public/comments", Some(&auth), Body::empty()).await;
    let wanted = r#"{"message":"Rate limit exceeded","code":"rate_limited","details":{"retryAfterSeconds":57,"limit":30,"remaining":0,"resetAt":"2026-11-24T06:18:29.131Z"}}"#;
    assert_eq!((reply.status, reply.text()), (429, wanted));
    let header = |name: &str| reply.headers[name].to_str().unwrap();
    assert_eq!(header("retry-after"), "57");
    assert_eq!(header("x-ratelimit-limit"), "30");
    assert_eq!(header("x-ratelimit-remaining"), "0");
    assert_eq!(header("x-ratelimit-reset"), "Tue Nov 24 2026 06:18:29 GMT+0000 (Coordinated Universal Time)");

    assert_eq!(status(&server, "GET", "/projects").await, 200);
    assert_eq!(status(&server, "GET", "/annotation-queues").await, 200);
    let stranger = basic(&server.keys.public_key, "sk-lf-wrong");
    let reply = server.send("GET", "/api/public/comments", Some(&stranger), Body::empty()).await;
    assert_eq!(reply.status, 401);

    NOW.fetch_add(56_799, Ordering::SeqCst);
    assert_eq!(status(&server, "GET", "/comments").await, 429);
    NOW.fetch_add(1, Ordering::SeqCst);
    assert_eq!(status(&server, "GET", "/comments").await, 200);
}

#[tokio::test]
async fn the_free_plan_has_one_queue() {
    let server = on(Plan::Hobby);
    let config = server.numeric().await;
    let queue = |name: &str| json!({"name": name, "scoreConfigIds": [config]});
    server.post("/annotation-queues", queue("first")).await;
    let answer = server.call("POST", "/annotation-queues", queue("second")).await;
    let message = "Maximum number of annotation queues reached on Hobby plan.";
    assert_eq!(answer, (405, json!({"message": message, "error": "MethodNotAllowedError"})));
}

#[tokio::test]
async fn deletions_of_scores_are_worked_off_one_by_one() {
    static NOW: AtomicI64 = AtomicI64::new(0);
    fn clock() -> Timestamp {
        start() + jiff::SignedDuration::from_secs(NOW.load(Ordering::SeqCst))
    }
    let workspace = Workspace::in_memory(Seed::Empty, start()).unwrap();
    let delete_delay = std::time::Duration::from_mins(2);
    let options = Options { delete_delay, ..Options::default() };
    let server = Server::by(workspace, options, clock);
    let score = |value: u8| json!({"id": "s", "traceId": "t", "name": "n", "value": value});
    let values = async || {
        let list = server.get("/v3/scores").await;
        list["data"].as_array().unwrap().iter().map(|s| s["value"].clone()).collect::<Vec<_>>()
    };

    server.post("/scores", score(1)).await;
    for id in ["other", "s"] {
        assert_eq!(status(&server, "DELETE", &format!("/scores/{id}")).await, 202);
    }
    assert_eq!(values().await, [1], "the first is worked off at once, the second waits");
    NOW.store(2, Ordering::SeqCst);
    server.post("/scores", score(2)).await;
    assert_eq!(values().await, [2]);
    for (seconds, left) in [(3, 1), (119, 1), (120, 0)] {
        NOW.store(seconds, Ordering::SeqCst);
        assert_eq!(values().await.len(), left, "after {seconds} s");
    }
}
