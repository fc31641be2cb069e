//! Settings: files, environment and flags, put together into one [`Config`].
//!
//! In the configuration directory: `config.toml` (settings), `keymap.toml` (keys) and
//! `profiles.toml` (servers and their keys). None of them has to be there; what is wrong in them is
//! an error that names file, line and key, never silently skipped.

mod connection;
mod dirs;
mod document;
mod keys;
mod profiles;
mod settings;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

pub use connection::{Destination, EMBEDDED, check_url};
pub use dirs::{Dirs, ensure_private_dir};
pub use profiles::{Profile, Profiles};

use crate::input::Keymap;
use settings::Settings;

/// Looks up an environment variable; `None` where it is not set or not text.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the command line says about the settings.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// Profile to connect with.
    pub profile: Option<String>,
    /// Name of the reviewer.
    pub annotator: Option<String>,
    /// Keep to ASCII.
    pub ascii: bool,
}

/// All settings in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where things are kept.
    pub dirs: Dirs,
    /// What to connect to.
    pub destination: Destination,
    /// Who decides; never empty.
    pub annotator: String,
    /// The reviewer's Langfuse user, named as author of comments.
    pub author_user_id: Option<String>,
    /// How long the last completed item is held back so that it can still be undone.
    pub hold: Duration,
    /// Where several people rate the same items.
    pub independent: crate::domain::Independent,
    /// Most bytes of the server's answers to keep on this machine; `None` for nothing at all.
    pub cache: Option<u64>,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Use colours.
    pub color: bool,
    /// The keys.
    pub keymap: Keymap,
}

impl Config {
    /// Reads the files and puts everything together; flags win over the profile, the profile over
    /// `config.toml`, that over the environment's user name.
    ///
    /// # Errors
    /// Names every setting that is unknown or has a bad value, and what is missing to connect.
    pub fn load(flags: &Flags, env: Env<'_>) -> Result<Self, ConfigError> {
        let dirs = Dirs::find(env)?;
        let settings = Settings::read(&dirs.config.join("config.toml"))?;
        let keymap = keys::read(&dirs.config.join("keymap.toml"))?;
        let profiles = Profiles::read(&dirs)?;
        let (destination, profile) = connection::resolve(flags.profile.as_deref(), env, &profiles)?;
        let own = |pick: fn(&Profile) -> &Option<String>| profile.and_then(|profile| pick(profile).clone());
        Ok(Self {
            annotator: (flags.annotator.clone())
                .or_else(|| own(|profile| &profile.annotator))
                .or(settings.annotator)
                .and_then(|name| non_empty(&name))
                .unwrap_or_else(|| user_name(env)),
            author_user_id: own(|profile| &profile.author_user_id).or(settings.author_user_id),
            hold: settings.hold,
            independent: settings.independent,
            cache: settings.cache,
            ascii: flags.ascii || settings.ascii.unwrap_or_else(|| !shows_unicode(env)),
            color: env("NO_COLOR").is_none_or(|value| value.is_empty()),
            keymap,
            dirs,
            destination,
        })
    }
}

/// The name of whoever runs the program.
pub fn user_name(env: Env<'_>) -> String {
    let mut names = ["USER", "LOGNAME", "USERNAME"].into_iter();
    names.find_map(|name| set(env, name)).unwrap_or_else(|| "reviewer".into())
}

/// Whether locale and terminal are likely to show Unicode. Where nothing is said they are: bare
/// containers set no locale, and their terminals are somewhere else.
fn shows_unicode(env: Env<'_>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| set(env, name));
    let utf8 = locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    utf8 && set(env, "TERM").as_deref() != Some("linux")
}

/// A variable's value, where it has one.
fn set(env: Env<'_>, name: &str) -> Option<String> {
    env(name).and_then(|value| non_empty(&value))
}

fn non_empty(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Settings that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// What is wrong, where; one line for each problem.
    pub message: String,
    /// The next step.
    pub hint: Option<String>,
}

impl ConfigError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}
