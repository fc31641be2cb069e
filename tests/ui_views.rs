//! What the screens look like, as text with a hash of the styles.
#![expect(clippy::unwrap_used, reason = "a test stops where its data is wrong")]

mod ui_support;

use std::sync::Arc;
use std::time::Duration;

use tracemark::app::geometry::Pane;
use tracemark::app::{Failure, Msg, Why};
use tracemark::domain::{Item, ItemStatus, Object, ObjectKind, WriteState, text::clean};
use tracemark::theme::Glyphs;
use ui_support::*;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// Takes one snapshot per size.
fn snap(name: &str, make: impl Fn((u16, u16)) -> World) {
    for size in SIZES {
        let world = make(size);
        let mut settings = insta::Settings::clone_current();
        settings.set_omit_expression(true);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_snapshot_path("ui_snapshots");
        let name = format!("{name}-{}x{}", size.0, size.1);
        settings.bind(|| insta::assert_snapshot!(name, shown(&world.draw())));
    }
}

fn offline() -> Failure {
    failure("langfuse.example does not answer", "Check the network or the address.")
}

fn review(size: (u16, u16), server: Server) -> World {
    let mut world = World::new(size, server);
    world.press("Enter");
    world
}

#[test]
fn browse_screen() {
    snap("browse-loading", |size| World::new(size, Server { connects: None, ..server() }));
    snap("browse-waiting", |size| {
        let mut world = World::new(size, Server { connects: None, ..server() });
        world.press("Enter 4");
        world
    });
    snap("browse-failed", |size| World::new(size, Server { connects: Some(Err(offline())), ..server() }));
    snap("browse-filled", |size| {
        let mut world = World::new(size, server());
        world.press("l j j");
        world
    });
    snap("browse-embedded", |size| World::with(size, server(), true));
    snap("browse-changed", |size| {
        let mut world = World::new(size, server());
        world.press("l ! Enter j C j D y j");
        world
    });
    snap("browse-empty-queue", |size| {
        let mut world = World::new(size, server());
        world.press("j l");
        world
    });
    snap("browse-offline", |size| {
        let mut world = World::new(size, server());
        world.send(Msg::ConnectFailed(offline()));
        world
    });
    snap("browse-count", |size| {
        let mut world = World::new(size, server());
        world.press("l 4 2");
        world
    });
    snap("browse-offline-no-items", |size| {
        let mut world = World::new(size, Server { items: false, ..server() });
        world.send(Msg::ConnectFailed(offline()));
        world
    });
}

#[test]
fn review_screen() {
    snap("review-trace", |size| {
        let mut world = review(size, server());
        world.press("4 1");
        world.settle(1, WriteState::Confirmed, None);
        world.settle(2, WriteState::Pending, None);
        world
    });
    snap("review-pace", |size| {
        let mut world = review(size, server());
        world.press("4 Space 5 Space 3 Space Ctrl-p");
        world
    });
    snap("review-refused", |size| {
        let mut world = review(size, server());
        world.press("4 1 2");
        world.settle(3, WriteState::Refused, Some("6 is above 5, the highest value"));
        world.press("Ctrl-p");
        world
    });
    snap("review-long-list", |size| {
        let mut world = review(size, server());
        world.press("4 1 2 ]");
        world
    });
    snap("review-session", |size| {
        let object = Object { kind: ObjectKind::Session, id: "s-204".into() };
        let subject = Some(Ok(Some(Arc::new(session(&Texts::default())))));
        let mut world = World::new(size, Server { object, subject, scores: Some(Ok(vec![])), ..server() });
        world.press("j j Enter");
        world
    });
    snap("review-unknown-configs", |size| {
        let mut world = review(size, server());
        world.send(Msg::Configs(Ok(configs(&Texts::default()).into_iter().take(2).collect())));
        world
    });
}

