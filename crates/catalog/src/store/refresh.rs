//! `catalog_refresh`: what sources gave us, and how far its processing has come.

use std::collections::HashMap;

use platform::db::{Row, Tx};
use platform::{Millis, Result};

use crate::model::{Claimed, Deferred};

use super::{CHUNK, NEVER, execute_texts, first_column, ints, query_ints, query_texts};

/// `orphan_at` of an entity that was an orphan longer than the grace and is shown as one.
const CONFIRMED_ORPHAN: i64 = 1;

/// What an upsert has to know of an existing row.
#[derive(Debug, Clone)]
pub(crate) struct Existing {
    pub id: i64,
    pub location_key: Option<String>,
    pub unprocessed_hash: String,
    pub is_orphan: bool,
    /// Whether the way is gone by which it got its origin.
    pub origin_lost: bool,
}

/// A new or changed row to write.
pub(crate) struct Upsert<'a> {
    pub deferred: &'a Deferred,
    pub hash: String,
    pub origin_lost: bool,
}

pub(crate) fn load_existing<'a>(
    tx: &mut Tx<'_>,
    refs: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, Existing>> {
    let sql = format!(
        "select ref, id, location_key, unprocessed_hash, orphan_at, origin_lost \
         from catalog_refresh where ref in {}",
        tx.each_text(1)
    );
    let existing = |mut row: Row| {
        let existing = Existing {
            id: row.take(1)?,
            location_key: row.take(2)?,
            unprocessed_hash: row.take(3)?,
            is_orphan: row.take::<Option<i64>>(4)?.is_some(),
            origin_lost: row.take(5)?,
        };
        Ok((row.take(0)?, existing))
    };
    query_texts(tx, &sql, refs)?
        .into_iter()
        .map(existing)
        .collect()
}

pub(crate) fn insert(tx: &mut Tx<'_>, rows: &[Upsert<'_>], now: Millis) -> Result<()> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            vec![
                (&row.deferred.entity_ref).into(),
                // Grows with time, so that new entities lie side by side in the index of uids.
                uuid::Uuid::now_v7().to_string().into(),
                row.deferred.location_key.as_deref().into(),
                (&row.deferred.entity).into(),
                (&row.hash).into(),
                now.into(),
                now.into(),
                row.deferred.line.into(),
                row.origin_lost.into(),
            ]
        })
        .collect();
    let into = "catalog_refresh (ref, uid, location_key, unprocessed, unprocessed_hash, next_at, \
        discovered_at, line, origin_lost)";
    tx.insert(into, &rows, "")
}

