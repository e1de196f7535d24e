//! `publish:bitbucketCloud` and its pull requests.

use http::Method;
use integrations::Kind;
use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};

use super::{link, main_branch, message};
use crate::actions::Reach;
use crate::actions::publish::repository::{self, Change};
use crate::actions::publish::{Host, Published, text};

/// Makes a repository of the workspace.
pub(in crate::actions::publish) async fn publish(
    run: &Run,
    reach: &Reach,
    input: &Value,
) -> Result<Value> {
    let host = Host::of(reach, input, Kind::BitbucketCloud).await?;
    let branch = text(input, "defaultBranch").unwrap_or("master");
    let path = ["repositories", host.part("workspace")?, host.name()];
    let mut body = json!({
        "scm": "git",
        "is_private": text(input, "repoVisibility") != Some("public"),
        "project": { "key": host.part("project")? },
    });
    if let Some(description) = text(input, "description") {
        body["description"] = description.into();
    }
    let make = async {
        let made = host.demand(Method::POST, &path, Some(body)).await;
        made.map_err(|error| {
            Error::new(
                error.code(),
                format!("Unable to create repository, {}", error.message()),
            )
        })
    };
    let created = run.once("repository", make, host.find(&path)).await?;
    let page = created["links"]["html"]["href"]
        .as_str()
        .unwrap_or_default();
    let published = Published {
        remote_url: link(&created["links"]["clone"], "https"),
        contents_url: format!("{page}/src/{branch}"),
    };
    let commit = repository::commit(run, &host, input).await?;
    repository::send(run, &host, &published.remote_url, branch, &commit).await?;
    Ok(published.to_json(&commit.hash()))
}

/// Opens a pull request; its branch is made of the workspace unless it is there.
pub(in crate::actions::publish) async fn pull_request(
    run: &Run,
    reach: &Reach,
    input: &Value,
) -> Result<Value> {
    let host = Host::of(reach, input, Kind::BitbucketCloud).await?;
    let workspace = host.part("workspace")?;
    let path = ["repositories", workspace, host.name()];
    let found = host.demand(Method::GET, &path, None).await?;
    let target = match text(input, "targetBranch") {
        Some(target) => target.to_owned(),
        None => main_branch(found["mainbranch"]["name"].as_str())?,
    };
    let branch = text(input, "sourceBranch").unwrap_or_default();
    let change = Change {
        target: &target,
        branch,
        message: message(&host, input),
    };
    let remote = link(&found["links"]["clone"], "https");
    repository::branch_off(run, &host, input, &remote, change).await?;
    let mut body = json!({
        "title": input["title"],
        "state": "OPEN",
        "source": { "branch": { "name": branch } },
        "destination": { "branch": { "name": target } },
    });
    if let Some(description) = text(input, "description") {
        body["summary"] = json!({ "raw": description });
    }
    let path = [&path[..], &["pullrequests"]].concat();
    let find = async {
        let mut url = host.api(&path)?;
        let query = format!("source.branch.name = \"{branch}\"");
        url.query_pairs_mut()
            .append_pair("state", "OPEN")
            .append_pair("q", &query);
        let found = host.find_at(url).await?.unwrap_or_default();
        let mut pulls = found["values"].as_array().into_iter().flatten();
        let is_same = |pull: &&Value| pull["destination"]["branch"]["name"] == target.as_str();
        Ok(pulls.find(is_same).cloned())
    };
    let make = host.demand(Method::POST, &path, Some(body));
    let made = run.once("pull", make, find).await?;
    Ok(json!({ "pullRequestUrl": made["links"]["html"]["href"] }))
}
