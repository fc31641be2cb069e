//! `tracemark sync`: what is sent, what is said, and how it exits.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "other tests use the rest")]
mod cli_support;

use std::process::{Command as Process, Stdio};

use cli_support::{Home, at, comment, complete, decide, scope, text, tone};
use serde_json::{Value as Json, json};
use tracemark::domain::WriteState;
use tracemark::store::{Outcome, Scope, SenderLock, Store};
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

const ALL_SENT: &str = "everything is sent\n";

/// A fake server with a project, and a journal for it.
struct World {
    home: Home,
    server: MockServer,
    store: Store,
    scope: Scope,
}

impl World {
    async fn new() -> Self {
        let (home, server) = (Home::new(), MockServer::start().await);
        let (store, scope) = (home.store(), scope(&server.uri()));
        Self { home, server, store, scope }
    }

    /// A server where everything goes well.
    async fn all_well() -> Self {
        let world = Self::new().await;
        world.knows_the_project().await;
        world.on("POST", "scores", answer(200, &json!({"id": "x"}))).await;
        world.on("POST", "comments", answer(200, &json!({"id": "c"}))).await;
        world.on("GET", "annotation-queues/q1/items/i1", answer(200, &item("PENDING"))).await;
        world.on("PATCH", "annotation-queues/q1/items/i1", answer(200, &item("COMPLETED"))).await;
        world
    }

    async fn knows_the_project(&self) {
        self.on("GET", "projects", answer(200, &json!({"data": [{"id": "p1", "name": "Project"}]}))).await;
    }

    async fn on(&self, verb: &str, at: &str, answer: ResponseTemplate) {
        let at = path(format!("/api/public/{at}"));
        Mock::given(method(verb)).and(at).respond_with(answer).mount(&self.server).await;
    }

    /// What the command is started with.
    fn process(&self, arguments: &[&str]) -> Process {
        let mut process = self.home.process();
        process.arg("sync").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        process.env("LANGFUSE_BASE_URL", self.server.uri());
        process.env("LANGFUSE_PUBLIC_KEY", "pk-lf-1").env("LANGFUSE_SECRET_KEY", "sk-lf-secret");
        process
    }

    /// Runs it; gives the exit code and what was said on stderr.
    fn sync(&self, arguments: &[&str]) -> (i32, String) {
        ended(&self.process(arguments).output().unwrap())
    }

    fn state(&self, seq: i64) -> WriteState {
        self.store.trail_entry(seq).unwrap().unwrap().row.state
    }

    async fn requests(&self, verb: &str) -> usize {
        let received = self.server.received_requests().await.unwrap();
        received.iter().filter(|request| request.method.as_str() == verb).count()
    }
}

fn ended(output: &std::process::Output) -> (i32, String) {
    assert_eq!(text(&output.stdout), "", "nothing here is data");
    let said = text(&output.stderr);
    assert!(!said.contains("sk-lf-secret") && !said.contains('\u{1b}'), "{said}");
    (output.status.code().unwrap(), said)
}

fn answer(status: u16, body: &Json) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

fn item(status: &str) -> Json {
    json!({"id": "i1", "queueId": "q1", "objectId": "t1", "objectType": "TRACE", "status": status,
        "completedAt": null, "createdAt": at(-1000), "updatedAt": at(-1000)})
}

