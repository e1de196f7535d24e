//! What the front logs of a request; a program of its own, because the subscriber is global.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has to fail"
)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{HeaderMap, Request};
use platform::config::LogLevel;
use platform::http::{Front, HttpSettings, NoContent, Plugin, Readiness, Routes, mount};
use platform::permission::{Authorizer, Decision, Permission};
use platform::telemetry::{Metrics, Telemetry, TelemetrySettings};
use platform::{Authenticator, Caller, Error, Result};
use serde_json::Value;

/// Nobody has credentials, and nobody may do anything.
struct Nobody;

#[async_trait]
impl Authenticator for Nobody {
    async fn authenticate(&self, _: &HeaderMap) -> Result<Arc<Caller>> {
        Ok(Arc::new(Caller::Anonymous))
    }
}

#[async_trait]
impl Authorizer for Nobody {
    async fn decide(&self, _: &Caller, permissions: &[Permission]) -> Vec<Decision> {
        vec![Decision::Deny; permissions.len()]
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn take(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let lines = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }
}

fn front() -> Front {
    let settings = HttpSettings::default();
    let front = Front::new(&settings, Readiness::new(), &Metrics::new()).unwrap();
    let router = Router::new()
        .route("/things/{id}", get(async || NoContent))
        .route(
            "/broken",
            get(async || -> Result<NoContent> {
                tracing::warn!(target: "lab", "something is wrong");
                Err(Error::internal("the reason").with_source(io::Error::other("its cause")))
            }),
        );
    let plugin = Plugin {
        id: "lab",
        router,
        open_paths: &["/"],
    };
    let router = mount(plugin, Arc::new(Nobody), Arc::new(Nobody));
    front.open(Routes::new().plugin("lab", router));
    front
}

#[tokio::test]
async fn lines_carry_the_ids_of_their_request() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let lines = Lines::default();
    let settings = TelemetrySettings {
        level: LogLevel::Debug,
        ..TelemetrySettings::default()
    };
    let sink = Box::new(lines.clone());
    let telemetry = Telemetry::new(&settings, &Metrics::new(), "1.0.0", sink).unwrap();
    telemetry.install().unwrap();
    let front = front();
    let ask = async |path: &str| {
        let request = Request::get(path)
            .header("x-request-id", "order-66")
            .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"));
        front
            .answer(request.body(Body::empty()).unwrap(), None)
            .await
            .status()
            .as_u16()
    };

    assert_eq!(ask("/api/lab/things/1?token=secret").await, 204);
    let [line] = lines.take().try_into().unwrap();
    assert_eq!(
        (&line["level"], &line["message"]),
        (&"debug".into(), &"request".into())
    );
    assert_eq!(
        (&line["route"], &line["method"]),
        (&"/things/{id}".into(), &"GET".into())
    );
    assert_eq!(
        (&line["status"], &line["caller"]),
        (&204.into(), &"anonymous".into())
    );
    assert!(line["duration_ms"].as_f64().unwrap() > 0.0);
    assert!(
        !line.to_string().contains("secret"),
        "queries are not logged: {line}"
    );

    assert_eq!(ask("/api/lab/broken").await, 500);
    let [warning, error, _] = lines.take().try_into().unwrap();
    assert_eq!(warning["plugin"], "lab");
    assert_eq!(
        (&error["level"], &error["error"]),
        (&"error".into(), &"the reason: its cause".into())
    );
    for line in [line, warning, error] {
        assert_eq!(
            (&line["request_id"], &line["trace_id"]),
            (&"order-66".into(), &TRACE.into())
        );
    }

    assert!(std::panic::catch_unwind(|| panic!("a bug")).is_err());
    let [panic] = lines.take().try_into().unwrap();
    assert_eq!(
        (&panic["message"], &panic["panic"]),
        (&"panic".into(), &"a bug".into())
    );
}
