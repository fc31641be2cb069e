//! Queues, items, configs, comments, media, and who the server is.

use serde_json::{Value, json};
use wiremock::matchers::{path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::api::{Capabilities, Retry};
use crate::domain::{CommentWrite, Counts, ItemStatus, Object, ObjectKind};

fn page(data: &[Value], total: usize, pages: usize) -> Value {
    json!({"data":data,"meta":{"page":1,"limit":100,"totalItems":total,"totalPages":pages}})
}

/// A server with two pages at one address.
async fn two_pages(at: &str, first: &[Value], second: &[Value]) -> (MockServer, Client) {
    let server = MockServer::start().await;
    let total = first.len() + second.len();
    for (number, rows) in [("1", first), ("2", second)] {
        Mock::given(path(format!("/api/public/{at}")))
            .and(query_param("page", number))
            .and(query_param("limit", "100"))
            .respond_with(ok(&page(rows, total, 2)))
            .mount(&server)
            .await;
    }
    let client = client(&server.uri());
    (server, client)
}

fn item_json(id: &str, status: &str) -> Value {
    json!({"id":id,"queueId":"q1","objectId":"t1","objectType":"TRACE","status":status,"completedAt":null,
        "createdAt":"2026-11-24T06:12:25.350Z","updatedAt":"2026-11-24T06:12:25.350Z"})
}

#[tokio::test]
async fn queues_and_items_come_by_page() {
    let body = page(&[queue_json("q2"), queue_json("q1")], 7, 4);
    let (queues_server, client) = server("GET", "annotation-queues", ok(&body)).await;
    let queues = client.queues(3, 2).await.unwrap();
    assert_eq!((queues.data.len(), queues.total, queues.pages), (2, 7, 4));
    assert_eq!(
        query(&requests(&queues_server).await[0]),
        [("page".into(), "3".into()), ("limit".into(), "2".into())]
    );

    let body = page(&[item_json("i1", "PENDING")], 1, 1);
    let (items_server, client) = server("GET", "annotation-queues/q1/items", ok(&body)).await;
    let items = client.items(&"q1".into(), Some(ItemStatus::Pending), 1, 100).await.unwrap();
    assert_eq!(items.data[0].id.as_str(), "i1");
    assert_eq!(parameter(&requests(&items_server).await[0], "status").as_deref(), Some("PENDING"));
    client.items(&"q1".into(), None, 1, 100).await.unwrap();
    assert_eq!(parameter(&requests(&items_server).await[1], "status"), None);
}

#[tokio::test]
async fn items_are_read_and_completed() {
    let (server, client) =
        server("PATCH", "annotation-queues/q1/items/i1", ok(&item_json("i1", "COMPLETED"))).await;
    let item = client.set_status(&"q1".into(), &"i1".into(), ItemStatus::Completed).await.unwrap();
    assert_eq!(item.status, ItemStatus::Completed);
    let body: Value = requests(&server).await[0].body_json().unwrap();
    assert_eq!(body, json!({"status":"COMPLETED"}));
    let error = client.item(&"q1".into(), &"i1".into()).await.unwrap_err();
    assert!(error.is_not_found());
    let (_server, client) =
        super::server("PATCH", "annotation-queues/q1/items/i1", ResponseTemplate::new(200)).await;
    let error = client.set_status(&"q1".into(), &"i1".into(), ItemStatus::Completed).await.unwrap_err();
    assert_eq!(error.retry, Retry::Transient { after: None });
}

#[tokio::test]
async fn counts_take_two_small_requests() {
    let server = MockServer::start().await;
    for (status, total) in [("PENDING", 34), ("COMPLETED", 5)] {
        Mock::given(query_param("status", status))
            .and(query_param("limit", "1"))
            .respond_with(ok(&page(&[item_json("i", status)], total, total)))
            .mount(&server)
            .await;
    }
    let counts = client(&server.uri()).counts(&"q1".into()).await.unwrap();
    assert_eq!(counts, Counts { pending: 34, completed: 5 });
}

#[tokio::test]
async fn configs_of_all_pages() {
    let config =
        |id: &str, data_type: &str| json!({"id":id,"name":"n","dataType":data_type,"isArchived":true});
    let first = [config("a", "NUMERIC"), config("b", "DATE")];
    let (_server, client) =
        two_pages("score-configs", &first, &[config("a", "NUMERIC"), config("c", "TEXT")]).await;
    let configs = client.score_configs().await.unwrap();
    assert_eq!(configs.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["a", "c"]);
}

#[tokio::test]
async fn comments_of_all_pages_in_order_of_time() {
    let comment = |id: &str, second: u8| {
        json!({"id":id,"objectType":"TRACE","objectId":"t1","content":id,"authorUserId":null,
            "createdAt":format!("2026-11-24T06:12:{second:02}.000Z")})
    };
    let first = [comment("c", 3), comment("a", 1)];
    let (server, client) = two_pages("comments", &first, &[comment("b", 2), comment("a", 1)]).await;
    let object = Object { kind: ObjectKind::Trace, id: "t1".into() };
    let comments = client.comments(&object).await.unwrap();
    assert_eq!(comments.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(parameter(&requests(&server).await[0], "objectType").as_deref(), Some("TRACE"));
}

#[tokio::test]
async fn a_comment_is_written_once() {
    let write = CommentWrite {
        object: Object { kind: ObjectKind::Observation, id: "o1".into() },
        content: "hm".into(),
        author: Some("u1".into()),
    };
    let (server, client) = server("POST", "comments", ok(&json!({"id":"c1"}))).await;
    assert_eq!(client.post_comment(&"p1".into(), &write).await.unwrap().as_str(), "c1");
    let body: Value = requests(&server).await[0].body_json().unwrap();
    assert_eq!(
        body,
        json!({"projectId":"p1","objectType":"OBSERVATION","objectId":"o1","content":"hm","authorUserId":"u1"})
    );
    // An odd answer must not make anyone send it again.
    let (_server, client) = super::server("POST", "comments", ResponseTemplate::new(200)).await;
    assert_eq!(client.post_comment(&"p1".into(), &write).await.unwrap().as_str(), "");
}

#[tokio::test]
async fn media_say_where_they_are() {
    let body = json!({"mediaId":"m1","contentType":"image/png","contentLength":"12","uploadedAt":null,
        "url":"https://storage.example/m1?sig=x","urlExpiry":"2026-11-24T07:00:00.000Z"});
    let (_server, client) = server("GET", "media/m1", ok(&body)).await;
    let media = client.media("m1").await.unwrap();
    assert_eq!((media.content_type.as_str(), media.length), ("image/png", Some(12)));
    assert_eq!(media.expires_at.unwrap().to_string(), "2026-11-24T07:00:00Z");
}

/// A server whose parts answer as given; a part left out is not there.
async fn parts(answers: Vec<(&str, ResponseTemplate)>) -> (MockServer, Client) {
    let server = MockServer::start().await;
    for (at, answer) in answers {
        Mock::given(path(format!("/api/public/{at}"))).respond_with(answer).mount(&server).await;
    }
    Mock::given(wiremock::matchers::any()).respond_with(html(404)).with_priority(9).mount(&server).await;
    let client = client(&server.uri());
    (server, client)
}

fn projects() -> ResponseTemplate {
    ok(&json!({"data":[{"id":"p1","name":"Support","organization":{"id":"o","name":"Acme"},"metadata":{}}]}))
}

#[tokio::test]
async fn probing_tells_what_there_is() {
    let list = || ok(&json!({"data":[],"meta":{}}));
    let health = || ok(&json!({"status":"OK","version":"4.16.0"}));
    let newest = vec![
        ("health", health()),
        ("projects", projects()),
        ("v2/observations", list()),
        ("v3/scores", list()),
    ];
    let (_server, client) = parts(newest).await;
    let server = client.probe().await.unwrap();
    assert_eq!(server.version.as_deref(), Some("4.16.0"));
    assert_eq!((server.project_id.as_str(), server.project_name.as_str()), ("p1", "Support"));
    assert_eq!(server.organization.as_deref(), Some("Acme"));
    assert_eq!(server.capabilities, Capabilities { observations_v2: true, scores_v3: true });

    let mode =
        json!({"message":"The observations v2 API is only available …","error":"LangfuseNotFoundError"});
    let older = vec![
        ("projects", projects()),
        ("v2/observations", ResponseTemplate::new(404).set_body_json(mode)),
        ("v3/scores", ResponseTemplate::new(429).insert_header("retry-after", "57")),
    ];
    let (_server, client) = parts(older).await;
    let server = client.probe().await.unwrap();
    assert_eq!(server.version, None);
    assert_eq!(server.capabilities, Capabilities { observations_v2: false, scores_v3: true });
}

#[tokio::test]
async fn probing_with_the_wrong_keys_fails() {
    let refused = ResponseTemplate::new(401).set_body_json(json!({"message":"Invalid credentials."}));
    let (_server, client) = parts(vec![("projects", refused)]).await;
    assert_eq!(client.probe().await.unwrap_err().retry, Retry::Auth);
    let (_server, client) = parts(vec![]).await;
    assert!(client.probe().await.unwrap_err().is_missing_route());
}
