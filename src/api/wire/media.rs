//! Media.

use jiff::Timestamp;
use serde::Deserialize;

use super::read;

/// A file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaRow {
    /// MIME type.
    #[serde(default, deserialize_with = "read::text")]
    pub content_type: Option<String>,
    /// Bytes.
    #[serde(default, deserialize_with = "read::number")]
    pub content_length: Option<f64>,
    /// Signed address.
    pub url: String,
    /// When the address stops working.
    #[serde(default, deserialize_with = "read::time")]
    pub url_expiry: Option<Timestamp>,
}

impl MediaRow {
    /// Size in bytes.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "finite; saturates")]
    pub fn length(&self) -> Option<u64> {
        self.content_length.map(|n| n as u64)
    }
}
