//! `review`: the terminal UI.
