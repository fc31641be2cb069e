//! What to connect to: a flag, the environment, the default profile, or the embedded workspace.

use secrecy::SecretString;
use url::{Host, Url};

use super::{ConfigError, Env, Profile, Profiles, set};

/// The name under which `--profile` asks for the embedded workspace.
pub const EMBEDDED: &str = "embedded";

const PUBLIC_KEY: &str = "LANGFUSE_PUBLIC_KEY";
const SECRET_KEY: &str = "LANGFUSE_SECRET_KEY";

/// What to connect to.
#[derive(Debug, Clone)]
pub enum Destination {
    /// The workspace on this machine.
    Embedded,
    /// A Langfuse server.
    Server {
        /// Name of the profile, or the host where the environment names the server.
        name: String,
        /// Address of the server, without a slash at the end.
        base_url: String,
        /// Public key of the project.
        public_key: String,
        /// Its secret.
        secret_key: SecretString,
    },
}

/// The first that is there: the named profile, the environment, the default profile, the embedded
/// workspace; with the profile that was chosen, if one was.
pub(super) fn resolve<'a>(
    named: Option<&str>,
    env: Env<'_>,
    profiles: &'a Profiles,
) -> Result<(Destination, Option<&'a Profile>), ConfigError> {
    if named == Some(EMBEDDED) {
        return Ok((Destination::Embedded, None));
    }
    if named.is_none()
        && let Some(destination) = from_environment(env)?
    {
        return Ok((destination, None));
    }
    let Some(name) = named.or(profiles.default.as_deref()) else { return Ok((Destination::Embedded, None)) };
    let profile = profiles.by_name.get(name).ok_or_else(|| unknown_profile(name, profiles))?;
    let base_url = check_url(&profile.base_url)
        .map_err(|error| ConfigError { message: format!("profile `{name}`: {}", error.message), ..error })?;
    let destination = Destination::Server {
        name: name.to_owned(),
        base_url,
        public_key: profile.public_key.clone(),
        secret_key: profile.secret_key.clone(),
    };
    Ok((destination, Some(profile)))
}

fn unknown_profile(name: &str, profiles: &Profiles) -> ConfigError {
    let names: Vec<&str> = profiles.by_name.keys().map(String::as_str).chain([EMBEDDED]).collect();
    ConfigError::new(format!("there is no profile `{name}`"))
        .with_hint(format!("`tracemark login --name {name}` makes one; there are: {}", names.join(", ")))
}

/// The server the environment names; nothing where it names none, an error where it does so by half.
fn from_environment(env: Env<'_>) -> Result<Option<Destination>, ConfigError> {
    let variable = |name| set(env, name).map(|value| (name, value));
    let url = variable("LANGFUSE_BASE_URL").or_else(|| variable("LANGFUSE_HOST"));
    match (url, set(env, PUBLIC_KEY), set(env, SECRET_KEY)) {
        (None, None, None) => Ok(None),
        (Some((name, url)), Some(public_key), Some(secret_key)) => {
            let base_url = check_url(&url)
                .map_err(|error| ConfigError { message: format!("{name}: {}", error.message), ..error })?;
            if public_key.starts_with("sk-") {
                return Err(ConfigError::new(format!("{PUBLIC_KEY} holds a secret key"))
                    .with_hint("public keys begin with `pk-`, secret keys with `sk-`; exchange the two"));
            }
            let name = host(&base_url);
            Ok(Some(Destination::Server { name, base_url, public_key, secret_key: secret_key.into() }))
        }
        (url, public, secret) => Err(half_set(url.map(|(name, _)| name), public.is_some(), secret.is_some())),
    }
}

fn half_set(url: Option<&str>, public: bool, secret: bool) -> ConfigError {
    let variables =
        [(url.unwrap_or("LANGFUSE_BASE_URL"), url.is_some()), (PUBLIC_KEY, public), (SECRET_KEY, secret)];
    let list = |wanted: bool| {
        let names = variables.iter().filter(|(_, set)| *set == wanted).map(|(name, _)| *name);
        names.collect::<Vec<_>>()
    };
    let (there, missing) = (list(true), list(false));
    let is = |names: &[&str]| if names.len() == 1 { "is" } else { "are" };
    ConfigError::new(format!(
        "{} {} not set, but {} {}",
        missing.join(" and "),
        is(&missing),
        there.join(" and "),
        is(&there),
    ))
    .with_hint(format!(
        "set {}, or `unset {}`, or choose with `--profile NAME`",
        missing.join(" and "),
        there.join(" ")
    ))
}

/// A server's address in the form used everywhere: no slash at the end.
///
/// # Errors
/// Says what keeps a text from being the address of a server.
pub fn check_url(text: &str) -> Result<String, ConfigError> {
    let refuse = |what: &str| ConfigError::new(format!("`{text}` is not the address of a server: {what}"));
    let text = text.trim();
    if !text.contains("://") {
        let host = text.split(['/', ':']).next().unwrap_or_default();
        let scheme = if matches!(host, "localhost" | "127.0.0.1") { "http" } else { "https" };
        return Err(
            refuse("it needs http:// or https://").with_hint(format!("did you mean `{scheme}://{text}`?"))
        );
    }
    let url = Url::parse(text).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("it needs http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // Not shown: it may hold a password.
        return Err(ConfigError::new("the address of the server holds a user name or password")
            .with_hint("write the address alone; keys go into their own settings"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("it must end before `?` and `#`"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Host and port of a checked address.
fn host(base_url: &str) -> String {
    let Ok(url) = Url::parse(base_url) else { return base_url.to_owned() };
    let host = url.host().map_or_else(|| base_url.to_owned(), |host: Host<&str>| host.to_string());
    url.port().map_or(host.clone(), |port| format!("{host}:{port}"))
}
