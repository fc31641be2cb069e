//! The real program in a pseudo-terminal: it starts, keeps every key, is quiet when idle, and gives
//! the terminal back clean.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]
#![cfg(unix)]

#[path = "support/pty.rs"]
mod program;

use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use portable_pty::{CommandBuilder, MasterPty};
use program::{Pty, cells, command, size};
use rustix::process::Signal;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_mins(1);

/// The program on a terminal of its own.
struct Terminal {
    screen: vt100::Parser,
    pty: Pty,
    master: Box<dyn MasterPty + Send>,
    raw: Vec<u8>,
    folder: TempDir,
}

impl Terminal {
    fn start(columns: u16, rows: u16) -> Self {
        Self::start_with(columns, rows, |_, _| {})
    }

    fn start_with(columns: u16, rows: u16, prepare: impl FnOnce(&Path, &mut CommandBuilder)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut command = command(env!("CARGO_BIN_EXE_tracemark"), folder.path());
        prepare(folder.path(), &mut command);
        let (pty, master) = Pty::start(command, size(columns, rows));
        let screen = vt100::Parser::new(cells(rows), cells(columns), 0);
        Self { screen, pty, master, raw: Vec::new(), folder }
    }

    fn send(&mut self, keys: &[u8]) {
        self.pty.send(keys).unwrap();
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        self.master.resize(size(columns, rows)).unwrap();
        self.screen.screen_mut().set_size(cells(rows), cells(columns));
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.raw.extend_from_slice(bytes);
    }

    /// Reads until the screen shows a text.
    fn wait_for(&mut self, wanted: &str) {
        self.wait_until(wanted, |text| text.contains(wanted));
    }

    fn wait_until(&mut self, what: &str, done: impl Fn(&str) -> bool) {
        while !done(&self.text()) {
            match self.pty.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.take(&bytes),
                Err(error) => panic!("waited in vain for {what:?} ({error}):\n{}", self.text()),
            }
        }
    }

    /// Reads until the program has written some bytes so many times.
    fn wait_for_raw(&mut self, wanted: &[u8], times: usize) {
        while self.raw.windows(wanted.len()).filter(|window| *window == wanted).count() < times {
            let bytes = self.pty.output.recv_timeout(PATIENCE).unwrap();
            self.take(&bytes);
        }
    }

    /// Reads until nothing has come for a while.
    fn settle(&mut self) {
        while let Ok(bytes) = self.pty.output.recv_timeout(Duration::from_millis(700)) {
            self.take(&bytes);
        }
    }

    /// Reads until the program has closed the terminal.
    fn wait_for_end(&mut self) -> u32 {
        loop {
            match self.pty.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end:\n{}", self.text()),
            }
        }
        self.pty.wait()
    }

    fn assert_clean(&self) {
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(!screen.bracketed_paste(), "pastes are still bracketed");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }
}

#[test]
fn the_first_start_shows_the_sample_and_q_gives_the_terminal_back() {
    let mut terminal = Terminal::start(120, 40);
    terminal.wait_for("Support quality");
    terminal.wait_for("embedded workspace");
    terminal.wait_for("tracemark login");
    terminal.send(b"\r");
    terminal.wait_for("RUBRIC");
    terminal.send(b"q");
    terminal.wait_for("QUEUES");
    terminal.send(b"qq");
    assert_eq!(terminal.wait_for_end(), 0);
    terminal.assert_clean();
}

#[test]
fn signals_end_it_with_a_clean_terminal() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut terminal = Terminal::start(100, 30);
        terminal.wait_for("Support quality");
        terminal.pty.signal(signal);
        assert_eq!(terminal.wait_for_end(), 128 + signal.as_raw().unsigned_abs());
        terminal.assert_clean();
    }
}

#[test]
fn what_is_being_written_survives_a_signal() {
    for signal in [Signal::TERM, Signal::HUP] {
        let mut terminal = Terminal::start(120, 40);
        terminal.wait_for("20 pending");
        terminal.send(b"\r");
        terminal.wait_for("INPUT");
        terminal.send(b"chalf a thought");
        terminal.wait_for("half a thought");
        terminal.pty.signal(signal);
        terminal.wait_for_end();
        let database = rusqlite::Connection::open(terminal.folder.path().join("data/tracemark.db")).unwrap();
        let draft: String = database.query_row("SELECT text FROM draft", [], |row| row.get(0)).unwrap();
        assert_eq!(draft, "half a thought");
    }
}

