//! What users set for themselves in the front end: the `user-settings` plugin. Reference 3 §7.
//!
//! Invariants: a user sees and changes their own settings only; what one user can store is bounded.

mod http;
mod service;
mod store;

pub use http::router;
pub use service::{Change, Settings};
pub use store::MIGRATIONS;
