//! `profiles` and `logout`: the stored connections.

use super::terminal::{note, print};
use super::{ENV, Exit, Failure};
use crate::config::{Dirs, Profiles};

/// Lists the stored connections, or makes one the default.
pub(super) fn run(default: Option<&str>) -> Result<(), Failure> {
    let dirs = Dirs::find(ENV)?;
    let mut profiles = Profiles::read(&dirs)?;
    if let Some(name) = default {
        find(&profiles, name)?;
        profiles.default = Some(name.to_owned());
        profiles.write(&dirs)?;
        note(&format!("`{name}` is the default now"));
        return Ok(());
    }
    if profiles.by_name.is_empty() {
        note("no connection is stored; `tracemark login` makes one");
    }
    print(&table(&profiles))
}

/// Name, address, public key and annotator, the default marked with a star.
fn table(profiles: &Profiles) -> String {
    let rows: Vec<[&str; 5]> = profiles
        .by_name
        .iter()
        .map(|(name, profile)| {
            let mark = if profiles.default.as_ref() == Some(name) { "*" } else { " " };
            [mark, name, &profile.base_url, &profile.public_key, profile.annotator.as_deref().unwrap_or("")]
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (name, url, key) = (width(1), width(2), width(3));
    let line = |row: &[&str; 5]| {
        let line = format!("{} {:name$}  {:url$}  {:key$}  {}", row[0], row[1], row[2], row[3], row[4]);
        line.trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// Forgets a stored connection.
pub(super) fn logout(name: Option<&str>) -> Result<(), Failure> {
    let dirs = Dirs::find(ENV)?;
    let mut profiles = Profiles::read(&dirs)?;
    let name = match name.or(profiles.default.as_deref()) {
        Some(name) => name.to_owned(),
        None if profiles.by_name.is_empty() => {
            note("no connection is stored");
            return Ok(());
        }
        None => return Err(unknown("no profile is the default", &profiles)),
    };
    find(&profiles, &name)?;
    profiles.by_name.remove(&name);
    if profiles.default.as_ref() == Some(&name) {
        profiles.default = None;
    }
    profiles.write(&dirs)?;
    note(&format!("forgot `{name}`; what was not sent yet stays on this machine until you log in again"));
    Ok(())
}

fn find(profiles: &Profiles, name: &str) -> Result<(), Failure> {
    if profiles.by_name.contains_key(name) {
        return Ok(());
    }
    Err(unknown(&format!("there is no profile `{name}`"), profiles))
}

fn unknown(message: &str, profiles: &Profiles) -> Failure {
    let names: Vec<&str> = profiles.by_name.keys().map(String::as_str).collect();
    let hint = if names.is_empty() {
        "`tracemark login` makes one".to_owned()
    } else {
        format!("there are: {}", names.join(", "))
    };
    Failure::new(Exit::NotFound, message).with_hint(hint)
}
