//! A project with one queue of a given length, served by the real program in a process of its own,
//! and what its database says.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rusqlite::{Connection, params};
use tracemark::runtime::clock;
use tracemark::server::{Seed, Workspace};

/// The queue's name.
pub const QUEUE: &str = "Campaign";

/// A row of the rubric, and two options of it.
#[derive(Debug)]
pub struct Row {
    /// Its name, which occurs nowhere else on the screen.
    pub name: &'static str,
    /// Keys that pick the options.
    pub keys: [&'static str; 2],
    /// What the screen shows for them.
    pub shown: [&'static str; 2],
    /// What the server keeps.
    pub kept: [&'static str; 2],
}

/// The rows of the rubric.
pub const ROWS: [Row; 3] = [
    Row { name: "quality", keys: ["2", "4"], shown: ["2", "4"], kept: ["2", "4"] },
    Row { name: "tone", keys: ["1", "3"], shown: ["calm", "rude"], kept: ["calm", "rude"] },
    Row { name: "useful", keys: ["1", "2"], shown: ["yes", "no"], kept: ["1", "0"] },
];

/// The program under test: the one built with the tests, or another build named by
/// `TRACEMARK_PROGRAM`, so that a long run does not mind what is built meanwhile.
pub fn program() -> String {
    std::env::var("TRACEMARK_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_tracemark").into())
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    process: Child,
    data: PathBuf,
    pub address: SocketAddr,
    pub public_key: String,
    pub secret_key: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Starts a server of a queue with so many items, its file in this folder.
    pub fn start(folder: &Path, items: usize) -> Self {
        let data = folder.join("server.db");
        drop(Workspace::open(&data, Seed::Empty, clock::wall()).unwrap());
        fill(&Connection::open(&data).unwrap(), items);
        let mut process = Command::new(program())
            .args(["serve", "--bind", "127.0.0.1:0", "--data"])
            .arg(&data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut value = |name: &str| {
            let line = lines.next().unwrap().unwrap();
            line.strip_prefix(&format!("{name}=")).unwrap().to_owned()
        };
        let url = value("LANGFUSE_BASE_URL");
        let (public_key, secret_key) = (value("LANGFUSE_PUBLIC_KEY"), value("LANGFUSE_SECRET_KEY"));
        let address = url.strip_prefix("http://").unwrap().parse().unwrap();
        Self { process, data, address, public_key, secret_key }
    }

    /// Values of all scores on a case, as `(row, value)`.
    pub fn scores(&self, case: &str) -> Vec<(String, String)> {
        let sql = "SELECT name, coalesce(text, CAST(CAST(number AS INTEGER) AS TEXT)) FROM scores
                   WHERE trace_id = ? ORDER BY name";
        self.rows(sql, case)
    }

    /// All comments on a case, as `(text, time)`.
    pub fn comments(&self, case: &str) -> Vec<(String, String)> {
        self.rows("SELECT content, created_at FROM comments WHERE object_id = ? ORDER BY created_at", case)
    }

    /// A case's item in the queue, as `(status, time of completion)`.
    pub fn item(&self, case: &str) -> (String, String) {
        let sql = "SELECT status, coalesce(completed_at, '') FROM items WHERE object_id = ?";
        self.rows(sql, case).remove(0)
    }

    fn rows(&self, sql: &str, case: &str) -> Vec<(String, String)> {
        let database = Connection::open(&self.data).unwrap();
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([case], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }
}

/// The name of a trace: `case-007`, which is its id too.
pub fn case(at: usize) -> String {
    format!("case-{:03}", at + 1)
}

fn fill(database: &Connection, items: usize) {
    let at = |n: usize| format!("2026-01-{:02}T{:02}:{:02}:00.000Z", 1 + n / 1440, n / 60 % 24, n % 60);
    let config = "INSERT INTO score_configs VALUES (?1, ?1, NULL, ?2, 0, ?3, ?4, ?5, ?6, ?6)";
    let tones = r#"[{"label":"calm","value":0},{"label":"warm","value":1},{"label":"rude","value":2}]"#;
    let truths = r#"[{"label":"True","value":1},{"label":"False","value":0}]"#;
    database.execute_batch("BEGIN").unwrap();
    database.execute(config, params!["quality", "NUMERIC", 1.0, 5.0, None::<String>, at(0)]).unwrap();
    let none = None::<f64>;
    database.execute(config, params!["tone", "CATEGORICAL", none, none, tones, at(0)]).unwrap();
    database.execute(config, params!["useful", "BOOLEAN", none, none, truths, at(0)]).unwrap();
    let queue = r#"INSERT INTO queues VALUES ('queue', ?, NULL, '["quality","tone","useful"]', ?2, ?2)"#;
    database.execute(queue, [QUEUE, &at(0)]).unwrap();
    for n in 0..items {
        let (case, when) = (case(n), at(n));
        let trace = "INSERT INTO observations (id, trace_id, parent_id, type, name, level, status_message,
            start_time, end_time, completion_start_time, latency, time_to_first_token, version, environment,
            user_id, session_id, release, trace_name, tags, model, model_parameters, usage_details,
            cost_details, total_cost, input, output, metadata, created_at, updated_at) VALUES (?1 || '-root', ?1, NULL, 'SPAN', ?1, 'DEFAULT', '',
            ?2, ?2, NULL, 1.0, NULL, '', 'default', '', '', '', ?1, '[]', '', '{}', '{}', '{}', 0,
            '\"a question\"', '\"an answer\"', '{}', ?2, ?2)";
        database.execute(trace, [&case, &when]).unwrap();
        let item = "INSERT INTO items VALUES ('item-' || ?1, 'queue', ?1, 'TRACE', 'PENDING', NULL, ?2, ?2)";
        database.execute(item, [&case, &when]).unwrap();
    }
    database.execute_batch("COMMIT").unwrap();
}
