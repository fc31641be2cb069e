//! What `/experiments` and `/experiment-items` take: a time range, simple filters, a list of
//! structured ones, and a cursor.

use rusqlite::types::Value as Arg;
use rusqlite::{Connection, Row, ToSql};
use serde_json::{Value, json};

use crate::server::data::sql::{Where, marks, texts};
use crate::server::data::value::{base64_text, base64url_encode, iso, lenient_time};
use crate::server::http::Call;
use crate::server::http::issue;
use crate::server::http::query::Params;
use crate::server::http::reply::{Answer, Problem, Reply};

/// A parameter, which is also a column of filters, and what it stands for.
pub type Column = (&'static str, &'static str);

/// What observations did in experiments. A run item whose trace is not there shows nowhere.
pub const ROWS: &str = "experiment_parts AS p
    JOIN observations AS o ON o.trace_id = p.trace_id AND o.id = p.observation_id";

/// A request, understood.
pub struct Ask {
    /// Which fields are wanted.
    pub groups: Vec<&'static str>,
    /// Rows of a page.
    pub limit: u32,
    /// Scores of a row.
    pub score_limit: u32,
    /// Where the last page ended.
    pub cursor: Option<Cursor>,
    /// What rows to count in.
    pub conditions: Where,
}

impl Ask {
    /// Reads the parameters of a request.
    pub fn read(
        call: &Call,
        groups: &[&'static str],
        usual: &[&'static str],
        columns: &[Column],
    ) -> Result<Self, Problem> {
        let query = &call.query;
        let mut params = Params::of(query);
        let mut wanted = params.choices("fields", groups);
        if wanted.is_empty() {
            wanted = usual.to_vec();
        }
        let limit = params.positive("limit", 50, 100);
        let score_limit = score_limit(query.get("scoreLimit"), &mut params);
        let cursor = query.get("cursor").map(Cursor::read).transpose()?;
        let mut conditions = Where::default();
        params.text("fromStartTime");
        for (key, sign) in [("fromStartTime", ">="), ("toStartTime", "<")] {
            if let Some(time) = params.time(key) {
                conditions.and(format!("o.start_time {sign} ?"), [Arg::from(iso(time))]);
            }
        }
        let named = filter(query.get("filter"), columns, &mut conditions, &mut params)?;
        for (key, column) in columns.iter().filter(|(key, _)| !named.iter().any(|n| n == key)) {
            conditions.one_of(column, texts(&query.list(key)));
        }
        params.finish()?;
        Ok(Self { groups: wanted, limit, score_limit, cursor, conditions })
    }

    /// Answers with a page of what `sql` selects, given the conditions' clause. It selects one row
    /// more than wanted, for the cursor.
    pub fn answer(
        &self,
        db: &Connection,
        sql: impl Fn(&str) -> String,
        after: impl IntoIterator<Item = String>,
        show: impl Fn(&Row<'_>) -> rusqlite::Result<(Value, Cursor)>,
    ) -> Answer {
        let (clause, mut args) = self.conditions.parts();
        let after: Vec<String> = after.into_iter().collect();
        args.extend(after.iter().map(|part| part as &dyn ToSql));
        let mut statement = db.prepare(&sql(&clause))?;
        let mut rows = statement.query(&args[..])?;
        let (mut data, mut last, mut meta) = (Vec::new(), None, json!({}));
        while let Some(row) = rows.next()? {
            if data.len() == self.limit as usize {
                meta["cursor"] = json!(last.as_ref().map(Cursor::encoded));
                break;
            }
            let (shown, cursor) = show(row)?;
            data.push(shown);
            last = Some(cursor);
        }
        Ok(Reply::ok(json!({"data": data, "meta": meta})))
    }

    /// Whether a group of fields is wanted.
    pub fn has(&self, group: &str) -> bool {
        self.groups.contains(&group)
    }
}

fn score_limit(given: Option<&str>, params: &mut Params<'_>) -> u32 {
    let key = "scoreLimit";
    let is_too_small =
        given.and_then(|text| text.trim().parse::<f64>().ok()).is_some_and(|n| n < 1.0 && n.fract() == 0.0);
    if !is_too_small {
        return params.positive(key, 50, 50);
    }
    params.note(json!({
        "origin": "number", "code": "too_small", "minimum": 1, "inclusive": true, "path": [key],
        "message": "Too small: expected number to be >=1",
    }));
    1
}

/// The last row of a page.
pub struct Cursor {
    /// When it started.
    pub start: String,
    /// Its trace.
    pub trace: String,
    /// Its observation.
    pub id: String,
    /// Its experiment.
    pub experiment: String,
}

impl Cursor {
    fn read(encoded: &str) -> Result<Self, Problem> {
        let invalid = || Problem::Refused("Invalid cursor format".into());
        let cursor = base64_text(encoded).and_then(|text| serde_json::from_str::<Value>(&text).ok());
        let cursor = cursor.filter(|cursor| cursor["v"] == 1).ok_or_else(invalid)?;
        let text = |key: &str| cursor[key].as_str().map(str::to_owned).ok_or_else(invalid);
        let start = lenient_time(&text("lastStartTimeTo")?).ok_or_else(invalid)?;
        Ok(Self {
            start: iso(start),
            trace: text("lastTraceId")?,
            id: text("lastId")?,
            experiment: text("lastExperimentId")?,
        })
    }

    /// As it is sent.
    pub fn encoded(&self) -> String {
        let cursor = json!({
            "v": 1, "lastStartTimeTo": self.start, "lastTraceId": self.trace, "lastId": self.id,
            "lastExperimentId": self.experiment,
        });
        base64url_encode(&cursor.to_string())
    }
}

/// Adds structured conditions and returns the columns they name.
fn filter(
    raw: Option<&str>,
    columns: &[Column],
    conditions: &mut Where,
    params: &mut Params<'_>,
) -> Result<Vec<String>, Problem> {
    let Some(raw) = raw else { return Ok(Vec::new()) };
    let invalid = |_| Problem::Refused("Invalid JSON in filter parameter".into());
    let parsed: Value = serde_json::from_str(raw).map_err(invalid)?;
    let Some(entries) = parsed.as_array() else {
        params.note(issue::invalid_type("array", Some(&parsed), &["filter"]));
        return Ok(Vec::new());
    };
    let mut named = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        match condition(entry, columns) {
            Ok((name, clause, args)) => {
                conditions.and(clause, args);
                named.push(name.to_owned());
            }
            Err(found) => {
                params.note(issue::below(&json!("filter"), issue::below(&json!(index), found)));
            }
        }
    }
    Ok(named)
}

/// A condition's column, SQL and arguments, or what is wrong with it.
fn condition(entry: &Value, columns: &[Column]) -> Result<(&'static str, String, Vec<Arg>), Value> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let column = entry["column"].as_str().unwrap_or_default();
    let (name, sql) = columns
        .iter()
        .find(|(name, _)| *name == column)
        .ok_or_else(|| issue::invalid_value(&names, &["column"]))?;
    let operator = entry["operator"].as_str().unwrap_or_default();
    let (clause, args) = match entry["type"].as_str() {
        Some("string") => string(sql, operator, entry.get("value"))?,
        Some("stringOptions") => options(sql, operator, entry.get("value"))?,
        Some("null") => (null(sql, operator)?, Vec::new()),
        _ => return Err(issue::no_variant("type")),
    };
    Ok((name, clause, args))
}

fn string(sql: &str, operator: &str, value: Option<&Value>) -> Result<(String, Vec<Arg>), Value> {
    let text =
        value.and_then(Value::as_str).ok_or_else(|| issue::invalid_type("string", value, &["value"]))?;
    let clause = match operator {
        "=" => format!("{sql} = ?"),
        "contains" => format!("instr({sql}, ?) > 0"),
        "does not contain" => format!("instr({sql}, ?) = 0"),
        "starts with" => format!("instr({sql}, ?) = 1"),
        "ends with" => format!("substr({sql}, -{}) = ?", text.chars().count().max(1)),
        _ => {
            let known = ["=", "contains", "does not contain", "starts with", "ends with"];
            return Err(issue::invalid_value(&known, &["operator"]));
        }
    };
    Ok((clause, vec![Arg::from(text.to_owned())]))
}

fn options(sql: &str, operator: &str, value: Option<&Value>) -> Result<(String, Vec<Arg>), Value> {
    let list =
        value.and_then(Value::as_array).ok_or_else(|| issue::invalid_type("array", value, &["value"]))?;
    let wanted: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    let operator = match operator {
        "any of" => "IN",
        "none of" => "NOT IN",
        _ => return Err(issue::invalid_value(&["any of", "none of"], &["operator"])),
    };
    Ok((format!("{sql} {operator} ({})", marks(wanted.len())), texts(&wanted)))
}

fn null(sql: &str, operator: &str) -> Result<String, Value> {
    match operator {
        "is null" => Ok(format!("{sql} IS NULL")),
        "is not null" => Ok(format!("{sql} IS NOT NULL")),
        _ => Err(issue::invalid_value(&["is null", "is not null"], &["operator"])),
    }
}
