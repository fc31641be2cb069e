//! How traces, observations and sessions are read.

use serde_json::{Value, json};
use wiremock::matchers::{query_param, query_param_contains, query_param_is_missing};
use wiremock::{Mock, MockServer};

use super::*;
use crate::domain::{Object, ObjectKind, Observation, TraceId};

fn row(trace: &str, id: &str) -> Value {
    json!({"id":id,"traceId":trace,"startTime":"2026-11-24T04:00:02.000Z","type":"SPAN","name":id,"sessionId":"s1",
        "updatedAt":"2026-11-24T06:00:00.000Z"})
}

fn list(rows: &[Value]) -> Value {
    json!({"data":rows,"meta":{}})
}

fn ids(observations: &[Observation]) -> Vec<(&str, &str)> {
    observations.iter().map(|o| (o.trace_id.as_str(), o.id.as_str())).collect()
}

fn object(kind: ObjectKind, id: &str) -> Object {
    Object { kind, id: id.into() }
}

fn filter(column: &str, ids: &[&str]) -> String {
    json!([{"type":"stringOptions","column":column,"operator":"any of","value":ids}]).to_string()
}

#[tokio::test]
async fn a_trace_is_read_to_the_end_and_each_observation_once() {
    let server = MockServer::start().await;
    let mut newer = row("t1", "a");
    newer["updatedAt"] = json!("2026-11-24T07:00:00.000Z");
    newer["name"] = json!("newer");
    Mock::given(query_param("traceId", "t1"))
        .and(query_param_is_missing("cursor"))
        .respond_with(ok(&json!({"data":[newer, row("t1","b")],"meta":{"cursor":"x=="}})))
        .mount(&server)
        .await;
    Mock::given(query_param("cursor", "x=="))
        .and(query_param("traceId", "t1"))
        .respond_with(ok(&list(&[row("t1", "a"), row("t1", "c")])))
        .mount(&server)
        .await;
    let found = client(&server.uri()).observations_of(&object(ObjectKind::Trace, "t1")).await.unwrap();
    assert_eq!(ids(&found), [("t1", "a"), ("t1", "b"), ("t1", "c")]);
    assert_eq!(found[0].name, "newer");
    let request = &requests(&server).await[0];
    assert_eq!(request.url.path(), "/api/public/v2/observations");
    let fields = parameter(request, "fields").unwrap();
    for field in ["core", "basic", "time", "io", "metadata", "model", "usage", "trace_context"] {
        assert!(fields.split(',').any(|f| f == field), "{field}");
    }
}

#[tokio::test]
async fn an_observation_is_shown_within_its_newest_trace() {
    let server = MockServer::start().await;
    let mut newer = row("t2", "o1");
    newer["updatedAt"] = json!("2026-11-24T06:00:01.000Z");
    Mock::given(query_param("filter", filter("id", &["o1"])))
        .respond_with(ok(&list(&[row("t1", "o1"), newer, row("t3", "o1")])))
        .mount(&server)
        .await;
    Mock::given(query_param("traceId", "t2"))
        .respond_with(ok(&list(&[row("t2", "root"), row("t2", "o1")])))
        .mount(&server)
        .await;
    Mock::given(query_param("filter", filter("id", &["gone"])))
        .respond_with(ok(&list(&[])))
        .mount(&server)
        .await;
    let client = client(&server.uri());
    let found = client.observations_of(&object(ObjectKind::Observation, "o1")).await.unwrap();
    assert_eq!(ids(&found), [("t2", "root"), ("t2", "o1")]);
    assert!(client.observations_of(&object(ObjectKind::Observation, "gone")).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_session_is_its_roots() {
    let server = MockServer::start().await;
    let mut foreign = row("t3", "r3");
    foreign["sessionId"] = json!("");
    Mock::given(query_param("sessionId", "s1"))
        .and(query_param("isRootObservation", "true"))
        .and(query_param_contains("fields", "io"))
        .respond_with(ok(&list(&[row("t1", "r1"), foreign, row("t2", "r2")])))
        .mount(&server)
        .await;
    let found = client(&server.uri()).observations_of(&object(ObjectKind::Session, "s1")).await.unwrap();
    assert_eq!(ids(&found), [("t1", "r1"), ("t2", "r2")]);
}

#[tokio::test]
async fn a_session_known_to_inner_observations_only_is_widened() {
    for (roots, wanted) in [
        (vec![row("t1", "r1"), row("t2", "r2")], vec![("t1", "r1"), ("t2", "r2")]),
        (vec![], vec![("t2", "y"), ("t1", "x"), ("t1", "z")]),
    ] {
        let server = MockServer::start().await;
        Mock::given(query_param("sessionId", "s1"))
            .and(query_param("isRootObservation", "true"))
            .respond_with(ok(&list(&[])))
            .mount(&server)
            .await;
        Mock::given(query_param("sessionId", "s1"))
            .and(query_param_is_missing("isRootObservation"))
            .respond_with(ok(&list(&[row("t2", "y"), row("t1", "x"), row("t1", "z")])))
            .mount(&server)
            .await;
        Mock::given(query_param("filter", filter("traceId", &["t1", "t2"])))
            .and(query_param("isRootObservation", "true"))
            .and(query_param_contains("fields", "io"))
            .respond_with(ok(&list(&roots)))
            .mount(&server)
            .await;
        let found = client(&server.uri()).observations_of(&object(ObjectKind::Session, "s1")).await.unwrap();
        assert_eq!(ids(&found), wanted);
    }
}

#[tokio::test]
async fn many_roots_take_several_requests() {
    let (server, client) = server("GET", "v2/observations", ok(&list(&[row("t1", "r1")]))).await;
    let traces: Vec<TraceId> = (0..90).map(|n| format!("{n:032x}").into()).collect();
    let roots = client.root_observations(&traces, false).await.unwrap();
    assert_eq!(ids(&roots), [("t1", "r1")]);
    let requests = requests(&server).await;
    assert_eq!(requests.len(), 3);
    for request in &requests {
        assert_eq!(parameter(request, "isRootObservation").as_deref(), Some("true"));
        assert!(!parameter(request, "fields").unwrap().contains("io"));
        assert!(request.url.as_str().len() < 3500);
    }
    client.root_observations(&[], true).await.unwrap();
    assert_eq!(super::requests(&server).await.len(), 3);
}

#[tokio::test]
async fn observations_by_id_stay_light() {
    let (server, client) =
        server("GET", "v2/observations", ok(&list(&[row("t1", "o"), row("t2", "o")]))).await;
    let found = client.observations_by_id(&["o".into()]).await.unwrap();
    assert_eq!(ids(&found), [("t1", "o"), ("t2", "o")]);
    let request = &requests(&server).await[0];
    assert_eq!(parameter(request, "fields").as_deref(), Some("core,basic,trace_context"));
    assert_eq!(parameter(request, "filter"), Some(filter("id", &["o"])));
}
