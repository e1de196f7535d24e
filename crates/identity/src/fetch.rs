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
