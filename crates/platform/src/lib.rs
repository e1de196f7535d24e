//! What every feature stands on: configuration, errors, callers, the database, HTTP and telemetry.
//!
//! Invariants: nothing here knows a feature; only `config` reads the environment; only `db` knows
//! which database runs; only `http::error` turns an [`Error`] into an answer.

pub mod config;
pub mod error;

pub use error::{Code, Error, Result};
