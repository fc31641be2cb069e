//! **tracemark**: human annotation of LLM traces on Langfuse, in the terminal.
//!
//! The words:
//!
//! ```text
//!  Queue ──────────── its rubric: one ScoreConfig per row
//!    └─ Item ──────── points at a Target: trace, observation or session
//!         └─ Subject  the target fetched: Observations as a tree, each laid out into Rows
//!
//!  key ─► Action ─► Decision: a Write (score, comment, status, item, …) and how it was made
//!                       │
//!                       └─► Written: held ─► pending ─► sending ─► sent ─► confirmed
//!                                    └ the outbox, in SQLite ┘  └ the server ┘
//! ```
//!
//! A refused write, and one in conflict (someone else completed the item first), is *parked* until
//! the reviewer acts. The *journal* is the outbox with all that has ever been in it. Answers of the
//! server are *kept* on the *shelf*, in the cache, and shown while the *line* is down.
//!
//! The loop:
//!
//! ```text
//! terminal ──► input: key → Action ─┐
//! fetch replies ────────────────────┤
//! outbox updates ───────────────────┼─► Msg ─► app::update(&mut Model, Msg, now) ─► Effects ─► runtime: spawn, cancel, persist
//! deadline, signal, resize ─────────┘                    │
//!                                             ui::view(&Model) ─► Frame
//! ```
//!
//! Layers, lowest first; a module uses only lower ones (checked by `tests/architecture.rs`):
//!
//! - L0 [`domain`] the words: queue, item, score config, score, trace · [`input`] keys and actions ·
//!   [`theme`] colours
//! - L1 [`config`] settings · [`app`] state and its changes · [`api`] the client · [`store`] SQLite ·
//!   [`content`] payload text → rows
//! - L2 [`ui`] drawing · [`outbox`] sending · [`server`] the embedded Langfuse API
//! - L3 [`runtime`] event loop and effects
//! - L4 [`cli`] commands
//!
//! Read [`domain`] first, then [`app`], then [`runtime`].

pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod content;
pub mod domain;
pub mod input;
pub mod outbox;
pub mod runtime;
pub mod server;
pub mod store;
pub mod theme;
pub mod ui;
