//! Which handler answers which path and method.

use rusqlite::Connection;

use super::auth::Gate;
use super::reply::{Answer, Problem};
use super::{Call, comments, configs, items, media, observations, project, queues, score_list, score_write};

/// Answers one kind of request within a transaction.
type Handler = fn(&Connection, &Call) -> Answer;

/// One method of one route.
#[derive(Clone, Copy)]
pub(super) struct Endpoint {
    method: &'static str,
    /// Who may call it.
    pub(super) gate: Gate,
    /// The handler.
    pub(super) run: Handler,
}

impl Endpoint {
    /// Whether it changes nothing.
    pub(super) fn is_read(&self) -> bool {
        self.method == "GET"
    }

    /// Whether the body is a file.
    pub(super) fn is_upload(&self) -> bool {
        self.method == "PUT"
    }
}

/// The endpoint, or why there is none.
pub(super) fn find(path: &str, method: &str) -> Result<Endpoint, Problem> {
    if let Some(shorter) = path.strip_suffix('/').filter(|p| !p.is_empty()) {
        return Err(Problem::Moved(shorter.to_owned()));
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let methods = methods(&segments);
    if methods.is_empty() {
        return Err(Problem::NoRoute);
    }
    methods.into_iter().find(|e| e.method == method).ok_or(Problem::Method)
}

fn methods(path: &[&str]) -> Vec<Endpoint> {
    let key = |method, run: Handler| Endpoint { method, gate: Gate::Key, run };
    let open = |method, run: Handler| Endpoint { method, gate: Gate::Open, run };
    let ["api", path @ ..] = path else { return Vec::new() };
    match path {
        ["media", _] => vec![open("GET", media::download), open("PUT", media::upload)],
        ["public", "health"] => vec![open("GET", project::health)],
        ["public", "ready"] => vec![open("GET", project::ready)],
        ["public", "projects"] => {
            vec![Endpoint { method: "GET", gate: Gate::Projects, run: project::list }]
        }
        ["public", "annotation-queues"] => vec![key("GET", queues::list), key("POST", queues::create)],
        ["public", "annotation-queues", _] => vec![key("GET", queues::get)],
        ["public", "annotation-queues", _, "items"] => {
            vec![key("GET", items::list), key("POST", items::create)]
        }
        ["public", "annotation-queues", _, "items", _] => {
            vec![key("GET", items::get), key("PATCH", items::patch), key("DELETE", items::delete)]
        }
        ["public", "annotation-queues", _, "assignments"] => {
            vec![key("POST", queues::assign), key("DELETE", queues::unassign)]
        }
        ["public", "score-configs"] => vec![key("GET", configs::list), key("POST", configs::create)],
        ["public", "score-configs", _] => vec![key("GET", configs::get), key("PATCH", configs::patch)],
        ["public", "scores"] => vec![
            open("GET", events_only),
            Endpoint { method: "POST", gate: Gate::KeyOrPublic, run: score_write::create },
        ],
        ["public", "scores", _] => vec![open("GET", events_only), key("DELETE", score_write::delete)],
        ["public", "v3", "scores"] => vec![key("GET", score_list::list)],
        ["public", "comments"] => vec![key("GET", comments::list), key("POST", comments::create)],
        ["public", "comments", _] => vec![key("GET", comments::get)],
        ["public", "v2", "observations"] => vec![key("GET", observations::list)],
        ["public", "media"] => vec![key("POST", media::create)],
        ["public", "media", _] => vec![key("GET", media::get), key("PATCH", media::patch)],
        ["public", "traces"] => vec![
            open("GET", events_only),
            open("POST", events_only),
            key("DELETE", observations::delete_traces),
        ],
        ["public", "traces", _] => {
            vec![open("GET", events_only), key("DELETE", observations::delete_trace)]
        }
        ["public", "observations" | "sessions" | "metrics" | "dataset-run-items"]
        | ["public", "observations" | "sessions", _]
        | ["public", "metrics", "daily"]
        | ["public", "v2", "scores"]
        | ["public", "v2", "scores", _]
        | ["public", "datasets", _, "runs"] => vec![open("GET", events_only)],
        ["public", "datasets", _, "runs", _] => vec![open("GET", events_only), open("DELETE", events_only)],
        _ => Vec::new(),
    }
}

/// Reads of the old data model, answered before any key is looked at.
fn events_only(_: &Connection, _: &Call) -> Answer {
    Err(Problem::EventsOnly)
}
