//! Talking to the person or the program on the other end.

use std::io::{self, BufRead as _, ErrorKind, IsTerminal as _, Write as _};

use super::Failure;

/// Writes data to stdout. A reader who has gone is no error.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Tells something on stderr, if anybody is there.
pub(super) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether somebody can be asked.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// One line from stdin, without the space around it. Empty at its end.
pub(super) fn read_line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::failed(format!("cannot read stdin: {error}")))?;
    Ok(line.trim().to_owned())
}

/// Asks for a text; an empty answer takes what is offered.
pub(super) fn ask(what: &str, offered: Option<&str>) -> Result<String, Failure> {
    let offer = offered.map(|offered| format!(" [{offered}]")).unwrap_or_default();
    let _ = write!(io::stderr(), "{what}{offer}: ");
    let answer = read_line()?;
    match (answer.is_empty(), offered) {
        (false, _) => Ok(answer),
        (true, Some(offered)) => Ok(offered.to_owned()),
        (true, None) => Err(Failure::usage(format!("no {} was given", what.to_lowercase()))),
    }
}

/// Asks a question that is answered no by default.
pub(super) fn confirm(question: &str) -> Result<bool, Failure> {
    let _ = write!(io::stderr(), "{question} [y/N] ");
    Ok(matches!(read_line()?.to_lowercase().as_str(), "y" | "yes"))
}
