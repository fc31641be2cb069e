//! Annotation queues and their items.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::read;
use crate::domain::{ConfigId, Item, ItemStatus, Object, ObjectKind, Queue};

/// A queue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueRow {
    /// Identifier.
    pub id: String,
    /// Name.
    #[serde(default, deserialize_with = "read::text")]
    pub name: Option<String>,
    /// Guidelines.
    #[serde(default, deserialize_with = "read::text")]
    pub description: Option<String>,
    /// The rubric, in order.
    #[serde(default, deserialize_with = "read::texts")]
    pub score_config_ids: Vec<String>,
    /// When it was created.
    #[serde(default, deserialize_with = "read::time")]
    pub created_at: Option<Timestamp>,
}

impl QueueRow {
    /// The queue.
    pub fn into_domain(self) -> Option<Queue> {
        Some(Queue {
            id: self.id.into(),
            name: self.name.unwrap_or_default(),
            description: self.description,
            score_config_ids: self.score_config_ids.into_iter().map(ConfigId::from).collect(),
            created_at: self.created_at.unwrap_or_default(),
        })
    }
}

/// An item of a queue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemRow {
    /// Identifier.
    pub id: String,
    /// The queue it belongs to.
    pub queue_id: String,
    /// What it points at.
    pub object_id: String,
    /// `TRACE`, `OBSERVATION` or `SESSION`.
    pub object_type: String,
    /// `PENDING` or `COMPLETED`.
    #[serde(default, deserialize_with = "read::text")]
    pub status: Option<String>,
    /// When it was last completed.
    #[serde(default, deserialize_with = "read::time")]
    pub completed_at: Option<Timestamp>,
    /// When it was added.
    #[serde(default, deserialize_with = "read::time")]
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    #[serde(default, deserialize_with = "read::time")]
    pub updated_at: Option<Timestamp>,
}

impl ItemRow {
    /// The item; `None` for kinds of object this version cannot show.
    pub fn into_domain(self) -> Option<Item> {
        let created_at = self.created_at.unwrap_or_default();
        Some(Item {
            id: self.id.into(),
            queue_id: self.queue_id.into(),
            object: Object { kind: object_kind(&self.object_type)?, id: self.object_id },
            // A state this version does not know is at least not to do.
            status: match self.status.as_deref() {
                Some("PENDING") | None => ItemStatus::Pending,
                Some(_) => ItemStatus::Completed,
            },
            completed_at: self.completed_at,
            created_at,
            updated_at: self.updated_at.unwrap_or(created_at),
        })
    }
}

/// The kind of object behind a word of the API.
pub(super) fn object_kind(word: &str) -> Option<ObjectKind> {
    [ObjectKind::Trace, ObjectKind::Observation, ObjectKind::Session]
        .into_iter()
        .find(|kind| kind.api_name().eq_ignore_ascii_case(word))
}

/// Body of `POST …/items`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemBody<'a> {
    /// What it points at.
    pub object_id: &'a str,
    /// `TRACE`, `OBSERVATION` or `SESSION`.
    pub object_type: &'static str,
}

/// Body of `PATCH …/items/{id}`.
#[derive(Debug, Serialize)]
pub struct StatusBody {
    /// `PENDING` or `COMPLETED`.
    pub status: &'static str,
}

#[cfg(test)]
mod tests {
    use super::super::tests::row;
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_a_queue() {
        let queue = row(
            &json!({"id":"q1","name":"Support review","description":"","scoreConfigIds":["c1","c2","c1"],
                "createdAt":"2026-11-24T06:12:19.405Z","updatedAt":"2026-11-24T06:12:19.405Z","colour":"red"}),
            QueueRow::into_domain,
        )
        .unwrap();
        assert_eq!(queue.name, "Support review");
        assert_eq!(queue.description, None);
        assert_eq!(queue.score_config_ids.len(), 3);
        assert_eq!(queue.created_at.to_string(), "2026-11-24T06:12:19.405Z");
    }

    fn item(kind: &str, status: &serde_json::Value) -> Option<Item> {
        let json = json!({"id":"i1","queueId":"q1","objectId":"t1","objectType":kind,"status":status,
            "completedAt":null,"createdAt":"2026-11-24T06:12:25.350Z","updatedAt":"2026-11-24T06:13:00.000Z"});
        row(&json, ItemRow::into_domain)
    }

    #[test]
    fn reads_items() {
        for (kind, wanted) in [
            ("TRACE", Some(ObjectKind::Trace)),
            ("OBSERVATION", Some(ObjectKind::Observation)),
            ("SESSION", Some(ObjectKind::Session)),
            ("EXPERIMENT", None),
        ] {
            assert_eq!(item(kind, &json!("PENDING")).map(|item| item.object.kind), wanted, "{kind}");
        }
        for (status, wanted) in [
            (json!("PENDING"), ItemStatus::Pending),
            (json!("COMPLETED"), ItemStatus::Completed),
            (json!("LOST"), ItemStatus::Completed),
            (json!(null), ItemStatus::Pending),
        ] {
            assert_eq!(item("TRACE", &status).unwrap().status, wanted, "{status}");
        }
    }
}
