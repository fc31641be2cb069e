//! Comments.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::queues::object_kind;
use super::read;
use crate::domain::{Comment, CommentWrite, Object, ProjectId};

/// A comment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommentRow {
    /// Identifier.
    pub id: String,
    /// `TRACE`, `OBSERVATION`, `SESSION` or `PROMPT`.
    pub object_type: String,
    /// What it is about.
    pub object_id: String,
    /// Markdown.
    #[serde(default, deserialize_with = "read::text")]
    pub content: Option<String>,
    /// Who wrote it.
    #[serde(default, deserialize_with = "read::text")]
    pub author_user_id: Option<String>,
    /// When it was written.
    #[serde(default, deserialize_with = "read::time")]
    pub created_at: Option<Timestamp>,
}

impl CommentRow {
    /// The comment; `None` when it is about something that is never annotated.
    pub fn into_domain(self) -> Option<Comment> {
        Some(Comment {
            id: self.id.into(),
            object: Object { kind: object_kind(&self.object_type)?, id: self.object_id },
            content: self.content.unwrap_or_default(),
            author: self.author_user_id.map(Into::into),
            created_at: self.created_at.unwrap_or_default(),
        })
    }
}

/// Body of `POST /comments`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CommentBody<'a> {
    /// Required, though the key decides.
    pub project_id: &'a str,
    /// `TRACE`, `OBSERVATION` or `SESSION`.
    pub object_type: &'static str,
    /// What it is about.
    pub object_id: &'a str,
    /// Markdown.
    pub content: &'a str,
    /// The reviewer; a member of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author_user_id: Option<&'a str>,
}

impl<'a> CommentBody<'a> {
    /// The body that writes a comment.
    pub fn new(project: &'a ProjectId, comment: &'a CommentWrite) -> Self {
        Self {
            project_id: project.as_str(),
            object_type: comment.object.kind.api_name(),
            object_id: &comment.object.id,
            content: &comment.content,
            author_user_id: comment.author.as_ref().map(crate::domain::UserId::as_str),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::row;
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_and_writes() {
        let comment = row(
            &json!({"id":"58bd","projectId":"p","createdAt":"2026-11-24T06:12:31.939Z","objectType":"SESSION",
                "objectId":"s-a","content":"line 1\nline 2 \u{1f980}","authorUserId":null}),
            CommentRow::into_domain,
        )
        .unwrap();
        assert_eq!((comment.object.id.as_str(), comment.author), ("s-a", None));
        assert!(
            row(&json!({"id":"x","objectType":"PROMPT","objectId":"p"}), CommentRow::into_domain).is_none()
        );

        let write = CommentWrite { object: comment.object, content: "ok".into(), author: None };
        let body = serde_json::to_value(CommentBody::new(&"p".into(), &write)).unwrap();
        assert_eq!(body, json!({"projectId":"p","objectType":"SESSION","objectId":"s-a","content":"ok"}));
    }
}
