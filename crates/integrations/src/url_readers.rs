//! The reader of production: picks the API by host, caches, and answers from the cache.

mod tree;

use std::sync::Arc;

use async_trait::async_trait;
use platform::config::Secret;
use platform::{Clock, Millis};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use url::Url;

use crate::address::{ResolveHost, SystemResolver};
use crate::cache::{BodyCache, CachedBody};
use crate::error::ReadError;
use crate::glob::{self, PathPattern};
use crate::host;
use crate::http_client::{Answer, Fetch, HttpClient, Subject};
use crate::integration::{Integration, Kind};
use crate::perimeter::{Perimeter, ReadingError};
use crate::reader::{
    FileBody, FolderFile, FoundFile, ReadOutcome, ReadRequest, ReadUrl, SearchOutcome,
};
use crate::registry::ScmIntegrations;
use crate::repository::RepoUrl;
use crate::session::Session;
use crate::settings::{Limits, Settings};
use crate::tokens::Tokens;

/// Versions made here, for hosts that have none, begin like this and are never sent.
const OWN_ETAG: &str = "\"sha256-";

/// The readers cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ReadersError {
    /// The allow-list has a broken entry.
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
}

/// Reads files of all configured hosts. Cheap to clone.
#[derive(Clone)]
pub struct UrlReaders {
    inner: Arc<Inner>,
}

struct Inner {
    integrations: ScmIntegrations,
    perimeter: Arc<Perimeter>,
    client: HttpClient,
    tokens: Tokens,
    cache: BodyCache,
    limits: Limits,
}

impl UrlReaders {
    /// Builds the readers for the integrations and the allow-list.
    pub fn new(
        settings: &Settings,
        integrations: ScmIntegrations,
        clock: Clock,
    ) -> Result<Self, ReadersError> {
        Self::with_resolver(settings, integrations, clock, Arc::new(SystemResolver))
    }

    /// The same, with another source of addresses.
    pub fn with_resolver(
        settings: &Settings,
        integrations: ScmIntegrations,
        clock: Clock,
        resolver: Arc<dyn ResolveHost>,
    ) -> Result<Self, ReadersError> {
        let limits = settings.limits;
        let perimeter = Arc::new(Perimeter::new(&settings.reading, &integrations)?);
        let client = HttpClient::new(limits, Arc::clone(&perimeter), resolver, clock.clone())?;
        let tokens = Tokens::new(client.clone(), clock);
        let cache = BodyCache::new(limits.cache_bytes);
        Ok(Self {
            inner: Arc::new(Inner {
                integrations,
                perimeter,
                client,
                tokens,
                cache,
                limits,
            }),
        })
    }

    /// The address of the API behind a URL, and what to send there as `Authorization` for an owner
    /// of repositories.
    pub async fn api_access(
        &self,
        url: &Url,
        owner: &str,
    ) -> Result<(Url, Option<Secret>), ReadError> {
        let integration = self.inner.integrations.by_url(url);
        let integration = integration.ok_or_else(|| ReadError::not_allowed(url.as_str()))?;
        let token = self.inner.tokens.of_owner(integration, owner).await?;
        Ok((integration.api_url().clone(), token))
    }

    /// The integrations that are read from.
    pub fn integrations(&self) -> &ScmIntegrations {
        &self.inner.integrations
    }
}

#[async_trait]
impl ReadUrl for UrlReaders {
    async fn read(&self, request: &ReadRequest) -> Result<ReadOutcome, ReadError> {
        self.inner.read(request).await
    }

    async fn search(&self, request: &ReadRequest) -> Result<SearchOutcome, ReadError> {
        let searched = match self.inner.pattern(&request.url)? {
            Some((integration, repo, pattern)) => {
                self.inner
                    .search_tree(request, integration, &repo, &pattern)
                    .await
            }
            None => self.inner.search_one(request).await,
        };
        match searched {
            Err(error) if error.is_gone() => Ok(SearchOutcome::Found {
                files: Vec::new(),
                etag: None,
            }),
            outcome => outcome,
        }
    }

