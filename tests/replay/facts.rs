//! What the recordings tell about the things in them: when each was made, and every state in which
//! it was seen.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::recording::Exchange;

/// A thing as one answer showed it.
#[derive(Clone)]
pub struct Row {
    pub id: String,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// The thing itself.
    pub fields: Map<String, Value>,
}

/// What is known from all recordings together.
pub struct Facts {
    /// The states of every thing in the order of time, by resource and id.
    pub states: BTreeMap<(&'static str, String), Vec<Row>>,
    /// Every moment at which a thing with this id came into being.
    pub births: HashMap<String, BTreeSet<Timestamp>>,
    /// Everything a recording names, for each recording.
    pub names: Vec<BTreeSet<String>>,
    /// Times that clients sent.
    pub given: BTreeSet<Timestamp>,
}

impl Facts {
    pub fn of(exchanges: &[Exchange]) -> Self {
        let mut facts = Self {
            states: BTreeMap::new(),
            births: HashMap::new(),
            names: exchanges.iter().map(names).collect(),
            given: BTreeSet::new(),
        };
        for exchange in exchanges {
            facts.given.extend(times(&exchange.request.body));
            for answer in exchange.answers.iter().filter(|a| a.status < 300) {
                rows(exchange.resource(), &answer.body, &mut |resource, row| facts.learn(resource, row));
            }
        }
        for states in facts.states.values_mut() {
            states.sort_by_key(|row| row.updated);
        }
        facts
    }

    fn learn(&mut self, resource: &'static str, row: Row) {
        self.births.entry(row.id.clone()).or_default().insert(row.created);
        let states = self.states.entry((resource, row.id.clone())).or_default();
        match states.iter_mut().find(|state| state.updated == row.updated) {
            Some(state) if state.fields.len() >= row.fields.len() => {}
            Some(state) => *state = row,
            None => states.push(row),
        }
    }

    /// When the last of the named things first was there: the request cannot be older.
    pub fn not_before(&self, exchange: usize, own: &BTreeSet<String>) -> Option<Timestamp> {
        let born = |name: &String| {
            let first = self.births.get(name).and_then(|births| births.first().copied());
            first.or_else(|| cuid_time(name))
        };
        let named = self.names[exchange].intersection(own);
        named.filter_map(born).max()
    }
}

/// Walks an answer for things with an id and times.
fn rows(resource: &'static str, body: &Value, found: &mut impl FnMut(&'static str, Row)) {
    match body {
        Value::Array(list) => list.iter().for_each(|entry| rows(resource, entry, found)),
        Value::Object(map) => {
            if let Some(row) = row(resource, map) {
                found(resource, row);
            }
            for (key, value) in map.iter().filter(|(_, value)| value.is_array() || value.is_object()) {
                let inner = match key.as_str() {
                    "data" => resource,
                    "datasetRunItems" => "dataset-run-items",
                    "observations" => "observations",
                    "scores" => "scores",
                    "traces" => "traces",
                    _ => continue,
                };
                rows(inner, value, found);
            }
        }
        _ => {}
    }
}

fn row(resource: &str, map: &Map<String, Value>) -> Option<Row> {
    let time = |key: &str| map.get(key)?.as_str()?.parse::<Timestamp>().ok();
    let created = if resource == "scores" { time("timestamp") } else { time("createdAt") };
    let created = created.or_else(|| time("createdAt"))?;
    Some(Row {
        id: map.get("id")?.as_str()?.to_owned(),
        created,
        updated: time("updatedAt").unwrap_or(created),
        fields: map.clone(),
    })
}

/// Every text of the request, and every text of a successful answer.
fn names(exchange: &Exchange) -> BTreeSet<String> {
    let mut found = own_names(exchange);
    for answer in &exchange.answers {
        texts(&answer.body, &mut found);
    }
    found
}

/// Every text of the request.
pub fn own_names(exchange: &Exchange) -> BTreeSet<String> {
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let mut found: BTreeSet<String> = exchange.request.path.split('/').skip(3).map(decoded).collect();
    for (_, value) in &exchange.request.query {
        found.extend(value.split(',').map(str::to_owned));
    }
    texts(&exchange.request.body, &mut found);
    found
}

fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.extend(
                text.split(|c: char| " /()\".".contains(c)).filter(|w| is_made(w)).map(str::to_owned),
            );
            found.insert(text.clone());
        }
        Value::Array(list) => list.iter().for_each(|entry| texts(entry, found)),
        Value::Object(map) => map.values().for_each(|entry| texts(entry, found)),
        _ => {}
    }
}

/// Every time among the texts.
pub fn times(value: &Value) -> Vec<Timestamp> {
    let mut found = BTreeSet::new();
    texts(value, &mut found);
    found.iter().filter(|text| text.contains('T')).filter_map(|text| text.parse().ok()).collect()
}

/// Whether a text is an id such as the server makes: a cuid, a UUID, or a hash.
pub fn is_made(text: &str) -> bool {
    let hex = |part: &str| part.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
    let cuid = text.len() == 25
        && text.starts_with('c')
        && text.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase());
    let lengths = [8, 4, 4, 4, 12];
    let uuid = text.len() == 36 && text.split('-').map(str::len).eq(lengths) && text.split('-').all(hex);
    cuid || uuid || text.len() == 16 && hex(text)
}

/// The moment that is part of a cuid.
fn cuid_time(text: &str) -> Option<Timestamp> {
    if !is_made(text) || text.len() != 25 {
        return None;
    }
    let millis = i64::from_str_radix(text.get(1..9)?, 36).ok()?;
    Timestamp::from_millisecond(millis).ok()
}
