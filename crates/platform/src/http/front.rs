//! The one service before all routes: ids, paths, headers, limits, panics, logs and metrics.
//!
//! Invariants: every answer passes [`Front::answer`]; no handler runs before the application is
//! ready; a panic of a handler ends its request only; header values are computed at the start.

use std::collections::HashMap;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::FutureExt as _;
use http::header::{CONTENT_LENGTH, HOST};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body::Body as _;
use http_body_util::Limited;
use tracing::Instrument as _;

use crate::error::{Error, Result};
use crate::telemetry::Metrics;

use super::client_address::Trust;
use super::compress::{self, Compressible};
use super::cors::{Cors, Grant};
use super::cross_site;
use super::error::PendingError;
use super::fresh::Known;
use super::health::{Health, Probe};
use super::limit::{self, Limiter};
use super::measure::{HttpMetrics, InFlight};
use super::mount::Trail;
use super::readiness::{Phase, Readiness};
use super::request::{REQUEST_ID, RequestInfo, TRACEPARENT};
use super::security::SecurityHeaders;
use super::settings::HttpSettings;
use super::yardstick;

/// Where requests go: `/api/<plugin>/…` to a plugin, other `GET`s to the pages.
#[derive(Default)]
pub struct Routes {
    plugins: HashMap<String, Compressible>,
    pages: Option<Compressible>,
}

impl Routes {
    /// No routes: everything is 404.
    pub fn new() -> Self {
        Self::default()
    }

    /// Serves `/api/<id>` with a router that [`mount`](super::mount) made.
    #[must_use]
    pub fn plugin(mut self, id: &str, router: Router) -> Self {
        self.plugins
            .insert(id.to_owned(), Compressible::new(router));
        self
    }

    /// Serves every `GET` outside of `/api`.
    #[must_use]
    pub fn pages(mut self, router: Router) -> Self {
        self.pages = Some(Compressible::new(router));
        self
    }
}

/// The service before all routes; clones share it.
#[derive(Clone)]
pub struct Front(Arc<Shared>);

struct Shared {
    base_path: String,
    security: SecurityHeaders,
    cors: Option<Cors>,
    readiness: Readiness,
    startup_pause: Duration,
    health: Health,
    metrics: HttpMetrics,
    routes: OnceLock<Routes>,
    body_limit: usize,
    yardstick: Option<Compressible>,
    trust: Trust,
    /// By address: over everything, and by plugin.
    limiter: Option<Limiter>,
    plugin_limiters: HashMap<String, Limiter>,
}

impl Front {
    /// A front without routes; requests wait until [`Front::open`].
    pub fn new(settings: &HttpSettings, readiness: Readiness, metrics: &Metrics) -> Result<Self> {
        let limits = settings.rate_limits.clone().unwrap_or_default();
        let health = Health::new(readiness.clone(), metrics.clone(), &settings.health_headers)?;
        Ok(Self(Arc::new(Shared {
            base_path: settings.base_path.trim_end_matches('/').to_owned(),
            security: SecurityHeaders::new(settings)?,
            cors: settings.cors.as_ref().map(Cors::new).transpose()?,
            readiness,
            startup_pause: settings.startup_pause,
            health,
            metrics: HttpMetrics::new(metrics)?,
            routes: OnceLock::new(),
            body_limit: settings.limits.body,
            trust: Trust::new(&settings.trust_proxy)?,
            limiter: limits.global.map(Limiter::new),
            plugin_limiters: limits
                .plugins
                .into_iter()
                .map(|(id, limit)| (id, Limiter::new(limit)))
                .collect(),
            yardstick: settings
                .bench
                .then(|| Compressible::new(yardstick::router())),
        })))
    }

    /// Gives the routes to requests, and declares the application ready. Only the first call counts.
    pub fn open(&self, routes: Routes) {
        let _ = self.0.routes.set(routes);
        self.0.readiness.set_ready();
    }

