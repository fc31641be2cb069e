//! What happens when a write is sent again: nothing is there twice.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value as Json, json};
use tracemark::domain::WriteState::{Confirmed, Pending};
use tracemark::domain::{DatasetItemWrite, Object, ObjectKind, Undone, Write};
use wiremock::ResponseTemplate;

use crate::world::{World, at, comment, comments, decision, now, pass, score};

const ITEMS: &str = "annotation-queues/q1/items";

fn object() -> Object {
    Object { kind: ObjectKind::Trace, id: "t1".into() }
}

fn addition() -> Write {
    Write::AddItem { queue_id: "q1".into(), object: object() }
}

fn item(id: &str, object: &str, created: i64) -> Json {
    json!({"id": id, "queueId": "q1", "objectId": object, "objectType": "TRACE", "status": "PENDING",
        "completedAt": null, "createdAt": at(created), "updatedAt": at(created)})
}

fn items(list: &[Json]) -> Json {
    json!({"data": list, "meta": {"page": 1, "limit": 100, "totalItems": list.len(), "totalPages": 1}})
}

#[tokio::test]
async fn what_was_made_is_known_by_its_id() {
    let mut world = World::new().await;
    world.all_well().await;
    world.on("POST", ITEMS, 200, item("new", "t1", 0)).await;
    let seqs = world.decide("i1", &[comment("hm"), addition()]);
    assert_eq!(world.flush().await, 2);
    let answers = seqs.iter().map(|seq| world.row(*seq).answer.unwrap()).collect::<Vec<_>>();
    assert_eq!(answers, ["c", "new"]);
}

#[rstest]
#[case::it_arrived(&[item("new", "t1", 1), item("old", "t1", -500)], "new", 1)]
#[case::the_first_of_two(&[item("later", "t1", 5), item("new", "t1", 1)], "new", 1)]
#[case::it_did_not(&[item("other", "t2", 1), item("old", "t1", -500)], "made", 2)]
#[tokio::test]
async fn an_item_whose_answer_got_lost(#[case] there: &[Json], #[case] answer: &str, #[case] posts: usize) {
    let mut world = World::new().await;
    world.hangs_up_once("POST", ITEMS).await;
    world.on("POST", ITEMS, 200, item("made", "t1", 10)).await;
    world.on("GET", ITEMS, 200, items(there)).await;
    let seq = world.decide("i1", &[addition()])[0];
    assert_eq!(world.flush().await, 0);
    pass(10);
    assert_eq!(world.flush().await, 1);
    assert_eq!((world.state(seq), world.row(seq).answer.as_deref()), (Confirmed, Some(answer)));
    let sent = world.requests().await.iter().filter(|r| r.starts_with("POST")).count();
    assert_eq!(sent, posts);
}

#[tokio::test]
async fn the_same_said_twice_is_there_twice() {
    let mut world = World::new().await;
    let first = ResponseTemplate::new(200).set_body_json(json!({"id": "hm"}));
    world.once("POST", "comments", first).await;
    world.hangs_up_once("POST", "comments").await;
    world.all_well().await;
    // The server shows the first one, whose id is its content.
    world.on("GET", "comments", 200, comments(&[("hm", at(0))])).await;
    let seqs = world.decide("i1", &[comment("hm"), comment("hm")]);
    assert_eq!((world.flush().await, world.flush().await), (1, 1));
    assert_eq!(world.states(&seqs), [Confirmed; 2]);
    let posts = world.requests().await.iter().filter(|r| *r == "POST comments").count();
    assert_eq!(posts, 3, "the second one was not there yet");
}

#[tokio::test]
async fn what_was_gone_already_is_gone() {
    let mut world = World::new().await;
    for path in ["annotation-queues/q1/items/i9", "dataset-items/d1"] {
        world.on("DELETE", path, 404, json!({"message": "not found"})).await;
    }
    let remove = Write::RemoveItem { queue_id: "q1".into(), item_id: "i9".into(), object: object() };
    let seq = world.decide("i9", &[remove])[0];
    let there = DatasetItemWrite {
        id: "d1".into(),
        dataset: "gold".into(),
        input: Some("{\"q\": 1}".into()),
        expected_output: None,
        metadata: None,
        source_trace: Some("t1".into()),
        source_observation: None,
    };
    let gone = Write::DeleteDatasetItem { id: "d1".into(), dataset: "gold".into() };
    let mut decision = decision("i1", &gone);
    decision.made.before = Some(Box::new(Write::DatasetItem(there)));
    let other = world.store.lock().record(&world.scope, &decision, now()).unwrap().seq;
    world.store.lock().release(&world.scope, None, None, now()).unwrap();
    assert_eq!(world.flush().await, 2);
    assert_eq!(world.states(&[seq, other]), [Confirmed; 2]);
    assert_eq!(world.error(seq), "it was gone already");
}

#[tokio::test]
async fn a_dataset_item_is_written_with_its_own_id() {
    let mut world = World::new().await;
    world.hangs_up_once("POST", "dataset-items").await;
    world.on("POST", "dataset-items", 200, json!({"id": "d1"})).await;
    let write = Write::DatasetItem(DatasetItemWrite {
        id: "d1".into(),
        dataset: "gold".into(),
        input: Some("{\"q\": 1}".into()),
        expected_output: Some("\"yes\"".into()),
        metadata: None,
        source_trace: Some("t1".into()),
        source_observation: None,
    });
    let seqs = world.decide("i1", &[write]);
    assert_eq!((world.flush().await, world.flush().await), (0, 1));
    assert_eq!(world.states(&seqs), [Confirmed]);
    let requests = world.server.received_requests().await.unwrap();
    let bodies: Vec<Json> = requests.iter().map(|r| r.body_json().unwrap()).collect();
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!((&bodies[0]["id"], &bodies[0]["expectedOutput"]), (&json!("d1"), &json!("yes")));
}

#[tokio::test]
async fn what_certainly_did_not_arrive_can_still_be_taken_back() {
    let mut world = World::new().await;
    let full = ResponseTemplate::new(429).set_body_json(json!({"message": "slow down"}));
    world.once("POST", "comments", full.insert_header("Retry-After", "17")).await;
    let seq = world.decide("i1", &[comment("hm")])[0];
    assert_eq!(world.flush().await, 0);
    let row = world.row(seq);
    assert_eq!((row.state, row.attempts, row.next_attempt_at), (Pending, 0, Some(at(17))));
    assert_eq!(row.last_error.as_deref(), Some("slow down; try again in 17 s"));
    let undone = world.store.lock().undo(&world.scope, "", false, now()).unwrap();
    assert!(matches!(undone, Undone::Done { sends: false, .. }), "{undone:?}");
    pass(17);
    assert_eq!(world.flush().await, 0);
}

#[tokio::test]
async fn a_machine_without_a_server_tries_nothing() {
    let mut world = World::new().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    world.moves_to(&format!("http://{nobody}"));
    let seqs = world.decide("i1", &[score("s1", 1.0), comment("hm")]);
    assert_eq!(world.flush().await, 0);
    assert_eq!(world.states(&seqs), [Pending; 2]);
    assert!(seqs.iter().all(|seq| world.row(*seq).is_untried()));
    assert!(world.error(seqs[0]).contains("refused"), "{}", world.error(seqs[0]));
    assert!(world.sender().paused().is_some());
}
