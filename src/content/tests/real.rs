//! What frameworks really send, from a folder of recorded traces named by `TRACEMARK_REAL_TRACES`.
//!
//! With `TRACEMARK_PRINT` set to a width, everything is printed for a person to read.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::{observation, printed};
use crate::content::{self, find, node::Node, pretty};
use crate::domain::rows::{Role, View};
use crate::domain::{Observation, ObservationType, text};

fn traces() -> Option<Vec<(String, Vec<Observation>)>> {
    let Some(folder) = std::env::var_os("TRACEMARK_REAL_TRACES").map(PathBuf::from) else {
        println!("skipped: TRACEMARK_REAL_TRACES is not set");
        return None;
    };
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    Some(
        files
            .into_iter()
            .map(|path| (path.file_stem().unwrap().to_string_lossy().into(), load(&path)))
            .collect(),
    )
}

fn load(path: &std::path::Path) -> Vec<Observation> {
    let text = std::fs::read_to_string(path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let traces = file.as_array().map_or(std::slice::from_ref(&file), Vec::as_slice);
    let lists: Option<Vec<_>> = traces.iter().map(|trace| trace["observations"].as_array()).collect();
    match lists.filter(|lists| !lists.is_empty()) {
        Some(lists) => lists.into_iter().flatten().map(read).collect(),
        None => vec![observation(Some(&text), None)],
    }
}

fn read(value: &Value) -> Observation {
    let text = |key: &str| match &value[key] {
        Value::Null => None,
        Value::String(text) => Some(Arc::from(text.as_str())),
        other => Some(Arc::from(other.to_string())),
    };
    let mut out = observation(text("input").as_deref(), text("output").as_deref());
    out.name = value["name"].as_str().unwrap_or_default().into();
    out.kind = match value["type"].as_str() {
        Some("TOOL") => ObservationType::Tool,
        Some("RETRIEVER") => ObservationType::Retriever,
        Some("EVENT") => ObservationType::Event,
        _ => ObservationType::Span,
    };
    out.metadata = text("metadata");
    out
}

/// Whether a document holds a chat message by the plainest reading: a role and a content.
fn holds_roles(value: &Node) -> bool {
    match value.peel() {
        Node::Map(entries) => {
            let role = value.get("role").and_then(Node::text).and_then(content::message::role);
            if role.is_some() && (value.get("content").is_some() || value.get("parts").is_some()) {
                return true;
            }
            entries.iter().any(|(_, node)| holds_roles(node))
        }
        Node::List(items) => items.iter().any(holds_roles),
        _ => false,
    }
}

/// Prints each payload once.
fn print(file: &str, observations: &[Observation]) {
    let width = std::env::var("TRACEMARK_PRINT").ok().and_then(|width| width.parse().ok());
    let Some(width) = width else { return };
    let mut seen = std::collections::HashSet::new();
    for observation in observations {
        if seen.insert((&observation.input, &observation.output)) {
            let title = content::title(observation);
            println!("━━━ {file} › {} {:?} {title:?}", observation.name, observation.kind);
            println!("{}", printed(&content::observation(observation, View::Pretty, width, true)));
        }
    }
}

#[test]
fn every_observation_fits_in_every_view() {
    for (file, observations) in traces().unwrap_or_default() {
        print(&file, &observations);
        for observation in &observations {
            for (view, width) in
                [View::Pretty, View::Json, View::Raw].into_iter().flat_map(|v| [(v, 40), (v, 100)])
            {
                let rows = content::observation(observation, view, width, true);
                for row in &rows.rows {
                    let wide = text::width(&row.text()) + if row.bar.is_some() { 2 } else { 0 };
                    assert!(wide <= width.into(), "{file}: {}", row.text());
                }
            }
        }
    }
}

#[test]
fn messages_are_recognised() {
    for (file, observations) in traces().unwrap_or_default() {
        for observation in &observations {
            for text in [&observation.input, &observation.output].into_iter().flatten() {
                let Some(node) = pretty::document(text) else { continue };
                let found = find::find(&node, Role::User);
                assert!(found.is_some() || !holds_roles(&node), "{file}, {}: {text}", observation.name);
            }
        }
    }
}
