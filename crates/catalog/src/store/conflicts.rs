//! `catalog_conflict`: entities that more than one source claims.

use std::collections::HashSet;

use platform::db::{Row, Tx};
use platform::{Millis, Result};

use crate::model::{Conflict, Deferred, Source};

use super::{execute_texts, first_column, query_texts};

/// A claim that was turned away.
pub(crate) struct Claim<'a> {
    pub deferred: &'a Deferred,
    pub existing_key: &'a str,
}

impl Claim<'_> {
    /// Reference and location key, which tell the claims of one source apart.
    pub(crate) fn identity(&self) -> (String, String) {
        let Deferred {
            entity_ref,
            location_key,
            ..
        } = self.deferred;
        (entity_ref.clone(), location_key.clone().unwrap_or_default())
    }
}

pub(crate) fn upsert(
    tx: &mut Tx<'_>,
    source: &Source,
    claims: &[Claim<'_>],
    now: Millis,
) -> Result<()> {
    let sql = "insert into catalog_conflict (ref, location_key, existing_key, source, is_root, \
        unprocessed, line, first_at, last_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $8) \
        on conflict (ref, location_key, source, is_root) do update set \
        existing_key = excluded.existing_key, unprocessed = excluded.unprocessed, line = excluded.line, last_at = excluded.last_at";
    let rows: Vec<_> = claims
        .iter()
        .map(|claim| {
            vec![
                (&claim.deferred.entity_ref).into(),
                claim
                    .deferred
                    .location_key
                    .as_deref()
                    .unwrap_or_default()
                    .into(),
                claim.existing_key.into(),
                source.name().into(),
                source.is_root().into(),
                (&claim.deferred.entity).into(),
                claim.deferred.line.into(),
                now.into(),
            ]
        })
        .collect();
    tx.execute_each(sql, &rows).map(drop)
}

/// References that a source claims in vain.
pub(crate) fn list_by_source(tx: &mut Tx<'_>, source: &Source) -> Result<Vec<(String, String)>> {
    let rows = tx.query(
        "select ref, location_key from catalog_conflict where source = $1 and is_root = $2",
        &[source.name().into(), source.is_root().into()],
    )?;
    rows.into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .collect()
}

/// Of these entities, those that claim anything in vain.
pub(crate) fn list_claimants(tx: &mut Tx<'_>, refs: &[&str]) -> Result<Vec<String>> {
    let sql = format!(
        "select distinct source from catalog_conflict where is_root = false and source in {}",
        tx.each_text(1)
    );
    first_column(query_texts(tx, &sql, refs)?)
}

/// Entities that emit any of `refs` and claim it under another key as well.
pub(crate) fn list_emitting_claimants(tx: &mut Tx<'_>, refs: &[String]) -> Result<Vec<String>> {
    let sql = format!(
        "select distinct c.source from catalog_conflict c join catalog_edge e \
         on e.target = c.ref and e.source = c.source and e.is_root = c.is_root \
         where c.is_root = false and c.ref in {}",
        tx.each_text(1)
    );
    first_column(query_texts(tx, &sql, refs)?)
}

/// Of these references, those that somebody claims in vain.
pub(crate) fn list_claimed(tx: &mut Tx<'_>, refs: &[String]) -> Result<HashSet<String>> {
    let sql = format!(
        "select distinct ref from catalog_conflict where ref in {}",
        tx.each_text(1)
    );
    first_column(query_texts(tx, &sql, refs)?)
}

/// Deletes claims of a source, by reference and location key.
pub(crate) fn delete(tx: &mut Tx<'_>, source: &Source, claims: &[(String, String)]) -> Result<()> {
    let (name, is_root) = (source.name(), source.is_root());
    let rows: Vec<_> = claims
        .iter()
        .map(|(entity, key)| vec![entity.into(), key.into(), name.into(), is_root.into()])
        .collect();
    let sql = "delete from catalog_conflict \
        where ref = $1 and location_key = $2 and source = $3 and is_root = $4";
    tx.execute_each(sql, &rows).map(drop)
}

/// Deletes the claims of sources that are gone.
pub(crate) fn delete_by_sources(tx: &mut Tx<'_>, refs: &[String]) -> Result<()> {
    let sql = format!(
        "delete from catalog_conflict where is_root = false and source in {}",
        tx.each_text(1)
    );
    execute_texts(tx, &sql, refs, &[]).map(drop)
}

/// A claim that waits for its entity to become free.
pub(crate) struct Waiting {
    pub source: Source,
    pub deferred: Deferred,
}

/// The oldest waiting claim of each of the entities, and all others through the same file.
pub(crate) fn load_waiting(tx: &mut Tx<'_>, refs: &[String]) -> Result<Vec<Waiting>> {
    let sql = format!(
        "select ref, location_key, source, is_root, unprocessed, line from catalog_conflict \
         where ref in {} order by ref, first_at, location_key, source",
        tx.each_text(1)
    );
    let mut waiting: Vec<Waiting> = Vec::new();
    for row in query_texts(tx, &sql, refs)? {
        let Waiting { source, deferred } = waiting_claim(row)?;
        let is_next = waiting.last().is_none_or(|Waiting { deferred: last, .. }| {
            last.entity_ref != deferred.entity_ref || last.location_key == deferred.location_key
        });
        if is_next {
            waiting.push(Waiting { source, deferred });
        }
    }
    Ok(waiting)
}

fn waiting_claim(mut row: Row) -> Result<Waiting> {
    let name = row.take(2)?;
    let source = if row.take(3)? {
        Source::Provider(name)
    } else {
        Source::Entity(name)
    };
    let key: String = row.take(1)?;
    let line: Option<i64> = row.take(5)?;
    let deferred = Deferred {
        entity: row.take(4)?,
        entity_ref: row.take(0)?,
        location_key: (!key.is_empty()).then_some(key),
        line: line.and_then(|line| u32::try_from(line).ok()),
    };
    Ok(Waiting { source, deferred })
}

pub(crate) fn list(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Conflict>> {
    let rows = tx.query(
        "select c.ref, r.location_key, c.location_key, c.source, c.first_at, c.last_at \
         from catalog_conflict c left join catalog_refresh r on r.ref = c.ref \
         order by c.ref, c.location_key, c.source limit $1",
        &[limit.into()],
    )?;
    rows.into_iter()
        .map(|mut row| {
            Ok(Conflict {
                entity_ref: row.take(0)?,
                existing_location_key: row.take(1)?,
                conflicting_location_key: row.take(2)?,
                conflicting_source: row.take(3)?,
                first_conflict_at: row.take(4)?,
                last_conflict_at: row.take(5)?,
            })
        })
        .collect()
}
