//! Comments.

use reqwest::Method;
use serde_json::Value;

use super::wire::{CommentBody, CommentRow};
use super::{ApiError, Client};
use crate::domain::{Comment, CommentId, CommentWrite, Object, ProjectId};

impl Client {
    /// All comments on an object, oldest first. Those on a trace's observations are not among them.
    pub async fn comments(&self, object: &Object) -> Result<Vec<Comment>, ApiError> {
        let query = [("objectType", object.kind.api_name()), ("objectId", object.id.as_str())];
        let id = |comment: &Comment| comment.id.clone();
        let mut comments = self.all_pages(&["comments"], &query, CommentRow::into_domain, id).await?;
        comments.sort_by(|a, b| a.created_at.cmp(&b.created_at).then_with(|| a.id.cmp(&b.id)));
        Ok(comments)
    }

    /// Writes a comment; sent twice, it is there twice.
    ///
    /// The id is empty if the server took it without telling one.
    pub async fn post_comment(
        &self,
        project: &ProjectId,
        comment: &CommentWrite,
    ) -> Result<CommentId, ApiError> {
        let body = CommentBody::new(project, comment);
        let answer = self.write(Method::POST, &["comments"], Some(&body)).await?;
        // It is written whatever the answer looks like: an error here would write it again.
        let answer: Value = answer.json().unwrap_or_default();
        Ok(answer.get("id").and_then(Value::as_str).unwrap_or_default().into())
    }
}
