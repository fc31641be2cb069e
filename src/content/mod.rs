//! Builds [`crate::domain::rows`] from payload text: messages, Markdown, JSON.
