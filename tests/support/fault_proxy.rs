//! An HTTP/1.1 proxy between a client and a server that fails on purpose and remembers what it did.
//!
//! ```ignore
//! let proxy = FaultProxy::start(server_address).await;      // inside a tokio runtime
//! let client = connect_to(proxy.address());                 // plain http, this is all it takes
//!
//! proxy.share(0.3, 7, &Fault::ALL);                         // 30 % of all requests, seed 7
//! proxy.script(On::nth("POST", "/comments", 2), Fault::DropAfter);   // exactly this one
//! let held = proxy.hold(On::nth("PATCH", "/items/", 1), Point::Answered);
//! held.reached().await;                                     // the request is there and stays
//! held.release(Verdict::GoOn);
//! proxy.limit(Limits::hobby(Duration::from_secs(3)));       // as a server with rate limits
//! proxy.heal();                                             // no more faults from here on
//! proxy.quiet().await;                                      // nothing is under way any more
//! let log = proxy.log();                                    // every request and what became of it
//! ```
//!
//! - A script comes before holds, holds before the share. Occurrences are counted from the moment
//!   the rule is made, per rule.
//! - Which requests of the share fail, and how, depends on the seed and the order of arrival only.
//! - Every request travels on a connection of its own, so a fault never hits a neighbour.
//! - A fault that reaches the server ([`Fault::reaches`]) has been carried out there; a write that
//!   is sent again after it must not have a second effect.
#![expect(clippy::disallowed_methods, reason = "a proxy of a test's own runs beside it")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::limits::{Limits, OverLimit};
use super::random::Random;

/// One way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends before the server hears of the request.
    DropBefore,
    /// The server does what was asked; the connection ends without an answer.
    DropAfter,
    /// 429 with `Retry-After: 1`, as Langfuse Cloud words it, of a plan with 1,000 requests a minute:
    /// a client may keep to that number from then on.
    RateLimited,
    /// 429 because of [`FaultProxy::limit`].
    OverLimit(OverLimit),
    /// 500 with a JSON body; the server did nothing.
    ServerError,
    /// 500 with a JSON body, although the server did what was asked.
    ServerErrorAfter,
    /// 502 with a web page; the server did nothing.
    BadGateway,
    /// 502 with a web page, although the server did what was asked.
    BadGatewayAfter,
    /// The server's answer comes, so many milliseconds late.
    Slow(u64),
    /// The server's answer breaks off in the middle.
    Truncated,
    /// 200 with a body that means nothing, although the server did what was asked.
    Garbage,
    /// 200 with a web page; the server did nothing, as with the login page of a hotel's network.
    Impostor,
}

impl Fault {
    /// All of them, for [`FaultProxy::share`].
    pub const ALL: [Self; 11] = [
        Self::DropBefore,
        Self::DropAfter,
        Self::RateLimited,
        Self::ServerError,
        Self::ServerErrorAfter,
        Self::BadGateway,
        Self::BadGatewayAfter,
        Self::Slow(300),
        Self::Truncated,
        Self::Garbage,
        Self::Impostor,
    ];

    /// Whether the server carries the request out all the same.
    pub fn reaches(self) -> bool {
        use Fault::{BadGatewayAfter, DropAfter, Garbage, ServerErrorAfter, Slow, Truncated};
        matches!(self, DropAfter | ServerErrorAfter | BadGatewayAfter | Slow(_) | Truncated | Garbage)
    }
}

/// Where a held request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Before the server hears of it.
    Asked,
    /// The server has answered; the client has not heard.
    Answered,
}

/// How a held request goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As if nothing had been.
    GoOn,
    /// The connection ends here.
    Drop,
}

/// Which request a rule is about: the n-th, from 1, of a method whose path contains a text.
#[derive(Debug, Clone)]
pub struct On {
    method: &'static str,
    path: String,
    nth: usize,
}

