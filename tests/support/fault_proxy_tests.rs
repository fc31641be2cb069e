//! The proxy does what it says: without that, tests that rely on it prove nothing.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::fault_proxy::{Fault, FaultProxy, On, Point, Verdict};

/// A server that answers everything with ten bytes.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test server of its own")]
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let _ = client.read(&mut [0; 4096]).await;
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789").await;
        }
    });
    address
}

async fn ask(proxy: &FaultProxy, method: &str) -> String {
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let request = format!("{method} /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn every_fault_does_what_it_says() {
    for (fault, says) in [
        (Fault::DropBefore, ""),
        (Fault::DropAfter, ""),
        (Fault::RateLimited, "Retry-After: 1\r\n"),
        (Fault::ServerError, "500 Internal"),
        (Fault::ServerErrorAfter, "500 Internal"),
        (Fault::BadGateway, "<html>"),
        (Fault::BadGatewayAfter, "<html>"),
        (Fault::Slow(1), "0123456789"),
        (Fault::Truncated, "Content-Length: 10\r\n\r\n01234"),
        (Fault::Garbage, "200 OK"),
        (Fault::Impostor, "<html>"),
    ] {
        let proxy = FaultProxy::start(server().await).await;
        proxy.script(On::nth("POST", "/a", 2), fault);
        assert!(ask(&proxy, "POST").await.ends_with("0123456789"));
        let answer = ask(&proxy, "POST").await;
        assert!(answer.contains(says) && answer.is_empty() == says.is_empty(), "{fault:?}: {answer}");
        let whole = matches!(fault, Fault::Slow(_));
        assert_eq!(answer.ends_with("0123456789"), whole, "{fault:?}: {answer}");
        assert!(ask(&proxy, "POST").await.ends_with("0123456789"));
        proxy.quiet().await;
        let log = proxy.log();
        let faults: Vec<_> = log.iter().map(|exchange| exchange.fault).collect();
        assert_eq!(faults, [None, Some(fault), None]);
        assert_eq!((log[1].took_effect(), log[1].done.is_some()), (fault.reaches(), fault.reaches()));
        let request = (log[1].method.as_str(), log[1].path.as_str(), log[1].body.as_str());
        assert_eq!(request, ("POST", "/a?b=c", "abc"));
    }
}

#[tokio::test]
async fn the_same_seed_fails_the_same_requests() {
    let mut seen = Vec::new();
    for seed in [3, 3, 4] {
        let proxy = FaultProxy::start(server().await).await;
        proxy.share(0.5, seed, &[Fault::RateLimited, Fault::DropAfter]);
        for _ in 0..40 {
            ask(&proxy, "GET").await;
        }
        seen.push(proxy.log().iter().map(|exchange| exchange.fault).collect::<Vec<_>>());
        let failed = proxy.log().iter().filter(|exchange| exchange.fault.is_some()).count();
        assert!((8..=32).contains(&failed), "{failed} of 40");
        proxy.heal();
        assert!(ask(&proxy, "GET").await.ends_with("0123456789"));
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
}

#[tokio::test]
async fn a_held_request_waits_at_its_point() {
    for (point, verdict) in [
        (Point::Asked, Verdict::GoOn),
        (Point::Asked, Verdict::Drop),
        (Point::Answered, Verdict::GoOn),
        (Point::Answered, Verdict::Drop),
    ] {
        let proxy = FaultProxy::start(server().await).await;
        let held = proxy.hold(On::nth("PATCH", "/a", 1), point);
        let (answer, ()) = tokio::join!(ask(&proxy, "PATCH"), async {
            held.reached().await;
            assert_eq!(proxy.log()[0].done.is_some(), point == Point::Answered);
            held.release(verdict);
        });
        assert_eq!(answer.ends_with("0123456789"), verdict == Verdict::GoOn, "{point:?} {verdict:?}");
        proxy.quiet().await;
        assert_eq!(held.is_delivered(), verdict == Verdict::GoOn);
        assert_eq!(proxy.log()[0].took_effect(), (point, verdict) != (Point::Asked, Verdict::Drop));
    }
}
