//! Logs, metrics and traces.
//!
//! Nothing here is global but the log subscriber, which the `tracing` crate wants so: the metrics
//! registry is passed to whoever measures.

mod fields;
mod log;
mod metrics;
mod otlp;
mod rate;
mod redact;
mod settings;
mod trace;

use std::sync::Arc;

use parking_lot::Mutex;
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Level};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload;

use crate::config::LogLevel;
use crate::error::{Error, Result};

pub use log::LogSink;
pub use metrics::{BuildInfo, LATENCY_BUCKETS, METRICS_CONTENT_TYPE, Metrics};
pub use otlp::Exporter;
pub use redact::Redactor;
pub use settings::{LogFormat, OtlpSettings, TelemetrySettings};
pub use trace::TraceContext;

use log::LogLayer;

/// Libraries whose chatter says nothing about us below warnings.
const QUIET: [&str; 8] = [
    "h2",
    "hyper",
    "hyper_util",
    "mio",
    "reqwest",
    "rustls",
    "tokio_postgres",
    "tower",
];

/// Logs and traces of this process.
pub struct Telemetry {
    dispatch: Dispatch,
    level: Arc<Mutex<LogLevel>>,
    overrides: Vec<LogLevel>,
    filter: reload::Handle<Targets, Registry>,
    redactor: Redactor,
    exporter: Option<Exporter>,
}

impl Telemetry {
    /// Builds the subscriber; lines go to `sink`.
    pub fn new(
        settings: &TelemetrySettings,
        metrics: &Metrics,
        version: &'static str,
        sink: LogSink,
    ) -> Result<Self> {
        let redactor = Redactor::default();
        let level = Arc::new(Mutex::new(settings.level));
        let overrides: Vec<LogLevel> = settings.overrides.iter().map(|rule| rule.level).collect();
        let (filter, handle) = reload::Layer::new(targets(settings.level, &overrides));
        let log = LogLayer::new(settings, Arc::clone(&level), redactor.clone(), sink);
        let subscriber = Registry::default().with(filter).with(log);
        let otlp = settings.otlp.as_ref();
        let otlp = otlp.map(|otlp| otlp::pipeline(otlp, redactor.clone(), metrics, version));
        let (layer, exporter) = otlp.transpose()?.unzip();
        let dispatch = match layer {
            Some(layer) => Dispatch::new(subscriber.with(layer)),
            None => Dispatch::new(subscriber),
        };
        Ok(Self {
            dispatch,
            level,
            overrides,
            filter: handle,
            redactor,
            exporter,
        })
    }

    /// Makes this the subscriber of the whole process, and logs panics; once per process.
    pub fn install(&self) -> Result<()> {
        tracing::dispatcher::set_global_default(self.dispatch.clone())
            .map_err(|error| Error::internal("logs are set up already").with_source(error))?;
        std::panic::set_hook(Box::new(log_panic));
        Ok(())
    }

    /// The subscriber itself, for use in one thread.
    pub fn dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    /// Changes the least level while running.
    pub fn set_level(&self, level: LogLevel) -> Result<()> {
        *self.level.lock() = level;
        let filter = targets(level, &self.overrides);
        // With a single subscriber, `tracing` asks the current one what it wants to hear.
        tracing::dispatcher::with_default(&self.dispatch, || self.filter.reload(filter))
            .map_err(|error| Error::internal("log level cannot be changed").with_source(error))
    }

    /// What is hidden in logs and traces.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// What sends the traces, to be spawned, when there is a collector. Only the first call gives it.
    pub fn take_exporter(&mut self) -> Option<Exporter> {
        self.exporter.take()
    }
}

/// Lets pass what the level or any override wants; the log layer decides by line.
fn targets(level: LogLevel, overrides: &[LogLevel]) -> Targets {
    let least = overrides
        .iter()
        .copied()
        .chain([level])
        .min()
        .unwrap_or(level);
    let quiet = QUIET.map(|target| (target, LevelFilter::WARN.min(filter_of(level))));
    Targets::new()
        .with_default(filter_of(least))
        .with_targets(quiet)
}

fn filter_of(level: LogLevel) -> LevelFilter {
    LevelFilter::from_level(match level {
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Info => Level::INFO,
        LogLevel::Warn => Level::WARN,
        LogLevel::Error => Level::ERROR,
    })
}

fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let message = panic.payload_as_str().unwrap_or("no message");
    tracing::error!(place, panic = message, "panic");
}
