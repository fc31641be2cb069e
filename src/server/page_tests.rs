//! No page of a list may cost more because there is more: the same requests are run on two workspaces
//! of different size, and SQLite must take the same number of steps for both. A dropped index, a sort
//! of everything, a count of everything or a query per row shows here.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, StatementStatus};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use self::pages::{GROWING, ITEMS, OBSERVATIONS};
use super::{Mode, Options, Seed, Workspace, router};

#[path = "../../benches/server_pages/pages.rs"]
mod pages;

/// Large enough that every page is full in the smaller workspace.
const SIZES: [u32; 2] = [10_000, 30_000];
/// What statements there may be for a page, whatever it shows.
const MOST_STATEMENTS: usize = 12;

/// What SQLite did for requests.
#[derive(Debug, Default, Clone, PartialEq)]
struct Cost {
    statements: usize,
    steps: i64,
    /// A count of a whole table is a single step.
    counted_whole: Vec<String>,
}

/// A workspace whose statements are watched.
struct Watched {
    router: Router,
    auth: String,
    size: u32,
    cost: Arc<Mutex<Cost>>,
}

impl Watched {
    fn new(size: u32) -> Self {
        let mut workspace = empty();
        fill(&workspace.db, size);
        let cost = Arc::<Mutex<Cost>>::default();
        watch(&mut workspace.db, Arc::clone(&cost));
        let (router, auth) = served(workspace);
        Self { router, auth, size, cost }
    }

