//! SQL of the catalog; nothing else in this crate knows a table.
//!
//! Invariants: every function runs inside the caller's transaction and touches many rows with one
//! call; decisions are made by the callers; whatever changes a final entity appends to the change
//! log in the same transaction.

pub(crate) mod backstage;
pub(crate) mod changes;
pub(crate) mod conflicts;
pub(crate) mod edges;
pub(crate) mod held;
pub(crate) mod locations;
pub(crate) mod meta;
pub(crate) mod refresh;
pub(crate) mod relations;
pub(crate) mod stitches;
pub(crate) mod transfer;

use platform::db::Migration;

/// Wakes followers of the change log.
pub(crate) const CHANGED: &str = "catalog";
/// Wakes workers: something is due.
pub(crate) const WORK: &str = "catalog_work";
/// `next_at` of what is due only when it changes.
pub(crate) const NEVER: i64 = i64::MAX;

/// Schema of the catalog.
pub const MIGRATIONS: &[Migration] = &[Migration {
    feature: "catalog",
    version: 1,
    name: "catalog",
    sqlite: include_str!("../migrations/0001_catalog.sqlite.sql"),
    postgres: include_str!("../migrations/0001_catalog.postgres.sql"),
}];

/// A JSON array of texts, for [`platform::db::Tx::each_text`].
fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<&str> = items.into_iter().collect();
    serde_json::Value::from(items).to_string()
}

/// A JSON array of integers, for [`platform::db::Tx::each_int`].
fn ints(items: impl IntoIterator<Item = i64>) -> String {
    let items: Vec<i64> = items.into_iter().collect();
    serde_json::Value::from(items).to_string()
}
