//! Requests to the API of a source: paced, paged and bounded.

use std::time::Duration;

use bytes::BytesMut;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};
use platform::clock::Millis;
use platform::config::Secret;
use platform::{Clock, Error, Result};
use reqwest::redirect::Policy;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use url::{Url, form_urlencoded};

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_mins(1);
/// Largest answer.
const MAX_BODY: usize = 32 << 20;
/// Most pages of one list, and most things of one kind.
const MAX_PAGES: usize = 10_000;
pub(crate) const MAX_ENTRIES: usize = 500_000;
/// How often a request is repeated.
const MAX_RETRIES: u32 = 5;
/// Longest pause that is waited for; a longer one fails the run, which is repeated by schedule.
const MAX_PAUSE: Duration = Duration::from_mins(15);
/// Pause when a source limits us and does not say for how long.
const UNKNOWN_PAUSE: Duration = Duration::from_mins(1);

/// A request.
#[derive(Clone)]
pub(crate) struct Request {
    method: Method,
    url: Url,
    authorization: Option<Secret>,
    body: Option<(&'static str, Secret)>,
    headers: HeaderMap,
}

impl Request {
    pub(crate) fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            authorization: None,
            body: None,
            headers: HeaderMap::new(),
        }
    }

    /// A form, which may hold credentials.
    pub(crate) fn form(url: Url, fields: &[(&str, &str)]) -> Self {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        Self {
            method: Method::POST,
            body: Some(("application/x-www-form-urlencoded", Secret::new(form))),
            ..Self::get(url)
        }
    }

    pub(crate) fn json(url: Url, body: &Value) -> Self {
        Self {
            method: Method::POST,
            body: Some(("application/json", Secret::new(body.to_string()))),
            ..Self::get(url)
        }
    }

    /// With the value of an `Authorization` header.
    pub(crate) fn authorized(self, authorization: Option<Secret>) -> Self {
        Self {
            authorization,
            ..self
        }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    /// The URL without its query, for messages.
    fn place(&self) -> Url {
        let mut url = self.url.clone();
        url.set_query(None);
        url
    }
}

/// An answer that is a success.
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    place: Url,
    body: BytesMut,
}

impl Answer {
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T> {
        // The parser's words may show what was in the answer.
        serde_json::from_slice(&self.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let place = &self.place;
            Error::unavailable(format!("{place} answered something else ({line}:{column})"))
        })
    }
}

/// What became of one try.
enum Try {
    Done(Answer),
    Again(Duration, Error),
}

/// Sends requests.
#[derive(Clone)]
pub(crate) struct Source {
    client: reqwest::Client,
    clock: Clock,
}

impl Source {
    pub(crate) fn new(clock: Clock) -> Result<Self> {
        let client = reqwest::Client::builder()
            .user_agent("callboard")
            .redirect(Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| Error::internal("making an HTTP client failed").with_source(error))?;
        Ok(Self { client, clock })
    }

