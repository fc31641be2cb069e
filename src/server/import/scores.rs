//! Scores that come with an export. A score that is there already is left as it is.

use rusqlite::{Connection, named_params};
use serde_json::{Map, Value};

use super::fields::Fields;
use super::langfuse::{canonical, derived};

/// One score, ready to be stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Score {
    id: String,
    name: String,
    data_type: String,
    number: Option<f64>,
    text: Option<String>,
    source: String,
    config_id: Option<String>,
    queue_id: Option<String>,
    trace_id: Option<String>,
    observation_id: Option<String>,
    session_id: Option<String>,
    run_id: Option<String>,
    comment: Option<String>,
    metadata: Value,
    environment: String,
    author: Option<String>,
    timestamp: String,
    created_at: String,
    updated_at: String,
}

/// Reads a score, of `trace` where it stands inside one.
pub fn score(record: &Map<String, Value>, trace: Option<&str>) -> Result<Score, String> {
    let fields = Fields(record);
    let data_type = data_type(fields)?;
    let (number, text) = value(fields, &data_type)?;
    let trace_id = fields.text(&["traceId"]).or_else(|| trace.map(str::to_owned));
    let (session_id, run_id) = (fields.text(&["sessionId"]), fields.text(&["datasetRunId"]));
    if trace_id.is_none() && session_id.is_none() && run_id.is_none() {
        return Err("the score has no traceId, sessionId or datasetRunId".into());
    }
    let content = || canonical(&Value::Object(record.clone()));
    let given = fields.text(&["id", "scoreId"]);
    Ok(Score {
        id: given.unwrap_or_else(|| derived(&["score", trace_id.as_deref().unwrap_or_default(), &content()])),
        name: fields.text(&["name"]).ok_or("the score has no name")?,
        data_type,
        number,
        text,
        source: fields.text(&["source"]).unwrap_or_else(|| "API".into()),
        config_id: fields.text(&["configId"]),
        queue_id: fields.text(&["queueId"]),
        observation_id: fields.text(&["observationId"]),
        session_id,
        run_id,
        comment: fields.text(&["comment"]),
        metadata: fields.object(&["metadata"], "metadata"),
        environment: fields.text(&["environment"]).unwrap_or_else(|| "default".into()),
        author: fields.text(&["authorUserId"]),
        timestamp: fields.time(&["timestamp", "createdAt"])?.unwrap_or_default(),
        created_at: fields.time(&["createdAt"])?.unwrap_or_default(),
        updated_at: fields.time(&["updatedAt"])?.unwrap_or_default(),
        trace_id,
    })
}

fn data_type(fields: Fields<'_>) -> Result<String, String> {
    let given = fields.text(&["dataType"]).map(|given| given.to_uppercase());
    match given.as_deref() {
        Some("NUMERIC" | "BOOLEAN" | "CATEGORICAL" | "TEXT" | "CORRECTION") => Ok(given.unwrap_or_default()),
        Some(other) => Err(format!("no score has the type {other}")),
        None if fields.get(&["stringValue"]).is_some() => Ok("CATEGORICAL".into()),
        None => Ok(match fields.get(&["value"]) {
            Some(Value::String(_)) => "CATEGORICAL".into(),
            Some(Value::Bool(_)) => "BOOLEAN".into(),
            _ => "NUMERIC".into(),
        }),
    }
}

fn value(fields: Fields<'_>, data_type: &str) -> Result<(Option<f64>, Option<String>), String> {
    let number = || match fields.get(&["value"]) {
        Some(Value::Bool(flag)) => Some(f64::from(u8::from(*flag))),
        Some(Value::String(text)) if data_type == "BOOLEAN" && text.parse::<f64>().is_err() => {
            Some(f64::from(u8::from(fields.flag(&["value"]))))
        }
        _ => fields.number(&["value"]),
    };
    let read = match data_type {
        "NUMERIC" | "BOOLEAN" => (number(), None),
        _ => (None, fields.text(&["stringValue", "value"])),
    };
    if read.0.is_none() && read.1.is_none() {
        return Err(format!("the score has no {data_type} value"));
    }
    Ok(read)
}

impl Score {
    /// Stores it unless there is one of that id; says whether it did.
    pub fn save(&self, db: &Connection, now: &str) -> rusqlite::Result<bool> {
        let or = |time: &str, other: &str| if time.is_empty() { other.to_owned() } else { time.to_owned() };
        let timestamp = or(&self.timestamp, now);
        let metadata = if self.metadata.is_object() { self.metadata.to_string() } else { "{}".into() };
        let sql = "INSERT OR IGNORE INTO scores (id, name, data_type, number, text, source, config_id, queue_id,
                trace_id, observation_id, session_id, run_id, comment, metadata, environment, author_user_id,
                timestamp, created_at, updated_at)
            VALUES (:id, :name, :type, :number, :text, :source, :config, :queue, :trace, :observation, :session,
                :run, :comment, :metadata, :environment, :author, :timestamp, :created, :updated)";
        let added = db.prepare_cached(sql)?.execute(named_params! {
            ":id": self.id, ":name": self.name, ":type": self.data_type, ":number": self.number,
            ":text": self.text, ":source": self.source, ":config": self.config_id, ":queue": self.queue_id,
            ":trace": self.trace_id, ":observation": self.observation_id, ":session": self.session_id,
            ":run": self.run_id, ":comment": self.comment, ":metadata": metadata,
            ":environment": self.environment, ":author": self.author, ":timestamp": timestamp,
            ":created": or(&self.created_at, &timestamp), ":updated": or(&self.updated_at, &timestamp),
        })?;
        Ok(added > 0)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!({"value": 0.5}), "NUMERIC", Some(0.5), None)]
    #[case(json!({"value": true}), "BOOLEAN", Some(1.0), None)]
    #[case(json!({"value": "0", "data_type": "BOOLEAN"}), "BOOLEAN", Some(0.0), None)]
    #[case(json!({"value": 2, "stringValue": "warm", "dataType": "CATEGORICAL"}), "CATEGORICAL", None, Some("warm"))]
    #[case(json!({"value": "warm"}), "CATEGORICAL", None, Some("warm"))]
    #[case(json!({"value": 0, "string_value": "fine", "data_type": "TEXT"}), "TEXT", None, Some("fine"))]
    fn values_are_read_by_type(
        #[case] mut record: Value,
        #[case] data_type: &str,
        #[case] number: Option<f64>,
        #[case] text: Option<&str>,
    ) {
        record["name"] = json!("tone");
        let score = score(record.as_object().unwrap(), Some("t1")).unwrap();
        assert_eq!(
            (score.data_type.as_str(), score.number, score.text.as_deref()),
            (data_type, number, text)
        );
        assert_eq!(score.trace_id.as_deref(), Some("t1"));
    }

    #[rstest]
    #[case(json!({"name": "x", "value": 1}), None, "the score has no traceId, sessionId or datasetRunId")]
    #[case(json!({"name": "x"}), Some("t"), "the score has no NUMERIC value")]
    #[case(json!({"value": 1}), Some("t"), "the score has no name")]
    #[case(json!({"name": "x", "value": 1, "dataType": "ODD"}), Some("t"), "no score has the type ODD")]
    fn what_is_missing_is_said(#[case] record: Value, #[case] trace: Option<&str>, #[case] wanted: &str) {
        assert_eq!(score(record.as_object().unwrap(), trace), Err(wanted.into()));
    }
}