impl On {
    /// The n-th request of this method whose path with query contains `path`.
    pub fn nth(method: &'static str, path: &str, nth: usize) -> Self {
        Self { method, path: path.to_owned(), nth }
    }

    fn fits(&self, request: &Request) -> bool {
        self.method == request.method && request.path.contains(&self.path)
    }
}

/// One request and what became of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// `GET`, `POST` …
    pub method: String,
    /// Path with query.
    pub path: String,
    /// Its body.
    pub body: String,
    /// What was done to it; `None`: nothing.
    pub fault: Option<Fault>,
    /// The server's status, if it was asked and has answered.
    pub status: Option<u16>,
    /// When the server answered, counted over all requests; `None` as above.
    pub done: Option<usize>,
}

impl Exchange {
    /// Whether the server carried it out.
    pub fn took_effect(&self) -> bool {
        self.status.is_some_and(|status| status < 300)
    }
}

/// A request that waits at its point.
#[derive(Debug)]
pub struct Held {
    reached: watch::Receiver<bool>,
    verdict: watch::Sender<Option<Verdict>>,
    delivered: watch::Receiver<bool>,
}

impl Held {
    /// Until the request is there. Give it a limit where it may never come.
    pub async fn reached(&self) {
        // An error: the proxy is gone, and whatever the test waits for will say so.
        let _ = self.reached.clone().wait_for(|reached| *reached).await;
    }

    /// Whether the request is there.
    pub fn is_reached(&self) -> bool {
        *self.reached.borrow()
    }

    /// Lets it go on.
    pub fn release(&self, verdict: Verdict) {
        self.verdict.send_replace(Some(verdict));
    }

    /// Whether the released answer has been read by the client, or the client is gone.
    pub fn is_delivered(&self) -> bool {
        *self.delivered.borrow()
    }
}

/// What the proxy keeps of a held request.
#[derive(Debug, Clone)]
struct Gate {
    point: Point,
    reached: Arc<watch::Sender<bool>>,
    verdict: watch::Receiver<Option<Verdict>>,
    delivered: Arc<watch::Sender<bool>>,
}

impl Gate {
    async fn pass(&mut self) -> Verdict {
        self.reached.send_replace(true);
        let verdict = self.verdict.wait_for(Option::is_some).await;
        verdict.ok().and_then(|verdict| *verdict).unwrap_or(Verdict::Drop)
    }
}

#[derive(Debug, Clone)]
enum Plan {
    Pass,
    Fail(Fault),
    Hold(Gate),
}

#[derive(Debug)]
struct Rule {
    on: On,
    seen: usize,
    plan: Plan,
}

#[derive(Debug)]
struct Share {
    of_all: f64,
    random: Random,
    faults: Vec<Fault>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    share: Option<Share>,
    limits: Option<Limits>,
    log: Vec<Exchange>,
    answers: usize,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    state: Mutex<State>,
    under_way: watch::Sender<usize>,
}

/// The proxy; ends when dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: tokio::task::AbortHandle,
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl FaultProxy {
    /// Starts on a free port of this machine, in the runtime that runs the caller.
    pub async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (under_way, _) = watch::channel(0);
        let shared = Arc::new(Shared { upstream, state: Mutex::default(), under_way });
        let accepting = tokio::spawn(accept(listener, shared.clone())).abort_handle();
        Self { address, shared, accepting }
    }

    /// Where the client has to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets a share of all requests fail, each in one of these ways.
    pub fn share(&self, share: f64, seed: u64, faults: &[Fault]) {
        let share = Share { of_all: share, random: Random::new(seed), faults: faults.to_vec() };
        self.state().share = Some(share);
    }

    /// Refuses what is over these limits, before anything else happens to it.
    pub fn limit(&self, limits: Limits) {
        self.state().limits = Some(limits);
    }

    /// Lets one request fail.
    pub fn script(&self, on: On, fault: Fault) {
        self.state().rules.push(Rule { on, seen: 0, plan: Plan::Fail(fault) });
    }

    /// Stops one request.
    pub fn hold(&self, on: On, point: Point) -> Held {
        let (reached, was_reached) = watch::channel(false);
        let (verdict, decided) = watch::channel(None);
        let (delivered, was_delivered) = watch::channel(false);
        let gate =
            Gate { point, reached: Arc::new(reached), verdict: decided, delivered: Arc::new(delivered) };
        self.state().rules.push(Rule { on, seen: 0, plan: Plan::Hold(gate) });
        Held { reached: was_reached, verdict, delivered: was_delivered }
    }

    /// From now on everything goes through.
    pub fn heal(&self) {
        let mut state = self.state();
        state.rules.clear();
        state.share = None;
        state.limits = None;
    }

    /// Until no request is under way; what has been sent by a program that was killed has then had
    /// its effect.
    pub async fn quiet(&self) {
        let _ = self.shared.under_way.subscribe().wait_for(|under_way| *under_way == 0).await;
    }

    /// Every request so far, in order of arrival.
    pub fn log(&self) -> Vec<Exchange> {
        self.state().log.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }
}

