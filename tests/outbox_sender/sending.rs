//! One flush at a time: what is requested, and how rows are settled.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::json;
use tracemark::domain::WriteState::{Confirmed, Pending, Refused, Sent};
use tracemark::outbox::{OutboxUpdate, Pause};
use wiremock::ResponseTemplate;

use crate::world::{World, at, comment, comments, complete, deletion, pass, score};

const ITEM: &str = "annotation-queues/q1/items/i1";

fn refusal(status: u16, message: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({"message": message}))
}

#[tokio::test]
async fn scores_go_together_then_the_rest_in_order() {
    let mut world = World::new().await;
    world.all_well().await;
    let writes = [complete("i1"), comment("hm"), score("s1", 1.0), deletion("s0"), score("s2", 2.0)];
    let seqs = world.decide("i1", &writes);
    assert_eq!(world.flush().await, 5);
    assert_eq!(
        world.requests().await,
        [
            &format!("GET {ITEM}"),
            "POST scores [2]",
            "DELETE scores/s0",
            "POST comments",
            &format!("PATCH {ITEM}")
        ]
    );
    assert_eq!(world.states(&seqs), [Confirmed, Confirmed, Sent, Confirmed, Sent]);
    assert_eq!(world.flush().await, 0);
    assert_eq!(world.requests().await.len(), 5);
    assert_eq!(world.told(), []);
}

#[tokio::test]
async fn a_server_without_arrays_is_asked_for_one_only_once() {
    let mut world = World::new().await;
    world.once("POST", "scores", refusal(400, "Invalid request data")).await;
    world.all_well().await;
    let first = world.decide("i1", &[score("s1", 1.0), score("s2", 2.0)]);
    let second = world.decide("i2", &[score("s3", 1.0), score("s4", 2.0)]);
    assert_eq!(world.flush().await, 4);
    let single = "POST scores";
    assert_eq!(world.requests().await, ["POST scores [2]", single, single, single, single]);
    assert_eq!(world.states(&[first, second].concat()), [Sent; 4]);
}

#[tokio::test]
async fn what_an_array_leaves_out_is_found_one_by_one() {
    let mut world = World::new().await;
    let partly = json!({"accepted": 1, "rejected": 1, "errors": [{"message": "bad value"}]});
    world.once("POST", "scores", ResponseTemplate::new(207).set_body_json(partly)).await;
    world.once("POST", "scores", refusal(400, "value: out of range")).await;
    world.all_well().await;
    let seqs = world.decide("i1", &[score("s1", 9.0), score("s2", 2.0), comment("hm"), complete("i1")]);
    assert_eq!(world.flush().await, 3);
    assert_eq!(world.states(&seqs), [Refused, Sent, Confirmed, Confirmed]);
    assert_eq!(world.error(seqs[0]), "value: out of range");
    // The array works: the next item uses it again.
    world.decide("i2", &[score("s3", 1.0), score("s4", 2.0)]);
    world.flush().await;
    assert_eq!(world.requests().await.last().unwrap(), "POST scores [2]");
}

#[tokio::test]
async fn a_lost_network_pauses_everything_and_loses_nothing() {
    let mut world = World::new().await;
    world.hangs_up_once("POST", "scores").await;
    world.all_well().await;
    let seqs = world.decide("i1", &[score("s1", 1.0), comment("hm"), complete("i1")]);
    let other = world.decide("i2", &[score("s2", 1.0)]);
    assert_eq!(world.flush().await, 0);
    assert_eq!(world.states(&seqs), [Pending; 3]);
    assert_eq!((world.row(seqs[0]).attempts, world.row(seqs[1]).attempts), (1, 0));
    let told = world.told();
    let [OutboxUpdate::Paused { why: Pause::Offline(why), until: Some(until) }] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(&world.error(seqs[0]), why);
    assert!(*until >= at(1) && *until <= at(2), "{until}");
    assert_eq!(world.flush().await, 4);
    assert_eq!(world.states(&seqs), [Sent, Confirmed, Confirmed]);
    assert_eq!(world.states(&other), [Sent]);
    assert_eq!(world.told(), [OutboxUpdate::Resumed]);
}

#[tokio::test]
async fn a_rate_limit_is_kept_for_as_long_as_it_says() {
    let mut world = World::new().await;
    world.once("POST", "scores", refusal(429, "slow down").insert_header("Retry-After", "17")).await;
    world.all_well().await;
    let seqs = world.decide("i1", &[score("s1", 1.0), complete("i1")]);
    assert_eq!(world.flush().await, 0);
    let until = Some(at(17));
    assert_eq!(world.told(), [OutboxUpdate::Paused { why: Pause::RateLimited, until }]);
    assert_eq!(world.row(seqs[0]).next_attempt_at, until);
    pass(16);
    assert_eq!(world.flush().await, 0);
    pass(1);
    assert_eq!(world.flush().await, 2);
    assert_eq!(world.told(), [OutboxUpdate::Resumed]);
}

#[tokio::test]
async fn the_budget_for_deletions_holds_nothing_else_up() {
    let mut world = World::new().await;
    let limit = refusal(429, "too many").insert_header("Retry-After", "86400");
    world.once("DELETE", "scores/.*", limit).await;
    world.all_well().await;
    let seqs = world.decide("i1", &[deletion("s0"), comment("hm"), complete("i1")]);
    assert_eq!(world.flush().await, 2);
    assert_eq!(world.states(&seqs), [Pending, Confirmed, Confirmed]);
    assert_eq!(world.told(), []);
    pass(86_400);
    assert_eq!(world.flush().await, 1);
}

