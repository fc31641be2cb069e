//! Evaluators of both generations of servers, runs of datasets, and verdicts as they are written.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::api::{NewEvaluator, Removal, RunItem};
use crate::domain::{DataType, Program, ScoreWrite, Source, Target, Value as Worth, Work};

/// Answers one call, whatever its query.
async fn says(server: &MockServer, verb: &str, at: &str, answer: ResponseTemplate) {
    Mock::given(method(verb)).and(path(format!("/api/public/{at}"))).respond_with(answer).mount(server).await;
}

/// A server of the older generation: it knows no newer call.
async fn older() -> (MockServer, Client) {
    let server = MockServer::start().await;
    Mock::given(path("/api/public/v2/evaluators")).respond_with(html(404)).mount(&server).await;
    Mock::given(path("/api/public/v2/evaluators/e1")).respond_with(html(404)).mount(&server).await;
    let client = client(&server.uri());
    (server, client)
}

fn row(id: &str) -> Value {
    json!({"id":id,"name":"tone","version":2,"variables":["x"],"mapping":null,"evaluationRuleCount":3,
        "type":"code","sourceCode":"1","sourceCodeLanguage":"PYTHON"})
}

fn listed(rows: &[Value]) -> ResponseTemplate {
    ok(&json!({"data":rows,"meta":{"page":1,"limit":100,"totalItems":rows.len(),"totalPages":1}}))
}

#[tokio::test]
async fn an_older_server_is_asked_as_it_knows_it() {
    let (server, client) = older().await;
    says(&server, "GET", "unstable/evaluators", listed(&[row("e1")])).await;
    let mapping = json!([{"variable":"x","source":"output"}]);
    let rule = json!({"id":"r1","evaluators":[{"evaluator":{"id":"e1"},"mapping":mapping}]});
    says(&server, "GET", "unstable/evaluation-rules", listed(&[rule])).await;
    says(&server, "POST", "unstable/evaluators", ok(&row("e1"))).await;
    says(&server, "DELETE", "unstable/evaluators/e1", ok(&json!({"message":"x"}))).await;

    let all = client.evaluators().await.unwrap();
    assert_eq!((all.len(), all[0].version, all[0].rules), (1, 2, 3));
    assert_eq!(client.rule_mapping("e1").await.unwrap().unwrap()[0].variable, "x");
    assert_eq!(client.rule_mapping("e2").await.unwrap(), None);
    let work = Work::Program(Program { source: "1".into(), language: "PYTHON".into() });
    let new = NewEvaluator { name: "tone".into(), description: Some("d".into()), work };
    assert_eq!(client.put_evaluator(&new, Some("e1")).await.unwrap().id, "e1");
    let sent: Value = requests(&server).await.last().unwrap().body_json().unwrap();
    let wanted = json!({"type":"code","name":"tone","sourceCode":"1","sourceCodeLanguage":"PYTHON"});
    assert_eq!(sent, wanted);
    assert_eq!(client.delete_evaluator("e1").await.unwrap(), Removal::Removed);
}

fn verdict() -> ScoreWrite {
    ScoreWrite {
        id: "s1".into(),
        target: Target::Trace("t1".into()),
        config_id: None,
        queue_id: None,
        name: "tone".into(),
        value: Worth::Boolean(true),
        data_type: DataType::Boolean,
        comment: Some("kind".into()),
        source: Source::Eval,
        annotator: "tone v2".into(),
        timestamp: clock(),
        environment: Some("production".into()),
    }
}

#[tokio::test]
async fn a_verdict_is_an_evaluators_score() {
    let answer =
        ResponseTemplate::new(207).set_body_json(json!({"successes":[{"id":"x","status":201}],"errors":[]}));
    let (server, client) = server("POST", "ingestion", answer).await;
    client.post_verdicts(&[verdict()], clock()).await.unwrap();
    let sent: Value = requests(&server).await[0].body_json().unwrap();
    let event = &sent["batch"][0];
    assert_eq!(
        (&event["type"], &event["timestamp"]),
        (&json!("score-create"), &json!("2026-11-24T06:00:00.000Z"))
    );
    let body = &event["body"];
    assert_eq!((&body["id"], &body["source"], &body["value"]), (&json!("s1"), &json!("EVAL"), &json!(1)));
    assert_eq!((&body["dataType"], &body["comment"]), (&json!("BOOLEAN"), &json!("kind")));
    assert_eq!((&body["traceId"], &body["environment"]), (&json!("t1"), &json!("production")));
}

#[tokio::test]
async fn a_verdict_that_is_not_taken_is_an_error() {
    let errors = json!([{"id":"x","status":400,"message":"Invalid request data","error":"no such name"}]);
    let answer = ResponseTemplate::new(207).set_body_json(json!({"successes":[],"errors":errors}));
    let (_server, client) = server("POST", "ingestion", answer).await;
    let error = client.post_verdicts(&[verdict()], clock()).await.unwrap_err();
    assert_eq!(error.message, "the score was refused: Invalid request data");
}

#[tokio::test]
async fn a_server_without_batches_gets_the_score_of_a_program() {
    let (server, client) = server("POST", "scores", ok(&json!({"id":"s1"}))).await;
    says(&server, "POST", "ingestion", html(404)).await;
    client.post_verdicts(&[verdict()], clock()).await.unwrap();
    let sent: Value = requests(&server).await[1].body_json().unwrap();
    assert_eq!((&sent["id"], &sent["source"]), (&json!("s1"), &json!("API")));
}

#[tokio::test]
async fn a_run_is_an_experiment() {
    let (server, client) = server("GET", "v2/datasets/gold%2Fsmall", ok(&json!({"id":"d1"}))).await;
    let experiments = json!({"data":[{"id":"x0","name":"run 1","datasetId":"other"},
        {"id":"x1","name":"run 1","datasetId":"d1"}],"meta":{}});
    says(&server, "GET", "experiments", ok(&experiments)).await;
    let items = json!({"data":[{"id":"o1","traceId":"t1","expectedOutput":{"a":1}}],"meta":{}});
    says(&server, "GET", "experiment-items", ok(&items)).await;
    let found = client.run_items("gold/small", "run 1").await.unwrap();
    let expected_output = Some(r#"{"a":1}"#.into());
    assert_eq!(found, [RunItem { trace: "t1".into(), observation: None, expected_output, metadata: None }]);
    assert_eq!(parameter(requests(&server).await.last().unwrap(), "experimentId").as_deref(), Some("x1"));
}

#[tokio::test]
async fn a_run_of_an_older_server_is_put_together() {
    let (server, client) = server("GET", "v2/datasets/gold", ok(&json!({"id":"d1"}))).await;
    says(&server, "GET", "experiments", html(404)).await;
    let run = json!({"datasetRunItems":[{"traceId":"t1","observationId":"o1","datasetItemId":"i1"},
        {"traceId":"t2","observationId":null,"datasetItemId":"gone"}]});
    says(&server, "GET", "datasets/gold/runs/run%201", ok(&run)).await;
    says(&server, "GET", "dataset-items/i1", ok(&json!({"expectedOutput":"yes","metadata":null}))).await;
    let found = client.run_items("gold", "run 1").await.unwrap();
    let first = RunItem {
        trace: "t1".into(),
        observation: Some("o1".into()),
        expected_output: Some("yes".into()),
        metadata: None,
    };
    let second = RunItem { trace: "t2".into(), observation: None, expected_output: None, metadata: None };
    assert_eq!(found, [first, second]);
}
