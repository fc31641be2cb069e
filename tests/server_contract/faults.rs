//! Faults on demand, and clients that do not behave, over a real socket.

use std::io::Read as _;
use std::net::SocketAddr;

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tracemark::server::{Fault, Options, Seed, Workspace, serve};

use super::http_support::{exchange, request, status};
use super::{basic, clock, start};

/// A server on a port of this machine, until it is dropped.
struct Live {
    address: SocketAddr,
    auth: String,
    _serving: JoinSet<std::io::Result<()>>,
}

impl Live {
    async fn new(options: Options) -> Self {
        Self::seeded(Seed::Empty, options).await
    }

    async fn seeded(seed: Seed, options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let workspace = Workspace::in_memory(seed, start()).unwrap();
        let keys = workspace.credentials();
        let auth = format!("authorization: {}\r\n", basic(&keys.public_key, &keys.secret_key));
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, workspace, options, clock, std::future::pending()));
        Self { address, auth, _serving: serving }
    }

    async fn with(rules: &[&str], fault_seed: u64) -> Self {
        let faults = rules.iter().map(|rule| rule.parse::<Fault>().unwrap()).collect();
        Self::new(Options { faults, fault_seed, ..Options::default() }).await
    }

    /// What comes back; nothing where the connection was closed or reset.
    async fn send(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        exchange(self.address, &request(method, path, &self.auth, body)).await.unwrap_or_default()
    }

    async fn configs(&self) -> usize {
        let answer = String::from_utf8(self.send("GET", "/score-configs?limit=1", "").await).unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let list: Value = serde_json::from_str(body).unwrap();
        list["meta"]["totalItems"].as_u64().unwrap().try_into().unwrap()
    }
}

const CONFIG: &str = r#"{"name":"helpfulness","dataType":"NUMERIC"}"#;

#[rstest]
#[case("POST /score-configs=drop-before", 0, 0)]
#[case("POST /score-configs=drop-after", 0, 1)]
#[case("POST /score-configs=status:503", 503, 0)]
#[case("* /**=status:418*1", 418, 0)]
#[case("POST /score-configs=truncate", 200, 1)]
#[case("POST /comments=drop-before", 200, 1)]
#[case("GET /score-configs/*=drop-before", 200, 1)]
#[case("POST /score-configs=drop-before:0", 200, 1)]
#[tokio::test]
async fn a_rule_breaks_what_it_names(#[case] rule: &str, #[case] code: u16, #[case] made: usize) {
    let (whole, broken) = (Live::with(&[], 0).await, Live::with(&[rule], 0).await);
    let before = whole.configs().await;
    let wanted = whole.send("POST", "/score-configs", CONFIG).await;
    let answer = broken.send("POST", "/score-configs", CONFIG).await;
    assert_eq!(status(&answer), code, "{}", String::from_utf8_lossy(&answer));
    assert_eq!(broken.configs().await, before + made);
    let cut = rule.ends_with("truncate");
    assert_eq!(answer.len() + 100 < wanted.len(), cut || code != 200, "{}", answer.len());
}

#[tokio::test]
async fn a_rule_strikes_as_often_as_it_says_and_alike_for_a_seed() {
    let live = Live::with(&["GET /comments=status:500*2", "GET /comments=status:503*1"], 0).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(status(&live.send("GET", "/comments", "").await));
    }
    assert_eq!(seen, [500, 500, 503, 200]);

    let drawn = async |seed| {
        let live = Live::with(&["GET /projects=status:503:0.5"], seed).await;
        let mut drawn = Vec::new();
        for _ in 0..40 {
            drawn.push(status(&live.send("GET", "/projects", "").await));
        }
        drawn
    };
    let first = drawn(7).await;
    assert!(first.contains(&200) && first.contains(&503), "{first:?}");
    assert_eq!(drawn(7).await, first);
    assert_ne!(drawn(8).await, first);
}

#[rstest]
#[case("stall", 0)]
#[case("stall-after", 1)]
#[tokio::test]
async fn a_stalled_request_gets_no_answer(#[case] kind: &str, #[case] made: usize) {
    let live = Live::with(&[&format!("POST /score-configs={kind}*1")], 0).await;
    let before = live.configs().await;
    let mut stalled = TcpStream::connect(live.address).await.unwrap();
    let text = request("POST", "/score-configs", &live.auth, CONFIG);
    stalled.write_all(text.as_bytes()).await.unwrap();
    // Requests that came later are answered.
    for _ in 0..20 {
        live.configs().await;
    }
    assert_eq!(live.configs().await, before + made);
    let mut byte = [0];
    assert_eq!(stalled.try_read(&mut byte).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[rstest]
#[case("POST /comments", "there is no = in `POST /comments`")]
#[case("POST comments=stall", "the path `comments` does not begin with /")]
#[case("/comments=explode", "`explode` is none of drop-before, drop-after")]
#[case("/comments=status", "`` is no status from 400 to 599")]
#[case("/comments=status:200", "`200` is no status")]
#[case("/comments=drop-after:2", "`2` is no probability from 0 to 1")]
#[case("/comments=drop-after:0.5:1", "`1` at the end")]
#[case("/comments=stall*many", "`*many` is no number of times")]
fn a_bad_rule_is_explained_with_an_example(#[case] rule: &str, #[case] said: &str) {
    let error = rule.parse::<Fault>().unwrap_err().to_string();
    assert!(error.contains(said) && error.contains("'POST /comments=drop-after:0.3'"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn slow_clients_are_cut_off() {
    let live = Live::new(Options::default()).await;
    let head = exchange(live.address, "GET /api/public/health HTTP/1.1\r\nhost").await.unwrap();
    assert_ne!(status(&head), 200);
    let whole = request("POST", "/score-configs", &live.auth, CONFIG);
    let (part, _) = whole.split_at(whole.len() - 5);
    let body = exchange(live.address, part).await.unwrap();
    assert_eq!(status(&body), 408);
    let idle = exchange(live.address, "GET /api/public/health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(status(&idle), 200);
}

#[tokio::test]
async fn a_request_with_too_long_a_head_is_refused() {
    let live = Live::new(Options::default()).await;
    let text = request("GET", "/health", &format!("x-long: {}\r\n", "a".repeat(20_000)), "");
    assert_eq!(status(&exchange(live.address, &text).await.unwrap()), 431);
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_read_that() {
    let live = Live::seeded(Seed::Sample, Options::default()).await;
    let plain = live.send("GET", "/v2/observations", "").await;
    let headers = format!("{}accept-encoding: gzip\r\n", live.auth);
    let text = request("GET", "/v2/observations", &headers, "").replace("HTTP/1.1", "HTTP/1.0");
    let packed = exchange(live.address, &text).await.unwrap();
    let parts = |answer: &[u8]| {
        let at = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        (String::from_utf8(answer[..at].to_vec()).unwrap(), answer[at + 4..].to_vec())
    };
    let ((plain_head, plain), (head, packed)) = (parts(&plain), parts(&packed));
    assert!(head.contains("content-encoding: gzip") && !plain_head.contains("content-encoding"), "{head}");
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut text).unwrap();
    assert_eq!(text, plain);
}

#[tokio::test(start_paused = true)]
async fn latency_makes_every_answer_later() {
    let latency = std::time::Duration::from_millis(200);
    let live = Live::new(Options { latency, ..Options::default() }).await;
    let began = tokio::time::Instant::now();
    for path in ["/health", "/nope"] {
        live.send("GET", path, "").await;
    }
    assert!(began.elapsed() >= latency * 2);
}
