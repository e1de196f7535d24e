//! What the front logs of a request; a program of its own, because the subscriber is global.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has to fail"
)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use http::{HeaderMap, Request};
use platform::config::LogLevel;
use platform::http::{Front, HttpSettings, NoContent, Plugin, Readiness, Routes, mount};
use platform::permission::{Authorizer, Decision, Permission};
use platform::telemetry::{Metrics, OtlpSettings, Telemetry, TelemetrySettings};
use platform::{Authenticator, Caller, Error, Result};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::instrument::WithSubscriber as _;

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
    async fn decide(&self, _: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision> {
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

/// A collector of traces, and what it gets.
async fn collector() -> (String, Arc<Mutex<Vec<Value>>>) {
    let received = Arc::<Mutex<Vec<Value>>>::default();
    let keep = Arc::clone(&received);
    let answer = async move |body: String| {
        keep.lock()
            .unwrap()
            .push(serde_json::from_str(&body).unwrap());
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/traces", post(answer));
    tokio::spawn(axum::serve(listener, router).into_future());
    (endpoint, received)
}

#[tokio::test]
async fn spans_tell_the_route_and_the_status() {
    let (endpoint, received) = collector().await;
    let otlp = OtlpSettings {
        endpoint,
        headers: Vec::new(),
        interval: Duration::from_millis(10),
    };
    let settings = TelemetrySettings {
        otlp: Some(otlp),
        ..TelemetrySettings::default()
    };
    let sink = Box::new(io::sink());
    let mut telemetry = Telemetry::new(&settings, &Metrics::new(), "1.0.0", sink).unwrap();
    let front = front();
    for path in ["/api/lab/things/1", "/api/lab/nowhere", "/api/nobody/x"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let dispatch = telemetry.dispatch().clone();
        front.answer(request, None).with_subscriber(dispatch).await;
    }
    let stop = CancellationToken::new();
    stop.cancel();
    telemetry.take_exporter().unwrap().run(stop).await;
    let received = received.lock().unwrap();
    let spans = received[0].pointer("/resourceSpans/0/scopeSpans/0/spans");
    let told: Vec<(&str, &str)> = spans
        .and_then(Value::as_array)
        .unwrap()
        .iter()
        .map(|span| {
            let value = |name: &str, kind: &str| {
                let attributes = span["attributes"].as_array().unwrap();
                let found = attributes.iter().find(|attribute| attribute["key"] == name);
                found.unwrap()["value"][kind].as_str().unwrap()
            };
            let status = value("http.response.status_code", "intValue");
            (value("http.route", "stringValue"), status)
        })
        .collect();
    let expected = [
        ("/api/lab/things/{id}", "204"),
        ("unknown", "404"),
        ("unknown", "404"),
    ];
    assert_eq!(told, expected);
}
