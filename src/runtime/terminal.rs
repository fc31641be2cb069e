//! The terminal: taken over for the screen, given back clean however the program ends.

use std::io::{self, Stdout, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::steady::Steady;

/// What we draw on.
pub(super) type Screen = Terminal<Steady<CrosstermBackend<Stdout>>>;

/// Whether the terminal is taken over; a panic must know without access to the guard.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours.
#[derive(Debug)]
pub(super) struct Guard;

impl Guard {
    /// Takes the terminal over.
    pub(super) fn take() -> io::Result<Self> {
        let guard = Self;
        enter()?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// The screen to draw on.
pub(super) fn screen() -> io::Result<Screen> {
    Terminal::new(Steady(CrosstermBackend::new(stdout())))
}

/// Takes the terminal over.
pub(super) fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)
}

/// Gives the terminal back; harmless when it is not taken.
pub(super) fn leave() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Each step on its own: a closed terminal must not keep the others from happening.
    let _ = execute!(stdout(), DisableBracketedPaste, Show, LeaveAlternateScreen);
    let _ = disable_raw_mode();
    let _ = stdout().flush();
}

/// Stops the program (and whoever started it) until the shell continues it.
#[cfg(unix)]
pub(super) fn suspend() -> io::Result<()> {
    leave();
    rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
    enter()
}

/// There is no job control here.
#[cfg(not(unix))]
pub(super) fn suspend() -> io::Result<()> {
    Ok(())
}
