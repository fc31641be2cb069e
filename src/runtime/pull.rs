//! Fetching a whole queue, so that it can be reviewed without a network.
//!
//! Asks exactly what the screen would ask, with a client that keeps every answer. What is there
//! already is not asked for again, so a pull that was cut off goes on where it was.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::clock;
use super::fetch::all_queues;
use super::shelf::{DiskShelf, Keeping};
use crate::api::{ApiError, Client};
use crate::domain::{Item, ItemStatus, ObjectKind, PAGE, Queue, Subject, Target, TraceId};

/// Items fetched at the same time.
const AT_ONCE: usize = 4;
/// What was kept longer ago than this is fetched again.
const FRESH: SignedDuration = SignedDuration::from_hours(12);

/// What became of an item.
#[derive(Debug)]
pub enum Pulled {
    /// It is there now.
    Fetched,
    /// It was there already.
    Known,
    /// What it points at is not at the server.
    Missing,
    /// It could not be fetched.
    Failed(ApiError),
}

/// A server whose answers are kept.
#[derive(Debug)]
pub struct Puller {
    reader: Client,
    shelf: Arc<DiskShelf>,
    /// Whether everything is fetched again, however new it is.
    again: bool,
}

impl Puller {
    /// Prepares to pull with a client. `None` where the settings say that nothing is to be kept.
    pub async fn new(client: Client, account: &str, keeping: Keeping, again: bool) -> Option<Self> {
        let (server, account) = (client.address().to_owned(), account.to_owned());
        let opened = tokio::task::spawn_blocking(move || keeping.shelf(&server, &account)).await;
        let shelf = Arc::new(opened.ok().flatten()?);
        let reader = client.with_shelf(shelf.clone()).asking();
        Some(Self { reader, shelf, again })
    }

    /// What the screen asks for before it shows a queue; gives the queues.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn project(&self) -> Result<Vec<Queue>, ApiError> {
        self.reader.probe().await?;
        self.reader.score_configs().await?;
        all_queues(&self.reader).await
    }

    /// The list of a queue's items, oldest first: those to do, or all.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn items(&self, queue: &Queue, all: bool) -> Result<Vec<Item>, ApiError> {
        self.reader.counts(&queue.id).await?;
        let pending = self.pages(queue, Some(ItemStatus::Pending)).await?;
        let mut items = if all { self.pages(queue, None).await? } else { pending };
        items.reverse();
        Ok(items)
    }

    async fn pages(&self, queue: &Queue, status: Option<ItemStatus>) -> Result<Vec<Item>, ApiError> {
        let limit = u32::try_from(PAGE).unwrap_or(u32::MAX);
        let mut items: Vec<Item> = Vec::new();
        for page in 1.. {
            let answer = self.reader.items(&queue.id, status, page, limit).await?;
            items.extend(answer.data);
            if usize::try_from(page).is_ok_and(|page| page >= answer.pages) {
                break;
            }
        }
        Ok(items)
    }

    /// Fetches the content of items, a few at a time, and says of each what became of it.
    pub async fn contents(&self, items: Vec<Item>, mut told: impl FnMut(&Item, Pulled)) {
        let pulls = stream::iter(items).map(async |item| {
            let pulled = self.content(&item).await;
            (item, pulled)
        });
        let mut pulls = std::pin::pin!(pulls.buffer_unordered(AT_ONCE));
        while let Some((item, pulled)) = pulls.next().await {
            told(&item, pulled);
        }
        let written = self.shelf.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || written.settle()).await {
            tracing::error!("waiting for the cache: {error}");
        }
    }

    async fn content(&self, item: &Item) -> Pulled {
        if !self.again && self.is_kept(item, clock::wall()).await {
            return Pulled::Known;
        }
        match read(&self.reader, item).await {
            Ok(true) => Pulled::Fetched,
            Ok(false) => Pulled::Missing,
            Err(error) => Pulled::Failed(error),
        }
    }

    /// Whether everything about an item is there and not too old.
    async fn is_kept(&self, item: &Item, now: Timestamp) -> bool {
        let kept = self.reader.resting().noting();
        let there = read(&kept, item).await.is_ok();
        there && kept.age().is_none_or(|at| now.duration_since(at) < FRESH)
    }

    /// How many of these items can be shown without a network.
    pub async fn kept(&self, items: &[Item]) -> usize {
        let mut kept = 0;
        for item in items {
            kept += usize::from(read(&self.reader.resting(), item).await.is_ok());
        }
        kept
    }
}

/// Reads all that the screen needs of an item; says whether its object exists.
async fn read(reader: &Client, item: &Item) -> Result<bool, ApiError> {
    let object = &item.object;
    let observations = match reader.observations_of(object).await {
        Err(error) if error.is_not_found() && !error.is_missing_route() => Vec::new(),
        other => other?,
    };
    reader.comments(object).await?;
    let target = match object.kind {
        ObjectKind::Trace => Some(Target::Trace(TraceId::from(object.id.as_str()))),
        ObjectKind::Session => Some(Target::Session(object.id.as_str().into())),
        ObjectKind::Observation => Subject::new(object, observations.clone()).map(|subject| subject.target),
    };
    if let Some(target) = &target {
        reader.scores_of(target).await?;
    }
    Ok(!observations.is_empty())
}
