//! Calls to the API of one integration on behalf of one repository.

use platform::config::Secret;
use serde::de::DeserializeOwned;
use url::Url;

use crate::error::ReadError;
use crate::http_client::{Answer, Fetch, HttpClient, Subject};
use crate::integration::{Credentials, Integration};
use crate::percent;
use crate::repository::RepoUrl;
use crate::settings::Limits;

/// Most pages of one listing.
pub(crate) const MAX_PAGES: usize = 200;

/// What is needed to call an API.
pub(crate) struct Session<'a> {
    pub(crate) client: &'a HttpClient,
    pub(crate) integration: &'a Integration,
    pub(crate) authorization: Option<Secret>,
    pub(crate) limits: Limits,
    /// GitHub counts per installation, everybody else per host.
    pub(crate) budget: String,
}

/// Where one file is fetched from.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) url: Url,
    pub(crate) accept: &'static str,
    /// The URL names content by hash, so it never changes.
    pub(crate) is_immutable: bool,
}

impl Call {
    /// Whatever is at a URL.
    pub(crate) fn raw(url: Url) -> Self {
        Self {
            url,
            accept: "*/*",
            is_immutable: false,
        }
    }
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        client: &'a HttpClient,
        integration: &'a Integration,
        authorization: Option<Secret>,
        limits: Limits,
        repo: &RepoUrl,
    ) -> Self {
        let budget = match integration.credentials {
            Credentials::GithubApps(..) => repo.owner.to_ascii_lowercase(),
            _ => String::new(),
        };
        Self {
            client,
            integration,
            authorization,
            limits,
            budget,
        }
    }

    /// Whether calls carry credentials.
    pub(crate) fn is_authenticated(&self) -> bool {
        self.authorization.is_some()
    }

    /// A URL below the API's base, from segments that are encoded here.
    pub(crate) fn url(&self, segments: &[&str]) -> Url {
        below(&self.integration.api, segments)
    }

    /// The request that reads a file.
    pub(crate) fn file(&self, call: &Call, subject: Subject) -> Fetch {
        Fetch {
            accept: call.accept,
            subject,
            ..self.fetch(call.url.clone(), self.limits.file_bytes)
        }
    }

    /// Calls the API; a page for people instead of data means that we are not signed in.
    pub(crate) async fn call(&self, url: Url, accept: &'static str) -> Result<Answer, ReadError> {
        let fetch = self.fetch(url, self.limits.listing_bytes);
        self.send(&Fetch {
            accept,
            subject: Subject::Call,
            ..fetch
        })
        .await
    }

    /// Sends a request; success with status 203 is a sign-in page.
    pub(crate) async fn send(&self, fetch: &Fetch) -> Result<Answer, ReadError> {
        let answer = self.client.fetch(fetch).await?;
        if answer.status == http::StatusCode::NON_AUTHORITATIVE_INFORMATION {
            let message = format!("Request failed for {}, {}", fetch.url, answer.status);
            return Err(ReadError::Denied { message });
        }
        Ok(answer)
    }

    /// Calls the API and understands its answer.
    pub(crate) async fn json<T: DeserializeOwned>(&self, url: Url) -> Result<T, ReadError> {
        let answer = self.call(url.clone(), "application/json").await?;
        parse(&url, &answer)
    }

    pub(crate) fn fetch(&self, url: Url, max_bytes: usize) -> Fetch {
        Fetch {
            authorization: self.authorization.clone(),
            home: self.integration.places().map(Url::origin).collect(),
            budget: self.budget.clone(),
            ..Fetch::get(url, max_bytes)
        }
    }
}

/// Understands an answer.
pub(crate) fn parse<T: DeserializeOwned>(url: &Url, answer: &Answer) -> Result<T, ReadError> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        ReadError::invalid(format!("the answer of {url} is not understood: {error}"))
    })
}

/// A listing has more pages than we read; never treated as if the rest did not exist.
pub(crate) fn too_long(repo: &RepoUrl) -> ReadError {
    ReadError::too_large(format!(
        "the list of files of {} is too long",
        repo.full_name()
    ))
}

/// A URL below a base, from segments that are encoded here. Empty segments are left out.
pub(crate) fn below(base: &Url, segments: &[&str]) -> Url {
    let mut path = base.path().trim_end_matches('/').to_owned();
    for segment in segments.iter().filter(|segment| !segment.is_empty()) {
        path.push('/');
        path.push_str(&percent::encode_segment(segment));
    }
    let mut url = base.clone();
    url.set_path(&path);
    url
}

/// Segments of a fixed part followed by those of a path.
pub(crate) fn with_path<'a>(fixed: &[&'a str], path: &'a str) -> Vec<&'a str> {
    fixed.iter().copied().chain(path.split('/')).collect()
}
