//! Counters of the catalog, under Backstage's names in both spellings. Reference 1 §B.11.

use std::time::Duration;

use platform::Result;
use platform::telemetry::Metrics as Registry;
use prometheus::{HistogramVec, IntCounterVec, IntGauge, IntGaugeVec};

use crate::process::commit::Committed;
use crate::stitch::Stitched;

/// What the self-check compares.
const CHECKS: [&str; 2] = ["derived", "index"];

/// The catalog's metrics. Each counter exists twice: as OpenTelemetry exports it (`…_total`) and
/// under the older Prometheus name.
pub(crate) struct Metrics {
    processed: [IntCounterVec; 2],
    processing: [HistogramVec; 2],
    processors: [HistogramVec; 2],
    queue_delay: [HistogramVec; 2],
    stitched: [IntCounterVec; 2],
    stitching: [HistogramVec; 2],
    stitch_queue: IntGauge,
    stitch_delay: [HistogramVec; 2],
    entities: IntGaugeVec,
    locations: IntGauge,
    relations: IntGauge,
    held: IntGauge,
    mismatches: IntCounterVec,
}

/// Sizes that are read from the index and the database now and then.
#[derive(Debug, Default)]
pub(crate) struct Sizes {
    pub entities: Vec<(String, u64)>,
    pub locations: i64,
    pub relations: i64,
    pub stitch_queue: i64,
    pub held: i64,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> Result<Self> {
        let counters = |names: [&str; 2], help: &str| -> Result<[IntCounterVec; 2]> {
            let [first, second] = names;
            Ok([
                registry.counters(first, help, &["result"])?,
                registry.counters(second, help, &["result"])?,
            ])
        };
        let latencies = |names: [&str; 2], help: &str| -> Result<[HistogramVec; 2]> {
            let [first, second] = names;
            Ok([
                registry.latencies(first, help, &["result"])?,
                registry.latencies(second, help, &["result"])?,
            ])
        };
        let mismatches = registry.counters(
            "callboard_catalog_self_check_mismatches_total",
            "Derived rows or index buckets that were found wrong; must stay zero.",
            &["check"],
        )?;
        // Without any mismatch there is a zero to look at, too.
        for check in CHECKS {
            mismatches.with_label_values(&[check]);
        }
        Ok(Self {
            processed: counters(
                [
                    "catalog_processed_entities_count_total",
                    "catalog_processed_entities_count",
                ],
                "Entities processed.",
            )?,
            processing: latencies(
                [
                    "catalog_processing_duration",
                    "catalog_processing_duration_seconds",
                ],
                "Seconds to process a batch of entities.",
            )?,
            processors: latencies(
                [
                    "catalog_processors_duration",
                    "catalog_processors_duration_seconds",
                ],
                "Seconds to process one entity.",
            )?,
            queue_delay: latencies(
                [
                    "catalog_processing_queue_delay",
                    "catalog_processing_queue_delay_seconds",
                ],
                "Seconds between being due and being processed.",
            )?,
            stitched: counters(
                [
                    "catalog_stitched_entities_count_total",
                    "catalog_stitched_entities_count",
                ],
                "Entities stitched.",
            )?,
            stitching: latencies(
                [
                    "catalog_stitching_duration",
                    "catalog_stitching_duration_seconds",
                ],
                "Seconds to stitch a batch of entities.",
            )?,
            stitch_queue: registry.gauge(
                "catalog_stitching_queue_length",
                "Entities waiting to be stitched.",
            )?,
            stitch_delay: latencies(
                [
                    "catalog_stitching_queue_delay",
                    "catalog_stitching_queue_delay_seconds",
                ],
                "Seconds between being queued and being stitched.",
            )?,
            entities: registry.gauges("catalog_entities_count", "Entities by kind.", &["kind"])?,
            locations: registry.gauge(
                "catalog_registered_locations_count",
                "Registered locations.",
            )?,
            relations: registry.gauge("catalog_relations_count", "Relations.")?,
            held: registry.gauge(
                "callboard_catalog_held_mutations",
                "Full mutations that wait for approval.",
            )?,
            mismatches,
        })
    }

    /// One entity was processed.
    pub(crate) fn entity_processed(&self, took: Duration, is_ok: bool) {
        observe(&self.processors, if is_ok { "ok" } else { "failed" }, took);
    }

    pub(crate) fn processed(&self, took: Duration, delay: Duration) {
        observe(&self.processing, "ok", took);
        observe(&self.queue_delay, "ok", delay);
    }

    pub(crate) fn committed(&self, done: Committed) {
        let results = [
            ("unchanged", done.unchanged),
            ("changed", done.changed),
            ("errors", done.errors),
            ("failed", done.stale),
        ];
        for (result, n) in results {
            add(&self.processed, result, n);
        }
    }

    pub(crate) fn stitched(&self, done: Stitched, took: Duration) {
        observe(&self.stitching, "ok", took);
        let delay = Duration::from_millis(u64::try_from(done.delay).unwrap_or_default());
        observe(&self.stitch_delay, "ok", delay);
        let results = [
            ("changed", done.changed),
            ("unchanged", done.unchanged),
            ("abandoned", done.abandoned),
        ];
        for (result, n) in results {
            add(&self.stitched, result, n);
        }
    }

    pub(crate) fn mismatches(&self, check: &str, n: usize) {
        self.mismatches.with_label_values(&[check]).inc_by(n as u64);
    }

    pub(crate) fn sizes(&self, sizes: &Sizes) {
        self.entities.reset();
        for (kind, n) in &sizes.entities {
            self.entities
                .with_label_values(&[kind])
                .set(i64::try_from(*n).unwrap_or(i64::MAX));
        }
        self.locations.set(sizes.locations);
        self.relations.set(sizes.relations);
        self.stitch_queue.set(sizes.stitch_queue);
        self.held.set(sizes.held);
    }
}

fn add(counters: &[IntCounterVec; 2], result: &str, n: usize) {
    for counter in counters {
        counter.with_label_values(&[result]).inc_by(n as u64);
    }
}

fn observe(histograms: &[HistogramVec; 2], result: &str, took: Duration) {
    for histogram in histograms {
        histogram
            .with_label_values(&[result])
            .observe(took.as_secs_f64());
    }
}