fn shown() -> Json {
    json!({"data": [{"id": "s-tone", "projectId": "p1", "name": "tone", "value": "warm", "dataType": "CATEGORICAL",
        "source": "ANNOTATION", "timestamp": at(0), "environment": "default", "comment": null,
        "subject": {"kind": "trace", "id": "t1"}}], "meta": {"limit": 100}})
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_out_once() {
    let mut world = World::all_well().await;
    let writes = [tone("warm", None), comment("good"), complete("i1")];
    let seqs = writes.map(|write| decide(&mut world.store, &world.scope, write));
    // What an earlier run held and never released goes, too.
    let held = cli_support::decision("i2", "support-chat 13", comment("late"), None);
    let held = world.store.record(&world.scope, &held, at(5)).unwrap().seq;
    let (code, said) = world.sync(&[]);
    let expected =
        "sent 4 decisions\nthe server took 1 score and does not show it yet; --wait waits for that\n";
    assert_eq!((code, said.as_str()), (0, expected));
    assert_eq!(
        seqs.map(|seq| world.state(seq)),
        [WriteState::Sent, WriteState::Confirmed, WriteState::Confirmed]
    );
    assert_eq!(world.state(held), WriteState::Confirmed);
    assert_eq!((world.requests("POST").await, world.requests("PATCH").await), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_sees_the_score_at_the_server() {
    let mut world = World::all_well().await;
    world.on("GET", "v3/scores", answer(200, &shown())).await;
    let seq = decide(&mut world.store, &world.scope, tone("warm", None));
    let (code, said) = world.sync(&["--wait"]);
    assert_eq!((code, said.ends_with("sent 1 decision\n")), (0, true), "{said}");
    assert_eq!(world.state(seq), WriteState::Confirmed);
    // Now there is nothing to do, and nobody is asked.
    drop(world.server);
    let (home, uri) = (&world.home, world.scope.host.clone());
    let mut again = home.process();
    again.args(["sync", "--wait"]).env("LANGFUSE_BASE_URL", uri);
    again.env("LANGFUSE_PUBLIC_KEY", "pk-lf-1").env("LANGFUSE_SECRET_KEY", "sk-lf-secret");
    assert_eq!(ended(&again.output().unwrap()), (0, ALL_SENT.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_anything_decided_all_is_sent() {
    let home = Home::new();
    let output = home.command(&["sync"]).output().unwrap();
    assert_eq!(ended(&output), (0, ALL_SENT.to_owned()));
    assert_eq!(std::fs::read_dir(home.0.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_send_nothing_and_lose_nothing() {
    let mut world = World::new().await;
    let wrong = answer(401, &json!({"message": "Invalid credentials"}));
    Mock::given(path_regex(".*")).respond_with(wrong).mount(&world.server).await;
    let seq = decide(&mut world.store, &world.scope, tone("warm", None));
    for arguments in [&[][..], &["--wait"]] {
        let (code, said) = world.sync(arguments);
        assert_eq!((code, said.contains("1 decision not sent yet, kept here")), (3, true), "{said}");
    }
    assert_eq!(world.state(seq), WriteState::Pending);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_may_not_write_end_the_wait() {
    let mut world = World::new().await;
    world.knows_the_project().await;
    world.on("POST", "comments", answer(403, &json!({"message": "Access denied"}))).await;
    decide(&mut world.store, &world.scope, comment("good"));
    let (code, said) = world.sync(&["--wait"]);
    assert_eq!(
        (code, said.contains("1 decision not sent yet: the keys are not accepted")),
        (3, true),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_leaves_something() {
    let mut world = World::new().await;
    world.knows_the_project().await;
    world.on("POST", "comments", ResponseTemplate::new(429).insert_header("Retry-After", "60")).await;
    let seq = decide(&mut world.store, &world.scope, comment("good"));
    let (code, said) = world.sync(&[]);
    let words = "error: 1 decision not sent yet: the server takes no more requests for a while\nhint: ";
    assert_eq!((code, said.contains(words)), (5, true), "{said}");
    assert_eq!((world.state(seq), world.requests("POST").await), (WriteState::Pending, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_goes_on_after_failures() {
    let mut world = World::new().await;
    let once = |verb: &str, at: &str, answer: ResponseTemplate| {
        let at = path(format!("/api/public/{at}"));
        Mock::given(method(verb)).and(at).respond_with(answer).up_to_n_times(1)
    };
    let away = || ResponseTemplate::new(503).insert_header("Retry-After", "20");
    once("GET", "projects", away()).mount(&world.server).await;
    let busy = ResponseTemplate::new(429).insert_header("Retry-After", "1");
    once("POST", "comments", busy).mount(&world.server).await;
    world.knows_the_project().await;
    world.on("POST", "comments", answer(200, &json!({"id": "c"}))).await;
    // It looks whether the first attempt arrived.
    let none = json!({"data": [], "meta": {"page": 1, "limit": 100, "totalItems": 0, "totalPages": 0}});
    world.on("GET", "comments", answer(200, &none)).await;
    let seq = decide(&mut world.store, &world.scope, comment("good"));
    let (code, said) = world.sync(&["--wait", "--timeout", "1m"]);
    assert_eq!(code, 0, "{said}");
    for words in
        ["; trying again\n", "the server takes no more requests for a while; waiting\n", "sent 1 decision\n"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(world.state(seq), WriteState::Confirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_leaves_everything() {
    let home = Home::new();
    let mut store = home.store();
    // The discard port: nothing listens there.
    let gone = scope("http://127.0.0.1:9");
    decide(&mut store, &gone, comment("good"));
    for arguments in [&["sync"][..], &["sync", "--wait", "--timeout", "1s"]] {
        let mut process = home.process();
        process.args(arguments).env("LANGFUSE_BASE_URL", "http://127.0.0.1:9");
        process.env("LANGFUSE_PUBLIC_KEY", "pk-lf-1").env("LANGFUSE_SECRET_KEY", "sk-lf-secret");
        let (code, said) = ended(&process.output().unwrap());
        assert_eq!((code, said.contains("1 decision not sent yet")), (5, true), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_listed() {
    let mut world = World::new().await;
    world.knows_the_project().await;
    world.on("POST", "comments", answer(400, &json!({"message": "content is\ntoo long"}))).await;
    let seq = decide(&mut world.store, &world.scope, comment("good"));
    for arguments in [&[][..], &[], &["--wait"]] {
        let (code, said) = world.sync(arguments);
        assert_eq!(code, 6, "{said}");
        let line = "comment “good” on support-chat 12: refused: ";
        let line = said.lines().find(|told| told.starts_with(line)).unwrap_or_else(|| panic!("{said}"));
        assert!(line.contains("too long"), "{said}");
        assert!(said.contains("error: 1 decision refused, or waiting"), "{said}");
    }
    assert_eq!((world.state(seq), world.requests("POST").await), (WriteState::Refused, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_that_sends_is_named() {
    let mut world = World::all_well().await;
    let seq = decide(&mut world.store, &world.scope, comment("good"));
    let lock = SenderLock::acquire(&world.home.database()).unwrap().unwrap();
    let words =
        format!("process {} sends on this data and was told to: 1 decision not sent yet", std::process::id());
    for arguments in [&[][..], &["--wait", "--timeout", "1s"]] {
        let (code, said) = world.sync(arguments);
        assert_eq!((code, said.contains(&words)), (1, true), "{said}");
    }
    assert_eq!(world.state(seq), WriteState::Pending);
    // It takes over once the other one ends.
    let waiting = world.process(&["--wait"]).spawn().unwrap();
    drop(lock);
    let (code, said) = ended(&waiting.wait_with_output().unwrap());
    assert_eq!((code, said.contains("sent 1 decision")), (0, true), "{said}");
    assert_eq!(world.state(seq), WriteState::Confirmed);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_another_program_sends_counts() {
    let mut world = World::all_well().await;
    let seq = decide(&mut world.store, &world.scope, comment("good"));
    let _lock = SenderLock::acquire(&world.home.database()).unwrap().unwrap();
    let mut socket = world.home.database().into_os_string();
    socket.push(".wake");
    let socket = std::os::unix::net::UnixDatagram::bind(socket).unwrap();
    let waiting = world.process(&["--wait"]).spawn().unwrap();
    // It was woken, and sends.
    assert_eq!(socket.recv(&mut [0; 1]).unwrap(), 1);
    world.store.claim(&world.scope, at(9)).unwrap();
    let sent = Outcome::Confirmed { note: None, answer: None };
    world.store.settle(seq, &sent, at(9)).unwrap();
    let (code, said) = ended(&waiting.wait_with_output().unwrap());
    assert_eq!((code, said.contains("sent 1 decision")), (0, true), "{said}");
    assert_eq!(world.requests("POST").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unsent_decisions_elsewhere_are_told_and_left() {
    let mut world = World::all_well().await;
    let elsewhere = scope("https://lf.example");
    let seq = decide(&mut world.store, &elsewhere, comment("good"));
    let (code, said) = world.sync(&[]);
    let told = "1 decision not sent yet at https://lf.example: choose that connection with --profile\n";
    assert_eq!((code, said), (0, format!("{told}{ALL_SENT}")));
    assert_eq!(world.state(seq), WriteState::Pending);
}

#[test]
fn the_workspace_on_this_machine_takes_them_too() {
    let home = Home::new();
    home.command(&["sample", "--reset", "--yes"]).assert().success();
    let told = text(&home.command(&["doctor"]).assert().success().get_output().stdout);
    let project = told.lines().find(|line| line.starts_with("project ")).unwrap();
    let project = project.rsplit_once('(').unwrap().1.trim_end_matches(')');
    let (mut store, here) = (home.store(), Scope { project: project.into(), ..scope("embedded") });
    let mut write = tone("warm", None);
    if let tracemark::domain::Write::Score(score) = &mut write {
        score.config_id = None;
        score.source = tracemark::domain::Source::Api;
    }
    let seq = decide(&mut store, &here, write);
    let output = home.command(&["sync", "--wait"]).output().unwrap();
    let (code, said) = ended(&output);
    assert_eq!((code, said.ends_with("sent 1 decision\n")), (0, true), "{said}");
    assert_eq!(store.trail_entry(seq).unwrap().unwrap().row.state, WriteState::Confirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_project_at_the_same_server_is_told_and_waited_for_by_nobody() {
    let mut world = World::all_well().await;
    let elsewhere = Scope { project: "p2".into(), ..world.scope.clone() };
    let theirs = decide(&mut world.store, &elsewhere, comment("theirs"));
    let ours = decide(&mut world.store, &world.scope, comment("good"));
    for arguments in [&[][..], &["--wait"]] {
        let (code, said) = world.sync(arguments);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("1 decision not sent yet in project p2"), "{said}");
    }
    assert_eq!((world.state(ours), world.state(theirs)), (WriteState::Confirmed, WriteState::Pending));
}
