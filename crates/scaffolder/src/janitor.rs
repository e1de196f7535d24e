//! Gives up tasks that nobody has worked on for very long. Reference 2 §D.6.

use platform::Result;
use platform::clock::millis;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::scaffolder::Scaffolder;
use crate::store::{events, tasks};
use crate::task::{EventKind, NewEvent, Status};

const STALE: &str = "This task was marked as stale as it exceeded its timeout";

/// Looks from time to time until `stop`.
pub(crate) async fn watch(scaffolder: Scaffolder, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(scaffolder.settings.janitor_period) => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = give_up_stale(&scaffolder).await {
            tracing::warn!(error = error.chain(), "stale tasks were not looked for");
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
