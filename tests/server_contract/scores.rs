//! Writing and deleting scores.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use tracemark::server::{Options, Seed, Workspace};

use super::{START, Server, empty, ids, start};

#[tokio::test]
async fn a_score_comes_back_with_the_groups_asked_for() {
    let server = empty();
    let config = server.numeric().await;
    let body = json!({
        "id": "s1", "traceId": "t1", "observationId": "o1", "name": "ignored", "value": 4, "configId": config,
        "source": "ANNOTATION", "queueId": "q1", "comment": "fine", "metadata": {"annotator": "ada", "n": "1"},
        "environment": "langfuse-Staging", "timestamp": "2026-11-20T10:00:00+01:00",
    });
    assert_eq!(server.post("/scores", body).await, json!({"id": "s1"}));
    let score = server.score("s1").await;
    for (key, value) in [
        ("name", json!("helpfulness")),
        ("value", json!(4)),
        ("dataType", json!("NUMERIC")),
        ("source", json!("ANNOTATION")),
        ("timestamp", json!("2026-11-20T09:00:00.000Z")),
        ("environment", json!("staging")),
        ("comment", json!("fine")),
        ("configId", json!(config)),
        ("metadata", json!({"annotator": "ada", "n": 1})),
        ("authorUserId", json!(null)),
        ("queueId", json!("q1")),
        ("subject", json!({"kind": "observation", "id": "o1", "traceId": "t1"})),
    ] {
        assert_eq!(score[key], value, "{key}");
    }
    let core = server.get("/v3/scores?id=s1").await["data"][0].clone();
    assert_eq!(core.as_object().unwrap().len(), 10);
    assert_eq!(&core["createdAt"].as_str().unwrap()[19..], ".000Z");
    let made =
        server.post("/scores", json!({"id": "", "sessionId": "s", "name": "free", "value": "x"})).await;
    let made = server.score(made["id"].as_str().unwrap()).await;
    assert_eq!((&made["dataType"], &made["subject"]["kind"]), (&json!("CATEGORICAL"), &json!("session")));
}

