//! Programs and places outside: `$EDITOR`, the clipboard, the web browser.

use std::io::{self, Write, stdout};
use std::process::{Command, Stdio};

use crossterm::clipboard::CopyToClipboard;
use crossterm::execute;

use super::terminal;

/// Edits a text in `$VISUAL` or `$EDITOR` while the terminal is given back.
pub(super) fn edit(text: &str) -> Result<String, String> {
    let editor = std::env::var("VISUAL").or_else(|_| std::env::var("EDITOR")).unwrap_or_else(|_| "vi".into());
    terminal::leave();
    let result = edit_with(&editor, text);
    terminal::enter().map_err(|e| e.to_string())?;
    result
}

fn edit_with(editor: &str, text: &str) -> Result<String, String> {
    let failed = |what: &str, e: io::Error| format!("{what}: {e}");
    let mut file = tempfile::Builder::new()
        .prefix("tracemark-")
        .suffix(".md")
        .tempfile()
        .map_err(|e| failed("no temporary file", e))?;
    file.write_all(text.as_bytes()).map_err(|e| failed("no temporary file", e))?;
    // Editors come with arguments, as in `code --wait`.
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let status = Command::new(program)
        .args(words)
        .arg(file.path())
        .status()
        .map_err(|e| failed(&format!("cannot start `{program}` (set $EDITOR)"), e))?;
    if !status.success() {
        return Err(format!("`{program}` ended with an error: the text is unchanged"));
    }
    std::fs::read_to_string(file.path()).map_err(|e| failed("cannot read the edited text", e))
}

/// Puts a text into the clipboard of the terminal, which also works over SSH.
pub(super) fn copy(text: &str) -> io::Result<()> {
    execute!(stdout(), CopyToClipboard::to_clipboard_from(text))
}

/// Opens an address in the web browser, if there is one.
pub(super) fn browse(address: &str) -> Result<(), String> {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    Command::new(opener)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(drop)
        .map_err(|_| format!("no web browser here: {address}"))
}
