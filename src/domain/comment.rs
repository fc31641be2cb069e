//! Comments on traces, observations and sessions.

use jiff::Timestamp;

use super::{CommentId, Object, UserId};

/// Longest comment the server takes, in UTF-16 units after trimming.
pub const COMMENT_UNITS: usize = 5000;

/// What somebody said about an object; cannot be changed or taken back through the API.
#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    /// Identifier, made by the server.
    pub id: CommentId,
    /// What it is about.
    pub object: Object,
    /// Markdown, verbatim.
    pub content: String,
    /// Who wrote it, if the writer said so.
    pub author: Option<UserId>,
    /// When it was written.
    pub created_at: Timestamp,
}
