//! The real program on a pseudo-terminal: started, typed to, read, signalled.

use std::io::{self, Read as _, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// The program, and what it writes.
pub struct Pty {
    /// Closed once the program has closed the terminal.
    pub output: Receiver<Vec<u8>>,
    input: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
}

/// The program's command line, with its files in this folder and nothing from our environment.
pub fn command(program: &str, folder: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.env_clear();
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env("USER", "tester");
    for kind in ["CONFIG", "DATA", "STATE"] {
        command.env(format!("TRACEMARK_{kind}_DIR"), folder.join(kind.to_lowercase()));
    }
    command
}

/// The size of a terminal in columns and rows.
pub fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

/// A number of columns or rows, which is never 0.
pub fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

impl Pty {
    /// Starts a command on a terminal of its own, which lasts as long as its other end.
    pub fn start(command: CommandBuilder, size: PtySize) -> (Self, Box<dyn MasterPty + Send>) {
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
        (Self { output, input, child }, pair.master)
    }

    /// Types.
    pub fn send(&mut self, keys: &[u8]) -> io::Result<()> {
        self.input.write_all(keys)?;
        self.input.flush()
    }

    /// Signals the program.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Waits for the program to end; its exit code.
    pub fn wait(&mut self) -> u32 {
        self.child.wait().unwrap().exit_code()
    }
}
