//! The catalog from outside: what it does with what users write, whatever the network, the order
//! of events and other replicas do meanwhile.
//!
//! Each test is one sentence about the catalog; most are tables. They run on SQLite, and on
//! PostgreSQL with `TEST_DATABASE_URL`.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

mod audited;
mod changes;
mod conflicts;
mod deletion;
mod described;
mod errors;
mod former;
mod groups;
mod hostile;
mod ingestion;
mod locations;
mod logged;
mod mass_deletion;
mod moves;
mod orphans;
mod people;
mod permissions;
mod processing;
mod providers;
mod reads;
mod rebuild;
mod refresh;
mod routes;
mod snapshot;
mod warm;
mod written;
