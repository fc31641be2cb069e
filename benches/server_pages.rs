//! The same page of a list, asked of workspaces of different size: it should take the same time.
//!
//! `cargo bench --bench server_pages`; `TRACEMARK_BENCH_OBSERVATIONS=1000000` adds a larger one.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on fails")]

use std::hint::black_box;
use std::path::Path;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rusqlite::{Connection, params};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use tracemark::runtime::clock::wall;
use tracemark::server::{Mode, Options, Seed, Workspace, router};

const PAGES: [(&str, &str); 9] = [
    ("newest", "/v2/observations?limit=50&fields=core,basic"),
    ("trace", "/v2/observations?limit=50&traceId=trace-7&fields=core,basic,io"),
    ("session", "/v2/observations?limit=50&sessionId=session-7"),
    ("user", "/v2/observations?limit=50&userId=user-7"),
    ("name", "/v2/observations?limit=50&name=step-3"),
    ("rare-level", "/v2/observations?limit=50&level=ERROR"),
    ("environment", "/v2/observations?limit=50&environment=staging"),
    ("since", "/v2/observations?limit=50&fromStartTime=2026-01-01T00:00:00Z&type=GENERATION"),
    ("scores", "/v3/scores?limit=50&name=helpfulness"),
];

const ITEMS: [(&str, &str); 3] = [
    ("first-page", "/annotation-queues/queue/items?limit=50"),
    ("pending", "/annotation-queues/queue/items?limit=50&status=PENDING"),
    ("page-20", "/annotation-queues/queue/items?limit=50&page=20"),
];

/// A workspace with so many observations, ten to a trace, a score for each tenth, and so many items.
struct Server {
    router: Router,
    auth: String,
    _dir: TempDir,
}

impl Server {
    fn new(observations: u32, items: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("workspace.db");
        drop(Workspace::open(&path, Seed::Empty, wall()).unwrap());
        fill(&path, observations, items);
        let workspace = Workspace::open(&path, Seed::Empty, wall()).unwrap();
        let keys = workspace.credentials();
        let auth = format!("Basic {}", STANDARD.encode(format!("{}:{}", keys.public_key, keys.secret_key)));
        let options = Options { mode: Mode::Dual, ..Options::default() };
        Self { router: router(workspace, options, wall), auth, _dir: dir }
    }

    async fn get(&self, path: &str) -> usize {
        let request = Request::get(format!("/api/public{path}")).header("authorization", &self.auth);
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        to_bytes(response.into_body(), usize::MAX).await.unwrap().len()
    }
}

fn fill(path: &Path, observations: u32, items: u32) {
    let db = Connection::open(path).unwrap();
    let counted = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)";
    let time = "strftime('%Y-%m-%dT%H:%M:%fZ', '2026-01-01', '+' || i || ' seconds')";
    db.execute_batch("PRAGMA synchronous = OFF; BEGIN").unwrap();
    let sql = format!(
        "{counted} INSERT INTO observations (id, trace_id, parent_id, type, name, level, status_message,
            start_time, end_time, version, environment, user_id, session_id, release, trace_name, tags,
            model, model_parameters, usage_details, cost_details, total_cost, input, output, metadata,
            created_at, updated_at)
         SELECT 'o-' || i, 'trace-' || (i / 10), iif(i % 10 = 0, NULL, 'o-' || (i / 10 * 10)),
            iif(i % 3 = 0, 'GENERATION', 'SPAN'), 'step-' || (i % 10), iif(i % 997 = 0, 'ERROR', 'DEFAULT'), '',
            {time}, {time}, '', iif(i % 50 = 0, 'staging', 'production'), 'user-' || (i / 10 % 100),
            'session-' || (i / 100), '', 'chat', '[]', 'gpt', '{{}}', '{{}}', '{{}}', 0,
            json_array(hex(zeroblob(200))), json_array(hex(zeroblob(200))), '{{}}', {time}, {time} FROM n"
    );
    db.execute(&sql, [observations]).unwrap();
    let sql = format!(
        "{counted} INSERT INTO scores (id, name, data_type, number, source, trace_id, metadata, environment,
            timestamp, created_at, updated_at)
         SELECT 's-' || i, iif(i % 2, 'helpfulness', 'tone'), 'NUMERIC', 1, 'API', 'trace-' || i, '{{}}',
            'default', {time}, {time}, {time} FROM n"
    );
    db.execute(&sql, [observations / 10]).unwrap();
    db.execute("INSERT INTO queues VALUES ('queue', 'q', NULL, '[]', '2026', '2026')", []).unwrap();
    let sql = format!(
        "{counted} INSERT INTO items SELECT 'i-' || i, 'queue', 'trace-' || i, 'TRACE',
            iif(i % 3, 'COMPLETED', 'PENDING'), NULL, {time}, {time} FROM n"
    );
    db.execute(&sql, params![items]).unwrap();
    db.execute_batch("COMMIT").unwrap();
}

fn sizes() -> Vec<u32> {
    let more = std::env::var("TRACEMARK_BENCH_OBSERVATIONS").ok().and_then(|n| n.parse().ok());
    [1_000, 10_000, 100_000].into_iter().chain(more).collect()
}

/// Measures every page at every size, page by page, so that the sizes stand side by side.
fn compare(c: &mut Criterion, list: &str, pages: &[(&str, &str)], servers: &[(u32, Server)]) {
    let runtime = Runtime::new().unwrap();
    for (name, path) in pages {
        let mut group = c.benchmark_group(format!("{list}/{name}"));
        for (size, server) in servers {
            group.bench_with_input(BenchmarkId::from_parameter(size), path, |b, path| {
                b.iter(|| black_box(runtime.block_on(server.get(path))));
            });
        }
        group.finish();
    }
}

fn observations(c: &mut Criterion) {
    let servers: Vec<_> = sizes().into_iter().map(|n| (n, Server::new(n, 1))).collect();
    compare(c, "observations", &PAGES, &servers);
}

fn items(c: &mut Criterion) {
    let servers = [1_000, 100_000].map(|n| (n, Server::new(1, n)));
    compare(c, "items", &ITEMS, &servers);
}

criterion_group! {
    name = pages;
    config = Criterion::default().sample_size(20);
    targets = observations, items
}
criterion_main!(pages);
