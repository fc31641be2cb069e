//! `tracemark evaluators`: kept at the server, run from here.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "other tests use the rest")]
mod cli_support;
mod http_support;

use std::path::PathBuf;

use assert_cmd::Command;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cli_support::{Home, Serving, at, failure, text};
use http_support::{exchange, request, status};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tracemark::api::{Client, Connection};
use tracemark::domain::{ObjectKind, Score, Source, Value as Worth};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A place to keep things, a server with the sample project, and traces of it.
struct World {
    home: Home,
    server: Serving,
    traces: Vec<String>,
    client: Client,
    runtime: Runtime,
}

impl World {
    fn new() -> Self {
        Self::of(&[])
    }

    /// A server with these arguments.
    fn of(arguments: &[&str]) -> Self {
        let home = Home::new();
        let server = home.serve(arguments);
        let connection = Connection {
            base_url: server.url.parse().unwrap(),
            public_key: server.public_key.clone(),
            secret_key: server.secret_key.clone().into(),
            allow_insecure_http: false,
        };
        let client = Client::new(connection, || at(0)).unwrap();
        let runtime = Runtime::new().unwrap();
        let traces = runtime.block_on(traces(&client));
        Self { home, server, traces, client, runtime }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(&[&["evaluators"], arguments].concat());
        command.env("LANGFUSE_BASE_URL", &self.server.url);
        command.env("LANGFUSE_PUBLIC_KEY", &self.server.public_key);
        command.env("LANGFUSE_SECRET_KEY", &self.server.secret_key);
        command
    }

