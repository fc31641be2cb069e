//! The workspace and what everybody does with it.
//!
//! `workspace` is the file: its schema, its keys and, in `sample`, what a new one starts with. `pool`
//! has the connections to it: one that writes, some that read. `sql` builds conditions; `filter` reads
//! those of the `filter` parameter, `simple` those of parameters of their own. `value` writes times,
//! numbers, ids and JSON as the API does.

pub mod filter;
pub mod pool;
pub mod sample;
pub mod simple;
pub mod sql;
pub mod value;
pub mod workspace;
