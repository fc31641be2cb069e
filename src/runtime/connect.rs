//! A connection to the chosen destination, for the screen and for commands: starts the embedded
//! workspace's server if that is wanted, makes the client and asks whose data the keys open.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::clock;
use crate::api::{self, ApiError, Client};
use crate::config::Destination;
use crate::server::{self, Seed, Workspace};
use crate::store::Scope;

/// What connecting needs.
#[derive(Debug, Clone)]
pub struct Connector {
    /// What to connect to.
    pub destination: Destination,
    /// The embedded workspace's file.
    pub workspace: PathBuf,
    /// Whether plain http to other machines is allowed.
    pub allow_insecure_http: bool,
    /// How long the server counts requests before it begins anew, where that is not the usual time:
    /// tests have no minute.
    pub window: Option<Duration>,
}

/// A server that answered.
#[derive(Debug)]
pub struct Reached {
    /// The client for it.
    pub client: Client,
    /// Whose data the keys open.
    pub scope: Scope,
    /// What the server says about itself.
    pub server: api::Server,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Something on this machine; trying again does not mend it.
    #[error("{0}")]
    Here(String),
    /// The server, or the way to it.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl ConnectError {
    fn here(what: &str, error: &dyn std::fmt::Display) -> Self {
        Self::Here(format!("{what}: {error}"))
    }
}

impl Connector {
    /// The server under which data is kept, known without asking it.
    ///
    /// # Errors
    /// Where the address is none or may not be used.
    pub fn host(&self) -> Result<String, ConnectError> {
        match &self.destination {
            Destination::Embedded => Ok(EMBEDDED_HOST.to_owned()),
            Destination::Server { base_url, public_key, secret_key, .. } => {
                let connection = self.to_server(base_url, public_key, secret_key)?;
                Ok(Client::new(connection, clock::wall)?.address().to_owned())
            }
        }
    }

    /// Address and keys. Starts the embedded server, as one of `tasks` and until `shutdown`, so this
    /// is to be asked for once.
    ///
    /// # Errors
    /// Where the address is none, or the embedded workspace cannot be opened.
    pub async fn connection(
        &self,
        tasks: &TaskTracker,
        shutdown: &CancellationToken,
    ) -> Result<api::Connection, ConnectError> {
        match &self.destination {
            Destination::Embedded => self.start_embedded(tasks, shutdown.clone()).await,
            Destination::Server { base_url, public_key, secret_key, .. } => {
                self.to_server(base_url, public_key, secret_key)
            }
        }
    }

    fn to_server(
        &self,
        base_url: &str,
        public_key: &str,
        secret_key: &SecretString,
    ) -> Result<api::Connection, ConnectError> {
        Ok(api::Connection {
            base_url: address(base_url)?,
            public_key: public_key.to_owned(),
            secret_key: secret_key.clone(),
            allow_insecure_http: self.allow_insecure_http,
        })
    }

    /// Starts the embedded server on a free port of this machine.
    async fn start_embedded(
        &self,
        tasks: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<api::Connection, ConnectError> {
        let closed = |error: &dyn std::fmt::Display| {
            ConnectError::here("the embedded workspace cannot be opened", error)
        };
        let path = self.workspace.clone();
        let opened = tokio::task::spawn_blocking(move || Workspace::open(&path, Seed::Sample, clock::wall()));
        let workspace = opened.await.map_err(|e| closed(&e))?.map_err(|e| closed(&e))?;
        let no_port = |e: std::io::Error| ConnectError::here("no port for the embedded workspace", &e);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(no_port)?;
        let base_url = address(&format!("http://{}", listener.local_addr().map_err(no_port)?))?;
        let credentials = workspace.credentials();
        let stop = shutdown.cancelled_owned();
        let options = server::Options::default();
        tasks.spawn(async move {
            if let Err(error) = server::serve(listener, workspace, options, clock::wall, stop).await {
                tracing::error!("the embedded server stopped: {error}");
            }
        });
        Ok(api::Connection {
            base_url,
            public_key: credentials.public_key,
            secret_key: credentials.secret_key.into(),
            allow_insecure_http: false,
        })
    }

    /// Asks the server what it is and whose data the keys open, once.
    ///
    /// # Errors
    /// Where it does not answer as a Langfuse that accepts the keys.
    pub async fn reach(&self, connection: api::Connection) -> Result<Reached, ConnectError> {
        let client = client(connection).await?;
        let server = client.probe().await?;
        let scope = self.scope(&client, &server);
        Ok(Reached { client, scope, server })
    }

    /// Whose data it is that a server's keys open.
    pub(super) fn scope(&self, client: &Client, server: &api::Server) -> Scope {
        let host = match &self.destination {
            Destination::Embedded => EMBEDDED_HOST.to_owned(),
            Destination::Server { .. } => client.address().to_owned(),
        };
        Scope { host, project: server.project_id.clone() }
    }
}

/// A client, connected to nothing yet.
///
/// # Errors
/// Where the address or the certificates cannot be used.
pub async fn client(connection: api::Connection) -> Result<Client, ConnectError> {
    // Reading the system's certificates takes a while; not on a thread that others wait for.
    let made = tokio::task::spawn_blocking(move || Client::new(connection, clock::wall)).await;
    Ok(made.map_err(|error| ConnectError::Here(error.to_string()))??)
}

/// Where the data of the embedded workspace is kept: its port changes with every start.
const EMBEDDED_HOST: &str = "embedded";

fn address(text: &str) -> Result<Url, ConnectError> {
    Url::parse(text).map_err(|error| ConnectError::Here(format!("`{text}` is no address: {error}")))
}
