//! Each kind of write, with the program killed at each step of sending it: afterwards the server has
//! it exactly once.

use std::time::Duration;

use rstest::rstest;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::reviewer::Look;
use crate::support::fault_proxy::{Exchange, FaultProxy, Held, On, Point, Verdict};
use crate::support::journal::{self, Entry};
use crate::support::project::{Server, case};
use crate::support::terminal::{PATIENCE, Terminal};

const NEXT_ITEM: &str = "J";
const PREVIOUS_ITEM: &str = "K";
const PREVIOUS_ROW: &str = "\x10";
const BACKSPACE: &str = "\x7f";

/// A kind of write, and how a person brings it about.
struct Kind {
    /// Before, each sent before the next is pressed.
    first: &'static [&'static str],
    /// Keys that make the decision and let it go.
    keys: &'static [&'static str],
    /// Method and path of the request that carries it.
    request: (&'static str, &'static str),
    /// Whether the server may carry it out twice without anybody being able to tell.
    repeatable: bool,
    /// What the server has in the end: scores, comments, status.
    end: (&'static [(&'static str, &'static str)], &'static [&'static str], &'static str),
}

const SCORE: Kind = Kind {
    first: &[],
    keys: &["4", NEXT_ITEM],
    request: ("POST", "/scores"),
    repeatable: true,
    end: (&[("quality", "4")], &[], "PENDING"),
};
const SCORES: Kind = Kind {
    first: &[],
    keys: &["4", "3", "1", NEXT_ITEM],
    request: ("POST", "/scores"),
    repeatable: true,
    end: (&[("quality", "4"), ("tone", "rude"), ("useful", "1")], &[], "PENDING"),
};
const NEW_VALUE: Kind = Kind {
    first: &["4", NEXT_ITEM],
    keys: &[PREVIOUS_ITEM, PREVIOUS_ROW, "2", NEXT_ITEM],
    request: ("POST", "/scores"),
    repeatable: true,
    end: (&[("quality", "2")], &[], "PENDING"),
};
const DELETION: Kind = Kind {
    first: &["4", NEXT_ITEM],
    keys: &[PREVIOUS_ITEM, PREVIOUS_ROW, BACKSPACE, NEXT_ITEM],
    request: ("DELETE", "/scores/"),
    repeatable: true,
    end: (&[], &[], "PENDING"),
};
const COMMENT: Kind = Kind {
    first: &[],
    keys: &["c", "case-001 try 1", "\x13", NEXT_ITEM],
    request: ("POST", "/comments"),
    repeatable: false,
    end: (&[], &["case-001 try 1"], "PENDING"),
};
const COMPLETION: Kind = Kind {
    first: &[],
    keys: &[" "],
    request: ("PATCH", "/items/"),
    repeatable: false,
    end: (&[], &[], "COMPLETED"),
};
const REOPENING: Kind = Kind {
    first: &[" "],
    keys: &[PREVIOUS_ITEM, "r", NEXT_ITEM],
    request: ("PATCH", "/items/"),
    repeatable: false,
    end: (&[], &[], "PENDING"),
};

/// When the program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The request has left; the server never hears of it.
    Unheard,
    /// The server has done it; the answer never comes.
    Unanswered,
    /// The answer has come; the program has not noted it yet.
    Unsettled,
}

#[rstest]
fn a_write_arrives_once_wherever_the_program_is_killed(
    #[values(SCORE, SCORES, NEW_VALUE, DELETION, COMMENT, COMPLETION, REOPENING)] kind: Kind,
    #[values(Step::Unheard, Step::Unanswered, Step::Unsettled)] step: Step,
) {
    let stage = Stage::new();
    let mut terminal = stage.start();
    stage.look(&mut terminal, "the first case", |look| look.case == Some(case(0)) && look.is_decidable());
    for keys in kind.first {
        stage.press(&mut terminal, keys);
    }
    stage.until(&mut terminal, "everything sent", |entries| {
        entries.is_empty() == kind.first.is_empty() && !entries.iter().any(Entry::is_open)
    });
    let before = stage.effects(&kind);
    let point = if step == Step::Unheard { Point::Asked } else { Point::Answered };
    let held = stage.proxy.hold(On::nth(kind.request.0, kind.request.1, 1), point);
    for keys in kind.keys {
        stage.press(&mut terminal, keys);
    }
    stage.kill_at(step, terminal, &held);
    let left = journal::autopsy(&stage.data());
    let sending = |entry: &&Entry| entry.state == "sending" && entry.attempts == 1;
    assert!(left.iter().any(|entry| sending(&entry)), "nothing was being sent: {left:?}");

    let mut terminal = stage.start();
    stage.until(&mut terminal, "everything sent", |entries| !entries.iter().any(Entry::is_open));
    terminal.kill(&mut |_| {});
    stage.compare(&kind, before);
}

