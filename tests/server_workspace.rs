//! The workspace file: made once, kept over restarts, private, and filled with a sample that holds
//! together.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashSet;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tracemark::server::{Options, Seed, Workspace, WorkspaceError, router};

fn clock() -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap()
}

/// Sends one request to a workspace, which is given up for it.
async fn ask(workspace: Workspace, requests: &[(&str, &str, Value)]) -> Vec<Value> {
    let keys = workspace.credentials();
    let auth = format!("Basic {}", STANDARD.encode(format!("{}:{}", keys.public_key, keys.secret_key)));
    let router = router(workspace, Options::default(), clock);
    let mut answers = Vec::new();
    for (method, path, body) in requests {
        let request = Request::builder()
            .method(*method)
            .uri(format!("/api/public{path}"))
            .header("authorization", &auth)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        answers.push(serde_json::from_slice(&bytes).unwrap());
    }
    answers
}

async fn get(workspace: Workspace, path: &str) -> Value {
    ask(workspace, &[("GET", path, Value::Null)]).await.remove(0)
}

#[tokio::test]
async fn everything_is_kept_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/workspace.db");
    let open = |now| Workspace::open(&path, Seed::Sample, now).unwrap();
    let keys = open(clock()).credentials();
    let score = json!({"id": "mine", "traceId": "t", "name": "n", "value": 1});
    let mut first = ask(
        open(clock()),
        &[("POST", "/scores", score), ("GET", "/annotation-queues/queue-support/items", Value::Null)],
    )
    .await;
    let later = clock() + SignedDuration::from_hours(48);
    assert_eq!(open(later).credentials(), keys);
    assert_eq!(get(open(later), "/v3/scores?id=mine").await["data"][0]["value"], 1);
    assert_eq!(get(open(later), "/annotation-queues/queue-support/items").await, first.remove(1));

    let mut workspace = open(later);
    workspace.reset_sample(later).unwrap();
    assert_eq!(workspace.credentials(), keys);
    assert_eq!(get(workspace, "/v3/scores?id=mine").await["data"], json!([]));
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("private/workspace.db");
    let _workspace = Workspace::open(&path, Seed::Sample, clock()).unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = entry.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_newer_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("workspace.db");
    drop(Workspace::open(&path, Seed::Empty, clock()).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let refused = Workspace::open(&path, Seed::Empty, clock()).err().unwrap();
    assert!(matches!(refused, WorkspaceError::Newer { found: 99, .. }), "{refused}");
}

#[tokio::test]
async fn two_processes_share_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("workspace.db");
    let one = Workspace::open(&path, Seed::Sample, clock()).unwrap();
    let two = Workspace::open(&path, Seed::Sample, clock()).unwrap();
    let item = "/annotation-queues/queue-support/items";
    let body = json!({"objectId": "x", "objectType": "TRACE"});
    let made = ask(one, &[("POST", item, body)]).await.remove(0);
    let seen = get(two, &format!("{item}/{}", made["id"].as_str().unwrap())).await;
    assert_eq!(seen, made);
}

/// All rows of a list, by cursor.
async fn all(path: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let workspace = Workspace::in_memory(Seed::Sample, clock()).unwrap();
        let page = get(workspace, &format!("{path}{cursor}")).await;
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["meta"]["cursor"].as_str() {
            Some(next) => {
                let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
                cursor = format!("&cursor={next}");
            }
            None => return rows,
        }
    }
}

fn texts<'a>(rows: &'a [Value], key: &str) -> HashSet<&'a str> {
    rows.iter().filter_map(|row| row[key].as_str()).collect()
}

#[tokio::test]
async fn the_sample_holds_together() {
    let observations = all("/v2/observations?limit=1000&fields=core,basic").await;
    let scores = all("/v3/scores?limit=100&fields=core,details,subject,annotation").await;
    let fresh = || Workspace::in_memory(Seed::Sample, clock()).unwrap();
    let configs = get(fresh(), "/score-configs?limit=100").await["data"].as_array().unwrap().clone();
    let queues = get(fresh(), "/annotation-queues").await["data"].as_array().unwrap().clone();
    let (traces, ids) = (texts(&observations, "traceId"), texts(&observations, "id"));
    let sessions = texts(&observations, "sessionId");
    assert!(traces.len() > 30 && scores.len() > 100 && queues.len() == 4);

    for observation in &observations {
        assert!(observation["startTime"].as_str() <= Some(&clock().to_string()), "{observation}");
        let parent = observation["parentObservationId"].as_str();
        assert!(parent.is_none_or(|id| ids.contains(id)), "{observation}");
    }
    for score in &scores {
        let (kind, id) =
            (score["subject"]["kind"].as_str().unwrap(), score["subject"]["id"].as_str().unwrap());
        let known = match kind {
            "trace" => traces.contains(id),
            "observation" => ids.contains(id),
            _ => sessions.contains(id),
        };
        assert!(known, "{score}");
        let Some(config) = score["configId"].as_str() else { continue };
        let config = configs.iter().find(|c| c["id"] == config).unwrap();
        assert_eq!((&score["name"], &score["dataType"]), (&config["name"], &config["dataType"]), "{score}");
        let (min, max) = (config["minValue"].as_f64(), config["maxValue"].as_f64());
        if let Some(n) = score["value"].as_f64() {
            assert!(min.is_none_or(|min| n >= min) && max.is_none_or(|max| n <= max), "{score}");
        } else if config["dataType"] == "CATEGORICAL" {
            let labels = config["categories"].as_array().unwrap();
            assert!(labels.iter().any(|c| c["label"] == score["value"]), "{score}");
        }
    }
    for queue in &queues {
        assert!(queue["description"].as_str().unwrap().len() > 100);
        for id in queue["scoreConfigIds"].as_array().unwrap() {
            assert!(configs.iter().any(|c| c["id"] == *id), "{id}");
        }
        let path = format!("/annotation-queues/{}/items?limit=100", queue["id"].as_str().unwrap());
        for item in get(fresh(), &path).await["data"].as_array().unwrap() {
            let id = item["objectId"].as_str().unwrap();
            let known = match item["objectType"].as_str().unwrap() {
                "TRACE" => traces.contains(id),
                "OBSERVATION" => ids.contains(id),
                _ => sessions.contains(id),
            };
            assert!(known, "{item}");
        }
    }
}
