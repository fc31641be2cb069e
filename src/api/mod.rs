//! The client of the Langfuse public API.
