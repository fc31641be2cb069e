//! Reading scores.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::{Server, empty, ids};

async fn some_scores() -> Server {
    let server = empty();
    for (id, body) in [
        ("n1", json!({"traceId": "t1", "name": "a", "value": 1, "queueId": "q"})),
        ("n2", json!({"traceId": "t2", "observationId": "o", "name": "a", "value": 2.5})),
        ("b1", json!({"traceId": "t1", "name": "b", "value": 1, "dataType": "BOOLEAN"})),
        ("c1", json!({"sessionId": "s1", "name": "c", "value": "good", "environment": "staging"})),
        ("x1", json!({"traceId": "t1", "name": "c", "value": "long text", "dataType": "TEXT"})),
        ("r1", json!({"traceId": "t1", "name": "any", "value": "better", "dataType": "CORRECTION"})),
    ] {
        let mut score = body;
        score["id"] = json!(id);
        score["timestamp"] =
            json!(format!("2026-11-20T0{}:00:00Z", 1 + id.len() + id.as_bytes()[0] as usize % 7));
        server.post("/scores", score).await;
    }
    server
}

#[rstest]
#[case("", &["b1", "c1", "n1", "n2", "r1", "x1"])]
#[case("name=a,b", &["b1", "n1", "n2"])]
#[case("traceId=t1,t2&dataType=numeric", &["n1", "n2"])]
#[case("traceId=t2&observationId=o", &["n2"])]
#[case("sessionId=s1", &["c1"])]
#[case("environment=staging", &["c1"])]
#[case("queueId=q", &["n1"])]
#[case("id=n1,%20x1", &["n1", "x1"])]
#[case("dataType=NUMERIC&valueMin=2", &["n2"])]
#[case("dataType=NUMERIC&valueMin=1&valueMax=2", &["n1"])]
#[case("dataType=NUMERIC&value=1,2.5", &["n1", "n2"])]
#[case("dataType=BOOLEAN&value=true", &["b1"])]
#[case("dataType=CATEGORICAL&value=good,bad", &["c1"])]
#[case("dataType=TEXT,CORRECTION", &["r1", "x1"])]
#[case("source=annotation", &[])]
#[case("userId=&value=&fromTimestamp=", &["b1", "c1", "n1", "n2", "r1", "x1"])]
#[case("toTimestamp=2026-11-20", &[])]
#[tokio::test]
async fn scores_are_filtered(#[case] query: &str, #[case] wanted: &[&str]) {
    let list = some_scores().await.get(&format!("/v3/scores?{query}")).await;
    let mut found = ids(&list);
    found.sort_unstable();
    assert_eq!(found, wanted);
}

#[rstest]
#[case("userId=u")]
#[case("traceTags=x")]
#[case("traceId=t&sessionId=s")]
#[case("dataType=X")]
#[case("fields=core,trace")]
#[case("value=1")]
#[case("dataType=NUMERIC&value=Infinity")]
#[case("dataType=BOOLEAN&value=1")]
#[case("valueMin=1")]
#[case("page=1")]
#[case("limit=0")]
#[case("cursor=garbage")]
#[tokio::test]
async fn score_filters_that_make_no_sense_are_refused(#[case] query: &str) {
    let (status, answer) = empty().call("GET", &format!("/v3/scores?{query}"), Value::Null).await;
    assert_eq!(status, 400, "{answer}");
}

#[tokio::test]
async fn the_cursor_of_scores_walks_through_all_of_them() {
    let server = some_scores().await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/v3/scores?limit=2{cursor}")).await;
        seen.extend(page["data"].as_array().unwrap().iter().map(|s| s["timestamp"].clone()));
        let Some(next) = page["meta"]["cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let mut newest_first = seen.clone();
    newest_first.sort_by(|a, b| b.as_str().cmp(&a.as_str()));
    assert_eq!((seen.len(), &seen), (6, &newest_first));
}

/// What a score is about, if some of its targets are empty texts.
#[rstest]
#[case(json!({"traceId": "", "sessionId": "s"}), json!({"kind": "session", "id": "s"}))]
#[case(json!({"traceId": "t", "observationId": ""}), json!({"kind": "trace", "id": "t"}))]
#[case(json!({"traceId": null, "datasetRunId": "r"}), json!({"kind": "experiment", "id": "r"}))]
#[tokio::test]
async fn an_empty_id_is_no_target(#[case] target: Value, #[case] subject: Value) {
    let server = empty();
    let mut score = json!({"id": "e", "name": "n", "value": 1});
    score.as_object_mut().unwrap().extend(target.as_object().unwrap().clone());
    score["configId"] = json!("");
    server.post("/scores", score).await;
    assert_eq!(server.score("e").await["subject"], subject);
}
