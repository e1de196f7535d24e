//! Gives up tasks that nobody has worked on for very long, and forgets those that ended long ago.
//! Reference 2 §D.6.

use platform::Result;
use platform::clock::millis;
use platform::db::Tx;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::scaffolder::Scaffolder;
use crate::store::{events, journal, tasks};
use crate::task::{EventKind, NewEvent, Status};

/// Tasks that one transaction forgets.
const BATCH: i64 = 200;
const STALE: &str = "This task was marked as stale as it exceeded its timeout";

/// Looks from time to time until `stop`.
pub(crate) async fn watch(scaffolder: Scaffolder, stop: CancellationToken) {
    loop {
        // The first time at once: what a process left that was broken off is there when it starts.
        if let Err(error) = scaffolder.sweep_trials().await {
            tracing::warn!(
                error = error.chain(),
                "folders of dry runs were not looked for"
            );
        }
        tokio::select! {
            () = tokio::time::sleep(scaffolder.settings.janitor_period) => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = give_up_stale(&scaffolder).await {
            tracing::warn!(error = error.chain(), "stale tasks were not looked for");
        }
        if let Err(error) = forget_old(&scaffolder).await {
            tracing::warn!(error = error.chain(), "old tasks were not removed");
        }
    }
}

/// Fails the tasks that are past their timeout.
pub(crate) async fn give_up_stale(scaffolder: &Scaffolder) -> Result<()> {
    let now = scaffolder.clock.now();
    let before = now - millis(scaffolder.settings.task_timeout);
    scaffolder
        .db
        .write(move |tx| {
            for (id, fence) in tasks::list_stale(tx, before)? {
                let last = NewEvent {
                    kind: EventKind::Completion,
                    body: json!({ "message": STALE }),
                };
                tasks::finish(tx, &id, fence, Status::Failed, now)?;
                events::insert(tx, &id, &[last], now)?;
            }
            Ok(())
        })
        .await
}

/// Removes tasks that ended before the time for which they are kept, with all that is known of them.
pub(crate) async fn forget_old(scaffolder: &Scaffolder) -> Result<()> {
    let Some(retention) = scaffolder.settings.retention else {
        return Ok(());
    };
    let before = scaffolder.clock.now() - millis(retention);
    loop {
        let work = move |tx: &mut Tx<'_>| {
            let ids = tasks::delete_ended(tx, before, BATCH)?;
            for id in &ids {
                events::delete_all(tx, id)?;
                journal::delete_all(tx, id)?;
                journal::delete_masks(tx, id)?;
            }
            Ok(ids.len())
        };
        let n_removed = scaffolder.db.write(work).await?;
        if n_removed > 0 {
            tracing::info!(n_removed, "old tasks were removed");
        }
        if i64::try_from(n_removed).is_ok_and(|n| n < BATCH) {
            return Ok(());
        }
    }
}
