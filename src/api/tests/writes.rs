//! Items put into queues and taken out, found again, and items of datasets.

use serde_json::{Value, json};
use wiremock::matchers::{path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::api::{DatasetItem, Removal, Retry};
use crate::domain::{Item, ItemStatus, Object, ObjectKind};

const ITEMS: &str = "annotation-queues/q1/items";

fn trace(id: &str) -> Object {
    Object { kind: ObjectKind::Trace, id: id.into() }
}

/// Seconds into the minute in which the tests happen.
fn at(second: i64) -> Timestamp {
    clock() + jiff::SignedDuration::from_secs(second)
}

fn item(id: &str, object: &str, created: i64) -> Value {
    json!({"id":id,"queueId":"q1","objectId":object,"objectType":"TRACE","status":"PENDING",
        "completedAt":null,"createdAt":at(created),"updatedAt":at(created)})
}

fn not_found(message: &str) -> ResponseTemplate {
    ResponseTemplate::new(404).set_body_json(json!({"message":message,"error":"LangfuseNotFoundError"}))
}

fn page(rows: &[Value], total: usize, pages: usize) -> ResponseTemplate {
    ok(&json!({"data":rows,"meta":{"page":1,"limit":100,"totalItems":total,"totalPages":pages}}))
}

/// Answers to one page of items, in turn; the last one stays.
async fn page_says(server: &MockServer, number: &str, answers: Vec<ResponseTemplate>) {
    let last = answers.len() - 1;
    for (i, answer) in answers.into_iter().enumerate() {
        let mock = Mock::given(method("GET"))
            .and(path(format!("/api/public/{ITEMS}")))
            .and(query_param("page", number))
            .respond_with(answer);
        let mock = if i == last { mock } else { mock.up_to_n_times(1) };
        mock.mount(server).await;
    }
}

fn ids(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.id.as_str()).collect()
}

#[tokio::test]
async fn an_object_is_put_into_a_queue() {
    let (server, client) = server("POST", ITEMS, ok(&item("i9", "trace-019", 0))).await;
    let added = client.add_item(&"q1".into(), &trace("trace-019")).await.unwrap();
    assert_eq!((added.id.as_str(), added.status), ("i9", ItemStatus::Pending));
    let sent: Value = requests(&server).await[0].body_json().unwrap();
    assert_eq!(sent, json!({"objectId":"trace-019","objectType":"TRACE"}));
}

#[tokio::test]
async fn an_addition_with_an_unreadable_answer_may_have_been_done() {
    for answer in [ResponseTemplate::new(200).set_body_string("{\"id\":"), html(200)] {
        let (_server, client) = server("POST", ITEMS, answer).await;
        let error = client.add_item(&"q1".into(), &trace("t1")).await.unwrap_err();
        assert_eq!(
            (error.retry, error.never_arrived()),
            (Retry::Transient { after: None }, false),
            "{error:?}"
        );
    }
    let (_server, client) = server("POST", ITEMS, not_found("Annotation queue not found")).await;
    let error = client.add_item(&"q1".into(), &trace("t1")).await.unwrap_err();
    assert_eq!((error.retry, error.status), (Retry::Permanent, Some(404)));
}

#[tokio::test]
async fn what_is_gone_already_is_told_from_what_failed() {
    let removed = json!({"success":true,"message":"Annotation queue item deleted successfully"});
    let failed = Err(Retry::Transient { after: None });
    for (answer, wanted) in [
        (ok(&removed), Ok(Removal::Removed)),
        (not_found("Annotation queue item not found"), Ok(Removal::WasGone)),
        (html(404), Err(Retry::Permanent)),
        (ResponseTemplate::new(404), Err(Retry::Permanent)),
        (ResponseTemplate::new(500), failed),
        (html(200), failed),
        (ResponseTemplate::new(401), Err(Retry::Auth)),
    ] {
        let (_server, client) = server("DELETE", &format!("{ITEMS}/i1"), answer.clone()).await;
        let outcome = client.remove_item(&"q1".into(), &"i1".into()).await;
        assert_eq!(outcome.map_err(|error| error.retry), wanted);
        let (_server, client) = server("DELETE", "dataset-items/di-1", answer).await;
        let outcome = client.delete_dataset_item("di-1").await;
        assert_eq!(outcome.map_err(|error| error.retry), wanted);
    }
}

