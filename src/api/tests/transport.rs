//! Origin, keys, redirects, retries, encodings.

use std::time::Duration;

use serde_json::json;
use wiremock::matchers::{any, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::api::Retry;
use crate::domain::{ItemStatus, ScoreId};

/// `{"id": "q1", "name": "zipped", "scoreConfigIds": []}`
const ZIPPED: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 202, 76, 81, 178, 82, 80, 42, 52, 84, 210, 81, 80, 202, 75,
    204, 77, 5, 241, 170, 50, 11, 10, 82, 83, 64, 34, 197, 201, 249, 69, 169, 206, 249, 121, 105, 153, 233,
    158, 41, 197, 64, 185, 232, 216, 90, 0, 235, 179, 59, 231, 52, 0, 0, 0,
];

#[test]
fn plain_http_is_for_this_machine_only() {
    for (url, allowed) in [
        ("https://langfuse.example", true),
        ("http://127.0.0.1:3000", true),
        ("http://127.8.0.1", true),
        ("http://[::1]:3000", true),
        ("http://localhost:3000", true),
        ("http://langfuse.example", false),
        ("http://localhost.example", false),
        ("http://10.0.0.7:3000", false),
        ("ftp://langfuse.example", false),
        ("mailto:x@y", false),
    ] {
        assert_eq!(Client::new(connection(url), clock).is_ok(), allowed, "{url}");
    }
    let error = Client::new(connection("http://langfuse.example:3000"), clock).unwrap_err();
    assert!(error.to_string().contains("--insecure-http"), "{error}");
    assert!(error.to_string().contains("langfuse.example:3000"), "{error}");
    assert_eq!(error.retry, Retry::Permanent);
    let allowed = Connection { allow_insecure_http: true, ..connection("http://langfuse.example") };
    assert!(Client::new(allowed, clock).is_ok());
}

#[tokio::test]
async fn says_who_it_is_and_with_which_keys() {
    let (server, client) = server("GET", "annotation-queues/q1", ok(&queue_json("q1"))).await;
    client.queue(&"q1".into()).await.unwrap();
    let request = &requests(&server).await[0];
    let header = |name: &str| request.headers.get(name).unwrap().to_str().unwrap().to_owned();
    // pk-lf-test:sk-lf-very-secret
    assert_eq!(header("authorization"), "Basic cGstbGYtdGVzdDpzay1sZi12ZXJ5LXNlY3JldA==");
    assert_eq!(header("user-agent"), concat!("tracemark/", env!("CARGO_PKG_VERSION")));
    assert_eq!(header("x-langfuse-sdk-name"), "tracemark");
    assert_eq!(header("x-langfuse-sdk-version"), env!("CARGO_PKG_VERSION"));
    assert!(header("accept-encoding").contains("gzip"));
}

