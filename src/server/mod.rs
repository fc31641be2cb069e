//! The embedded server: the Langfuse public API over SQLite.
