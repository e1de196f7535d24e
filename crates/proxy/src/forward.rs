//! Passing a request on and its answer back, both as streams.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, Method, StatusCode};
use http_body::Body as _;
use parking_lot::RwLock;
use platform::config::ProxyConfig;
use platform::ctx::Caller;
use platform::http::Access;
use platform::{Ctx, Error, Result};
use reqwest::redirect::Policy;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::endpoint::Endpoint;
use crate::redirect::{self, Guarded};
use crate::table::Table;
use crate::{headers, path, socket};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// All endpoints; clones share them.
#[derive(Clone)]
pub struct Proxy(Arc<Inner>);

struct Inner {
    /// Those of now; a request keeps to the one it found.
    table: RwLock<Arc<Table>>,
    /// Path of the plugin as clients see it.
    mount: String,
    checking: reqwest::Client,
    trusting: reqwest::Client,
    /// For redirects to other origins.
    guarded: Guarded,
    sockets: socket::Sockets,
}

/// A request that goes to a target.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
}

impl Proxy {
    /// The endpoints of the configuration; `base_path` is the path of `backend.baseUrl`. An endpoint
    /// that is wrong is an error, or left out where configuration says so.
    pub fn new(config: &ProxyConfig, base_path: &str) -> Result<Self> {
        Ok(Self(Arc::new(Inner {
            table: RwLock::new(Arc::new(Table::new(config)?)),
            mount: format!("{}/api/proxy", base_path.trim_end_matches('/')),
            checking: client(true)?,
            trusting: client(false)?,
            guarded: Guarded::new()?,
            sockets: socket::Sockets::default(),
        })))
    }

    /// Other endpoints from now on; those of before stay when one of the new ones is wrong. What is
    /// being passed on, and web sockets that are open, go on as they were.
    pub fn replace(&self, config: &ProxyConfig) -> Result<()> {
        let table = Arc::new(Table::new(config)?);
        *self.0.table.write() = table;
        Ok(())
    }

    /// Ends web sockets when `stop` is cancelled.
    pub fn start(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        self.0.sockets.start(tasks, stop);
    }

    /// Who may enter a path.
    pub fn access(&self, path: &str) -> Access {
        match self.table().find_certain(path) {
            Ok(Some((endpoint, _))) if endpoint.is_open() => Access::Unauthenticated,
            _ => Access::Authenticated,
        }
    }

    fn table(&self) -> Arc<Table> {
        Arc::clone(&self.0.table.read())
    }

    fn client(&self, endpoint: &Endpoint) -> &reqwest::Client {
        if endpoint.checks_certificate {
            &self.0.checking
        } else {
            &self.0.trusting
        }
    }

    /// Passes a request on; `None` when there is nothing to pass it on to.
    pub(crate) async fn forward(&self, ctx: &Ctx, request: Request) -> Result<Option<Response>> {
        let path = request.uri().path();
        if !path::is_safe(path) {
            return Err(Error::input("the path may lead elsewhere"));
        }
        let table = self.table();
        let Some((endpoint, rest)) = table.find_certain(path)? else {
            return Ok(None);
        };
        // Whoever was let in may have been so by a table of before.
        if !endpoint.is_open() && *ctx.caller() == Caller::Anonymous {
            return Err(Error::unauthenticated("Missing credentials"));
        }
        if !path::is_safe(rest) {
            return Err(Error::input("the path may lead elsewhere"));
        }
        if !endpoint.allows(request.method()) {
            return Ok(None);
        }
        let outgoing = self.outgoing(endpoint, rest, ctx, &request)?;
        if socket::is_wanted(request.headers()) && endpoint.takes_sockets {
            let client = self.client(endpoint);
            return Ok(Some(
                self.0
                    .sockets
                    .open(client, endpoint, outgoing, request)
                    .await,
            ));
        }
        Ok(Some(self.exchange(endpoint, outgoing, request).await))
    }

