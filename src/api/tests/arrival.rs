//! Which failures leave no doubt that the server never saw the call: with real sockets.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wiremock::ResponseTemplate;

use super::*;
use crate::api::{ApiError, Retry};

/// What a server does with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Closes it before it is asked.
    SlamsTheDoor,
    /// Takes the request and hangs up.
    HangsUp,
    /// Breaks off within its answer.
    TrailsOff,
    /// Takes the request and says no more.
    Silent,
}

/// Reads a request up to the end of its head, or the first words of TLS.
async fn hear(stream: &mut TcpStream) {
    let mut heard = Vec::new();
    let mut some = [0; 4096];
    while heard.first() != Some(&0x16) && !heard.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut some).await.unwrap_or(0) {
            0 => return,
            n => heard.extend_from_slice(&some[..n]),
        }
    }
}

/// Serves every connection like that, for ever.
async fn serve(listener: TcpListener, manner: Manner) {
    let mut kept = Vec::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        if manner == Manner::SlamsTheDoor {
            continue;
        }
        hear(&mut stream).await;
        match manner {
            Manner::TrailsOff => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"id").await.unwrap();
            }
            Manner::Silent => kept.push(stream),
            Manner::HangsUp | Manner::SlamsTheDoor => {}
        }
    }
}

/// The failure of a write to such a server.
async fn failure(scheme: &str, manner: Manner) -> ApiError {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(&format!("{scheme}://{}", listener.local_addr().unwrap()));
    let score = super::scores::score("s1");
    tokio::select! {
        () = serve(listener, manner) => unreachable!("it serves for ever"),
        answer = client.post_score(&score) => answer.unwrap_err(),
    }
}

#[tokio::test]
async fn without_a_connection_nothing_arrives() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let closed = client(&format!("http://127.0.0.1:{port}")).post_score(&super::scores::score("s1")).await;
    let garbled = failure("https", Manner::HangsUp).await;
    let shut = failure("https", Manner::SlamsTheDoor).await;
    for error in [closed.unwrap_err(), garbled, shut] {
        assert_eq!((error.retry, error.never_arrived()), (Retry::Network, true), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_comes_about_in_time_carries_nothing() {
    // The port is open, but the TLS behind it says nothing.
    let error = failure("https", Manner::Silent).await;
    assert_eq!((error.retry, error.never_arrived()), (Retry::Network, true), "{error:?}");
    assert!(error.message.contains("did not answer in time"), "{error}");
}

#[tokio::test]
async fn what_was_sent_may_have_arrived() {
    for manner in [Manner::HangsUp, Manner::TrailsOff] {
        let error = failure("http", manner).await;
        assert_eq!((error.retry, error.never_arrived()), (Retry::Network, false), "{manner:?} {error:?}");
    }
}

#[tokio::test]
async fn of_the_answers_only_a_rate_limit_means_that_nothing_was_done() {
    for (status, wanted) in
        [(429, true), (400, false), (401, false), (408, false), (500, false), (504, false)]
    {
        let (_server, client) = server("POST", "scores", ResponseTemplate::new(status)).await;
        let error = client.post_score(&super::scores::score("s1")).await.unwrap_err();
        assert_eq!(error.never_arrived(), wanted, "{status}");
    }
    let (_server, client) = server("POST", "scores", html(200)).await;
    assert!(!client.post_score(&super::scores::score("s1")).await.unwrap_err().never_arrived());
}

#[tokio::test(start_paused = true)]
async fn silence_is_waited_for_once() {
    for (scheme, seconds) in [("https", 10), ("http", 45)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = client(&format!("{scheme}://{}", listener.local_addr().unwrap()));
        let (began, id) = (tokio::time::Instant::now(), "q1".into());
        let error = tokio::select! {
            () = serve(listener, Manner::Silent) => unreachable!("it serves for ever"),
            answer = client.queue(&id) => answer.unwrap_err(),
        };
        assert_eq!((error.retry, error.never_arrived()), (Retry::Network, scheme == "https"));
        assert_eq!(began.elapsed().as_secs(), seconds, "{scheme}");
    }
}