#[test]
fn what_is_being_written_survives_being_killed() {
    let mut terminal = Terminal::start(120, 40);
    terminal.wait_for("20 pending");
    terminal.send(b"\r");
    terminal.wait_for("INPUT");
    terminal.send(b"chalf a thought");
    terminal.wait_for("half a thought");
    let database = terminal.folder.path().join("data/tracemark.db");
    let draft = || {
        let database = rusqlite::Connection::open(&database).unwrap();
        database.query_row("SELECT text FROM draft", [], |row| row.get::<_, String>(0)).ok()
    };
    // Nothing on the screen tells of it: looked for again and again, for a minute at most.
    let kept = (0..60).any(|_| {
        let _ = terminal.pty.output.recv_timeout(Duration::from_secs(1));
        draft().as_deref() == Some("half a thought")
    });
    assert!(kept, "{:?}", draft());
    terminal.pty.signal(Signal::KILL);
    terminal.wait_for_end();
    assert_eq!(draft().as_deref(), Some("half a thought"));
}

#[test]
fn stopped_and_continued_from_outside_it_takes_the_terminal_again() {
    let mut terminal = Terminal::start(100, 30);
    terminal.wait_for("20 pending");
    for times in 2..4 {
        terminal.pty.signal(Signal::STOP);
        terminal.pty.signal(Signal::CONT);
        terminal.wait_for_raw(b"\x1b[?1049h", times);
    }
    terminal.settle();
    terminal.wait_for("20 pending");
    terminal.send(b"qq");
    assert_eq!(terminal.wait_for_end(), 0);
    terminal.assert_clean();
}

#[test]
fn an_interrupt_meant_for_the_editor_does_not_end_the_program() {
    let mut terminal = Terminal::start_with(120, 40, |folder, command| {
        let editor = folder.join("editor");
        // As when Ctrl-c is pressed in it: the signal goes to all programs of the terminal.
        let script = "#!/bin/sh\ntrap : INT\nkill -INT 0\nprintf 'written outside' > \"$1\"\n";
        std::fs::write(&editor, script).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&editor, executable).unwrap();
        command.env("PATH", "/usr/bin:/bin");
        command.env("EDITOR", editor);
    });
    terminal.wait_for("20 pending");
    terminal.send(b"\r");
    terminal.wait_for("INPUT");
    terminal.send(b"c");
    terminal.wait_for("Comment on");
    terminal.send(b"\x05");
    terminal.wait_for("written outside");
    terminal.send(b"\x03");
    assert_eq!(terminal.wait_for_end(), 0);
    terminal.assert_clean();
}

#[test]
fn three_thousand_keys_at_once_all_arrive() {
    let mut terminal = Terminal::start(120, 40);
    terminal.wait_for("20 pending");
    terminal.send(b"\r");
    terminal.wait_for("RUBRIC");
    terminal.wait_for("INPUT");
    // An even number of zooms ends where it began; one more shows that none was lost.
    terminal.send(&[b"z".repeat(2999), b"c".to_vec()].concat());
    terminal.wait_for("Comment on");
    terminal.settle();
    terminal.send(b"\x1b");
    terminal.wait_until("the editor closed", |text| !text.contains("Comment on"));
    terminal.settle();
    assert!(
        !terminal.text().contains("RUBRIC"),
        "an odd number of zooms leaves one pane:\n{}",
        terminal.text()
    );
}

#[test]
fn a_paste_of_100_kb_arrives_whole() {
    let mut terminal = Terminal::start(120, 40);
    terminal.wait_for("20 pending");
    terminal.send(b"\r");
    terminal.wait_for("INPUT");
    terminal.send(b"c");
    terminal.wait_for("Comment on");
    let paste = [b"\x1b[200~".to_vec(), b"line of text\n".repeat(7693), b"\x1b[201~".to_vec()].concat();
    terminal.send(&paste);
    terminal.wait_until("the whole paste counted", |text| {
        text.contains("100008 / 5000") || text.contains("100,008 / 5,000")
    });
}

#[test]
fn an_idle_program_writes_nothing() {
    let mut terminal = Terminal::start(120, 40);
    // Everything that arrives after the start, so that only idling is left.
    for last in ["20 pending", "34 ▕", "“Hi there!", "all sent"] {
        terminal.wait_for(last);
    }
    terminal.settle();
    let quiet = terminal.pty.output.recv_timeout(Duration::from_secs(4));
    assert!(quiet.is_err(), "wrote {:?}", quiet.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
}

#[test]
fn resizing_keeps_the_layout_and_too_small_says_so() {
    let mut terminal = Terminal::start(120, 40);
    terminal.wait_for("20 pending");
    for (columns, rows) in [(40, 10), (1, 1), (250, 80), (59, 15), (80, 24)] {
        terminal.resize(columns, rows);
    }
    terminal.settle();
    terminal.wait_for("Support quality");
    terminal.resize(50, 12);
    terminal.wait_for("60");
    terminal.send(b"\x03");
    assert_eq!(terminal.wait_for_end(), 0);
    terminal.assert_clean();
}
