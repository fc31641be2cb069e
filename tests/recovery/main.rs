//! No decision is lost, none is doubled: the real program is killed and the network fails, and in
//! the end the server has exactly what the screen had promised.
//!
//! `campaign` works off a queue through a proxy that spoils 30 % of all requests, with kills at
//! random moments; `steps` kills it at each step of each kind of write; `limited` works at a server
//! that takes few requests.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]
#![expect(clippy::print_stdout, reason = "a long campaign says which seed it is at")]
#![cfg(unix)]

mod campaign;
mod limited;
#[path = "../review_support/mod.rs"]
mod review_support;
mod reviewer;
mod steps;
#[path = "../support/mod.rs"]
mod support;

use support::project::case as case_at;
