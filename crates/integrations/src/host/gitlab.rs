//! GitLab's REST API v4.

use async_trait::async_trait;
use serde::Deserialize;

use super::{Entry, Host, no_commit};
use crate::error::ReadError;
use crate::glob::PathPattern;
use crate::reader::FileKind;
use crate::repository::RepoUrl;
use crate::session::{Call, MAX_PAGES, Session, parse, too_long};

pub(super) struct Gitlab;

#[derive(Deserialize)]
struct Commit {
    id: String,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    path: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    mode: String,
}

#[async_trait]
impl Host for Gitlab {
    fn file(&self, session: &Session<'_>, repo: &RepoUrl) -> Call {
        let project = repo.full_name();
        let fixed = [
            "projects",
            &project,
            "repository",
            "files",
            &repo.path,
            "raw",
        ];
        let mut url = session.url(&fixed);
        url.query_pairs_mut()
            .append_pair("ref", repo.reference_name().unwrap_or("HEAD"));
        Call::raw(url)
    }

    async fn revision(
        &self,
        session: &Session<'_>,
        repo: &RepoUrl,
        folder: &str,
        _known: Option<&str>,
    ) -> Result<String, ReadError> {
        let mut url = session.url(&["projects", &repo.full_name(), "repository", "commits"]);
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("per_page", "1");
            if let Some(reference) = repo.reference_name() {
                query.append_pair("ref_name", reference);
            }
            if !folder.is_empty() {
                query.append_pair("path", folder);
            }
        }
        let commits: Vec<Commit> = session.json(url).await?;
        commits
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
        let mut entries = Vec::new();
        let mut page = "1".to_owned();
        for _ in 0..MAX_PAGES {
            let mut url = session.url(&["projects", &repo.full_name(), "repository", "tree"]);
            url.query_pairs_mut()
                .append_pair("recursive", "true")
                .append_pair("per_page", "100")
                .append_pair("ref", commit)
                .append_pair("path", &folder)
                .append_pair("page", &page);
            let answer = session.call(url.clone(), "application/json").await?;
            let items: Vec<Item> = parse(&url, &answer)?;
            let files = items.into_iter().filter(|item| item.kind == "blob");
            entries.extend(files.map(|item| Entry {
                kind: FileKind::of_mode(&item.mode),
                path: item.path,
                blob: Some(item.id),
            }));
            match answer.header("x-next-page") {
                None | Some("") => return Ok(entries),
                Some(next) => next.clone_into(&mut page),
            }
        }
        Err(too_long(repo))
    }

    fn listed(&self, session: &Session<'_>, repo: &RepoUrl, _commit: &str, entry: &Entry) -> Call {
        let hash = entry.blob.as_deref().unwrap_or_default();
        let project = repo.full_name();
        let url = session.url(&["projects", &project, "repository", "blobs", hash, "raw"]);
        Call {
            is_immutable: true,
            ..Call::raw(url)
        }
    }
}