#[tokio::test]
async fn a_second_write_of_an_id_merges() {
    let server = empty();
    let config = server.numeric().await;
    let base = |extra: Value| {
        let mut body = json!({"id": "s", "traceId": "t1", "name": "n", "value": 1, "configId": config});
        for (key, value) in extra.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    let first = json!({
        "source": "ANNOTATION", "queueId": "q", "comment": "first", "environment": "staging",
        "metadata": {"a": {"b": 1}}, "observationId": "o", "timestamp": "2026-11-20T10:00:00Z",
    });
    server.post("/scores", base(first)).await;
    let second =
        json!({"value": 2, "traceId": "t2", "environment": "x", "metadata": {"a": {"c": 2}, "d": 3}});
    server.post("/scores", base(second)).await;
    let score = server.score("s").await;
    for (key, value) in [
        ("value", json!(2)),
        ("subject", json!({"kind": "observation", "id": "o", "traceId": "t1"})),
        ("environment", json!("staging")),
        ("timestamp", json!("2026-11-20T10:00:00.000Z")),
        ("comment", json!("first")),
        ("source", json!("API")),
        ("queueId", json!(null)),
        ("metadata", json!({"a": {"b": 1, "c": 2}, "d": 3})),
    ] {
        assert_eq!(score[key], value, "{key}");
    }
    server.post("/scores", base(json!({"value": 99, "comment": "dropped"}))).await;
    let mut again = server.score("s").await;
    again["updatedAt"] = score["updatedAt"].clone();
    assert_eq!(again, score);
    server.post("/scores", base(json!({"comment": null, "observationId": null}))).await;
    let score = server.score("s").await;
    assert_eq!((&score["comment"], &score["subject"]["kind"]), (&json!(null), &json!("trace")));
}

/// Bodies that are answered 200 and never show.
async fn misfits(server: &Server) -> Vec<Value> {
    let numeric = server.numeric().await;
    let label = json!([{"label": "good", "value": 1}]);
    let categorical =
        server.config(json!({"name": "verdict", "dataType": "CATEGORICAL", "categories": label})).await;
    let boolean = server.config(json!({"name": "safe", "dataType": "BOOLEAN"})).await;
    let text = server.config(json!({"name": "note", "dataType": "TEXT"})).await;
    let archived = server.config(json!({"name": "old", "dataType": "NUMERIC"})).await;
    server.call("PATCH", &format!("/score-configs/{archived}"), json!({"isArchived": true})).await;
    vec![
        json!({"configId": numeric, "value": 9}),
        json!({"configId": numeric, "value": -1, "dataType": "NUMERIC"}),
        json!({"configId": numeric, "value": 1, "dataType": "BOOLEAN"}),
        json!({"configId": numeric, "value": "good", "dataType": "CATEGORICAL"}),
        json!({"configId": categorical, "value": "Good"}),
        json!({"configId": categorical, "value": 1}),
        json!({"configId": boolean, "value": "True"}),
        json!({"configId": boolean, "value": 2}),
        json!({"configId": text, "value": "x".repeat(501)}),
        json!({"configId": archived, "value": 1}),
        json!({"configId": "no-such-config", "value": 1}),
        json!({"traceId": null, "sessionId": "s", "value": "x", "dataType": "CORRECTION"}),
    ]
}

#[rstest]
#[case(false, 200)]
#[case(true, 400)]
#[tokio::test]
async fn scores_that_do_not_fit_are_dropped_or_with_strict_refused(
    #[case] strict: bool,
    #[case] wanted: u16,
) {
    let server = Server::new(Seed::Empty, Options { strict, ..Options::default() });
    for misfit in misfits(&server).await {
        let mut body = json!({"id": "s", "traceId": "t", "name": "n"});
        body.as_object_mut().unwrap().extend(misfit.as_object().unwrap().clone());
        let (status, answer) = server.call("POST", "/scores", body.clone()).await;
        assert_eq!(status, wanted, "{body}: {answer}");
        assert_eq!(server.score("s").await, Value::Null, "{body}");
    }
}

/// The real server works the score out again from all its writes, and leaves out what does not fit.
#[tokio::test]
async fn a_misfit_leaves_the_old_value_and_moves_the_time() {
    let server = empty();
    let config = server.numeric().await;
    let score =
        json!({"id": "s", "traceId": "t", "name": "n", "value": 4, "configId": config, "queueId": "q"});
    server.post("/scores", score).await;
    let before = server.score("s").await;
    server
        .post("/scores", json!({"id": "s", "traceId": "t", "name": "n", "value": 99, "configId": config}))
        .await;
    let mut after = server.score("s").await;
    assert!(after["updatedAt"].as_str() > before["updatedAt"].as_str());
    after["updatedAt"] = before["updatedAt"].clone();
    assert_eq!(after, before);
}

#[tokio::test]
async fn an_array_of_scores_is_taken_as_far_as_possible() {
    let server = empty();
    let score = |id: &str| json!({"id": id, "traceId": "t", "name": "n", "value": 1});
    let answer = server.call("POST", "/scores", json!([score("a"), score("b")])).await;
    assert_eq!(answer, (202, json!({"message": "Accepted"})));
    let (status, answer) = server.call("POST", "/scores", json!([score("c"), {"name": "n"}])).await;
    assert_eq!((status, &answer["accepted"], &answer["rejected"]), (207, &json!(1), &json!(1)));
    assert!(answer["errors"][0]["message"].is_string());
    assert_eq!(ids(&server.get("/v3/scores").await), ["c", "b", "a"]);
}

#[tokio::test]
async fn deleting_a_score_always_says_the_same() {
    let server = empty();
    server.post("/scores", json!({"id": "a/b", "traceId": "t", "name": "n", "value": 1})).await;
    let wanted = (202, json!({"message": "Score deletion queued successfully"}));
    for id in ["a%2Fb", "a%2Fb", "never"] {
        assert_eq!(server.call("DELETE", &format!("/scores/{id}"), Value::Null).await, wanted);
    }
    assert_eq!(server.get("/v3/scores").await["data"], json!([]));
}

static SLOW_CLOCK: AtomicI64 = AtomicI64::new(START);

fn slow_clock() -> Timestamp {
    Timestamp::from_second(SLOW_CLOCK.load(Ordering::SeqCst)).unwrap()
}

#[tokio::test]
async fn with_a_delay_scores_show_later() {
    let options = Options { score_delay: Duration::from_secs(5), ..Options::default() };
    let workspace = Workspace::in_memory(Seed::Empty, start()).unwrap();
    let server = Server::by(workspace, options, slow_clock);
    server.post("/scores", json!({"id": "s", "traceId": "t", "name": "n", "value": 1})).await;
    SLOW_CLOCK.fetch_add(4, Ordering::SeqCst);
    assert_eq!(server.score("s").await, Value::Null);
    SLOW_CLOCK.fetch_add(1, Ordering::SeqCst);
    assert_eq!(server.score("s").await["value"], 1);
    server.call("DELETE", "/scores/s", Value::Null).await;
    assert_eq!(server.score("s").await["value"], 1);
    SLOW_CLOCK.fetch_add(5, Ordering::SeqCst);
    assert_eq!(server.score("s").await, Value::Null);
}
