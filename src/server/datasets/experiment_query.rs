//! What `/experiments` and `/experiment-items` take: a time range, simple filters, a list of
//! structured ones, and a cursor.

use rusqlite::types::Value as Arg;
use rusqlite::{Connection, Row, ToSql};
use serde_json::{Value, json};

use crate::server::data::filter::{self, View};
use crate::server::data::sql::{Where, texts};
use crate::server::data::value::{cursor, cursor_place, iso, lenient_time};
use crate::server::http::Call;
use crate::server::http::issue;
use crate::server::http::query::Params;
use crate::server::http::reply::{Answer, Problem, Reply};

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
    /// Reads the parameters of a request. The view's columns are parameters too; a filter on one counts
    /// more.
    pub fn read(
        call: &Call,
        groups: &[&'static str],
        usual: &[&'static str],
        view: &View,
    ) -> Result<Self, Problem> {
        let query = &call.query;
        let mut params = Params::of(query);
        let mut wanted = params.choices("fields", groups);
        if wanted.is_empty() {
            wanted = usual.to_vec();
        }
        let limit = params.positive("limit", 50, 100);
        let score_limit = score_limit(query.get("scoreLimit"), &mut params);
        let cursor = params.single("cursor").filter(|cursor| !cursor.is_empty());
        let mut conditions = Where::default();
        if query.raw("fromStartTime").is_none() {
            params.text("fromStartTime");
        }
        for (key, sign) in [("fromStartTime", ">="), ("toStartTime", "<")] {
            if let Some(time) = params.time(key) {
                conditions.and(format!("o.start_time {sign} ?"), [Arg::from(iso(time))]);
            }
        }
        let filters = filter::read(&mut params, false)?;
        params.finish()?;
        let cursor = cursor.map(Cursor::read).transpose()?;
        let named = filter::add(&mut conditions, &filters, view)?;
        for column in view.columns.iter().filter(|column| !named.contains(&column.sql)) {
            conditions.one_of(column.sql, texts(&query.list(column.id)));
        }
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
        let below = |issue| Problem::QueryIssues(vec![issue::below(&json!("cursor"), issue)]);
        let cursor = cursor_place(encoded).ok_or_else(invalid)?;
        if !cursor.is_object() {
            return Err(below(issue::no_object(Some(&cursor), &[])));
        }
        if cursor["v"] != 1 {
            return Err(below(issue::no_variant("v")));
        }
        let text = |key: &str| {
            let wrong = || below(issue::invalid_type("string", cursor.get(key), &[key]));
            cursor[key].as_str().map(str::to_owned).ok_or_else(wrong)
        };
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
        cursor(&json!({
            "v": 1, "lastStartTimeTo": self.start, "lastTraceId": self.trace, "lastId": self.id,
            "lastExperimentId": self.experiment,
        }))
    }
}
