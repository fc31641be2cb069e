//! What tests of the whole program share. A test crate includes it with
//! `#[path = "../support/mod.rs"] mod support;` and gets all of it; each part is used by its own
//! tests at least.

pub mod fault_proxy;
mod fault_proxy_tests;
pub mod journal;
pub mod project;
pub mod random;
pub mod terminal;

/// The program under test: the one built with the tests, or another build named by
/// `TRACEMARK_PROGRAM`, so that a long run does not mind what is built meanwhile.
pub fn program() -> String {
    std::env::var("TRACEMARK_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_tracemark").into())
}
