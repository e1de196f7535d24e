//! `catalog_stitch` and `catalog_entity`: the queue of entities to stitch, and what it gives.

use std::collections::{HashMap, HashSet};

use platform::db::Tx;
use platform::{Millis, Result};

use super::{CHANGED, changes, execute_texts, first_column, query_ints, query_texts};

/// Queues entities that have been processed; the others queue themselves when they are.
pub(crate) fn enqueue<'a>(
    tx: &mut Tx<'_>,
    refs: impl IntoIterator<Item = &'a str>,
    now: Millis,
) -> Result<()> {
    let sql = format!(
        "insert into catalog_stitch (ref, at) select ref, $2 from catalog_refresh \
         where ref in {} and processed is not null on conflict do nothing",
        tx.each_text(1)
    );
    execute_texts(tx, &sql, refs, &[now.into()]).map(drop)
}

/// Takes the oldest entries off the queue: references, and since when they were on it.
pub(crate) fn dequeue(tx: &mut Tx<'_>, limit: usize) -> Result<Vec<(String, Millis)>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = tx.query(
        "delete from catalog_stitch where ref in \
         (select ref from catalog_stitch order by at limit $1) returning ref, at",
        &[limit.into()],
    )?;
    rows.into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .collect()
}

pub(crate) fn queue_length(tx: &mut Tx<'_>) -> Result<i64> {
    tx.query_one("select count(*) from catalog_stitch", &[])?
        .take(0)
}

/// A final entity to write.
pub(crate) struct Final {
    pub id: i64,
    pub entity_ref: String,
    pub uid: String,
    pub etag: String,
    pub body: String,
}

/// The etags of final entities, by row id.
pub(crate) fn load_etags(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<i64, String>> {
    let sql = format!(
        "select id, etag from catalog_entity where id in {}",
        tx.each_int(1)
    );
    query_ints(tx, &sql, ids)?
        .into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .collect()
}

/// Writes final entities and logs their change.
pub(crate) fn upsert(tx: &mut Tx<'_>, finals: &[Final], now: Millis) -> Result<()> {
    if finals.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = finals
        .iter()
        .map(|entity| {
            vec![
                entity.id.into(),
                (&entity.entity_ref).into(),
                (&entity.uid).into(),
                (&entity.etag).into(),
                (&entity.body).into(),
                now.into(),
            ]
        })
        .collect();
    let into = "catalog_entity (id, ref, uid, etag, body, changed_at)";
    let conflict = "on conflict (id) do update set \
        etag = excluded.etag, body = excluded.body, changed_at = excluded.changed_at";
    tx.insert(into, &rows, conflict)?;
    changes::append(tx, finals.iter().map(|entity| entity.id), false, now)?;
    tx.notify(CHANGED)
}

/// Deletes final entities and logs it; those that were never final are passed over.
pub(crate) fn delete(tx: &mut Tx<'_>, ids: &[i64], now: Millis) -> Result<()> {
    let sql = format!(
        "delete from catalog_entity where id in {} returning id",
        tx.each_int(1)
    );
    let deleted: Vec<i64> = first_column(query_ints(tx, &sql, ids)?)?;
    if deleted.is_empty() {
        return Ok(());
    }
    changes::append(tx, deleted.into_iter(), true, now)?;
    tx.notify(CHANGED)
}

/// When something happened to an entity, or will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// It was first named by a source.
    pub discovered: Millis,
    /// Its final form changed last.
    pub changed: Millis,
    /// It is due to be looked at.
    pub next_look: Millis,
}

/// The times of an entity that has a final form.
pub(crate) fn load_times(tx: &mut Tx<'_>, entity_ref: &str) -> Result<Option<Times>> {
    let row = tx.query_opt(
        "select r.discovered_at, e.changed_at, r.next_at from catalog_entity e \
         join catalog_refresh r on r.id = e.id where e.ref = $1",
        &[entity_ref.into()],
    )?;
    row.map(|mut row| {
        Ok(Times {
            discovered: row.take(0)?,
            changed: row.take(1)?,
            next_look: row.take(2)?,
        })
    })
    .transpose()
}

/// Etags and bodies by row id; ids without a final entity are absent.
pub(crate) fn load_bodies(tx: &mut Tx<'_>, ids: &[i64]) -> Result<Vec<(i64, String, String)>> {
    let sql = format!(
        "select id, etag, body from catalog_entity where id in {}",
        tx.each_int(1)
    );
    query_ints(tx, &sql, ids)?
        .into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?, row.take(2)?)))
        .collect()
}

/// Of these entities, those on the queue.
pub(crate) fn load_queued(tx: &mut Tx<'_>, refs: &[&str]) -> Result<HashSet<String>> {
    let sql = format!(
        "select ref from catalog_stitch where ref in {}",
        tx.each_text(1)
    );
    first_column(query_texts(tx, &sql, refs)?)
}
