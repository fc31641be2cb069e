//! Whether two answers are the same: ids that the server made were made equal before, server-made
//! times and cursors count by shape, everything else by value, the order of keys included.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::Value;

use super::recording::Answer;

/// Headers that must be there exactly if they were recorded.
const HEADERS: [&str; 8] = [
    "content-type",
    "location",
    "allow",
    "www-authenticate",
    "retry-after",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

/// What differs, one line each with the place; empty if nothing does. `given` are times that
/// clients sent, which count by value.
pub fn differences(wanted: &Answer, got: &Answer, given: &BTreeSet<Timestamp>) -> Vec<String> {
    let mut found = Vec::new();
    if wanted.status != got.status {
        return vec![format!("status {} for {}: {}", got.status, wanted.status, short(&got.body))];
    }
    if let (Some(wanted), Some(got)) = (&wanted.headers, &got.headers) {
        for name in HEADERS {
            let pair = (wanted.get(name), got.get(name));
            let same = match pair {
                (Some(w), Some(g)) => w == g || is_moving(name) && shape(w) == shape(g),
                (w, g) => w == g,
            };
            if !same {
                found.push(format!("{name}: {} for {}", option(pair.1), option(pair.0)));
            }
        }
    }
    Walk { given, found: &mut found }.value("", &wanted.body, &got.body);
    found
}

fn option(text: Option<&String>) -> &str {
    text.map_or("none", String::as_str)
}

fn is_moving(header: &str) -> bool {
    matches!(header, "retry-after" | "x-ratelimit-reset")
}

/// A text with all digits alike, and all words: what a date in words looks like.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for c in text.chars() {
        let class = if c.is_ascii_digit() {
            '0'
        } else if c.is_alphabetic() {
            'a'
        } else {
            c
        };
        if !shape.ends_with(class) {
            shape.push(class);
        }
    }
    shape
}

struct Walk<'a> {
    given: &'a BTreeSet<Timestamp>,
    found: &'a mut Vec<String>,
}

impl Walk<'_> {
    fn note(&mut self, place: &str, wanted: &Value, got: &Value) {
        self.found.push(format!("{place}: {} for {}", short(got), short(wanted)));
    }

    fn value(&mut self, place: &str, wanted: &Value, got: &Value) {
        match (wanted, got) {
            (Value::Object(w), Value::Object(g)) => self.object(place, w, g),
            (Value::Array(w), Value::Array(g)) => self.array(place, w, g),
            (Value::String(w), Value::String(g)) if self.same_text(place, w, g) => {}
            (Value::Number(w), Value::Number(g)) => {
                let moving = place.ends_with("retryAfterSeconds");
                let same = w == g || w.as_f64() == g.as_f64() && w.is_f64() == g.is_f64();
                if !moving && !same {
                    self.note(place, wanted, got);
                }
            }
            (w, g) if w == g => {}
            _ => self.note(place, wanted, got),
        }
    }

    fn object(
        &mut self,
        place: &str,
        wanted: &serde_json::Map<String, Value>,
        got: &serde_json::Map<String, Value>,
    ) {
        for (key, w) in wanted {
            let place = format!("{place}.{key}");
            match got.get(key) {
                None => self.found.push(format!("{place}: missing, for {}", short(w))),
                Some(g) => self.value(&place, w, g),
            }
        }
        for (key, g) in got.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
            self.found.push(format!("{place}.{key}: {} for nothing", short(g)));
        }
        if wanted.len() == got.len()
            && !wanted.keys().eq(got.keys())
            && wanted.keys().all(|k| got.contains_key(k))
        {
            let order: Vec<&str> = got.keys().map(String::as_str).collect();
            self.found.push(format!("{place}: keys in the order {}", order.join(" ")));
        }
    }

    fn array(&mut self, place: &str, wanted: &[Value], got: &[Value]) {
        if wanted.len() != got.len() {
            self.found.push(format!("{place}: {} entries for {}", got.len(), wanted.len()));
            return;
        }
        for (index, (w, g)) in wanted.iter().zip(got).enumerate() {
            self.value(&format!("{place}[{index}]"), w, g);
        }
    }

    fn same_text(&mut self, place: &str, wanted: &str, got: &str) -> bool {
        if wanted == got {
            return true;
        }
        if let (Some(w), Some(g)) = (server_time(wanted), server_time(got)) {
            return w == g || !self.given.contains(&w);
        }
        if wanted.starts_with("<!DOCTYPE html>") {
            return got.starts_with("<!DOCTYPE html>");
        }
        if place.ends_with(".cursor")
            && let (Some(w), Some(g)) = (cursor(wanted), cursor(got))
        {
            self.value(place, &w, &g);
            return true;
        }
        false
    }
}

/// A time as the server writes it.
fn server_time(text: &str) -> Option<Timestamp> {
    (text.len() == 24 && text.ends_with('Z')).then(|| text.parse().ok()).flatten()
}

/// What a cursor says.
fn cursor(text: &str) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(text).or_else(|_| STANDARD.decode(text)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
