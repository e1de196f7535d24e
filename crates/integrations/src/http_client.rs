//! The one way out: an HTTP client that bounds, guards and paces every request.
//!
//! - Every hop of a redirect must be at home (a place of the integration) or on the allow-list, and
//!   credentials go to the origin they were meant for only.
//! - Names that lead to internal addresses are refused unless configuration names them.
//! - Bodies are counted after decompression, while they arrive.
//! - A host that asks for a pause gets it: until then requests fail at once and say when to return.

mod body;
mod pace;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LOCATION,
};
use http::{Method, StatusCode};
use platform::Clock;
use platform::config::Secret;
use url::{Origin, Url};

use crate::address::{BlockedAddress, GuardedResolver, ResolveHost};
use crate::error::ReadError;
use crate::perimeter::Perimeter;
use crate::settings::Limits;
use pace::{Advice, Host, Pacer};

const MAX_REDIRECTS: usize = 5;
const USER_AGENT: &str = concat!("callboard/", env!("CARGO_PKG_VERSION"));

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Fetch {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) accept: &'static str,
    pub(crate) authorization: Option<Secret>,
    pub(crate) etag: Option<String>,
    pub(crate) modified_since: Option<String>,
    /// Form to send with a POST.
    pub(crate) form: Option<Secret>,
    pub(crate) max_bytes: usize,
    /// Origins that may be visited besides those on the allow-list.
    pub(crate) home: Vec<Origin>,
    /// Whose rate limit this counts against, where one host keeps several.
    pub(crate) budget: String,
    /// What messages call this request.
    pub(crate) subject: Subject,
}

/// What messages call a request.
#[derive(Debug, Clone)]
pub(crate) enum Subject {
    /// A URL read as it is.
    Plain,
    /// A URL read through an API.
    Read(String),
    /// A call of an API.
    Call,
}

impl Fetch {
    /// A GET of a URL, with nothing but the allow-list to go by.
    pub(crate) fn get(url: Url, max_bytes: usize) -> Self {
        Self {
            method: Method::GET,
            url,
            accept: "*/*",
            authorization: None,
            etag: None,
            modified_since: None,
            form: None,
            max_bytes,
            home: Vec::new(),
            budget: String::new(),
            subject: Subject::Plain,
        }
    }

    fn failure(&self, outcome: impl std::fmt::Display) -> String {
        match &self.subject {
            Subject::Plain => format!("could not read {}, {outcome}", self.url),
            Subject::Read(url) => format!("{url} could not be read as {}, {outcome}", self.url),
            Subject::Call => format!("Request failed for {}, {outcome}", self.url),
        }
    }
}

/// A successful answer, or 304.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// An error, and whether the same request may be sent again at once.
struct Failure {
    error: ReadError,
    may_retry: bool,
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self {
            error,
            may_retry: false,
        }
    }
}

/// What one exchange led to.
enum Step {
    Done(Answer),
    Redirect(Url),
}

/// The guarded client. Cheap to clone.
#[derive(Clone)]
pub(crate) struct HttpClient {
    inner: Arc<Inner>,
}

struct Inner {
    client: reqwest::Client,
    perimeter: Arc<Perimeter>,
    pacer: Pacer,
    limits: Limits,
}

impl HttpClient {
    pub(crate) fn new(
        limits: Limits,
        perimeter: Arc<Perimeter>,
        resolver: Arc<dyn ResolveHost>,
        clock: Clock,
    ) -> Result<Self, reqwest::Error> {
        let guard = GuardedResolver {
            inner: resolver,
            perimeter: Arc::clone(&perimeter),
        };
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .dns_resolver(guard)
            .connect_timeout(limits.connect_timeout)
            .read_timeout(limits.idle_timeout)
            .timeout(limits.total_timeout)
            .build()?;
        let pacer = Pacer::new(clock, limits.requests, limits.requests_per_host);
        Ok(Self {
            inner: Arc::new(Inner {
                client,
                perimeter,
                pacer,
                limits,
            }),
        })
    }

    /// Sends a request, follows its redirects and repeats it where that is safe.
    pub(crate) async fn fetch(&self, fetch: &Fetch) -> Result<Answer, ReadError> {
        let inner = &self.inner;
        let host = inner.pacer.host(&fetch.url, &fetch.budget);
        Inner::check_pause(fetch, &host)?;
        // Waiting for a place is not the host's fault and does not take from its time.
        let limits = &inner.limits;
        let late = |what: &str| ReadError::timeout(fetch.failure(what));
        let _place = tokio::time::timeout(limits.queue_timeout, inner.pacer.place(&host))
            .await
            .map_err(|_| late("too many requests are waiting"))?;
        tokio::time::timeout(limits.total_timeout, inner.with_retries(fetch))
            .await
            .unwrap_or_else(|_| Err(late("no answer in time")))
    }
}

impl Inner {
    async fn with_retries(&self, fetch: &Fetch) -> Result<Answer, ReadError> {
        let mut attempt = 0;
        loop {
            match self.follow(fetch).await {
                Err(failure) if failure.may_retry && attempt < self.limits.retries => {
                    tracing::debug!(url = %fetch.url, attempt, "request is repeated");
                    tokio::time::sleep(backoff(self.limits.retry_pause, attempt)).await;
                    attempt += 1;
                }
                result => return result.map_err(|failure| failure.error),
            }
        }
    }