#[test]
fn review_screen_without_everything() {
    snap("review-missing", |size| review(size, Server { subject: Some(Ok(None)), ..server() }));
    snap("review-not-shown", |size| {
        review(size, Server { subject: Some(Ok(None)), shows_traces: false, ..server() })
    });
    snap("review-failed", |size| {
        review(size, Server { subject: Some(Err(offline())), scores: Some(Err(offline())), ..server() })
    });
    snap("review-arriving", |size| {
        review(size, Server { subject: None, scores: None, comments: vec![], ..server() })
    });
    snap("review-laying-out", |size| review(size, Server { lays_out: false, ..server() }));
    snap("review-found", |size| {
        let mut world = review(size, server());
        world.press("/");
        world.paste("LINE".to_lowercase().as_str());
        world.press("Enter n");
        world
    });
    snap("review-tree-zoomed", |size| {
        let mut world = review(size, server());
        world.press("t z");
        world.model.review.pane = Pane::Tree;
        world.model.review.zoomed = true;
        world.model.review.folded.insert(3);
        world
    });
}

/// A reviewer among others: a shard, an item open elsewhere, one completed and one removed.
fn shared(size: (u16, u16)) -> World {
    let mut world = World::new(size, server());
    world.model.start.shard = "1/2".parse().ok();
    world.press("Enter l");
    let ago = |minutes| now().checked_sub(jiff::SignedDuration::from_mins(minutes)).unwrap();
    let mut ahead: Vec<Item> = world.model.items.values().map(|data| data.item.clone()).collect();
    ahead.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    let open_elsewhere = Item { updated_at: ago(1), ..ahead[1].clone() };
    let (status, completed_at) = (ItemStatus::Completed, Some(ago(3)));
    let completed = Item { status, completed_at, updated_at: ago(3), ..ahead[2].clone() };
    for (item, seen) in [(&ahead[1], Some(open_elsewhere)), (&ahead[2], Some(completed)), (&ahead[3], None)] {
        world.send(Msg::ItemSeen(item.id.clone(), seen));
    }
    world
}

#[test]
fn shared_queue() {
    snap("shared-list", |size| {
        let mut world = shared(size);
        world.press("q");
        world
    });
    snap("shared-completed", |size| {
        let mut world = shared(size);
        let item = world.model.current().unwrap().item.clone();
        let at = now().checked_sub(jiff::SignedDuration::from_mins(2)).ok();
        let seen = Item { status: ItemStatus::Completed, completed_at: at, updated_at: at.unwrap(), ..item };
        world.send(Msg::ItemSeen(seen.id.clone(), Some(seen)));
        world
    });
    snap("shared-elsewhere", |size| {
        let mut world = shared(size);
        let item = world.model.current().unwrap().item.clone();
        let seen = Item { updated_at: now(), ..item };
        world.send(Msg::ItemSeen(seen.id.clone(), Some(seen)));
        world.quiet();
        world
    });
}

#[test]
fn flagged_items() {
    snap("review-flagged", |size| {
        let mut world = review(size, server());
        world.press("!");
        world.paste("the refund rule changed in May, ask the lead before anybody scores this one");
        world.press("Enter");
        world
    });
}

#[test]
fn modals() {
    let open = |keys: &'static str, text: &'static str| {
        move |size| {
            let mut world = review(size, server());
            world.press(keys);
            if !text.is_empty() {
                world.paste(text);
            }
            world
        }
    };
    snap(
        "modal-comment",
        open(
            "] ] ] c",
            "The policy says parts under 20 € are replaced without return; the answer offers both.",
        ),
    );
    snap("modal-flag", open("!", "odd tone"));
    snap("modal-flagged", open("! Enter !", ""));
    snap("modal-add", |size| {
        let mut world = World::new(size, server());
        world.press("l a");
        world.paste("session:s-204 sesion:1");
        world.press("Enter");
        world
    });
    snap("modal-remove", |size| {
        let mut world = World::new(size, server());
        world.press("l D");
        world
    });
    snap("modal-value", open("4 1 2 =", "to"));
    snap("modal-reason", open("4 Ctrl-p '", "both options are free"));
    snap("modal-find", open("/", "lid"));
    snap("modal-help", open("?", ""));
    snap("modal-guidelines", open("p", ""));
    snap("modal-scores", open("Enter", ""));
    snap("modal-info", open("i", ""));
    snap("modal-unsent-none", open("S", ""));
}

