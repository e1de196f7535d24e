//! `publish:gitlab`.

use http::{Method, StatusCode};
use integrations::Kind;
use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};

use super::{Host, flag, repository, text};
use crate::actions::Reach;

/// The role of who owns a project.
const OWNER: u32 = 50;

pub(super) async fn gitlab(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Gitlab).await?;
    let branch = text(input, "defaultBranch").unwrap_or("master");
    let made = create(&host, input);
    let project = run.once("project", made, found(&host, true)).await?;
    let remote = project["http_url_to_repo"].as_str().unwrap_or_default();
    let base = remote.trim_end_matches(".git");
    let is_new = project["is_new"] == true;
    let known = project["default_branch"].as_str().filter(|_| !is_new);
    let mut output = json!({
        "remoteUrl": base,
        "repoContentsUrl": format!("{base}/-/blob/{}", known.unwrap_or(branch)),
        "projectId": project["id"],
        "created": is_new,
    });
    // A project that was there stays as it is.
    if !is_new {
        return Ok(output);
    }
    let number = project["id"].to_string();
    add_owners(run, &host, input, &number).await?;
    if input["sourcePath"] != Value::Bool(false) {
        let commit = repository::commit(run, &host, input).await?;
        repository::send(run, &host, remote, branch, &commit).await?;
        output["commitHash"] = commit.hash().into();
        for branch in input["branches"].as_array().into_iter().flatten() {
            make_branch(&host, &number, branch).await?;
        }
    }
    for variable in input["projectVariables"].as_array().into_iter().flatten() {
        set_variable(&host, &number, variable).await?;
    }
    Ok(output)
}

/// The project, if it is there; `is_new` if this step made it.
async fn found(host: &Host<'_>, is_new: bool) -> Result<Option<Value>> {
    let path = format!("{}/{}", host.owner(), host.name());
    let mut found = host.find(&["projects", &path]).await?;
    if let Some(project) = &mut found {
        project["is_new"] = is_new.into();
    }
    Ok(found)
}

/// Makes the project in the namespace of its owner.
async fn create(host: &Host<'_>, input: &Value) -> Result<Value> {
    let (owner, name) = (host.owner(), host.name());
    if flag(input, "skipExisting", false)
        && let Some(project) = found(host, false).await?
    {
        return Ok(project);
    }
    let namespace = host.call(Method::GET, &["namespaces", owner], None).await?;
    let mut body = json!({
        "name": name,
        "path": name,
        "visibility": text(input, "repoVisibility").unwrap_or("private"),
    });
    if namespace.is_success() {
        body["namespace_id"] = namespace.json()?["id"].clone();
    } else {
        return Err(Error::input(format!(
            "The namespace {owner} is not found or the token has not the permission to see it"
        )));
    }
    for name in ["description", "topics"] {
        if let Some(value) = input.get(name) {
            body[name] = value.clone();
        }
    }
    for (key, value) in input["settings"].as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let mut project = host.demand(Method::POST, &["projects"], Some(body)).await?;
    project["is_new"] = true.into();
    Ok(project)
}

/// Makes people owners, with the token of the configuration: that of a user may not.
async fn add_owners(run: &Run, host: &Host<'_>, input: &Value, project: &str) -> Result<()> {
    let mut owners = Vec::new();
    if flag(input, "setUserAsOwner", false) {
        owners.push(host.demand(Method::GET, &["user"], None).await?["id"].clone());
    }
    let own = host.as_configured().await?;
    if let Some(name) = text(input, "ownerUsername") {
        let found = own
            .find_in(&["users"], &[("username", name)], |_| true)
            .await?;
        match found {
            Some(user) => owners.push(user["id"].clone()),
            None => run
                .log
                .error(&format!("There is no user {name}, who would own it")),
        }
    }
    for user in owners {
        let body = json!({ "user_id": user, "access_level": OWNER });
        let path = ["projects", project, "members"];
        let added = own.call(Method::POST, &path, Some(body)).await?;
        // A repeated step has added them already.
        if !added.is_success() && added.status != StatusCode::CONFLICT {
            return Err(added.error(&host.repo.host));
        }
    }
    Ok(())
}

/// Makes a branch, protects it, or both; what is so already stays.
async fn make_branch(host: &Host<'_>, project: &str, branch: &Value) -> Result<()> {
    let name = text(branch, "name").unwrap_or_default();
    if flag(branch, "create", false) {
        let one = ["projects", project, "repository", "branches", name];
        if host.find(&one).await?.is_none() {
            let from = text(branch, "ref").unwrap_or("master");
            let body = json!({ "branch": name, "ref": from });
            let all = ["projects", project, "repository", "branches"];
            host.demand(Method::POST, &all, Some(body)).await?;
        }
    }
    if flag(branch, "protect", false) {
        let path = ["projects", project, "protected_branches"];
        let body = json!({ "name": name });
        let made = host.call(Method::POST, &path, Some(body)).await?;
        if !made.is_success() && made.status != StatusCode::CONFLICT {
            return Err(made.error(&host.repo.host));
        }
    }
    Ok(())
}

/// Sets a variable of a project, which may be there already.
async fn set_variable(host: &Host<'_>, project: &str, variable: &Value) -> Result<()> {
    let mut body = json!({
        "variable_type": "env_var",
        "protected": false,
        "masked": false,
        "raw": false,
        "environment_scope": "*",
    });
    for (name, value) in variable.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let path = ["projects", project, "variables"];
    let made = host.call(Method::POST, &path, Some(body.clone())).await?;
    if made.is_success() {
        return Ok(());
    }
    let key = text(variable, "key").unwrap_or_default();
    let mut url = host.api(&["projects", project, "variables", key])?;
    let scope = text(&body, "environment_scope").unwrap_or("*").to_owned();
    url.query_pairs_mut()
        .append_pair("filter[environment_scope]", &scope);
    let changed = host.send(Method::PUT, url, Some(body)).await?;
    if changed.is_success() {
        return Ok(());
    }
    Err(made.error(&host.repo.host))
}
