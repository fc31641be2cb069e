//! `sync`: sends what was decided and not sent yet, without the terminal UI.

mod other;
mod own;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::args::Shared;
use super::progress::Progress;
use super::terminal::note;
use super::{Failure, block_on, connector, database, load, place, when, words};
use crate::outbox::Pause;
use crate::runtime::connect::{Connector, Reached};
use crate::store::{Scope, SenderLock, SharedStore};
use report::Report;

const AFTER_HELP: &str = "\
Sends what belongs to the chosen connection, and says where else something is unsent. Only one program \
sends at a time: where another one does, it is told to.

Exit codes: 0 all is sent; 3 the keys are not accepted; 5 the server is unreachable or too busy and \
something is left; 6 the server refused something, or it waits for your decision; 1 something is left \
for another reason.";

/// First wait before connecting again.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// Longest wait before connecting again.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How long a request under way may take to finish.
const PATIENCE: Duration = Duration::from_secs(10);

/// How to send.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct SyncArgs {
    /// Go on until all is sent and the server shows it, through failures too.
    #[arg(long)]
    wait: bool,
    /// Longest time to wait: 90s, 10m, 1h.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = when::duration, requires = "wait")]
    timeout: Duration,
}

/// One run of the command.
struct Sync {
    store: SharedStore,
    connector: Connector,
    database: PathBuf,
    /// The projects at this server.
    scopes: Vec<Scope>,
    /// The last decision there was at the start: what comes later is nobody's concern here.
    newest: i64,
    wait: bool,
    tasks: TaskTracker,
    /// Ends the sender.
    stop: CancellationToken,
    /// Ends the embedded server.
    end: CancellationToken,
    sending: Option<JoinHandle<()>>,
    /// Why nothing could be sent the last time.
    pause: Option<Pause>,
    /// Who sends, where it is another program.
    other: Option<String>,
}

/// Sends, and says how that went.
pub(super) fn run(shared: &Shared, args: &SyncArgs) -> Result<(), Failure> {
    let config = load(shared, None, false)?;
    let connector = connector(&config, shared.insecure_http);
    let Some(store) = database::open_existing(&config.dirs)? else {
        note(report::ALL_SENT);
        return Ok(());
    };
    let host = connector.host()?;
    tell_others(&store.unsent_by_scope()?, &host);
    let scopes = store.projects_of(&host)?;
    let store = SharedStore::new(store);
    let before = Report::read(&store, &scopes, i64::MAX)?;
    if before.is_settled() {
        return before.conclude(&before, None, false);
    }
    let mut sync = Sync {
        store: store.clone(),
        connector,
        database: config.dirs.database(),
        newest: before.newest,
        scopes,
        wait: args.wait,
        tasks: TaskTracker::new(),
        stop: CancellationToken::new(),
        end: CancellationToken::new(),
        sending: None,
        pause: None,
        other: None,
    };
    let went = block_on(sync.within(args.timeout, &before));
    let after = Report::read(&store, &sync.scopes, sync.newest)?;
    match went {
        Err(failure) if !after.is_settled() => Err(after.kept(failure)),
        Err(failure) => Err(failure),
        Ok(()) => match &sync.other {
            Some(who) => Err(after.left_to(who)),
            None => after.conclude(&before, sync.pause.as_ref(), args.wait),
        },
    }
}

/// What belongs to other servers is not sent, which must not go unnoticed.
fn tell_others(unsent: &[(Scope, usize)], host: &str) {
    for (scope, n) in unsent.iter().filter(|(scope, _)| scope.host != host) {
        let what = words::count(*n, "decision");
        note(&format!("{what} not sent yet at {}: choose that connection with --profile", scope.host));
    }
}

impl Sync {
    /// Sends; with `--wait` until all is done or the time is over.
    async fn within(&mut self, timeout: Duration, before: &Report) -> Result<(), Failure> {
        if !self.wait {
            return self.once().await;
        }
        let mut progress = Progress::new(before.open(), "sent");
        let went = tokio::time::timeout(timeout, self.until_settled(&mut progress)).await;
        progress.finish();
        self.stop.cancel();
        if let Some(sending) = self.sending.take() {
            // What is cut off is put in order by the next run.
            let _ = tokio::time::timeout(PATIENCE, sending).await;
        }
        self.end.cancel();
        went.unwrap_or(Ok(()))
    }

    async fn once(&mut self) -> Result<(), Failure> {
        let Some(_lock) = self.lock()? else { return Ok(()) };
        let reached = self.connect().await?;
        self.narrow(&reached.scope)?;
        own::once(self, reached).await
    }

    /// Whoever sends: this program, or another one until it ends.
    async fn until_settled(&mut self, progress: &mut Progress) -> Result<(), Failure> {
        let lock = loop {
            if let Some(lock) = self.lock()? {
                break lock;
            }
            if other::settled(self, progress).await? {
                self.other = None;
                return Ok(());
            }
        };
        let reached = self.connect_in_time(progress).await?;
        self.narrow(&reached.scope)?;
        own::until_settled(self, reached, progress).await?;
        drop(lock);
        Ok(())
    }

    /// The right to send; where another program has it, that is woken.
    fn lock(&mut self) -> Result<Option<SenderLock>, Failure> {
        let lock = SenderLock::acquire(&self.database)
            .map_err(|error| Failure::failed(format!("cannot take the right to send: {error}")))?;
        self.other = None;
        if lock.is_none() {
            let process = SenderLock::holder(&self.database).map(|id| format!("process {id}"));
            self.other = Some(process.unwrap_or_else(|| "another program".into()));
            crate::runtime::rouse(&self.database);
        }
        Ok(lock)
    }

    async fn connect(&self) -> Result<Reached, Failure> {
        let connection = self.connector.connection(&self.tasks, &self.end).await?;
        Ok(self.connector.reach(connection).await?)
    }

    /// Connects, again and again where that may help.
    async fn connect_in_time(&mut self, progress: &Progress) -> Result<Reached, Failure> {
        self.pause = Some(Pause::Offline("the server has not answered yet".into()));
        let connection = self.connector.connection(&self.tasks, &self.end).await?;
        let mut wait = FIRST_WAIT;
        loop {
            match self.connector.reach(connection.clone()).await {
                Ok(reached) => return Ok(reached),
                Err(error) if place::is_temporary(&error) => {
                    progress.note(&format!("{error}; trying again"));
                    self.pause = Some(Pause::Offline(error.to_string()));
                }
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(LONGEST_WAIT);
        }
    }

    /// Only what the keys open can be sent: from here on, other projects at the server are others.
    fn narrow(&mut self, own: &Scope) -> Result<(), Failure> {
        self.scopes = vec![own.clone()];
        let unsent = self.store.lock().unsent_by_scope()?;
        for (scope, n) in unsent.iter().filter(|(scope, _)| scope.host == own.host && scope != own) {
            let what = words::count(*n, "decision");
            note(&format!(
                "{what} not sent yet in project {} at {}: choose its keys with --profile",
                scope.project, scope.host
            ));
        }
        Ok(())
    }

    fn report(&self) -> Result<Report, Failure> {
        Ok(Report::read(&self.store, &self.scopes, self.newest)?)
    }
}
