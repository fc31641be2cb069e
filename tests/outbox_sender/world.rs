//! A sender, its store, a fake server and a clock.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tracemark::api::{Backoff, Client, Connection};
use tracemark::domain::{
    CommentWrite, DataType, Decision, ItemStatus, Made, Object, ObjectKind, ScoreWrite, Source, Target,
    Value, Write, WriteState, Written,
};
use tracemark::outbox::{OutboxUpdate, Sender};
use tracemark::store::{Scope, SharedStore, Store};
use wiremock::matchers::{method, path_regex};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

thread_local! {
    static SECONDS: Cell<i64> = const { Cell::new(0) };
}

/// Seconds after the start of the tests' time.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

pub fn now() -> Timestamp {
    at(SECONDS.get())
}

/// Lets time pass on the wall clock only.
pub fn pass(seconds: i64) {
    SECONDS.set(SECONDS.get() + seconds);
}

pub struct World {
    pub server: MockServer,
    pub store: SharedStore,
    pub scope: Scope,
    pub wake: Arc<Notify>,
    pub updates: UnboundedReceiver<OutboxUpdate>,
    sender: Option<Sender>,
}

impl World {
    pub async fn new() -> Self {
        Self::with(Store::in_memory().unwrap()).await
    }

    /// A world with its own kind of store.
    pub async fn with(store: Store) -> Self {
        let server = MockServer::start().await;
        let client = client(&server.uri());
        let store = SharedStore::new(store);
        let scope = Scope { host: server.uri(), project: "p1".into() };
        let (tell, updates) = unbounded_channel();
        let wake = Arc::new(Notify::new());
        let sender = Sender::new(store.clone(), client, scope.clone(), "p1".into(), now, tell, wake.clone());
        Self { server, store, scope, wake, updates, sender: Some(sender) }
    }

    /// The sender from now on talks to another address.
    pub fn moves_to(&mut self, address: &str) {
        let (tell, updates) = unbounded_channel();
        self.updates = updates;
        let wake = self.wake.clone();
        let (store, scope) = (self.store.clone(), self.scope.clone());
        self.sender = Some(Sender::new(store, client(address), scope, "p1".into(), now, tell, wake));
    }

    /// What the server answers, always.
    pub async fn on(&self, verb: &str, path: &str, status: u16, body: Json) {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        self.matching(verb, path).respond_with(answer).mount(&self.server).await;
    }

    /// What the server answers once; to be said before [`World::on`].
    pub async fn once(&self, verb: &str, path: &str, answer: ResponseTemplate) {
        let mock = self.matching(verb, path).respond_with(answer).up_to_n_times(1);
        mock.mount(&self.server).await;
    }

    /// The server takes the request once and hangs up.
    pub async fn hangs_up_once(&self, verb: &str, path: &str) {
        let broken = |_: &Request| std::io::Error::other("gone");
        let mock = self.matching(verb, path).respond_with_err(broken).up_to_n_times(1);
        mock.mount(&self.server).await;
    }

    #[expect(clippy::unused_self, reason = "reads better at the call")]
    fn matching(&self, verb: &str, path: &str) -> wiremock::MockBuilder {
        Mock::given(method(verb)).and(path_regex(format!("^/api/public/{path}$")))
    }

    /// A server with a pending item, where everything goes well.
    pub async fn all_well(&self) {
        self.on("POST", "scores", 200, json!({"id": "x"})).await;
        self.on("DELETE", "scores/.*", 202, json!({"message": "queued"})).await;
        self.on("POST", "comments", 200, json!({"id": "c"})).await;
        self.on("GET", "annotation-queues/q1/items/.*", 200, item("PENDING", None)).await;
        self.on("PATCH", "annotation-queues/q1/items/.*", 200, item("COMPLETED", Some(now()))).await;
    }

    /// Records decisions on an item and releases them.
    pub fn decide(&self, item: &str, writes: &[Write]) -> Vec<i64> {
        let mut store = self.store.lock();
        let record = |write| store.record(&self.scope, &decision(item, write), now()).unwrap().seq;
        let seqs = writes.iter().map(record).collect();
        store.release(&self.scope, Some(&item.into()), None, now()).unwrap();
        seqs
    }

    pub fn sender(&mut self) -> &mut Sender {
        self.sender.as_mut().unwrap()
    }

    pub fn take_sender(&mut self) -> Sender {
        self.sender.take().unwrap()
    }

    pub async fn flush(&mut self) -> usize {
        self.sender().flush_once().await.unwrap()
    }

