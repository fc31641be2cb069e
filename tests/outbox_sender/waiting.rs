//! The running task: what it waits for, and how sent scores are confirmed. Time is paused and
//! moves only in [`Running::pass`].

use std::time::Duration;

use pretty_assertions::assert_eq;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracemark::domain::WriteState::{Confirmed, Pending, Sending, Sent};
use tracemark::domain::{WriteState, Written};
use tracemark::outbox::{OutboxUpdate, Pause, Sender};
use tracemark::store::Store;
use wiremock::ResponseTemplate;

use crate::world::{World, at, comment, decision, now, pass, score, shown};

/// Runs a test while the sender runs, with time standing still in between.
pub async fn with_sender<F: AsyncFnOnce(&mut World)>(mut world: World, test: F) -> World {
    // A blocking task in flight keeps tokio from moving the time on while sockets are waited for.
    let (free, held) = std::sync::mpsc::channel::<()>();
    let holder = tokio::task::spawn_blocking(move || held.recv().is_err());
    let shutdown = CancellationToken::new();
    let sender = world.take_sender().run(shutdown.clone());
    let script = async {
        test(&mut world).await;
        shutdown.cancel();
    };
    tokio::join!(sender, script);
    drop(free);
    assert!(holder.await.unwrap());
    world
}

/// Lets time pass for the task and on the wall clock.
pub async fn wait(seconds: i64) {
    pass(seconds);
    tokio::time::advance(Duration::from_secs(seconds.unsigned_abs())).await;
}

/// Lets the task and the sockets get on. Timers of the task may fire a little early: it goes by
/// the wall clock.
async fn spin() {
    tokio::time::advance(Duration::from_millis(5)).await;
    tokio::task::yield_now().await;
}

impl World {
    pub async fn update(&mut self) -> OutboxUpdate {
        loop {
            match self.updates.try_recv() {
                Ok(update) => return update,
                Err(_) => spin().await,
            }
        }
    }

    /// The next change of a row to another state than Sending.
    pub async fn changed(&mut self) -> Written {
        loop {
            match self.update().await {
                OutboxUpdate::Changed(row) if row.state != Sending => return row,
                OutboxUpdate::Changed(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    pub async fn paused(&mut self) -> Pause {
        loop {
            if let OutboxUpdate::Paused { why, .. } = self.update().await {
                return why;
            }
        }
    }

    /// Waits until the server has had as many requests that start so.
    pub async fn asked(&self, what: &str, times: usize) {
        while self.count(what).await < times {
            spin().await;
        }
        assert_eq!(self.count(what).await, times);
    }

    async fn count(&self, what: &str) -> usize {
        self.requests().await.iter().filter(|request| request.starts_with(what)).count()
    }

    pub fn state(&self, seq: i64) -> WriteState {
        self.row(seq).state
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_released_is_sent_when_woken_and_seen_later() {
    let world = World::new().await;
    let nothing = ResponseTemplate::new(200).set_body_json(shown(&[]));
    world.once("GET", "v3/scores", nothing).await;
    world.on("GET", "v3/scores", 200, shown(&[("s1", 1.0)])).await;
    world.all_well().await;
    let world = with_sender(world, async |world| {
        wait(3600).await;
        let seq = world.decide("i1", &[score("s1", 1.0)])[0];
        world.wake.notify_one();
        assert_eq!(world.changed().await.state, Sent);
        wait(1).await;
        world.asked("GET v3/scores", 1).await;
        wait(2).await;
        let seen = world.changed().await;
        assert_eq!((seen.seq, seen.state, seen.last_error), (seq, Confirmed, None));
        wait(3600).await;
    })
    .await;
    // An hour of nothing to do before and after costs no request.
    assert_eq!(world.requests().await, ["POST scores", "GET v3/scores", "GET v3/scores"]);
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_kept_to_the_second() {
    let world = World::new().await;
    world.all_well().await;
    with_sender(world, async |world| {
        let seq = {
            let mut store = world.store.lock();
            let row = store.record(&world.scope, &decision("i1", &comment("hm")), now()).unwrap();
            store.release(&world.scope, None, Some(at(10)), now()).unwrap();
            row.seq
        };
        world.wake.notify_one();
        wait(9).await;
        assert_eq!(world.state(seq), Pending);
        wait(1).await;
        assert_eq!(world.changed().await.state, Confirmed);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_network_is_tried_again_by_itself_and_keys_only_when_woken() {
    let world = World::new().await;
    world.hangs_up_once("POST", "comments").await;
    let refusal = ResponseTemplate::new(401).set_body_json(json!({"message": "Invalid credentials"}));
    world.once("POST", "comments", refusal).await;
    world.all_well().await;
    world.on("GET", "comments", 200, crate::world::comments(&[])).await;
    let seq = world.decide("i1", &[comment("hm")])[0];
    with_sender(world, async |world| {
        assert!(matches!(world.paused().await, Pause::Offline(_)));
        wait(2).await;
        assert_eq!(world.paused().await, Pause::Auth("Invalid credentials".into()));
        assert_eq!(world.changed().await.state, Pending);
        wait(3600).await;
        assert_eq!((world.state(seq), world.count("POST comments").await), (Pending, 2));
        world.wake.notify_one();
        while world.update().await != OutboxUpdate::Resumed {}
        assert_eq!(world.changed().await.state, Confirmed);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_run_left_is_sent_and_shutting_down_sends_what_is_due() {
    let world = World::new().await;
    world.all_well().await;
    world.on("GET", "v3/scores", 200, shown(&[])).await;
    let crashed = world.decide("i1", &[score("s1", 1.0)])[0];
    assert!(world.store.lock().claim(&world.scope, now()).unwrap().is_some());
    let held =
        world.store.lock().record(&world.scope, &decision("i2", &score("s2", 1.0)), now()).unwrap().seq;
    let mut last = 0;
    let world = with_sender(world, async |world| {
        assert_eq!((world.changed().await.seq, world.changed().await.seq), (crashed, held));
        last = world.decide("i3", &[comment("bye")])[0];
    })
    .await;
    assert_eq!(world.states(&[crashed, held, last]), [Sent, Sent, Confirmed]);
    assert_eq!(world.row(crashed).attempts, 2);
}

#[test]
fn the_task_can_move_between_threads() {
    fn check<T: Send>(_: impl FnOnce(Sender, CancellationToken) -> T) {}
    check(Sender::run);
}

#[tokio::test(start_paused = true)]
async fn what_a_full_disk_left_half_done_goes_on_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tracemark.db");
    let world = World::with(Store::open(&path, now()).unwrap().store).await;
    world.all_well().await;
    let disk = rusqlite::Connection::open(&path).unwrap();
    disk.execute_batch(
        "CREATE TRIGGER full BEFORE UPDATE ON outbox WHEN new.state = 'sent'
         BEGIN SELECT RAISE(ABORT, 'disk is full'); END",
    )
    .unwrap();
    with_sender(world, async |world| {
        let seq = world.decide("i1", &[score("s1", 1.0)])[0];
        world.wake.notify_one();
        let told = loop {
            match world.update().await {
                OutboxUpdate::Changed(_) => {}
                other => break other,
            }
        };
        assert!(matches!(&told, OutboxUpdate::Failed(why) if why.contains("disk is full")), "{told:?}");
        assert_eq!(world.state(seq), Sending);
        disk.execute_batch("DROP TRIGGER full").unwrap();
        wait(60).await;
        assert_eq!(world.changed().await.state, Sent);
        assert_eq!(world.count("POST scores").await, 2, "the same score under the same id");
    })
    .await;
}
