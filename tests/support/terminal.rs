//! The real program on a pseudo-terminal of its own, looked at frame by frame.

use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use super::project::{QUEUE, Server, program};

/// Longest silence of the program that is waited through.
pub const PATIENCE: Duration = Duration::from_secs(100);
/// What ends a frame.
const FRAME: &[u8] = b"\x1b[?2026l";
const SIZE: (u16, u16) = (150, 44);

/// A terminal with the program in it.
pub struct Terminal {
    screen: vt100::Parser,
    output: Receiver<Vec<u8>>,
    input: Box<dyn std::io::Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    /// Output of a frame that has not ended.
    rest: Vec<u8>,
    _master: Box<dyn MasterPty + Send>,
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

impl Terminal {
    /// Starts the program on the queue, its files in this folder, connected to `port` with the keys
    /// of `server`.
    pub fn start(folder: &Path, server: &Server, port: u16) -> Self {
        let mut command = CommandBuilder::new(program());
        command.args(["--queue", QUEUE, "--annotator", "tester"]);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("USER", "tester");
        for kind in ["CONFIG", "DATA", "STATE"] {
            command.env(format!("TRACEMARK_{kind}_DIR"), folder.join(kind.to_lowercase()));
        }
        command.env("LANGFUSE_BASE_URL", format!("http://127.0.0.1:{port}"));
        command.env("LANGFUSE_PUBLIC_KEY", &server.public_key);
        command.env("LANGFUSE_SECRET_KEY", &server.secret_key);
        Self::spawn(command)
    }

    fn spawn(command: CommandBuilder) -> Self {
        let size = PtySize { rows: SIZE.1, cols: SIZE.0, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        #[expect(clippy::disallowed_methods, reason = "reads the terminal until it closes")]
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(read) = reader.read(&mut buffer) {
                if read == 0 || sender.send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        let input = pair.master.take_writer().unwrap();
        let screen = vt100::Parser::new(cells(SIZE.1), cells(SIZE.0), 0);
        Self { screen, output, input, child, rest: Vec::new(), _master: pair.master }
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        // A program that has just ended takes no keys; what follows will show that.
        let _ = self.input.write_all(keys.as_bytes());
        let _ = self.input.flush();
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
        let mut next = self.output.recv_timeout(wait);
        loop {
            match next {
                Ok(bytes) => self.take(&bytes, seen),
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            next = self.output.recv_timeout(Duration::ZERO);
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
        let id = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::KILL).unwrap();
        self.child.wait().unwrap();
        while self.pump(PATIENCE, seen) {}
    }
}
