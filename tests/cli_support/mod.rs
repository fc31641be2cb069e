//! The binary with directories of its own, and a journal to work on.
#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command as Process, Stdio};

use assert_cmd::Command;
use jiff::Timestamp;
use tempfile::TempDir;
use tracemark::domain::{
    CommentWrite, DataType, Decision, ItemStatus, Made, Object, ObjectKind, ScoreWrite, Source, Target,
    Value, Write,
};
use tracemark::store::{Scope, Store};

/// Directories of its own and nothing of the tester's environment.
pub struct Home(pub TempDir);

impl Home {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub fn process(&self) -> Process {
        let mut process = Process::new(assert_cmd::cargo::cargo_bin!("tracemark"));
        process.env_clear().env("TERM", "xterm-256color").env("USER", "ada");
        for part in ["CONFIG", "DATA", "STATE"] {
            process.env(format!("TRACEMARK_{part}_DIR"), self.0.path().join(part.to_lowercase()));
        }
        process
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut process = self.process();
        process.args(arguments);
        Command::from_std(process)
    }

    pub fn serve(&self, arguments: &[&str]) -> Serving {
        self.serve_with(arguments, None)
    }

    /// The same with a secret key of the tester's choice.
    pub fn serve_with(&self, arguments: &[&str], secret: Option<&str>) -> Serving {
        let mut process = self.process();
        process.envs(secret.map(|secret| ("TRACEMARK_SERVE_SECRET_KEY", secret)));
        process.arg("serve").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = process.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut value = |name: &str| {
            let line = lines.next().expect("it prints five lines").unwrap();
            line.strip_prefix(&format!("{name}=")).expect(name).to_owned()
        };
        Serving {
            url: value("LANGFUSE_BASE_URL"),
            public_key: value("LANGFUSE_PUBLIC_KEY"),
            secret_key: value("LANGFUSE_SECRET_KEY"),
            more: [lines.next(), lines.next()].into_iter().map(|line| line.unwrap().unwrap()).collect(),
            child,
        }
    }
}

/// A running `tracemark serve`.
pub struct Serving {
    pub url: String,
    pub public_key: String,
    pub secret_key: String,
    /// What else it says about itself.
    pub more: Vec<String>,
    child: Child,
}

impl Serving {
    pub fn get(&self, path: &str) -> String {
        let host = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends a signal; returns the exit code and what was said on stderr.
    pub fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let sent = Process::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let code = self.child.wait().unwrap().code();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (code, said)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs a command that fails; returns its exit code and stderr.
pub fn failure(command: &mut Command) -> (i32, String) {
    let output = command.output().unwrap();
    assert_eq!(text(&output.stdout), "", "failures leave stdout alone");
    (output.status.code().unwrap(), text(&output.stderr))
}

/// Seconds after ten o'clock.
pub fn at(seconds: i64) -> Timestamp {
    let ten: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    Timestamp::from_second(ten.as_second() + seconds).unwrap()
}

impl Home {
    /// The journal, made where there is none.
    pub fn store(&self) -> Store {
        Store::open(&self.database(), at(0)).unwrap().store
    }

    /// Runs a command on a terminal of 80 columns and answers a question; gives the screen and the
    /// exit code.
    pub fn in_terminal(&self, arguments: &[&str], question: &str, answer: &str) -> (String, u32) {
        let pty = portable_pty::native_pty_system().openpty(portable_pty::PtySize::default()).unwrap();
        let mut command = portable_pty::CommandBuilder::new(assert_cmd::cargo::cargo_bin!("tracemark"));
        command.args(arguments);
        command.env_clear();
        for (name, value) in self.process().get_envs() {
            command.env(name, value.unwrap());
        }
        let mut child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().unwrap();
        let mut writer = pty.master.take_writer().unwrap();
        let (mut seen, mut asked, mut part) = (Vec::new(), question.is_empty(), [0; 4096]);
        // A terminal whose other end is gone fails instead of ending.
        while let Ok(n @ 1..) = reader.read(&mut part) {
            seen.extend_from_slice(&part[..n]);
            if !asked && String::from_utf8_lossy(&seen).ends_with(question) {
                writer.write_all(format!("{answer}\n").as_bytes()).unwrap();
                asked = true;
            }
        }
        (String::from_utf8(seen).unwrap(), child.wait().unwrap().exit_code())
    }

    pub fn database(&self) -> std::path::PathBuf {
        self.0.path().join("data/tracemark.db")
    }
}

pub fn scope(host: &str) -> Scope {
    Scope { host: host.into(), project: "p1".into() }
}

/// A decision by ada on an item of the queue q1.
pub fn decision(item: &str, about: &str, write: Write, before: Option<Write>) -> Decision {
    let made = Made {
        annotator: "ada".into(),
        queue_id: Some("q1".into()),
        about: about.into(),
        before: before.map(Box::new),
        on_screen: Some(std::time::Duration::from_millis(61_200)),
    };
    Decision { item_id: item.into(), write, made }
}

/// Saves a decision on `i1` and releases it; gives its number.
pub fn decide(store: &mut Store, scope: &Scope, write: Write) -> i64 {
    let row = store.record(scope, &decision("i1", "support-chat 12", write, None), at(0)).unwrap();
    store.release(scope, None, None, at(1)).unwrap();
    row.seq
}

pub fn tone(value: &str, reason: Option<&str>) -> Write {
    Write::Score(ScoreWrite {
        id: "s-tone".into(),
        target: Target::Trace("t1".into()),
        config_id: Some("c-tone".into()),
        queue_id: Some("q1".into()),
        name: "tone".into(),
        value: Value::Category(value.into()),
        data_type: DataType::Categorical,
        comment: reason.map(Into::into),
        source: Source::Annotation,
        annotator: "ada".into(),
        timestamp: at(0),
        environment: None,
    })
}

pub fn comment(content: &str) -> Write {
    let object = Object { kind: ObjectKind::Trace, id: "t1".into() };
    Write::Comment(CommentWrite { object, content: content.into(), author: None })
}

pub fn complete(item: &str) -> Write {
    Write::Status { queue_id: "q1".into(), item_id: item.into(), status: ItemStatus::Completed }
}
