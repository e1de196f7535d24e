//! Fetching published key sets over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use platform::{Error, Result};
use reqwest::redirect::Policy;
use url::Url;

const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_BYTES: usize = 256 * 1024;

/// Gets small documents; the seam tests replace.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// The body behind `url`, if the answer is a success.
    async fn fetch(&self, url: &Url) -> Result<Bytes>;
}

/// Fetches over HTTP, within bounds of time and size and without following redirects.
#[derive(Debug, Clone)]
pub struct HttpFetch(reqwest::Client);

impl HttpFetch {
    /// A client of its own.
    pub fn new() -> Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(Policy::none())
            .build()
            .map_err(|error| Error::internal("making an HTTP client failed").with_source(error))?;
        Ok(Self(client))
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn fetch(&self, url: &Url) -> Result<Bytes> {
        let failed =
            |error| Error::unavailable(format!("fetching {url} failed")).with_source(error);
        let response = self.0.get(url.clone()).send().await.map_err(failed)?;
        let status = response.status();
        if !status.is_success() {
            return Err(Error::unavailable(format!("{url} answered {status}")));
        }
        let mut response = response;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err(Error::unavailable(format!(
                    "{url} answered more than {MAX_BYTES} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
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
            let result = HttpFetch::new().unwrap().fetch(&url).await;
            match (result, expected) {
                (Ok(body), Ok(expected)) => assert_eq!(body, expected),
                (Err(error), Err(text)) => assert!(error.message().contains(text), "{error}"),
                (result, expected) => panic!("{result:?} instead of {expected:?}"),
            }
        }
    }
}
