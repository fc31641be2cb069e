//! A server with the API's semantics in memory: scores are written over by id, comments are
//! appended, items have a status. It fails as it is told to, and notes what it should never see.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tokio::sync::Notify;

use crate::world::now;

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The connection breaks before the request arrives, or after it was carried out.
    Lost { arrives: bool },
    /// Trouble in the server's words, carried out or not.
    Trouble { arrives: bool },
    /// Something in between answers with a page.
    Page { arrives: bool },
    /// No room for it.
    Full,
    /// The program is killed while it waits for the answer.
    Crash { arrives: bool },
    /// The reviewer goes on meanwhile.
    Meanwhile,
}

/// The values that a server takes and then drops, and that it refuses.
pub const DROPPED: f64 = 14.0;
pub const REFUSED: f64 = 13.0;

#[derive(Debug, Clone)]
pub struct Item {
    pub completed: bool,
    pub completed_at: Option<Timestamp>,
}

/// A question about an item of a project.
pub type Question = Box<dyn Fn(usize, &str) -> bool + Send>;

/// One project.
#[derive(Debug, Default)]
pub struct Project {
    pub scores: BTreeMap<String, Json>,
    pub comments: Vec<(String, String, Timestamp)>,
    pub items: BTreeMap<String, Item>,
    deleted: HashSet<String>,
}

#[derive(Default)]
pub struct Server {
    pub projects: [Project; 2],
    pub faults: VecDeque<Fault>,
    /// What must never happen.
    pub wrong: Vec<String>,
    pub crashed: Arc<Notify>,
    /// What the reviewer does meanwhile.
    pub meanwhile: Option<Box<dyn FnMut(usize) + Send>>,
    /// Whether an item has scores that were decided and are not sent.
    pub has_unsent_scores: Option<Question>,
    made: usize,
}

pub type Shared = Arc<Mutex<Server>>;

pub fn router(server: Shared) -> Router {
    Router::new().fallback(async move |method: Method, uri: Uri, body: Bytes| {
        let (answer, fault) = exchange(&server, &method, &uri, &body);
        match fault {
            Fault::Crash { .. } => {
                server.lock().unwrap().crashed.clone().notify_one();
                std::future::pending().await
            }
            Fault::Lost { .. } => broken(),
            Fault::Trouble { .. } => reply(500, &json!({"message": "oops"})),
            Fault::Page { .. } => (StatusCode::BAD_GATEWAY, "<html>bad gateway</html>").into_response(),
            Fault::Full => {
                let body = json!({"message": "Rate limit exceeded"}).to_string();
                (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3")], body).into_response()
            }
            Fault::None | Fault::Meanwhile => answer,
        }
    })
}

/// An answer that ends before its body does.
fn broken() -> Response {
    let end = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]);
    Response::new(Body::from_stream(end))
}