impl State {
    fn plan(&mut self, request: &Request) -> Plan {
        let now = Instant::now();
        if let Some(over) = self.limits.as_mut().and_then(|limits| limits.count(&request.path, now)) {
            return Plan::Fail(Fault::OverLimit(over));
        }
        let mut plan = Plan::Pass;
        for rule in self.rules.iter_mut().filter(|rule| rule.on.fits(request)) {
            rule.seen += 1;
            let is_first = matches!((&plan, &rule.plan), (Plan::Pass, _) | (Plan::Hold(_), Plan::Fail(_)));
            if rule.seen == rule.on.nth && is_first {
                plan = rule.plan.clone();
            }
        }
        match (plan, &mut self.share) {
            (Plan::Pass, Some(share)) => share.draw(),
            (plan, _) => plan,
        }
    }
}

impl Share {
    fn draw(&mut self) -> Plan {
        let fails = self.random.chance(self.of_all);
        let fault = *self.random.pick(&self.faults);
        if fails { Plan::Fail(fault) } else { Plan::Pass }
    }
}

#[derive(Debug)]
struct Request {
    method: String,
    path: String,
    head: String,
    body: Vec<u8>,
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = shared.clone();
        // Counted before its task runs, so that nobody finds the proxy quiet in between.
        shared.under_way.send_modify(|n| *n += 1);
        tokio::spawn(async move {
            // An error is a client or a server that went away: nothing to do for either.
            let _ = serve(client, &shared).await;
            shared.under_way.send_modify(|n| *n -= 1);
        });
    }
}

