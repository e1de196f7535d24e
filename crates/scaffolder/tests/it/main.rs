//! The scaffolder over a fresh database, a catalog and its own folder of workspaces.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

mod api;
mod approval;
mod bench;
mod complete;
mod cookiecutter;
mod crash;
mod failures;
mod github;
mod gitlab;
mod hosts;
mod own_api;
mod plan;
mod publish;
mod remote;
mod retention;
mod retries;
mod roadie;
mod secrets;
mod security;
mod terasky;
mod threats;
mod trials;
mod undo;
mod vendors;