    /// The phase that health checks report.
    pub fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    /// Answers one request; `peer` is who opened the connection.
    pub async fn answer<B>(&self, request: Request<B>, peer: Option<IpAddr>) -> Response
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let exchange = self.0.begin(&request, peer);
        let span = exchange.span();
        let request = self.0.prepare(request, &exchange.info);
        let answer = self
            .0
            .route(request, &exchange)
            .instrument(span.clone())
            .await;
        span.in_scope(|| self.0.finish(exchange, answer))
    }
}

/// One request and its answer, as far as the front keeps them in mind.
struct Exchange {
    started: Instant,
    info: RequestInfo,
    method: Method,
    grant: Option<Grant>,
    known: Option<Known>,
    _in_flight: InFlight,
}

impl Exchange {
    /// Carries the ids to every log line; of level error, so that no log level filters it out.
    fn span(&self) -> tracing::Span {
        let trace = &self.info.trace;
        tracing::error_span!(
            target: "callboard::http",
            "request",
            request_id = &*self.info.id,
            trace_id = trace.trace_id.get(),
            span_id = u128::from(trace.span_id.get()),
            parent_id = trace.parent_id.map(|parent| u128::from(parent.get())),
            sampled = trace.sampled,
            http.request.method = self.method.as_str(),
            http.route = tracing::field::Empty,
            http.response.status_code = tracing::field::Empty,
        )
    }
}

/// An answer with the names it is measured under.
struct Answer {
    response: Response,
    plugin: String,
    /// The route's template, when the route is not a plugin's.
    route: &'static str,
}

impl Answer {
    fn new(response: Response, route: &'static str) -> Self {
        Self {
            response,
            plugin: String::new(),
            route,
        }
    }
}

impl Shared {
    fn begin<B>(&self, request: &Request<B>, peer: Option<IpAddr>) -> Exchange {
        let headers = request.headers();
        let origin = headers.get(http::header::ORIGIN);
        Exchange {
            started: Instant::now(),
            info: RequestInfo::of(headers, peer, &self.trust),
            method: request.method().clone(),
            grant: self.cors.as_ref().and_then(|cors| cors.grant(origin)),
            known: Known::of(request.method(), headers),
            _in_flight: self.metrics.begin(),
        }
    }

