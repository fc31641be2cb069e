//! What a dataset may be called: `/` makes folders.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::server::http::Call;
use crate::server::http::issue;
use crate::server::http::reply::Problem;

/// A dataset's or run's name in the path. It is decoded once more than other segments.
pub fn segment(call: &Call, key: &str) -> String {
    percent_decode_str(call.param(key)).decode_utf8_lossy().into_owned()
}

/// Refuses names with HTML or misplaced slashes.
pub fn check(name: &str) -> Result<(), Problem> {
    let issues = issues(name);
    if issues.is_empty() {
        return Ok(());
    }
    let list = serde_json::to_string_pretty(&issues).unwrap_or_default();
    Err(Problem::Refused(format!("Dataset name not valid. {list}")))
}

/// What is wrong with a name in which slashes make folders.
pub fn issues(name: &str) -> Vec<Value> {
    let mut found = Vec::new();
    if name.is_empty() {
        found.push(json!({
            "origin": "string", "code": "too_small", "minimum": 1, "inclusive": true, "path": [],
            "message": "Text cannot be empty",
        }));
    }
    if name.split_once('<').is_some_and(|(_, rest)| rest.contains('>')) {
        found.push(issue::custom("Text cannot contain HTML tags", &[]));
    }
    if name.is_empty() || name.starts_with('/') {
        found.push(format("/^[^/]/", "Name cannot start with a slash"));
    }
    if name.split(is_line_end).next().is_some_and(|line| line.contains("//")) {
        found.push(format(r"/^(?!.*\/\/)/", "Name cannot contain consecutive slashes"));
    }
    if !ends_well(name) {
        found.push(format("/^.*[^/]$/", "Name cannot end with a slash"));
    }
    if found.is_empty() && name.trim().is_empty() {
        found.push(issue::custom("Name cannot be empty", &[]));
    }
    found
}

/// The rule is a pattern whose dot stops at the end of a line.
fn ends_well(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next_back().is_some_and(|last| last != '/') && !chars.as_str().contains(is_line_end)
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// A text that does not fit a pattern.
pub fn format(pattern: &str, message: &str) -> Value {
    json!({
        "origin": "string", "code": "invalid_format", "format": "regex", "pattern": pattern, "path": [],
        "message": message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_make_folders_and_nothing_else() {
        for (name, wanted) in [
            ("folder/nested set", &[][..]),
            ("a < b", &[]),
            ("a\n//b", &["Name cannot end with a slash"]),
            ("", &["Text cannot be empty", "Name cannot start with a slash", "Name cannot end with a slash"]),
            ("  ", &["Name cannot be empty"]),
            ("/a", &["Name cannot start with a slash"]),
            ("a//b/", &["Name cannot contain consecutive slashes", "Name cannot end with a slash"]),
            ("<b>x</b>", &["Text cannot contain HTML tags"]),
        ] {
            let messages: Vec<Value> =
                issues(name).into_iter().map(|issue| issue["message"].clone()).collect();
            assert_eq!(messages, wanted, "{name}");
        }
    }
}
