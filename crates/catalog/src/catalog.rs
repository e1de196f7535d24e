//! The catalog's handle, and what it is made of.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use integrations::{ReadUrl, ScmIntegrations};
use platform::db::Db;
use platform::{Clock, Result};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Settings;
use crate::follow::View;
use crate::metrics::Metrics;
use crate::process::Pipeline;
use crate::process::locate::Lookups;
use crate::processor::Processor;
use crate::provider::{self, Applied, Mutation, SharedProvider};
use crate::snapshot::SnapshotFile;
use crate::store::changes;
use crate::worker;

/// How long a write waits until its own index has it.
const READ_YOUR_WRITES: Duration = Duration::from_secs(5);

/// Time between two snapshots of the index, while it changes.
const SNAPSHOT_PERIOD: Duration = Duration::from_mins(5);

/// What a catalog needs.
pub struct Parts {
    /// The migrated database.
    pub db: Db,
    /// Settings.
    pub settings: Settings,
    /// Source control hosts.
    pub integrations: Arc<ScmIntegrations>,
    /// Reads URLs.
    pub reader: Arc<dyn ReadUrl>,
    /// Processors beside the built-in ones.
    pub processors: Vec<Arc<dyn Processor>>,
    /// Providers beside the built-in ones.
    pub providers: Vec<SharedProvider>,
    /// Where metrics are kept.
    pub metrics: platform::telemetry::Metrics,
    /// The clock.
    pub clock: Clock,
    /// Where the index is kept between two runs; nowhere if `None`.
    pub snapshot: Option<SnapshotFile>,
}

/// The software catalog of one process; clones share it.
#[derive(Clone)]
pub struct Catalog(Arc<Inner>);

/// What all clones of a [`Catalog`] share.
pub struct Inner {
    pub(crate) db: Db,
    pub(crate) settings: Arc<Settings>,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) view: Arc<View>,
    pub(crate) providers: Vec<SharedProvider>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    /// By provider, whether somebody asked it to run.
    pub(crate) triggers: HashMap<String, Notify>,
    snapshot: Option<Snapshot>,
}

/// The file of the index, and the revision it has.
#[derive(Clone)]
struct Snapshot {
    file: SnapshotFile,
    saved: Option<i64>,
}

impl std::ops::Deref for Catalog {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Catalog {
    /// A catalog whose index is complete.
    pub async fn open(parts: Parts) -> Result<Self> {
        let settings = Arc::new(parts.settings);
        let mut processors = parts.processors;
        processors.sort_by(|a, b| a.priority().total_cmp(&b.priority()));
        let metrics = Arc::new(Metrics::new(&parts.metrics)?);
        let pipeline = Arc::new(Pipeline {
            settings: Arc::clone(&settings),
            integrations: parts.integrations,
            reader: parts.reader,
            processors,
            clock: parts.clock.clone(),
            metrics: Arc::clone(&metrics),
            lookups: Lookups::default(),
        });
        let view = Arc::new(View::new(parts.db.clone(), settings.bodies));
        let saved = view.open(parts.snapshot.as_ref()).await?;
        let snapshot = parts.snapshot.map(|file| Snapshot { file, saved });
        let providers = parts.providers;
        let triggers = providers.iter().map(|provider| provider.name().to_owned());
        let triggers = triggers.map(|name| (name, Notify::new())).collect();
        let inner = Inner {
            db: parts.db,
            settings,
            pipeline,
            view,
            providers,
            clock: parts.clock,
            metrics,
            triggers,
            snapshot,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Starts following, ingesting and processing, until `stop`.
    pub fn start(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        self.db.listen();
        tasks.spawn(Arc::clone(&self.view).follow(stop.clone()));
        tasks.spawn(Arc::clone(&self.view).warm_bodies(stop.clone()));
        if let Some(snapshot) = self.snapshot.clone() {
            tasks.spawn(keep_snapshot(
                Arc::clone(&self.view),
                snapshot,
                stop.clone(),
            ));
        }
        if self.settings.process {
            worker::start(self, tasks, stop);
        }
    }

    /// Applies a mutation of a provider; returns once reads of this process show what can be shown
    /// without processing (that is, removals).
    pub async fn apply(&self, provider: &str, mutation: Mutation) -> Result<Applied> {
        let name = provider.to_owned();
        let guard = self.settings.mass_deletion;
        let now = self.clock.now();
        self.write(move |tx| provider::apply_recorded(tx, &name, &mutation, guard, now))
            .await
    }

    /// Asks a provider to run now.
    pub(crate) fn trigger(&self, provider: &str) {
        if let Some(asked) = self.triggers.get(provider) {
            asked.notify_one();
        }
    }

    /// The providers that run by time, as Backstage lists scheduled tasks. Reference 3 §8.
    pub(crate) fn scheduled_tasks(&self) -> Vec<serde_json::Value> {
        let scheduled = self
            .providers
            .iter()
            .filter_map(|provider| Some((provider, provider.schedule()?)));
        scheduled
            .map(|(provider, schedule)| {
                serde_json::json!({
                    "taskId": format!("{}:refresh", provider.name()),
                    "pluginId": "catalog",
                    "scope": "global",
                    "settings": {
                        "version": 2,
                        "cadence": iso(schedule.frequency),
                        "timeoutAfterDuration": iso(schedule.timeout),
                    },
                    "taskState": null,
                    "workerState": null,
                })
            })
            .collect()
    }

    /// Runs a write and waits until the index of this process has it.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut platform::db::Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (value, rev) = self
            .db
            .write(move |tx| {
                let value = work(tx)?;
                Ok((value, changes::head(tx)?))
            })
            .await?;
        self.wait_for(rev).await;
        Ok(value)
    }

    /// Waits until the index of this process has a revision.
    pub(crate) async fn wait_for(&self, rev: i64) {
        if !self.view.wait_for(rev, READ_YOUR_WRITES).await {
            tracing::warn!(rev, "index lags behind a write");
        }
    }
}

/// A duration as ISO 8601 writes it.
fn iso(duration: Duration) -> String {
    format!("PT{}S", duration.as_secs())
}

/// Writes the snapshot after changes, now and then and at the end.
async fn keep_snapshot(view: Arc<View>, mut snapshot: Snapshot, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(SNAPSHOT_PERIOD) => {}
        }
        let applied = view.applied();
        if snapshot.saved != Some(applied) {
            match view.save(&snapshot.file).await {
                Ok(()) => snapshot.saved = Some(applied),
                Err(error) => tracing::warn!(error = error.chain(), "no snapshot of the index"),
            }
        }
        if stop.is_cancelled() {
            return;
        }
    }
}
