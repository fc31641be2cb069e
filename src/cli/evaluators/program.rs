//! A program of the user's that scores: JSON in, JSON out, and not for longer than it may.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;
use tokio::sync::oneshot;

use crate::domain::text::one_line;

/// Most bytes of an answer, and of what is said on stderr.
const MOST: u64 = 1 << 20;

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    name: String,
    arguments: Vec<String>,
    timeout: Duration,
}

impl Program {
    /// Reads a command line: words, kept together by quotes.
    pub(super) fn read(command: &str, timeout: Duration) -> Result<Self, String> {
        let mut words = words(command)?.into_iter();
        let name = words.next().filter(|name| !name.is_empty()).ok_or("the command is empty")?;
        Ok(Self { name, arguments: words.collect(), timeout })
    }

    /// Gives the program its input; returns what it answered.
    pub(super) async fn run(&self, input: &Json) -> Result<Vec<u8>, String> {
        let mut child = self.start()?;
        let group = Group(child.id());
        let work = Self::talk(&mut child, input.to_string());
        let wait = aside(move || child.wait());
        let answered = tokio::time::timeout(self.timeout, async {
            let (output, said) = work.await?;
            let status = wait.await.map_err(|_| "it was lost sight of".to_owned())?;
            let status = status.map_err(|error| error.to_string())?;
            if status.success() { Ok(output) } else { Err(ended(status, &said)) }
        });
        let answer = match answered.await {
            Ok(answer) => answer,
            Err(_) => Err(format!("it took longer than {} s and was ended", self.timeout.as_secs_f64())),
        };
        drop(group);
        answer.map_err(|why| format!("{}: {why}", one_line(&self.name)))
    }

    fn start(&self) -> Result<Child, String> {
        let mut command = Command::new(&self.name);
        command.args(&self.arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own, so that what it starts can be ended with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map_err(|error| format!("cannot start `{}`: {error}", one_line(&self.name)))
    }

    /// Writes the input and reads both outputs, all at the same time: pipes are short.
    fn talk(
        child: &mut Child,
        input: String,
    ) -> impl Future<Output = Result<(Vec<u8>, Vec<u8>), String>> + use<> {
        if let Some(mut stdin) = child.stdin.take() {
            // A program need not read what it gets.
            drop(aside(move || stdin.write_all(input.as_bytes())));
        }
        let output = child.stdout.take().map(|out| aside(move || all_of(out)));
        let said = child.stderr.take().map(|out| aside(move || all_of(out)));
        async move {
            let (mut read, lost) = (Vec::new(), "its output could not be read");
            for part in [output, said].into_iter().flatten() {
                read.push(part.await.map_err(|_| lost)?.map_err(|error| error.to_string())?);
            }
            let said = read.pop().unwrap_or_default();
            let output = read.pop().unwrap_or_default();
            if output.len() as u64 > MOST { Err("it said too much".into()) } else { Ok((output, said)) }
        }
    }
}

fn all_of(out: impl std::io::Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    out.take(MOST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The exit status, with the last thing that was said.
fn ended(status: std::process::ExitStatus, said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    match said.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("ended with {status}: {}", one_line(line)),
        None => format!("ended with {status}"),
    }
}

/// Does work that blocks on a thread of its own, which nobody waits for at the end of the program.
#[expect(clippy::disallowed_methods, reason = "the thread ends with the program it talks to")]
fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> oneshot::Receiver<T> {
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || tell.send(work()).is_ok());
    told
}

/// A program and what it started; ended when this goes.
struct Group(u32);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = i32::try_from(self.0).ok().and_then(rustix::process::Pid::from_raw) {
            // Nobody left is as good as ended.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// Splits a command line. Quotes of either kind keep words together; within double ones, and
/// outside, a backslash takes the next character as it is.
fn words(command: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(end), _) if c == end => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, _) if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(format!("a quote is not closed in `{}`", one_line(command)));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(all(test, unix))]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_kept_together_by_quotes() {
        for (command, wanted) in [
            ("a b  c", Some(vec!["a", "b", "c"])),
            ("a 'b c' \"d 'e'\"", Some(vec!["a", "b c", "d 'e'"])),
            (r#"a\ b "\"" '\'"#, Some(vec!["a b", "\"", "\\"])),
            ("a '' x''y", Some(vec!["a", "", "xy"])),
            ("a 'b", None),
            (" ", Some(vec![])),
        ] {
            assert_eq!(
                words(command).ok(),
                wanted.map(|w| w.into_iter().map(String::from).collect()),
                "{command}"
            );
        }
    }

    async fn run(script: &str, timeout: Duration) -> Result<String, String> {
        let program = Program { name: "sh".into(), arguments: vec!["-c".into(), script.into()], timeout };
        let output = program.run(&json!({"a": 1})).await?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    #[tokio::test]
    async fn a_program_gets_json_and_gives_its_output() {
        let minute = Duration::from_mins(1);
        assert_eq!(run("cat", minute).await.as_deref(), Ok(r#"{"a":1}"#));
        assert_eq!(run("echo deaf", minute).await.as_deref(), Ok("deaf\n"));
        let failed = run("echo one >&2; echo 'two \u{1b}[31m' >&2; exit 3", minute).await.unwrap_err();
        assert!(failed.contains("exit status: 3: two ␛[31m"), "{failed}");
        let missing = Program::read("/no/such/program", minute).unwrap().run(&json!({})).await;
        assert!(missing.unwrap_err().contains("cannot start"));
    }

    #[tokio::test]
    async fn a_program_that_takes_too_long_is_ended_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let pid = dir.path().join("pid");
        // The child would hold the pipe open for an hour.
        let script = format!("sleep 3600 & echo $! > '{}'; wait", pid.display());
        let failed = run(&script, Duration::from_millis(300)).await.unwrap_err();
        assert!(failed.contains("longer than 0.3 s"), "{failed}");
        let pid: i32 = std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
        let gone = |pid| {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            state.is_empty() || state.contains(") Z ")
        };
        let ended = async {
            while !gone(pid) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ended).await.expect("the child is ended, too");
    }
}
