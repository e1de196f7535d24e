//! Stitching beside processing: both are in need of the one writer, but what they compute, and the
//! index that follows, keep the other cores busy.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::catalog::Catalog;
use crate::stitch;
use crate::store::{WORK, stitches};

use super::POLL;

/// Entities stitched in one transaction.
const BATCH: usize = 2000;
/// While much is being ingested, stitching waits this long, so that entities with many relations
/// are not written again and again.
const PAUSE: Duration = Duration::from_secs(15);

/// How far processing has come.
#[derive(Default)]
pub(super) struct Progress {
    is_busy: AtomicBool,
    written: Notify,
}

impl Progress {
    /// Outcomes were written back, so that there is something to stitch.
    pub(super) fn written(&self) {
        self.written.notify_one();
    }

    /// Whether more is due than one batch.
    pub(super) fn set_busy(&self, is_busy: bool) {
        if self.is_busy.swap(is_busy, Ordering::Relaxed) != is_busy {
            self.written.notify_one();
        }
    }

    fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Relaxed)
    }
}

/// Stitches for as long as there is something to do.
pub(super) async fn run(catalog: &Catalog, progress: &Progress, stop: &CancellationToken) {
    let mut woken = catalog.db.subscribe(WORK);
    let mut stitched = Instant::now();
    while !stop.is_cancelled() {
        woken.mark_unchanged();
        let is_early = progress.is_busy() && stitched.elapsed() < PAUSE;
        if !is_early {
            let n_stitched = stitch_queued(catalog, progress, stop).await;
            stitched = Instant::now();
            if n_stitched > 0 {
                continue;
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            _ = woken.changed(), if !is_early => {}
            () = progress.written.notified() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Stitches what is queued; while processing is busy, only what was queued at the beginning.
async fn stitch_queued(catalog: &Catalog, progress: &Progress, stop: &CancellationToken) -> usize {
    let mut most = usize::MAX;
    if progress.is_busy()
        && let Ok(length) = catalog.db.read(stitches::queue_length).await
    {
        most = usize::try_from(length).unwrap_or(usize::MAX);
    }
    stitch_up_to(catalog, most, stop).await
}

/// Stitches all that is queued; the number of entities.
pub(super) async fn stitch_all(catalog: &Catalog, stop: &CancellationToken) -> usize {
    stitch_up_to(catalog, usize::MAX, stop).await
}

async fn stitch_up_to(catalog: &Catalog, most: usize, stop: &CancellationToken) -> usize {
    let mut total = 0;
    while total < most && !stop.is_cancelled() {
        let now = catalog.clock.now();
        let started = Instant::now();
        match catalog
            .db
            .write_derived(move |tx| stitch::run_batch(tx, BATCH, now))
            .await
        {
            Ok(done) if done.total() == 0 => break,
            Ok(done) => {
                catalog.metrics.stitched(done, started.elapsed());
                total += done.total();
            }
            Err(error) => {
                tracing::error!(error = error.chain(), "cannot stitch");
                tokio::time::sleep(POLL).await;
                break;
            }
        }
    }
    total
}
