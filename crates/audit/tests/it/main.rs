//! The audit log from outside: what is recorded, and what `verify` finds.

#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails the test, also in shared code"
)]

mod barrier;
mod chain;

use audit::{Audit, Event, MIGRATIONS, Origin, Parts, Reads, Settings, Via};
use platform::Clock;
use platform::telemetry::Metrics;
use testkit::TestDb;

/// An audit log over a fresh database.
struct Lab {
    db: TestDb,
    audit: Audit,
}

impl Lab {
    async fn new(reads: Reads) -> Self {
        let db = TestDb::new(MIGRATIONS).await;
        let parts = Parts {
            db: db.db.clone(),
            settings: Settings::default(),
            reads,
            metrics: Metrics::new(),
            clock: Clock::fixed(1_000),
        };
        let audit = Audit::new(parts).unwrap();
        Self { db, audit }
    }

    /// Records `n` events in one transaction.
    async fn record(&self, n: usize) {
        let write = move |tx: &mut platform::db::Tx<'_>| {
            for number in 0..n {
                let origin = Origin::internal(Via::Operator, "test");
                let event = Event::done("lab.thing.make", format!("thing:{number}"));
                audit::record(tx, &origin, &event, 1_000)?;
            }
            Ok(())
        };
        self.db.db.write(write).await.unwrap();
    }
}
