//! The imperative shell: terminal, event loop, effects, signals.
//!
//! The first frame comes first: the terminal is set up and drawn before the database is read, the
//! server started or anything connected.
//!
//! - `event_loop` gathers messages and draws; `executor` carries effects out, `fetch` those that read
//! - `storage` is the store on a thread of its own
//! - [`connect`] makes a connection, `dial` keeps it, `link` has the sender run over it
//! - `neighbour` speaks with other programs on the same data
//! - `shelf` keeps the server's answers on disk; [`pull`] fills it with a whole queue

pub mod clock;
pub mod connect;
mod dial;
mod event_loop;
mod executor;
mod external;
mod fetch;
mod headless;
mod input;
mod layout;
mod link;
mod log;
mod neighbour;
mod panics;
pub mod pull;
mod shelf;
mod steady;
mod storage;
mod terminal;

pub use headless::Headless;
pub use neighbour::rouse;
pub use shelf::Keeping;

use std::io::{self, Write, stdout};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use tokio::sync::Notify;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{Effect, Model, Start};
use crate::config::Destination;
use crate::store::Finding;
use crate::theme::Theme;
use connect::Connector;
use event_loop::EventLoop;
use executor::Executor;
use input::Signals;
use link::Dialer;
use storage::Storage;

/// What the screen needs to start.
#[derive(Debug)]
pub struct Options {
    /// How the model starts.
    pub start: Start,
    /// The server.
    pub destination: Destination,
    /// The embedded workspace's file.
    pub workspace: PathBuf,
    /// The file with the outbox and drafts.
    pub database: PathBuf,
    /// The log file.
    pub log: PathBuf,
    /// Where the server's answers are kept, and how much of them.
    pub keeping: Keeping,
    /// Colours and glyphs.
    pub theme: Theme,
    /// Whether plain http to other machines is allowed.
    pub allow_insecure_http: bool,
}

/// What is to be said once the screen is gone.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub how: Ending,
    /// What was found when the database was opened; the screen has shown it for a moment only.
    pub findings: Vec<Finding>,
}

/// How the screen ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The reviewer quit.
    Quit {
        /// Decisions that are saved here and not sent yet.
        unsent: usize,
        /// Those that wait for the reviewer, since the server refused them or someone was faster.
        parked: usize,
    },
    /// A signal with this number ended it.
    Signal(u8),
}

/// Runs the screen until the reviewer quits.
///
/// # Errors
/// When the terminal cannot be used or the database cannot be opened, and after a panic.
pub fn run(options: Options) -> anyhow::Result<Ended> {
    log::start(&options.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?;
    let result = panics::to_the_end(|| runtime.block_on(review(options)));
    // Reads under way are of no use any more, and none may keep the program from ending.
    runtime.shutdown_background();
    result
}

async fn review(options: Options) -> anyhow::Result<Ended> {
    let clock = clock::Clock::start();
    let (messages, incoming) = unbounded_channel();
    panics::watch(messages.clone());
    let guard = terminal::Guard::take().context("cannot take the terminal over")?;
    let mut terminal = terminal::screen().context("cannot draw on the terminal")?;
    let size = terminal.size().context("the terminal has no size")?;
    let mut model = Model::new(options.start, (size.width, size.height), clock.now());
    let theme = options.theme;
    terminal.draw(|frame| crate::ui::view(&model, &theme.styles, theme.glyphs, frame))?;

    let (storage, findings) = Storage::open(&options.database).context("cannot open the local database")?;
    storage::tell_findings(&messages, &findings);
    let tasks = TaskTracker::new();
    let shutdown = CancellationToken::new();
    let dialer = Dialer {
        connector: Connector {
            destination: options.destination,
            workspace: options.workspace,
            allow_insecure_http: options.allow_insecure_http,
        },
        database: options.database,
        keeping: Some(options.keeping),
        tasks: tasks.clone(),
        shutdown: shutdown.clone(),
        wake: Arc::new(Notify::new()),
        hurry: Arc::new(Notify::new()),
        started: clock::wall(),
        sends: Arc::default(),
    };
    let signals = Arc::new(Signals::default());
    input::watch_signals(&signals, &tasks, &messages, &shutdown);
    let mut executor = Executor::new(messages, storage, dialer, &model.start);
    executor.start(Effect::Connect);
    let result = EventLoop {
        terminal: &mut terminal,
        model: &mut model,
        executor,
        messages: incoming,
        input: input::TerminalInput::new(),
        signals: signals.clone(),
        continued: input::Continued::watch(),
        theme,
        clock,
        doubtful: steady::DoubtfulRows::default(),
        frames: frame_marks,
    }
    .run()
    .await;
    drop(guard);
    shutdown.cancel();
    let how = match signals.ended_by() {
        // A terminal that is gone fails, too.
        Some(number) => Ending::Signal(number),
        None => result
            .map(|()| Ending::Quit { unsent: model.left(), parked: model.refused() })
            .context("the terminal failed")?,
    };
    Ok(Ended { how, findings })
}

/// Tells the terminal that a frame begins or ends, so that it never shows half of one.
fn frame_marks(begin: bool) -> io::Result<()> {
    if begin {
        queue!(stdout(), BeginSynchronizedUpdate)
    } else {
        queue!(stdout(), EndSynchronizedUpdate)?;
        stdout().flush()
    }
}