    /// Sends a request, again when the source asks for that.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer> {
        let mut attempt = 0;
        loop {
            match self.try_once(request, attempt).await? {
                Try::Done(answer) => return Ok(answer),
                Try::Again(pause, error) if attempt >= MAX_RETRIES || pause > MAX_PAUSE => {
                    return Err(error);
                }
                Try::Again(pause, error) => {
                    tracing::debug!(error = error.chain(), ?pause, "a request is repeated");
                    tokio::time::sleep(pause).await;
                    attempt += 1;
                }
            }
        }
    }

    /// Sends a request and reads the answer.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        self.send(request).await?.read()
    }

    /// All pages of a list; `next` tells from an answer what is on the page, and where the next one
    /// is, which must be at the same host.
    pub(crate) async fn pages<T>(
        &self,
        first: Request,
        next: impl Fn(&Answer) -> Result<(Vec<T>, Option<Url>)>,
    ) -> Result<Vec<T>> {
        let mut all = Vec::new();
        let mut request = first;
        for _ in 0..MAX_PAGES {
            let answer = self.send(&request).await?;
            let (page, url) = next(&answer)?;
            all.extend(page);
            check_count(all.len(), &request.url)?;
            let Some(url) = url else { return Ok(all) };
            if url.origin() != request.url.origin() {
                let place = request.place();
                return Err(Error::unavailable(format!(
                    "{place} continues at another host"
                )));
            }
            request.url = url;
        }
        let place = request.place();
        Err(Error::unavailable(format!("{place} has too many pages")))
    }

    async fn try_once(&self, request: &Request, attempt: u32) -> Result<Try> {
        let place = request.place();
        let backoff = Duration::from_secs(1 << attempt.min(6));
        let lost = |error: reqwest::Error| {
            Error::unavailable(format!("asking {place} failed")).with_source(error.without_url())
        };
        let response = self.request(request)?.send().await;
        let mut response = match response {
            Ok(response) => response,
            Err(error) => return Ok(Try::Again(backoff, lost(error))),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        if !status.is_success() {
            let error = Error::unavailable(format!("{place} answered {status}"));
            return match self.pause(status, &headers) {
                Some(pause) => Ok(Try::Again(pause, error)),
                None if status.is_server_error() => Ok(Try::Again(backoff, error)),
                None => Err(error),
            };
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(&lost)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(Error::unavailable(format!("{place} answered too much")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Try::Done(Answer {
            headers,
            place,
            body,
        }))
    }

    fn request(&self, request: &Request) -> Result<reqwest::RequestBuilder> {
        let mut headers = request.headers.clone();
        headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("application/json"));
        if let Some(secret) = &request.authorization {
            let mut value = HeaderValue::from_str(secret.expose())
                .map_err(|_| Error::input("the configured credential cannot be sent"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let mut builder = self
            .client
            .request(request.method.clone(), request.url.clone())
            .headers(headers);
        if let Some((content_type, body)) = &request.body {
            builder = builder
                .header(CONTENT_TYPE, *content_type)
                .body(body.expose().to_owned());
        }
        Ok(builder)
    }

    /// How long the source wants to be left alone, if it does.
    fn pause(&self, status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let said = text(RETRY_AFTER.as_str()).and_then(|text| retry_after(text, self.clock.now()));
        // GitHub and GitLab tell when the hour is over.
        let is_spent = ["x-ratelimit-remaining", "ratelimit-remaining"]
            .iter()
            .any(|name| text(name) == Some("0"));
        let reset = || {
            let names = ["x-ratelimit-reset", "ratelimit-reset"];
            let at: i64 = names.iter().find_map(|name| text(name)?.parse().ok())?;
            Some(until(at.saturating_mul(1_000), self.clock.now()))
        };
        match status {
            StatusCode::TOO_MANY_REQUESTS => said.or_else(reset).or(Some(UNKNOWN_PAUSE)),
            StatusCode::FORBIDDEN if is_spent => said.or_else(reset).or(Some(UNKNOWN_PAUSE)),
            _ => said,
        }
    }
}

/// Fails when there are more things than a portal holds.
pub(crate) fn check_count(count: usize, url: &Url) -> Result<()> {
    if count <= MAX_ENTRIES {
        return Ok(());
    }
    let host = url.host_str().unwrap_or_default();
    Err(Error::unavailable(format!("{host} has too many entries")))
}

/// `Retry-After`: seconds, or a date.
fn retry_after(text: &str, now: Millis) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some(until(date.unix_timestamp().saturating_mul(1_000), now))
}

fn until(at: Millis, now: Millis) -> Duration {
    Duration::from_millis(u64::try_from(at.saturating_sub(now)).unwrap_or(0))
}

/// A URL below a base.
pub(crate) fn below(base: &str, path: &str) -> Result<Url> {
    let text = format!("{}/{path}", base.trim_end_matches('/'));
    Url::parse(&text).map_err(|_| Error::input(format!("`{base}` is not a URL")))
}

/// A part of a path.
pub(crate) fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers = [(&'static str, &'static str)];

    #[test]
    fn pauses_are_as_long_as_the_source_says() {
        let now = 1_795_210_339_000;
        let source = Source::new(Clock::fixed(now)).unwrap();
        let cases: [(u16, &Headers, Option<u64>); 8] = [
            (429, &[("retry-after", "7")], Some(7)),
            (
                429,
                &[("retry-after", "Fri, 20 Nov 2026 21:32:29 +0000")],
                Some(10),
            ),
            (429, &[], Some(60)),
            (403, &[], None),
            (403, &[("retry-after", "3")], Some(3)),
            (
                403,
                &[
                    ("x-ratelimit-remaining", "0"),
                    ("x-ratelimit-reset", "1795210349"),
                ],
                Some(10),
            ),
            (503, &[("retry-after", "2")], Some(2)),
            (404, &[], None),
        ];
        for (status, headers, expected) in cases {
            let map = headers.iter().map(|(name, value)| {
                let name: http::HeaderName = name.parse().unwrap();
                (name, HeaderValue::from_static(value))
            });
            let status = StatusCode::from_u16(status).unwrap();
            let pause = source.pause(status, &map.collect());
            assert_eq!(
                pause,
                expected.map(Duration::from_secs),
                "{status} {headers:?}"
            );
        }
    }
}
