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
pub(crate) mod removed;
pub(crate) mod stitches;
pub(crate) mod transfer;

use platform::Result;
use platform::db::{FromColumn, Migration, Param, Row, Tx};
use serde_json::Value;

/// Wakes followers of the change log.
pub(crate) const CHANGED: &str = "catalog";
/// Wakes workers: something is due.
pub(crate) const WORK: &str = "catalog_work";
/// `next_at` of what is due only when it changes.
pub(crate) const NEVER: i64 = i64::MAX;

/// Schema of the catalog.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        feature: "catalog",
        version: 1,
        name: "catalog",
        sqlite: include_str!("../migrations/0001_catalog.sqlite.sql"),
        postgres: include_str!("../migrations/0001_catalog.postgres.sql"),
    },
    Migration {
        feature: "catalog",
        version: 2,
        name: "origin",
        sqlite: include_str!("../migrations/0002_origin.sql"),
        postgres: include_str!("../migrations/0002_origin.sql"),
    },
    Migration {
        feature: "catalog",
        version: 3,
        name: "claims",
        sqlite: include_str!("../migrations/0003_claims.sqlite.sql"),
        postgres: include_str!("../migrations/0003_claims.postgres.sql"),
    },
    Migration {
        feature: "catalog",
        version: 4,
        name: "removed",
        sqlite: include_str!("../migrations/0004_removed.sql"),
        postgres: include_str!("../migrations/0004_removed.sql"),
    },
];

/// Items in one statement: enough to make round trips cheap, few enough to keep statements small.
const CHUNK: usize = 1000;

/// Rows of a query whose parameter is a list of texts, for [`Tx::each_text`].
fn query_texts<T: AsRef<str>>(
    tx: &mut Tx<'_>,
    sql: &str,
    items: impl IntoIterator<Item = T>,
) -> Result<Vec<Row>> {
    let items: Vec<T> = items.into_iter().collect();
    let mut rows = Vec::new();
    for chunk in items.chunks(CHUNK) {
        rows.append(&mut tx.query(sql, &[texts(chunk).into()])?);
    }
    Ok(rows)
}

/// Rows of a query whose parameter is a list of integers, for [`Tx::each_int`].
fn query_ints(tx: &mut Tx<'_>, sql: &str, items: &[i64]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for chunk in items.chunks(CHUNK) {
        rows.append(&mut tx.query(sql, &[ints(chunk).into()])?);
    }
    Ok(rows)
}

/// Runs a statement whose first parameter is a list of texts; the number of rows it changed.
fn execute_texts<T: AsRef<str>>(
    tx: &mut Tx<'_>,
    sql: &str,
    items: impl IntoIterator<Item = T>,
    others: &[Param<'_>],
) -> Result<u64> {
    let items: Vec<T> = items.into_iter().collect();
    let mut changed = 0;
    for chunk in items.chunks(CHUNK) {
        let mut params = vec![texts(chunk).into()];
        params.extend_from_slice(others);
        changed += tx.execute(sql, &params)?;
    }
    Ok(changed)
}

/// A JSON array.
fn texts<T: AsRef<str>>(items: &[T]) -> String {
    items
        .iter()
        .map(AsRef::as_ref)
        .collect::<Value>()
        .to_string()
}

fn ints(items: &[i64]) -> String {
    Value::from(items).to_string()
}

/// The first column of rows that have one.
fn first_column<T: FromColumn, C: FromIterator<T>>(rows: Vec<Row>) -> Result<C> {
    rows.into_iter().map(|mut row| row.take(0)).collect()
}
