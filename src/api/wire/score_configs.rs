//! Score configs.

use jiff::Timestamp;
use serde::Deserialize;

use super::read;
use crate::domain::{Category, DataType, ScoreConfig};

/// A score config.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigRow {
    /// Identifier.
    pub id: String,
    /// Name.
    #[serde(default, deserialize_with = "read::text")]
    pub name: Option<String>,
    /// Help for the annotator.
    #[serde(default, deserialize_with = "read::text")]
    pub description: Option<String>,
    /// Type of the values.
    pub data_type: String,
    /// Whether it takes no more scores.
    #[serde(default, deserialize_with = "read::truth")]
    pub is_archived: bool,
    /// Lowest value.
    #[serde(default, deserialize_with = "read::number")]
    pub min_value: Option<f64>,
    /// Highest value.
    #[serde(default, deserialize_with = "read::number")]
    pub max_value: Option<f64>,
    /// Choices.
    #[serde(default)]
    pub categories: Option<Vec<CategoryRow>>,
    /// When it was created.
    #[serde(default, deserialize_with = "read::time")]
    pub created_at: Option<Timestamp>,
}

/// One choice.
#[derive(Debug, Deserialize)]
pub struct CategoryRow {
    /// What is sent and shown.
    #[serde(default, deserialize_with = "read::text")]
    pub label: Option<String>,
    /// The number behind it.
    #[serde(default, deserialize_with = "read::number")]
    pub value: Option<f64>,
}

impl ConfigRow {
    /// The config; `None` for types this version cannot ask for.
    pub fn into_domain(self) -> Option<ScoreConfig> {
        let category =
            |row: CategoryRow| Some(Category { label: row.label?, value: row.value.unwrap_or(0.0) });
        Some(ScoreConfig {
            data_type: data_type(&self.data_type)?,
            id: self.id.into(),
            name: self.name.unwrap_or_default(),
            description: self.description,
            is_archived: self.is_archived,
            min: self.min_value,
            max: self.max_value,
            categories: self.categories.into_iter().flatten().filter_map(category).collect(),
            created_at: self.created_at.unwrap_or_default(),
        })
    }
}

/// The data type behind a word of the API.
pub(super) fn data_type(word: &str) -> Option<DataType> {
    use DataType::{Boolean, Categorical, Correction, Numeric, Text};
    [Numeric, Boolean, Categorical, Text, Correction]
        .into_iter()
        .find(|t| t.api_name().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::super::tests::row;
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_every_type() {
        let config = |extra: &serde_json::Value| {
            let mut json = json!({"id":"c","name":"n","isArchived":false,"description":null,"projectId":"p",
                "createdAt":"2026-11-24T06:12:17.334Z","minValue":null,"maxValue":null,"categories":null});
            extra.as_object().unwrap().iter().for_each(|(key, value)| json[key] = value.clone());
            row(&json, ConfigRow::into_domain)
        };
        let numeric = config(&json!({"dataType":"NUMERIC","minValue":0,"maxValue":"5"})).unwrap();
        assert_eq!((numeric.min, numeric.max), (Some(0.0), Some(5.0)));
        let boolean = config(&json!({"dataType":"BOOLEAN","categories":[{"label":"True","value":1},
            {"label":"False","value":0}]}))
        .unwrap();
        assert_eq!(boolean.categories[0], Category { label: "True".into(), value: 1.0 });
        assert_eq!(config(&json!({"dataType":"TEXT"})).unwrap().data_type, DataType::Text);
        assert_eq!(config(&json!({"dataType":"DATE"})), None);
    }
}
