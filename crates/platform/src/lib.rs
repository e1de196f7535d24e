//! What every feature stands on: configuration, errors, callers, the database, HTTP and telemetry.
//!
//! Invariants: nothing here knows a feature; only `config` reads the environment; only `db` knows
//! which database runs; only `http::error` turns an [`Error`] into an answer.

pub mod actions;
pub mod clock;
pub mod config;
pub mod ctx;
pub mod db;
pub mod error;
pub mod http;
pub mod json_schema;
pub mod permission;
pub mod seal;
pub mod telemetry;

pub use clock::{Clock, Millis};
pub use ctx::{Authenticator, Caller, Ctx};
pub use error::{Code, Error, Result};
