//! `doctor`: what tracemark finds here, and whether it works.

use std::io::IsTerminal as _;
use std::path::Path;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::args::Shared;
use super::terminal::print;
use super::{ENV, Failure, block_on, connector, load};
use crate::api::Server;
use crate::config::{Config, Destination, Dirs};

/// Prints one line for each thing; fails with the first that does not work.
pub(super) fn run(shared: &Shared) -> Result<(), Failure> {
    row("version", env!("CARGO_PKG_VERSION"))?;
    let dirs = Dirs::find(ENV)?;
    paths(&dirs)?;
    terminal()?;
    let config = load(shared, None, false)?;
    row("annotator", &config.annotator)?;
    row("drawing", if config.ascii { "ASCII" } else { "Unicode" })?;
    row("colours", if config.color { "yes" } else { "no (NO_COLOR)" })?;
    connection(&config, shared.insecure_http)
}

fn row(name: &str, value: &str) -> Result<(), Failure> {
    print(&format!("{name:<13} {value}\n"))
}

fn paths(dirs: &Dirs) -> Result<(), Failure> {
    let files = [
        ("settings", dirs.config.join("config.toml")),
        ("keys", dirs.config.join("keymap.toml")),
        ("profiles", dirs.profiles()),
        ("outbox", dirs.database()),
        ("workspace", dirs.workspace()),
        ("log", dirs.log()),
    ];
    for (name, path) in files {
        row(name, &format!("{}{}", path.display(), state(&path)))?;
    }
    Ok(())
}

/// What there is to say about a file besides its name.
fn state(path: &Path) -> &'static str {
    match std::fs::metadata(path) {
        Err(_) => " (not there yet)",
        #[cfg(unix)]
        Ok(found) if std::os::unix::fs::MetadataExt::mode(&found) & 0o077 != 0 && holds_secrets(path) => {
            " (others may read it: chmod 600)"
        }
        Ok(_) => "",
    }
}

#[cfg(unix)]
fn holds_secrets(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "profiles.toml" || name == "workspace.db")
}

fn terminal() -> Result<(), Failure> {
    let name = ENV("TERM").unwrap_or_else(|| "TERM is not set".into());
    let usable = std::io::stdin().is_terminal() && std::io::stdout().is_terminal() && name != "dumb";
    row("terminal", &format!("{name}{}", if usable { "" } else { " (no terminal for the UI here)" }))
}

fn connection(config: &Config, allow_insecure_http: bool) -> Result<(), Failure> {
    match &config.destination {
        Destination::Embedded if !config.dirs.workspace().exists() => {
            return row("connection", "embedded workspace, made with sample data at first use");
        }
        Destination::Embedded => row("connection", "embedded workspace")?,
        Destination::Server { name, base_url, public_key, .. } => {
            row("connection", &format!("{base_url} ({name}, {public_key})"))?;
        }
    }
    let (tasks, end) = (TaskTracker::new(), CancellationToken::new());
    let connector = connector(config, allow_insecure_http);
    let reached = block_on(async {
        let connection = connector.connection(&tasks, &end).await?;
        Ok(connector.reach(connection).await?)
    })?;
    server(&reached.server)
}

fn server(server: &Server) -> Result<(), Failure> {
    row("server", server.version.as_deref().unwrap_or("keeps its version to itself"))?;
    let whose = server.organization.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    row("project", &format!("{}{whose} ({})", server.project_name, server.project_id))?;
    let calls = [
        ("observations", server.capabilities.observations_v2, "no trace can be shown"),
        ("scores", server.capabilities.scores_v3, "no score can be seen"),
    ];
    for (name, there, without) in calls {
        row(name, if there { "yes" } else { without })?;
    }
    if calls.iter().all(|(_, there, _)| *there) {
        return Ok(());
    }
    Err(Failure::failed("this server lacks calls that reviewing needs")
        .with_hint(remedy(server.version.as_deref())))
}

/// What makes a server of this version offer all that reviewing needs.
fn remedy(version: Option<&str>) -> &'static str {
    let major = version.and_then(|version| version.trim_start_matches('v').split('.').next()?.parse().ok());
    match major {
        Some(4_u32..) => {
            "its version has them, but it runs in legacy mode: its operator has to switch the new data model on"
        }
        Some(_) => "it is too old: reviewing needs Langfuse 4 or newer",
        None => "reviewing needs Langfuse 4 or newer, with `v2/observations` and `v3/scores`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_old_server_is_called_too_old() {
        for (version, wanted) in [
            (Some("4.16.0"), "legacy mode"),
            (Some("v10.0.0"), "legacy mode"),
            (Some("3.150.0"), "too old"),
            (Some("nightly"), "4 or newer"),
            (None, "4 or newer"),
        ] {
            assert!(remedy(version).contains(wanted), "{version:?}");
        }
    }
}
