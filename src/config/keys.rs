//! `keymap.toml`: `action = "key"` or `action = ["key", "key"]`, everywhere or in a place's table.

use std::path::Path;

use toml::de::DeValue;

use super::ConfigError;
use super::document::{Document, Entry, all_well, entries, text, texts};
use crate::input::{Keymap, Override};

/// Reads the file; the default keys where there is none.
pub(super) fn read(path: &Path) -> Result<Keymap, ConfigError> {
    let Some(document) = Document::read(path)? else { return Ok(Keymap::default()) };
    let table = document.parse()?;
    let mut wishes = Wishes::default();
    for entry in entries(table.get_ref()) {
        match entry.value {
            DeValue::Table(place) => {
                for inner in entries(place) {
                    wishes.take(&inner, Some(entry.key));
                }
            }
            _ => wishes.take(&entry, None),
        }
    }
    let problem = |at: usize, what: &str| document.problem(at, what);
    let mut problems: Vec<String> = wishes.problems.iter().map(|(at, what)| problem(*at, what)).collect();
    let keymap = Keymap::with_overrides(&wishes.overrides);
    if let Err(error) = &keymap {
        problems.extend(error.problems.iter().map(|wrong| problem(wishes.at[wrong.index], &wrong.what)));
    }
    all_well(&problems)?;
    keymap.map_err(|error| ConfigError::new(error.to_string()))
}

#[derive(Default)]
struct Wishes {
    overrides: Vec<Override>,
    /// Where each override stands in the file.
    at: Vec<usize>,
    problems: Vec<(usize, String)>,
}

impl Wishes {
    fn take(&mut self, entry: &Entry<'_>, context: Option<&str>) {
        let keys = match entry.value {
            DeValue::Array(_) => texts(entry.value),
            _ => text(entry.value).map(|key| vec![key]),
        };
        match keys {
            Err(what) => self.problems.push((entry.at, format!("`{}` {what}", entry.key))),
            Ok(keys) => {
                let context = context.map(ToOwned::to_owned);
                self.overrides.push(Override { action: entry.key.to_owned(), context, keys });
                self.at.push(entry.at);
            }
        }
    }
}
