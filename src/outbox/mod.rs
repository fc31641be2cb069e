//! The sender: takes writes from the store to the server.
