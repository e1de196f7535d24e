//! The self-check: derived state is what it would be if it were made anew.
//!
//! Two checks run all the time, a little at once: the index against the final entities, and the
//! final entities and relations against the processed ones. A difference is repaired, logged and
//! counted; the count must stay zero.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

use index::{BucketDigest, bucket, fingerprint};
use platform::Result;
use platform::db::Tx;
use tokio_util::sync::CancellationToken;

use crate::catalog::Catalog;
use crate::model::Relation;
use crate::store::{WORK, changes, refresh, relations, stitches};
use crate::{process, stitch};

/// Time between two comparisons of the index with the database.
const INDEX_PERIOD: Duration = Duration::from_mins(10);
/// Time between two steps through the final entities.
const STEP_PERIOD: Duration = Duration::from_secs(2);
/// Entities of one step: with the period above, 500 000 entities take about half an hour.
const STEP: i64 = 500;
/// Time between the starts of two passes through all final entities, at least.
const PASS_PERIOD: Duration = Duration::from_mins(10);
/// Rows of one statement.
const BATCH: i64 = 10_000;

/// Runs both checks until `stop`.
pub(crate) async fn run(catalog: Catalog, stop: CancellationToken) {
    let mut index_due = tokio::time::Instant::now() + INDEX_PERIOD;
    let mut pass_due = tokio::time::Instant::now();
    let mut after = 0;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(STEP_PERIOD) => {}
        }
        if after > 0 || tokio::time::Instant::now() >= pass_due {
            if after == 0 {
                pass_due = tokio::time::Instant::now() + PASS_PERIOD;
            }
            match check_derived(&catalog, after).await {
                Ok(next) => after = next,
                Err(error) => tracing::warn!(error = error.chain(), "self-check failed"),
            }
        }
        if tokio::time::Instant::now() >= index_due {
            index_due = tokio::time::Instant::now() + INDEX_PERIOD;
            if let Err(error) = check_index(&catalog).await {
                tracing::warn!(error = error.chain(), "self-check of the index failed");
            }
        }
    }
}

/// Compares the index with the final entities and reloads what differs; the number of buckets that
/// did. Skipped while the index is behind.
pub(crate) async fn check_index(catalog: &Catalog) -> Result<usize> {
    let (rev, stored) = catalog
        .db
        .read(|tx| Ok((changes::head(tx)?, digests(tx)?)))
        .await?;
    catalog.view.wait_for(rev, Duration::from_secs(5)).await;
    let found: BTreeMap<u32, BucketDigest> = {
        let index = catalog.view.index();
        if catalog.view.applied() != rev {
            return Ok(0);
        }
        index
            .bucket_digests()
            .into_iter()
            .map(|digest| (digest.bucket, digest))
            .collect()
    };
    let buckets: BTreeSet<u32> = stored.keys().chain(found.keys()).copied().collect();
    let wrong: Vec<u32> = buckets
        .into_iter()
        .filter(|bucket| stored.get(bucket) != found.get(bucket))
        .collect();
    if wrong.is_empty() {
        return Ok(0);
    }
    catalog.metrics.mismatches("index", wrong.len());
    tracing::error!(
        n_buckets = wrong.len(),
        "the index differs from the database; reloading"
    );
    catalog.view.load().await?;
    Ok(wrong.len())
}

fn digests(tx: &mut Tx<'_>) -> Result<BTreeMap<u32, BucketDigest>> {
    let mut digests = BTreeMap::new();
    let mut after = 0;
    loop {
        let rows = changes::load_digests(tx, after, BATCH)?;
        let Some((last, _)) = rows.last() else {
            return Ok(digests);
        };
        after = *last;
        for (id, etag) in &rows {
            let number = bucket(*id);
            let digest = digests.entry(number).or_insert(BucketDigest {
                bucket: number,
                ..BucketDigest::default()
            });
            digest.count += 1;
            digest.xor ^= fingerprint(*id, etag);
        }
    }
}

/// Checks the next entities after a row id; the id to go on from, zero at the end.
pub(crate) async fn check_derived(catalog: &Catalog, after: i64) -> Result<i64> {
    let (next, wrong) = catalog.db.read(move |tx| find_wrong(tx, after)).await?;
    if !wrong.is_empty() {
        catalog.metrics.mismatches("derived", wrong.len());
        tracing::error!(
            n_entities = wrong.len(),
            first = wrong[0],
            "derived rows were wrong; repairing"
        );
        let now = catalog.clock.now();
        catalog
            .db
            .write(move |tx| {
                refresh::make_due(tx, &wrong, now)?;
                stitches::enqueue(tx, wrong.iter().map(String::as_str), now)?;
                tx.notify(WORK)
            })
            .await?;
    }
    Ok(next)
}

/// Entities whose relations or final form are not what their processed form gives.
fn find_wrong(tx: &mut Tx<'_>, after: i64) -> Result<(i64, Vec<String>)> {
    let rows = refresh::load_processed(tx, after, STEP)?;
    let Some(last) = rows.last() else {
        return Ok((0, Vec::new()));
    };
    let next = last.id;
    let refs: Vec<&str> = rows.iter().map(|row| row.entity_ref.as_str()).collect();
    let queued = stitches::load_queued(tx, &refs)?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut stored = relations::load_by_origin(tx, &ids)?;
    let mut wrong: HashSet<String> = HashSet::new();
    for row in &rows {
        let entity: serde_json::Value = serde_json::from_str(&row.processed).unwrap_or_default();
        let built_in: HashSet<Relation> = process::relations_of(&entity)
            .map(|found| found.into_iter().collect())
            .unwrap_or_default();
        let found = stored.remove(&row.id).unwrap_or_default();
        // Processors may add relations of their own, so those that are built in must be there.
        if !row.is_due && !built_in.is_subset(&found) {
            wrong.insert(row.entity_ref.clone());
        }
    }
    let refs: Vec<String> = rows
        .into_iter()
        .map(|row| row.entity_ref)
        .filter(|entity| !queued.contains(entity))
        .collect();
    wrong.extend(stitch::find_stale(tx, &refs)?);
    Ok((next, wrong.into_iter().collect()))
}
