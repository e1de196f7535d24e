//! GitHub's REST API v3.

use async_trait::async_trait;
use serde::Deserialize;

use super::{Entry, Host};
use crate::error::ReadError;
use crate::glob::PathPattern;
use crate::http_client::{Fetch, Subject};
use crate::reader::FileKind;
use crate::repository::RepoUrl;
use crate::session::{Call, Session, below, parse, too_long, with_path};

const RAW: &str = "application/vnd.github.v3.raw";
const SHA: &str = "application/vnd.github.sha";

pub(super) struct Github;

#[derive(Deserialize)]
struct Tree {
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
    sha: String,
}

#[async_trait]
impl Host for Github {
    /// Without credentials raw downloads are used: they are not counted against the API's limit.
    fn file(&self, session: &Session<'_>, repo: &RepoUrl) -> Call {
        let reference = repo.reference_name().unwrap_or("HEAD");
        match &session.integration.raw {
            Some(raw) if !session.is_authenticated() => {
                let fixed: Vec<&str> = [&*repo.owner, &repo.name]
                    .into_iter()
                    .chain(reference.split('/'))
                    .collect();
                Call::raw(below(raw, &with_path(&fixed, &repo.path)))
            }
            _ => {
                let fixed = ["repos", &repo.owner, &repo.name, "contents"];
                let mut url = session.url(&with_path(&fixed, &repo.path));
                url.query_pairs_mut().append_pair("ref", reference);
                Call {
                    accept: RAW,
                    ..Call::raw(url)
                }
            }
        }
    }

    /// The commit's hash is its version too, so an unchanged branch costs nothing of the limit.
    async fn revision(
        &self,
        session: &Session<'_>,
        repo: &RepoUrl,
        _folder: &str,
        known: Option<&str>,
    ) -> Result<String, ReadError> {
        let reference = repo.reference_name().unwrap_or("HEAD");
        let url = session.url(&["repos", &repo.owner, &repo.name, "commits", reference]);
        let fetch = Fetch {
            accept: SHA,
            etag: known.map(|commit| format!("\"{commit}\"")),
            subject: Subject::Call,
            ..session.fetch(url.clone(), session.limits.listing_bytes)
        };
        let answer = session.send(&fetch).await?;
        if let Some(known) = known.filter(|_| answer.status == http::StatusCode::NOT_MODIFIED) {
            return Ok(known.to_owned());
        }
        let hash = std::str::from_utf8(&answer.body).unwrap_or_default().trim();
        if hash.is_empty() || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ReadError::invalid(format!(
                "the answer of {url} is not a commit"
            )));
        }
        Ok(hash.to_owned())
    }

    async fn list(
        &self,
        session: &Session<'_>,
        repo: &RepoUrl,
        commit: &str,
        pattern: &PathPattern,
    ) -> Result<Vec<Entry>, ReadError> {
        let whole = tree(session, repo, commit, true).await?;
        if !whole.truncated {
            return Ok(entries(whole, ""));
        }
        // Too large for one answer: only the folder that all matches are in is of interest.
        let folder = pattern.folder();
        let mut hash = commit.to_owned();
        for name in folder.split('/').filter(|name| !name.is_empty()) {
            let items = tree(session, repo, &hash, false).await?.tree;
            match items
                .into_iter()
                .find(|item| item.kind == "tree" && item.path == name)
            {
                Some(found) => hash = found.sha,
                None => return Ok(Vec::new()),
            }
        }
        let names = folder.split('/').filter(|name| !name.is_empty());
        let is_flat = pattern.depth() == Some(names.count() + 1);
        let below = tree(session, repo, &hash, !is_flat).await?;
        if below.truncated {
            Err(too_long(repo))
        } else {
            Ok(entries(below, &folder))
        }
    }

    fn listed(&self, session: &Session<'_>, repo: &RepoUrl, _commit: &str, entry: &Entry) -> Call {
        let hash = entry.blob.as_deref().unwrap_or_default();
        let url = session.url(&["repos", &repo.owner, &repo.name, "git", "blobs", hash]);
        Call {
            url,
            accept: RAW,
            is_immutable: true,
        }
    }
}

async fn tree(
    session: &Session<'_>,
    repo: &RepoUrl,
    hash: &str,
    recursive: bool,
) -> Result<Tree, ReadError> {
    let mut url = session.url(&["repos", &repo.owner, &repo.name, "git", "trees", hash]);
    if recursive {
        url.query_pairs_mut().append_pair("recursive", "1");
    }
    let answer = session
        .call(url.clone(), "application/vnd.github+json")
        .await?;
    parse(&url, &answer)
}

fn entries(tree: Tree, folder: &str) -> Vec<Entry> {
    let prefix = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    let files = tree.tree.into_iter().filter(|item| item.kind == "blob");
    files
        .map(|item| Entry {
            path: format!("{prefix}{}", item.path),
            blob: Some(item.sha),
            kind: FileKind::of_mode(&item.mode),
        })
        .collect()
}
