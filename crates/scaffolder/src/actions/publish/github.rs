//! `publish:github`, `github:repo:create`, `github:repo:push`. Reference 2 §D.3.

use std::time::Duration;

use http::Method;
use integrations::Kind;
use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};

use super::{Host, Published, flag, repository, text};
use crate::actions::Reach;
use crate::actions::github::{secrets, set_variable};

/// Tries until a branch that was just pushed can be protected, and the time between two.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(500);

pub(super) async fn github(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Github).await?;
    let created = made_once(run, &host, input).await?;
    settle(&host, input).await?;
    publish(run, &host, input, &created).await
}

pub(in crate::actions) async fn repo_create(
    run: &Run,
    reach: &Reach,
    input: &Value,
) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Github).await?;
    let created = made_once(run, &host, input).await?;
    settle(&host, input).await?;
    Ok(json!({ "remoteUrl": created["clone_url"] }))
}

pub(in crate::actions) async fn push_only(
    run: &Run,
    reach: &Reach,
    input: &Value,
) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Github).await?;
    let found = host
        .demand(Method::GET, &["repos", host.owner(), host.name()], None)
        .await?;
    publish(run, &host, input, &found).await
}

/// Pushes the workspace and protects the branch.
async fn publish(run: &Run, host: &Host<'_>, input: &Value, repository: &Value) -> Result<Value> {
    let branch = text(input, "defaultBranch").unwrap_or("master");
    let part = |name: &str| repository[name].as_str().unwrap_or_default();
    let published = Published {
        remote_url: part("clone_url").to_owned(),
        contents_url: format!("{}/blob/{branch}", part("html_url")),
    };
    let commit = repository::commit(run, host, input).await?;
    repository::send(run, host, &published.remote_url, branch, &commit).await?;
    if flag(input, "protectDefaultBranch", true) {
        protect(host, branch, &protection(input)).await?;
    }
    Ok(published.to_json(&commit.hash()))
}

/// The repository, made by this step or by an attempt at it that was broken off.
async fn made_once(run: &Run, host: &Host<'_>, input: &Value) -> Result<Value> {
    let path = ["repos", host.owner(), host.name()];
    run.once("repository", create(host, input), host.find(&path))
        .await
}

/// Makes the repository.
async fn create(host: &Host<'_>, input: &Value) -> Result<Value> {
    let owner = host
        .demand(Method::GET, &["users", host.owner()], None)
        .await?;
    let is_organization = owner["type"] == "Organization";
    let body = repository_body(host, input, is_organization);
    let organization = ["orgs", host.owner(), "repos"];
    let path: &[&str] = if is_organization {
        &organization
    } else {
        &["user", "repos"]
    };
    let answer = host.call(Method::POST, path, Some(body)).await?;
    if answer.is_success() {
        return answer.json();
    }
    let (owner, name) = (host.owner(), host.name());
    Err(Error::new(
        answer.error("").code(),
        format!(
            "Failed to create the {} repository {owner}/{name}: {}",
            if is_organization { "org" } else { "user" },
            answer.error(&host.repo.host).message()
        ),
    ))
}

fn repository_body(host: &Host<'_>, input: &Value, is_organization: bool) -> Value {
    let visibility = text(input, "repoVisibility").unwrap_or("private");
    let mut body = json!({
        "name": host.name(),
        "private": visibility == "private",
        "delete_branch_on_merge": flag(input, "deleteBranchOnMerge", false),
        "allow_merge_commit": flag(input, "allowMergeCommit", true),
        "allow_squash_merge": flag(input, "allowSquashMerge", true),
        "allow_rebase_merge": flag(input, "allowRebaseMerge", true),
        "allow_auto_merge": flag(input, "allowAutoMerge", false),
        "squash_merge_commit_title":
            text(input, "squashMergeCommitTitle").unwrap_or("COMMIT_OR_PR_TITLE"),
        "squash_merge_commit_message":
            text(input, "squashMergeCommitMessage").unwrap_or("COMMIT_MESSAGES"),
    });
    if is_organization {
        body["org"] = host.owner().into();
        body["visibility"] = visibility.into();
        if let Some(properties) = input.get("customProperties") {
            body["custom_properties"] = properties.clone();
        }
    }
    for (name, key) in [
        ("description", "description"),
        ("homepage", "homepage"),
        ("allowUpdateBranch", "allow_update_branch"),
        ("hasProjects", "has_projects"),
        ("hasWiki", "has_wiki"),
        ("hasIssues", "has_issues"),
        ("autoInit", "auto_init"),
    ] {
        if let Some(value) = input.get(name) {
            body[key] = value.clone();
        }
    }
    body
}

