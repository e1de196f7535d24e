//! Gitea's REST API v1, also that of Forgejo.

use async_trait::async_trait;
use serde::Deserialize;

use super::{Entry, Host};
use crate::error::ReadError;
use crate::glob::PathPattern;
use crate::reader::FileKind;
use crate::repository::RepoUrl;
use crate::session::{Call, MAX_PAGES, Session, too_long, with_path};

pub(super) struct Gitea;

#[derive(Deserialize)]
struct Repository {
    default_branch: String,
}

#[derive(Deserialize)]
struct Commit {
    sha: String,
}

#[derive(Deserialize)]
struct Tree {
    #[serde(default)]
    tree: Vec<Item>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Deserialize)]
struct Item {
    path: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    mode: String,
}

#[async_trait]
impl Host for Gitea {
    fn file(&self, session: &Session<'_>, repo: &RepoUrl) -> Call {
        let fixed = ["repos", &repo.owner, &repo.name, "raw"];
        let mut url = session.url(&with_path(&fixed, &repo.path));
        if let Some(reference) = repo.reference_name() {
            url.query_pairs_mut().append_pair("ref", reference);
        }
        Call::raw(url)
    }

    async fn revision(
        &self,
        session: &Session<'_>,
        repo: &RepoUrl,
        _folder: &str,
        _known: Option<&str>,
    ) -> Result<String, ReadError> {
        let fixed = ["repos", &repo.owner, &repo.name];
        let reference = match repo.reference_name() {
            Some(name) => name.to_owned(),
            None => {
                session
                    .json::<Repository>(session.url(&fixed))
                    .await?
                    .default_branch
            }
        };
        let mut url = session.url(&[&fixed[..], &["git", "commits", &reference]].concat());
        url.query_pairs_mut()
            .append_pair("stat", "false")
            .append_pair("verification", "false")
            .append_pair("files", "false");
        Ok(session.json::<Commit>(url).await?.sha)
    }

    async fn list(
        &self,
        session: &Session<'_>,
        repo: &RepoUrl,
        commit: &str,
        _pattern: &PathPattern,
    ) -> Result<Vec<Entry>, ReadError> {
        let mut entries = Vec::new();
        for page in 1..=MAX_PAGES {
            let mut url = session.url(&["repos", &repo.owner, &repo.name, "git", "trees", commit]);
            url.query_pairs_mut()
                .append_pair("recursive", "true")
                .append_pair("per_page", "1000")
                .append_pair("page", &page.to_string());
            let Tree { tree, truncated } = session.json(url).await?;
            let is_last = !truncated || tree.is_empty();
            let files = tree.into_iter().filter(|item| item.kind == "blob");
            entries.extend(files.map(|item| Entry {
                kind: FileKind::of_mode(&item.mode),
                path: item.path,
                blob: None,
            }));
            if is_last {
                return Ok(entries);
            }
        }
        Err(too_long(repo))
    }
}
