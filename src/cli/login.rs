//! `login`: asks for a server and its keys, tries them, and only then stores them.

use std::io::IsTerminal as _;

use secrecy::SecretString;
use url::Url;

use super::args::{LoginArgs, Shared};
use super::terminal::{ask, can_ask, note, read_line};
use super::{ENV, Failure, block_on};
use crate::api::{Client, Connection, Server};
use crate::config::{Dirs, EMBEDDED, Profile, Profiles, check_url, user_name};
use crate::runtime::clock::wall;

/// The server most people mean.
const CLOUD: &str = "https://cloud.langfuse.com";

/// Connects and remembers how.
pub(super) fn run(shared: &Shared, args: &LoginArgs) -> Result<(), Failure> {
    let dirs = Dirs::find(ENV)?;
    // Before anything is asked: a broken file would be noticed only at the end.
    let mut profiles = Profiles::read(&dirs)?;
    let profile = collect(args)?;
    let name = name(shared, args, &profile.base_url)?;
    let server = probe(&profile, shared.insecure_http)?;
    let replaced = profiles.by_name.insert(name.clone(), profile).is_some();
    profiles.default = Some(name.clone());
    profiles.write(&dirs)?;
    report(&name, replaced, &server, &dirs);
    Ok(())
}

/// Takes what was given and asks for the rest.
fn collect(args: &LoginArgs) -> Result<Profile, Failure> {
    let base_url = given_or_asked(args.url.as_deref(), "--url", "Server", Some(CLOUD))?;
    let base_url = check_url(&base_url)?;
    let public_key = given_or_asked(args.public_key.as_deref(), "--public-key", "Public key", None)?;
    if public_key.starts_with("sk-") {
        return Err(Failure::usage("this is a secret key, not a public one")
            .with_hint("public keys begin with `pk-`; both are in the project's settings under API keys"));
    }
    let secret_key = secret(args.secret_key_stdin)?;
    // Stdin is used up after the secret was read from it, so nothing more is asked then.
    let own_name = user_name(ENV);
    let annotator = match &args.annotator {
        Some(name) => name.clone(),
        None if args.secret_key_stdin || !can_ask() => own_name,
        None => ask("Your name, kept with your scores", Some(&own_name))?,
    };
    Ok(Profile { base_url, public_key, secret_key, annotator: Some(annotator), author_user_id: None })
}

fn given_or_asked(
    given: Option<&str>,
    flag: &str,
    what: &str,
    offered: Option<&str>,
) -> Result<String, Failure> {
    match given.map(str::trim) {
        Some("") => Err(Failure::usage(format!("{flag} is empty"))),
        Some(given) => Ok(given.to_owned()),
        None if can_ask() => ask(what, offered),
        None => Err(Failure::usage(format!("{flag} is needed where nobody can be asked"))),
    }
}

fn secret(from_stdin: bool) -> Result<SecretString, Failure> {
    let secret = if from_stdin {
        read_line()?
    } else if std::io::stdin().is_terminal() {
        // Silent before the question is asked: a fast paste must not be echoed either.
        let _quiet = Quiet::begin();
        let typed = rpassword::prompt_password("Secret key (not shown): ");
        typed
            .map_err(|error| Failure::failed(format!("cannot read the secret key: {error}")))?
            .trim()
            .to_owned()
    } else {
        return Err(Failure::usage("--secret-key-stdin is needed where nobody can be asked"));
    };
    if secret.is_empty() {
        return Err(Failure::usage("no secret key was given"));
    }
    Ok(secret.into())
}

/// Keeps the terminal from echoing what is typed, until dropped.
#[cfg(unix)]
struct Quiet(rustix::termios::Termios);

#[cfg(unix)]
impl Quiet {
    fn begin() -> Option<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(std::io::stdin()).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Now, &quiet).ok()?;
        Some(Self(before))
    }
}

#[cfg(unix)]
impl Drop for Quiet {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        // If the terminal is gone there is nothing to give back.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// Elsewhere the prompt itself has to do.
#[cfg(not(unix))]
struct Quiet;

#[cfg(not(unix))]
impl Quiet {
    fn begin() -> Option<Self> {
        Some(Self)
    }
}

/// The profile's name: as given, else the host.
fn name(shared: &Shared, args: &LoginArgs, base_url: &str) -> Result<String, Failure> {
    let given = args.name.as_deref().or(shared.profile.as_deref()).map(str::trim);
    let host = Url::parse(base_url).ok().and_then(|url| url.host_str().map(ToOwned::to_owned));
    let name = given.map(ToOwned::to_owned).or(host).unwrap_or_default();
    if name.is_empty() || name == EMBEDDED || name.chars().any(char::is_control) {
        return Err(Failure::usage(format!("a profile cannot be called `{}`", name.escape_debug()))
            .with_hint("choose another with --name"));
    }
    Ok(name)
}

/// Asks the server whether it takes the keys.
pub(super) fn probe(profile: &Profile, allow_insecure_http: bool) -> Result<Server, Failure> {
    let base_url = Url::parse(&profile.base_url).map_err(|error| Failure::usage(error.to_string()))?;
    let connection = Connection {
        base_url,
        public_key: profile.public_key.clone(),
        secret_key: profile.secret_key.clone(),
        allow_insecure_http,
    };
    block_on(async { Ok(Client::new(connection, wall)?.probe().await?) })
}

fn report(name: &str, replaced: bool, server: &Server, dirs: &Dirs) {
    let whose = server.organization.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    note(&format!("Connected to project {}{whose}.", server.project_name));
    if !server.capabilities.observations_v2 || !server.capabilities.scores_v3 {
        note("warning: this server lacks calls that reviewing needs; `tracemark doctor` says which");
    }
    let stored = if replaced { "Replaced" } else { "Stored as" };
    note(&format!("{stored} profile `{name}` in {}, readable by you only.", dirs.profiles().display()));
    note(&format!("`tracemark` opens it from now on; `tracemark --profile {EMBEDDED}` opens the sample."));
    let variables = ["LANGFUSE_BASE_URL", "LANGFUSE_HOST", "LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY"];
    if variables.iter().any(|name| ENV(name).is_some_and(|value| !value.is_empty())) {
        note(&format!(
            "warning: LANGFUSE_* variables are set here and win; use --profile {name} or unset them"
        ));
    }
}