    /// Bounds the body, and makes HTTP/2 requests look like HTTP/1.1 ones.
    fn prepare<B>(&self, request: Request<B>, info: &RequestInfo) -> Request<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(info.clone());
        if let Some(authority) = parts.uri.authority()
            && !parts.headers.contains_key(HOST)
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            parts.headers.insert(HOST, host);
        }
        let body = if body.is_end_stream() {
            Body::empty()
        } else {
            Body::new(Limited::new(body, self.body_limit))
        };
        Request::from_parts(parts, body)
    }

    async fn route(&self, mut request: Request<Body>, exchange: &Exchange) -> Answer {
        if let Some(preflight) = self.preflight(&request, exchange) {
            return Answer::new(preflight, "preflight");
        }
        let reads = matches!(exchange.method, Method::GET | Method::HEAD);
        let path = request.uri().path();
        if let Some(probe) = self.probe(path).filter(|_| reads) {
            return Answer::new(self.health.answer(probe), probe.name());
        }
        let Some(path) = below(path, &self.base_path) else {
            return Answer::new(StatusCode::NOT_FOUND.into_response(), "unknown");
        };
        let skip = request.uri().path().len() - path.len();
        if let Some(yardstick) = self.yardstick.as_ref().filter(|_| yardstick::is_at(path)) {
            *request.uri_mut() = without_prefix(request.uri(), skip);
            return Answer::new(guarded(yardstick, request).await, "yardstick");
        }
        if let Some(refused) = self.refuse(&request, path, exchange) {
            return Answer::new(refused, "refused");
        }
        match path.strip_prefix("/api/") {
            Some(rest) => {
                let id = rest.split('/').next().unwrap_or_default().to_owned();
                let skip = skip + "/api/".len() + id.len();
                self.plugin(id, request, skip).await
            }
            None if reads && path != "/api" => {
                let response = self.page(request, skip).await;
                Answer::new(response, "page")
            }
            None => Answer::new(StatusCode::NOT_FOUND.into_response(), "unknown"),
        }
    }

    /// The answer to what is not even looked at: forgeries of other sites, and too many requests.
    fn refuse(&self, request: &Request<Body>, path: &str, exchange: &Exchange) -> Option<Response> {
        let is_granted = matches!(exchange.grant, Some(Grant::Origin(_)));
        if cross_site::is_forged(&exchange.method, path, request.headers(), is_granted) {
            let error = Error::forbidden("The request comes from another site");
            return Some(refusal(error, request.method(), request.uri()));
        }
        let address = exchange.info.peer?;
        let key = limit::counter_of(address);
        for limiter in self.limiters(path) {
            if !limiter.is_exempt(address)
                && let Err(wait) = limiter.admit(&key)
            {
                return Some(limit::too_many(wait));
            }
        }
        None
    }

    /// The limits that a path counts against.
    fn limiters(&self, path: &str) -> impl Iterator<Item = &Limiter> {
        let id = path
            .strip_prefix("/api/")
            .and_then(|rest| rest.split('/').next());
        let own = id.and_then(|id| self.plugin_limiters.get(id));
        self.limiter.iter().chain(own)
    }

    /// Takes requests off the count again whose answers are not counted.
    fn settle(&self, exchange: &Exchange, plugin: &str, status: StatusCode) {
        let own = self.plugin_limiters.get(plugin);
        let mut limiters = self.limiter.iter().chain(own).peekable();
        if status == StatusCode::TOO_MANY_REQUESTS || limiters.peek().is_none() {
            return;
        }
        if let Some(address) = exchange.info.peer {
            let key = limit::counter_of(address);
            limiters.for_each(|limiter| limiter.settle(&key, status));
        }
    }

    /// Probes are answered at the root, too, whatever the path of the base URL.
    fn probe(&self, path: &str) -> Option<Probe> {
        Probe::of(path).or_else(|| Probe::of(below(path, &self.base_path)?))
    }

    fn preflight(&self, request: &Request<Body>, exchange: &Exchange) -> Option<Response> {
        if exchange.method != Method::OPTIONS {
            return None;
        }
        let cors = self.cors.as_ref()?;
        Some(cors.preflight(exchange.grant.clone()?, request.headers()))
    }

    async fn plugin(&self, id: String, mut request: Request<Body>, skip: usize) -> Answer {
        *request.uri_mut() = without_prefix(request.uri(), skip);
        let response = match self.opened().await {
            Ok(routes) => match routes.plugins.get(&id) {
                Some(plugin) => {
                    let response = guarded(plugin, request).await;
                    return Answer {
                        response,
                        plugin: id,
                        route: "unknown",
                    };
                }
                None => StatusCode::NOT_FOUND.into_response(),
            },
            Err(error) => refusal(error, request.method(), request.uri()),
        };
        // An id that nobody has is the client's invention: no label for it.
        Answer::new(response, "unknown")
    }

    async fn page(&self, mut request: Request<Body>, skip: usize) -> Response {
        *request.uri_mut() = without_prefix(request.uri(), skip);
        match self.opened().await.map(|routes| &routes.pages) {
            Ok(Some(pages)) => guarded(pages, request).await,
            Ok(None) => StatusCode::NOT_FOUND.into_response(),
            Err(error) => refusal(error, request.method(), request.uri()),
        }
    }

    /// The routes, once the application is ready and unless it stops.
    async fn opened(&self) -> Result<&Routes> {
        let phase = match self.readiness.phase() {
            Phase::Starting => self.readiness.started_within(self.startup_pause).await,
            phase => phase,
        };
        match (phase, self.routes.get()) {
            (Phase::Ready | Phase::Leaving, Some(routes)) => Ok(routes),
            (Phase::ShuttingDown, _) => Err(Error::unavailable("Service is shutting down")),
            _ => Err(Error::unavailable("Service has not started up yet")),
        }
    }

    fn finish(&self, exchange: Exchange, mut answer: Answer) -> Response {
        let trail = answer.response.extensions_mut().remove::<Trail>();
        self.measure(&exchange, &answer, trail.as_ref());
        self.settle(&exchange, &answer.plugin, answer.response.status());
        let Answer { mut response, .. } = answer;
        if let Some(known) = &exchange.known {
            known.apply(&mut response);
        }
        if exchange.method == Method::HEAD {
            strip_body(&mut response);
        }
        let headers = response.headers_mut();
        self.security.apply(headers);
        if let (Some(cors), Some(grant)) = (&self.cors, exchange.grant)
            && exchange.method != Method::OPTIONS
        {
            cors.apply(grant, headers);
        }
        compress::vary(headers);
        if let Ok(id) = HeaderValue::from_str(&exchange.info.id) {
            headers.insert(REQUEST_ID, id);
        }
        if let Ok(context) = HeaderValue::try_from(exchange.info.trace.to_string()) {
            headers.insert(TRACEPARENT, context);
        }
        response
    }

    fn measure(&self, exchange: &Exchange, answer: &Answer, trail: Option<&Trail>) {
        let route = trail.and_then(Trail::route).unwrap_or(answer.route);
        let status = answer.response.status();
        record(&answer.plugin, route, status);
        let elapsed = exchange.started.elapsed();
        self.metrics
            .observe(&answer.plugin, route, &exchange.method, status, elapsed);
        tracing::debug!(
            target: "callboard::access",
            method = exchange.method.as_str(),
            plugin = answer.plugin,
            route,
            status = status.as_u16(),
            duration_ms = elapsed.as_secs_f64() * 1000.0,
            caller = trail.map(Trail::subject),
            peer = exchange.info.peer.map(tracing::field::display),
            "request"
        );
    }
}

