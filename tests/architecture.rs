//! The house rules that the compiler does not know: layers, no cycles, who may use which crate,
//! documentation and size of files.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Modules by layer, lowest first. A module imports only from lower layers.
const LAYERS: &[&[&str]] = &[
    &["domain", "input", "theme"],
    &["config", "app", "api", "store", "content"],
    &["ui", "outbox", "server"],
    &["runtime"],
    &["cli"],
];

/// Imports within one layer that are allowed.
const SIDEWAYS: &[(&str, &str)] = &[
    // Styles are named after what text means, and the domain says what there is.
    ("theme", "domain"),
];

/// Crates that only some modules may use.
const RESERVED: &[(&str, &[&str])] = &[
    ("ratatui", &["ui", "theme", "runtime"]),
    ("crossterm", &["input", "runtime"]),
    ("reqwest", &["api"]),
    ("rusqlite", &["store", "server"]),
    ("axum", &["server"]),
    ("serde", &["api", "config", "content", "store", "server", "cli"]),
    ("serde_json", &["api", "config", "content", "store", "server", "cli"]),
];

/// Longest a source file may get before it has to be split.
const MOST_LINES: usize = 400;

struct Source {
    path: PathBuf,
    module: String,
    /// Code without comments and without the tests at its end.
    code: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(found.len() > 50, "only {} sources found", found.len());
    found
}

fn collect(root: &Path, dir: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let relative = path.strip_prefix(root).unwrap();
            let module = relative.components().next().unwrap().as_os_str().to_string_lossy();
            let module = module.trim_end_matches(".rs").to_owned();
            found.push(Source { module, code: code_of(&text, relative), text, path });
        }
    }
}

fn is_test_file(path: &Path) -> bool {
    path.components().any(|part| {
        let name = part.as_os_str().to_string_lossy();
        name == "tests" || name == "tests.rs" || name.ends_with("_tests.rs")
    })
}

fn code_of(text: &str, path: &Path) -> String {
    if is_test_file(path) {
        return String::new();
    }
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.map(|line| line.split(" // ").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// Modules of this crate named by a file: `crate::name` and `crate::{name, …}`.
fn imports(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            names.extend(group_heads(group));
        } else {
            names.extend(head(rest));
        }
    }
    names.retain(|name| LAYERS.iter().flat_map(|layer| layer.iter()).any(|module| module == name));
    names
}

fn head(path: &str) -> Option<String> {
    let name: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The first name of each path in a `{…}` group.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut heads) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                heads.extend(head(group[start..at].trim_start()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    heads
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources().into_iter().filter(|source| layer(&source.module).is_some()) {
        let own = source.module.clone();
        let used = imports(&source.code).into_iter().filter(|name| *name != own);
        edges.entry(own.clone()).or_default().extend(used);
    }
    edges
}

#[test]
fn modules_import_only_from_lower_layers() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(own) = layer(&source.module) else { continue };
        for used in imports(&source.code).into_iter().filter(|used| *used != source.module) {
            let sideways = match (source.module.as_str(), used.as_str()) {
                ("config", "input" | "theme") => true,
                ("server", "api") => !source.code.contains("crate::api::Client"),
                pair => SIDEWAYS.contains(&pair),
            };
            if layer(&used).is_some_and(|other| other >= own) && !sideways {
                wrong.push(format!("{} ({}) imports {used}", source.path.display(), source.module));
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the layers:\n{}", wrong.join("\n"));
}

#[test]
fn the_module_graph_has_no_cycle() {
    let mut edges = edges();
    // Take away what imports nothing that is left, until nothing is left or nothing can be taken.
    while let Some(leaf) = edges.iter().find(|(_, used)| used.is_empty()).map(|(name, _)| name.clone()) {
        edges.remove(&leaf);
        for used in edges.values_mut() {
            used.remove(&leaf);
        }
    }
    assert!(edges.is_empty(), "a cycle among {edges:?}");
}

#[test]
fn crates_are_used_only_where_they_belong() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (name, allowed) in RESERVED {
            let path = format!("{name}::");
            let uses = source.code.match_indices(&path).any(|(at, _)| {
                !source.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
            });
            if uses && !allowed.contains(&source.module.as_str()) {
                wrong.push(format!("{} uses {name}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "crates where they do not belong:\n{}", wrong.join("\n"));
}

#[test]
fn the_graph_is_read_at_all() {
    let edges = edges();
    assert!(edges["app"].contains("domain") && edges["app"].contains("input"));
    assert!(edges["runtime"].contains("app") && edges["runtime"].contains("ui"));
    assert_eq!(
        imports("use crate::{api::Client, store::{Store, Scope}};"),
        ["api", "store"].map(String::from).into()
    );
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> =
        sources().into_iter().filter(|s| !s.text.starts_with("//!")).map(|s| s.path).collect();
    assert!(silent.is_empty(), "files without `//!`: {silent:?}");
}

#[test]
fn files_stay_readable() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|source| !is_test_file(&source.path))
        .map(|source| (source.text.lines().count(), source.path))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .collect();
    assert!(long.is_empty(), "files past {MOST_LINES} lines want to be two: {long:?}");
}
