//! Waiting for the server's rate limits, with time paused; and the client within them.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use futures_util::FutureExt;
use jiff::SignedDuration;
use serde_json::json;
use tokio::time::Instant;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::api::budget::Budget;
use crate::api::class::Class;
use crate::api::lane::Outcome;
use crate::api::{ApiError, Priority, Retry, Urgency};

const CLASS: Class = Class::PublicApi;

thread_local! {
    static BEGAN: Instant = Instant::now();
    static PUT_FORWARD: Cell<i64> = const { Cell::new(0) };
}

/// A wall clock that goes with the paused one, and can be put forward and back.
fn wall() -> Timestamp {
    let passed = SignedDuration::try_from(BEGAN.with(Instant::elapsed)).unwrap();
    clock() + passed + SignedDuration::from_secs(PUT_FORWARD.get())
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A budget that was just told to wait so long.
fn closed(limit: usize, wait: u64) -> Arc<Budget> {
    let budget = Budget::new(wall);
    let outcome = Outcome::Limited { limit: Some(limit), wait: seconds(wait) };
    budget.write(CLASS).unwrap().settle(outcome);
    budget
}

/// One of a limit of 30, with so many places taken.
async fn taken(places: usize) -> Arc<Budget> {
    let budget = closed(30, 1);
    tokio::time::sleep(seconds(1)).await;
    for _ in 0..places {
        budget.write(CLASS).unwrap().settle(Outcome::Answered);
    }
    budget
}

/// Waits, goes, is answered at once.
async fn go(budget: &Arc<Budget>, urgency: &Urgency) -> Result<(), Duration> {
    let permit = budget.enter(CLASS, urgency, budget.arrive()).await?;
    permit.settle(Outcome::Answered);
    Ok(())
}

/// How long something takes, in whole seconds.
async fn timed<T>(what: impl Future<Output = T>) -> (T, u64) {
    let began = Instant::now();
    let done = what.await;
    (done, began.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_closed_class_is_waited_for_and_the_screen_told() {
    let budget = closed(30, 57);
    let mut limited = budget.limited();
    assert_eq!(*limited.borrow_and_update(), None);
    let until = wall() + SignedDuration::from_secs(57);
    let watch = async {
        limited.changed().await.unwrap();
        limited.borrow_and_update().unwrap()
    };
    let (((went, told), other), took) = timed(async {
        let urgency = Urgency::default();
        let both = tokio::join!(go(&budget, &urgency), watch);
        (both, budget.enter(Class::Datasets, &urgency, budget.arrive()).now_or_never().is_some())
    })
    .await;
    assert_eq!((went, took, other), (Ok(()), 57, true));
    assert!(told.duration_since(until).unsigned_abs() < Duration::from_millis(10), "{told}");
    assert_eq!(*budget.limited().borrow(), None);
}

#[tokio::test(start_paused = true)]
async fn writes_are_told_when_to_come_again() {
    let budget = closed(3, 57);
    let wait = budget.write(CLASS).unwrap_err();
    assert!(wait > seconds(56) && wait <= seconds(57), "{wait:?}");
    let urgency = Urgency::new(Priority::Write);
    assert_eq!(timed(go(&budget, &urgency)).await.1, 0, "too long to stand still");
    tokio::time::sleep(seconds(50)).await;
    assert_eq!(timed(go(&budget, &urgency)).await, (Ok(()), 7));
    budget.write(CLASS).unwrap().settle(Outcome::Answered);
    let wait = budget.write(CLASS).unwrap_err();
    assert!(wait > seconds(59) && wait <= seconds(60), "both places are taken: {wait:?}");
}

#[tokio::test(start_paused = true)]
async fn the_more_urgent_go_first_then_the_earlier() {
    let budget = closed(30, 57);
    let order = RefCell::new(Vec::new());
    let run = async |name: &'static str, priority: Priority| {
        go_patiently(&budget, priority).await;
        order.borrow_mut().push(name);
    };
    tokio::join!(
        run("p1", Priority::Prefetch),
        run("s1", Priority::Screen),
        run("p2", Priority::Prefetch),
        run("s2", Priority::Screen),
        run("w", Priority::Write),
    );
    assert_eq!(*order.borrow(), ["w", "s1", "s2", "p1", "p2"]);
}

/// Comes again when it is told to.
async fn go_patiently(budget: &Arc<Budget>, priority: Priority) {
    while let Err(wait) = go(budget, &Urgency::new(priority)).await {
        tokio::time::sleep(wait.saturating_sub(seconds(1))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn fetched_ahead_speeds_up_when_it_comes_on_screen() {
    let budget = taken(15).await;
    let limited = budget.limited();
    let urgency = Urgency::new(Priority::Prefetch);
    let arrives = async {
        tokio::time::sleep(seconds(5)).await;
        assert_eq!(*limited.borrow(), None, "nobody looks at it yet");
        urgency.set(Priority::Screen);
    };
    assert_eq!(timed(async { tokio::join!(go(&budget, &urgency), arrives).0 }).await, (Ok(()), 5));
    // With the screen's places taken too, it is told as soon as somebody looks at it.
    let budget = taken(27).await;
    let (limited, urgency) = (budget.limited(), Urgency::new(Priority::Prefetch));
    let arrives = async {
        tokio::time::sleep(seconds(5)).await;
        assert_eq!(*limited.borrow(), None);
        urgency.set(Priority::Screen);
        tokio::time::sleep(seconds(1)).await;
        assert!(limited.borrow().is_some());
    };
    assert_eq!(timed(async { tokio::join!(go(&budget, &urgency), arrives).0 }).await, (Ok(()), 60));
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_makes_room() {
    let budget = taken(26).await;
    let urgency = Urgency::default();
    let held = budget.enter(CLASS, &urgency, budget.arrive()).await.unwrap();
    let first = tokio::time::timeout(seconds(5), go(&budget, &urgency));
    let cut = async {
        tokio::time::sleep(seconds(9)).await;
        // Never sent, so nobody counted it: its place is free at once.
        held.settle(Outcome::NotSent);
    };
    let ((first, second, ()), took) = timed(async { tokio::join!(first, go(&budget, &urgency), cut) }).await;
    assert!(first.is_err(), "it gave up");
    assert_eq!((second, took), (Ok(()), 9));
    assert_eq!(*budget.limited().borrow(), None);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_never_draws_a_wait_out() {
    for jump in [-3600, 3600] {
        let budget = closed(30, 57);
        let jumps = async {
            tokio::time::sleep(seconds(5)).await;
            PUT_FORWARD.set(PUT_FORWARD.get() + jump);
        };
        let urgency = Urgency::default();
        let ((went, ()), took) = timed(async { tokio::join!(go(&budget, &urgency), jumps) }).await;
        assert_eq!((went, took), (Ok(()), 57), "{jump}");
    }
}

/// Refuses so many requests, then answers.
async fn busy(times: u64, wait: &str) -> (MockServer, Client) {
    let server = MockServer::start().await;
    let refusal = json!({"message":"Rate limit exceeded","code":"rate_limited","details":{"limit":3}});
    let refusal = ResponseTemplate::new(429).set_body_json(refusal).insert_header("retry-after", wait);
    if times > 0 {
        Mock::given(method("GET")).respond_with(refusal.clone()).up_to_n_times(times).mount(&server).await;
    }
    Mock::given(method("GET")).respond_with(ok(&queue_json("q1"))).mount(&server).await;
    Mock::given(method("POST")).respond_with(refusal).mount(&server).await;
    let client = client(&server.uri());
    (server, client)
}

#[tokio::test]
async fn reads_come_again_until_the_server_takes_them() {
    let (server, client) = busy(7, "0.01").await;
    client.queue(&"q1".into()).await.unwrap();
    assert_eq!(requests(&server).await.len(), 8);
}

#[tokio::test]
async fn all_clones_know_of_a_limit() {
    let (server, client) = busy(0, "57").await;
    let other = client.clone();
    let first = client.post_score(&super::scores::score("s1")).await.unwrap_err();
    assert_eq!(first.retry, Retry::Transient { after: Some(seconds(57)) });
    let second = other.post_score(&super::scores::score("s1")).await.unwrap_err();
    assert!(
        matches!(second.retry, Retry::Transient { after: Some(wait) } if wait <= seconds(57)),
        "{second:?}"
    );
    assert_eq!((second.status, second.never_arrived()), (Some(429), true));
    assert!(second.to_string().starts_with("the server's rate limit is reached; try again in 5"), "{second}");
    let sender = other.clone().with_urgency(&Urgency::new(Priority::Write));
    assert!(read(&sender).await.is_err_and(|error| error.status == Some(429)));
    assert_eq!(requests(&server).await.len(), 1);
    other.queue(&"q1".into()).await.unwrap();
    assert_eq!(requests(&server).await.len(), 2, "other classes go on");
}

/// A read of the class that scores are written in.
async fn read(client: &Client) -> Result<usize, ApiError> {
    client.scores_by_id(&["s1".into()]).await.map(|scores| scores.len())
}
