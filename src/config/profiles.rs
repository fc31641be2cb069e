//! `profiles.toml`: servers and the keys to them. Only its owner may read it (mode 0600).

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::document::{Document, all_well, entries, text};
use super::{Dirs, ensure_private_dir};

/// A server with the keys of a project.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Address of the server.
    pub base_url: String,
    /// Public key of the project.
    pub public_key: String,
    /// Its secret.
    pub secret_key: SecretString,
    /// Who decides there.
    pub annotator: Option<String>,
    /// The reviewer's user id on that server.
    pub author_user_id: Option<String>,
}

/// All stored connections.
#[derive(Debug, Clone, Default)]
pub struct Profiles {
    /// The one used where nothing else is asked for.
    pub default: Option<String>,
    /// By name.
    pub by_name: BTreeMap<String, Profile>,
}

impl Profiles {
    /// Reads the stored connections; none where there is no file.
    ///
    /// # Errors
    /// Names everything in the file that is unknown, missing or of the wrong type.
    pub fn read(dirs: &Dirs) -> Result<Self, ConfigError> {
        let Some(document) = Document::read(&dirs.profiles())? else { return Ok(Self::default()) };
        let table = document.parse()?;
        let mut reader = Reader { document: &document, problems: Vec::new() };
        let mut profiles = Self::default();
        for entry in entries(table.get_ref()) {
            match (entry.key, entry.value) {
                ("default", value) => profiles.default = reader.text(entry.at, "default", value),
                ("profiles", DeValue::Table(table)) => profiles.by_name = reader.profiles(table),
                ("profiles", _) => reader.wrong(entry.at, "`profiles` must be tables, `[profiles.NAME]`"),
                (key, _) => reader.wrong(entry.at, &format!("`{key}` is not known here")),
            }
        }
        if let Some(name) = profiles.default.as_ref().filter(|name| !profiles.by_name.contains_key(*name)) {
            reader.wrong(0, &format!("`default` names `{name}`, which is no profile"));
        }
        all_well(&reader.problems).map(|()| profiles)
    }

    /// Stores the connections, readable by their owner only; the old file stays whole until the new
    /// one is.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, dirs: &Dirs) -> Result<(), ConfigError> {
        let path = dirs.profiles();
        let failed = |error: io::Error| ConfigError::new(format!("cannot write {}: {error}", path.display()));
        ensure_private_dir(&dirs.config).map_err(failed)?;
        // A link, as dotfile managers make, stays a link.
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        replace_private(&real, &self.to_toml()).map_err(failed)
    }

    fn to_toml(&self) -> String {
        let mut lines =
            vec!["# Written by `tracemark login`. Holds secrets: keep it to yourself.".to_owned()];
        lines.extend(self.default.as_ref().map(|name| format!("default = {}", quoted(name))));
        for (name, profile) in &self.by_name {
            lines.push(format!("\n[profiles.{}]", quoted(name)));
            lines.push(format!("base_url = {}", quoted(&profile.base_url)));
            lines.push(format!("public_key = {}", quoted(&profile.public_key)));
            lines.push(format!("secret_key = {}", quoted(profile.secret_key.expose_secret())));
            let optional = [("annotator", &profile.annotator), ("author_user_id", &profile.author_user_id)];
            for (key, value) in optional {
                lines.extend(value.as_ref().map(|value| format!("{key} = {}", quoted(value))));
            }
        }
        lines.join("\n") + "\n"
    }
}

/// A TOML text.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

struct Reader<'a> {
    document: &'a Document,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn wrong(&mut self, at: usize, what: &str) {
        self.problems.push(self.document.problem(at, what));
    }

    fn text(&mut self, at: usize, key: &str, value: &DeValue<'_>) -> Option<String> {
        match text(value) {
            Ok(text) => Some(text),
            Err(what) => {
                self.wrong(at, &format!("`{key}` {what}"));
                None
            }
        }
    }

    fn profiles(&mut self, table: &DeTable<'_>) -> BTreeMap<String, Profile> {
        let mut profiles = BTreeMap::new();
        for entry in entries(table) {
            match entry.value.as_table() {
                None => self.wrong(entry.at, &format!("`{}` must be a table", entry.key)),
                Some(table) => {
                    if let Some(profile) = self.profile(entry.at, entry.key, table) {
                        profiles.insert(entry.key.to_owned(), profile);
                    }
                }
            }
        }
        profiles
    }

    fn profile(&mut self, at: usize, name: &str, table: &DeTable<'_>) -> Option<Profile> {
        const FIELDS: [&str; 5] = ["base_url", "public_key", "secret_key", "annotator", "author_user_id"];
        let mut values: [Option<String>; 5] = Default::default();
        for entry in entries(table) {
            match FIELDS.iter().position(|field| *field == entry.key) {
                Some(field) => values[field] = self.text(entry.at, entry.key, entry.value),
                None => self.wrong(entry.at, &format!("`{}` is not known in a profile", entry.key)),
            }
        }
        for (field, _) in FIELDS.iter().zip(&values).take(3).filter(|(_, value)| value.is_none()) {
            self.wrong(at, &format!("profile `{name}` needs `{field}`"));
        }
        let [base_url, public_key, secret_key, annotator, author_user_id] = values;
        Some(Profile {
            base_url: base_url?,
            public_key: public_key?,
            secret_key: secret_key?.into(),
            annotator,
            author_user_id,
        })
    }
}

/// Puts a file in the place of another in one step, readable by its owner only.
fn replace_private(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let done = written.and_then(|()| fs::rename(&new, path));
    if done.is_err() {
        // The error counts; a leftover would hold the secret.
        let _ = fs::remove_file(&new);
    }
    done
}
