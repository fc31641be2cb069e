//! The client of the Langfuse public API: typed calls in, domain values out.
//!
//! One file per resource; [`wire`] holds what travels, `transport` how it travels, [`ApiError`]
//! what can go wrong. Reads are repeated on transient failures; writes never are, because only
//! the outbox knows which of them can be sent twice.

mod comments;
mod datasets;
mod error;
mod media;
mod observations;
mod paging;
mod probe;
mod queues;
mod retry;
mod score_configs;
mod scores;
#[cfg(test)]
mod tests;
mod tls;
mod transport;
pub mod wire;

pub use datasets::DatasetItem;
pub use error::{ApiError, Retry};
pub use media::Media;
pub use paging::Page;
pub use probe::{Capabilities, Server};
pub use queues::Removal;
pub use retry::Backoff;
pub use scores::Batch;
pub use transport::{Client, Connection};
