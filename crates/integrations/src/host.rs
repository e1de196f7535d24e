//! The APIs of source control hosts, one file per product.

mod azure;
mod bitbucket_cloud;
mod bitbucket_server;
mod gitea;
mod github;
mod gitlab;

use async_trait::async_trait;

use crate::error::ReadError;
use crate::glob::PathPattern;
use crate::integration::Kind;
use crate::reader::FileKind;
use crate::repository::{Reference, RepoUrl};
use crate::session::{Call, Session};

/// What reading needs from a product's API.
#[async_trait]
pub(crate) trait Host: Send + Sync {
    /// Where the content of a file is.
    fn file(&self, session: &Session<'_>, repo: &RepoUrl) -> Call;

    /// The commit that the URL's revision stands for at the moment.
    ///
    /// Where the API can tell, it is the last commit that changed something in `folder`; `known` is the
    /// commit the caller has and may be returned at a lower price.
    async fn revision(
        &self,
        session: &Session<'_>,
        repo: &RepoUrl,
        folder: &str,
        known: Option<&str>,
    ) -> Result<String, ReadError>;

    /// All files at a commit that may match; filtering is up to the caller.
    async fn list(
        &self,
        session: &Session<'_>,
        repo: &RepoUrl,
        commit: &str,
        pattern: &PathPattern,
    ) -> Result<Vec<Entry>, ReadError>;

    /// Where the content of a listed file is; by its hash if the API has that.
    fn listed(&self, session: &Session<'_>, repo: &RepoUrl, commit: &str, entry: &Entry) -> Call {
        let at = repo.at(Reference::commit(commit), &entry.path);
        Call {
            is_immutable: true,
            ..self.file(session, &at)
        }
    }
}

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Path from the root of the repository.
    pub(crate) path: String,
    /// Hash of its content, where the listing has it.
    pub(crate) blob: Option<String>,
    /// What it is, where the listing tells.
    pub(crate) kind: FileKind,
}

/// The API of a product.
pub(crate) fn of(kind: Kind) -> &'static dyn Host {
    match kind {
        Kind::Azure => &azure::Azure,
        Kind::BitbucketCloud => &bitbucket_cloud::BitbucketCloud,
        Kind::BitbucketServer => &bitbucket_server::BitbucketServer,
        Kind::Github => &github::Github,
        Kind::Gitlab => &gitlab::Gitlab,
        Kind::Gitea => &gitea::Gitea,
    }
}

/// A file whose revision is not known.
fn no_commit(repo: &RepoUrl) -> ReadError {
    let reference = repo.reference_name().unwrap_or("the default branch");
    ReadError::not_found(format!(
        "{} has no commit for {reference}",
        repo.full_name()
    ))
}
