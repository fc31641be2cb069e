//! The whole program without a terminal: keys in, screen out, against a real server.
//!
//! For tests and for the pictures in the documentation. [`Headless::until`] waits for what
//! should happen, and wakes the model when it asks for that; nothing sleeps for a time of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::clock::Clock;
use super::connect::Connector;
use super::executor::Executor;
use super::link::Dialer;
use super::shelf::Keeping;
use super::storage::Storage;
use crate::app::{Effect, Model, Msg, Start, update};
use crate::config::Destination;
use crate::input::Key;
use crate::theme::Theme;

/// Longest wait for something that should happen.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program on a screen in memory.
#[derive(Debug)]
pub struct Headless {
    /// The state.
    pub model: Model,
    terminal: Terminal<TestBackend>,
    executor: Executor,
    messages: UnboundedReceiver<Msg>,
    clock: Clock,
    theme: Theme,
    shutdown: CancellationToken,
}

impl Headless {
    /// Starts with its files in a folder.
    ///
    /// # Errors
    /// When the database cannot be opened there.
    pub fn start(
        start: Start,
        destination: Destination,
        folder: &Path,
        size: (u16, u16),
    ) -> anyhow::Result<Self> {
        Self::start_counting(start, destination, folder, size, None)
    }

    /// Starts with a server that counts requests in windows of this length, not the usual one.
    ///
    /// # Errors
    /// When the database cannot be opened there.
    pub fn start_counting(
        start: Start,
        destination: Destination,
        folder: &Path,
        size: (u16, u16),
        window: Option<Duration>,
    ) -> anyhow::Result<Self> {
        let clock = Clock::start();
        let terminal = Terminal::new(TestBackend::new(size.0, size.1))?;
        let database = folder.join("tracemark.db");
        let (storage, findings) = Storage::open(&database)?;
        let (sender, messages) = unbounded_channel();
        super::storage::tell_findings(&sender, &findings);
        let shutdown = CancellationToken::new();
        let dialer = Dialer {
            connector: Connector {
                destination,
                workspace: folder.join("workspace.db"),
                allow_insecure_http: false,
                window,
            },
            database,
            keeping: Some(Keeping { path: folder.join("cache.db"), limit: Some(50_000_000) }),
            tasks: TaskTracker::new(),
            shutdown: shutdown.clone(),
            wake: Arc::new(Notify::new()),
            hurry: Arc::new(Notify::new()),
            started: super::clock::wall(),
            sends: Arc::default(),
        };
        let model = Model::new(start, size, clock.now());
        let mut executor = Executor::new(sender, storage, dialer, &model.start);
        executor.start(Effect::Connect);
        Ok(Self { model, terminal, executor, messages, clock, theme: Theme::new(true, false), shutdown })
    }

    /// Presses keys, written with spaces between them.
    ///
    /// # Errors
    /// When a name is no key.
    pub fn keys(&mut self, keys: &str) -> anyhow::Result<()> {
        for name in keys.split_whitespace() {
            let key: Key = name.parse().with_context(|| format!("`{name}` is no key"))?;
            self.tell(Msg::Key(key));
        }
        Ok(())
    }

    /// Pastes a text.
    pub fn paste(&mut self, text: &str) {
        self.tell(Msg::Paste(text.to_owned()));
    }

    fn tell(&mut self, msg: Msg) {
        for effect in update(&mut self.model, msg, self.clock.now()) {
            // Without a terminal there is nothing to suspend, redraw or hand over.
            let _ = self.executor.start(effect);
        }
    }

    /// Takes messages in until the model is as it should be.
    ///
    /// # Errors
    /// When it does not get there; shows the screen as it is then.
    pub async fn until(&mut self, what: &str, done: impl Fn(&Model) -> bool) -> anyhow::Result<()> {
        let patience = tokio::time::sleep(PATIENCE);
        tokio::pin!(patience);
        while !done(&self.model) {
            let deadline = self.model.deadline().map(|mono| self.clock.at(mono).into());
            tokio::select! {
                biased;
                Some(msg) = self.messages.recv() => self.tell(msg),
                () = super::event_loop::wait(deadline) => self.tell(Msg::Deadline),
                () = &mut patience => bail!("waited in vain for: {what}\n{}", self.screen()?),
            }
        }
        Ok(())
    }

    /// Draws the present state.
    ///
    /// # Errors
    /// Never with a screen in memory.
    pub fn buffer(&mut self) -> anyhow::Result<Buffer> {
        let (model, theme) = (&self.model, &self.theme);
        self.terminal.draw(|frame| crate::ui::view(model, &theme.styles, theme.glyphs, frame))?;
        Ok(self.terminal.backend().buffer().clone())
    }

    /// The present state as text, line by line.
    ///
    /// # Errors
    /// Never with a screen in memory.
    pub fn screen(&mut self) -> anyhow::Result<String> {
        self.buffer()?;
        Ok(self.terminal.backend().to_string())
    }
}

impl Drop for Headless {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}
