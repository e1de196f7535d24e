//! Export of spans to an OpenTelemetry collector: OTLP over HTTP, in its JSON form.
//!
//! Written by hand instead of with the `opentelemetry` crates, because five of them (and prost)
//! would serve one POST of JSON that `reqwest` and `serde_json` send already.
//!
//! Invariants: a request never waits for the collector; the queue is bounded and what does not fit
//! is counted; only traces whose caller records them are sent.

use std::num::{NonZeroU64, NonZeroU128};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus::IntCounter;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Subscriber;
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::error::{Error, Result};

use super::fields::{FieldValue, Fields};
use super::metrics::Metrics;
use super::redact::Redactor;
use super::settings::OtlpSettings;
use super::trace::{TraceContext, random_span_id};

const QUEUE: usize = 4096;
const BATCH: usize = 512;
const TIMEOUT: Duration = Duration::from_secs(10);

/// The layer that collects ended spans.
pub(super) struct OtlpLayer {
    ended: mpsc::Sender<EndedSpan>,
    dropped: IntCounter,
}

/// Sends what the layer collects; [`Exporter::run`] has to be spawned.
pub struct Exporter {
    ended: mpsc::Receiver<EndedSpan>,
    client: reqwest::Client,
    url: String,
    headers: HeaderMap,
    interval: Duration,
    redactor: Redactor,
    sent: IntCounter,
    dropped: IntCounter,
    version: &'static str,
}

/// A layer and the exporter behind it.
pub(super) fn pipeline(
    settings: &OtlpSettings,
    redactor: Redactor,
    metrics: &Metrics,
    version: &'static str,
) -> Result<(OtlpLayer, Exporter)> {
    let dropped = metrics.counter(
        "callboard_otlp_spans_dropped_total",
        "Spans that were not sent.",
    )?;
    let sent = metrics.counter("callboard_otlp_spans_sent_total", "Spans that were sent.")?;
    let client = reqwest::Client::builder().timeout(TIMEOUT).build();
    let (sender, receiver) = mpsc::channel(QUEUE);
    let layer = OtlpLayer {
        ended: sender,
        dropped: dropped.clone(),
    };
    let exporter = Exporter {
        ended: receiver,
        client: client.map_err(|error| {
            Error::internal("HTTP client for traces cannot be made").with_source(error)
        })?,
        url: format!("{}/v1/traces", settings.endpoint),
        headers: headers(settings)?,
        interval: settings.interval,
        redactor,
        sent,
        dropped,
        version,
    };
    Ok((layer, exporter))
}

fn headers(settings: &OtlpSettings) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in &settings.headers {
        let bad = || {
            Error::input(format!(
                "`backend.telemetry.otlp.headers.{name}` is no header"
            ))
        };
        let mut secret = HeaderValue::from_str(value.expose()).map_err(|_| bad())?;
        secret.set_sensitive(true);
        headers.insert(HeaderName::try_from(name).map_err(|_| bad())?, secret);
    }
    Ok(headers)
}

/// A span while it lasts.
struct OpenSpan {
    context: TraceContext,
    began: SystemTime,
    fields: Fields,
}

/// A span that is over.
struct EndedSpan {
    name: &'static str,
    open: OpenSpan,
    ended: SystemTime,
}

impl<S> Layer<S> for OtlpLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let context = context_in(&mut fields).unwrap_or_else(|| {
            let parent = span.parent();
            let parent = parent.as_ref().map(|parent| {
                parent
                    .extensions()
                    .get::<OpenSpan>()
                    .map(|open| open.context.child())
            });
            parent.flatten().unwrap_or_else(TraceContext::root)
        });
        let open = OpenSpan {
            context,
            began: now(),
            fields,
        };
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<OpenSpan>()
        {
            values.record(&mut open.fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        let Some(open) = span.extensions_mut().remove::<OpenSpan>() else {
            return;
        };
        let ended = EndedSpan {
            name: span.name(),
            open,
            ended: now(),
        };
        if ended.open.context.sampled && self.ended.try_send(ended).is_err() {
            self.dropped.inc();
        }
    }
}

/// The trace context in the fields of a request's span.
fn context_in(fields: &mut Fields) -> Option<TraceContext> {
    let mut id = |name| match fields.take(name) {
        Some(FieldValue::Id(id)) => Some(id),
        _ => None,
    };
    let trace_id = NonZeroU128::new(id("trace_id")?)?;
    let span_id = id("span_id").and_then(|id| NonZeroU64::new(u64::try_from(id).ok()?));
    let parent_id = id("parent_id").and_then(|id| NonZeroU64::new(u64::try_from(id).ok()?));
    let sampled = fields.take("sampled") != Some(FieldValue::Boolean(false));
    Some(TraceContext {
        trace_id,
        span_id: span_id.unwrap_or_else(random_span_id),
        parent_id,
        sampled,
    })
}

