//! A reviewer at a server with the rate limits of a free plan, who types as fast as keys go.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use tempfile::TempDir;
use tracemark::app::{Connection, Load, Model, Screen};
use tracemark::config::Destination;
use tracemark::domain::WriteState;
use tracemark::runtime::Headless;

use crate::review_support::{is_all_sent, start};
use crate::support::fault_proxy::{Fault, FaultProxy};
use crate::support::limits::{self, Limits};
use crate::support::project::{QUEUE, ROWS, Server, case};

/// In place of the minute that Langfuse Cloud counts for.
const WINDOW: Duration = Duration::from_secs(3);
const ITEMS: usize = 12;

/// What was on the screen at some time.
#[derive(Debug, Default)]
struct Seen {
    /// That the server takes no more for now.
    limited: Cell<bool>,
    failures: RefCell<Vec<String>>,
    notices: RefCell<Vec<String>>,
}

impl Seen {
    fn look(&self, model: &Model) {
        self.limited.set(self.limited.get() || model.limited.is_some());
        self.failures.borrow_mut().extend(failures(model));
        let new = model.notice.iter().map(|notice| notice.text.clone());
        self.notices.borrow_mut().extend(new);
        self.notices.borrow_mut().dedup();
    }
}

/// Everything that failed, as far as anybody could see it.
fn failures(model: &Model) -> Vec<String> {
    let mut failures = Vec::new();
    let mut failed = |what: &str, has: bool| failures.extend(has.then(|| what.to_owned()));
    failed("the connection", matches!(model.connection, Connection::Failed(_)));
    failed("the queues", matches!(model.browse.queues, Load::Failed(_)));
    failed("the rubric", model.configs_failed);
    for data in model.items.values() {
        failed("a subject", matches!(data.subject, Load::Failed(_)));
        failed("scores", matches!(data.scores, Load::Failed(_)));
    }
    let stuck = |state| matches!(state, WriteState::Refused | WriteState::Conflict);
    failed("a write", model.open_writes.values().any(|written| stuck(written.state)));
    failures
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_types_fast_at_a_slow_plan_only_waits() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), ITEMS);
    let proxy = FaultProxy::start(server.address).await;
    proxy.limit(Limits::hobby(WINDOW));
    let destination = Destination::Server {
        name: "free plan".into(),
        base_url: format!("http://{}", proxy.address()),
        public_key: server.public_key.clone(),
        secret_key: server.secret_key.clone().into(),
    };
    let mut review =
        Headless::start_counting(start(QUEUE), destination, folder.path(), (120, 40), Some(WINDOW)).unwrap();
    let seen = Seen::default();
    let look = |model: &Model, done: bool| {
        seen.look(model);
        done
    };
    review.until("a rubric", |model| look(model, model.review.item.is_some())).await.unwrap();
    for at in 0..ITEMS {
        for row in &ROWS {
            review.keys(row.keys[1]).unwrap();
        }
        review.keys("c").unwrap();
        review.paste(&comment(at));
        review.keys("Ctrl-s Space").unwrap();
    }
    review.until("the summary", |model| look(model, model.screen == Screen::Summary)).await.unwrap();
    review.until("everything sent", |model| look(model, is_all_sent(model))).await.unwrap();
    review.until("no more waiting", |model| look(model, model.limited.is_none())).await.unwrap();

    assert_eq!(seen.failures.take(), [""; 0]);
    assert_eq!(seen.notices.take(), [""; 0]);
    assert!(seen.limited.get(), "nobody was told what the screen waits for");
    // What is on its way when the first one is refused is refused too; nothing is after that.
    let refused = refused(&proxy);
    assert!(refused.keys().any(|(class, _)| *class == "public-api"), "it was never over the limit");
    let learns = |class| refused.keys().filter(|(refused, _)| *refused == class).count() <= 1;
    assert!(learns("public-api") && learns("annotation-queues"), "it goes on asking: {refused:?}");
    assert!(refused.values().all(|n| *n < 30), "it does not wait: {refused:?}");
    for at in 0..ITEMS {
        assert_eq!(server.item(&case(at)).0, "COMPLETED", "{}", case(at));
        let kept: Vec<_> = ROWS.iter().map(|row| (row.name.to_owned(), row.kept[1].to_owned())).collect();
        assert_eq!(server.scores(&case(at)), kept);
        let comments: Vec<_> = server.comments(&case(at)).into_iter().map(|(text, _)| text).collect();
        assert_eq!(comments, [comment(at)]);
    }
}

fn comment(at: usize) -> String {
    format!("about {}", case(at))
}

/// How many requests were over the limit, by class and window.
fn refused(proxy: &FaultProxy) -> BTreeMap<(&'static str, usize), usize> {
    let mut refused = BTreeMap::new();
    for exchange in proxy.log() {
        if let (Some(Fault::OverLimit(over)), Some((class, _))) =
            (exchange.fault, limits::class(&exchange.path))
        {
            *refused.entry((class, over.window)).or_default() += 1;
        }
    }
    refused
}