    async fn folder(&self, request: &ReadRequest) -> Result<Vec<FolderFile>, ReadError> {
        let url = &request.url;
        check_form(url)?;
        let integration = self.inner.integrations.by_url(url);
        let integration = integration.ok_or_else(|| ReadError::not_allowed(url.as_str()))?;
        let repo = RepoUrl::parse(integration, url)
            .map_err(|error| ReadError::invalid(format!("Incorrect URL: {url}, Error: {error}")))?;
        let found = self.inner.read_tree(request, integration, &repo).await;
        self.inner
            .noting_refusal(request, integration, &repo, found)
    }

    async fn authorization(
        &self,
        host: &str,
        owner: &str,
        name: &str,
    ) -> Result<Option<Secret>, ReadError> {
        let integrations = self.inner.integrations.list();
        let Some(integration) = integrations.iter().find(|it| it.host() == host) else {
            return Ok(None);
        };
        let repo = RepoUrl::named(owner, name);
        self.inner.tokens.authorization(integration, &repo).await
    }
}

impl Inner {
    async fn read(&self, request: &ReadRequest) -> Result<ReadOutcome, ReadError> {
        check_form(&request.url)?;
        match self.integrations.by_url(&request.url) {
            Some(integration) => {
                let repo = repo_file(integration, &request.url)?;
                self.read_file(request, integration, &repo).await
            }
            None if self.perimeter.allows(&request.url) => {
                let mut fetch = Fetch::get(request.url.clone(), self.limits.file_bytes);
                let asked = self.ask_for_newer(&mut fetch, request.etag.as_deref());
                self.conclude(asked, &self.client.fetch(&fetch).await?)
            }
            None => Err(ReadError::not_allowed(request.url.as_str())),
        }
    }

    async fn read_file(
        &self,
        request: &ReadRequest,
        integration: &Integration,
        repo: &RepoUrl,
    ) -> Result<ReadOutcome, ReadError> {
        let session = self.session(request, integration, repo).await?;
        let call = host::of(integration.kind).file(&session, repo);
        let subject = match integration.kind {
            Kind::Github => Subject::Call,
            _ => Subject::Read(request.url.to_string()),
        };
        let mut fetch = session.file(&call, subject);
        let asked = self.ask_for_newer(&mut fetch, request.etag.as_deref());
        let outcome = session
            .send(&fetch)
            .await
            .and_then(|answer| self.conclude(asked, &answer));
        self.noting_refusal(request, integration, repo, outcome)
    }

    async fn search_one(&self, request: &ReadRequest) -> Result<SearchOutcome, ReadError> {
        Ok(match self.read(request).await? {
            ReadOutcome::NotModified => SearchOutcome::NotModified,
            ReadOutcome::Found(FileBody { bytes, etag, .. }) => {
                let files = vec![FoundFile {
                    url: request.url.clone(),
                    bytes,
                }];
                SearchOutcome::Found { files, etag }
            }
        })
    }

    /// The repository and pattern of a URL with wildcards; `None` for all others.
    fn pattern(
        &self,
        url: &Url,
    ) -> Result<Option<(&Integration, RepoUrl, PathPattern)>, ReadError> {
        check_form(url)?;
        let Some(integration) = self.integrations.by_url(url) else {
            return Ok(None);
        };
        let repo = repo_file(integration, url)?;
        if !glob::is_pattern(&repo.path) {
            return Ok(None);
        }
        let pattern = PathPattern::new(&repo.path)
            .ok_or_else(|| ReadError::invalid(format!("the pattern of {url} is too complex")))?;
        Ok(Some((integration, repo, pattern)))
    }

