//! Panics: a bug must neither leave the terminal in a mess nor the program half alive.
//!
//! Where one happens while something is being shown, only that is not shown. Anywhere else it ends
//! the program, in order and with an error; what was decided is in the database by then.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::thread;

use super::fetch::{Messages, tell};
use super::terminal;
use crate::app::Msg;

/// Where the panic was that ends the program.
static PLACE: OnceLock<String> = OnceLock::new();

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// From now on a panic on any thread ends the program. To be called by the thread that draws.
pub(super) fn watch(messages: Messages) {
    let drawing = thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        // Where it was, and never its words: they may quote what a trace says.
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!("panic at {place}\n{}", std::backtrace::Backtrace::capture());
        if CONTAINED.get() {
            return;
        }
        let _ = PLACE.set(place);
        if thread::current().id() == drawing {
            // Unwinding gives the terminal back as well, unless it panics itself.
            terminal::leave();
        } else {
            tell(&messages, Msg::Shutdown);
        }
    }));
}

/// Does work whose failure concerns nothing but its result: `None` if it panicked.
pub(super) fn contain<T>(work: impl FnOnce() -> T) -> Option<T> {
    CONTAINED.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CONTAINED.set(false);
    result.ok()
}

/// Runs the program; a panic on the way is an error that says where it was.
pub(super) fn to_the_end<T>(program: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let ended = catch_unwind(AssertUnwindSafe(program));
    match (PLACE.get(), ended) {
        (None, Ok(result)) => result,
        (place, _) => {
            let place = place.map_or("an unknown place", String::as_str);
            Err(anyhow::anyhow!("a bug in tracemark, at {place}; what was decided is saved"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contained_work_gives_its_result_or_nothing() {
        assert_eq!(contain(|| 1), Some(1));
        assert_eq!(contain(|| -> u8 { panic!("a bug") }), None);
        assert!(!CONTAINED.get());
    }
}
