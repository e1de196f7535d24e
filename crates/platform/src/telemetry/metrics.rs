//! The registry of metrics, passed to whoever measures something; there is no global one.

use std::time::Instant;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{
    Encoder as _, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter,
    IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::error::{Error, Result};

/// Content type of the text that [`Metrics::render`] writes.
pub const METRICS_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of latency histograms, in seconds.
pub const LATENCY_BUCKETS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// What a program is, for the metric `callboard_build_info`.
#[derive(Debug, Clone, Copy)]
pub struct BuildInfo {
    /// Version of the product.
    pub version: &'static str,
    /// Commit it was built from.
    pub commit: &'static str,
}

/// A handle to the registry; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Registry);

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident: $metric:ty;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(&self, name: &str, help: &str) -> Result<$metric> {
                self.keep(<$metric>::with_opts(Opts::new(name, help)))
            }
        )*
    };
}

macro_rules! labelled_constructors {
    ($($(#[$doc:meta])* $name:ident: $metric:ty;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(&self, name: &str, help: &str, labels: &[&str]) -> Result<$metric> {
                self.keep(<$metric>::new(Opts::new(name, help), labels))
            }
        )*
    };
}

impl Metrics {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// The registry itself, for collectors that are not made here.
    pub fn registry(&self) -> &Registry {
        &self.0
    }

    constructors! {
        /// A counter.
        counter: IntCounter;
        /// A gauge of whole numbers.
        gauge: IntGauge;
        /// A gauge.
        float_gauge: Gauge;
    }

    labelled_constructors! {
        /// Counters by label.
        counters: IntCounterVec;
        /// Gauges of whole numbers by label.
        gauges: IntGaugeVec;
        /// Gauges by label.
        float_gauges: GaugeVec;
    }

    /// A histogram of durations in seconds.
    pub fn latency(&self, name: &str, help: &str) -> Result<Histogram> {
        self.keep(Histogram::with_opts(latency_opts(name, help)))
    }

    /// Histograms of durations in seconds by label.
    pub fn latencies(&self, name: &str, help: &str, labels: &[&str]) -> Result<HistogramVec> {
        self.keep(HistogramVec::new(latency_opts(name, help), labels))
    }

    /// Adds a collector, for example one that reads a value when it is asked.
    pub fn register(&self, collector: impl Collector + 'static) -> Result<()> {
        self.0.register(Box::new(collector)).map_err(broken)
    }

    /// Adds memory, open files, start time and the build to the registry.
    pub fn register_process(&self, build: BuildInfo) -> Result<()> {
        let info = self.gauges(
            "callboard_build_info",
            "The running build.",
            &["version", "commit"],
        )?;
        info.with_label_values(&[build.version, build.commit])
            .set(1);
        self.register(Process::new()?)
    }

    /// All metrics in the Prometheus text format.
    pub fn render(&self) -> Result<Vec<u8>> {
        let mut text = Vec::with_capacity(16 << 10);
        TextEncoder::new()
            .encode(&self.0.gather(), &mut text)
            .map_err(broken)?;
        Ok(text)
    }

    fn keep<M: Collector + Clone + 'static>(
        &self,
        metric: Result<M, prometheus::Error>,
    ) -> Result<M> {
        let metric = metric.map_err(broken)?;
        self.register(metric.clone())?;
        Ok(metric)
    }
}

fn latency_opts(name: &str, help: &str) -> HistogramOpts {
    HistogramOpts::new(name, help).buckets(LATENCY_BUCKETS.to_vec())
}

fn broken(error: prometheus::Error) -> Error {
    Error::internal("metric could not be registered or written").with_source(error)
}

/// Reads `/proc/self` whenever the metrics are asked for; elsewhere only the uptime is known.
struct Process {
    started: Instant,
    uptime: Gauge,
    resident: IntGauge,
    open_fds: IntGauge,
}

impl Process {
    fn new() -> Result<Self> {
        let gauge = |name, help| IntGauge::new(name, help).map_err(broken);
        Ok(Self {
            started: Instant::now(),
            uptime: Gauge::new("process_uptime_seconds", "Time since the start.")
                .map_err(broken)?,
            resident: gauge("process_resident_memory_bytes", "Resident memory.")?,
            open_fds: gauge("process_open_fds", "Open file descriptors.")?,
        })
    }
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        [
            self.uptime.desc(),
            self.resident.desc(),
            self.open_fds.desc(),
        ]
        .concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.uptime.set(self.started.elapsed().as_secs_f64());
        if let Some(bytes) = resident_bytes() {
            self.resident.set(bytes);
        }
        if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
            self.open_fds
                .set(i64::try_from(entries.count()).unwrap_or(i64::MAX));
        }
        [
            self.uptime.collect(),
            self.resident.collect(),
            self.open_fds.collect(),
        ]
        .concat()
    }
}

/// `VmRSS` of `/proc/self/status`, which is in kB whatever the page size.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_rendered_as_text() {
        let metrics = Metrics::new();
        metrics
            .counters("jobs_total", "Jobs.", &["result"])
            .unwrap()
            .with_label_values(&["ok"])
            .inc();
        metrics
            .latency("job_seconds", "Job time.")
            .unwrap()
            .observe(0.002);
        metrics
            .register_process(BuildInfo {
                version: "1.2.3",
                commit: "abc",
            })
            .unwrap();
        let text = String::from_utf8(metrics.render().unwrap()).unwrap();
        for line in [
            "jobs_total{result=\"ok\"} 1",
            "job_seconds_bucket{le=\"0.0025\"} 1",
            "callboard_build_info{commit=\"abc\",version=\"1.2.3\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        let resident = text
            .lines()
            .find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
        assert!(resident.is_none_or(|bytes| bytes.parse::<f64>().unwrap() > 1e6));
    }

    #[test]
    fn a_name_is_taken_once() {
        let metrics = Metrics::new();
        metrics.counter("a_total", "A.").unwrap();
        assert!(metrics.counter("a_total", "A.").is_err());
    }
}