impl Exporter {
    /// Sends batches until `stop`, then what is left.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let mut batch = Vec::with_capacity(BATCH);
            let stopped = tokio::select! {
                () = stop.cancelled() => true,
                () = self.fill(&mut batch) => false,
            };
            while let (true, Ok(span)) = (batch.len() < BATCH, self.ended.try_recv()) {
                batch.push(span);
            }
            let empty = batch.is_empty();
            self.send(batch).await;
            if stopped && empty {
                return;
            }
        }
    }

    /// Waits for a span, and then for more, until the batch is full or has waited long enough.
    async fn fill(&mut self, batch: &mut Vec<EndedSpan>) {
        let Some(first) = self.ended.recv().await else {
            return std::future::pending().await;
        };
        batch.push(first);
        let more = async {
            while batch.len() < BATCH {
                match self.ended.recv().await {
                    Some(span) => batch.push(span),
                    None => return,
                }
            }
        };
        let _ = tokio::time::timeout(self.interval, more).await;
    }

    async fn send(&self, batch: Vec<EndedSpan>) {
        if batch.is_empty() {
            return;
        }
        let n_spans = batch.len() as u64;
        let request = self.client.post(&self.url).headers(self.headers.clone());
        let request = request.body(self.body(&batch).to_string()).send().await;
        match request.and_then(reqwest::Response::error_for_status) {
            Ok(_) => self.sent.inc_by(n_spans),
            Err(error) => {
                self.dropped.inc_by(n_spans);
                tracing::warn!(error = %error.without_url(), n_spans, "traces could not be sent");
            }
        }
    }

    fn body(&self, batch: &[EndedSpan]) -> Value {
        let spans: Vec<Value> = batch.iter().map(|span| self.span(span)).collect();
        json!({"resourceSpans": [{
            "resource": {"attributes": [
                attribute("service.name", &json!({"stringValue": "callboard"})),
                attribute("service.version", &json!({"stringValue": self.version})),
            ]},
            "scopeSpans": [{"scope": {"name": "callboard"}, "spans": spans}],
        }]})
    }

    fn span(&self, span: &EndedSpan) -> Value {
        const SERVER: u8 = 2;
        const INTERNAL: u8 = 1;
        const ERROR: u8 = 2;
        let EndedSpan {
            name,
            open:
                OpenSpan {
                    context,
                    began,
                    fields,
                },
            ended,
        } = span;
        let status = fields.get("http.response.status_code");
        let kind = if status.is_some() { SERVER } else { INTERNAL };
        let failed = matches!(status, Some(FieldValue::Integer(500..)));
        let name = fields
            .get("otel.name")
            .map_or_else(|| (*name).to_owned(), FieldValue::to_text);
        let attributes = fields.iter().filter(|(name, _)| *name != "otel.name");
        let attributes: Vec<Value> = attributes
            .map(|(name, value)| attribute(name, &self.value(value)))
            .collect();
        let mut object = json!({
            "traceId": context.trace_id_hex(),
            "spanId": format!("{:016x}", context.span_id),
            "name": name,
            "kind": kind,
            "startTimeUnixNano": nanoseconds(*began),
            "endTimeUnixNano": nanoseconds(*ended),
            "attributes": attributes,
            "status": if failed { json!({"code": ERROR}) } else { json!({}) },
        });
        if let Some(parent) = context.parent_id {
            object["parentSpanId"] = format!("{parent:016x}").into();
        }
        object
    }

    fn value(&self, value: &FieldValue) -> Value {
        match value {
            // 64-bit integers are strings in the JSON form of protocol buffers.
            FieldValue::Integer(number) => json!({"intValue": number.to_string()}),
            FieldValue::Number(number) => json!({"doubleValue": number}),
            FieldValue::Boolean(value) => json!({"boolValue": value}),
            FieldValue::Text(_) | FieldValue::Id(_) => {
                let text = value.to_text();
                json!({"stringValue": self.redactor.redact(&text)})
            }
        }
    }
}

fn attribute(key: &str, value: &Value) -> Value {
    json!({"key": key, "value": value})
}

fn nanoseconds(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_nanos())
        .to_string()
}

