//! A long day: many items reviewed one after another, with all writes confirmed, must not make the
//! program grow. `TRACEMARK_SOAK=items` runs as many as wanted; 1,000 are 24 hours at 41 an hour.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]
#![cfg(target_os = "linux")]

#[path = "support/project.rs"]
mod project;
mod review_support;

use project::{QUEUE, ROWS, Server, case};
use review_support::{destination, is_all_sent, start};
use tempfile::TempDir;
use tracemark::app::{Model, Screen};
use tracemark::runtime::Headless;

/// Items of the short run.
const SHORT: usize = 200;
/// Most writes under way: nobody is faster than the network for hours.
const MOST_OPEN: usize = 100;
/// What one completed item may leave behind, in bytes: it is counted in the summary of its run.
const PER_ITEM: usize = 1024;
/// What caches and the allocator may take besides, in bytes.
const SLACK: usize = 6 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_day_does_not_make_it_grow() {
    let items = std::env::var("TRACEMARK_SOAK").map_or(SHORT, |items| items.parse().unwrap());
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path(), items);
    let there = destination(server.address, &server.public_key, &server.secret_key);
    let mut review = Headless::start(start(QUEUE), there, folder.path(), (120, 40)).unwrap();
    work(&mut review, 0..items / 2).await;
    let first = resident();
    work(&mut review, items / 2..items).await;
    review.until("the summary", |model| model.screen == Screen::Summary).await.unwrap();
    let second = resident();
    println!("{items} items: {} KiB after the first half, {} KiB after all", first >> 10, second >> 10);

    for at in [0, items / 2, items - 1] {
        assert_eq!(server.item(&case(at)).0, "COMPLETED");
        let kept: Vec<_> = ROWS.iter().map(|row| (row.name.to_owned(), row.kept[1].to_owned())).collect();
        assert_eq!(server.scores(&case(at)), kept);
        assert_eq!(server.comments(&case(at))[0].0, comment(at));
    }
    let allowed = SLACK + PER_ITEM * (items - items / 2);
    assert!(second <= first + allowed, "grew from {first} to {second} bytes, allowed are {allowed} more");
}

/// Reviews some items, and waits until the server is seen to have everything.
async fn work(review: &mut Headless, items: std::ops::Range<usize>) {
    let digits: Vec<&str> = ROWS.iter().map(|row| row.keys[1]).collect();
    for at in items {
        let ready = |model: &Model| shows(model, &case(at)) && model.open_writes.len() < MOST_OPEN;
        let there = review.until("the item", ready).await;
        there.unwrap_or_else(|e| {
            panic!("{e}\nlist: {:?}\n{:?}", review.model.browse.items, review.model.review)
        });
        review.keys(&digits.join(" ")).unwrap();
        review.keys("c").unwrap();
        review.paste(&comment(at));
        review.keys("Ctrl-s").unwrap();
        let screen = review.screen().unwrap();
        assert!(ROWS.iter().all(|row| screen.contains(row.shown[1])), "{screen}");
        review.keys("Space").unwrap();
    }
    review.until("everything confirmed", is_all_sent).await.unwrap();
}

fn comment(at: usize) -> String {
    format!("{} is fine", case(at))
}

fn shows(model: &Model, case: &str) -> bool {
    model.current().is_some_and(|data| data.item.object.id == case && data.is_decidable())
}

/// What the process has in memory, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}
