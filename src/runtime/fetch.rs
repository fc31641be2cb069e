//! Reads: what the effects ask for, fetched from the server and told as messages.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use super::link::Link;
use super::panics;
use jiff::Timestamp;

use crate::api::{ApiError, Client, Priority, Urgency};
use crate::app::{Failure, FetchPage, Label, Msg, Part};
use crate::content;
use crate::domain::{
    Item, ItemId, Object, ObjectKind, Observation, PAGE, Queue, QueueId, Score, Subject, Target, TraceId,
    Write,
};
use crate::store::{Scope, SharedStore};

/// Queues per page and most pages read; nobody has more queues than that.
const QUEUE_PAGES: u32 = 50;
/// Most items named by one request, so that the answer stays small.
const LABELS: usize = 20;

pub(super) type Messages = UnboundedSender<Msg>;

/// Tells the model; it may be gone already when the program ends.
pub(super) fn tell(messages: &Messages, msg: Msg) {
    if messages.send(msg).is_err() {
        tracing::debug!("a message came after the end");
    }
}

/// A failed call in the model's terms.
pub(super) fn failure(error: &ApiError) -> Failure {
    use crate::api::Retry;
    Failure {
        message: error.to_string(),
        hint: error.hint().map(str::to_owned),
        temporary: matches!(error.retry, Retry::Network | Retry::Transient { .. }),
    }
}

/// A failure that trying again does not mend.
pub(super) fn lasting(message: impl Into<String>) -> Failure {
    Failure { message: message.into(), hint: None, temporary: false }
}

/// All queues of the project. Says whether the server answered.
pub(super) async fn queues(link: &Link, messages: &Messages) -> bool {
    let reader = link.reader.noting();
    let result = all_queues(&reader).await.map_err(|e| failure(&e));
    let answered = result.is_ok() && reader.age().is_none();
    tell(messages, Msg::Kept(Part::Queues, reader.age()));
    tell(messages, Msg::Queues(result));
    answered
}

pub(super) async fn all_queues(reader: &Client) -> Result<Vec<Queue>, ApiError> {
    let mut queues = Vec::new();
    for page in 1..=QUEUE_PAGES {
        let answer = reader.queues(page, 100).await?;
        queues.extend(answer.data);
        if usize::try_from(page).is_ok_and(|page| page >= answer.pages) {
            break;
        }
    }
    Ok(queues)
}

/// Progress of queues, one after the other so that it never crowds out anything else.
pub(super) async fn counts(link: Arc<Link>, queues: Vec<QueueId>, messages: Messages) {
    let reader = link.reader.clone().with_urgency(&Urgency::new(Priority::Prefetch));
    for queue in queues {
        let result = reader.counts(&queue).await.map_err(|e| failure(&e));
        let stop = result.is_err();
        tell(&messages, Msg::Counts(queue, result));
        if stop {
            return;
        }
    }
}

/// One page of items.
pub(super) async fn items(link: Arc<Link>, fetch: FetchPage, store: SharedStore, messages: Messages) {
    let page = u32::try_from(fetch.page).unwrap_or(u32::MAX);
    let limit = u32::try_from(PAGE).unwrap_or(u32::MAX);
    let reader = link.reader.noting();
    let answer = reader.items(&fetch.queue, fetch.status, page, limit).await;
    let mut result = answer.map(|page| (page.data, page.total)).map_err(|e| failure(&e));
    if let (Ok((items, total)), Some(since)) = (&mut result, reader.age()) {
        *total -= recall(&store, &link.scope, &fetch.queue, since, items);
    }
    tell(&messages, Msg::Kept(Part::Items(fetch.queue.clone()), reader.age()));
    tell(&messages, Msg::Items { fetch, result });
}

/// Brings a page that was kept up to what was decided here since: what is done is not shown as to
/// do. Says how many items have been removed.
fn recall(
    store: &SharedStore,
    scope: &Scope,
    queue: &QueueId,
    since: Timestamp,
    items: &mut Vec<Item>,
) -> usize {
    let decided = store.lock().decided_since(scope, queue, since).unwrap_or_else(|error| {
        tracing::warn!("what was decided since cannot be read: {error}");
        Vec::new()
    });
    let before = items.len();
    for write in decided {
        match write {
            Write::Status { item_id, status, .. } => {
                items.iter_mut().filter(|item| item.id == item_id).for_each(|item| item.status = status);
            }
            Write::RemoveItem { item_id, .. } => items.retain(|item| item.id != item_id),
            _ => {}
        }
    }
    before - items.len()
}

/// Names for items in the list. A list without names still works, so failures are only logged.
pub(super) async fn labels(link: Arc<Link>, objects: Vec<Object>, messages: Messages) {
    for some in objects.chunks(LABELS) {
        match label_some(&link, some).await {
            Ok(labels) => tell(&messages, Msg::Labels(labels)),
            Err(_) if !link.reader.line().is_up() => {
                tell(&messages, Msg::Labels(kept_labels(&link.reader.resting(), some).await));
            }
            Err(error) => tracing::warn!("no names for {} items: {error}", some.len()),
        }
    }
}

/// Names for items whose content was kept, where the server cannot be asked.
async fn kept_labels(reader: &Client, objects: &[Object]) -> Vec<Label> {
    let mut labels = Vec::new();
    for object in objects {
        let Ok(observations) = reader.observations_of(object).await else { continue };
        let found = match object.kind {
            ObjectKind::Trace => observations
                .iter()
                .find(|o| o.parent.is_none())
                .map(|root| Label::new(root.trace_id.to_string(), root, content::title(root))),
            _ => observations.iter().find(|o| o.id.as_str() == object.id).map(observation_label),
        };
        labels.extend(found);
    }
    labels
}