#[tokio::test]
async fn keys_show_up_nowhere() {
    let (_server, client) = server("GET", "annotation-queues/q1", ResponseTemplate::new(401)).await;
    let error = client.queue(&"q1".into()).await.unwrap_err();
    let url = "https://pk-lf-test:sk-lf-very-secret@langfuse.example";
    let with_userinfo = Client::new(connection(url), clock).unwrap();
    let unsafe_url =
        Client::new(connection("http://a:sk-lf-very-secret@langfuse.example"), clock).unwrap_err();
    for shown in [
        format!("{:?}", connection("https://langfuse.example")),
        format!("{client:?} {with_userinfo:?} {}", with_userinfo.host()),
        format!("{error:?} {error} {:?}", error.hint()),
        format!("{unsafe_url:?} {unsafe_url}"),
    ] {
        assert!(
            !shown.contains(SECRET) && !shown.contains("c2stbGYt") && !shown.contains("cGstbGYt"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_path_in_the_address_is_kept() {
    for suffix in ["/lang/fuse", "/lang/fuse/", "/lang/fuse/api/public/", "/lang/fuse?x=1#y"] {
        let server = MockServer::start().await;
        let at = path("/lang/fuse/api/public/annotation-queues/q1");
        Mock::given(at).respond_with(ok(&queue_json("q1"))).mount(&server).await;
        client(&format!("{}{suffix}", server.uri())).queue(&"q1".into()).await.unwrap();
    }
}

#[tokio::test]
async fn ids_cannot_lead_elsewhere() {
    let (server, client) = server("DELETE", "scores/a%2Fb%3Fc%25%20d", ResponseTemplate::new(202)).await;
    client.delete_score(&"a/b?c% d".into()).await.unwrap();
    for id in ["", ".", "..", "a\nb"] {
        assert_eq!(
            client.delete_score(&ScoreId::from(id)).await.unwrap_err().retry,
            Retry::Permanent,
            "{id:?}"
        );
    }
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn redirects_stay_on_the_origin() {
    let there = MockServer::start().await;
    Mock::given(any()).respond_with(ok(&queue_json("q1"))).mount(&there).await;
    for status in [301, 302, 307, 308] {
        let target = format!("{}/api/public/annotation-queues/q1", there.uri());
        let answer = ResponseTemplate::new(status).insert_header("location", target);
        let (_here, client) = server("GET", "annotation-queues/q1", answer).await;
        let error = client.queue(&"q1".into()).await.unwrap_err();
        assert!(error.message.contains(&there.uri()), "{error}");
        assert!(error.hint().unwrap().contains("base URL"));
    }
    assert_eq!(requests(&there).await.len(), 0);
}

#[tokio::test]
async fn redirects_on_the_origin_are_followed_but_never_turn_a_write_into_a_read() {
    let server = MockServer::start().await;
    let hop = |status| ResponseTemplate::new(status).insert_header("location", "/moved");
    Mock::given(method("GET")).and(path("/moved")).respond_with(ok(&queue_json("q1"))).mount(&server).await;
    Mock::given(method("POST")).and(path("/moved")).respond_with(ok(&json!({"id":"m"}))).mount(&server).await;
    Mock::given(path("/api/public/annotation-queues/q1")).respond_with(hop(302)).mount(&server).await;
    Mock::given(path("/api/public/annotation-queues/round"))
        .respond_with(
            ResponseTemplate::new(302).insert_header("location", "/api/public/annotation-queues/round"),
        )
        .mount(&server)
        .await;
    Mock::given(path("/api/public/scores/a")).respond_with(hop(302)).mount(&server).await;
    Mock::given(path("/api/public/scores")).respond_with(hop(308)).mount(&server).await;
    let client = client(&server.uri());
    assert_eq!(client.queue(&"q1".into()).await.unwrap().id.as_str(), "q1");
    assert!(client.queue(&"round".into()).await.unwrap_err().message.contains("in circles"));
    assert!(client.delete_score(&"a".into()).await.is_err());
    client.post_score(&super::scores::score("s1")).await.unwrap();
    let posted = requests(&server).await.pop().unwrap();
    assert_eq!((posted.url.path(), posted.body.is_empty()), ("/moved", false));
}

#[tokio::test]
async fn zipped_answers_are_read() {
    let answer = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_raw(ZIPPED, "application/json");
    let (_server, client) = server("GET", "annotation-queues/q1", answer).await;
    assert_eq!(client.queue(&"q1".into()).await.unwrap().name, "zipped");
}

#[tokio::test]
async fn reads_are_repeated_and_writes_are_not() {
    for status in [408, 425, 429, 500, 502, 503, 504, 522] {
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .respond_with(ResponseTemplate::new(status))
            .up_to_n_times(3)
            .mount(&server)
            .await;
        Mock::given(method("GET")).respond_with(ok(&queue_json("q1"))).mount(&server).await;
        Mock::given(method("PATCH")).respond_with(ResponseTemplate::new(status)).mount(&server).await;
        let client = client(&server.uri());
        client.queue(&"q1".into()).await.unwrap();
        assert_eq!(requests(&server).await.len(), 4, "{status}");
        let error = client.set_status(&"q1".into(), &"i1".into(), ItemStatus::Completed).await.unwrap_err();
        assert!(matches!(error.retry, Retry::Transient { .. }), "{error:?}");
        assert_eq!(requests(&server).await.len(), 5, "{status}");
    }
}

#[tokio::test]
async fn reads_end_after_three_repeats() {
    let (server, client) = server("GET", "annotation-queues/q1", ResponseTemplate::new(503)).await;
    assert_eq!(client.queue(&"q1".into()).await.unwrap_err().status, Some(503));
    assert_eq!(requests(&server).await.len(), 4);
}

#[tokio::test]
async fn a_short_wait_is_kept_and_a_long_one_handed_on() {
    let busy = |after: &str| ResponseTemplate::new(503).insert_header("retry-after", after);
    for (after, repeats, wanted) in [
        ("0", 3, Some(Duration::ZERO)),
        ("57", 0, Some(Duration::from_secs(57))),
        ("Tue, 24 Nov 2026 06:00:30 GMT", 0, Some(Duration::from_secs(30))),
    ] {
        let (server, client) = server("GET", "annotation-queues/q1", busy(after)).await;
        let error = client.queue(&"q1".into()).await.unwrap_err();
        assert_eq!(error.retry, Retry::Transient { after: wanted }, "{after}");
        assert_eq!(requests(&server).await.len(), 1 + repeats, "{after}");
    }
}

#[tokio::test]
async fn nobody_there() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = client(&format!("http://127.0.0.1:{port}")).queue(&"q1".into()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot reach 127.0.0.1:{port}: connection refused"));
    assert_eq!((error.retry, error.status), (Retry::Network, None));
    assert!(error.hint().is_some());
}

#[tokio::test]
async fn bodies_are_marked_as_json() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(header("content-type", "application/json"))
        .respond_with(ok(&json!({"id":"s1"})))
        .mount(&server)
        .await;
    client(&server.uri()).post_score(&super::scores::score("s1")).await.unwrap();
}

#[test]
fn a_server_has_one_address_however_it_is_written() {
    for url in [
        "https://Langfuse.Example",
        "https://langfuse.example:443/",
        "https://user:word@langfuse.example/api/public/?x=1#y",
    ] {
        assert_eq!(client(url).address(), "https://langfuse.example", "{url}");
    }
    assert_eq!(client("https://langfuse.example/below/").address(), "https://langfuse.example/below");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let packed = ResponseTemplate::new(200)
        .insert_header("content-encoding", "gzip")
        .set_body_raw(ZIPPED, "application/json");
    for (most, fits) in [(52, true), (51, false)] {
        let (server, mut client) = server("GET", "annotation-queues/q1", packed.clone()).await;
        client.most_bytes = most;
        let read = client.queue(&"q1".into()).await;
        assert_eq!(read.is_ok(), fits, "{most}");
        if let Err(error) = read {
            assert_eq!((error.retry, error.status), (Retry::Permanent, Some(200)));
            assert!(error.message.starts_with("the answer is larger than 0 MB"), "{error}");
        }
        assert_eq!(requests(&server).await.len(), 1);
    }
}
