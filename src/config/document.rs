//! A TOML file, read so that every problem can be told with its line.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;

/// A TOML file's text.
#[derive(Debug)]
pub(super) struct Document {
    path: PathBuf,
    text: String,
}

/// A key with its value, and where it stands.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a DeValue<'a>,
    /// Byte offset of the key.
    pub(super) at: usize,
}

impl Document {
    /// Reads a file; `None` where there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, ConfigError> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(Self { path: path.to_owned(), text })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ConfigError::new(format!("cannot read {}: {error}", path.display()))),
        }
    }

    /// The whole as a table.
    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'_>>, ConfigError> {
        DeTable::parse(&self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            ConfigError::new(self.problem(at, error.message()))
        })
    }

    /// A problem with its place: `config.toml:3: what`.
    pub(super) fn problem(&self, at: usize, what: &str) -> String {
        let line = self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        format!("{}:{line}: {what}", self.path.display())
    }
}

/// The entries of a table in the order of the file.
pub(super) fn entries<'a>(table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = table
        .iter()
        .map(|(key, value)| Entry { key: key.get_ref(), value: value.get_ref(), at: key.span().start })
        .collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}

/// All problems as one error, if there are any.
pub(super) fn all_well(problems: &[String]) -> Result<(), ConfigError> {
    if problems.is_empty() { Ok(()) } else { Err(ConfigError::new(problems.join("\n"))) }
}

/// A text.
pub(super) fn text(value: &DeValue<'_>) -> Result<String, String> {
    value.as_str().map(ToOwned::to_owned).ok_or_else(|| format!("must be a text, not {}", kind(value)))
}

/// Yes or no.
pub(super) fn flag(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("must be true or false, not {}", kind(value)))
}

/// A list of texts.
pub(super) fn texts(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let list = value.as_array().ok_or_else(|| format!("must be a list of texts, not {}", kind(value)))?;
    list.iter().map(|value| text(value.get_ref())).collect()
}

/// What kind of value it is, as people say it.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
