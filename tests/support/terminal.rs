//! The real program on a pseudo-terminal of its own, looked at frame by frame.

use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use portable_pty::MasterPty;
use rustix::process::Signal;

use super::project::{QUEUE, Server, program};
use super::pty::{Pty, cells, command, size};

/// Longest silence of the program that is waited through.
pub const PATIENCE: Duration = Duration::from_secs(100);
/// What ends a frame.
const FRAME: &[u8] = b"\x1b[?2026l";
const SIZE: (u16, u16) = (150, 44);

/// A terminal with the program in it.
pub struct Terminal {
    screen: vt100::Parser,
    pty: Pty,
    /// Output of a frame that has not ended.
    rest: Vec<u8>,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Starts the program on the queue, its files in this folder, connected to `port` with the keys
    /// of `server`.
    pub fn start(folder: &Path, server: &Server, port: u16) -> Self {
        let mut command = command(&program(), folder);
        command.args(["--queue", QUEUE, "--annotator", "tester"]);
        command.env("LANGFUSE_BASE_URL", format!("http://127.0.0.1:{port}"));
        command.env("LANGFUSE_PUBLIC_KEY", &server.public_key);
        command.env("LANGFUSE_SECRET_KEY", &server.secret_key);
        let (pty, master) = Pty::start(command, size(SIZE.0, SIZE.1));
        let screen = vt100::Parser::new(cells(SIZE.1), cells(SIZE.0), 0);
        Self { screen, pty, rest: Vec::new(), _master: master }
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        // A program that has just ended takes no keys; what follows will show that.
        let _ = self.pty.send(keys.as_bytes());
    }

    /// The screen as of the last whole frame.
    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// The last whole frame's rows from a column on.
    pub fn rows_from(&self, column: u16) -> Vec<String> {
        self.screen.screen().rows(column, SIZE.0 - column).collect()
    }

    /// Takes in what the program has drawn, waiting for it at most this long, and calls `seen`
    /// after each frame. False if the program has closed the terminal.
    pub fn pump(&mut self, wait: Duration, seen: &mut dyn FnMut(&Self)) -> bool {
        let mut next = self.pty.output.recv_timeout(wait);
        loop {
            match next {
                Ok(bytes) => self.take(&bytes, seen),
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            next = self.pty.output.recv_timeout(Duration::ZERO);
        }
    }

    fn take(&mut self, bytes: &[u8], seen: &mut dyn FnMut(&Self)) {
        self.rest.extend_from_slice(bytes);
        while let Some(at) = self.rest.windows(FRAME.len()).position(|window| window == FRAME) {
            let frame: Vec<u8> = self.rest.drain(..at + FRAME.len()).collect();
            self.screen.process(&frame);
            seen(self);
        }
    }

    /// Kills the program as a power cut would, and looks at what it had drawn until then.
    pub fn kill(mut self, seen: &mut dyn FnMut(&Self)) {
        self.pty.signal(Signal::KILL);
        self.pty.wait();
        while self.pump(PATIENCE, seen) {}
    }
}
