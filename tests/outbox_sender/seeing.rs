//! Whether sent scores were kept: the server tells nobody when it drops one.

use pretty_assertions::assert_eq;
use serde_json::json;
use tracemark::domain::WriteState::{Confirmed, Refused, Sent};
use wiremock::ResponseTemplate;

use crate::waiting::{wait, with_sender};
use crate::world::{World, at, now, pass, score, shown};

impl World {
    /// Lets time pass and the sender do what is due by then.
    async fn later(&mut self, seconds: i64) {
        pass(seconds);
        self.sender().sync(now()).await.unwrap();
    }
}

#[tokio::test]
async fn a_score_that_never_shows_beside_others_is_refused_after_a_minute() {
    let mut world = World::new().await;
    world.all_well().await;
    world.on("GET", "v3/scores", 200, shown(&[("s2", 1.0)])).await;
    let seqs = world.decide("i1", &[score("s1", 1.0), score("s2", 1.0)]);
    world.later(0).await;
    assert_eq!(world.states(&seqs), [Sent, Sent]);
    for (looks, seconds) in [1, 2, 4, 8, 15].into_iter().enumerate() {
        world.later(seconds).await;
        world.asked("GET v3/scores", looks + 1).await;
        assert_eq!(world.states(&seqs), [Sent, Confirmed]);
    }
    world.later(30).await;
    assert_eq!(world.states(&seqs), [Refused, Confirmed]);
    let why = world.error(seqs[0]);
    assert!(why.starts_with("the server took it but never showed it: the value may be"), "{why}");
}

#[tokio::test]
async fn a_server_that_has_shown_nothing_newer_may_be_late() {
    let mut world = World::new().await;
    world.all_well().await;
    world.on("GET", "v3/scores", 200, shown(&[])).await;
    let seqs = world.decide("i1", &[score("s1", 1.0)]);
    world.later(0).await;
    for (looks, seconds) in [60, 60, 180, 300].into_iter().enumerate() {
        world.later(seconds).await;
        world.asked("GET v3/scores", looks + 1).await;
        assert_eq!(world.states(&seqs), [Sent]);
    }
    world.later(120).await;
    assert_eq!(world.states(&seqs), [Refused]);
}

#[tokio::test]
async fn a_score_seen_after_it_seemed_lost_is_not_refused_any_more() {
    let mut world = World::new().await;
    world.all_well().await;
    world.once("GET", "v3/scores", ResponseTemplate::new(200).set_body_json(shown(&[]))).await;
    world.on("GET", "v3/scores", 200, shown(&[("s1", 1.0), ("s2", 1.0)])).await;
    let lost = world.decide("i1", &[score("s1", 1.0)]);
    world.later(0).await;
    world.later(720).await;
    assert_eq!(world.states(&lost), [Refused]);
    let other = world.decide("i2", &[score("s2", 1.0)]);
    world.later(0).await;
    world.later(1).await;
    assert_eq!(world.states(&[lost[0], other[0]]), [Confirmed; 2]);
    assert_eq!(world.row(lost[0]).last_error, None);
}

#[tokio::test]
async fn sending_without_a_screen_waits_until_all_is_seen() {
    let mut world = World::new().await;
    world.all_well().await;
    world.on("GET", "v3/scores", 200, shown(&[("s1", 1.0)])).await;
    let seq = world.decide("i1", &[score("s1", 1.0)])[0];
    world.sender().sync(at(0)).await.unwrap();
    assert_eq!(world.state(seq), Sent, "with no time to wait, nothing is looked for yet");
    pass(1);
    world.sender().sync(at(60)).await.unwrap();
    assert_eq!((world.state(seq), world.sender().paused()), (Confirmed, None));
}

#[tokio::test]
async fn sending_without_a_screen_says_why_it_stopped() {
    let mut world = World::new().await;
    let refusal = ResponseTemplate::new(401).set_body_json(json!({"message": "Invalid credentials"}));
    world.once("POST", "scores", refusal).await;
    let seqs = world.decide("i1", &[score("s1", 1.0)]);
    world.sender().sync(at(3600)).await.unwrap();
    let why = tracemark::outbox::Pause::Auth("Invalid credentials".into());
    assert_eq!(world.sender().paused(), Some((&why, None)));
    let left = world.store.lock().open_writes(&world.scope).unwrap();
    assert_eq!(left.into_iter().map(|row| row.seq).collect::<Vec<_>>(), seqs);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_show_scores_is_believed_after_a_minute() {
    let world = World::new().await;
    world.all_well().await;
    world.on("GET", "v3/scores", 404, json!({"message": "not in this mode"})).await;
    let seq = world.decide("i1", &[score("s1", 1.0)])[0];
    with_sender(world, async |world| {
        assert_eq!(world.changed().await.state, Sent);
        wait(30).await;
        world.asked("GET v3/scores", 1).await;
        assert_eq!(world.state(seq), Sent);
        wait(30).await;
        let row = world.changed().await;
        let note = "taken by the server; cannot be looked up: not in this mode";
        assert_eq!((row.state, row.last_error.as_deref()), (Confirmed, Some(note)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_update_is_confirmed_by_its_value() {
    let world = World::new().await;
    world.all_well().await;
    let older = ResponseTemplate::new(200).set_body_json(shown(&[("s1", 1.0)]));
    world.once("GET", "v3/scores", older.clone()).await;
    world.once("GET", "v3/scores", older).await;
    world.on("GET", "v3/scores", 200, shown(&[("s1", 2.0)])).await;
    world.decide("i1", &[score("s1", 1.0)]);
    with_sender(world, async |world| {
        assert_eq!(world.changed().await.state, Sent);
        wait(1).await;
        assert_eq!(world.changed().await.state, Confirmed);
        let seq = world.decide("i1", &[score("s1", 2.0)])[0];
        world.wake.notify_one();
        assert_eq!(world.changed().await.state, Sent);
        wait(1).await;
        world.asked("GET v3/scores", 2).await;
        assert_eq!(world.state(seq), Sent, "the older value is still shown");
        wait(2).await;
        assert_eq!(world.changed().await.state, Confirmed);
    })
    .await;
}