    async fn session<'a>(
        &'a self,
        request: &ReadRequest,
        integration: &'a Integration,
        repo: &RepoUrl,
    ) -> Result<Session<'a>, ReadError> {
        let authorization = match &request.authorization {
            Some(theirs) => Some(theirs.clone()),
            None => self.tokens.authorization(integration, repo).await?,
        };
        Ok(Session::new(
            &self.client,
            integration,
            authorization,
            self.limits,
            repo,
        ))
    }

    /// A refused token of ours is not used again.
    fn noting_refusal<T>(
        &self,
        request: &ReadRequest,
        integration: &Integration,
        repo: &RepoUrl,
        outcome: Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        if let (Err(ReadError::Denied { .. }), None) = (&outcome, &request.authorization) {
            self.tokens.forget(integration, repo);
        }
        outcome
    }

    /// Makes a request ask for a newer version than the caller's or the cache's only.
    fn ask_for_newer<'a>(&self, fetch: &mut Fetch, known: Option<&'a str>) -> Asked<'a> {
        let key = key(fetch.accept, &fetch.url);
        let kept = self.cache.get(&key);
        // The caller's version wins: the cache may hold an older one or none at all.
        let theirs = known.filter(|etag| !etag.starts_with(OWN_ETAG));
        let ours = kept.as_ref().and_then(|kept| kept.body.etag.as_deref());
        let etag = theirs.or(ours.filter(|etag| !etag.starts_with(OWN_ETAG)));
        fetch.etag = etag.map(str::to_owned);
        if fetch.etag.is_none() {
            fetch.modified_since = kept.as_ref().and_then(|kept| kept.modified_text.clone());
        }
        Asked {
            key,
            kept,
            known,
            is_theirs: theirs.is_some(),
        }
    }

    /// What the answer to such a request means.
    fn conclude(&self, asked: Asked<'_>, answer: &Answer) -> Result<ReadOutcome, ReadError> {
        if answer.status == http::StatusCode::NO_CONTENT {
            // An empty file is 200: this host does not say what is in it.
            return Err(ReadError::invalid("the host answered 204 No Content"));
        }
        let body = if answer.status != http::StatusCode::NOT_MODIFIED {
            self.keep(asked.key, answer)
        } else if asked.is_theirs {
            return Ok(ReadOutcome::NotModified);
        } else if let Some(kept) = asked.kept {
            kept.body
        } else {
            return Err(ReadError::invalid(
                "the host says `not modified`, but nobody asked",
            ));
        };
        // The host cannot always tell that the content is the same, but we can.
        let is_same = asked.known.is_some() && body.etag.as_deref() == asked.known;
        Ok(if is_same {
            ReadOutcome::NotModified
        } else {
            ReadOutcome::Found(body)
        })
    }

    /// Makes a file of an answer and remembers it.
    fn keep(&self, key: String, answer: &Answer) -> FileBody {
        let modified_text = answer.header("last-modified").map(str::to_owned);
        let etag = answer
            .header("etag")
            .map_or_else(|| own_etag(&answer.body), str::to_owned);
        let body = FileBody {
            bytes: answer.body.clone(),
            etag: Some(etag),
            last_modified: modified_text.as_deref().and_then(parse_date),
        };
        self.cache.keep(
            key,
            CachedBody {
                body: body.clone(),
                modified_text,
            },
        );
        body
    }
}

/// What a request for newer content was based on.
struct Asked<'a> {
    key: String,
    kept: Option<CachedBody>,
    known: Option<&'a str>,
    /// The version sent was the caller's, not the cache's.
    is_theirs: bool,
}

fn own_etag(bytes: &[u8]) -> String {
    format!("{OWN_ETAG}{}\"", hex::encode(Sha256::digest(bytes)))
}

fn parse_date(text: &str) -> Option<Millis> {
    let date = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some(date.unix_timestamp().saturating_mul(1_000))
}

fn key(accept: &str, url: &Url) -> String {
    format!("{accept} {url}")
}

/// Refuses what no reader handles. The URL of a login is not repeated.
fn check_form(url: &Url) -> Result<(), ReadError> {
    if !url.username().is_empty() || url.password().is_some() {
        let message = "a URL with a user name or password cannot be read".to_owned();
        return Err(ReadError::NotAllowed { message });
    }
    if matches!(url.scheme(), "http" | "https") {
        return Ok(());
    }
    Err(ReadError::not_allowed(url.as_str()))
}

fn repo_file(integration: &Integration, url: &Url) -> Result<RepoUrl, ReadError> {
    let incorrect =
        |reason: &str| ReadError::invalid(format!("Incorrect URL: {url}, Error: {reason}"));
    match RepoUrl::parse(integration, url) {
        Err(error) => Err(incorrect(&error.to_string())),
        Ok(repo) if repo.is_file && !repo.path.is_empty() => Ok(repo),
        Ok(_) => Err(incorrect(&format!(
            "Invalid {} URL or file path",
            integration.kind.title()
        ))),
    }
}
