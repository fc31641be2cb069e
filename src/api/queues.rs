//! Annotation queues and their items.

use std::collections::HashMap;

use jiff::Timestamp;
use reqwest::Method;

use super::paging::LIMIT;
use super::transport::Answer;
use super::wire::{ItemBody, ItemRow, QueueRow, StatusBody};
use super::{ApiError, Client, Page, Retry};
use crate::domain::{Counts, Item, ItemId, ItemStatus, Object, Queue, QueueId};

const QUEUES: &str = "annotation-queues";
/// How often a search begins anew because items vanished under it.
const SEARCHES: u32 = 5;

/// What became of something that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It was there and is gone now.
    Removed,
    /// It was not there.
    WasGone,
}

impl Removal {
    /// Reads the outcome of a removal. Only the API's own 404 means gone: one by something on the
    /// way there says nothing.
    pub(super) fn of(outcome: Result<Answer, ApiError>) -> Result<Self, ApiError> {
        match outcome {
            Ok(_) => Ok(Self::Removed),
            Err(error) if error.is_not_found() && !error.is_missing_route() => Ok(Self::WasGone),
            Err(error) => Err(error),
        }
    }
}

impl Client {
    /// A page of queues, newest first; `page` counts from 1, `limit` is at most 100.
    pub async fn queues(&self, page: u32, limit: u32) -> Result<Page<Queue>, ApiError> {
        self.page(&[QUEUES], &[], (page, limit), QueueRow::into_domain).await
    }

    /// One queue.
    pub async fn queue(&self, id: &QueueId) -> Result<Queue, ApiError> {
        let row: QueueRow = self.get(&[QUEUES, id.as_str()], &[]).await?;
        row.into_domain().ok_or_else(unknown_item)
    }

    /// A page of items, newest first; `page` counts from 1, `limit` is at most 100.
    pub async fn items(
        &self,
        queue: &QueueId,
        status: Option<ItemStatus>,
        page: u32,
        limit: u32,
    ) -> Result<Page<Item>, ApiError> {
        let query = status.map(|status| ("status", status.api_name()));
        self.page(&[QUEUES, queue.as_str(), "items"], query.as_slice(), (page, limit), ItemRow::into_domain)
            .await
    }

    /// One item.
    pub async fn item(&self, queue: &QueueId, item: &ItemId) -> Result<Item, ApiError> {
        let row: ItemRow = self.get(&[QUEUES, queue.as_str(), "items", item.as_str()], &[]).await?;
        row.into_domain().ok_or_else(unknown_item)
    }

    /// Completes or reopens an item. Completing it again moves its completion time.
    pub async fn set_status(
        &self,
        queue: &QueueId,
        item: &ItemId,
        status: ItemStatus,
    ) -> Result<Item, ApiError> {
        let path = [QUEUES, queue.as_str(), "items", item.as_str()];
        let body = StatusBody { status: status.api_name() };
        written(&self.write(Method::PATCH, &path, Some(&body)).await?)
    }

    /// Puts an object into a queue, to do. Done twice, it is there twice; the server takes any id.
    pub async fn add_item(&self, queue: &QueueId, object: &Object) -> Result<Item, ApiError> {
        let body = ItemBody { object_id: &object.id, object_type: object.kind.api_name() };
        let path = [QUEUES, queue.as_str(), "items"];
        written(&self.write(Method::POST, &path, Some(&body)).await?)
    }

    /// Takes an item out of its queue. Where there is no such queue any more, it was gone.
    pub async fn remove_item(&self, queue: &QueueId, item: &ItemId) -> Result<Removal, ApiError> {
        let path = [QUEUES, queue.as_str(), "items", item.as_str()];
        Removal::of(self.write::<()>(Method::DELETE, &path, None).await)
    }

    /// The items of a queue that point at an object and were not created before `since` by the
    /// server's clock, newest first. Reads only as far back as that.
    ///
    /// # Errors
    /// Transient when items vanish so fast that the search cannot be complete.
    pub async fn items_of_object(
        &self,
        queue: &QueueId,
        object: &Object,
        since: Timestamp,
    ) -> Result<Vec<Item>, ApiError> {
        for _ in 0..SEARCHES {
            if let Some(items) = self.search(queue, object, since).await? {
                return Ok(items);
            }
        }
        Err(ApiError::new(Retry::Transient { after: None }, "the queue changes too fast to be searched"))
    }

    /// One pass over a queue; `None` if items vanished meanwhile, which moves others to pages
    /// that were read already.
    async fn search(
        &self,
        queue: &QueueId,
        object: &Object,
        since: Timestamp,
    ) -> Result<Option<Vec<Item>>, ApiError> {
        let (mut found, mut most) = (HashMap::new(), 0);
        for number in 1.. {
            let page = self.items(queue, None, number, LIMIT).await?;
            if page.total < most {
                return Ok(None);
            }
            most = page.total;
            let is_last = number as usize >= page.pages || page.data.iter().any(|i| i.created_at < since);
            let wanted = page.data.into_iter().filter(|i| i.object == *object && i.created_at >= since);
            // Items that arrive meanwhile push others onto the next page: those come twice.
            found.extend(wanted.map(|item| (item.id.clone(), item)));
            if is_last {
                break;
            }
        }
        let mut found: Vec<Item> = found.into_values().collect();
        found.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| b.id.cmp(&a.id)));
        Ok(Some(found))
    }

    /// How many items are to do and done.
    pub async fn counts(&self, queue: &QueueId) -> Result<Counts, ApiError> {
        let count = async |status| {
            let page = self.items(queue, Some(status), 1, 1).await?;
            Ok::<u64, ApiError>(page.total as u64)
        };
        let (pending, completed) =
            tokio::try_join!(count(ItemStatus::Pending), count(ItemStatus::Completed))?;
        Ok(Counts { pending, completed })
    }
}

/// The item in the answer to a write. The write is done, most likely: an answer that cannot be
/// read must not count as a refusal.
fn written(answer: &Answer) -> Result<Item, ApiError> {
    let row: ItemRow = answer.json().map_err(ApiError::unsettled)?;
    row.into_domain().ok_or_else(unknown_item)
}

fn unknown_item() -> ApiError {
    ApiError::new(Retry::Permanent, "the item is of a kind that this version does not know")
}