/// People, topics and variables of a repository; each call may be repeated.
async fn settle(host: &Host<'_>, input: &Value) -> Result<()> {
    if let Some(access) = text(input, "access") {
        let role = json!({ "permission": "admin" });
        match access.split_once('/') {
            Some((_, team)) => give_team(host, team, role).await?,
            // The owner has access already.
            None if access == host.owner() => {}
            None => give_user(host, access, role).await?,
        }
    }
    for one in input["collaborators"].as_array().into_iter().flatten() {
        let role = json!({ "permission": one["access"] });
        if let Some(user) = text(one, "user").or_else(|| text(one, "username")) {
            give_user(host, user, role).await?;
        } else if let Some(team) = text(one, "team") {
            let team = team.split_once('/').map_or(team, |(_, team)| team);
            give_team(host, team, role).await?;
        }
    }
    let (owner, name) = (host.owner(), host.name());
    if let Some(topics) = input["topics"].as_array() {
        let names: Vec<String> = topics
            .iter()
            .filter_map(|topic| topic.as_str().map(str::to_lowercase))
            .collect();
        let path = ["repos", owner, name, "topics"];
        host.demand(Method::PUT, &path, Some(json!({ "names": names })))
            .await?;
    }
    for (key, value) in input["repoVariables"].as_object().into_iter().flatten() {
        let path = ["repos", owner, name, "actions", "variables"];
        set_variable(host, &path, key, value).await?;
    }
    let place = ["repos", owner, name, "actions"];
    secrets::set(host, &place, &input["secrets"]).await
}

async fn give_team(host: &Host<'_>, team: &str, role: Value) -> Result<()> {
    let (owner, name) = (host.owner(), host.name());
    let path = ["orgs", owner, "teams", team, "repos", owner, name];
    host.demand(Method::PUT, &path, Some(role)).await.map(drop)
}

async fn give_user(host: &Host<'_>, user: &str, role: Value) -> Result<()> {
    let path = ["repos", host.owner(), host.name(), "collaborators", user];
    host.demand(Method::PUT, &path, Some(role)).await.map(drop)
}

/// The rules of a branch, as the API wants them.
pub(in crate::actions) fn protection(input: &Value) -> Value {
    let contexts = input.get("requiredStatusCheckContexts");
    let mut reviews = json!({
        "required_approving_review_count":
            input.get("requiredApprovingReviewCount").cloned().unwrap_or_else(|| 1.into()),
        "require_code_owner_reviews": flag(input, "requireCodeOwnerReviews", false),
        "dismiss_stale_reviews": flag(input, "dismissStaleReviews", false),
        "require_last_push_approval": flag(input, "requireLastPushApproval", false),
    });
    if let Some(bypass) = input.get("bypassPullRequestAllowances") {
        reviews["bypass_pull_request_allowances"] = bypass.clone();
    }
    json!({
        "required_status_checks": {
            "strict": flag(input, "requireBranchesToBeUpToDate", true),
            "contexts": contexts.cloned().unwrap_or_else(|| json!([])),
        },
        "restrictions": input.get("restrictions").cloned().unwrap_or_default(),
        "enforce_admins": flag(input, "protectEnforceAdmins", true),
        "required_pull_request_reviews": reviews,
        "required_conversation_resolution": flag(input, "requiredConversationResolution", false),
        "required_linear_history": flag(input, "requiredLinearHistory", false),
    })
}

/// Protects a branch; it may take a moment until the host knows of it.
pub(in crate::actions) async fn protect(
    host: &Host<'_>,
    branch: &str,
    rules: &Value,
) -> Result<()> {
    let path = [
        "repos",
        host.owner(),
        host.name(),
        "branches",
        branch,
        "protection",
    ];
    let mut n_tries = 0;
    loop {
        n_tries += 1;
        let answer = host.call(Method::PUT, &path, Some(rules.clone())).await?;
        let told = String::from_utf8_lossy(&answer.body);
        if answer.is_success() {
            return Ok(());
        }
        if told.contains("Upgrade to GitHub Pro or make this repository public") {
            return Err(Error::input(
                "the plan of the owner does not allow protected branches in private repositories; \
                 set `protectDefaultBranch: false`",
            ));
        }
        if !told.contains("Branch not found") || n_tries == TRIES {
            return Err(answer.error(&host.repo.host));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