/// A server with two cases, and a proxy before it.
struct Stage {
    folder: TempDir,
    server: Server,
    proxy: FaultProxy,
    runtime: Runtime,
}

impl Stage {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("config")).unwrap();
        std::fs::write(folder.path().join("config/config.toml"), "hold = \"0s\"\n").unwrap();
        let server = Server::start(folder.path(), 2);
        let runtime = Runtime::new().unwrap();
        let proxy = runtime.block_on(FaultProxy::start(server.address));
        Self { folder, server, proxy, runtime }
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn start(&self) -> Terminal {
        Terminal::start(self.folder.path(), &self.server, self.proxy.address().port())
    }

    /// Presses keys once the last ones have had their effect.
    fn press(&self, terminal: &mut Terminal, keys: &str) {
        let before = terminal.text();
        terminal.send(keys);
        self.wait(terminal, keys, |terminal| terminal.text() != before);
        let settled = |look: &Look| look.editor || look.is_decidable();
        self.look(terminal, "an item to decide on", settled);
    }

    fn look(&self, terminal: &mut Terminal, what: &str, done: impl Fn(&Look) -> bool) {
        self.wait(terminal, what, |terminal| done(&Look::at(terminal)));
    }

    fn until(&self, terminal: &mut Terminal, what: &str, done: impl Fn(&[Entry]) -> bool) {
        self.wait(terminal, what, |_| done(&journal::read(&self.data())));
    }

    fn wait(&self, terminal: &mut Terminal, what: &str, done: impl Fn(&Terminal) -> bool) {
        let tick = Duration::from_millis(100);
        let mut waited = Duration::ZERO;
        while !done(terminal) {
            let runs = terminal.pump(tick, &mut |_| {});
            waited += tick;
            let rows = journal::read(&self.data());
            assert!(runs && waited < PATIENCE, "waited for {what}\n{}\n{rows:?}", terminal.text());
        }
    }

    fn kill_at(&self, step: Step, mut terminal: Terminal, held: &Held) {
        self.wait(&mut terminal, "the request", |_| held.is_reached());
        if step == Step::Unsettled {
            // Without the lock it cannot note that the answer came.
            let lock = journal::lock(&self.data());
            held.release(Verdict::GoOn);
            self.wait(&mut terminal, "the answer delivered", |_| held.is_delivered());
            terminal.kill(&mut |_| {});
            drop(lock);
        } else {
            terminal.kill(&mut |_| {});
            held.release(Verdict::Drop);
        }
        self.runtime.block_on(self.proxy.quiet());
    }

    /// How often the server has carried out requests of this kind.
    fn effects(&self, kind: &Kind) -> usize {
        let (method, path) = kind.request;
        let fits = |exchange: &&Exchange| {
            exchange.method == method && exchange.path.contains(path) && exchange.took_effect()
        };
        self.proxy.log().iter().filter(fits).count()
    }

    fn compare(&self, kind: &Kind, before: usize) {
        let rows = journal::read(&self.data());
        assert!(!rows.iter().any(|row| row.state == "refused"), "{rows:?}");
        let times = self.effects(kind) - before;
        assert!(times == 1 || kind.repeatable && times == 2, "carried out {times} times: {rows:?}");
        let (scores, comments, status) = kind.end;
        let scores: Vec<_> =
            scores.iter().map(|(row, value)| ((*row).to_owned(), (*value).to_owned())).collect();
        assert_eq!(self.server.scores(&case(0)), scores);
        let there: Vec<String> = self.server.comments(&case(0)).into_iter().map(|(text, _)| text).collect();
        assert_eq!(there, comments);
        assert_eq!(self.server.item(&case(0)).0, status);
    }
}
