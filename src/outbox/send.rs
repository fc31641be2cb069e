//! One write, one call. Writes that would be there twice if repeated are looked for first.

use super::Sender;
use crate::api::{ApiError, DatasetItem, Removal};
use crate::domain::{CommentWrite, DatasetItemWrite, Object, QueueId, Write, Written};
use crate::store::Outcome;

impl Sender {
    /// Sends a row. The item of a status was read before.
    pub(super) async fn send_one(&self, row: &Written) -> Result<Outcome, ApiError> {
        match &row.write {
            Write::Score(score) => self.client.post_score(score).await.map(|()| Outcome::Sent),
            // Deleting may take the server minutes; that it took the order is all there is to know.
            Write::DeleteScore { id, .. } => self.client.delete_score(id).await.map(|()| done()),
            Write::Comment(comment) => self.send_comment(row, comment).await,
            Write::Status { queue_id, item_id, status } => {
                self.client.set_status(queue_id, item_id, *status).await.map(|_| done())
            }
            Write::AddItem { queue_id, object } => self.add_item(row, queue_id, object).await,
            Write::RemoveItem { queue_id, item_id, .. } => {
                self.client.remove_item(queue_id, item_id).await.map(removed)
            }
            Write::DatasetItem(item) => {
                self.client.put_dataset_item(&dataset_item(item)).await.map(|()| done())
            }
            Write::DeleteDatasetItem { id, .. } => self.client.delete_dataset_item(id).await.map(removed),
            Write::Flag { .. } => Ok(done()),
        }
    }

    async fn send_comment(&self, row: &Written, comment: &CommentWrite) -> Result<Outcome, ApiError> {
        if row.attempts > 1
            && let Some(id) = self.arrived_comment(row, comment).await?
        {
            return Ok(made(id));
        }
        let id = self.client.post_comment(&self.project, comment).await?;
        Ok(made(id.to_string()))
    }

    /// The comment of an earlier attempt that arrived although its answer did not.
    async fn arrived_comment(
        &self,
        row: &Written,
        comment: &CommentWrite,
    ) -> Result<Option<String>, ApiError> {
        let since = self.since_first_attempt(row);
        let there = self.client.comments(&comment.object).await?.into_iter();
        let mut fits = there.filter(|other| {
            other.content.trim() == comment.content.trim()
                && other.author == comment.author
                && other.created_at >= since
        });
        Ok(fits.find(|other| !self.is_taken(row, other.id.as_str())).map(|other| other.id.to_string()))
    }

    async fn add_item(&self, row: &Written, queue: &QueueId, object: &Object) -> Result<Outcome, ApiError> {
        if row.attempts > 1 {
            let since = self.since_first_attempt(row);
            // Newest first; the oldest is most likely the one, others came later.
            let there = self.client.items_of_object(queue, object, since).await?;
            if let Some(item) = there.iter().rfind(|item| !self.is_taken(row, item.id.as_str())) {
                return Ok(made(item.id.to_string()));
            }
        }
        let item = self.client.add_item(queue, object).await?;
        Ok(made(item.id.to_string()))
    }

    /// Whether another row made this: one that says the same.
    fn is_taken(&self, row: &Written, id: &str) -> bool {
        self.store.lock().is_answer_of_another(row.seq, id).unwrap_or(false)
    }
}

fn dataset_item(item: &DatasetItemWrite) -> DatasetItem<'_> {
    DatasetItem {
        dataset: &item.dataset,
        id: &item.id,
        input: item.input.as_deref(),
        expected_output: item.expected_output.as_deref(),
        metadata: item.metadata.as_deref(),
        trace: item.source_trace.as_ref().map(crate::domain::TraceId::as_str),
        observation: item.source_observation.as_ref().map(crate::domain::ObservationId::as_str),
    }
}

fn done() -> Outcome {
    Outcome::Confirmed { note: None, answer: None }
}

/// Some servers do not tell the id.
fn made(id: String) -> Outcome {
    Outcome::Confirmed { note: None, answer: Some(id).filter(|id| !id.is_empty()) }
}

fn removed(removal: Removal) -> Outcome {
    let note = (removal == Removal::WasGone).then(|| "it was gone already".to_owned());
    Outcome::Confirmed { note, answer: None }
}
