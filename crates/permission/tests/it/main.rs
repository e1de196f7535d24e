//! Permissions from outside: the recordings, decisions against a plain reference, the REST API.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

mod administration;
mod cases;
mod conditional;
mod decisions;
mod lab;
mod preview;
mod random;
mod recordings;
mod reload;
mod rest;
mod talk;
