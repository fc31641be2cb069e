//! Getting connected: the embedded workspace's server if that is wanted, the client, the probe,
//! and the sender.

use std::future::pending;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::clock;
use super::executor::tell_open;
use super::fetch::{Messages, failure, lasting, tell};
use super::neighbour;
use crate::api::{self, ApiError, Client, Retry};
use crate::app::{Failure, Msg, Pause, ServerInfo, Why};
use crate::config::Destination;
use crate::domain::ProjectId;
use crate::outbox::{self, OutboxUpdate, Sender};
use crate::server::{self, Seed, Workspace};
use crate::store::{Scope, SenderLock, SharedStore};

/// Wait before the second attempt to connect; it doubles from there.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// Longest wait between two attempts to connect.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// A server that answered, and whose data is whose.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) scope: Scope,
    pub(super) project: ProjectId,
}

/// An attempt to connect that failed.
struct Refusal {
    failure: Failure,
    /// How long the server asks to wait.
    after: Option<Duration>,
}

impl Refusal {
    fn new(error: &ApiError) -> Self {
        let after = if let Retry::Transient { after } = error.retry { after } else { None };
        Self { failure: failure(error), after }
    }
}

/// What connecting needs.
#[derive(Debug, Clone)]
pub(super) struct Dialer {
    pub(super) destination: Arc<Destination>,
    pub(super) workspace: PathBuf,
    pub(super) database: PathBuf,
    pub(super) allow_insecure_http: bool,
    pub(super) tasks: TaskTracker,
    pub(super) shutdown: CancellationToken,
    /// Wakes the sender.
    pub(super) wake: Arc<Notify>,
    /// Ends the wait for the next attempt to connect.
    pub(super) hurry: Arc<Notify>,
    /// When the program started: what is held from before is nobody's any more.
    pub(super) started: Timestamp,
    /// Whether this program is the one that sends.
    pub(super) sends: Arc<AtomicBool>,
}

