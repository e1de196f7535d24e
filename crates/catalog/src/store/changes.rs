//! `catalog_change`: the log that the index of every replica follows.
//!
//! Writers are serialised, so numbers appear in the order of commits and a follower that has read
//! up to `rev` has missed nothing below it.

use platform::db::{Row, Tx};
use platform::{Millis, Result};

use super::{CHANGED, execute_texts};

/// Stands in the log in place of an entity, whose ids begin with one, when registered locations have
/// changed.
pub(crate) const LOCATIONS: i64 = 0;

/// A final entity as the index reads it.
#[derive(Debug)]
pub(crate) struct Stored {
    pub id: i64,
    pub entity_ref: String,
    pub uid: String,
    pub etag: String,
    pub body: String,
}

/// One entry of the log, joined with the entity as it is now.
#[derive(Debug)]
pub(crate) struct Change {
    pub rev: i64,
    pub entity_id: i64,
    /// `None` when the entity is gone (now, or at that revision: a later entry tells).
    pub entity: Option<Stored>,
}

pub(crate) fn append(
    tx: &mut Tx<'_>,
    ids: impl Iterator<Item = i64>,
    deleted: bool,
    now: Millis,
) -> Result<()> {
    let rows: Vec<_> = ids
        .map(|id| vec![id.into(), deleted.into(), now.into()])
        .collect();
    tx.insert("catalog_change (entity_id, deleted, at)", &rows, "")
}

/// Logs that registered locations have changed.
pub(crate) fn touch_locations(tx: &mut Tx<'_>, now: Millis) -> Result<()> {
    append(tx, std::iter::once(LOCATIONS), false, now)?;
    tx.notify(CHANGED)
}

/// Logs entities whose final form stays, but not what emits them; those without one are passed over.
pub(crate) fn touch(tx: &mut Tx<'_>, refs: &[String], now: Millis) -> Result<()> {
    let sql = format!(
        "insert into catalog_change (entity_id, deleted, at) \
         select id, false, $2 from catalog_entity where ref in {}",
        tx.each_text(1)
    );
    if execute_texts(tx, &sql, refs, &[now.into()])? > 0 {
        tx.notify(CHANGED)?;
    }
    Ok(())
}

/// The newest revision; zero when nothing ever changed.
pub(crate) fn head(tx: &mut Tx<'_>) -> Result<i64> {
    let head: Option<i64> = tx
        .query_one("select max(rev) from catalog_change", &[])?
        .take(0)?;
    Ok(head.unwrap_or(0))
}

/// An entry of the log: one that stands in two logs at the same place means that they have the
/// same history up to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub rev: i64,
    pub entity_id: i64,
    pub at: Millis,
}

/// The entry with this revision.
pub(crate) fn find_mark(tx: &mut Tx<'_>, rev: i64) -> Result<Option<Mark>> {
    let row = tx.query_opt(
        "select rev, entity_id, at from catalog_change where rev = $1",
        &[rev.into()],
    )?;
    row.map(|mut row| {
        Ok(Mark {
            rev: row.take(0)?,
            entity_id: row.take(1)?,
            at: row.take(2)?,
        })
    })
    .transpose()
}

/// The oldest revision that is still there.
pub(crate) fn horizon(tx: &mut Tx<'_>) -> Result<i64> {
    let first: Option<i64> = tx
        .query_one("select min(rev) from catalog_change", &[])?
        .take(0)?;
    Ok(first.unwrap_or(0))
}

/// The next entries after `rev`.
pub(crate) fn load_after(tx: &mut Tx<'_>, rev: i64, limit: i64) -> Result<Vec<Change>> {
    let rows = tx.query(
        "select c.rev, c.entity_id, e.ref, e.uid, e.etag, e.body from \
         (select rev, entity_id from catalog_change where rev > $1 order by rev limit $2) c \
         left join catalog_entity e on e.id = c.entity_id order by c.rev",
        &[rev.into(), limit.into()],
    )?;
    rows.into_iter()
        .map(|mut row| {
            let entity_id = row.take(1)?;
            let entity = match row.take::<Option<String>>(2)? {
                Some(entity_ref) => Some(Stored {
                    id: entity_id,
                    entity_ref,
                    uid: row.take(3)?,
                    etag: row.take(4)?,
                    body: row.take(5)?,
                }),
                None => None,
            };
            Ok(Change {
                rev: row.take(0)?,
                entity_id,
                entity,
            })
        })
        .collect()
}

/// The entities of the entries after `rev` and up to `until`, each once.
pub(crate) fn load_ids_between(
    tx: &mut Tx<'_>,
    rev: i64,
    until: i64,
    limit: usize,
) -> Result<Vec<i64>> {
    let rows = tx.query(
        "select distinct entity_id from catalog_change where rev > $1 and rev <= $2 limit $3",
        &[
            rev.into(),
            until.into(),
            i64::try_from(limit).unwrap_or(i64::MAX).into(),
        ],
    )?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}

/// The number of final entities.
pub(crate) fn count_entities(tx: &mut Tx<'_>) -> Result<i64> {
    tx.query_one("select count(*) from catalog_entity", &[])?
        .take(0)
}

/// Final entities in order of id, after `id`.
pub(crate) fn load_entities(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<Stored>> {
    let rows = tx.query(
        "select id, ref, uid, etag, body from catalog_entity where id > $1 order by id limit $2",
        &[after.into(), limit.into()],
    )?;
    rows.into_iter().map(stored).collect()
}

/// Final entities from all over the catalog: `n` from each of so many places.
pub(crate) fn load_samples(tx: &mut Tx<'_>, places: i64, n: i64) -> Result<Vec<Stored>> {
    let last: Option<i64> = tx
        .query_one("select max(id) from catalog_entity", &[])?
        .take(0)?;
    let mut samples = Vec::new();
    for place in 0..places {
        let after = last.unwrap_or(0) / places * place;
        samples.append(&mut load_entities(tx, after, n)?);
    }
    Ok(samples)
}

fn stored(mut row: Row) -> Result<Stored> {
    Ok(Stored {
        id: row.take(0)?,
        entity_ref: row.take(1)?,
        uid: row.take(2)?,
        etag: row.take(3)?,
        body: row.take(4)?,
    })
}

/// `(id, etag)` of final entities in order of id, after `id`: what the self-check compares.
pub(crate) fn load_digests(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<(i64, String)>> {
    let rows = tx.query(
        "select id, etag from catalog_entity where id > $1 order by id limit $2",
        &[after.into(), limit.into()],
    )?;
    rows.into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .collect()
}

/// Forgets entries from before `before`, but never the newest one.
pub(crate) fn prune(tx: &mut Tx<'_>, before: Millis) -> Result<u64> {
    tx.execute(
        "delete from catalog_change where at < $1 \
         and rev < (select max(rev) from catalog_change)",
        &[before.into()],
    )
}
