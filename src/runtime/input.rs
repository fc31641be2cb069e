//! Input: terminal events and signals as messages.

use std::time::Duration;

use crossterm::event::{self, Event, EventStream};
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::fetch::{Messages, tell};
use crate::app::Msg;
use crate::input::Key;

/// How long to look for input that is already there. The event source finds nothing, not even
/// what it has buffered, when given no time at all.
const A_LOOK: Duration = Duration::from_micros(20);

/// Keys, pastes and sizes from the terminal.
#[derive(Debug)]
pub(super) struct TerminalInput(Option<EventStream>);

impl TerminalInput {
    /// Starts listening.
    pub(super) fn new() -> Self {
        Self(Some(EventStream::new()))
    }

    /// Waits for input. The end of the stream means that the terminal is gone.
    pub(super) async fn next(&mut self) -> Msg {
        let Some(stream) = &mut self.0 else { return std::future::pending().await };
        loop {
            match stream.next().await {
                Some(event) => {
                    if let Some(msg) = to_msg(event) {
                        return msg;
                    }
                }
                None => return Msg::Shutdown,
            }
        }
    }

    /// Input that is there already. The stream alone would take a trip through its thread for
    /// every key, and a held key would be drawn key by key.
    pub(super) fn now(&mut self) -> Option<Msg> {
        while self.0.is_some() && matches!(event::poll(A_LOOK), Ok(true)) {
            if let Some(msg) = to_msg(event::read()) {
                return Some(msg);
            }
        }
        None
    }

    /// Runs something that reads the terminal itself, such as an editor.
    pub(super) fn lend<T>(&mut self, work: impl FnOnce() -> T) -> T {
        // Dropping the stream stops its thread, which would take keys away.
        self.0 = None;
        let result = work();
        self.0 = Some(EventStream::new());
        result
    }
}

fn to_msg(event: std::io::Result<Event>) -> Option<Msg> {
    match event {
        Ok(Event::Key(key)) => Key::from_event(&key).map(Msg::Key),
        Ok(Event::Paste(text)) => Some(Msg::Paste(text)),
        Ok(Event::Resize(width, height)) => Some(Msg::Resize(width, height)),
        Ok(Event::FocusGained | Event::FocusLost | Event::Mouse(_)) => None,
        Err(error) => {
            tracing::error!("the terminal's input failed: {error}");
            Some(Msg::Shutdown)
        }
    }
}

/// SIGTERM, SIGHUP and SIGINT end the program in order; SIGCONT draws the screen afresh.
#[cfg(unix)]
pub(super) fn watch_signals(tasks: &TaskTracker, messages: &Messages, shutdown: &CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    for kind in [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()] {
        let (messages, shutdown) = (messages.clone(), shutdown.clone());
        match signal(kind) {
            Ok(mut signal) => {
                tasks.spawn(async move {
                    if let Some(Some(())) = shutdown.run_until_cancelled(signal.recv()).await {
                        tell(&messages, Msg::Shutdown);
                    }
                });
            }
            Err(error) => tracing::error!("signals cannot be watched: {error}"),
        }
    }
}

/// Elsewhere the terminal's own events have to do.
#[cfg(not(unix))]
pub(super) fn watch_signals(_: &TaskTracker, _: &Messages, _: &CancellationToken) {}
