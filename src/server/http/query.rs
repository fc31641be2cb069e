//! Query parameters, and the page-style lists.

use jiff::Timestamp;
use rusqlite::{Connection, Row, ToSql};
use serde_json::{Value, json};

use super::issue;
use super::reply::{Answer, Problem, Reply};
use crate::server::data::value::{lenient_time, strict_time};

/// The parameters of a request, in order.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes the part after `?`.
    pub fn parse(raw: &str) -> Self {
        Self(url::form_urlencoded::parse(raw.as_bytes()).into_owned().collect())
    }

    /// The parameter as sent, even if empty.
    pub fn raw(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// The parameter, unless it is empty.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.raw(key).filter(|v| !v.is_empty())
    }

    /// A comma-separated list, trimmed; the parameter may also be repeated.
    pub fn list(&self, key: &str) -> Vec<&str> {
        let given = self.0.iter().filter(|(k, _)| k == key);
        given.flat_map(|(_, v)| v.split(',')).map(str::trim).filter(|v| !v.is_empty()).collect()
    }
}

/// Parameters under inspection, collecting every issue on the way.
pub struct Params<'a> {
    query: &'a Query,
    issues: Vec<Value>,
}

impl<'a> Params<'a> {
    /// The parameters of a request.
    pub fn of(query: &'a Query) -> Self {
        Self { query, issues: Vec::new() }
    }

    /// Notes an issue.
    pub fn note(&mut self, issue: Value) {
        self.issues.push(issue);
    }

    /// The value, or its default with the issue noted.
    fn take<T: Default>(&mut self, read: Result<T, Value>) -> T {
        read.unwrap_or_else(|issue| {
            self.note(issue);
            T::default()
        })
    }

    /// A whole number from 1 to `most`, or the default.
    pub fn positive(&mut self, key: &str, default: u32, most: u32) -> u32 {
        let read = self.query.get(key).map_or(Ok(default), |text| whole(key, text, false, most));
        self.take(read)
    }

    /// A whole number from 0 to `most`, or the default; an empty parameter is 0.
    pub fn count(&mut self, key: &str, default: u32, most: u32) -> u32 {
        match self.query.raw(key) {
            None => default,
            Some("") => 0,
            Some(text) => self.take(whole(key, text, true, most)),
        }
    }

    /// One of `values`, if given.
    pub fn choice(&mut self, key: &str, values: &[&str]) -> Option<&'a str> {
        let given = self.query.raw(key)?;
        if !values.contains(&given) {
            self.note(issue::invalid_value(values, &[key]));
        }
        Some(given)
    }

    /// A list of `known` names in any case.
    pub fn choices(&mut self, key: &str, known: &[&'static str]) -> Vec<&'static str> {
        let mut found = Vec::new();
        for given in self.query.list(key) {
            if let Some(name) = known.iter().find(|k| k.eq_ignore_ascii_case(given)) {
                found.push(*name);
            } else {
                let message = format!("Invalid {key} value: \"{given}\". Allowed: {}", known.join(", "));
                self.note(issue::custom(&message, &[key]));
            }
        }
        found
    }

    /// A full date-time with zone, if given.
    pub fn time(&mut self, key: &str) -> Option<Timestamp> {
        let text = self.query.raw(key)?;
        self.take(strict_time(text).map(Some).ok_or_else(|| issue::not_a_datetime(key)))
    }

    /// Any date, if given and not empty.
    pub fn date(&mut self, key: &str) -> Option<Timestamp> {
        let text = self.query.get(key)?;
        self.take(lenient_time(text).map(Some).ok_or_else(|| issue::not_a_date(key)))
    }

    /// Page and page size.
    pub fn page(&mut self) -> Page {
        Page { page: self.positive("page", 1, u32::MAX), limit: self.positive("limit", 50, 100) }
    }

    /// Refuses every parameter but `known`.
    pub fn strict(&mut self, known: &[&str]) {
        let given = self.query.0.iter().map(|(k, _)| k.as_str());
        let mut unknown: Vec<&str> = given.filter(|k| !known.contains(k)).collect();
        unknown.dedup();
        if !unknown.is_empty() {
            self.note(issue::unrecognized_keys(&unknown));
        }
    }

    /// A required text; empty if there was an issue.
    pub fn text(&mut self, key: &str) -> &'a str {
        let given = self.query.raw(key);
        if given.is_none() {
            self.note(issue::invalid_type("string", None, &[key]));
        }
        given.unwrap_or_default()
    }

    /// Any number, if given; nothing given is 0, as JavaScript's `Number` has it.
    pub fn number(&mut self, key: &str) -> Option<f64> {
        let text = self.query.raw(key)?.trim();
        let read = if text.is_empty() { Some(0.0) } else { text.parse().ok().filter(|n: &f64| !n.is_nan()) };
        self.take(read.map(Some).ok_or_else(|| issue::not_a_number(key)))
    }

    /// Whether nothing was wrong so far.
    pub fn is_clean(&self) -> bool {
        self.issues.is_empty()
    }

    /// The verdict.
    pub fn finish(self) -> Result<(), Problem> {
        if self.issues.is_empty() { Ok(()) } else { Err(Problem::QueryIssues(self.issues)) }
    }
}

/// Refuses every parameter of a route that takes none.
pub fn no_parameters(query: &Query) -> Result<(), Problem> {
    let mut params = Params::of(query);
    params.strict(&[]);
    params.finish()
}

fn whole(key: &str, text: &str, zero: bool, most: u32) -> Result<u32, Value> {
    let n: f64 = text.trim().parse().map_err(|_| issue::not_a_number(key))?;
    if n.fract() != 0.0 {
        return Err(issue::not_whole(key));
    }
    if n < 0.0 || n == 0.0 && !zero {
        return Err(issue::too_small(zero, key));
    }
    if n > f64::from(most) {
        return Err(issue::too_big(most, key));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, 0 to u32::MAX")]
    Ok(n as u32)
}

/// A page of a list: number from 1, and size.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    page: u32,
    limit: u32,
}

impl Page {
    /// Answers with one page of `select … from_where order`, and the totals.
    pub fn answer(
        self,
        db: &Connection,
        select: &str,
        from_where: &str,
        order: &str,
        args: &[&dyn ToSql],
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<Value>,
    ) -> Answer {
        let total: i64 = db.query_row(&format!("SELECT count(*) {from_where}"), args, |r| r.get(0))?;
        let offset = u64::from(self.page - 1) * u64::from(self.limit);
        let sql = format!("SELECT {select} {from_where} {order} LIMIT {} OFFSET {offset}", self.limit);
        let data = db.prepare(&sql)?.query_map(args, row)?.collect::<rusqlite::Result<Vec<_>>>()?;
        let pages = u64::try_from(total).unwrap_or_default().div_ceil(self.limit.into());
        let meta = json!({"page": self.page, "limit": self.limit, "totalItems": total, "totalPages": pages});
        Ok(Reply::ok(json!({"data": data, "meta": meta})))
    }
}
