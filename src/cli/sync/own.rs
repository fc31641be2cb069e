//! Sending by this program, which has the right to.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::Sync;
use crate::cli::Failure;
use crate::cli::progress::Progress;
use crate::outbox::{OutboxUpdate, Pause, Sender};
use crate::runtime::clock::wall;
use crate::runtime::connect::Reached;

fn sender(sync: &Sync, reached: Reached) -> (Sender, UnboundedReceiver<OutboxUpdate>) {
    let (updates, incoming) = unbounded_channel();
    let wake = Arc::new(Notify::new());
    let Reached { client, scope, server } = reached;
    let sender = Sender::new(sync.store.clone(), client, scope, server.project_id, wall, updates, wake);
    (sender, incoming)
}

/// Sends what can be sent now.
pub(super) async fn once(sync: &mut Sync, reached: Reached) -> Result<(), Failure> {
    let (mut sender, _updates) = sender(sync, reached);
    sender.sync(wall()).await?;
    sync.pause = sender.paused().map(|(why, _)| why.clone());
    Ok(())
}

/// Sends until nothing is left to do, or the keys turn out to be wrong.
pub(super) async fn until_settled(
    sync: &mut Sync,
    reached: Reached,
    progress: &mut Progress,
) -> Result<(), Failure> {
    sync.pause = None;
    let (sender, mut updates) = sender(sync, reached);
    sync.sending = Some(sync.tasks.spawn(sender.run(sync.stop.clone())));
    loop {
        let report = sync.report()?;
        progress.left(report.open());
        if report.is_settled() || matches!(sync.pause, Some(Pause::Auth(_))) {
            return Ok(());
        }
        let Some(update) = updates.recv().await else { return Ok(()) };
        if let OutboxUpdate::Paused { why, .. } = &update
            && sync.pause.as_ref() != Some(why)
        {
            progress.note(&format!("{}; waiting", super::report::in_words(why)));
        }
        note_pause(sync, update)?;
    }
}

fn note_pause(sync: &mut Sync, update: OutboxUpdate) -> Result<(), Failure> {
    match update {
        OutboxUpdate::Paused { why, .. } => sync.pause = Some(why),
        OutboxUpdate::Resumed => sync.pause = None,
        OutboxUpdate::Changed(_) => {}
        OutboxUpdate::Failed(why) => return Err(Failure::failed(why)),
    }
    Ok(())
}
