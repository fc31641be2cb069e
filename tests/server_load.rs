//! The embedded server under many clients at once, and killed among them: nobody sees an error, and
//! what was acknowledged is there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod http_support;

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pretty_assertions::assert_eq;
use rusqlite::Connection;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tracemark::runtime::clock::wall;
use tracemark::server::{Options, Seed, Workspace, serve};

use http_support::{exchange, request, status};

const CLIENTS: usize = 200;
const WRITERS: usize = 24;

/// The header that opens the server.
fn opens(public: &str, secret: &str) -> Arc<str> {
    format!("authorization: Basic {}\r\n", STANDARD.encode(format!("{public}:{secret}"))).into()
}

fn score(id: &str) -> String {
    json!({"id": id, "traceId": "t", "name": "n", "value": 1}).to_string()
}

fn texts(path: &Path, sql: &str) -> HashSet<String> {
    let db = Connection::open(path).unwrap();
    let mut statement = db.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// One client: writes a score, looks for it, reads what others read, adds an item.
async fn work(address: SocketAddr, auth: Arc<str>, client: usize) {
    for round in 0..3 {
        let id = format!("s-{client}-{round}");
        let item = json!({"objectId": id, "objectType": "TRACE"}).to_string();
        let requests = [
            ("POST", "/scores", score(&id)),
            ("GET", &format!("/v3/scores?id={id}"), String::new()),
            ("GET", "/v2/observations?limit=5", String::new()),
            ("POST", "/annotation-queues/queue-support/items", item),
            ("GET", "/annotation-queues/queue-support/items?limit=5", String::new()),
        ];
        for (method, path, body) in requests {
            let answer = exchange(address, &request(method, path, &auth, &body)).await.unwrap();
            let text = String::from_utf8_lossy(&answer);
            assert_eq!(status(&answer), 200, "{method} {path}: {text}");
            assert!(!path.contains("?id=") || text.contains(&id), "not there at once: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_clients_see_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("workspace.db");
    let workspace = Workspace::open(&path, Seed::Sample, wall()).unwrap();
    let keys = workspace.credentials();
    let auth = opens(&keys.public_key, &keys.secret_key);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(serve(listener, workspace, Options::default(), wall, std::future::pending()));

    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(work(address, Arc::clone(&auth), client));
    }
    clients.join_all().await;
    assert_eq!(
        texts(&path, "SELECT id FROM scores WHERE id LIKE 's-%-%' AND trace_id = 't'").len(),
        CLIENTS * 3
    );
    assert_eq!(texts(&path, "SELECT object_id FROM items WHERE object_id LIKE 's-%-%'").len(), CLIENTS * 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("workspace.db");
    let mut process = Command::new(env!("CARGO_BIN_EXE_tracemark"))
        .args(["serve", "--data"])
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut value = || lines.next().unwrap().unwrap().split_once('=').unwrap().1.to_owned();
    let (url, auth) = (value(), opens(&value(), &value()));
    let address = url.strip_prefix("http://").unwrap().parse().unwrap();

    let done = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (auth, done) = (Arc::clone(&auth), Arc::clone(&done));
        writers.spawn(async move {
            let mut acknowledged = Vec::new();
            for n in 0.. {
                let id = format!("w-{writer}-{n}");
                match exchange(address, &request("POST", "/scores", &auth, &score(&id))).await {
                    Ok(answer) if status(&answer) == 200 => acknowledged.push(id),
                    _ => break,
                }
                done.fetch_add(1, Ordering::SeqCst);
            }
            acknowledged
        });
    }
    while done.load(Ordering::SeqCst) < WRITERS * 10 {
        tokio::task::yield_now().await;
    }
    process.kill().unwrap();
    process.wait().unwrap();
    let acknowledged: Vec<String> = writers.join_all().await.concat();
    assert!(acknowledged.len() >= WRITERS * 10);
    drop(Workspace::open(&path, Seed::Sample, wall()).unwrap());
    let there = texts(&path, "SELECT id FROM scores");
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !there.contains(*id)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(texts(&path, "PRAGMA integrity_check"), HashSet::from(["ok".to_owned()]));
}
