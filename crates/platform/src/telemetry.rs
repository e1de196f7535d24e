//! Logs, metrics and traces.
//!
//! Nothing here is global but the log subscriber, which the `tracing` crate wants so: the metrics
//! registry is passed to whoever measures.

mod metrics;
mod trace;

pub use metrics::{BuildInfo, LATENCY_BUCKETS, METRICS_CONTENT_TYPE, Metrics};
pub use trace::TraceContext;