/// Completes the span of the request, in which this is called.
fn record(plugin: &str, route: &str, status: StatusCode) {
    let span = tracing::Span::current();
    if route.starts_with('/') {
        span.record("http.route", format!("/api/{plugin}{route}"));
    } else {
        span.record("http.route", route);
    }
    span.record("http.response.status_code", status.as_u16());
}

/// Runs a router; a panic becomes a 500.
async fn guarded(routes: &Compressible, request: Request<Body>) -> Response {
    let method = request.method().clone();
    let uri = request.uri().clone();
    let outcome = AssertUnwindSafe(routes.call(request)).catch_unwind().await;
    let response = outcome.unwrap_or_else(|panic| panicked(&*panic).into_response());
    finished(response, &method, &uri)
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::internal(format!(
        "handler panicked: {}",
        text.unwrap_or("no message")
    ))
}

/// The body of an error that no plugin gave.
fn refusal(error: Error, method: &Method, uri: &Uri) -> Response {
    finished(error.into_response(), method, uri)
}

/// Routes outside of the barrier leave their errors without a body.
fn finished(mut response: Response, method: &Method, uri: &Uri) -> Response {
    if let Some(pending) = response.extensions_mut().remove::<PendingError>() {
        pending.finish(method, uri, &mut response);
    }
    response
}

/// The part of `path` below `base`, with its slash; `None` outside of it.
fn below<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(base)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// The URL without its authority and without the first bytes of its path.
fn without_prefix(uri: &Uri, len: usize) -> Uri {
    let whole = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let rest = whole.get(len..).unwrap_or("/");
    let relative = if rest.starts_with('/') {
        PathAndQuery::try_from(rest)
    } else {
        PathAndQuery::try_from(format!("/{rest}"))
    };
    relative.map_or_else(|_| Uri::from_static("/"), Uri::from)
}

/// `HEAD` gets the headers of `GET` only; HTTP/2 would send the body otherwise.
fn strip_body(response: &mut Response) {
    let exact = response.body().size_hint().exact();
    if let Some(length) = exact.filter(|length| *length > 0) {
        response
            .headers_mut()
            .entry(CONTENT_LENGTH)
            .or_insert_with(|| HeaderValue::from(length));
    }
    *response.body_mut() = Body::empty();
}
