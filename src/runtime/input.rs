//! Input: terminal events and signals as messages.

use crossterm::event::{Event, EventStream};
use futures_util::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::fetch::{Messages, tell};
use crate::app::Msg;
use crate::input::Key;

/// Keys, pastes and sizes. The end of the stream means that the terminal is gone.
pub(super) fn events() -> impl Stream<Item = Msg> + Unpin {
    let events = EventStream::new().filter_map(|event| std::future::ready(to_msg(event)));
    Box::pin(events.chain(futures_util::stream::iter([Msg::Shutdown])))
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
