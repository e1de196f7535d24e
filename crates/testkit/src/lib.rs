//! What tests of several crates share: a fresh database each, real servers, fixtures.
//!
//! Tests run on SQLite; with `TEST_DATABASE_URL` set they run on that PostgreSQL server instead,
//! each in a schema of its own. `make test` does both.
//!
//! With the feature `catalog`, `TestCatalog` is a catalog whose clock, network and callers belong
//! to the test. With the feature `forge`, `Forge` is a source control host that runs git itself.

#![cfg_attr(
    any(feature = "catalog", feature = "forge"),
    expect(
        clippy::unwrap_used,
        reason = "a failed step fails the test that took it"
    )
)]

#[cfg(feature = "catalog")]
mod access;
#[cfg(feature = "catalog")]
mod catalog;
mod database;
#[cfg(feature = "forge")]
mod forge;
#[cfg(feature = "catalog")]
mod reply;
#[cfg(feature = "catalog")]
mod web;

#[cfg(feature = "catalog")]
pub use self::access::{BRIEF_USER, SERVICE, TestAccess, USER};
#[cfg(feature = "catalog")]
pub use self::catalog::{Draft, NOW, TestCatalog};
pub use self::database::{TestDb, database_settings};
#[cfg(feature = "forge")]
pub use self::forge::{Forge, TOKEN, When};
#[cfg(feature = "catalog")]
pub use self::reply::{EventStream, Reply, StreamEvent};
#[cfg(feature = "catalog")]
pub use self::web::{FakeWeb, Gate, Outage};
