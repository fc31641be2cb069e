//! The sockets: as many connections as there is room for, none of which may keep others waiting.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Extensions, HeaderMap, Request, StatusCode, Version};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};

use super::faults::{Cut, HangUp};

/// Connections served at a time; more wait to be accepted.
const MOST_CONNECTIONS: usize = 1024;
/// How long a client may take to send a request's head, and may stay silent between two requests.
const HEAD: Duration = Duration::from_secs(30);
/// How long a client may leave an answer unread.
const UNREAD: Duration = Duration::from_mins(1);
/// Longest head of a request.
const LONGEST_HEAD: usize = 16 << 10;
/// Answers shorter than this are not worth compressing.
const SHORT: u16 = 1024;

/// Serves until `shutdown`; requests under way are finished.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let service = TowerToHyperService::new(router.layer(compression()));
    let (places, closing) = (Arc::new(Semaphore::new(MOST_CONNECTIONS)), CancellationToken::new());
    let mut connections = JoinSet::new();
    let accepting = async {
        loop {
            // Never closed: waiting cannot fail.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            let stream = accept(&listener).await;
            while connections.try_join_next().is_some() {}
            connections.spawn(converse(stream, service.clone(), closing.clone(), place));
        }
    };
    tokio::select! {
        () = shutdown => {}
        () = accepting => {}
    }
    drop(listener);
    closing.cancel();
    while connections.join_next().await.is_some() {}
    Ok(())
}

fn compression() -> CompressionLayer<impl tower_http::compression::Predicate> {
    let whole = |_: StatusCode, _: Version, _: &HeaderMap, marks: &Extensions| marks.get::<Cut>().is_none();
    let worth = SizeAbove::new(SHORT).and(NotForContentType::IMAGES).and(whole);
    CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest).compress_when(worth)
}

/// The next connection. One that is gone already does not matter; when the process has no more file
/// handles, time may help.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                use io::ErrorKind as Kind;
                let gone = [Kind::ConnectionRefused, Kind::ConnectionAborted, Kind::ConnectionReset];
                if !gone.contains(&error.kind()) {
                    tracing::warn!(%error, "accepting connections");
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

/// Answers the requests of one connection, one after the other.
async fn converse<S, B>(
    stream: TcpStream,
    service: S,
    closing: CancellationToken,
    _place: Option<OwnedSemaphorePermit>,
) where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // Only a matter of speed.
    let _ = stream.set_nodelay(true);
    let answering = service_fn(|request: Request<Incoming>| {
        let answer = service.call(request.map(Body::new));
        async {
            let Ok(response) = answer.await;
            let hangs_up = response.extensions().get::<HangUp>().is_some();
            if hangs_up { Err(io::Error::other("closed on demand")) } else { Ok(response) }
        }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LONGEST_HEAD);
    let connection = http.serve_connection(TokioIo::new(Watched::new(stream)), answering);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

/// A stream whose writing fails if the other side does not read for long.
struct Watched {
    stream: TcpStream,
    unread: Option<Pin<Box<Sleep>>>,
}

impl Watched {
    fn new(stream: TcpStream) -> Self {
        Self { stream, unread: None }
    }

    /// The outcome of writing, or its end where it has been pending for too long.
    fn watch<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.unread = None;
            return written;
        }
        let unread = self.unread.get_or_insert_with(|| Box::pin(sleep(UNREAD)));
        ready!(unread.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
