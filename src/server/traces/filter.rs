//! The `filter` parameter of `GET /v2/observations`: a JSON array of conditions, all of which must
//! hold.

use rusqlite::types::Value as Arg;
use serde_json::Value;

use crate::server::data::sql::{Where, marks};
use crate::server::data::value::{iso, strict_time};
use crate::server::http::issue;
use crate::server::http::reply::Problem;

/// What a column holds, and so which filters it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Payload,
    Time,
    Number,
    Flag,
    List,
    Object,
}

/// The SQL expression of a filterable column.
fn column(name: &str) -> Option<(Kind, &'static str)> {
    Some(match name {
        "id" => (Kind::Text, "id"),
        "traceId" => (Kind::Text, "trace_id"),
        "name" => (Kind::Text, "name"),
        "type" => (Kind::Text, "type"),
        "level" => (Kind::Text, "level"),
        "statusMessage" => (Kind::Text, "status_message"),
        "sessionId" => (Kind::Text, "session_id"),
        "userId" => (Kind::Text, "user_id"),
        "environment" => (Kind::Text, "environment"),
        "version" => (Kind::Text, "version"),
        "release" => (Kind::Text, "release"),
        "traceName" => (Kind::Text, "trace_name"),
        "parentObservationId" => (Kind::Text, "ifnull(parent_id, '')"),
        "model" | "providedModelName" => (Kind::Text, "model"),
        "promptName" => (Kind::Text, "''"),
        "input" => (Kind::Payload, "ifnull(input, '')"),
        "output" => (Kind::Payload, "ifnull(output, '')"),
        "startTime" => (Kind::Time, "start_time"),
        "endTime" => (Kind::Time, "end_time"),
        "latency" => (Kind::Number, "latency"),
        "timeToFirstToken" => (Kind::Number, "time_to_first_token"),
        "totalCost" => (Kind::Number, "total_cost"),
        "inputCost" => (Kind::Number, "json_extract(cost_details, '$.input')"),
        "outputCost" => (Kind::Number, "json_extract(cost_details, '$.output')"),
        "inputTokens" => (Kind::Number, "json_extract(usage_details, '$.input')"),
        "outputTokens" => (Kind::Number, "json_extract(usage_details, '$.output')"),
        "totalTokens" => (Kind::Number, "json_extract(usage_details, '$.total')"),
        "isRootObservation" => (Kind::Flag, "(parent_id IS NULL)"),
        "tags" | "traceTags" => (Kind::List, "tags"),
        "metadata" => (Kind::Object, "metadata"),
        _ => return None,
    })
}

/// Adds the filter's conditions and returns the columns it names.
pub fn add(conditions: &mut Where, raw: Option<&str>) -> Result<Vec<String>, Problem> {
    let Some(raw) = raw else { return Ok(Vec::new()) };
    let parsed: Value = serde_json::from_str(raw).map_err(|_| refused("Invalid JSON in filter parameter"))?;
    let Some(entries) = parsed.as_array() else {
        return Err(Problem::Issues(vec![issue::invalid_type("array", Some(&parsed), &[])]));
    };
    let mut named = Vec::new();
    for entry in entries {
        named.push(Entry::read(entry)?.add(conditions)?);
    }
    refuse_slow_payload_filters(entries)?;
    Ok(named)
}

/// Payload columns have an index for `=` and `matches` only; one of these must be there.
fn refuse_slow_payload_filters(entries: &[Value]) -> Result<(), Problem> {
    let mut payload = entries.iter().filter(|e| matches!(e["column"].as_str(), Some("input" | "output")));
    let fast = |e: &Value| matches!(e["operator"].as_str(), Some("=" | "matches"));
    if payload.clone().next().is_some() && !payload.any(fast) {
        return Err(refused("Filters on input or output need at least one condition with matches or ="));
    }
    Ok(())
}

fn refused(message: &str) -> Problem {
    Problem::Refused(message.to_owned())
}

/// One condition.
struct Entry<'a> {
    form: &'a str,
    name: &'a str,
    operator: &'a str,
    key: &'a str,
    value: &'a Value,
    kind: Kind,
    sql: &'static str,
}

impl<'a> Entry<'a> {
    fn read(entry: &'a Value) -> Result<Self, Problem> {
        let part = |key: &str| {
            let issue = || Problem::Issues(vec![issue::invalid_type("string", entry.get(key), &[key])]);
            entry.get(key).and_then(Value::as_str).ok_or_else(issue)
        };
        let name = part("column")?;
        let (kind, sql) =
            column(name).ok_or_else(|| refused(&format!("Invalid filter column: {name} does not exist")))?;
        let key = entry.get("key").and_then(Value::as_str).unwrap_or_default();
        let value = entry.get("value").unwrap_or(&Value::Null);
        Ok(Self { form: part("type")?, name, operator: part("operator")?, key, value, kind, sql })
    }

