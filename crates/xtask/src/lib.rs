//! Tools for working on Callboard itself; nothing here is shipped.
//!
//! Invariants: everything runs offline and is deterministic, so that a benchmark or a check means
//! the same on every machine. The binary only reads arguments and prints.

pub mod bench;
pub mod gen_catalog;
pub mod tidy;
