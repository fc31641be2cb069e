//! What travels: the JSON of the API, read tolerantly.
//!
//! Servers differ in age and newer ones add fields and words, so nothing here is stricter than it
//! must be: unknown fields are ignored, numbers may be texts, `""` means absent, and a row that
//! cannot be read is left out instead of taking its page with it.

mod comments;
mod datasets;
mod evaluators;
mod judge;
mod media;
mod observations;
mod projects;
mod queues;
mod read;
mod runs;
mod score_configs;
mod score_writes;
mod scores;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use comments::{CommentBody, CommentRow};
pub use datasets::DatasetItemBody;
pub use evaluators::{EvaluatorRow, RuleRow, newer_body, older_body};
pub use judge::{ChatAnswer, ChatBody, refusal};
pub use media::MediaRow;
pub use observations::ObservationRow;
pub use projects::{Health, Organization, Project};
pub use queues::{ItemBody, ItemRow, QueueRow, StatusBody};
pub use runs::{DatasetRow, ExperimentItemRow, ExperimentRow, ItemPartsRow, RunItemRow, RunRow};
pub use score_configs::{CategoryRow, ConfigRow};
pub use score_writes::{BatchResult, Metadata, ScoreBody, ScoreValue};
pub use scores::{ScoreRow, Subject};

/// A list as the API gives it; the rows are read one by one.
#[derive(Debug, Deserialize)]
pub struct List {
    /// Unread rows.
    #[serde(default)]
    pub data: Vec<Box<RawValue>>,
    /// Where in the whole list these rows stand.
    #[serde(default)]
    pub meta: Meta,
}

/// Position of a list: by page or by cursor.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// Rows of all pages.
    pub total_items: Option<usize>,
    /// Pages.
    pub total_pages: Option<usize>,
    /// Where the next part starts; absent at the end.
    pub cursor: Option<String>,
}

impl List {
    /// Reads the rows; those that cannot be read are left out.
    pub fn rows<R: DeserializeOwned, T>(&self, domain: impl Fn(R) -> Option<T>) -> Vec<T> {
        let read: Vec<T> =
            self.data.iter().filter_map(|raw| domain(serde_json::from_str(raw.get()).ok()?)).collect();
        if read.len() < self.data.len() {
            tracing::warn!(rows = self.data.len() - read.len(), "rows of the answer could not be read");
        }
        read
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The one row of a list that holds `json`, as the domain sees it.
    pub(in crate::api) fn row<R: DeserializeOwned, T>(
        json: &serde_json::Value,
        domain: impl Fn(R) -> Option<T>,
    ) -> Option<T> {
        let text = serde_json::json!({ "data": [json] }).to_string();
        serde_json::from_str::<List>(&text).unwrap().rows(domain).pop()
    }

    #[test]
    fn a_bad_row_does_not_take_its_page_with_it() {
        let text = r#"{"data":[{"status":"OK"}, 7, null, {"status":"DOWN"}], "_deprecation":{}}"#;
        let list: List = serde_json::from_str(text).unwrap();
        let words = list.rows(|health: Health| health.status);
        assert_eq!(words, ["OK", "DOWN"]);
        assert!(list.meta.cursor.is_none());
    }
}