/// Replaces what sources gave; makes the rows due and no longer orphans.
pub(crate) fn update_unprocessed(
    tx: &mut Tx<'_>,
    rows: &[(i64, Upsert<'_>)],
    now: Millis,
) -> Result<()> {
    let sql = "update catalog_refresh set location_key = $2, unprocessed = $3, \
        unprocessed_hash = $4, next_at = $5, line = $6, orphan_at = null, result_hash = null, \
        origin_lost = $7, claim = claim + 1 where id = $1";
    let rows: Vec<_> = rows
        .iter()
        .map(|(id, row)| {
            vec![
                (*id).into(),
                row.deferred.location_key.as_deref().into(),
                (&row.deferred.entity).into(),
                (&row.hash).into(),
                now.into(),
                row.deferred.line.into(),
                row.origin_lost.into(),
            ]
        })
        .collect();
    tx.execute_each(sql, &rows).map(drop)
}

/// Marks entities whose origin may be gone, until a source that has one emits them.
pub(crate) fn lose_origin(tx: &mut Tx<'_>, refs: &[String]) -> Result<()> {
    let sql = format!(
        "update catalog_refresh set origin_lost = true where ref in {}",
        tx.each_text(1)
    );
    execute_texts(tx, &sql, refs, &[]).map(drop)
}

/// Whether the origin of an entity may be gone.
pub(crate) fn has_lost_origin(tx: &mut Tx<'_>, entity_ref: &str) -> Result<bool> {
    let row = tx.query_opt(
        "select origin_lost from catalog_refresh where ref = $1",
        &[entity_ref.into()],
    )?;
    row.map_or(Ok(false), |mut row| row.take(0))
}

/// Starts the grace of entities that nobody emits any more.
pub(crate) fn mark_orphans(tx: &mut Tx<'_>, refs: &[String], now: Millis) -> Result<()> {
    let sql = format!(
        "update catalog_refresh set orphan_at = $2 where ref in {} and orphan_at is null",
        tx.each_text(1)
    );
    execute_texts(tx, &sql, refs, &[now.into()]).map(drop)
}

/// Ends the orphanhood of entities that someone emits again.
pub(crate) fn adopt(tx: &mut Tx<'_>, refs: &[&str]) -> Result<()> {
    let sql = format!(
        "update catalog_refresh set orphan_at = null where ref in {}",
        tx.each_text(1)
    );
    execute_texts(tx, &sql, refs, &[]).map(drop)
}

/// Orphans whose grace began before `before`, with or without those that are shown as orphans.
pub(crate) fn list_orphans(
    tx: &mut Tx<'_>,
    before: Millis,
    with_confirmed: bool,
    limit: i64,
) -> Result<Vec<String>> {
    let after = if with_confirmed { 0 } else { CONFIRMED_ORPHAN };
    let rows = tx.query(
        "select ref from catalog_refresh where orphan_at <= $1 and orphan_at > $2 \
         order by orphan_at limit $3",
        &[before.into(), after.into(), limit.into()],
    )?;
    first_column(rows)
}

/// Marks orphans that are to be shown as such.
pub(crate) fn confirm_orphans(tx: &mut Tx<'_>, refs: &[String]) -> Result<()> {
    let sql = format!(
        "update catalog_refresh set orphan_at = $2 where ref in {}",
        tx.each_text(1)
    );
    execute_texts(tx, &sql, refs, &[CONFIRMED_ORPHAN.into()]).map(drop)
}

/// Claims what is due; until `lease_until` nobody else gets it.
pub(crate) fn claim_due(
    tx: &mut Tx<'_>,
    now: Millis,
    lease_until: Millis,
    limit: usize,
) -> Result<Vec<Claimed>> {
    let sql = format!(
        "update catalog_refresh set next_at = $2, claim = claim + 1 where id in \
         (select id from catalog_refresh where next_at <= $1 order by next_at, id limit $3 {}) \
         returning id, ref, unprocessed, result_hash, state, claim, line, errors is not null",
        tx.skip_locked()
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = tx.query(&sql, &[now.into(), lease_until.into(), limit.into()])?;
    rows.into_iter().map(claimed).collect()
}

fn claimed(mut row: Row) -> Result<Claimed> {
    let line: Option<i64> = row.take(6)?;
    Ok(Claimed {
        id: row.take(0)?,
        entity_ref: row.take(1)?,
        unprocessed: row.take(2)?,
        result_hash: row.take(3)?,
        has_failed: row.take(7)?,
        state: row.take(4)?,
        claim: row.take(5)?,
        line: line.and_then(|line| u32::try_from(line).ok()),
    })
}

/// The next time at which something is due, if anything ever is.
pub(crate) fn next_due(tx: &mut Tx<'_>) -> Result<Option<Millis>> {
    let next: Option<i64> = tx
        .query_one("select min(next_at) from catalog_refresh", &[])?
        .take(0)?;
    Ok(next.filter(|at| *at < NEVER))
}

/// Which of the claims are still the last ones of their rows; they stay so until the commit.
pub(crate) fn still_claimed(tx: &mut Tx<'_>, claims: &[(i64, i64)]) -> Result<Vec<bool>> {
    let sql = format!(
        "select id, claim from catalog_refresh where id in {} {}",
        tx.each_int(1),
        tx.lock_rows()
    );
    let ids: Vec<i64> = claims.iter().map(|(id, _)| *id).collect();
    let mut current: HashMap<i64, i64> = HashMap::with_capacity(claims.len());
    for mut row in query_ints(tx, &sql, &ids)? {
        current.insert(row.take(0)?, row.take(1)?);
    }
    Ok(claims
        .iter()
        .map(|(id, claim)| current.get(id) == Some(claim))
        .collect())
}

/// How one processed row is written back.
pub(crate) struct Processed<'a> {
    pub id: i64,
    pub claim: i64,
    /// The new entity; `None` keeps the last good one.
    pub entity: Option<&'a str>,
    pub errors: Option<String>,
    pub state: Option<&'a str>,
    pub result_hash: &'a str,
    pub next_at: Millis,
}

/// Writes outcomes back, where nobody made the row due or claimed it meanwhile.
pub(crate) fn update_processed(tx: &mut Tx<'_>, rows: &[Processed<'_>]) -> Result<()> {
    let sql = "update catalog_refresh set processed = coalesce($3, processed), errors = $4, \
        state = coalesce($5, state), result_hash = $6, next_at = $7 where id = $1 and claim = $2";
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            vec![
                row.id.into(),
                row.claim.into(),
                row.entity.into(),
                row.errors.as_deref().into(),
                row.state.into(),
                row.result_hash.into(),
                row.next_at.into(),
            ]
        })
        .collect();
    tx.execute_each(sql, &rows).map(drop)
}

