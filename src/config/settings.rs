//! `config.toml`.

use crate::domain::Independent;
use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use toml::de::DeValue;

use super::ConfigError;
use super::document::{Document, all_well, entries, flag, text, texts};

/// The longest completed items may be held.
const LONGEST_HOLD: Duration = Duration::from_mins(10);
/// Bytes of a megabyte and of a gigabyte, as disks are sold.
const SIZES: [(&str, u64); 2] = [("MB", 1_000_000), ("GB", 1_000_000_000)];

/// What `config.toml` says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) annotator: Option<String>,
    pub(super) author_user_id: Option<String>,
    pub(super) hold: Duration,
    pub(super) independent: Independent,
    pub(super) cache: Option<u64>,
    pub(super) ascii: Option<bool>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            annotator: None,
            author_user_id: None,
            hold: Duration::from_secs(10),
            independent: Independent::None,
            cache: Some(500_000_000),
            ascii: None,
        }
    }
}

impl Settings {
    /// Reads the file; the defaults where there is none.
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let mut settings = Self::default();
        let Some(document) = Document::read(path)? else { return Ok(settings) };
        let table = document.parse()?;
        let mut problems = Vec::new();
        for entry in entries(table.get_ref()) {
            if let Err(what) = settings.set(entry.key, entry.value) {
                problems.push(document.problem(entry.at, &format!("`{}` {what}", entry.key)));
            }
        }
        all_well(&problems).map(|()| settings)
    }

    fn set(&mut self, key: &str, value: &DeValue<'_>) -> Result<(), String> {
        match key {
            "annotator" => self.annotator = Some(named(value)?),
            "author_user_id" => self.author_user_id = Some(named(value)?),
            "hold" => self.hold = hold(value)?,
            "independent" => self.independent = independent(value)?,
            "cache" => self.cache = cache(value)?,
            "ascii" => self.ascii = Some(flag(value)?),
            _ => {
                return Err("is not a setting; there are: annotator, author_user_id, hold, independent, \
                            cache, ascii"
                    .into());
            }
        }
        Ok(())
    }
}

fn named(value: &DeValue<'_>) -> Result<String, String> {
    let name = text(value)?;
    if name.trim().is_empty() { Err("must not be empty".into()) } else { Ok(name.trim().to_owned()) }
}

fn hold(value: &DeValue<'_>) -> Result<Duration, String> {
    let wrong = || "must be a time such as \"10s\", or \"0s\" to send at once".to_owned();
    let parsed: SignedDuration = value.as_str().and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
    let hold = Duration::try_from(parsed).map_err(|_| wrong())?;
    if hold > LONGEST_HOLD { Err("must be at most \"10m\"".into()) } else { Ok(hold) }
}

fn independent(value: &DeValue<'_>) -> Result<Independent, String> {
    match value {
        DeValue::Boolean(true) => Ok(Independent::All),
        DeValue::Boolean(false) => Ok(Independent::None),
        DeValue::Array(_) => texts(value).map(Independent::Queues),
        _ => Err("must be true, false or a list of queues".into()),
    }
}

fn cache(value: &DeValue<'_>) -> Result<Option<u64>, String> {
    let text = value.as_str().unwrap_or_default();
    if text == "off" {
        return Ok(None);
    }
    let wrong = || "must be a size such as \"500 MB\" or \"2 GB\", or \"off\" to keep nothing".to_owned();
    size(text).filter(|bytes| *bytes > 0).map(Some).ok_or_else(wrong)
}

/// Bytes of a size such as `500 MB`.
fn size(text: &str) -> Option<u64> {
    let (number, unit) = SIZES.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    let number = number.strip_suffix(' ').unwrap_or(number);
    // A sign would do for `parse`.
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse::<u64>().ok().filter(|_| digits)?.checked_mul(*unit)
}
