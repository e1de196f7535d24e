//! Removing records that are too old.

use std::time::Duration;

use platform::clock::millis;
use platform::db::{Db, Tx};
use platform::{Clock, Millis, Result};
use tokio_util::sync::CancellationToken;

use crate::record::{Event, Origin, Via};
use crate::store;

/// How often it is looked for them.
const PERIOD: Duration = Duration::from_hours(1);

pub(crate) async fn keep(db: Db, clock: Clock, retention: Duration, stop: CancellationToken) {
    loop {
        let now = clock.now();
        if let Err(error) = db.write(move |tx| prune(tx, retention, now)).await {
            tracing::error!(error = error.chain(), "old audit records were not removed");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}

/// Removes what is too old, and says so in the log itself.
fn prune(tx: &mut Tx<'_>, retention: Duration, now: Millis) -> Result<()> {
    let n_removed = store::delete_before(tx, now - millis(retention))?;
    if n_removed == 0 {
        return Ok(());
    }
    let event = Event::done("audit.record.expire", "audit log")
        .detail(format!("{n_removed} records were older than the retention"));
    store::record(tx, &Origin::internal(Via::Job, "audit"), &event, now)
}

#[cfg(test)]
mod tests {
    use testkit::TestDb;

    use super::*;
    use crate::{Audit, Parts, Reads, Settings};
    use platform::telemetry::Metrics;

    #[tokio::test]
    async fn old_records_go_and_the_chain_stays_whole() {
        let test = TestDb::new(store::MIGRATIONS).await;
        let db = test.db.clone();
        let write = |tx: &mut Tx<'_>| {
            for at in [10, 20, 30, 40] {
                let origin = Origin::internal(Via::Job, "test");
                store::record(tx, &origin, &Event::done("a.b.c", "d"), at)?;
            }
            Ok(())
        };
        db.write(write).await.unwrap();
        let retention = Duration::from_millis(15);
        db.write(move |tx| prune(tx, retention, 45)).await.unwrap();
        let left = db.read(|tx| store::list_from(tx, 0, 10)).await.unwrap();
        let actions: Vec<_> = left.iter().map(|r| (r.seq, &*r.action)).collect();
        assert_eq!(
            actions,
            [(3, "a.b.c"), (4, "a.b.c"), (5, "audit.record.expire")]
        );
        let parts = Parts {
            db: db.clone(),
            settings: Settings::default(),
            reads: Reads::default(),
            metrics: Metrics::new(),
            clock: Clock::fixed(50),
        };
        let found = Audit::new(parts).unwrap().verify(None).await.unwrap();
        assert_eq!((found.n_records, found.n_faults), (3, 0));
        db.write(move |tx| prune(tx, retention, 1_000))
            .await
            .unwrap();
        let left = db.read(|tx| store::list_from(tx, 0, 10)).await.unwrap();
        assert_eq!(left.len(), 1);
    }
}
