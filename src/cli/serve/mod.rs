//! `serve`: the embedded workspace on a port.

mod args;

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub(super) use self::args::ServeArgs;
use super::terminal::{note, print};
use super::{ENV, Failure, block_on};
use crate::config::Dirs;
use crate::runtime::clock::wall;
use crate::server::{self, Credentials, Options, Seed, Workspace};

/// Where the secret key comes from; never from the command line, which others can see.
const SECRET: &str = "TRACEMARK_SERVE_SECRET_KEY";

/// How long requests under way may take to finish.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves until SIGINT or SIGTERM.
pub(super) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let addresses = addresses(&args.bind)?;
    let keys = keys(args)?;
    if keys.is_none() && !addresses.iter().all(|address| address.ip().is_loopback()) {
        return Err(Failure::usage(format!("{} can be reached from other machines", args.bind)).with_hint(
            format!(
                "choose the keys yourself, in TRACEMARK_SERVE_PUBLIC_KEY and {SECRET}; they and all data \
                     travel unencrypted"
            ),
        ));
    }
    let path = args.data.clone().map_or_else(|| Dirs::find(ENV).map(|dirs| dirs.workspace()), Ok)?;
    let seed = if args.empty { Seed::Empty } else { Seed::Sample };
    let workspace = open(&path, seed)?;
    let workspace = match keys {
        Some(keys) => workspace.with_credentials(keys),
        None => workspace,
    };
    block_on(serve(workspace, (&args.bind, addresses), args.options(), path))
}

/// The keys the operator chose, if so.
fn keys(args: &ServeArgs) -> Result<Option<Credentials>, Failure> {
    let given = |key: Option<String>| key.filter(|key| !key.is_empty());
    let pair = (given(args.public_key.clone()), given(ENV(SECRET)));
    let (public_key, secret_key) = match pair {
        (None, None) => return Ok(None),
        (Some(public), Some(secret)) => (public, secret),
        (Some(_), None) => {
            return Err(Failure::usage(format!("a public key is given, but {SECRET} is not set")));
        }
        (None, Some(_)) => {
            let message = format!("{SECRET} is set, but there is no public key");
            return Err(
                Failure::usage(message).with_hint("set TRACEMARK_SERVE_PUBLIC_KEY, or write --public-key")
            );
        }
    };
    let fits = |key: &str| key.bytes().all(|b| b.is_ascii_graphic() && b != b':');
    if !fits(&public_key) || !fits(&secret_key) {
        return Err(Failure::usage(
            "keys are made of ASCII letters, digits and signs, without spaces and `:`",
        )
        .with_hint("such as pk-lf-local and sk-lf-0b9c2f17"));
    }
    Ok(Some(Credentials { public_key, secret_key }))
}

fn addresses(bind: &str) -> Result<Vec<SocketAddr>, Failure> {
    let refuse = |what: &str| {
        Failure::usage(format!("cannot bind {bind}: {what}"))
            .with_hint("write HOST:PORT, as in 127.0.0.1:3000")
    };
    let addresses: Vec<SocketAddr> =
        bind.to_socket_addrs().map_err(|error| refuse(&error.to_string()))?.collect();
    if addresses.is_empty() { Err(refuse("it has no address")) } else { Ok(addresses) }
}

/// Opens the workspace, saying which file it was that could not be.
pub(super) fn open(path: &Path, seed: Seed) -> Result<Workspace, Failure> {
    Workspace::open(path, seed, wall())
        .map_err(|error| Failure::failed(format!("cannot open {}: {error}", path.display())))
}

async fn serve(
    workspace: Workspace,
    (bind, addresses): (&str, Vec<SocketAddr>),
    options: Options,
    path: PathBuf,
) -> Result<(), Failure> {
    let failed = |what: &str, error: io::Error| Failure::failed(format!("cannot {what}: {error}"));
    let listener = TcpListener::bind(addresses.as_slice()).await.map_err(|error| taken(bind, &error))?;
    let address = listener.local_addr().map_err(|error| failed("take the port", error))?;
    let stop = CancellationToken::new();
    let signals = Signals::new().map_err(|error| failed("listen for signals", error))?;
    let keys = [workspace.credentials(), workspace.organization_credentials()];
    let serving = server::serve(listener, workspace, options, wall, stop.clone().cancelled_owned());
    tokio::pin!(serving);
    // From here on connections are taken: what is printed now can be used at once.
    note(&format!("serving {}; Ctrl-c stops", path.display()));
    print(&assignments(address, &keys))?;
    tokio::select! {
        ended = &mut serving => return ended.map_err(|error| failed("serve", error)),
        () = signals.any() => stop.cancel(),
    }
    match tokio::time::timeout(PATIENCE, serving).await {
        Ok(ended) => ended.map_err(|error| failed("serve", error)),
        // Somebody holds a request open; every answered write is stored.
        Err(_) => Ok(()),
    }
}

/// Why there is no listening.
fn taken(bind: &str, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there; port 0 takes a free one",
        io::ErrorKind::AddrNotAvailable => "this machine has no such address",
        io::ErrorKind::PermissionDenied => "ports below 1024 are for the system; take a higher one",
        _ => return Failure::failed(format!("cannot bind {bind}: {error}")),
    };
    Failure::failed(format!("cannot bind {bind}: {error}")).with_hint(hint)
}

/// What a client needs, for `eval` and `.env` files.
fn assignments(address: SocketAddr, [project, organization]: &[Credentials; 2]) -> String {
    let mut reachable = address;
    if reachable.ip().is_unspecified() {
        reachable.set_ip(if address.is_ipv6() {
            [0, 0, 0, 0, 0, 0, 0, 1].into()
        } else {
            [127, 0, 0, 1].into()
        });
    }
    let pair = |prefix: &str, keys: &Credentials| {
        let Credentials { public_key, secret_key } = keys;
        format!("{prefix}_PUBLIC_KEY={public_key}\n{prefix}_SECRET_KEY={secret_key}\n")
    };
    let (project, organization) = (pair("LANGFUSE", project), pair("LANGFUSE_ORG", organization));
    format!("LANGFUSE_BASE_URL=http://{reachable}\n{project}{organization}")
}

/// The signals that end a server.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on, so that none is missed between printing and waiting.
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn any(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn any(self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
