//! Health checks: alive as long as the process answers, ready only when everything is loaded.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::error::{Error, Result};
use crate::telemetry::{METRICS_CONTENT_TYPE, Metrics};

use super::readiness::{Phase, Readiness};
use super::reply::json_bytes;
use super::security::header_value;

const OK: &[u8] = br#"{"status":"ok"}"#;
const STARTING: &[u8] = br#"{"message":"Backend has not started yet","status":"error"}"#;
const STOPPING: &[u8] = br#"{"message":"Backend is shutting down","status":"error"}"#;

/// The probes that are answered without the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probe {
    Liveness,
    Readiness,
    Metrics,
}

impl Probe {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "/.backstage/health/v1/liveness" | "/healthz/live" => Some(Self::Liveness),
            "/.backstage/health/v1/readiness" | "/healthz/ready" => Some(Self::Readiness),
            "/metrics" => Some(Self::Metrics),
            _ => None,
        }
    }

    /// The path in metrics, which does not tell the spellings apart.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Liveness => "/healthz/live",
            Self::Readiness => "/healthz/ready",
            Self::Metrics => "/metrics",
        }
    }
}

/// Answers probes.
#[derive(Debug)]
pub(super) struct Health {
    readiness: Readiness,
    metrics: Metrics,
    headers: HeaderMap,
}

impl Health {
    pub(super) fn new(
        readiness: Readiness,
        metrics: Metrics,
        headers: &[(String, String)],
    ) -> Result<Self> {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::try_from(name).map_err(|error| {
                Error::input(format!("`backend.health.headers` has a bad name `{name}`"))
                    .with_source(error)
            })?;
            Ok((name, header_value(value, "backend.health.headers")?))
        });
        let headers = headers.collect::<Result<HeaderMap>>()?;
        Ok(Self {
            readiness,
            metrics,
            headers,
        })
    }

    pub(super) fn answer(&self, probe: Probe) -> Response {
        let mut response = match (probe, self.readiness.phase()) {
            (Probe::Metrics, _) => return self.metrics_page(),
            (Probe::Liveness, _) | (Probe::Readiness, Phase::Ready) => status(OK, StatusCode::OK),
            (_, Phase::Starting) => status(STARTING, StatusCode::SERVICE_UNAVAILABLE),
            (_, Phase::Leaving | Phase::ShuttingDown) => {
                status(STOPPING, StatusCode::SERVICE_UNAVAILABLE)
            }
        };
        response.headers_mut().extend(self.headers.clone());
        response
    }

    fn metrics_page(&self) -> Response {
        match self.metrics.render() {
            Ok(text) => {
                let mut response = Response::new(Body::from(text));
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, HeaderValue::from_static(METRICS_CONTENT_TYPE));
                response
            }
            Err(error) => error.into_response(),
        }
    }
}

fn status(body: &'static [u8], status: StatusCode) -> Response {
    let mut response = json_bytes(Bytes::from_static(body), None);
    *response.status_mut() = status;
    response
}
