//! Tests over real HTTP against servers on this machine that imitate the documented APIs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed step fails the test, also in shared code"
)]

mod github_app;
mod guard;
mod hosts;
mod outcomes;
mod server;
mod urls;