impl Dialer {
    /// Tries until the server answers, telling each failure; gives up where trying again is no use.
    pub(super) async fn connect(&self, messages: &Messages, cell: &OnceLock<Arc<Link>>) -> Option<Arc<Link>> {
        let mut wait = FIRST_WAIT;
        let connection = match self.connection().await {
            Ok(connection) => connection,
            Err(failure) => {
                tell(messages, Msg::ConnectFailed(failure));
                return None;
            }
        };
        loop {
            match self.dial(connection.clone()).await {
                Ok((link, info)) => {
                    // Known before it is told: the model asks for data as soon as it hears of it.
                    let link = cell.get_or_init(|| Arc::new(link)).clone();
                    tell(messages, Msg::Connected(info));
                    return Some(link);
                }
                Err(refusal) => {
                    let temporary = refusal.failure.temporary;
                    // Never sooner than the server asks for.
                    wait = wait.max(refusal.after.unwrap_or_default());
                    tell(messages, Msg::ConnectFailed(refusal.failure));
                    if !temporary {
                        return None;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => wait = wait.saturating_mul(2).min(LONGEST_WAIT),
                () = self.hurry.notified() => wait = FIRST_WAIT,
            }
        }
    }

    async fn connection(&self) -> Result<api::Connection, Failure> {
        match &*self.destination {
            Destination::Embedded => self.start_embedded().await,
            Destination::Server { base_url, public_key, secret_key, .. } => {
                let base_url =
                    Url::parse(base_url).map_err(|e| lasting(format!("`{base_url}` is no address: {e}")))?;
                Ok(api::Connection {
                    base_url,
                    public_key: public_key.clone(),
                    secret_key: secret_key.clone(),
                    allow_insecure_http: self.allow_insecure_http,
                })
            }
        }
    }

    /// Starts the embedded server on a free port of this machine.
    async fn start_embedded(&self) -> Result<api::Connection, Failure> {
        let path = self.workspace.clone();
        let opened = tokio::task::spawn_blocking(move || Workspace::open(&path, Seed::Sample, clock::wall()));
        let workspace = match opened.await {
            Ok(Ok(workspace)) => workspace,
            Ok(Err(error)) => {
                return Err(lasting(format!("the embedded workspace cannot be opened: {error}")));
            }
            Err(error) => return Err(lasting(format!("the embedded workspace cannot be opened: {error}"))),
        };
        let no_port = |e: std::io::Error| lasting(format!("no port for the embedded workspace: {e}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(no_port)?;
        let address = listener.local_addr().map_err(no_port)?;
        let credentials = workspace.credentials();
        let base_url = Url::parse(&format!("http://{address}")).map_err(|e| lasting(e.to_string()))?;
        let stop = self.shutdown.clone().cancelled_owned();
        let options = server::Options::default();
        self.tasks.spawn(async move {
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

    async fn dial(&self, connection: api::Connection) -> Result<(Link, ServerInfo), Refusal> {
        // Reading the system's certificates takes a while; not on a thread that others wait for.
        let made = tokio::task::spawn_blocking(move || Client::new(connection, clock::wall)).await;
        let made = made.map_err(|e| Refusal { failure: lasting(e.to_string()), after: None })?;
        let client = made.map_err(|e| Refusal::new(&e))?;
        let server = client.probe().await.map_err(|e| Refusal::new(&e))?;
        let host = match &*self.destination {
            // Its port changes with every start.
            Destination::Embedded => "embedded".to_owned(),
            Destination::Server { .. } => client.address().to_owned(),
        };
        let scope = Scope { host, project: server.project_id.clone() };
        let lacking = lacking(&server);
        let info = ServerInfo {
            version: server.version,
            project: server.project_id.clone(),
            project_name: server.project_name,
            lacking,
        };
        Ok((Link { client, scope, project: server.project_id }, info))
    }

    /// There may be something to send: tells the sender, here or in another program.
    pub(super) fn wake_sender(&self) {
        self.wake.notify_one();
        if !self.sends.load(Ordering::SeqCst) {
            neighbour::rouse(&self.database);
        }
    }

    /// Sends until the end. While another program with the same data sends, waits for it to end.
    pub(super) async fn send(self, link: Arc<Link>, store: SharedStore, messages: Messages) {
        let Some(lock) = self.lock(&link, &store, &messages).await else { return };
        self.sends.store(true, Ordering::SeqCst);
        let (updates, mut incoming) = unbounded_channel();
        let sender = Sender::new(
            store,
            link.client.clone(),
            link.scope.clone(),
            link.project.clone(),
            clock::wall,
            updates,
            self.wake.clone(),
        );
        let database = self.database.clone();
        self.tasks.spawn(async move {
            while let Some(update) = incoming.recv().await {
                tell(&messages, outbox_message(update));
                while let Ok(update) = incoming.try_recv() {
                    tell(&messages, outbox_message(update));
                }
                neighbour::tell_others(&database);
            }
        });
        tokio::select! {
            () = sender.since(self.started).run(self.shutdown.clone()) => {}
            // Without a socket to listen on, it still sends what is decided here.
            () = async { neighbour::listen(self.database.clone(), self.wake.clone()).await; pending().await } => {}
        }
        drop(lock);
    }

    /// The right to send, at once or when the program that has it ends.
    async fn lock(&self, link: &Link, store: &SharedStore, messages: &Messages) -> Option<SenderLock> {
        let failed = |error: String| {
            tell(messages, Msg::Notice(format!("nothing is sent: the sender's lock failed: {error}")));
        };
        match SenderLock::acquire(&self.database) {
            Ok(Some(lock)) => return Some(lock),
            Ok(None) => tell(messages, Msg::OtherSender(SenderLock::holder(&self.database))),
            Err(error) => {
                failed(error.to_string());
                return None;
            }
        }
        let database = self.database.clone();
        let waiting = tokio::task::spawn_blocking(move || SenderLock::wait(&database));
        let mine = tokio::select! {
            mine = self.shutdown.run_until_cancelled(waiting) => mine?,
            never = neighbour::hear(&self.database, messages) => match never {},
        };
        match mine {
            Ok(Ok(lock)) => {
                // What the other one has sent was not told here.
                tell_open(&store.lock(), &link.scope, messages);
                tell(messages, Msg::Resumed);
                return Some(lock);
            }
            Ok(Err(error)) => failed(error.to_string()),
            Err(error) => tracing::error!("waiting for the sender's lock: {error}"),
        }
        None
    }
}

/// An update of the sender in the model's terms.
fn outbox_message(update: OutboxUpdate) -> Msg {
    match update {
        OutboxUpdate::Changed(written) => Msg::Written(written),
        OutboxUpdate::Paused { why, until } => Msg::Paused(Pause { why: in_words(why), until }),
        OutboxUpdate::Resumed => Msg::Resumed,
        OutboxUpdate::Failed(why) => Msg::Notice(why),
    }
}

fn in_words(why: outbox::Pause) -> Why {
    match why {
        outbox::Pause::Offline(words) => Why::Offline(words),
        outbox::Pause::RateLimited => Why::RateLimit,
        outbox::Pause::Auth(words) => Why::Keys(words),
    }
}

/// What a server cannot do that reviewing needs.
fn lacking(server: &api::Server) -> Option<String> {
    let version = server.version.as_deref().unwrap_or("of unknown version");
    match (server.capabilities.observations_v2, server.capabilities.scores_v3) {
        (true, true) => None,
        (false, _) => Some(format!(
            "this server ({version}) cannot show traces here: it lacks /v2/observations (4.0 or newer)"
        )),
        (true, false) => Some(format!(
            "this server ({version}) does not show scores: it lacks /v3/scores (3.180 or newer)"
        )),
    }
}
