//! Requests to other servers: key sets, token endpoints, profiles.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use platform::{Error, Result};
use reqwest::redirect::Policy;
use url::Url;

/// How long an answer may take unless the request says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_BYTES: usize = 256 * 1024;

/// A request to another server.
#[derive(Clone)]
pub struct Outgoing {
    /// Method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers; they may hold credentials.
    pub headers: HeaderMap,
    /// Body; it may hold credentials.
    pub body: Bytes,
    /// How long the answer may take.
    pub timeout: Duration,
}

impl Outgoing {
    /// A GET for JSON.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url, Bytes::new())
    }

    /// A POST that wants JSON.
    pub fn post(url: Url, body: impl Into<Bytes>) -> Self {
        Self::new(Method::POST, url, body.into())
    }

    fn new(method: Method, url: Url, body: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Self {
            method,
            url,
            headers,
            body,
            timeout: TIMEOUT,
        }
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, place(&self.url))
    }
}

/// What another server answered.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// Sends small requests; the seam tests replace.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// The answer, whatever its status.
    async fn send(&self, request: Outgoing) -> Result<Incoming>;
}

/// The body behind `url`, if the answer is a success.
pub(crate) async fn get(fetch: &dyn Fetch, url: &Url) -> Result<Bytes> {
    let answer = fetch.send(Outgoing::get(url.clone())).await?;
    success(url, answer)
}

/// The body of an answer that is a success.
pub(crate) fn success(url: &Url, answer: Incoming) -> Result<Bytes> {
    if answer.status.is_success() {
        return Ok(answer.body);
    }
    Err(Error::unavailable(format!(
        "{} answered {}",
        place(url),
        answer.status
    )))
}

/// A URL without its query, which may hold what nobody should see.
pub(crate) fn place(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url
}

/// Sends over HTTP, within bounds of time and size and without following redirects.
#[derive(Debug, Clone)]
pub struct HttpFetch(reqwest::Client);

impl HttpFetch {
    /// A client that was made with bounds of its own.
    pub(crate) fn of(client: reqwest::Client) -> Self {
        Self(client)
    }

    /// A client of its own.
    pub fn new() -> Result<Self> {
        let client = reqwest::Client::builder()
            .user_agent("callboard")
            .redirect(Policy::none())
            .build()
            .map_err(|error| Error::internal("making an HTTP client failed").with_source(error))?;
        Ok(Self(client))
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn send(&self, request: Outgoing) -> Result<Incoming> {
        let place = place(&request.url);
        let failed = |error: reqwest::Error| {
            Error::unavailable(format!("asking {place} failed")).with_source(error.without_url())
        };
        let mut response = self
            .0
            .request(request.method, request.url)
            .headers(request.headers)
            .body(request.body)
            .timeout(request.timeout)
            .send()
            .await
            .map_err(failed)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err(Error::unavailable(format!(
                    "{place} answered more than {MAX_BYTES} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Incoming {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body: body.freeze(),
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers one request with `answer`, then closes.
    async fn serve(answer: String) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        format!("http://127.0.0.1:{port}/keys").parse().unwrap()
    }

    fn answer(head: &str, body: &str) -> String {
        format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n{body}")
    }

    #[tokio::test]
    async fn only_small_successes_are_fetched() {
        let largest = "x".repeat(MAX_BYTES);
        let cases = [
            (answer("200 OK", "{}"), Ok("{}")),
            (answer("200 OK", &largest), Ok(&*largest)),
            (answer("200 OK", &format!("{largest}x")), Err("more than")),
            (answer("404 Not Found", "{}"), Err("answered 404")),
            (
                answer("302 Found\r\nlocation: /elsewhere", ""),
                Err("answered 302"),
            ),
            ("nonsense".to_owned(), Err("failed")),
        ];
        for (answer, expected) in cases {
            let url = serve(answer).await;
            let result = get(&HttpFetch::new().unwrap(), &url).await;
            match (result, expected) {
                (Ok(body), Ok(expected)) => assert_eq!(body, expected),
                (Err(error), Err(text)) => assert!(error.message().contains(text), "{error}"),
                (result, expected) => panic!("{result:?} instead of {expected:?}"),
            }
        }
    }
}
