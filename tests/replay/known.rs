//! The list of differences that are known: `DIFFERENCES.md`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What is said to differ, by recording.
pub fn listed() -> BTreeMap<String, String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replay/DIFFERENCES.md");
    let text = fs::read_to_string(file).unwrap();
    text.lines().filter_map(row).collect()
}

/// A row of the table: recording, what differs, why.
fn row(line: &str) -> Option<(String, String)> {
    let cells: Vec<&str> = line.strip_prefix("| `")?.trim_end_matches(" |").split(" | ").collect();
    let [name, what, reason] = cells[..] else { panic!("not three cells: {line}") };
    assert!(!reason.trim().is_empty(), "no reason: {line}");
    Some((name.trim_end_matches('`').to_owned(), what.trim().to_owned()))
}

/// What differs, as the table says it: the places.
pub fn places(differences: &[String]) -> String {
    let mut places: Vec<&str> = differences.iter().map(|d| d.split(": ").next().unwrap()).collect();
    places.dedup();
    let more = places.len().saturating_sub(3);
    places.truncate(3);
    let text =
        places.iter().map(|p| format!("`{}`", p.trim_start_matches('.'))).collect::<Vec<_>>().join(", ");
    if more == 0 { text } else { format!("{text} and {more} more") }
}
