//! Bitbucket Cloud's REST API 2.0.

use async_trait::async_trait;
use serde::Deserialize;

use super::{Entry, Host, no_commit};
use crate::error::ReadError;
use crate::glob::PathPattern;
use crate::reader::FileKind;
use crate::repository::RepoUrl;
use crate::session::{Call, MAX_PAGES, Session, too_long, with_path};

/// How deep listings go for patterns that span folders.
const SPAN_DEPTH: usize = 32;

pub(super) struct BitbucketCloud;

#[derive(Deserialize)]
struct Page<T> {
    values: Vec<T>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Commit {
    hash: String,
}

#[derive(Deserialize)]
struct Item {
    path: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    attributes: Vec<String>,
}

impl Item {
    fn file_kind(&self) -> FileKind {
        let has = |name: &str| self.attributes.iter().any(|it| it == name);
        match (has("link"), has("executable")) {
            (true, _) => FileKind::Link,
            (false, true) => FileKind::Executable,
            (false, false) => FileKind::Plain,
        }
    }
}

#[async_trait]
impl Host for BitbucketCloud {
    fn file(&self, session: &Session<'_>, repo: &RepoUrl) -> Call {
        let reference = repo.reference_name().unwrap_or("HEAD");
        let fixed = ["repositories", &repo.owner, &repo.name, "src", reference];
        Call::raw(session.url(&with_path(&fixed, &repo.path)))
    }

    async fn revision(
        &self,
        session: &Session<'_>,
        repo: &RepoUrl,
        _folder: &str,
        _known: Option<&str>,
    ) -> Result<String, ReadError> {
        let reference = repo.reference_name().unwrap_or("HEAD");
        let mut url = session.url(&[
            "repositories",
            &repo.owner,
            &repo.name,
            "commits",
            reference,
        ]);
        url.query_pairs_mut().append_pair("pagelen", "1");
        let page: Page<Commit> = session.json(url).await?;
        page.values
            .into_iter()
            .next()
            .map(|commit| commit.hash)
            .ok_or_else(|| no_commit(repo))
    }

    async fn list(
        &self,
        session: &Session<'_>,
        repo: &RepoUrl,
        commit: &str,
        pattern: &PathPattern,
    ) -> Result<Vec<Entry>, ReadError> {
        let folder = pattern.folder();
        let fixed = ["repositories", &repo.owner, &repo.name, "src", commit];
        let mut url = session.url(&with_path(&fixed, &folder));
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let depth = pattern.depth().unwrap_or(SPAN_DEPTH).min(SPAN_DEPTH);
        url.query_pairs_mut()
            .append_pair("max_depth", &depth.to_string())
            .append_pair("pagelen", "100");
        let mut entries = Vec::new();
        for _ in 0..MAX_PAGES {
            let page: Page<Item> = session.json(url.clone()).await?;
            let files = page
                .values
                .into_iter()
                .filter(|item| item.kind == "commit_file");
            entries.extend(files.map(|item| Entry {
                kind: item.file_kind(),
                path: item.path,
                blob: None,
            }));
            let Some(next) = page.next else {
                return Ok(entries);
            };
            // Credentials go along, so the next page has to be at the same place.
            match url.join(&next) {
                Ok(next) if next.origin() == url.origin() => url = next,
                _ => return Err(ReadError::not_allowed(&next)),
            }
        }
        Err(too_long(repo))
    }
}