    /// The rows a command writes; it must succeed.
    fn rows(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Sends the server something it must take; gives its answer.
    fn post(&self, path: &str, body: &Value) -> Value {
        let address = self.server.url.strip_prefix("http://").unwrap().parse().unwrap();
        let keys = format!("{}:{}", self.server.public_key, self.server.secret_key);
        let headers = format!("authorization: Basic {}\r\n", STANDARD.encode(keys));
        let request = request("POST", path, &headers, &body.to_string());
        let answer = self.runtime.block_on(exchange(address, &request)).unwrap();
        let words = String::from_utf8_lossy(&answer).into_owned();
        assert_eq!(status(&answer), 200, "{path}: {words}");
        serde_json::from_str(words.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path: PathBuf = self.home.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn judge(&self, prompt: &str) -> Value {
        let prompt = self.file("prompt.txt", prompt);
        let made = ["create", "tone", "--prompt", &prompt, "--min", "0", "--max", "1", "--reasoning", "why"];
        self.rows(&made).remove(0)
    }

    /// The score a row of `run` tells of.
    fn score(&self, row: &Value) -> Score {
        let id = row["score_id"].as_str().unwrap().into();
        self.runtime.block_on(self.client.scores_by_id(&[id])).unwrap().remove(0)
    }
}

/// Three traces that wait for review.
async fn traces(client: &Client) -> Vec<String> {
    let queues = client.queues(1, 100).await.unwrap().data;
    let support = queues.iter().find(|queue| queue.id.as_str() == "queue-support").unwrap();
    let items = client.items(&support.id, None, 1, 100).await.unwrap().data;
    let traces = items.into_iter().filter(|item| item.object.kind == ObjectKind::Trace);
    traces.map(|item| item.object.id).take(3).collect()
}

/// A model on this machine that answers everything alike.
struct FakeModel {
    runtime: Runtime,
    server: MockServer,
}

impl FakeModel {
    fn saying(content: &Value) -> Self {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(MockServer::start());
        let body = json!({"choices": [{"message": {"content": content.to_string()}}]});
        let answer = ResponseTemplate::new(200).set_body_json(body);
        runtime.block_on(Mock::given(method("POST")).respond_with(answer).with_priority(9).mount(&server));
        Self { runtime, server }
    }

    /// Answers the first question with this status instead.
    fn refusing_once(&self, status: u16) {
        let mock = Mock::given(method("POST")).respond_with(ResponseTemplate::new(status));
        self.runtime.block_on(mock.up_to_n_times(1).mount(&self.server));
    }

    fn asked(&self) -> Vec<Value> {
        let requests = self.runtime.block_on(self.server.received_requests()).unwrap();
        requests.iter().map(|request| request.body_json().unwrap()).collect()
    }
}

/// `run tone --traces … --model-url …`
fn run<'a>(world: &'a World, model: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["run", "tone", "--model-url", model, "--model", "tiny"];
    arguments.extend_from_slice(more);
    arguments.push("--traces");
    arguments.extend(world.traces.iter().map(String::as_str));
    arguments
}

#[test]
fn evaluators_are_made_shown_and_removed() {
    let world = World::new();
    let none = world.command(&["list"]).output().unwrap();
    assert!(none.status.success() && none.stdout.is_empty());
    assert!(text(&none.stderr).contains("`tracemark evaluators create` makes one"));
    let made = world.judge("Rate {{output}}");
    assert_eq!(
        (&made["version"], &made["verdict"], &made["variables"]),
        (&json!(1), &json!("0 to 1"), &json!(["output"]))
    );
    let again = world.judge("Rate {{input}} and {{output}}");
    assert_eq!((&again["version"], &again["id"]), (&json!(2), &made["id"]));
    let source = world.file("check.py", "def evaluate(): \u{1b}[31m\n");
    let program = world.rows(&["create", "check", "--source", &source]).remove(0);
    assert_eq!((&program["type"], &program["language"]), (&json!("code"), &json!("PYTHON")));
    let names: Vec<Value> = world.rows(&["list"]).iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["check", "tone"]);
    let id = made["id"].as_str().unwrap();
    assert_eq!(world.rows(&["get", id]), [again]);
    let page = world.command(&["get", "check", "--output", "table"]).output().unwrap();
    assert!(text(&page.stdout).contains("def evaluate(): ␛[31m"), "{}", text(&page.stdout));
    let csv = world.command(&["list", "--output", "csv"]).output().unwrap();
    assert!(text(&csv.stdout).starts_with("id,name,type,version,"), "{}", text(&csv.stdout));

    let (code, words) = failure(&mut world.command(&["delete", "tone"]));
    assert!(code == 2 && words.contains("add --yes"), "{words}");
    assert!(world.rows(&["delete", "tone", "--yes"]).is_empty());
    let (code, words) = failure(&mut world.command(&["get", "tone"]));
    assert_eq!(code, 4);
    assert!(words.contains("there is no evaluator `tone`") && words.contains("there are: check"), "{words}");
}

#[test]
fn a_judge_scores_traces_and_does_so_again() {
    let world = World::new();
    world.judge("Rate {{output}}");
    let first = FakeModel::saying(&json!({"reasoning": "kind", "score": 1}));
    let url = first.server.uri();
    let rows = world.rows(&run(&world, &url, &[]));
    assert_eq!(rows.len(), 3);
    let score = world.score(&rows[0]);
    assert_eq!(
        (score.name.as_str(), &score.value, score.comment.as_deref()),
        ("tone", &Worth::Number(1.0), Some("kind"))
    );
    assert_eq!(score.source, Source::Eval);
    let asked = first.asked();
    assert!(
        asked.iter().all(|body| body["model"] == "tiny" && body["messages"].as_array().unwrap().len() == 1)
    );
    assert_eq!(
        asked[0]["response_format"]["json_schema"]["schema"]["properties"]["score"]["maximum"],
        json!(1.0)
    );

    let second = FakeModel::saying(&json!({"reasoning": "not so kind", "score": 0.5}));
    let again = world.rows(&run(&world, &second.server.uri(), &[]));
    let ids = |rows: &[Value]| {
        let mut ids: Vec<String> = rows.iter().map(|row| row["score_id"].to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&again), ids(&rows), "the same scores");
    let updated = world.score(&rows[0]);
    assert_eq!((&updated.value, updated.timestamp), (&Worth::Number(0.5), score.timestamp));
}

#[test]
fn failures_are_listed_and_told_by_the_exit_code() {
    let world = World::new();
    world.judge("Rate {{input}} {{output}}");
    let output = world.command(&run(&world, "http://x", &["--dry-run"])).output().unwrap();
    let questions = text(&output.stdout);
    assert!(output.status.success() && questions.matches("[user]\nRate ").count() == 3, "{questions}");

    let model = FakeModel::saying(&json!({"score": 1}));
    model.refusing_once(404);
    let url = model.server.uri();
    let output = world.command(&run(&world, &url, &["--concurrency", "1"])).output().unwrap();
    let said = text(&output.stderr);
    assert!(said.contains("answered 404") && said.contains("1 of 3 are not scored by tone"), "{said}");
    assert_eq!((output.status.code(), text(&output.stdout).lines().count()), (Some(6), 2), "{said}");
    let unfit = FakeModel::saying(&json!({"score": 7}));
    let (code, words) = failure(&mut world.command(&run(&world, &unfit.server.uri(), &[])));
    assert!(code == 1 && words.contains("the score 7 is not 0 to 1"), "{words}");
}

#[test]
fn nobody_to_ask_and_nothing_to_find_have_exit_codes_of_their_own() {
    let world = World::new();
    world.judge("Rate {{output}}");
    let source = world.file("check.ts", "1");
    world.rows(&["create", "check", "--source", &source]);
    let trace = world.traces[0].as_str();
    let here = "http://127.0.0.1:9/v1";
    for (arguments, code, words) in [
        (vec!["run", "tone", "--traces", trace], 2, "no endpoint is named"),
        (vec!["run", "tone", "--traces", trace, "--model-url", here], 2, "none is named"),
        (
            vec!["run", "tone", "--traces", trace, "--model-url", "localhost", "--model", "m"],
            2,
            "`localhost` is no address",
        ),
        (
            vec!["create", "x", "--prompt", source.as_str(), "--min", "5", "--max", "1"],
            2,
            "--min 5 is greater than --max 1",
        ),
        (
            vec!["run", "tone", "--traces", trace, "--model-url", "http://far.example", "--model", "m"],
            2,
            "plain http",
        ),
        (vec!["run", "tone", "--traces", trace, "--command", "cat"], 2, "judged by a model"),
        (vec!["run", "check", "--traces", trace], 2, "--command 'PROG ARGS'"),
        (vec!["run", "check", "--traces", trace, "--model", "m"], 2, "scored by a program"),
        (vec!["run", "check", "--command", "cat"], 2, "--traces"),
        (vec!["run", "check", "--queue", "Nowhere", "--command", "cat"], 4, "there is no queue"),
        (vec!["run", "check", "--dataset-run", "a/b", "--command", "cat"], 4, "there is no run"),
        (vec!["run", "check", "--dataset-run", "ab", "--command", "cat"], 2, "DATASET/RUN"),
        (vec!["run", "check", "--traces", "no-such-trace", "--command", "cat"], 4, "does not have it"),
        (vec!["run", "none", "--traces", trace], 4, "there is no evaluator"),
        (
            vec!["create", "x", "--prompt", source.as_str(), "--type", "categorical", "--category", "a"],
            2,
            "two or more",
        ),
    ] {
        let (found, said) = failure(&mut world.command(&arguments));
        assert!(found == code && said.contains(words), "{arguments:?}: {found} {said}");
    }
    let (code, said) =
        failure(&mut world.command(&["run", "tone", "--traces", trace, "--model-url", here, "--model", "m"]));
    assert!(code == 5 && said.contains("cannot reach 127.0.0.1:9"), "{said}");
}

#[test]
fn a_model_that_refuses_the_key_ends_the_run_without_showing_it() {
    let world = World::new();
    world.judge("Rate {{output}}");
    let model = FakeModel::saying(&json!({"score": 1}));
    model.refusing_once(401);
    let url = model.server.uri();
    let mut command = world.command(&run(&world, &url, &["--concurrency", "1"]));
    let (code, words) = failure(command.env("TRACEMARK_MODEL_API_KEY", "sk-hidden"));
    assert!(code == 3 && !words.contains("sk-hidden"), "{words}");
    assert_eq!(model.asked().len(), 1, "the others would fare no better");
}

#[test]
fn a_program_scores_a_queue() {
    let world = World::new();
    let source = world.file("check.py", "raise SystemExit('never run')");
    world.rows(&["create", "check", "--source", &source]);
    let script = world.file(
        "score.sh",
        "in=$(cat)\ncase \"$in\" in *'\"expected_output\":null'*) echo '{\"score\":true,\"reasoning\":\"seen\"}';; esac\n",
    );
    let command = format!("sh '{script}'");
    let rows = world.rows(&["run", "check", "--queue", "queue-support", "--command", &command]);
    assert!(rows.len() > 3 && rows.iter().all(|row| row["value"] == true), "{rows:?}");
    let score = world.score(&rows[0]);
    assert_eq!((&score.value, score.comment.as_deref()), (&Worth::Boolean(true), Some("seen")));
    let slow =
        ["run", "check", "--traces", &world.traces[0], "--command", "sleep 3600", "--timeout", "200ms"];
    let (code, words) = failure(&mut world.command(&slow));
    assert!(code == 1 && words.contains("took longer than 0.2 s"), "{words}");
}

#[test]
fn a_run_of_a_dataset_is_scored_as_the_rule_maps_it() {
    let world = World::of(&["--mode", "dual"]);
    let made = world.judge("Is {{output}} like {{reference}}?");
    let mapping = json!([
        {"variable": "output", "source": "output"},
        {"variable": "reference", "source": "expected_output", "jsonPath": "$.answer"},
    ]);
    let assignments = json!([{"evaluatorId": made["id"], "variableMapping": mapping}]);
    let rule = json!({"name": "all", "enabled": false, "evaluatorAssignments": assignments});
    world.post("/v2/evaluation-rules", &rule);
    world.post("/v2/datasets", &json!({"name": "gold/small"}));
    let item = json!({"id": "i1", "datasetName": "gold/small", "expectedOutput": {"answer": "In Graz"}});
    world.post("/dataset-items", &item);
    let run = json!({"runName": "run 1", "datasetItemId": "i1", "traceId": world.traces[0]});
    world.post("/dataset-run-items", &run);

    let model = FakeModel::saying(&json!({"reasoning": "alike", "score": 1}));
    let url = model.server.uri();
    let arguments =
        ["run", "tone", "--dataset-run", "gold/small/run 1", "--model-url", &url, "--model", "tiny"];
    let rows = world.rows(&arguments);
    assert_eq!((rows.len(), &rows[0]["target"]), (1, &json!(format!("trace/{}", world.traces[0]))));
    let asked = model.asked()[0]["messages"][0]["content"].as_str().unwrap().to_owned();
    assert!(asked.ends_with(" like In Graz?"), "{asked}");
    assert_eq!(world.score(&rows[0]).comment.as_deref(), Some("alike"));
}
