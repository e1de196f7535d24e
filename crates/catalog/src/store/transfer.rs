//! Rows that come from another catalog with their identity.

use std::collections::HashMap;

use platform::db::Tx;
use platform::{Millis, Result};

use crate::model::Source;

use super::query_texts;

/// An entity of another catalog.
#[derive(Debug)]
pub(crate) struct Imported {
    pub entity_ref: String,
    pub uid: String,
    pub location_key: Option<String>,
    pub unprocessed: String,
    pub hash: String,
    /// What it was there, to be served until it is processed here.
    pub processed: Option<String>,
    /// Until when it stays without a source.
    pub orphan_at: Option<Millis>,
}

/// Row id and uid of those of the entities that exist.
pub(crate) fn load_uids(
    tx: &mut Tx<'_>,
    refs: &[String],
) -> Result<HashMap<String, (i64, String)>> {
    let sql = format!(
        "select ref, id, uid from catalog_refresh where ref in {}",
        tx.each_text(1)
    );
    query_texts(tx, &sql, refs)?
        .into_iter()
        .map(|mut row| Ok((row.take(0)?, (row.take(1)?, row.take(2)?))))
        .collect()
}

/// Inserts entities that are new and makes them due; which were taken.
pub(crate) fn insert(tx: &mut Tx<'_>, rows: &[&Imported], now: Millis) -> Result<Vec<bool>> {
    let sql = "insert into catalog_refresh (ref, uid, location_key, unprocessed, \
        unprocessed_hash, processed, next_at, discovered_at, orphan_at) \
        values ($1, $2, $3, $4, $5, $6, $7, $7, $8) on conflict do nothing";
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            vec![
                (&row.entity_ref).into(),
                (&row.uid).into(),
                row.location_key.as_deref().into(),
                (&row.unprocessed).into(),
                (&row.hash).into(),
                row.processed.as_deref().into(),
                now.into(),
                row.orphan_at.into(),
            ]
        })
        .collect();
    let inserted = tx.execute_each(sql, &rows)?;
    Ok(inserted.into_iter().map(|n| n > 0).collect())
}

/// Gives entities another uid, unless an entity has it. The empty etag makes stitching write the
/// final entity anew, which it would not for the sake of the uid alone.
pub(crate) fn update_uids(tx: &mut Tx<'_>, uids: &[(i64, &str)]) -> Result<()> {
    let rows: Vec<_> = uids
        .iter()
        .map(|(id, uid)| vec![(*id).into(), (*uid).into()])
        .collect();
    tx.execute_each(
        "update catalog_refresh set uid = $2 where id = $1 \
         and not exists (select 1 from catalog_refresh other where other.uid = $2)",
        &rows,
    )?;
    tx.execute_each(
        "update catalog_entity set uid = $2, etag = '' where id = $1 and exists \
         (select 1 from catalog_refresh r where r.id = $1 and r.uid = $2)",
        &rows,
    )
    .map(drop)
}

/// Inserts edges of many sources.
pub(crate) fn insert_edges(tx: &mut Tx<'_>, edges: &[(&Source, &str)]) -> Result<()> {
    let sql = "insert into catalog_edge (source, is_root, target) values ($1, $2, $3) \
        on conflict do nothing";
    let rows: Vec<_> = edges
        .iter()
        .map(|(source, target)| {
            vec![
                source.name().into(),
                source.is_root().into(),
                (*target).into(),
            ]
        })
        .collect();
    tx.execute_each(sql, &rows).map(drop)
}
