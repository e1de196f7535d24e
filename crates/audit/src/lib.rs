//! Who did what, and what was refused: an append-only log whose records are chained by hashes.
//!
//! A use case that changes something calls [`record`] in its own transaction, so that a change and
//! its record are there together or not at all. What the use cases do not tell, and every refusal,
//! is recorded at the barrier by [`Audit::observer`].
//!
//! Invariants: a record is never changed; records are numbered without gaps in the order of commits;
//! each hash covers the record and the hash before it, so that [`Audit::verify`] finds a record that
//! was changed or removed; contents are recorded as digests, so that no secret gets in.

mod chain;
mod http;
mod observe;
mod record;
mod retention;
mod service;
mod store;
mod tell;

pub use chain::{Fault, Verification};
pub use http::{lines, router};
pub use observe::Reads;
pub use record::{Event, Origin, Outcome, Record, Severity, Via, digest};
pub use service::{Audit, Export, PERMISSIONS, Parts, Query, RECORD_READ, Settings};
pub use store::{MIGRATIONS, record};
pub use tell::log_at;
