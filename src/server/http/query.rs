//! Query parameters, and the page-style lists.

use jiff::Timestamp;
use rusqlite::{Connection, Row, ToSql};
use serde_json::{Value, json};

use super::Call;
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

    /// Every value of a parameter that may be repeated.
    pub fn all(&self, key: &str) -> Vec<&str> {
        self.0.iter().filter(|(k, _)| k == key).map(|(_, v)| v.as_str()).collect()
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

    /// A whole number from 1 to `most`, or the default; `u32::MAX` stands for no bound.
    pub fn positive(&mut self, key: &str, default: u32, most: u32) -> u32 {
        if self.query.all(key)[..] == [""] { default } else { self.at_least_one(key, default, most) }
    }

    /// The same where an empty parameter is 0, and so too small.
    pub fn at_least_one(&mut self, key: &str, default: u32, most: u32) -> u32 {
        let read = match self.query.all(key)[..] {
            [] => Ok(default),
            [text] => {
                let n = javascript_number(text).filter(|n| n.is_finite());
                self.issues.extend(n.and_then(|n| issue::not_safe(n, key)));
                whole(key, text, most)
            }
            _ => Err(issue::not_a_number(key)),
        };
        self.take(read)
    }

    /// One of `values`, if given.
    pub fn choice(&mut self, key: &str, values: &[&str]) -> Option<&'a str> {
        let query = self.query;
        let given = query.all(key);
        let first = *given.first()?;
        if given.len() > 1 || !values.contains(&first) {
            self.note(issue::invalid_value(values, &[key]));
        }
        Some(first)
    }

    /// A list of `known` names in any case.
    pub fn choices(&mut self, key: &str, known: &[&'static str]) -> Vec<&'static str> {
        let mut found = Vec::new();
        for given in self.query.list(key) {
            if let Some(name) = known.iter().find(|k| k.eq_ignore_ascii_case(given)) {
                found.push(*name);
            } else {
                let message = format!("Invalid {key} value: \"{given}\". Allowed: {}", known.join(", "));
                self.note(issue::added(&message, &[key]));
            }
        }
        found
    }

    /// A full date-time with zone, if given.
    pub fn time(&mut self, key: &str) -> Option<Timestamp> {
        let text = self.single(key)?;
        self.take(strict_time(text).map(Some).ok_or_else(|| issue::not_a_datetime(key)))
    }

    /// Any date, if given and not empty.
    pub fn date(&mut self, key: &str) -> Option<Timestamp> {
        let read = match self.query.all(key)[..] {
            [] | [""] => Ok(None),
            [text] => lenient_time(text).map(Some).ok_or_else(|| issue::not_a_date(key)),
            _ => Err(issue::not_a_date(key)),
        };
        self.take(read)
    }

    /// Page and page size.
    pub fn page(&mut self) -> Page {
        Page { page: self.positive("page", 1, u32::MAX), limit: self.positive("limit", 50, 100) }
    }

    /// Refuses every parameter but `known`.
    pub fn strict(&mut self, known: &[&str]) {
        let mut unknown: Vec<&str> = Vec::new();
        for (key, _) in &self.query.0 {
            if !known.contains(&key.as_str()) && !unknown.contains(&key.as_str()) {
                unknown.push(key);
            }
        }
        if !unknown.is_empty() {
            self.note(issue::unrecognized_keys(&unknown));
        }
    }

    /// The parameter as sent, even if empty.
    pub fn raw(&self, key: &str) -> Option<&'a str> {
        self.query.raw(key)
    }

    /// Every value of a parameter that may be repeated.
    pub fn all(&self, key: &str) -> Vec<&'a str> {
        self.query.all(key)
    }

    /// A required text; empty if there was an issue.
    pub fn text(&mut self, key: &str) -> &'a str {
        if self.query.raw(key).is_none() {
            self.note(issue::invalid_type("string", None, &[key]));
        }
        self.single(key).unwrap_or_default()
    }

    /// Any number, if given; an empty parameter is 0.
    pub fn number(&mut self, key: &str) -> Option<f64> {
        let read = match self.query.all(key)[..] {
            [] => Ok(None),
            [text] => finite(key, text).map(Some),
            _ => Err(issue::not_a_number(key)),
        };
        self.take(read)
    }

    /// Whether nothing was wrong so far.
    pub fn is_clean(&self) -> bool {
        self.issues.is_empty()
    }

    /// Whether rules over several parameters are looked at, in spite of what was wrong so far.
    pub fn lets_go_on(&self) -> bool {
        self.issues.iter().all(issue::lets_go_on)
    }

    /// The verdict.
    pub fn finish(self) -> Result<(), Problem> {
        if self.issues.is_empty() { Ok(()) } else { Err(Problem::QueryIssues(self.issues)) }
    }

    /// A text, even an empty one; a repeated parameter is a list, which is none.
    pub fn single(&mut self, key: &str) -> Option<&'a str> {
        let query = self.query;
        match query.all(key)[..] {
            [] => None,
            [text] => Some(text),
            _ => {
                self.note(issue::invalid_type("string", Some(&Value::Array(Vec::new())), &[key]));
                None
            }
        }
    }

    /// A text cut at its commas, or a repeated parameter as it is.
    pub fn texts(&self, key: &str) -> Vec<&'a str> {
        let query = self.query;
        match query.all(key)[..] {
            [text] => text.split(',').collect(),
            ref texts => texts.to_vec(),
        }
    }

    /// A number from 0 to `most`, of which the whole part counts, or the default; an empty parameter
    /// is 0.
    pub fn count(&mut self, key: &str, default: u32, most: u32) -> u32 {
        let read = match self.query.all(key)[..] {
            [] => Ok(default),
            [text] => amount(key, text, most),
            _ => Err(issue::not_a_number(key)),
        };
        self.take(read)
    }

    /// Known names of a comma-separated list; others are ignored. `None` if nothing is given.
    pub fn known(&mut self, key: &str, known: &[&'static str]) -> Option<Vec<&'static str>> {
        let text = self.single(key).filter(|t| !t.is_empty())?;
        let named = |name: &str| known.iter().find(|k| **k == name.trim()).copied();
        Some(text.split(',').filter_map(named).collect())
    }
}

/// Refuses every parameter of a route that takes none.
pub fn no_parameters(query: &Query) -> Result<(), Problem> {
    let mut params = Params::of(query);
    params.strict(&[]);
    params.finish()
}

/// The same, but for those that repeat a variable of the path, which has the last word.
pub fn only_of_path(call: &Call) -> Result<(), Problem> {
    let mut params = Params::of(&call.query);
    let known: Vec<&str> = call.params.iter().map(|(name, _)| *name).collect();
    params.strict(&known);
    params.finish()
}

fn finite(key: &str, text: &str) -> Result<f64, Value> {
    let n = javascript_number(text).ok_or_else(|| issue::not_a_number(key))?;
    if n.is_infinite() { Err(issue::infinite(key)) } else { Ok(n) }
}

fn whole(key: &str, text: &str, most: u32) -> Result<u32, Value> {
    let n = finite(key, text)?;
    if n.fract() != 0.0 {
        return Err(issue::not_whole(key));
    }
    if n <= 0.0 {
        return Err(issue::too_small(false, key));
    }
    if n > f64::from(most) && most < u32::MAX {
        return Err(issue::too_big(most, key));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, from 1; saturates")]
    Ok(n as u32)
}

fn amount(key: &str, text: &str, most: u32) -> Result<u32, Value> {
    let n = finite(key, text)?;
    if n < 0.0 {
        return Err(issue::too_small(true, key));
    }
    if n > f64::from(most) {
        return Err(issue::too_big(most, key));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to u32::MAX")]
    Ok(n as u32)
}

/// The number JavaScript makes of a text; `None` is its NaN.
pub fn javascript_number(text: &str) -> Option<f64> {
    let text = text.trim();
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let digits = Some(digits).filter(|digits| !digits.starts_with(['+', '-']))?;
            return u32::from_str_radix(digits, radix).ok().map(f64::from);
        }
    }
    match text {
        "" => Some(0.0),
        "Infinity" | "+Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ if text.contains(['i', 'I', 'n', 'N']) => None,
        _ => text.parse().ok(),
    }
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
        let total: i64 =
            db.prepare_cached(&format!("SELECT count(*) {from_where}"))?.query_row(args, |r| r.get(0))?;
        let sql = format!("SELECT {select} {from_where} {order} {}", self.window());
        let data = db.prepare_cached(&sql)?.query_map(args, row)?.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(Reply::ok(json!({"data": data, "meta": self.meta(total)})))
    }

    /// `LIMIT … OFFSET …`
    pub fn window(self) -> String {
        let offset = u64::from(self.page.saturating_sub(1)) * u64::from(self.limit);
        format!("LIMIT {} OFFSET {offset}", self.limit)
    }

    /// What is said about the whole list.
    pub fn meta(self, total: i64) -> Value {
        let pages = u64::try_from(total).unwrap_or_default().div_ceil(u64::from(self.limit.max(1)));
        json!({"page": self.page, "limit": self.limit, "totalItems": total, "totalPages": pages})
    }
}
