//! The sender against a server that fails in every way a server can, on a clock that only moves
//! when told to.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say so")]

mod people;
mod person;
mod properties;
mod repeated;
mod seeing;
mod sending;
mod simulated;
mod waiting;
mod world;
