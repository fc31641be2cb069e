//! What must survive: the outbox, drafts and the cache, in SQLite.
