//! The command line from outside: the built binary, run on files and databases of the test.
//!
//! Tests run on SQLite, or with `TEST_DATABASE_URL` set on that PostgreSQL server.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed step fails the test, also in shared code"
)]

mod auth;
mod backstage;
mod commands;
mod config;
mod doctor;
mod export;
mod front_end;
mod import;
mod inspect;
mod login;
mod permission;
mod portal;
mod proxy;
mod stage;
mod task;
mod template;
mod validate;
