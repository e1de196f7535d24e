//! Many files of one repository: those that match a pattern, or all below a folder.

use futures::{StreamExt, TryStreamExt, stream};
use url::Url;

use super::{Inner, key};
use crate::error::ReadError;
use crate::glob::{self, PathPattern};
use crate::host::{self, Entry};
use crate::http_client::Subject;
use crate::integration::Integration;
use crate::reader::{FolderFile, FoundFile, ReadRequest, SearchOutcome};
use crate::repository::RepoUrl;
use crate::session::{Call, Session};

/// Files of one listing that are fetched at the same time.
const FETCHES_PER_SEARCH: usize = 8;

impl Inner {
    pub(super) async fn search_tree(
        &self,
        request: &ReadRequest,
        integration: &Integration,
        repo: &RepoUrl,
        pattern: &PathPattern,
    ) -> Result<SearchOutcome, ReadError> {
        let session = self.session(request, integration, repo).await?;
        let found = self.list_and_fetch(request, &session, repo, pattern).await;
        self.noting_refusal(request, integration, repo, found)
    }

    async fn list_and_fetch(
        &self,
        request: &ReadRequest,
        session: &Session<'_>,
        repo: &RepoUrl,
        pattern: &PathPattern,
    ) -> Result<SearchOutcome, ReadError> {
        let host = host::of(session.integration.kind);
        let known = request.etag.as_deref();
        let commit = host
            .revision(session, repo, &pattern.folder(), known)
            .await?;
        if known == Some(&*commit) {
            return Ok(SearchOutcome::NotModified);
        }
        let mut entries = host.list(session, repo, &commit, pattern).await?;
        entries.retain(|entry| pattern.matches(&entry.path));
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let files = self
            .fetch_all(request, session, repo, &commit, &entries)
            .await?;
        Ok(SearchOutcome::Found {
            files,
            etag: Some(commit),
        })
    }

    /// The files of a listing, in its order.
    async fn fetch_all(
        &self,
        request: &ReadRequest,
        session: &Session<'_>,
        repo: &RepoUrl,
        commit: &str,
        entries: &[Entry],
    ) -> Result<Vec<FoundFile>, ReadError> {
        if entries.len() > self.limits.files {
            let limit = self.limits.files;
            let message = format!("{} matches more than {limit} files", request.url);
            return Err(ReadError::too_large(message));
        }
        let host = host::of(session.integration.kind);
        let calls: Vec<(Url, Call)> = entries
            .iter()
            .map(|entry| {
                let url = repo.sibling(session.integration, &request.url, &entry.path);
                (url, host.listed(session, repo, commit, entry))
            })
            .collect();
        let bodies = stream::iter(calls)
            .map(|(url, call)| self.fetch_listed(session, url, call))
            .buffered(FETCHES_PER_SEARCH);
        self.within_total(request, bodies).await
    }

    /// Everything below the folder of a URL.
    pub(super) async fn read_tree(
        &self,
        request: &ReadRequest,
        integration: &Integration,
        repo: &RepoUrl,
    ) -> Result<Vec<FolderFile>, ReadError> {
        let url = &request.url;
        let folder = repo.path.trim_end_matches('/');
        let prefix = match folder {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let pattern = PathPattern::new(&format!("{prefix}**/*"));
        let pattern = pattern
            .filter(|_| !glob::is_pattern(folder))
            .ok_or_else(|| ReadError::invalid(format!("{url} does not name one folder")))?;
        let session = self.session(request, integration, repo).await?;
        let host = host::of(integration.kind);
        let commit = host.revision(&session, repo, folder, None).await?;
        let mut entries = host.list(&session, repo, &commit, &pattern).await?;
        entries.retain(|entry| entry.path.starts_with(&prefix));
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|a, b| a.path == b.path);
        if entries.is_empty() {
            return Err(ReadError::not_found(format!("there is nothing at {url}")));
        }
        let files = self
            .fetch_all(request, &session, repo, &commit, &entries)
            .await?;
        let files = entries.into_iter().zip(files);
        Ok(files
            .map(|(entry, file)| FolderFile {
                path: entry.path[prefix.len()..].to_owned(),
                bytes: file.bytes,
                kind: entry.kind,
            })
            .collect())
    }

    async fn within_total(
        &self,
        request: &ReadRequest,
        bodies: impl futures::Stream<Item = Result<FoundFile, ReadError>>,
    ) -> Result<Vec<FoundFile>, ReadError> {
        let mut bodies = std::pin::pin!(bodies);
        let (mut files, mut total) = (Vec::new(), 0);
        while let Some(file) = bodies.try_next().await? {
            total += file.bytes.len();
            if total > self.limits.total_bytes {
                let limit = self.limits.total_bytes;
                let message = format!("{} matches more than {limit} bytes", request.url);
                return Err(ReadError::too_large(message));
            }
            files.push(file);
        }
        Ok(files)
    }

    /// One file of a listing. That it is missing is a contradiction, not news about the file.
    async fn fetch_listed(
        &self,
        session: &Session<'_>,
        url: Url,
        call: Call,
    ) -> Result<FoundFile, ReadError> {
        let key = key(call.accept, &call.url);
        if let Some(kept) = self.cache.get(&key).filter(|_| call.is_immutable) {
            return Ok(FoundFile {
                url,
                bytes: kept.body.bytes,
            });
        }
        match session.send(&session.file(&call, Subject::Call)).await {
            Ok(answer) => Ok(FoundFile {
                url,
                bytes: self.keep(key, &answer).bytes,
            }),
            Err(ReadError::NotFound { message }) => Err(ReadError::Unavailable {
                message,
                retry_after: None,
                source: None,
            }),
            Err(error) => Err(error),
        }
    }
}