    /// What one request costs.
    async fn cost(&self, pattern: &str) -> Cost {
        *self.cost.lock().unwrap_or_else(PoisonError::into_inner) = Cost::default();
        let path = pages::path(pattern, self.size);
        let (status, body) = send(&self.router, &self.auth, "GET", &path, &Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        self.cost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn empty() -> Workspace {
    Workspace::in_memory(Seed::Empty, Timestamp::UNIX_EPOCH).unwrap_or_else(|e| panic!("{e}"))
}

fn fill(db: &Connection, size: u32) {
    let sql = "CREATE TEMP TABLE size (observations INTEGER, items INTEGER)";
    let filled = db
        .execute_batch(sql)
        .and_then(|()| db.execute("INSERT INTO size VALUES (?1, ?1)", [size]))
        .and_then(|_| db.execute_batch(include_str!("../../benches/server_pages/fill.sql")));
    filled.unwrap_or_else(|e| panic!("{e}"));
}

/// Adds up what the statements of a connection do.
fn watch(db: &mut Connection, cost: Arc<Mutex<Cost>>) {
    // A statement that is kept goes on counting its steps.
    db.set_prepared_statement_cache_capacity(0);
    let note = move |event: TraceEvent<'_>| {
        let TraceEvent::Profile(statement, _) = event else { return };
        let sql = statement.sql().into_owned();
        let mut cost = cost.lock().unwrap_or_else(PoisonError::into_inner);
        cost.statements += 1;
        cost.steps += i64::from(statement.get_status(StatementStatus::VmStep));
        let is_large = ["observations", "traces", "sessions", "scores", "comments", "items", "dataset_items"]
            .iter()
            .any(|table| sql.trim_end() == format!("SELECT count(*) FROM {table}"));
        if is_large {
            cost.counted_whole.push(sql);
        }
    };
    let watched = db.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(note));
    watched.unwrap_or_else(|e| panic!("{e}"));
}

fn served(workspace: Workspace) -> (Router, String) {
    let keys = workspace.credentials();
    let auth = format!("Basic {}", STANDARD.encode(format!("{}:{}", keys.public_key, keys.secret_key)));
    let options = Options { mode: Mode::Dual, ..Options::default() };
    (router(workspace, options, || Timestamp::UNIX_EPOCH), auth)
}

async fn send(router: &Router, auth: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/public{path}"))
        .header("authorization", auth)
        .header("content-type", "application/json")
        .body(body);
    let request = request.unwrap_or_else(|e| panic!("{path}: {e}"));
    let Ok(response) = router.clone().oneshot(request).await;
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

#[tokio::test]
async fn pages_cost_the_same_however_much_there_is() {
    let [small, large] = SIZES.map(Watched::new);
    let mut wrong = Vec::new();
    for (name, pattern) in OBSERVATIONS.iter().chain(ITEMS) {
        let [few, many] = [small.cost(pattern).await, large.cost(pattern).await];
        let is_flat = many.steps <= few.steps + few.steps / 20 + 40;
        let is_short = many.statements == few.statements && few.statements <= MOST_STATEMENTS;
        if !is_flat || !is_short || !many.counted_whole.is_empty() {
            wrong.push(format!("{name}: {few:?}, then {many:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (_, pattern) in GROWING {
        small.cost(pattern).await;
    }
}

/// The totals that are kept beside the rows, and what they must be.
const COUNTS: [(&str, &str, &str); 7] = [
    ("observation_counts", "type, level, environment, is_synthetic", "observations"),
    ("trace_counts", "environment", "traces"),
    ("session_counts", "environment", "sessions"),
    ("score_counts", "target, data_type, source, environment", "scores"),
    ("comment_counts", "object_type", "comments"),
    ("item_counts", "queue_id, status", "items"),
    ("dataset_item_counts", "dataset_id, status", "dataset_items WHERE valid_to IS NULL"),
];

fn rows(db: &Connection, sql: &str) -> Vec<String> {
    let read = || {
        let mut statement = db.prepare(sql)?;
        let rows = statement.query_map([], |r| r.get(0))?;
        rows.collect::<rusqlite::Result<_>>()
    };
    read().unwrap_or_else(|e| panic!("{sql}: {e}"))
}

fn check_counts(db: &Connection) {
    for (counts, columns, table) in COUNTS {
        let kept =
            format!("SELECT concat_ws('/', {columns}, count) FROM {counts} WHERE count <> 0 ORDER BY 1");
        let counted =
            format!("SELECT concat_ws('/', {columns}, count(*)) FROM {table} GROUP BY {columns} ORDER BY 1");
        assert_eq!(rows(db, &kept), rows(db, &counted), "{counts}");
    }
    let tagged = "SELECT t.id || j.value FROM traces AS t, json_each(t.tags) AS j ORDER BY 1";
    assert_eq!(rows(db, "SELECT trace_id || tag FROM trace_tags ORDER BY 1"), rows(db, tagged));
    let lost = "SELECT id FROM scores WHERE trace_id NOT IN (SELECT id FROM traces) ORDER BY 1";
    assert_eq!(rows(db, "SELECT id FROM scores WHERE is_lost ORDER BY 1"), rows(db, lost));
}

#[tokio::test]
async fn totals_are_what_there_is_after_every_kind_of_change() {
    let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let path = dir.path().join("workspace.db");
    let open =
        || Workspace::open(&path, Seed::Empty, Timestamp::UNIX_EPOCH).unwrap_or_else(|e| panic!("{e}"));
    let (router, auth) = served(open());
    let db = open().db;
    let event = |id: &str, kind: &str, body: Value| json!({"id": id, "type": kind, "timestamp": "2026-01-01T00:00:00Z", "body": body});
    let trace = |id: &str, tags: &[&str]| json!({"id": id, "sessionId": "x", "tags": tags});
    let batches = json!([
        [event("1", "trace-create", trace("t", &["a"]))],
        [event("2", "trace-create", trace("t", &["b"])), event("3", "trace-create", trace("u", &[]))],
        [event("4", "span-create", json!({"id": "o", "traceId": "t"}))],
        [event("5", "span-update", json!({"id": "o", "traceId": "t", "level": "ERROR"}))],
    ]);
    let score = |id: &str, target: &str| json!({"id": id, target: "t", "name": "n", "value": 1});
    let late = event("6", "trace-create", trace("later", &[]));
    let item = json!({"datasetName": "d", "id": "i", "input": 1});
    let mut steps: Vec<(&str, &str, Value)> = vec![
        ("POST", "/scores", score("s", "traceId")),
        ("POST", "/scores", json!({"id": "l", "traceId": "later", "name": "n", "value": 1})),
        ("POST", "/scores", score("x", "sessionId")),
        ("POST", "/ingestion", json!({"batch": [late]})),
        ("POST", "/scores", json!({"id": "s", "traceId": "t", "name": "n", "value": "warm"})),
        ("DELETE", "/scores/x", Value::Null),
        ("POST", "/v2/datasets", json!({"name": "d"})),
        ("POST", "/dataset-items", item.clone()),
        ("POST", "/dataset-items", item),
        ("POST", "/dataset-items", json!({"datasetName": "d", "id": "i", "status": "ARCHIVED"})),
        ("DELETE", "/dataset-items/i", Value::Null),
        ("DELETE", "/traces/t", Value::Null),
        ("POST", "/scores", score("s", "traceId")),
    ];
    for batch in batches.as_array().into_iter().flatten() {
        steps.insert(0, ("POST", "/ingestion", json!({"batch": batch})));
    }
    for (method, path, body) in steps {
        let (status, answer) = send(&router, &auth, method, path, &body).await;
        assert!((200..300).contains(&status), "{path}: {answer}");
        check_counts(&db);
    }
    let mut workspace = open();
    for _ in 0..2 {
        workspace.reset_sample(Timestamp::UNIX_EPOCH).unwrap_or_else(|e| panic!("{e}"));
        check_counts(&workspace.db);
    }
}
