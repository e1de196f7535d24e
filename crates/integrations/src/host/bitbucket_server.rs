//! Bitbucket Server's and Data Center's REST API 1.0.

use async_trait::async_trait;
use serde::Deserialize;

use super::{Entry, Host, no_commit};
use crate::error::ReadError;
use crate::glob::PathPattern;
use crate::reader::FileKind;
use crate::repository::RepoUrl;
use crate::session::{Call, MAX_PAGES, Session, too_long, with_path};

pub(super) struct BitbucketServer;

#[derive(Deserialize)]
struct Page<T> {
    values: Vec<T>,
    #[serde(default, rename = "isLastPage")]
    is_last: bool,
    #[serde(rename = "nextPageStart")]
    next: Option<u64>,
}

#[derive(Deserialize)]
struct Commit {
    id: String,
}

#[async_trait]
impl Host for BitbucketServer {
    fn file(&self, session: &Session<'_>, repo: &RepoUrl) -> Call {
        let fixed = ["projects", &repo.owner, "repos", &repo.name, "raw"];
        let mut url = session.url(&with_path(&fixed, &repo.path));
        if let Some(reference) = repo.reference_name() {
            url.query_pairs_mut().append_pair("at", reference);
        }
        Call::raw(url)
    }

    async fn revision(
        &self,
        session: &Session<'_>,
        repo: &RepoUrl,
        folder: &str,
        _known: Option<&str>,
    ) -> Result<String, ReadError> {
        let mut url = session.url(&["projects", &repo.owner, "repos", &repo.name, "commits"]);
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("limit", "1");
            if let Some(reference) = repo.reference_name() {
                query.append_pair("until", reference);
            }
            if !folder.is_empty() {
                query.append_pair("path", folder);
            }
        }
        let page: Page<Commit> = session.json(url).await?;
        page.values
            .into_iter()
            .next()
            .map(|commit| commit.id)
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
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let fixed = ["projects", &repo.owner, "repos", &repo.name, "files"];
        let mut entries = Vec::new();
        let mut start = 0;
        for _ in 0..MAX_PAGES {
            let mut url = session.url(&with_path(&fixed, &folder));
            url.query_pairs_mut()
                .append_pair("at", commit)
                .append_pair("limit", "1000")
                .append_pair("start", &u64::to_string(&start));
            let page: Page<String> = session.json(url).await?;
            let files = page.values.into_iter();
            entries.extend(files.map(|path| Entry {
                path: format!("{prefix}{path}"),
                blob: None,
                kind: FileKind::Plain,
            }));
            match page.next.filter(|_| !page.is_last) {
                None => return Ok(entries),
                Some(next) => start = next,
            }
        }
        Err(too_long(repo))
    }
}
