//! Two people, one queue: who completes an item first.

use pretty_assertions::assert_eq;
use serde_json::json;
use tracemark::domain::WriteState::{Confirmed, Conflict, Pending, Refused, Sent};
use tracemark::domain::{ItemStatus, Source, Write};
use wiremock::ResponseTemplate;

use crate::world::{World, at, comment, complete, deletion, item, pass, score};

const ITEM: &str = "annotation-queues/q1/items/i1";
const TAKEN: &str = "someone else completed this item at 2027-01-15T07:59:55Z";

fn answer(status: &str, completed: Option<i64>) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(item(status, completed.map(at)))
}

#[tokio::test]
async fn what_was_decided_on_an_item_that_someone_else_completed_is_parked() {
    let mut world = World::new().await;
    world.on("GET", ITEM, 200, item("COMPLETED", Some(at(-5)))).await;
    world.all_well().await;
    let writes = [score("s1", 1.0), deletion("s0"), comment("hm"), complete("i1")];
    let seqs = world.decide("i1", &writes);
    assert_eq!(world.flush().await, 1);
    assert_eq!(world.requests().await, [format!("GET {ITEM}")]);
    assert_eq!(world.states(&seqs), [Conflict, Conflict, Conflict, Confirmed]);
    assert_eq!(seqs.iter().map(|seq| world.error(*seq)).collect::<Vec<_>>(), [TAKEN; 4]);
    assert!(seqs[..3].iter().all(|seq| world.row(*seq).is_untried()));
    // The reviewer says: send it anyway.
    for seq in &seqs[..2] {
        assert!(world.store.lock().retry(*seq, at(0)).unwrap());
    }
    assert_eq!(world.flush().await, 2);
    assert_eq!(world.states(&seqs), [Sent, Confirmed, Conflict, Confirmed]);
}

#[tokio::test]
async fn independent_raters_send_theirs_whoever_completes_the_item() {
    let mut world = World::new().await;
    world.on("GET", ITEM, 200, item("COMPLETED", Some(at(-5)))).await;
    world.all_well().await;
    let Write::Score(one) = score("s1", 1.0) else { unreachable!() };
    let own = Write::Score(tracemark::domain::ScoreWrite { source: Source::Api, ..one });
    let seqs = world.decide("i1", &[own, comment("hm"), complete("i1")]);
    assert_eq!(world.flush().await, 3);
    assert_eq!(world.states(&seqs), [Sent, Confirmed, Confirmed]);
    assert_eq!(world.error(seqs[2]), TAKEN);
    assert_eq!(world.requests().await, [&format!("GET {ITEM}"), "POST scores", "POST comments"]);
}

#[tokio::test]
async fn an_item_that_is_gone_takes_only_its_completion_along() {
    let mut world = World::new().await;
    world.on("GET", ITEM, 404, json!({"message": "Annotation queue item not found"})).await;
    world.all_well().await;
    let seqs = world.decide("i1", &[score("s1", 1.0), comment("hm"), complete("i1")]);
    assert_eq!(world.flush().await, 2);
    assert_eq!(world.states(&seqs), [Sent, Confirmed, Refused]);
    let why = "the item is no longer in the queue; what you decided on it is sent all the same";
    assert_eq!(world.error(seqs[2]), why);
}

#[tokio::test]
async fn a_completion_whose_answer_got_lost_is_not_someone_elses() {
    let mut world = World::new().await;
    world.once("GET", ITEM, answer("PENDING", None)).await;
    world.hangs_up_once("PATCH", ITEM).await;
    world.on("GET", ITEM, 200, item("COMPLETED", Some(at(1)))).await;
    let seqs = world.decide("i1", &[complete("i1")]);
    assert_eq!((world.flush().await, world.flush().await), (0, 1));
    assert_eq!((world.states(&seqs), world.error(seqs[0])), (vec![Confirmed], String::new()));
}

#[tokio::test]
async fn nor_is_one_of_an_earlier_decision_that_was_never_taken_back_for_real() {
    let mut world = World::new().await;
    world.once("GET", ITEM, answer("PENDING", None)).await;
    world.once("GET", ITEM, answer("COMPLETED", Some(0))).await;
    world.once("PATCH", ITEM, answer("COMPLETED", Some(0))).await;
    world.hangs_up_once("PATCH", ITEM).await;
    world.on("GET", ITEM, 200, item("COMPLETED", Some(at(0)))).await;
    world.all_well().await;
    world.decide("i1", &[complete("i1")]);
    assert_eq!(world.flush().await, 1);
    pass(3600);
    let reopen = Write::Status { queue_id: "q1".into(), item_id: "i1".into(), status: ItemStatus::Pending };
    world.decide("i1", &[reopen]);
    assert_eq!(world.flush().await, 0);
    let seqs = world.decide("i1", &[score("s1", 1.0), complete("i1")]);
    assert_eq!(world.flush().await, 2);
    assert_eq!((world.states(&seqs), world.error(seqs[1])), (vec![Sent, Confirmed], String::new()));
}

#[tokio::test]
async fn while_the_item_cannot_be_read_everything_waits() {
    let mut world = World::new().await;
    world.hangs_up_once("GET", ITEM).await;
    world.hangs_up_once("GET", ITEM).await;
    world.hangs_up_once("GET", ITEM).await;
    world.hangs_up_once("GET", ITEM).await;
    world.all_well().await;
    let seqs = world.decide("i1", &[score("s1", 1.0), comment("hm"), complete("i1")]);
    assert_eq!(world.flush().await, 0);
    assert_eq!(world.states(&seqs), [Pending; 3]);
    assert!(seqs.iter().all(|seq| world.row(*seq).is_untried() && !world.error(*seq).is_empty()));
    assert_eq!(world.flush().await, 3);
    assert_eq!(world.states(&seqs), [Sent, Confirmed, Confirmed]);
}
