//! Media: files that traces refer to.

use jiff::Timestamp;

use super::wire::MediaRow;
use super::{ApiError, Client};

/// Where a file can be fetched for some time, without keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Media {
    /// Identifier.
    pub id: String,
    /// MIME type.
    pub content_type: String,
    /// Size in bytes, if told.
    pub length: Option<u64>,
    /// Signed address; must be fetched without the keys.
    pub url: String,
    /// When the address stops working.
    pub expires_at: Option<Timestamp>,
}

impl Client {
    /// Where a file is.
    pub async fn media(&self, id: &str) -> Result<Media, ApiError> {
        let row: MediaRow = self.get(&["media", id], &[]).await?;
        let length = row.length();
        Ok(Media {
            id: id.to_owned(),
            length,
            content_type: row.content_type.unwrap_or_else(|| "application/octet-stream".into()),
            url: row.url,
            expires_at: row.url_expiry,
        })
    }
}