async fn serve(mut client: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let Some(request) = read_request(&mut client).await? else { return Ok(()) };
    let (at, mut plan) = {
        let mut state = shared.state.lock().unwrap();
        let plan = state.plan(&request);
        let fault = if let Plan::Fail(fault) = &plan { Some(*fault) } else { None };
        state.log.push(Exchange {
            method: request.method.clone(),
            path: request.path.clone(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            fault,
            status: None,
            done: None,
        });
        (state.log.len() - 1, plan)
    };
    if let Plan::Fail(fault) = plan
        && !fault.reaches()
    {
        return client.write_all(&instead(fault)).await;
    }
    if let Plan::Hold(gate) = &mut plan
        && gate.point == Point::Asked
        && gate.pass().await == Verdict::Drop
    {
        return Ok(());
    }
    let answer = forward(&request, shared.upstream).await?;
    note(shared, at, &answer);
    match plan {
        Plan::Pass => client.write_all(&answer).await,
        Plan::Fail(fault) => answer_with(&mut client, fault, answer).await,
        Plan::Hold(gate) => deliver(client, gate, &answer).await,
    }
}

fn note(shared: &Shared, at: usize, answer: &[u8]) {
    let mut state = shared.state.lock().unwrap();
    state.answers += 1;
    let done = state.answers;
    let status = answer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    state.log[at].status = status;
    state.log[at].done = Some(done);
}

async fn deliver(mut client: TcpStream, mut gate: Gate, answer: &[u8]) -> std::io::Result<()> {
    if gate.point == Point::Answered && gate.pass().await == Verdict::Drop {
        return Ok(());
    }
    client.write_all(answer).await?;
    client.shutdown().await?;
    // The client closes its side once it has read all.
    let _ = client.read(&mut [0; 1]).await;
    gate.delivered.send_replace(true);
    Ok(())
}

/// What comes instead of the server's answer; nothing for a connection that ends.
fn instead(fault: Fault) -> Vec<u8> {
    let page = "<html><body><h1>502 Bad Gateway</h1></body></html>";
    let trouble = r#"{"message":"Internal Server Error","error":"An unknown error occurred"}"#;
    let json = "Content-Type: application/json\r\n";
    match fault {
        Fault::RateLimited => over(OverLimit { limit: 1000, left: 1, window: 0 }),
        Fault::OverLimit(limit) => over(limit),
        Fault::ServerError | Fault::ServerErrorAfter => message("500 Internal Server Error", json, trouble),
        Fault::BadGateway | Fault::BadGatewayAfter => {
            message("502 Bad Gateway", "Content-Type: text/html\r\n", page)
        }
        Fault::Garbage => message("200 OK", json, "}{ \u{fffd} not what was asked for"),
        Fault::Impostor => message("200 OK", "Content-Type: text/html\r\n", "<html>Sign in</html>"),
        Fault::DropBefore | Fault::DropAfter | Fault::Slow(_) | Fault::Truncated => Vec::new(),
    }
}

/// As Langfuse Cloud words it.
fn over(OverLimit { limit, left, .. }: OverLimit) -> Vec<u8> {
    let body = format!(
        r#"{{"message":"Rate limit exceeded","code":"rate_limited","details":{{"retryAfterSeconds":{left},"limit":{limit},"remaining":0,"resetAt":"2026-11-20T09:00:00.000Z"}}}}"#
    );
    let headers = format!(
        "Content-Type: application/json\r\nRetry-After: {left}\r\nX-RateLimit-Limit: {limit}\r\n\
         X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: Fri Nov 20 2026 09:00:00 GMT+0000\r\n"
    );
    message("429 Too Many Requests", &headers, &body)
}

fn message(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into()
}

async fn answer_with(client: &mut TcpStream, fault: Fault, answer: Vec<u8>) -> std::io::Result<()> {
    match fault {
        Fault::Slow(milliseconds) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            client.write_all(&answer).await
        }
        Fault::Truncated => client.write_all(&truncated(&answer)).await,
        other => client.write_all(&instead(other)).await,
    }
}

/// The answer without the second half of its body, but with the length of the whole.
fn truncated(answer: &[u8]) -> Vec<u8> {
    let start = end_of_head(answer).unwrap_or(answer.len());
    let kept = start + (answer.len() - start) / 2;
    answer[..kept].to_vec()
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// A whole request; `None` if the client left before it had said all.
async fn read_request(client: &mut TcpStream) -> std::io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let start = loop {
        if let Some(start) = end_of_head(&bytes) {
            break start;
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..start]).into_owned();
    let length = header(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    while bytes.len() < start + length {
        if client.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    let mut words = head.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let path = words.next().unwrap_or_default().to_owned();
    Ok(Some(Request { method, path, body: bytes.split_off(start), head }))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}

/// Asks the server on a connection of its own, and reads all it says.
async fn forward(request: &Request, upstream: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(upstream).await?;
    let mut head = String::new();
    for line in request.head.trim_end().lines() {
        if !line.to_ascii_lowercase().starts_with("connection:") {
            head.push_str(line);
            head.push_str("\r\n");
        }
    }
    head.push_str("Connection: close\r\n\r\n");
    server.write_all(head.as_bytes()).await?;
    server.write_all(&request.body).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    Ok(answer)
}