    pub fn row(&self, seq: i64) -> Written {
        let rows = self.store.lock().journal(&self.scope, 100).unwrap();
        rows.into_iter().find(|row| row.seq == seq).unwrap()
    }

    pub fn states(&self, seqs: &[i64]) -> Vec<WriteState> {
        seqs.iter().map(|seq| self.row(*seq).state).collect()
    }

    pub fn error(&self, seq: i64) -> String {
        self.row(seq).last_error.unwrap_or_default()
    }

    /// Requests so far, such as `POST scores`; arrays are marked with their length.
    pub async fn requests(&self) -> Vec<String> {
        self.server.received_requests().await.unwrap().iter().map(describe).collect()
    }

    /// Pauses and the like; changes of rows are left out.
    pub fn told(&mut self) -> Vec<OutboxUpdate> {
        let mut told = Vec::new();
        while let Ok(update) = self.updates.try_recv() {
            if !matches!(update, OutboxUpdate::Changed(_)) {
                told.push(update);
            }
        }
        told
    }
}

/// A client that repeats reads at once.
pub fn client(address: &str) -> Client {
    let connection = Connection {
        base_url: address.parse().unwrap(),
        public_key: "pk".into(),
        secret_key: "sk".to_owned().into(),
        allow_insecure_http: false,
    };
    let at_once = Backoff { first: Duration::ZERO, longest: Duration::ZERO };
    Client::new(connection, now).unwrap().with_backoff(at_once)
}

fn describe(request: &Request) -> String {
    let path = request.url.path().trim_start_matches("/api/public/");
    let array = serde_json::from_slice::<Vec<Json>>(&request.body).ok();
    let array = array.map(|array| format!(" [{}]", array.len())).unwrap_or_default();
    format!("{} {path}{array}", request.method)
}

pub fn item(status: &str, completed: Option<Timestamp>) -> Json {
    json!({"id": "i1", "queueId": "q1", "objectId": "t1", "objectType": "TRACE", "status": status,
        "completedAt": completed, "createdAt": at(-1000), "updatedAt": at(-1000)})
}

/// Scores as the server lists them.
pub fn shown(scores: &[(&str, f64)]) -> Json {
    let row = |(id, value): &(&str, f64)| {
        json!({"id": id, "projectId": "p1", "name": "n", "value": value, "dataType": "NUMERIC",
            "source": "ANNOTATION", "timestamp": at(0), "environment": "default", "comment": null,
            "subject": {"kind": "trace", "id": "t1"}})
    };
    json!({"data": scores.iter().map(row).collect::<Vec<_>>(), "meta": {"limit": 100}})
}

pub fn comments(list: &[(&str, Timestamp)]) -> Json {
    let row = |(content, at): &(&str, Timestamp)| {
        json!({"id": content, "projectId": "p1", "objectType": "TRACE", "objectId": "t1",
            "content": content, "authorUserId": null, "createdAt": at, "updatedAt": at})
    };
    json!({"data": list.iter().map(row).collect::<Vec<_>>(),
        "meta": {"page": 1, "limit": 100, "totalItems": list.len(), "totalPages": 1}})
}

pub fn score(id: &str, value: f64) -> Write {
    Write::Score(ScoreWrite {
        id: id.into(),
        target: Target::Trace("t1".into()),
        config_id: Some(format!("c-{id}").into()),
        queue_id: Some("q1".into()),
        name: "helpfulness".into(),
        value: Value::Number(value),
        data_type: DataType::Numeric,
        comment: None,
        source: Source::Annotation,
        annotator: "mira".into(),
        timestamp: at(0),
        environment: None,
    })
}

/// The decision for a write; what is deleted was there.
pub fn decision(item: &str, write: &Write) -> Decision {
    let before = match write {
        Write::DeleteScore { id, .. } => Some(Box::new(score(id.as_str(), 9.0))),
        _ => None,
    };
    Decision { item_id: item.into(), write: write.clone(), made: Made { before, ..Made::default() } }
}

pub fn deletion(id: &str) -> Write {
    let target = Target::Trace("t1".into());
    Write::DeleteScore {
        id: id.into(),
        target,
        config_id: Some(format!("c-{id}").into()),
        annotator: "mira".into(),
    }
}

pub fn comment(content: &str) -> Write {
    let object = Object { kind: ObjectKind::Trace, id: "t1".into() };
    Write::Comment(CommentWrite { object, content: content.into(), author: None })
}

pub fn complete(item: &str) -> Write {
    Write::Status { queue_id: "q1".into(), item_id: item.into(), status: ItemStatus::Completed }
}
