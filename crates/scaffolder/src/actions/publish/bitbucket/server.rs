//! `publish:bitbucketServer` and its pull requests.

use http::Method;
use integrations::Kind;
use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};
use url::Url;

use super::{clone_url, link, main_branch, message};
use crate::actions::Reach;
use crate::actions::publish::repository::{self, Change};
use crate::actions::publish::{Host, Published, flag, text};

/// Makes a repository of the workspace.
pub(in crate::actions::publish) async fn publish(
    run: &Run,
    reach: &Reach,
    input: &Value,
) -> Result<Value> {
    let host = Host::of(reach, input, Kind::BitbucketServer).await?;
    let branch = text(input, "defaultBranch").unwrap_or("master");
    let project = host.part("project")?;
    let mut body = json!({
        "name": host.name(),
        "defaultBranch": branch,
        "public": text(input, "repoVisibility") == Some("public"),
    });
    if let Some(description) = text(input, "description") {
        body["description"] = description.into();
    }
    let all = ["projects", project, "repos"];
    let make = async {
        let made = host.demand(Method::POST, &all, Some(body)).await;
        made.map_err(|error| {
            Error::new(
                error.code(),
                format!("Unable to create repository, {}", error.message()),
            )
        })
    };
    let one = ["projects", project, "repos", host.name()];
    let created = run.once("repository", make, host.find(&one)).await?;
    let page = created["links"]["self"][0]["href"].as_str();
    let published = Published {
        remote_url: link(&created["links"]["clone"], "http"),
        contents_url: page.unwrap_or_default().to_owned(),
    };
    let commit = repository::commit(run, &host, input).await?;
    repository::send(run, &host, &published.remote_url, branch, &commit).await?;
    if flag(input, "enableLFS", false) {
        let answer = host.send(Method::PUT, lfs(&host, project)?, None).await?;
        if !answer.is_success() {
            let error = answer.error(&host.repo.host);
            let why = format!(
                "Failed to enable LFS in the repository, {}",
                error.message()
            );
            return Err(Error::new(error.code(), why));
        }
    }
    Ok(published.to_json(&commit.hash()))
}

/// Where large file storage of a repository is turned on, which is not a part of the API.
fn lfs(host: &Host<'_>, project: &str) -> Result<Url> {
    let mut url = host.integration.base_url().clone();
    url.path_segments_mut()
        .map_err(|()| Error::internal("the host has no paths"))?
        .pop_if_empty()
        .extend(["rest", "git-lfs", "admin", "projects", project, "repos"])
        .extend([host.name(), "enabled"]);
    Ok(url)
}

/// Opens a pull request; its branch is made of the workspace unless it is there.
pub(in crate::actions::publish) async fn pull_request(
    run: &Run,
    reach: &Reach,
    input: &Value,
) -> Result<Value> {
    let host = Host::of(reach, input, Kind::BitbucketServer).await?;
    let project = host.part("project")?;
    let path = ["projects", project, "repos", host.name()];
    let target = if let Some(target) = text(input, "targetBranch") {
        target.to_owned()
    } else {
        let path = [&path[..], &["default-branch"]].concat();
        let found = host.demand(Method::GET, &path, None).await?;
        main_branch(found["displayId"].as_str())?
    };
    let branch = text(input, "sourceBranch").unwrap_or_default();
    let change = Change {
        target: &target,
        branch,
        message: message(&host, input),
    };
    let remote = clone_url(&host, &["scm", project, &format!("{}.git", host.name())])?;
    repository::branch_off(run, &host, input, remote.as_str(), change).await?;
    let reference = |branch: &str| {
        json!({
            "id": format!("refs/heads/{branch}"),
            "repository": { "slug": host.name(), "project": { "key": project } },
        })
    };
    let mut body = json!({
        "title": input["title"],
        "fromRef": reference(branch),
        "toRef": reference(&target),
    });
    if let Some(description) = text(input, "description") {
        body["description"] = description.into();
    }
    if let Some(reviewers) = input["reviewers"].as_array() {
        let people = reviewers
            .iter()
            .map(|name| json!({ "user": { "name": name } }));
        body["reviewers"] = people.collect();
    }
    let path = [&path[..], &["pull-requests"]].concat();
    let find = async {
        let mut url = host.api(&path)?;
        url.query_pairs_mut()
            .append_pair("state", "OPEN")
            .append_pair("at", &format!("refs/heads/{target}"));
        let found = host.find_at(url).await?.unwrap_or_default();
        let mut pulls = found["values"].as_array().into_iter().flatten();
        let wanted = format!("refs/heads/{branch}");
        Ok(pulls.find(|pull| pull["fromRef"]["id"] == *wanted).cloned())
    };
    let make = host.demand(Method::POST, &path, Some(body));
    let made = run.once("pull", make, find).await?;
    Ok(json!({ "pullRequestUrl": made["links"]["self"][0]["href"] }))
}
