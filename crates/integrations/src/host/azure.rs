//! The REST API 6.0 of Azure DevOps, service and server.

use async_trait::async_trait;
use serde::Deserialize;
use url::Url;

use super::{Entry, Host, no_commit};
use crate::error::ReadError;
use crate::glob::PathPattern;
use crate::reader::FileKind;
use crate::repository::{Reference, ReferenceKind, RepoUrl};
use crate::session::{Call, Session};

pub(super) struct Azure;

#[derive(Deserialize)]
struct List<T> {
    value: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Commit {
    commit_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    path: String,
    #[serde(default)]
    is_folder: bool,
    git_object_type: Option<String>,
}

#[async_trait]
impl Host for Azure {
    fn file(&self, session: &Session<'_>, repo: &RepoUrl) -> Call {
        let mut url = repository(session, repo, "items");
        url.query_pairs_mut()
            .append_pair("path", &format!("/{}", repo.path));
        version(&mut url, "versionDescriptor", repo.reference.as_ref());
        Call {
            accept: "application/octet-stream",
            ..Call::raw(url)
        }
    }

    async fn revision(
        &self,
        session: &Session<'_>,
        repo: &RepoUrl,
        folder: &str,
        _known: Option<&str>,
    ) -> Result<String, ReadError> {
        let mut url = repository(session, repo, "commits");
        url.query_pairs_mut()
            .append_pair("searchCriteria.$top", "1");
        if !folder.is_empty() {
            url.query_pairs_mut()
                .append_pair("searchCriteria.itemPath", &format!("/{folder}"));
        }
        version(
            &mut url,
            "searchCriteria.itemVersion",
            repo.reference.as_ref(),
        );
        let list: List<Commit> = session.json(url).await?;
        list.value
            .into_iter()
            .next()
            .map(|commit| commit.commit_id)
            .ok_or_else(|| no_commit(repo))
    }

    async fn list(
        &self,
        session: &Session<'_>,
        repo: &RepoUrl,
        commit: &str,
        pattern: &PathPattern,
    ) -> Result<Vec<Entry>, ReadError> {
        let mut url = repository(session, repo, "items");
        url.query_pairs_mut()
            .append_pair("recursionLevel", "full")
            .append_pair("scopePath", &format!("/{}", pattern.folder()));
        version(
            &mut url,
            "versionDescriptor",
            Some(&Reference::commit(commit)),
        );
        let list: List<Item> = session.json(url).await?;
        let is_file = |item: &Item| {
            !item.is_folder
                && item
                    .git_object_type
                    .as_deref()
                    .is_none_or(|kind| kind == "blob")
        };
        let files = list.value.into_iter().filter(is_file);
        let path = |item: Item| item.path.trim_start_matches('/').to_owned();
        Ok(files
            .map(|item| Entry {
                path: path(item),
                blob: None,
                kind: FileKind::Plain,
            })
            .collect())
    }
}

fn repository(session: &Session<'_>, repo: &RepoUrl, what: &str) -> Url {
    let segments = [
        &repo.owner,
        "_apis",
        "git",
        "repositories",
        &repo.name,
        what,
    ];
    let organization: Vec<&str> = repo.organization.split('/').collect();
    let mut url = session.url(&[&organization, &segments[..]].concat());
    url.query_pairs_mut().append_pair("api-version", "6.0");
    url
}

fn version(url: &mut Url, prefix: &str, reference: Option<&Reference>) {
    let Some(reference) = reference else { return };
    let kind = match reference.kind {
        ReferenceKind::Branch => "branch",
        ReferenceKind::Tag => "tag",
        ReferenceKind::Commit => "commit",
    };
    url.query_pairs_mut()
        .append_pair(&format!("{prefix}.version"), &reference.name)
        .append_pair(&format!("{prefix}.versionType"), kind);
}