fn reply(status: u16, body: &Json) -> Response {
    (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
}

fn exchange(server: &Shared, method: &Method, uri: &Uri, body: &Bytes) -> (Response, Fault) {
    let mut server = server.lock().unwrap();
    let fault = server.faults.pop_front().unwrap_or(Fault::None);
    let (project, path) = uri.path().trim_start_matches('/').split_once("/api/public/").unwrap();
    let project = usize::from(project == "p2");
    // What is decided while the request is under way is none of its business.
    let early = method == Method::PATCH && server.is_early(project, path, body);
    if fault == Fault::Meanwhile
        && let Some(meanwhile) = &mut server.meanwhile
    {
        meanwhile(project);
    }
    let arrives = match fault {
        Fault::None | Fault::Meanwhile => true,
        Fault::Full => false,
        Fault::Lost { arrives }
        | Fault::Trouble { arrives }
        | Fault::Page { arrives }
        | Fault::Crash { arrives } => arrives,
    };
    if arrives && early {
        server.wrong.push(format!("{path} is completed before its scores are sent"));
    }
    let answer =
        if arrives { server.handle(project, method, path, uri, body) } else { reply(500, &json!({})) };
    (answer, fault)
}

impl Server {
    /// Whether an item would be completed while it has scores that are not sent.
    fn is_early(&self, project: usize, path: &str, body: &Bytes) -> bool {
        let completes = serde_json::from_slice(body).is_ok_and(|body: Json| body["status"] == "COMPLETED");
        let item = path.rsplit('/').next().unwrap_or_default();
        completes && self.has_unsent_scores.as_ref().is_some_and(|has| has(project, item))
    }

    fn handle(&mut self, project: usize, method: &Method, path: &str, uri: &Uri, body: &Bytes) -> Response {
        let body: Json = serde_json::from_slice(body).unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        match (method.as_str(), &parts[..]) {
            ("POST", ["scores"]) => self.write_scores(project, &body),
            ("DELETE", ["scores", id]) => {
                self.projects[project].scores.remove(*id);
                self.projects[project].deleted.insert((*id).to_owned());
                reply(202, &json!({"message": "queued"}))
            }
            ("GET", ["v3", "scores"]) => self.scores(project, uri),
            ("POST", ["comments"]) => {
                self.made += 1;
                let (id, content) = (format!("c{}", self.made), body["content"].as_str().unwrap().to_owned());
                self.projects[project].comments.push((id.clone(), content, now()));
                reply(200, &json!({"id": id}))
            }
            ("GET", ["comments"]) => self.comments(project),
            ("GET", ["annotation-queues", "q1", "items", id]) => {
                reply(200, &shown(id, &self.projects[project].items[*id]))
            }
            ("PATCH", ["annotation-queues", "q1", "items", id]) => {
                self.set_status(project, id, body["status"] == "COMPLETED")
            }
            other => panic!("{other:?}"),
        }
    }

    fn write_scores(&mut self, project: usize, body: &Json) -> Response {
        let Some(list) = body.as_array() else { return self.write_score(project, body) };
        let answers: Vec<_> = list.iter().map(|score| self.write_score(project, score).status()).collect();
        let rejected = answers.iter().filter(|status| !status.is_success()).count();
        if rejected == 0 {
            return reply(202, &json!({"message": "Accepted"}));
        }
        let errors = vec![json!({"message": "out of range"}); rejected];
        reply(207, &json!({"accepted": list.len() - rejected, "rejected": rejected, "errors": errors}))
    }

    fn write_score(&mut self, project: usize, body: &Json) -> Response {
        let id = body["id"].as_str().unwrap().to_owned();
        if body["value"] == REFUSED {
            return reply(400, &json!({"message": "out of range"}));
        }
        let there = &mut self.projects[project];
        if there.deleted.contains(&id) {
            self.wrong.push(format!("{id} was deleted and is written again"));
        }
        if body["value"] != DROPPED {
            there.scores.insert(id.clone(), body.clone());
        }
        reply(200, &json!({"id": id}))
    }

    fn scores(&self, project: usize, uri: &Uri) -> Response {
        let query = uri.query().unwrap_or_default();
        let ids = query.split('&').find_map(|part| part.strip_prefix("id=")).unwrap_or_default();
        let ids: Vec<&str> = ids.split("%2C").collect();
        let row = |(id, body): (&String, &Json)| {
            json!({"id": id, "projectId": "p", "name": body["name"], "value": body["value"],
                "dataType": body["dataType"], "source": "ANNOTATION", "timestamp": now(),
                "environment": "default", "comment": body["comment"],
                "subject": {"kind": "trace", "id": body["traceId"]}})
        };
        let found = self.projects[project].scores.iter().filter(|(id, _)| ids.contains(&id.as_str()));
        reply(200, &json!({"data": found.map(row).collect::<Vec<_>>(), "meta": {"limit": 100}}))
    }

    fn comments(&self, project: usize) -> Response {
        let row = |(id, content, at): &(String, String, Timestamp)| {
            json!({"id": id, "projectId": "p", "objectType": "TRACE", "objectId": "t1", "content": content,
                "authorUserId": null, "createdAt": at, "updatedAt": at})
        };
        let list: Vec<Json> = self.projects[project].comments.iter().map(row).collect();
        let meta = json!({"page": 1, "limit": 100, "totalItems": list.len(), "totalPages": 1});
        reply(200, &json!({"data": list, "meta": meta}))
    }

    fn set_status(&mut self, project: usize, id: &str, completed: bool) -> Response {
        let item = self.projects[project].items.get_mut(id).unwrap();
        if item.completed == completed {
            self.wrong.push(format!("{id} gets the status it has"));
        }
        item.completed = completed;
        if completed {
            item.completed_at = Some(now());
        }
        reply(200, &shown(id, item))
    }
}

fn shown(id: &str, item: &Item) -> Json {
    let status = if item.completed { "COMPLETED" } else { "PENDING" };
    json!({"id": id, "queueId": "q1", "objectId": "t1", "objectType": "TRACE", "status": status,
        "completedAt": item.completed_at, "createdAt": now(), "updatedAt": now()})
}
