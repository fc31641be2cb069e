//! Keys, actions and the keymap: what a key press means in which place.
//!
//! One table, [`ACTIONS`], feeds the keymap, the hints in the status line, the help screen and
//! `docs/KEYS.md`. [`Keymap`] starts from it and takes what the user's `keymap.toml` says.

mod action;
mod context;
mod key;
mod keymap;
mod markdown;
mod table;

pub use action::{Action, ActionSpec};
pub use context::{Context, place};
pub use key::{Code, Key, KeyError};
pub use keymap::{Keymap, KeymapError, KeymapProblem, Override};
pub use markdown::keys_markdown;
pub use table::ACTIONS;
