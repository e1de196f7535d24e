//! Metrics of requests.

use std::time::Duration;

use http::{Method, StatusCode};
use prometheus::{HistogramVec, IntGauge};

use crate::error::Result;
use crate::telemetry::Metrics;

/// Durations by route and outcome, and the requests being answered.
#[derive(Debug)]
pub(super) struct HttpMetrics {
    durations: HistogramVec,
    in_flight: IntGauge,
}

impl HttpMetrics {
    pub(super) fn new(metrics: &Metrics) -> Result<Self> {
        Ok(Self {
            durations: metrics.latencies(
                "callboard_http_request_duration_seconds",
                "Time from the head of a request to the head of its answer.",
                &["plugin", "route", "method", "status"],
            )?,
            in_flight: metrics.gauge(
                "callboard_http_requests_in_flight",
                "Requests whose answer has not begun.",
            )?,
        })
    }

    pub(super) fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// Labels are bounded: plugins and routes are ours, methods and statuses are put into classes.
    pub(super) fn observe(
        &self,
        plugin: &str,
        route: &str,
        method: &Method,
        status: StatusCode,
        elapsed: Duration,
    ) {
        let labels = [plugin, route, method_class(method), status_class(status)];
        self.durations
            .with_label_values(&labels)
            .observe(elapsed.as_secs_f64());
    }
}

/// Counts a request until it is dropped, be it answered or given up.
#[derive(Debug)]
pub(super) struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn method_class(method: &Method) -> &str {
    const KNOWN: [Method; 7] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    if KNOWN.contains(method) {
        method.as_str()
    } else {
        "other"
    }
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
