//! A local HTTP server that answers as a test says and remembers what it was asked.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use integrations::{
    FileBody, Limits, ReadError, ReadOutcome, ReadRequest, ReadUrl, ResolveHost, ScmIntegrations,
    Settings, UrlReaders,
};
use platform::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// `GET /path?query`
    pub(crate) line: String,
    headers: HeaderMap,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub(crate) struct Server {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(
        answer: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(answer, |router| router).await
    }

    pub(crate) async fn start_with(
        answer: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static,
        layer: impl FnOnce(Router) -> Router,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let router = layer(Router::new().fallback(move |request: Request| {
            let line = format!("{} {}", request.method(), request.uri());
            let asked = Seen {
                line,
                headers: request.headers().clone(),
            };
            log.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(asked.clone());
            let response = answer(&asked);
            async move { response }
        }));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, seen, task }
    }

    /// A URL of this server by address.
    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}{path}", self.port)).unwrap()
    }

    /// A URL of this server by name; the name is up to the resolver.
    pub(crate) fn named(&self, host: &str, path: &str) -> Url {
        Url::parse(&format!("http://{host}:{}{path}", self.port)).unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer with headers.
pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).unwrap()
}

/// 200 with a body.
pub(crate) fn ok(body: impl Into<Body>) -> Response {
    reply(200, &[], body)
}

/// 404.
pub(crate) fn gone() -> Response {
    reply(404, &[], "{\"message\":\"Not Found\"}")
}

/// Names that lead where the test says.
#[derive(Debug, Default)]
pub(crate) struct Names(pub(crate) HashMap<&'static str, Vec<IpAddr>>);

impl Names {
    pub(crate) fn new(names: &[(&'static str, &[&str])]) -> Self {
        let addresses = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        Self(
            names
                .iter()
                .map(|(name, list)| (*name, addresses(list)))
                .collect(),
        )
    }
}

#[async_trait]
impl ResolveHost for Names {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.0
            .get(host)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Small bounds on size and pauses; times are for slow machines.
pub(crate) fn limits() -> Limits {
    Limits {
        file_bytes: 64 << 10,
        retry_pause: Duration::from_millis(5),
        connect_timeout: Duration::from_secs(5),
        ..Limits::default()
    }
}

pub(crate) fn readers(settings: &Settings) -> UrlReaders {
    readers_at(settings, Clock::system(), Names::default())
}

pub(crate) fn readers_at(settings: &Settings, clock: Clock, names: Names) -> UrlReaders {
    let integrations = ScmIntegrations::new(settings).unwrap();
    UrlReaders::with_resolver(settings, integrations, clock, Arc::new(names)).unwrap()
}

/// Reads whatever is there.
pub(crate) async fn read(readers: &UrlReaders, url: &Url) -> Result<FileBody, ReadError> {
    match readers.read(&ReadRequest::new(url.clone())).await? {
        ReadOutcome::Found(body) => Ok(body),
        ReadOutcome::NotModified => panic!("nobody asked for changes"),
    }
}