    /// Adds the condition and returns the column's name.
    fn add(&self, conditions: &mut Where) -> Result<String, Problem> {
        let (clause, args) = match (self.form, self.kind) {
            ("string", Kind::Text | Kind::Payload) => self.string(self.sql, Vec::new())?,
            ("stringOptions", Kind::Text) => self.options()?,
            ("arrayOptions" | "stringOptions", Kind::List) => self.array()?,
            ("datetime", Kind::Time) => self.datetime()?,
            ("number", Kind::Number) => self.number(self.sql, Vec::new())?,
            ("boolean", Kind::Flag) => self.boolean()?,
            ("null", _) => (self.null()?, Vec::new()),
            ("stringObject", Kind::Object) => {
                self.string(&member(TEXT_MEMBER), vec![self.key.to_owned().into()])?
            }
            ("numberObject", Kind::Object) => {
                self.number(&member("CAST(value AS REAL)"), vec![self.key.to_owned().into()])?
            }
            (form, _) => {
                return Err(refused(&format!("Invalid filter type {form} for column {}", self.name)));
            }
        };
        conditions.and(clause, args);
        Ok(self.name.to_owned())
    }

    fn text(&self) -> Result<Arg, Problem> {
        let issue = || Problem::Issues(vec![issue::invalid_type("string", Some(self.value), &["value"])]);
        self.value.as_str().map(|t| Arg::from(t.to_owned())).ok_or_else(issue)
    }

    fn string(&self, column: &str, mut args: Vec<Arg>) -> Result<(String, Vec<Arg>), Problem> {
        args.push(self.text()?);
        let clause = match self.operator {
            "=" => format!("{column} = ?"),
            "contains" => format!("instr({column}, ?) > 0"),
            "does not contain" => format!("instr({column}, ?) = 0"),
            "starts with" => format!("instr({column}, ?) = 1"),
            "ends with" => {
                let length = self.value.as_str().map_or(0, |t| t.chars().count());
                format!("substr({column}, -{}) = ?", length.max(1))
            }
            "matches" => format!("instr(lower({column}), lower(?)) > 0"),
            _ => {
                let known = ["=", "contains", "does not contain", "starts with", "ends with", "matches"];
                return wrong_operator(&known);
            }
        };
        Ok((clause, args))
    }

    fn list(&self) -> Result<Vec<Arg>, Problem> {
        let texts = self.value.as_array().map(|list| list.iter().filter_map(Value::as_str));
        let args: Vec<Arg> = texts.into_iter().flatten().map(|t| Arg::from(t.to_owned())).collect();
        if args.is_empty() {
            return Err(Problem::Issues(vec![issue::too_few(&["value"])]));
        }
        Ok(args)
    }

    fn options(&self) -> Result<(String, Vec<Arg>), Problem> {
        let args = self.list()?;
        let operator = match self.operator {
            "any of" => "IN",
            "none of" => "NOT IN",
            _ => return wrong_operator(&["any of", "none of"]),
        };
        Ok((format!("{} {operator} ({})", self.sql, marks(args.len())), args))
    }

    fn array(&self) -> Result<(String, Vec<Arg>), Problem> {
        let args = self.list()?;
        let marks = marks(args.len());
        let count = format!(
            "(SELECT count(DISTINCT value) FROM json_each(observations.{}) WHERE value IN ({marks}))",
            self.sql
        );
        let clause = match self.operator {
            "any of" => format!("{count} > 0"),
            "none of" => format!("{count} = 0"),
            "all of" => format!("{count} = {}", args.len()),
            _ => return wrong_operator(&["any of", "none of", "all of"]),
        };
        Ok((clause, args))
    }

    fn comparison(&self) -> Result<&str, Problem> {
        let known = [">", "<", ">=", "<=", "="];
        if known.contains(&self.operator) { Ok(self.operator) } else { wrong_operator(&known) }
    }

    fn datetime(&self) -> Result<(String, Vec<Arg>), Problem> {
        let time = self.value.as_str().and_then(strict_time);
        let time = time.ok_or_else(|| Problem::Issues(vec![issue::not_a_datetime("value")]))?;
        Ok((format!("{} {} ?", self.sql, self.comparison()?), vec![iso(time).into()]))
    }

    fn number(&self, column: &str, mut args: Vec<Arg>) -> Result<(String, Vec<Arg>), Problem> {
        let issue = || Problem::Issues(vec![issue::invalid_type("number", Some(self.value), &["value"])]);
        args.push(self.value.as_f64().ok_or_else(issue)?.into());
        Ok((format!("{column} {} ?", self.comparison()?), args))
    }

    fn boolean(&self) -> Result<(String, Vec<Arg>), Problem> {
        let issue = || Problem::Issues(vec![issue::invalid_type("boolean", Some(self.value), &["value"])]);
        let value = self.value.as_bool().ok_or_else(issue)?;
        let operator = match self.operator {
            "=" | "<>" => self.operator,
            _ => return wrong_operator(&["=", "<>"]),
        };
        Ok((format!("{} {operator} ?", self.sql), vec![i64::from(value).into()]))
    }

    fn null(&self) -> Result<String, Problem> {
        match self.operator {
            "is null" => Ok(format!("ifnull({}, '') = ''", self.sql)),
            "is not null" => Ok(format!("ifnull({}, '') <> ''", self.sql)),
            _ => wrong_operator(&["is null", "is not null"]),
        }
    }
}

fn wrong_operator<T>(known: &[&str]) -> Result<T, Problem> {
    Err(Problem::Issues(vec![issue::invalid_value(known, &["operator"])]))
}

/// A metadata value as text, the way it was stored.
const TEXT_MEMBER: &str = "iif(type IN ('true', 'false'), type, CAST(value AS TEXT))";

/// A value of the metadata object, by its key as argument.
fn member(value: &str) -> String {
    format!("ifnull((SELECT {value} FROM json_each(observations.metadata) WHERE key = ?), '')")
}
