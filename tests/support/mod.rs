//! What tests of the whole program share. A test crate includes it with
//! `#[path = "../support/mod.rs"] mod support;` and gets all of it; each part is used by its own
//! tests at least.

pub mod fault_proxy;
mod fault_proxy_tests;
pub mod journal;
pub mod project;
pub mod pty;
pub mod random;
pub mod terminal;