#[tokio::test]
async fn an_object_is_looked_for_among_the_newest_items_only() {
    let server = MockServer::start().await;
    let first = [item("i7", "other", 50), item("i6", "t1", 40)];
    // What arrived meanwhile pushed `i6` onto the second page.
    let second = [item("i6", "t1", 40), item("i5", "t1", 30), item("i4", "t1", 29)];
    page_says(&server, "1", vec![page(&first, 6, 3)]).await;
    page_says(&server, "2", vec![page(&second, 7, 3)]).await;
    let found = client(&server.uri()).items_of_object(&"q1".into(), &trace("t1"), at(30)).await.unwrap();
    assert_eq!(ids(&found), ["i6", "i5"]);
    assert_eq!(requests(&server).await.len(), 2, "nothing on the third page can be new enough");
    let session = Object { kind: ObjectKind::Session, id: "t1".into() };
    let found = client(&server.uri()).items_of_object(&"q1".into(), &session, at(30)).await.unwrap();
    assert_eq!(ids(&found), [""; 0]);
}

#[tokio::test]
async fn a_search_begins_anew_when_items_vanish_under_it() {
    let server = MockServer::start().await;
    let before = [item("i4", "gone", 50), item("i3", "other", 40)];
    let after = [item("i3", "other", 40), item("i2", "t1", 30)];
    page_says(&server, "1", vec![page(&before, 4, 2), page(&after, 3, 2)]).await;
    page_says(&server, "2", vec![page(&[item("i1", "other", 20)], 3, 2)]).await;
    let found = client(&server.uri()).items_of_object(&"q1".into(), &trace("t1"), at(0)).await.unwrap();
    assert_eq!(ids(&found), ["i2"]);
    assert_eq!(requests(&server).await.len(), 4);
}

#[tokio::test]
async fn a_search_that_cannot_end_says_so() {
    let server = MockServer::start().await;
    page_says(&server, "1", vec![page(&[item("i4", "other", 50)], 9, 2)]).await;
    page_says(&server, "2", vec![page(&[item("i3", "other", 40)], 8, 2)]).await;
    let error = client(&server.uri()).items_of_object(&"q1".into(), &trace("t1"), at(0)).await.unwrap_err();
    assert_eq!(error.retry, Retry::Transient { after: None });
}

#[tokio::test]
async fn items_of_datasets_keep_their_json_as_it_is() {
    let answer = json!({"id":"di-1","datasetId":"d1","status":"ACTIVE","datasetName":"support-golden"});
    let (server, client) = server("POST", "dataset-items", ok(&answer)).await;
    let whole = DatasetItem {
        dataset: "support-golden",
        id: "di-1",
        input: Some(r#"[{"n": 12345678901234567890}]"#),
        expected_output: Some("\"Paris.\""),
        metadata: Some("null"),
        trace: Some("trace-000"),
        observation: Some("trace-000-gen"),
    };
    client.put_dataset_item(&whole).await.unwrap();
    let bare = DatasetItem {
        input: None,
        expected_output: None,
        metadata: None,
        trace: None,
        observation: None,
        ..whole
    };
    client.put_dataset_item(&bare).await.unwrap();
    let sent: Vec<String> =
        requests(&server).await.iter().map(|r| String::from_utf8_lossy(&r.body).into()).collect();
    assert_eq!(
        sent[0],
        r#"{"datasetName":"support-golden","id":"di-1","input":[{"n": 12345678901234567890}],"expectedOutput":"Paris.","metadata":null,"sourceTraceId":"trace-000","sourceObservationId":"trace-000-gen"}"#
    );
    assert_eq!(sent[1], r#"{"datasetName":"support-golden","id":"di-1"}"#);
    let broken = DatasetItem { expected_output: Some("Paris."), ..whole };
    let error = client.put_dataset_item(&broken).await.unwrap_err();
    assert_eq!(
        (error.retry, error.message.as_str()),
        (Retry::Permanent, "the expected output of the dataset item is no JSON")
    );
    assert_eq!(requests(&server).await.len(), 2, "it is not sent");
}
