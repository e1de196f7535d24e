//! Counters of the scaffolder.

use platform::Result;
use platform::telemetry::Metrics as Registry;
use prometheus::IntCounterVec;

/// The scaffolder's metrics.
pub(crate) struct Metrics {
    ended: IntCounterVec,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> Result<Self> {
        Ok(Self {
            ended: registry.counters("scaffolder_task_count", "Tasks that ended.", &["result"])?,
        })
    }

    /// A task ended.
    pub(crate) fn ended(&self, status: &str) {
        let result = if status == "completed" { "ok" } else { status };
        self.ended.with_label_values(&[result]).inc();
    }
}
