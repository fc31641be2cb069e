//! Scores: reading all of them, writing one and many.

use serde_json::{Value, json};
use wiremock::matchers::{method, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::api::{Batch, Retry};
use crate::domain::{DataType, ScoreId, ScoreWrite, Source, Target, Value as ScoreValue};

pub(super) fn score(id: &str) -> ScoreWrite {
    ScoreWrite {
        id: id.into(),
        target: Target::Trace("t1".into()),
        config_id: Some("c1".into()),
        queue_id: Some("q1".into()),
        name: "helpfulness".into(),
        value: ScoreValue::Number(3.0),
        data_type: DataType::Numeric,
        comment: Some("why".into()),
        source: Source::Annotation,
        annotator: "ada".into(),
        timestamp: clock(),
        environment: Some("staging".into()),
    }
}

fn row(id: &str) -> Value {
    json!({"id":id,"name":"helpfulness","source":"API","dataType":"NUMERIC","value":1,"environment":"default",
        "timestamp":"2026-11-24T06:14:43.795Z","subject":{"kind":"trace","id":"t1"}})
}

/// Answers with `first` and a cursor, then with `second` at the cursor.
async fn two_parts(first: &[&str], second: &[&str]) -> (MockServer, Client) {
    let server = MockServer::start().await;
    let rows = |ids: &[&str]| ids.iter().map(|id| row(id)).collect::<Vec<_>>();
    Mock::given(query_param_is_missing("cursor"))
        .respond_with(ok(&json!({"data":rows(first),"meta":{"limit":100,"cursor":"a+b/="}})))
        .mount(&server)
        .await;
    Mock::given(query_param("cursor", "a+b/="))
        .respond_with(ok(&json!({"data":rows(second),"meta":{"limit":100}})))
        .mount(&server)
        .await;
    let client = client(&server.uri());
    (server, client)
}

#[tokio::test]
async fn all_parts_are_read_once() {
    let (server, client) = two_parts(&["a", "b"], &["b", "c"]).await;
    let scores = client.scores_of(&Target::Observation("t1".into(), "o1".into())).await.unwrap();
    assert_eq!(scores.iter().map(|s| s.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    let requests = requests(&server).await;
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert_eq!(request.url.path(), "/api/public/v3/scores");
        assert_eq!(parameter(request, "traceId").as_deref(), Some("t1"));
        assert_eq!(parameter(request, "fields").as_deref(), Some("core,details,subject,annotation"));
    }
}

#[tokio::test]
async fn a_cursor_that_does_not_move_ends() {
    let body = json!({"data":[row("a")],"meta":{"cursor":"same"}});
    let (server, client) = server("GET", "v3/scores", ok(&body)).await;
    assert_eq!(client.scores_of(&Target::Session("s1".into())).await.unwrap().len(), 1);
    let requests = requests(&server).await;
    assert_eq!(requests.len(), 2);
    assert_eq!(parameter(&requests[0], "sessionId").as_deref(), Some("s1"));
}

#[tokio::test]
async fn many_ids_take_several_short_requests() {
    let (server, client) = server("GET", "v3/scores", ok(&json!({"data":[],"meta":{}}))).await;
    let mut ids: Vec<ScoreId> = (0..150).map(|n| format!("{n:036}").into()).collect();
    ids.push("with,comma".into());
    client.scores_by_id(&ids).await.unwrap();
    let requests = requests(&server).await;
    let asked: usize = requests.iter().map(|r| parameter(r, "id").unwrap().split(',').count()).sum();
    assert_eq!(asked, 150);
    assert!(requests.iter().all(|r| r.url.as_str().len() < 3500));
    assert!(client.scores_by_id(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_is_written_with_every_field() {
    let (server, client) = server("POST", "scores", ok(&json!({"id":"s1"}))).await;
    client.post_score(&score("s1")).await.unwrap();
    let body: Value = requests(&server).await[0].body_json().unwrap();
    assert_eq!(
        body,
        json!({"id":"s1","traceId":"t1","name":"helpfulness","value":3.0,"dataType":"NUMERIC","configId":"c1",
            "queueId":"q1","source":"ANNOTATION","comment":"why","environment":"staging",
            "metadata":{"annotator":"ada","tool":"tracemark"},"timestamp":"2026-11-24T06:00:00.000Z"})
    );
}

#[tokio::test]
async fn several_are_written_where_the_server_takes_them() {
    let array = json!({"message":"Invalid request data","error":[{"code":"invalid_type","expected":"object","path":[],
        "message":"Invalid input: expected object, received array"}]});
    let partly = json!({"accepted":1,"rejected":1,"errors":[{"message":"Body does not match\nconfig"}]});
    for (status, body, wanted) in [
        (202, json!({"message":"Accepted"}), Batch::Accepted),
        (207, json!({"accepted":2,"rejected":0,"errors":[]}), Batch::Accepted),
        (207, partly, Batch::Partly { rejected: 1, messages: vec!["Body does not match config".into()] }),
        (
            207,
            json!({"errors":["no","never"]}),
            Batch::Partly { rejected: 2, messages: vec!["no".into(), "never".into()] },
        ),
        (207, json!("?"), Batch::Unsupported),
        (400, array, Batch::Unsupported),
        (413, json!("Body exceeded 1mb limit"), Batch::Unsupported),
    ] {
        let (server, client) =
            server("POST", "scores", ResponseTemplate::new(status).set_body_json(&body)).await;
        assert_eq!(client.post_scores(&[score("a"), score("b")]).await.unwrap(), wanted, "{body}");
        let sent: Value = requests(&server).await[0].body_json().unwrap();
        assert_eq!((sent[0]["id"].as_str(), sent[1]["id"].as_str()), (Some("a"), Some("b")));
    }
    let (server, client) = server("POST", "scores", ResponseTemplate::new(503)).await;
    assert!(client.post_scores(&[score("a")]).await.is_err());
    assert_eq!(client.post_scores(&[]).await.unwrap(), Batch::Accepted);
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn a_web_page_does_not_count_as_written() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(html(200)).mount(&server).await;
    let error = client(&server.uri()).post_score(&score("a")).await.unwrap_err();
    assert_eq!(error.retry, Retry::Transient { after: None });
}
