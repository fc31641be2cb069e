//! The workspace file: schema, keys, sample data, and how values are written in it.

pub mod condition;
pub mod filter;
pub mod pool;
pub mod sample;
pub mod sql;
pub mod value;
pub mod workspace;
