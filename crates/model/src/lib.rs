//! Vocabulary of the software catalog: entities, references, relations, filters and problems.
//!
//! Invariants: no IO, no async, no clock. Parsing of what users wrote never fails as a whole: it
//! returns what could be read together with a list of [`Problem`]s that name place and fix.

mod filter;
mod problem;

pub use filter::{Direction, Filter, OrderField};
pub use problem::{Position, Problem, Severity};