#[tokio::test]
async fn keys_that_are_not_accepted_stop_everything() {
    let mut world = World::new().await;
    world.once("POST", "scores", refusal(401, "Invalid credentials")).await;
    world.all_well().await;
    let seqs = world.decide("i1", &[score("s1", 1.0)]);
    let other = world.decide("i2", &[score("s2", 1.0)]);
    assert_eq!(world.flush().await, 0);
    let why = Pause::Auth("Invalid credentials".into());
    assert_eq!(world.told(), [OutboxUpdate::Paused { why, until: None }]);
    assert_eq!(world.states(&[seqs, other].concat()), [Pending, Pending]);
    assert_eq!(world.requests().await.len(), 1);
}

#[tokio::test]
async fn one_row_in_trouble_waits_alone_two_in_a_row_stop_everything() {
    let mut world = World::new().await;
    world.once("POST", "scores", refusal(500, "oops")).await;
    world.all_well().await;
    let bad = world.decide("i1", &[score("s1", 1.0), complete("i1")]);
    let good = world.decide("i2", &[score("s2", 1.0)]);
    assert_eq!(world.flush().await, 1);
    assert_eq!((world.states(&bad), world.states(&good)), (vec![Pending, Pending], vec![Sent]));
    assert!(world.row(bad[0]).next_attempt_at.unwrap() >= at(1));
    assert_eq!(world.told(), []);

    let mut world = World::new().await;
    world.on("POST", "scores", 503, json!({"message": "down"})).await;
    for n in ["i1", "i2", "i3"] {
        world.decide(n, &[score(n, 1.0)]);
    }
    world.flush().await;
    assert_eq!(world.requests().await.len(), 2);
    let why = Pause::Offline("the server has trouble (503): down".into());
    assert_eq!(world.told(), [OutboxUpdate::Paused { why, until: Some(at(5)) }]);
}

#[rstest]
#[case::it_arrived("hm", 3, 1)]
#[case::an_older_one_of_the_same_words("hm", -200, 2)]
#[case::other_words("hmm", 3, 2)]
#[tokio::test]
async fn a_comment_whose_answer_got_lost(#[case] there: &str, #[case] seconds: i64, #[case] posts: usize) {
    let mut world = World::new().await;
    world.hangs_up_once("POST", "comments").await;
    world.all_well().await;
    world.on("GET", "comments", 200, comments(&[("first", at(0)), (there, at(seconds))])).await;
    let seqs = world.decide("i1", &[comment("hm ")]);
    assert_eq!(world.flush().await, 0);
    pass(10);
    assert_eq!(world.flush().await, 1);
    assert_eq!(world.states(&seqs), [Confirmed]);
    let requests = world.requests().await;
    assert_eq!(requests.iter().filter(|r| *r == "POST comments").count(), posts, "{requests:?}");
}

#[tokio::test]
async fn a_final_refusal_is_kept_in_the_servers_words() {
    let mut world = World::new().await;
    world.once("POST", "scores", refusal(400, "value: expected number")).await;
    world.once("POST", "comments", refusal(404, "Reference object not found")).await;
    world.all_well().await;
    let seqs = world.decide("i1", &[score("s1", 1.0), comment("hm"), complete("i1")]);
    assert_eq!(world.flush().await, 1);
    assert_eq!(world.states(&seqs), [Refused, Refused, Confirmed]);
    assert_eq!(world.error(seqs[0]), "value: expected number");
    assert_eq!(world.error(seqs[1]), "Reference object not found");
}

#[tokio::test]
async fn a_page_put_up_during_maintenance_refuses_nothing() {
    let mut world = World::new().await;
    let page = ResponseTemplate::new(404).set_body_string("<html>back soon</html>");
    world.once("POST", "scores", page).await;
    world.all_well().await;
    let seqs = world.decide("i1", &[score("s1", 1.0)]);
    assert_eq!((world.flush().await, world.states(&seqs)), (0, vec![Pending]));
    assert_eq!((world.flush().await, world.states(&seqs)), (1, vec![Sent]));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_refuses_nothing() {
    let spoilt = || ResponseTemplate::new(200).set_body_string("}{ nonsense");
    let mut world = World::new().await;
    for _ in 0..4 {
        // Once for each time reading is tried.
        world.once("GET", ITEM, spoilt()).await;
    }
    world.once("PATCH", ITEM, spoilt()).await;
    world.all_well().await;
    let seqs = world.decide("i1", &[complete("i1")]);
    for state in [Pending, Pending, Confirmed] {
        world.flush().await;
        assert_eq!(world.states(&seqs), [state], "{}", world.error(seqs[0]));
        pass(10);
    }
}

#[tokio::test]
async fn a_value_changed_while_offline_is_sent_once() {
    let mut world = World::new().await;
    world.hangs_up_once("POST", "scores").await;
    world.all_well().await;
    world.decide("i1", &[score("s1", 1.0)]);
    world.flush().await;
    let seqs = world.decide("i1", &[score("s1", 2.0)]);
    assert_eq!(world.flush().await, 1);
    assert_eq!(world.states(&seqs), [Sent]);
    let bodies = world.server.received_requests().await.unwrap();
    let values: Vec<_> =
        bodies.iter().map(|r| r.body_json::<serde_json::Value>().unwrap()["value"].clone()).collect();
    assert_eq!(values, [json!(1.0), json!(2.0)]);
}
