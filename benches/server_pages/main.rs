//! The same pages, asked of workspaces of different size: they should take the same time.
//!
//! `cargo bench --bench server_pages` measures at 1,000, 10,000 and 100,000 observations and at as many
//! queue items, in about two minutes. `TRACEMARK_BENCH_OBSERVATIONS=1000000 cargo bench --bench
//! server_pages` adds a larger workspace (3 GB in the directory for temporary files, some minutes). A
//! word after `--` picks the pages with it in their name.
//!
//! At the end stands a table: the median of every page at every size, and how much longer it takes with
//! the largest workspace than with the smallest. Expect a factor below 2 for all but the pages under
//! "growing", which put their answer together from all rows there are, or skip as many.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on fails")]
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures and tells")]

mod pages;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{BenchmarkId, Criterion};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use tracemark::runtime::clock::wall;
use tracemark::server::{Mode, Options, Seed, Workspace, router};

/// A workspace with so many observations or items.
struct Server {
    size: u32,
    router: Router,
    auth: String,
    _dir: TempDir,
}

impl Server {
    fn new(size: u32, observations: u32, items: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("workspace.db");
        drop(Workspace::open(&path, Seed::Empty, wall()).unwrap());
        fill(&path, observations, items);
        let workspace = Workspace::open(&path, Seed::Empty, wall()).unwrap();
        let keys = workspace.credentials();
        let auth = format!("Basic {}", STANDARD.encode(format!("{}:{}", keys.public_key, keys.secret_key)));
        let options = Options { mode: Mode::Dual, ..Options::default() };
        Self { size, router: router(workspace, options, wall), auth, _dir: dir }
    }

    async fn get(&self, path: &str) -> usize {
        let request = Request::get(format!("/api/public{path}")).header("authorization", &self.auth);
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        to_bytes(response.into_body(), usize::MAX).await.unwrap().len()
    }
}

/// Fills a workspace. Indexes are made afterwards, which takes a tenth of the time.
fn fill(path: &Path, observations: u32, items: u32) {
    let db = Connection::open(path).unwrap();
    let start = Instant::now();
    db.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; BEGIN").unwrap();
    let mut indexes =
        db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql > ''").unwrap();
    let indexes: Vec<(String, String)> =
        indexes.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap();
    for (name, _) in &indexes {
        db.execute_batch(&format!("DROP INDEX {name}")).unwrap();
    }
    db.execute_batch("CREATE TEMP TABLE size (observations INTEGER, items INTEGER)").unwrap();
    db.execute("INSERT INTO size VALUES (?1, ?2)", [observations, items]).unwrap();
    db.execute_batch(include_str!("fill.sql")).unwrap();
    for (_, sql) in &indexes {
        db.execute_batch(sql).unwrap();
    }
    db.execute_batch("COMMIT").unwrap();
    println!("{observations} observations, {items} items: {:.1} s", start.elapsed().as_secs_f64());
}

/// One row of the table: a page and its medians by size.
struct Line {
    name: &'static str,
    medians: Vec<Duration>,
}

/// Measures every page at every size, page by page, so that the sizes stand side by side.
fn compare(c: &mut Criterion, wanted: &str, pages: &[(&'static str, &str)], servers: &[Server]) -> Vec<Line> {
    let runtime = Runtime::new().unwrap();
    let mut lines = Vec::new();
    for (name, pattern) in pages.iter().filter(|(name, _)| name.contains(wanted)) {
        let mut group = c.benchmark_group(*name);
        let mut medians = Vec::new();
        for server in servers {
            let path = pages::path(pattern, server.size);
            let mut samples = Vec::new();
            group.bench_with_input(BenchmarkId::from_parameter(server.size), &path, |b, path| {
                b.iter_custom(|times| {
                    let start = Instant::now();
                    for _ in 0..times {
                        black_box(runtime.block_on(server.get(path)));
                    }
                    samples.push(start.elapsed() / u32::try_from(times).unwrap());
                    start.elapsed()
                });
            });
            samples.sort();
            medians.push(samples[samples.len() / 2]);
        }
        group.finish();
        lines.push(Line { name, medians });
    }
    lines
}

fn print(title: &str, servers: &[Server], lines: &[Line]) {
    let sizes: Vec<String> = servers.iter().map(|server| format!("{:>10}", server.size)).collect();
    println!("\n{title:28}{} growth", sizes.concat());
    for Line { name, medians } in lines {
        let cells: Vec<String> =
            medians.iter().map(|time| format!("{:>7.2} ms", time.as_secs_f64() * 1e3)).collect();
        let growth = medians[medians.len() - 1].as_secs_f64() / medians[0].as_secs_f64();
        println!("{name:28}{} {growth:5.1}x", cells.concat());
    }
}

fn main() {
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let more = std::env::var("TRACEMARK_BENCH_OBSERVATIONS").ok().and_then(|n| n.parse().ok());
    let mut c = Criterion::default()
        .sample_size(10)
        .nresamples(1000)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200))
        .without_plots();
    let sizes = [1_000, 10_000, 100_000].into_iter();
    let queues: Vec<Server> = sizes.clone().map(|n| Server::new(n, 1, n)).collect();
    let items = compare(&mut c, &wanted, pages::ITEMS, &queues);
    let servers: Vec<Server> = sizes.chain(more).map(|n| Server::new(n, n, 1)).collect();
    let flat = compare(&mut c, &wanted, pages::OBSERVATIONS, &servers);
    let growing = compare(&mut c, &wanted, pages::GROWING, &servers);
    print("items", &queues, &items);
    print("observations", &servers, &flat);
    print("growing", &servers, &growing);
}