/// Moves the schedule of rows whose outcome is as before.
pub(crate) fn reschedule(tx: &mut Tx<'_>, rows: &[(i64, i64, Millis)]) -> Result<()> {
    let sql = "update catalog_refresh set next_at = $3 where id = $1 and claim = $2";
    let rows: Vec<_> = rows
        .iter()
        .map(|(id, claim, at)| vec![(*id).into(), (*claim).into(), (*at).into()])
        .collect();
    tx.execute_each(sql, &rows).map(drop)
}

/// Makes entities due now, whatever their last outcome was; the number of those that exist.
pub(crate) fn make_due(tx: &mut Tx<'_>, refs: &[String], now: Millis) -> Result<u64> {
    let sql = format!(
        "update catalog_refresh set next_at = $2, result_hash = null, claim = claim + 1 \
         where ref in {}",
        tx.each_text(1)
    );
    execute_texts(tx, &sql, refs, &[now.into()])
}

/// Makes every entity due that depends on one of the refresh keys.
pub(crate) fn make_due_by_keys(tx: &mut Tx<'_>, keys: &[String], now: Millis) -> Result<u64> {
    let sql = format!(
        "update catalog_refresh set next_at = $2, claim = claim + 1 where id in \
         (select entity_id from catalog_refresh_key where key in {})",
        tx.each_text(1)
    );
    execute_texts(tx, &sql, keys, &[now.into()])
}

/// Makes everything due that is scheduled or claimed.
pub(crate) fn drop_claims(tx: &mut Tx<'_>, now: Millis) -> Result<u64> {
    tx.execute(
        "update catalog_refresh set next_at = $1 where next_at > $1 and next_at < $2",
        &[now.into(), NEVER.into()],
    )
}

/// Makes everything due, after the processors themselves have changed.
pub(crate) fn make_all_due(tx: &mut Tx<'_>, now: Millis) -> Result<u64> {
    tx.execute(
        "update catalog_refresh set next_at = $1, result_hash = null, claim = claim + 1",
        &[now.into()],
    )
}

/// Lets the next emission of the entities have them, whatever its location key.
pub(crate) fn release_key(tx: &mut Tx<'_>, refs: &[String]) -> Result<()> {
    let sql = format!(
        "update catalog_refresh set location_key = null where ref in {}",
        tx.each_text(1)
    );
    execute_texts(tx, &sql, refs, &[]).map(drop)
}

/// Deletes rows with their keys; the ids of those that existed.
pub(crate) fn delete(tx: &mut Tx<'_>, refs: &[String]) -> Result<Vec<i64>> {
    let sql = format!(
        "delete from catalog_refresh where ref in {} returning id",
        tx.each_text(1)
    );
    let ids: Vec<i64> = first_column(query_texts(tx, &sql, refs)?)?;
    delete_keys(tx, &ids)?;
    Ok(ids)
}

fn delete_keys(tx: &mut Tx<'_>, ids: &[i64]) -> Result<()> {
    let sql = format!(
        "delete from catalog_refresh_key where entity_id in {}",
        tx.each_int(1)
    );
    for chunk in ids.chunks(CHUNK) {
        tx.execute(&sql, &[ints(chunk).into()])?;
    }
    Ok(())
}

pub(crate) fn replace_keys(tx: &mut Tx<'_>, rows: &[(i64, &[String])]) -> Result<()> {
    let ids: Vec<i64> = rows.iter().map(|(id, _)| *id).collect();
    delete_keys(tx, &ids)?;
    insert_keys(tx, rows)
}

pub(crate) fn insert_keys(tx: &mut Tx<'_>, rows: &[(i64, &[String])]) -> Result<()> {
    let keys: Vec<_> = rows
        .iter()
        .flat_map(|(id, keys)| keys.iter().map(|key| vec![(*id).into(), key.into()]))
        .collect();
    let sql = "insert into catalog_refresh_key (entity_id, key) values ($1, $2) \
        on conflict do nothing";
    tx.execute_each(sql, &keys).map(drop)
}

/// Refresh keys with a prefix, for the file watcher.
pub(crate) fn list_keys(tx: &mut Tx<'_>, prefix: &str) -> Result<Vec<String>> {
    let sql = "select distinct key from catalog_refresh_key where substr(key, 1, $2) = $1";
    let length = i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX);
    let rows = tx.query(sql, &[prefix.into(), length.into()])?;
    first_column(rows)
}