    fn outgoing(
        &self,
        endpoint: &Endpoint,
        rest: &str,
        ctx: &Ctx,
        request: &Request,
    ) -> Result<Outgoing> {
        let query = request.uri().query().map(|query| format!("?{query}"));
        let query = query.unwrap_or_default();
        let whole = format!("{}{}{query}", self.0.mount, request.uri().path());
        let rewritten = endpoint.rewrite.apply(&whole, &format!("{rest}{query}"));
        let bare = rewritten.split('?').next().unwrap_or_default();
        let url = endpoint.url(&rewritten).filter(|_| path::is_safe(bare));
        let url = url.ok_or_else(|| Error::input("the path leads out of its target"))?;
        let headers = headers::for_target(endpoint, request.method(), ctx, request.headers());
        Ok(Outgoing {
            method: request.method().clone(),
            url,
            headers,
        })
    }

    async fn exchange(
        &self,
        endpoint: &Endpoint,
        outgoing: Outgoing,
        request: Request,
    ) -> Response {
        let failure = Failure::of(&outgoing, request.headers());
        let has_body = !request.body().is_end_stream();
        let mut builder = self
            .client(endpoint)
            .request(outgoing.method.clone(), outgoing.url.clone())
            .headers(outgoing.headers.clone())
            .headers(endpoint.own_headers.clone());
        if has_body {
            let stream = request.into_body().into_data_stream();
            builder = builder.body(reqwest::Body::wrap_stream(stream));
        }
        let sent = tokio::time::timeout(endpoint.answer_timeout, builder.send());
        let mut answer = match sent.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return failure.answer(&error),
            Err(elapsed) => return failure.answer(&elapsed),
        };
        // A body that was sent cannot be sent again.
        if endpoint.follows_redirects && !has_body {
            answer = match self.follow(endpoint, &outgoing, answer).await {
                Ok(answer) => answer,
                Err(error) => return failure.answer(&error),
            };
        }
        passed_back(endpoint, answer)
    }

    async fn follow(
        &self,
        endpoint: &Endpoint,
        outgoing: &Outgoing,
        answer: reqwest::Response,
    ) -> Result<reqwest::Response> {
        let following = redirect::follow(
            self.client(endpoint),
            &self.0.guarded,
            endpoint,
            outgoing,
            answer,
        );
        tokio::time::timeout(endpoint.answer_timeout, following)
            .await
            .map_err(|error| Error::unavailable("no answer in time").with_source(error))?
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.table().0).finish()
    }
}

/// Without cookies, without redirects of its own, and with bodies as they come.
pub(crate) fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .no_gzip()
        .no_proxy()
        .http1_only()
}

fn client(checks_certificate: bool) -> Result<reqwest::Client> {
    let builder = builder().tls_danger_accept_invalid_certs(!checks_certificate);
    builder
        .build()
        .map_err(|error| Error::internal("the proxy has no client").with_source(error))
}

pub(crate) fn passed_back(endpoint: &Endpoint, answer: reqwest::Response) -> Response {
    let status = answer.status();
    let headers = headers::for_client(endpoint, answer.headers());
    let mut response = Response::new(Body::from_stream(answer.bytes_stream()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// What a client is told when the target does not answer.
pub(crate) struct Failure {
    text: String,
    target: String,
}

impl Failure {
    pub(crate) fn of(outgoing: &Outgoing, headers: &HeaderMap) -> Self {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let url = &outgoing.url;
        let query = url.query().map(|query| format!("?{query}"));
        Self {
            text: format!(
                "Error occurred while trying to proxy: {}{}{}",
                host.unwrap_or_default(),
                url.path(),
                query.unwrap_or_default()
            ),
            target: url.host_str().unwrap_or_default().to_owned(),
        }
    }

    /// 504 with the text of Backstage, which names the client's host.
    pub(crate) fn answer(&self, error: &(dyn std::error::Error + 'static)) -> Response {
        let mut causes = Vec::new();
        let mut cause = Some(error);
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = error.source();
        }
        let error = causes.join(": ");
        tracing::warn!(
            target = self.target,
            error,
            "the target of a proxy did not answer"
        );
        let mut response = Response::new(Body::from(self.text.clone()));
        *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
        response.headers_mut().remove(CONTENT_LENGTH);
        response
    }
}