    async fn follow(&self, fetch: &Fetch) -> Result<Answer, Failure> {
        let mut url = fetch.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            match self.exchange(fetch, &url).await? {
                Step::Done(answer) => return Ok(answer),
                Step::Redirect(next) => {
                    self.admit(fetch, &next)?;
                    url = next;
                }
            }
        }
        Err(ReadError::invalid(fetch.failure("too many redirects")).into())
    }

    /// Whether a redirect may lead here.
    fn admit(&self, fetch: &Fetch, next: &Url) -> Result<(), ReadError> {
        let is_home = fetch.home.contains(&next.origin());
        let has_login = !next.username().is_empty() || next.password().is_some();
        if fetch.method == Method::GET && !has_login && (is_home || self.perimeter.allows(next)) {
            return Ok(());
        }
        Err(ReadError::not_allowed(&without_login(next)))
    }

    /// Fails at once while the host wants no requests.
    fn check_pause(fetch: &Fetch, host: &Host) -> Result<(), ReadError> {
        match host.pause() {
            None => Ok(()),
            Some(retry_after) => {
                let message = fetch.failure("the host asked for a pause (rate limit exceeded)");
                Err(ReadError::RateLimited {
                    message,
                    retry_after,
                })
            }
        }
    }

    /// Sends one request to one URL.
    async fn exchange(&self, fetch: &Fetch, url: &Url) -> Result<Step, Failure> {
        self.perimeter
            .check_literal(url)
            .map_err(|blocked| blocked_error(&blocked))?;
        let host = self.pacer.host(url, &fetch.budget);
        Self::check_pause(fetch, &host)?;
        let request = self.request(fetch, url)?;
        let mut response = request
            .send()
            .await
            .map_err(|error| network(fetch, error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            host.note(Advice::of_success(&headers));
            let body = body::collect(&mut response, fetch).await?;
            return Ok(Step::Done(Answer {
                status,
                headers,
                body,
            }));
        }
        if let Some(next) = redirect(status, &headers, url) {
            return Ok(Step::Redirect(next));
        }
        let excerpt = body::excerpt(&mut response).await;
        let advice = Advice::of_failure(status, &headers, &excerpt, host.now());
        host.note(advice);
        Err(refusal(fetch, status, advice, host.pause()))
    }

    fn request(&self, fetch: &Fetch, url: &Url) -> Result<reqwest::RequestBuilder, ReadError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(fetch.accept));
        for (name, value) in [
            (IF_NONE_MATCH, &fetch.etag),
            (IF_MODIFIED_SINCE, &fetch.modified_since),
        ] {
            // A version that cannot be sent is one that nobody has.
            if let Some(value) = value
                .as_ref()
                .and_then(|text| HeaderValue::from_str(text).ok())
            {
                headers.insert(name, value);
            }
        }
        let is_origin = url.origin() == fetch.url.origin();
        if let Some(secret) = fetch.authorization.as_ref().filter(|_| is_origin) {
            let mut value = HeaderValue::from_str(secret.expose())
                .map_err(|_| ReadError::invalid("the configured credential cannot be sent"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let mut request = self
            .client
            .request(fetch.method.clone(), url.clone())
            .headers(headers);
        if let Some(form) = fetch.form.as_ref().filter(|_| is_origin) {
            let content_type = "application/x-www-form-urlencoded";
            request = request
                .header(CONTENT_TYPE, content_type)
                .body(form.expose().to_owned());
        }
        Ok(request)
    }
}

fn backoff(first: Duration, attempt: u32) -> Duration {
    let longest = first.saturating_mul(2_u32.saturating_pow(attempt));
    longest.mul_f64(rand::random_range(0.5..1.0))
}

fn redirect(status: StatusCode, headers: &HeaderMap, url: &Url) -> Option<Url> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let next = url.join(headers.get(LOCATION)?.to_str().ok()?).ok()?;
    matches!(next.scheme(), "http" | "https").then_some(next)
}

fn without_login(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

fn blocked_error(blocked: &BlockedAddress) -> ReadError {
    ReadError::NotAllowed {
        message: format!("Reading is not allowed: {blocked}"),
    }
}

/// What a request that got no answer means.
fn network(fetch: &Fetch, error: reqwest::Error) -> Failure {
    if let Some(blocked) = BlockedAddress::find(&error) {
        return blocked_error(blocked).into();
    }
    if error.is_timeout() {
        return ReadError::timeout(fetch.failure("no answer in time")).into();
    }
    let may_retry = error.is_connect() || fetch.method == Method::GET;
    let outcome = if error.is_connect() {
        "cannot connect"
    } else {
        "connection lost"
    };
    let message = fetch.failure(outcome);
    // The URL is in the message already, and without its query here.
    let source = Some(error.without_url().into());
    Failure {
        error: ReadError::Unavailable {
            message,
            retry_after: None,
            source,
        },
        may_retry,
    }
}

/// What an answer that is neither success nor redirect means.
fn refusal(fetch: &Fetch, status: StatusCode, advice: Advice, pause: Option<Duration>) -> Failure {
    let mut message = fetch.failure(status);
    if advice.is_limit {
        message.push_str(" (rate limit exceeded)");
        let retry_after = pause.unwrap_or_default();
        return ReadError::RateLimited {
            message,
            retry_after,
        }
        .into();
    }
    let error = match status.as_u16() {
        404 | 410 => ReadError::NotFound { message },
        401 | 403 | 407 | 300..=399 => ReadError::Denied { message },
        408 => ReadError::Timeout { message },
        500..=599 => ReadError::Unavailable {
            message,
            retry_after: pause,
            source: None,
        },
        _ => ReadError::Invalid { message },
    };
    let may_retry = matches!(status.as_u16(), 502..=504) && pause.is_none();
    Failure {
        error,
        may_retry: may_retry && fetch.method == Method::GET,
    }
}
