//! Getting connected and staying so. What was kept of a server that was there before is shown at
//! once; the server is asked until it answers, and again whenever the line has been lost.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::connect::{self, ConnectError};
use super::executor::{tell_flags, tell_open};
use super::fetch::{Messages, failure, lasting, tell};
use super::link::{Dialer, Link};
use crate::api::{self, Client, Retry};
use crate::app::{Failure, Msg, ServerInfo};
use crate::config::Destination;
use crate::store::SharedStore;

/// Wait before the second attempt to connect; it doubles from there.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// How long a line may be lost before the server is asked again.
const MOMENT: Duration = Duration::from_secs(1);
/// Longest wait between two attempts to connect.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The connection, for whoever comes to need it once it is there.
pub(super) type Cell = Arc<OnceLock<Arc<Link>>>;

/// An attempt to connect that failed.
struct Refusal {
    failure: Failure,
    /// How long the server asks to wait.
    after: Option<Duration>,
}

impl From<ConnectError> for Refusal {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Here(why) => Self { failure: lasting(why), after: None },
            ConnectError::Api(error) => {
                let after = if let Retry::Transient { after } = error.retry { after } else { None };
                Self { failure: failure(&error), after }
            }
        }
    }
}

/// Connecting, for one run of the program.
pub(super) struct Dialing {
    pub(super) dialer: Dialer,
    pub(super) messages: Messages,
    pub(super) cell: Cell,
    pub(super) store: SharedStore,
}

impl Dialing {
    /// Connects and stays connected until the end; gives up where trying again is no use.
    pub(super) async fn run(self) {
        let shutdown: CancellationToken = self.dialer.shutdown.clone();
        if let Some(Err(refusal)) = shutdown.run_until_cancelled(self.stay_connected()).await {
            tell(&self.messages, Msg::ConnectFailed(refusal.failure));
        }
    }

    async fn stay_connected(&self) -> Result<(), Refusal> {
        let (client, reader) = self.clients().await?;
        if let Some(server) = kept(&reader).await {
            let info = self.establish(&client, &reader, server)?;
            tell(&self.messages, Msg::Known(info));
        }
        loop {
            let server = self.dial(&reader).await?;
            let info = self.establish(&client, &reader, server)?;
            self.tell_connected(info.clone());
            while self.comes_back(&reader).await {
                self.tell_connected(info.clone());
            }
        }
    }

    fn tell_connected(&self, info: ServerInfo) {
        tell(&self.messages, Msg::Connected(info));
        // Whatever waits for the network need not wait any longer.
        self.dialer.wake.notify_one();
    }

    /// Waits until the line is lost, and says whether it was for a moment only: on a bad line a lost
    /// request is no lost connection, and must not cause more requests than it takes to know that.
    async fn comes_back(&self, reader: &Client) -> bool {
        let line = reader.line();
        let _ = line.watch().wait_for(|is_up| !is_up).await;
        tokio::select! {
            () = tokio::time::sleep(MOMENT) => {}
            () = self.dialer.hurry.notified() => {}
        }
        line.is_up() || reader.knock().await
    }

    /// The client that sends, and the one that reads for the screen.
    async fn clients(&self) -> Result<(Client, Client), Refusal> {
        let Dialer { connector, tasks, shutdown, keeping, .. } = &self.dialer;
        let connection = connector.connection(tasks, shutdown).await?;
        let account = connection.public_key.clone();
        let mut client = connect::client(connection).await?;
        if let Some(window) = connector.window {
            client = client.with_window(window);
        }
        let keeping = match connector.destination {
            Destination::Embedded => None,
            Destination::Server { .. } => keeping.clone(),
        };
        let Some(keeping) = keeping else { return Ok((client.clone(), client)) };
        let server = client.address().to_owned();
        let opened = tokio::task::spawn_blocking(move || keeping.shelf(&server, &account)).await;
        let reader = match opened.ok().flatten() {
            Some(kept) => client.clone().with_shelf(Arc::new(kept)),
            None => client.clone(),
        };
        Ok((client, reader))
    }

    /// Asks until the server answers, telling each failure.
    async fn dial(&self, reader: &Client) -> Result<api::Server, Refusal> {
        let mut wait = FIRST_WAIT;
        let line = reader.line();
        loop {
            let refusal = match reader.asking().probe().await {
                Ok(server) => return Ok(server),
                Err(error) => Refusal::from(ConnectError::from(error)),
            };
            if !refusal.failure.temporary {
                return Err(refusal);
            }
            line.set(false);
            let mut up = line.watch();
            // Never sooner than the server asks for.
            wait = wait.max(refusal.after.unwrap_or_default());
            tell(&self.messages, Msg::ConnectFailed(refusal.failure));
            tokio::select! {
                () = tokio::time::sleep(wait) => wait = wait.saturating_mul(2).min(LONGEST_WAIT),
                () = self.dialer.hurry.notified() => wait = FIRST_WAIT,
                // Something else got through.
                _ = up.wait_for(|is_up| *is_up) => wait = FIRST_WAIT,
            }
        }
    }

    /// Makes the connection known, before it is told: the model asks for data as soon as it hears of
    /// it. Starts the sender with the first one.
    fn establish(
        &self,
        client: &Client,
        reader: &Client,
        server: api::Server,
    ) -> Result<ServerInfo, Refusal> {
        let scope = self.dialer.connector.scope(client, &server);
        if let Some(link) = self.cell.get() {
            if link.scope != scope {
                let failure =
                    lasting("the keys belong to another project than before: start tracemark again");
                return Err(Refusal { failure, after: None });
            }
        } else {
            let (client, reader, project) = (client.clone(), reader.clone(), server.project_id.clone());
            let link = self.cell.get_or_init(|| Arc::new(Link { client, reader, scope, project })).clone();
            // Before anything is sent: what the sender tells of a write is newer than this.
            tell_flags(&self.store.lock(), &link.scope, &self.messages);
            tell_open(&self.store.lock(), &link.scope, &self.messages);
            let limited = tell_limits(link.reader.clone(), self.messages.clone());
            self.dialer.tasks.spawn(self.dialer.shutdown.clone().run_until_cancelled_owned(limited));
            let (dialer, store, messages) = (self.dialer.clone(), self.store.clone(), self.messages.clone());
            self.dialer.tasks.spawn(dialer.send(link, store, messages));
        }
        let lacking = lacking(&server);
        Ok(ServerInfo {
            version: server.version,
            project: server.project_id,
            project_name: server.project_name,
            lacking,
            shows_traces: server.capabilities.observations_v2,
        })
    }
}

/// Tells until when what is on screen has to wait for the server's rate limit, whenever that changes.
async fn tell_limits(reader: Client, messages: Messages) {
    let mut limited = reader.limited();
    while limited.changed().await.is_ok() {
        let until = *limited.borrow_and_update();
        tell(&messages, Msg::Limited(until));
    }
}

/// What an earlier probe learnt. From here on nothing waits for the network that was kept, until the
/// server answers.
async fn kept(reader: &Client) -> Option<api::Server> {
    reader.line().set(false);
    let reader = reader.noting().resting();
    reader.probe().await.ok()
}

/// What a server cannot do that reviewing needs, short enough for the first line of a small screen.
fn lacking(server: &api::Server) -> Option<String> {
    let version = server.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    match (server.capabilities.observations_v2, server.capabilities.scores_v3) {
        (true, true) => None,
        (false, _) => Some(format!("no traces: server{version} lacks v2/observations")),
        (true, false) => Some(format!("no scores: server{version} lacks v3/scores")),
    }
}
