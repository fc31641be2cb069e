//! Annotation queues and their items.

use reqwest::Method;

use super::wire::{ItemRow, QueueRow, StatusBody};
use super::{ApiError, Client, Page, Retry};
use crate::domain::{Counts, Item, ItemId, ItemStatus, Queue, QueueId};

const QUEUES: &str = "annotation-queues";

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
        let answer = self.write(Method::PATCH, &path, Some(&body)).await?;
        let row: ItemRow = answer.json()?;
        row.into_domain().ok_or_else(unknown_item)
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

fn unknown_item() -> ApiError {
    ApiError::new(Retry::Permanent, "the item is of a kind that this version does not know")
}
