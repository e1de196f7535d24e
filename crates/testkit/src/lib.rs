//! What tests of several crates share: a fresh database each, real servers, fixtures.
//!
//! Tests run on SQLite; with `TEST_DATABASE_URL` set they run on that PostgreSQL server instead,
//! each in a schema of its own. `make test` does both.

mod database;

pub use database::{TestDb, database_settings};