async fn label_some(link: &Link, objects: &[Object]) -> Result<Vec<Label>, ApiError> {
    let of = |kind| objects.iter().filter(move |object| object.kind == kind);
    let traces: Vec<TraceId> =
        of(ObjectKind::Trace).map(|object| TraceId::from(object.id.as_str())).collect();
    let ids: Vec<String> = of(ObjectKind::Observation).map(|object| object.id.clone()).collect();
    let mut labels = Vec::new();
    if !traces.is_empty() {
        let roots = link.reader.root_observations(&traces, true).await?;
        labels.extend(
            roots.iter().map(|root| Label::new(root.trace_id.to_string(), root, content::title(root))),
        );
    }
    if !ids.is_empty() {
        let found = link.reader.observations_by_id(&ids).await?;
        labels.extend(found.iter().map(observation_label));
    }
    Ok(labels)
}

fn observation_label(found: &Observation) -> Label {
    let title = found.trace_name.as_ref().map(|trace| format!("in {trace}"));
    Label { object_id: found.id.to_string(), name: found.name.clone(), title }
}

/// Everything about an item at the server: its state, its object's content, scores and comments.
/// Says whether the scores could be read.
pub(super) async fn item(reader: &Client, item: Item, messages: Messages) -> bool {
    let state = see(reader, &item.queue_id, &item.id, &messages);
    let ((), answered) = tokio::join!(state, object(reader, &item, &messages));
    answered
}

/// How an item stands at the server just now. Without an answer it stays as it was listed; the
/// sender reads it again before anything is changed.
pub(super) async fn see(reader: &Client, queue: &QueueId, item: &ItemId, messages: &Messages) {
    if !reader.line().is_up() {
        return;
    }
    match reader.asking().item(queue, item).await {
        Ok(seen) => tell(messages, Msg::ItemSeen(item.clone(), Some(seen))),
        Err(error) if error.is_not_found() && !error.is_missing_route() => {
            tell(messages, Msg::ItemSeen(item.clone(), None));
        }
        Err(error) => tracing::warn!("an item could not be read again: {error}"),
    }
}

async fn object(reader: &Client, item: &Item, messages: &Messages) -> bool {
    let reader = &reader.noting();
    let id = item.id.clone();
    let object = item.object.clone();
    let known = match object.kind {
        ObjectKind::Trace => Some(Target::Trace(TraceId::from(object.id.as_str()))),
        ObjectKind::Session => Some(Target::Session(object.id.as_str().into())),
        ObjectKind::Observation => None,
    };
    let content = async {
        let result = subject(reader, &object).await;
        let target =
            result.as_ref().ok().and_then(|found| found.as_ref().map(|subject| subject.target.clone()));
        tell_age(messages, &id, reader);
        tell(messages, Msg::Subject(id.clone(), result));
        target
    };
    let comments = async {
        let result = reader.comments(&object).await.map_err(|e| failure(&e));
        tell_age(messages, &id, reader);
        tell(messages, Msg::Comments(id.clone(), object.clone(), result));
    };
    if let Some(target) = known {
        let scores = async { tell_scores(messages, &id, reader, scores(reader, &target).await) };
        let (_, answered, ()) = tokio::join!(content, scores, comments);
        return answered;
    }
    let ((), target) = tokio::join!(comments, content);
    let Some(target) = target else {
        tell(messages, Msg::Scores(id, Ok(Vec::new())));
        return false;
    };
    let found = scores(reader, &target).await;
    tell_scores(messages, &id, reader, found)
}

/// Tells since when the parts of an item were kept that did not come from the server.
fn tell_age(messages: &Messages, id: &ItemId, reader: &Client) {
    tell(messages, Msg::Kept(Part::Item(id.clone()), reader.age()));
}

fn tell_scores(
    messages: &Messages,
    id: &ItemId,
    reader: &Client,
    found: Result<Vec<Score>, Failure>,
) -> bool {
    let answered = found.is_ok() && reader.age().is_none();
    tell_age(messages, id, reader);
    tell(messages, Msg::Scores(id.clone(), found));
    answered
}

async fn scores(reader: &Client, target: &Target) -> Result<Vec<Score>, Failure> {
    reader.scores_of(target).await.map_err(|e| failure(&e))
}

async fn subject(reader: &Client, object: &Object) -> Result<Option<Arc<Subject>>, Failure> {
    let observations = match reader.observations_of(object).await {
        Err(error) if error.is_not_found() && !error.is_missing_route() => Vec::new(),
        Err(error) if error.never_arrived() && !reader.line().is_up() => return Err(not_kept(object)),
        other => other.map_err(|e| failure(&e))?,
    };
    let object = object.clone();
    // Building the tree of a huge trace takes a while; not on a thread that others wait for.
    let build = move || panics::contain(|| Subject::new(&object, observations));
    match tokio::task::spawn_blocking(build).await {
        Ok(Some(subject)) => Ok(subject.map(Arc::new)),
        _ => Err(lasting("a bug in tracemark keeps this from being shown")),
    }
}

/// What cannot be shown, since it was never fetched while there was a network.
fn not_kept(object: &Object) -> Failure {
    let pull = "`tracemark pull` fetches a whole queue before a journey";
    Failure {
        message: format!(
            "The server is out of reach, and this {} was not fetched before.",
            object.kind.noun()
        ),
        hint: Some(pull.into()),
        temporary: true,
    }
}

/// Comments on one more object.
pub(super) async fn comments(link: Arc<Link>, item: ItemId, object: Object, messages: Messages) {
    let result = link.reader.comments(&object).await.map_err(|e| failure(&e));
    tell(&messages, Msg::Comments(item, object, result));
}
