//! Operators see providers with their schedules, and ask them to run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use catalog::{EntityProvider, Mutation, Schedule};
use platform::{Clock, Result};
use serde_json::{Value, json};
use testkit::TestCatalog;

/// Counts how often it runs.
struct Counter(Arc<AtomicUsize>);

#[async_trait]
impl EntityProvider for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }

    fn schedule(&self) -> Option<Schedule> {
        Some(Schedule {
            frequency: Duration::from_hours(24),
            timeout: Duration::from_mins(1),
            initial_delay: Duration::ZERO,
        })
    }

    async fn refresh(&self, _clock: &Clock) -> Result<Mutation> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Mutation::Full(Vec::new()))
    }
}

#[tokio::test]
async fn a_provider_is_listed_with_its_schedule_and_runs_when_it_is_asked_to() {
    let runs = Arc::<AtomicUsize>::default();
    let lab = TestCatalog::draft()
        .provider(Arc::new(Counter(runs.clone())))
        .working()
        .open()
        .await;
    let ran = async |n: usize| {
        for _ in 0..1000 {
            if runs.load(Ordering::Relaxed) >= n {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never {n} runs");
    };
    ran(1).await;
    let listed = lab.items("/ingestion/providers").await;
    let named = |name: &str| listed.iter().find(|it| it["name"] == name).unwrap();
    assert_eq!(
        *named("counter"),
        json!({"name": "counter", "entities": 0, "every": 86_400_000, "timeout": 60_000, "canRun": true})
    );
    assert_eq!(named("DefaultLocationStore")["canRun"], false);
    lab.post("/ingestion/providers/counter/refresh", Value::Null)
        .await
        .expect(204);
    ran(2).await;
    lab.post("/ingestion/providers/nobody/refresh", Value::Null)
        .await
        .expect(404);
}
