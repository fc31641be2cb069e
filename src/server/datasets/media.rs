//! Files that the parts of an item refer to.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};

use crate::server::http::Call;
use crate::server::http::reply::Problem;
use crate::server::media::link;

/// The parts of an item by name.
pub type Parts<'a> = [(&'static str, &'a Value); 3];

/// A text that is nothing but `@@@langfuseMedia:type=…|id=…|source=…@@@`.
struct Reference<'a> {
    field: &'static str,
    path: String,
    text: &'a str,
    id: &'a str,
}

/// Refuses references to files that are not there.
pub fn must_exist(db: &Connection, parts: &Parts<'_>) -> Result<(), Problem> {
    let mut unknown = Vec::new();
    for reference in find(parts) {
        if !unknown.contains(&reference.id) && stored(db, reference.id)?.is_none() {
            unknown.push(reference.id);
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Problem::Refused(format!("Dataset item references unknown media: {}", unknown.join(", "))))
}

/// The references with links to their files, by field and place.
pub fn list(db: &Connection, call: &Call, parts: &Parts<'_>) -> rusqlite::Result<Value> {
    let mut references = find(parts);
    references.sort_by(|a, b| (a.field, &a.path).cmp(&(b.field, &b.path)));
    let mut files = HashMap::new();
    for reference in &references {
        if !files.contains_key(reference.id) {
            files.insert(reference.id, file(db, call, reference.id)?);
        }
    }
    let shown = references.iter().filter_map(|r| {
        let media = files.get(r.id)?.as_ref()?;
        Some(json!({"field": r.field, "referenceString": r.text, "jsonPath": r.path, "media": media}))
    });
    Ok(shown.collect())
}

/// Media type and length of an uploaded file.
fn stored(db: &Connection, id: &str) -> rusqlite::Result<Option<(String, i64)>> {
    let sql = "SELECT content_type, content_length FROM media WHERE id = ?1 AND upload_status IN (200, 201)";
    db.prepare_cached(sql)?.query_row([id], |r| Ok((r.get(0)?, r.get(1)?))).optional()
}

fn file(db: &Connection, call: &Call, id: &str) -> rusqlite::Result<Option<Value>> {
    let Some((kind, length)) = stored(db, id)? else { return Ok(None) };
    let (url, expiry) = link(call, "GET", id);
    Ok(Some(json!({
        "mediaId": id, "contentType": kind, "contentLength": length, "url": url, "urlExpiry": expiry,
    })))
}

fn find<'a>(parts: &Parts<'a>) -> Vec<Reference<'a>> {
    let mut found = Vec::new();
    for (field, value) in parts {
        walk(field, "$".to_owned(), value, &mut found);
    }
    found
}

fn walk<'a>(field: &'static str, path: String, value: &'a Value, found: &mut Vec<Reference<'a>>) {
    match value {
        Value::String(text) => found.extend(media_id(text).map(|id| Reference { field, path, text, id })),
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                walk(field, format!("{path}[{index}]"), value, found);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                let is_number = !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit() || b == b'*');
                let step = if is_number { format!("[{key}]") } else { format!("['{key}']") };
                walk(field, format!("{path}{step}"), value, found);
            }
        }
        _ => {}
    }
}

/// The file's id, if the text is a whole reference.
fn media_id(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("@@@langfuseMedia:")?.strip_suffix("@@@")?;
    let member = |name: &str| {
        let mut members = inner.split('|').filter_map(|part| part.split_once('='));
        members.find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value)
    };
    member("type").and(member("source")).and(member("id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_texts_are_references() {
        for (text, wanted) in [
            ("@@@langfuseMedia:type=image/png|id=m1|source=bytes@@@", Some("m1")),
            ("@@@langfuseMedia:source=file|id=m1|type=image/png@@@", Some("m1")),
            ("@@@langfuseMedia:type=image/png|id=m1@@@", None),
            ("see @@@langfuseMedia:type=image/png|id=m1|source=bytes@@@", None),
            ("@@@langfuseMedia:", None),
        ] {
            assert_eq!(media_id(text), wanted, "{text}");
        }
    }

    #[test]
    fn paths_are_those_of_json_path() {
        let text = "@@@langfuseMedia:type=image/png|id=m1|source=bytes@@@";
        let (input, expected, metadata) = (json!({"a b": [text, {"7": text}]}), json!(text), json!(1));
        let parts = [("input", &input), ("expectedOutput", &expected), ("metadata", &metadata)];
        let paths: Vec<String> =
            find(&parts).into_iter().map(|r| format!("{} {}", r.field, r.path)).collect();
        assert_eq!(paths, ["input $['a b'][0]", "input $['a b'][1][7]", "expectedOutput $"]);
    }
}
