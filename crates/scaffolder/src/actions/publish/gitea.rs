//! `publish:gitea`.

use http::Method;
use integrations::Kind;
use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};

use super::{Host, Published, repository, text};
use crate::actions::Reach;

pub(super) async fn gitea(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Gitea).await?;
    let branch = text(input, "defaultBranch").unwrap_or("main");
    let path = ["repos", host.owner(), host.name()];
    let created = run
        .once("repository", create(&host, input, branch), host.find(&path))
        .await?;
    let part = |name: &str| created[name].as_str().unwrap_or_default();
    let published = Published {
        remote_url: part("clone_url").to_owned(),
        contents_url: format!("{}/src/branch/{branch}/", part("html_url")),
    };
    let commit = repository::commit(run, &host, input).await?;
    repository::send(run, &host, &published.remote_url, branch, &commit).await?;
    Ok(published.to_json(&commit.hash()))
}

/// Makes the repository for an organization, or for the user whose token it is.
async fn create(host: &Host<'_>, input: &Value, branch: &str) -> Result<Value> {
    let body = json!({
        "name": host.name(),
        "description": text(input, "description").unwrap_or_default(),
        "private": text(input, "repoVisibility") == Some("private"),
        "default_branch": branch,
    });
    let owner = host.owner();
    let organization = host.call(Method::GET, &["orgs", owner], None).await?;
    let own = ["orgs", owner, "repos"];
    let path: &[&str] = if organization.is_success() {
        &own
    } else {
        &["user", "repos"]
    };
    let answer = host.call(Method::POST, path, Some(body)).await?;
    if answer.is_success() {
        return answer.json();
    }
    let error = answer.error(&host.repo.host);
    let (name, why) = (host.name(), error.message());
    Err(Error::new(
        error.code(),
        format!("Unable to create repository {owner}/{name}: {why}"),
    ))
}
