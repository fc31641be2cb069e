//! The client of the Langfuse public API: typed calls in, domain values out.
//!
//! One file per resource; [`wire`] holds what travels, `transport` how it travels, [`ApiError`]
//! what can go wrong. Reads are repeated on transient failures; writes never are, because only
//! the outbox knows which of them can be sent twice. Reads wait for the server's rate limits in
//! order of [`Priority`]; writes are told how long to wait. `budget` says how.

mod budget;
mod class;
mod comments;
mod datasets;
mod error;
mod evaluators;
mod judge;
mod lane;
mod line;
mod media;
mod moment;
mod observations;
mod paging;
mod probe;
mod queues;
mod reading;
mod retry;
mod runs;
mod score_configs;
mod scores;
mod shelf;
#[cfg(test)]
mod tests;
mod tls;
mod transport;
mod urgency;
pub mod wire;

pub use datasets::DatasetItem;
pub use error::{ApiError, Retry};
pub use evaluators::NewEvaluator;
pub use judge::{Endpoint, Model, ModelError};
pub use line::Line;
pub use media::Media;
pub use paging::Page;
pub use probe::{Capabilities, Server};
pub use queues::Removal;
pub use retry::Backoff;
pub use runs::RunItem;
pub use scores::Batch;
pub use shelf::Shelf;
pub use transport::{Client, Connection};
pub use urgency::{Priority, Urgency};