#[test]
fn unsent_writes() {
    snap("modal-unsent", |size| {
        let mut world = review(size, server());
        world.press("4 1 2 3 Space");
        world.settle(2, WriteState::Pending, None);
        world.settle(4, WriteState::Refused, Some("`missing step` is not one of the categories any more"));
        world.settle(
            3,
            WriteState::Conflict,
            Some("someone else completed this item at 2025-11-23T15:02:00Z"),
        );
        world.pause(Why::Offline("cannot reach langfuse.example".into()), Some(42));
        world.press("S j j");
        world
    });
    snap("review-overtaken", |size| {
        let mut world = review(size, server());
        world.press("4 1");
        let noted = "someone else completed this item at 2025-11-23T15:02:00Z";
        world.settle(2, WriteState::Conflict, Some(noted));
        world.press("Ctrl-p");
        world
    });
    snap("modal-unsent-details", |size| {
        let mut world = review(size, server());
        world.press("4 1");
        world.settle(2, WriteState::Refused, Some(&"a long story about what is not allowed, ".repeat(6)));
        world.press("S Enter");
        world
    });
    snap("modal-discard", |size| {
        let mut world = review(size, server());
        world.press("4 1");
        world.settle(1, WriteState::Refused, Some("no"));
        world.press("S x");
        world
    });
    snap("modal-leaving", |size| {
        let mut world = review(size, server());
        world.press("4 1");
        world.pause(Why::Offline("cannot reach langfuse.example".into()), Some(42));
        world.press("Ctrl-c");
        world
    });
}

#[test]
fn the_end_of_a_queue() {
    snap("summary", |size| {
        let mut world = World::new(size, server());
        world.press("j j Enter 4 Space 3 Space 5 s");
        world.settle(1, WriteState::Refused, Some("the config is archived"));
        world
    });
}

#[test]
fn pauses() {
    let paused = |why: Why, until| {
        move |size| {
            let mut world = review(size, server());
            world.press("4 1");
            world.pause(why.clone(), until);
            world
        }
    };
    snap(
        "pause-keys",
        paused(Why::Keys("Invalid credentials. Confirm that the host is right.".into()), None),
    );
    snap("pause-offline", paused(Why::Offline("cannot reach langfuse.example".into()), Some(42)));
    snap("pause-limited", |size| {
        let mut world = review(size, server());
        world.send(Msg::Limited(Some(now() + Duration::from_secs(12))));
        world
    });
    snap("pause-limited-typing", |size| {
        let mut world = review(size, Server { subject: None, scores: None, comments: vec![], ..server() });
        world.send(Msg::Limited(Some(now() + Duration::from_secs(12))));
        world.press("4 1 2 Space");
        world
    });
}

#[test]
fn signs_without_unicode() {
    let mut world = review((120, 40), server());
    world.press("4 1");
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("ui_snapshots");
    settings.bind(|| insta::assert_snapshot!("review-ascii-120x40", shown(&world.draw_with(&Glyphs::ASCII))));
}

const HOSTILE: &str = "a\u{1b}[2J\u{1b}]52;c;aGk=\u{7}b\u{9b}31m\u{202e}drow\u{2066}\u{200b}\u{feff}\u{ad}\r\nnext\ttab\u{e0041}";

fn hostile() -> Server {
    let text = || HOSTILE.to_owned();
    let texts = Texts {
        project: text(),
        queue: text(),
        guidelines: text(),
        name: text(),
        title: text(),
        user: text(),
        config: text(),
        reason: text(),
        message: text(),
    };
    let object = server().object;
    let subject = tracemark::domain::Subject::new(&object, observations(&texts)).map(Arc::new);
    Server { scores: Some(Ok(scores(&texts))), subject: Some(Ok(subject)), texts, ..server() }
}

fn assert_harmless(world: &World, place: &str) {
    let buffer = world.draw();
    for cell in buffer.content() {
        let symbol = cell.symbol();
        assert_eq!(clean(symbol), symbol, "{place}");
        assert!(!symbol.contains(['\n', '\r', '\t', '\u{1b}']), "{place}: {symbol:?}");
    }
    assert!(
        shown(&buffer).contains("U+202E") || shown(&buffer).contains('␛'),
        "{place} shows no hostile text"
    );
}