/// When entities were first named by a source.
pub(crate) fn load_discovered(tx: &mut Tx<'_>, refs: &[String]) -> Result<HashMap<String, Millis>> {
    let sql = format!(
        "select ref, discovered_at from catalog_refresh where ref in {}",
        tx.each_text(1)
    );
    query_texts(tx, &sql, refs)?
        .into_iter()
        .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
        .collect()
}

pub(crate) fn find_id(tx: &mut Tx<'_>, entity_ref: &str) -> Result<Option<i64>> {
    let row = tx.query_opt(
        "select id from catalog_refresh where ref = $1",
        &[entity_ref.into()],
    )?;
    row.map(|mut row| row.take(0)).transpose()
}

/// One row, for the unprocessed endpoints and the error list.
#[derive(Debug)]
pub(crate) struct RefreshRow {
    pub entity_ref: String,
    pub uid: String,
    pub location_key: Option<String>,
    pub unprocessed: String,
    pub unprocessed_hash: String,
    pub processed: Option<String>,
    pub result_hash: Option<String>,
    pub state: Option<String>,
    pub errors: Option<String>,
    pub next_at: Millis,
    pub discovered_at: Millis,
}

/// Which rows [`list_unprocessed`] gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The last processing failed.
    Failed,
    /// No processing has succeeded yet.
    Pending,
}

pub(crate) fn list_unprocessed(
    tx: &mut Tx<'_>,
    stage: Stage,
    limit: i64,
) -> Result<Vec<RefreshRow>> {
    let condition = match stage {
        Stage::Failed => "errors is not null",
        Stage::Pending => "processed is null",
    };
    let sql = format!(
        "select ref, uid, location_key, unprocessed, unprocessed_hash, processed, \
         result_hash, state, errors, next_at, discovered_at from catalog_refresh \
         where {condition} order by id limit $1"
    );
    tx.query(&sql, &[limit.into()])?
        .into_iter()
        .map(refresh_row)
        .collect()
}

fn refresh_row(mut row: Row) -> Result<RefreshRow> {
    Ok(RefreshRow {
        entity_ref: row.take(0)?,
        uid: row.take(1)?,
        location_key: row.take(2)?,
        unprocessed: row.take(3)?,
        unprocessed_hash: row.take(4)?,
        processed: row.take(5)?,
        result_hash: row.take(6)?,
        state: row.take(7)?,
        errors: row.take(8)?,
        next_at: row.take(9)?,
        discovered_at: row.take(10)?,
    })
}

/// The reference of a row by its uid.
pub(crate) fn find_ref_by_uid(tx: &mut Tx<'_>, uid: &str) -> Result<Option<String>> {
    let row = tx.query_opt(
        "select ref from catalog_refresh where uid = $1",
        &[uid.into()],
    )?;
    row.map(|mut row| row.take(0)).transpose()
}

/// What stitching has to know of an entity.
pub(crate) struct Stitchable {
    pub id: i64,
    pub uid: String,
    pub processed: Option<String>,
    pub errors: Option<String>,
    pub is_orphan: bool,
}

pub(crate) fn load_stitchable(
    tx: &mut Tx<'_>,
    refs: &[String],
) -> Result<HashMap<String, Stitchable>> {
    let sql = format!(
        "select ref, id, uid, processed, errors, orphan_at from catalog_refresh where ref in {}",
        tx.each_text(1)
    );
    let stitchable = |mut row: Row| {
        let stitchable = Stitchable {
            id: row.take(1)?,
            uid: row.take(2)?,
            processed: row.take(3)?,
            errors: row.take(4)?,
            is_orphan: row.take::<Option<i64>>(5)? == Some(CONFIRMED_ORPHAN),
        };
        Ok((row.take(0)?, stitchable))
    };
    query_texts(tx, &sql, refs)?
        .into_iter()
        .map(stitchable)
        .collect()
}

/// A processed entity, for the self-check.
pub(crate) struct ProcessedRow {
    pub id: i64,
    pub entity_ref: String,
    pub processed: String,
    /// Whether it is about to be processed again, so that its relations may be old.
    pub is_due: bool,
}

pub(crate) fn load_processed(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<ProcessedRow>> {
    let rows = tx.query(
        "select id, ref, processed, result_hash from catalog_refresh \
         where id > $1 and processed is not null order by id limit $2",
        &[after.into(), limit.into()],
    )?;
    rows.into_iter()
        .map(|mut row| {
            Ok(ProcessedRow {
                id: row.take(0)?,
                entity_ref: row.take(1)?,
                processed: row.take(2)?,
                is_due: row.take::<Option<String>>(3)?.is_none(),
            })
        })
        .collect()
}
