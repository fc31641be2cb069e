//! `pull`: fetches a queue, to review it without a network.

use std::process::ExitCode;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::args::{PullArgs, Shared};
use super::progress::Progress;
use super::terminal::note;
use super::{Exit, Failure, block_on, connector, load};
use crate::config::{Config, Destination};
use crate::domain::text::one_line;
use crate::domain::{Item, Queue};
use crate::runtime::Keeping;
use crate::runtime::connect::client;
use crate::runtime::pull::{Pulled, Puller};

/// Failures told one by one; the rest are counted.
const TOLD: usize = 10;

/// Fetches the queue; the code says whether all of it is there.
pub(super) fn run(shared: &Shared, args: &PullArgs) -> Result<ExitCode, Failure> {
    let config = load(shared, None, false)?;
    let Destination::Server { public_key, .. } = &config.destination else {
        return Err(Failure::usage("the embedded workspace is on this machine: there is nothing to pull")
            .with_hint("`--profile NAME` names a server"));
    };
    let account = public_key.clone();
    block_on(async {
        let connector = connector(&config, shared.insecure_http);
        let connection = connector.connection(&TaskTracker::new(), &CancellationToken::new()).await?;
        let client = client(connection).await?;
        let keeping = Keeping { path: config.dirs.cache(), limit: config.cache };
        let puller = Puller::new(client, &account, keeping, args.again).await.ok_or_else(nothing_kept)?;
        let queues = puller.project().await?;
        let queue = find(&queues, &args.queue)?;
        let items = puller.items(queue, args.all).await?;
        let failed = pull(&puller, queue, items.clone()).await;
        finish(&puller, &config, &items, failed).await
    })
}

fn nothing_kept() -> Failure {
    Failure::failed("nothing can be kept on this machine")
        .with_hint("`cache` in config.toml must not be \"off\", and the data directory must be writable")
}

fn find<'a>(queues: &'a [Queue], wanted: &str) -> Result<&'a Queue, Failure> {
    queues.iter().find(|queue| queue.id.as_str() == wanted || queue.name == wanted).ok_or_else(|| {
        let names: Vec<String> = queues.iter().map(|queue| one_line(&queue.name)).collect();
        let failure = Failure::new(Exit::NotFound, format!("there is no queue `{wanted}` in this project"));
        if names.is_empty() { failure } else { failure.with_hint(format!("there are: {}", names.join(", "))) }
    })
}

/// Fetches what is in the queue, and says how many items did not come.
async fn pull(puller: &Puller, queue: &Queue, items: Vec<Item>) -> usize {
    let total = items.len();
    let mut progress = Progress::new(total, format!("items of {}", one_line(&queue.name)));
    let (mut known, mut missing, mut failed) = (0, 0, 0);
    let told = |item: &Item, pulled: Pulled| {
        match pulled {
            Pulled::Fetched => {}
            Pulled::Known => known += 1,
            Pulled::Missing => missing += 1,
            Pulled::Failed(error) => {
                failed += 1;
                if failed <= TOLD {
                    progress.note(&format!("{} {}: {error}", item.object.kind.noun(), item.object.id));
                }
            }
        }
        progress.advance(1);
    };
    puller.contents(items, told).await;
    progress.finish();
    let mut parts = vec![format!("{} fetched", total - known - missing - failed)];
    for (n, what) in [(known, "there already"), (missing, "gone from the server"), (failed, "failed")] {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    }
    note(&format!("{}: {}", one_line(&queue.name), parts.join(", ")));
    failed
}

/// Says whether all of it can be reviewed now.
async fn finish(
    puller: &Puller,
    config: &Config,
    items: &[Item],
    failed: usize,
) -> Result<ExitCode, Failure> {
    let kept = puller.kept(items).await;
    if kept + failed < items.len() {
        let megabytes = config.cache.unwrap_or(0) / 1_000_000;
        return Err(Failure::new(
            Exit::Partly,
            format!("only {kept} of {} items fit into the cache of {megabytes} MB", items.len()),
        )
        .with_hint("make `cache` in config.toml larger, and pull again"));
    }
    if failed > 0 {
        return Err(Failure::new(Exit::Partly, format!("{failed} of {} items are missing", items.len()))
            .with_hint("pull again: what is there is not fetched twice"));
    }
    Ok(ExitCode::SUCCESS)
}