#[test]
fn nothing_hostile_reaches_the_terminal() {
    for size in SIZES {
        let mut world = World::new(size, hostile());
        assert_harmless(&world, "queues");
        world.press("l");
        assert_harmless(&world, "items");
        world.press("D");
        assert_harmless(&world, "question");
        world.press("n");
        world.press("Enter");
        assert_harmless(&world, "review");
        world.press("?");
        for (keys, place) in
            [("q i", "info"), ("q p", "guidelines"), ("q c", "comment"), ("Esc 4 Ctrl-p '", "reason")]
        {
            world.press(keys);
            if place != "guidelines" && place != "info" {
                world.paste(HOSTILE);
            }
            assert_harmless(&world, place);
        }
        world.press("Ctrl-s");
        world.settle(2, WriteState::Refused, Some(HOSTILE));
        assert_harmless(&world, "refused");
        world.press("S");
        assert_harmless(&world, "unsent");
        world.press("q !");
        world.paste(HOSTILE);
        world.press("Enter");
        assert_harmless(&world, "flag");
        world.press("/");
        world.paste(HOSTILE);
        assert_harmless(&world, "find");
        world.press("Enter");
        world.send(Msg::Notice(HOSTILE.into()));
        assert_harmless(&world, "notice");
        world.press("Space s");
        world.pause(Why::Keys(HOSTILE.into()), None);
        assert_harmless(&world, "banner");
        world.model.screen = tracemark::app::Screen::Summary;
        assert_harmless(&world, "summary");
        let failed = World::new(size, Server { connects: Some(Err(failure(HOSTILE, HOSTILE))), ..hostile() });
        assert_harmless(&failed, "failed");
        let failed = review(size, Server { subject: Some(Err(failure(HOSTILE, HOSTILE))), ..hostile() });
        assert_harmless(&failed, "item failed");
    }
}

/// One world for every place on the screen.
fn places() -> Vec<World> {
    let size = (120, 40);
    let on_queues = World::new(size, server());
    let loading = World::new(size, Server { connects: None, ..server() });
    let failed = World::new(size, Server { connects: Some(Err(offline())), ..server() });
    let missing = review(size, Server { subject: Some(Ok(None)), ..server() });
    let object = Object { kind: ObjectKind::Session, id: "s-204".into() };
    let subject = Some(Ok(Some(Arc::new(session(&Texts::default())))));
    let conversation = review(size, Server { subject, object, ..server() });
    let keys = [
        "",
        "?",
        "i",
        "p",
        "S",
        "c",
        "=",
        "/",
        "4 '",
        "4 1 2 =",
        "4 Ctrl-p '",
        "z",
        "t",
        "Tab",
        "Tab z",
        "t Tab Tab z",
        "!",
    ];
    let mut worlds: Vec<World> = keys
        .into_iter()
        .map(|keys| {
            let mut world = review(size, server());
            world.press(keys);
            world
        })
        .collect();
    let mut summary = World::new(size, server());
    summary.press("j j Enter 4 Space 3 Space 5 s");
    let mut on_items = World::new(size, server());
    on_items.press("l");
    let mut asked = World::new(size, server());
    asked.press("l D");
    worlds.extend(vec![on_queues, on_items, asked, loading, failed, missing, conversation, summary]);
    worlds
}

#[test]
fn every_place_draws_at_every_size() {
    for (n, mut world) in places().into_iter().enumerate() {
        // Every place starts elsewhere, so that together they see more sizes than each alone.
        for width in (1 + n % 17..=220).step_by(17) {
            for height in (1 + n % 9..=70).step_by(9) {
                let (width, height) = (u16::try_from(width).unwrap(), u16::try_from(height).unwrap());
                world.send(Msg::Resize(width, height));
                world.draw();
            }
        }
        for size in [(59, 14), (60, 15), (89, 15), (90, 15), (99, 16), (100, 16), (119, 15), (120, 15)] {
            world.send(Msg::Resize(size.0, size.1));
            world.draw();
        }
        // The terminal may have changed before the model has heard of it.
        world.model.size = (200, 60);
        world.draw_on((70, 20));
    }
}

#[test]
fn a_small_terminal_says_so() {
    let world = World::new((40, 10), server());
    assert!(shown(&world.draw()).contains("40 × 10 is too small, 60 × 15 is"));
}