/// Spans are shown beside those of other services: by the system's clock, not by a test's.
fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use axum::routing::post;
    use parking_lot::Mutex;

    use super::*;
    use crate::config::Secret;
    use crate::telemetry::{Telemetry, TelemetrySettings};

    /// What a collector got: the `x-key` header and the body of every request.
    type Received = Arc<Mutex<Vec<(String, Value)>>>;

    async fn collector(status: u16) -> (String, Received) {
        let received = Received::default();
        let keep = Arc::clone(&received);
        let answer = async move |headers: HeaderMap, body: String| {
            let key = headers["x-key"].to_str().unwrap().to_owned();
            keep.lock()
                .push((key, serde_json::from_str(&body).unwrap()));
            http::StatusCode::from_u16(status).unwrap()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/traces", post(answer));
        tokio::spawn(axum::serve(listener, router).into_future());
        (endpoint, received)
    }

    /// Runs `work` with traces going to a collector, and gives the metrics back.
    async fn traced(endpoint: String, work: impl FnOnce()) -> String {
        let headers = vec![("x-key".to_owned(), Secret::new("collector-key"))];
        let otlp = OtlpSettings {
            endpoint,
            headers,
            interval: Duration::from_millis(10),
        };
        let settings = TelemetrySettings {
            otlp: Some(otlp),
            ..TelemetrySettings::default()
        };
        let metrics = Metrics::new();
        let sink = Box::new(std::io::sink());
        let mut telemetry = Telemetry::new(&settings, &metrics, "1.2.3", sink).unwrap();
        telemetry.redactor().add([Secret::new("hunter2-hunter2")]);
        let exporter = telemetry.take_exporter().unwrap();
        tracing::dispatcher::with_default(telemetry.dispatch(), work);
        let stop = CancellationToken::new();
        stop.cancel();
        exporter.run(stop).await;
        String::from_utf8(metrics.render().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn spans_reach_the_collector_with_their_parents() {
        let (endpoint, received) = collector(200).await;
        let metrics = traced(endpoint, || {
            let request = tracing::error_span!(
                "request",
                trace_id = 0xabc_u128,
                span_id = 0x10_u128,
                parent_id = 0x9_u128,
                sampled = true,
                http.response.status_code = tracing::field::Empty,
            );
            let _request = request.enter();
            tracing::info_span!("query", rows = 3, token = "hunter2-hunter2").in_scope(|| {});
            request.record("http.response.status_code", 503);
        })
        .await;
        let received = received.lock();
        let (key, body) = &received[0];
        assert_eq!(key, "collector-key");
        let resource = &body["resourceSpans"][0];
        assert_eq!(
            resource["resource"]["attributes"][1]["value"]["stringValue"],
            "1.2.3"
        );
        let spans = resource["scopeSpans"][0]["spans"].as_array().unwrap();
        let [query, request] = spans.as_slice() else {
            panic!("{spans:?}")
        };
        assert_eq!(request["traceId"], "00000000000000000000000000000abc");
        assert_eq!(request["spanId"], "0000000000000010");
        assert_eq!(request["parentSpanId"], "0000000000000009");
        assert_eq!(
            (&request["kind"], &request["status"]["code"]),
            (&json!(2), &json!(2))
        );
        assert_eq!(query["name"], "query");
        assert_eq!(query["traceId"], request["traceId"]);
        assert_eq!(query["parentSpanId"], request["spanId"]);
        let attributes = json!([
            {"key": "rows", "value": {"intValue": "3"}},
            {"key": "token", "value": {"stringValue": "***"}},
        ]);
        assert_eq!(query["attributes"], attributes);
        assert!(
            metrics.contains("callboard_otlp_spans_sent_total 2\n"),
            "{metrics}"
        );
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_counted() {
        let (endpoint, _) = collector(500).await;
        let metrics = traced(endpoint, || drop(tracing::info_span!("lost"))).await;
        assert!(
            metrics.contains("callboard_otlp_spans_dropped_total 1\n"),
            "{metrics}"
        );
    }

    #[tokio::test]
    async fn a_full_queue_and_unsampled_traces_send_nothing() {
        let (endpoint, received) = collector(200).await;
        let metrics = traced(endpoint, || {
            let _parent =
                tracing::error_span!("request", trace_id = 1_u128, sampled = false).entered();
            drop(tracing::info_span!("child"));
        });
        assert!(
            metrics
                .await
                .contains("callboard_otlp_spans_dropped_total 0\n")
        );
        assert!(received.lock().is_empty());

        let (endpoint, received) = collector(200).await;
        let metrics = traced(endpoint, || {
            for _ in 0..QUEUE + 5 {
                drop(tracing::info_span!("many"));
            }
        });
        assert!(
            metrics
                .await
                .contains("callboard_otlp_spans_dropped_total 5\n")
        );
        let batches = received.lock();
        assert_eq!(batches.len(), QUEUE / BATCH, "bounded batches");
    }
}
