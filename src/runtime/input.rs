//! Input: terminal events and signals as messages.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
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

/// What the signals say that reach this process.
#[derive(Debug, Default)]
pub(super) struct Signals {
    ended_by: OnceLock<u8>,
    lent: AtomicBool,
}

impl Signals {
    /// The number of the signal that ended the program.
    pub(super) fn ended_by(&self) -> Option<u8> {
        self.ended_by.get().copied()
    }

    /// Whether the terminal belongs to another program for now: Ctrl-c is meant for that one.
    pub(super) fn set_lent(&self, lent: bool) {
        self.lent.store(lent, Ordering::SeqCst);
    }

    #[cfg(unix)]
    fn take(&self, kind: tokio::signal::unix::SignalKind) -> bool {
        let interrupt = kind == tokio::signal::unix::SignalKind::interrupt();
        if interrupt && self.lent.load(Ordering::SeqCst) {
            return false;
        }
        let _ = self.ended_by.set(u8::try_from(kind.as_raw_value()).unwrap_or_default());
        true
    }
}

/// SIGTERM, SIGHUP and SIGINT end the program in order.
#[cfg(unix)]
pub(super) fn watch_signals(
    signals: &Arc<Signals>,
    tasks: &TaskTracker,
    messages: &Messages,
    shutdown: &CancellationToken,
) {
    use tokio::signal::unix::{SignalKind, signal};
    for kind in [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()] {
        let (signals, messages, shutdown) = (signals.clone(), messages.clone(), shutdown.clone());
        match signal(kind) {
            Ok(mut signal) => {
                tasks.spawn(async move {
                    while let Some(Some(())) = shutdown.run_until_cancelled(signal.recv()).await {
                        if signals.take(kind) {
                            tell(&messages, Msg::Shutdown);
                        }
                    }
                });
            }
            Err(error) => tracing::error!("signals cannot be watched: {error}"),
        }
    }
}

/// Elsewhere the terminal's own events have to do.
#[cfg(not(unix))]
pub(super) fn watch_signals(_: &Arc<Signals>, _: &TaskTracker, _: &Messages, _: &CancellationToken) {}

/// Tells when the process goes on after somebody stopped it.
#[derive(Debug)]
pub(super) struct Continued {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
    /// Set when the program has stopped itself and expects to be continued.
    pub(super) expected: bool,
}

impl Continued {
    /// Starts listening.
    #[cfg(unix)]
    pub(super) fn watch() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let signal = signal(SignalKind::from_raw(libc::SIGCONT)).ok();
        Self { signal, expected: false }
    }

    /// Nobody stops processes here.
    #[cfg(not(unix))]
    pub(super) fn watch() -> Self {
        Self { expected: false }
    }

    /// Waits until the process goes on unexpectedly: whoever had the terminal in between did with
    /// it what it liked.
    pub(super) async fn unexpectedly(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal {
            while signal.recv().await.is_some() {
                if !std::mem::take(&mut self.expected) {
                    return;
                }
            }
        }
        std::future::pending::<()>().await;
    }
}
