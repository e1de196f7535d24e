//! `publish:gitlab`.

use http::Method;
use integrations::Kind;
use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};

use super::{Host, flag, repository, text};
use crate::actions::Reach;

pub(in crate::actions) async fn gitlab(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Gitlab).await?;
    let branch = text(input, "defaultBranch").unwrap_or("master");
    let made = create(&host, input);
    let project = run.once("project", made, found(&host, true)).await?;
    let remote = project["http_url_to_repo"].as_str().unwrap_or_default();
    let base = remote.trim_end_matches(".git");
    let mut output = json!({
        "remoteUrl": base,
        "repoContentsUrl": format!("{base}/-/blob/{branch}"),
        "projectId": project["id"],
        "created": project["is_new"],
    });
    let is_published = input["sourcePath"] != Value::Bool(false);
    if is_published && project["is_new"] == true {
        let commit = repository::commit(run, &host, input).await?;
        repository::send(run, &host, remote, branch, &commit).await?;
        output["commitHash"] = commit.hash().into();
    }
    for variable in input["projectVariables"].as_array().into_iter().flatten() {
        let id = project["id"].to_string();
        set_variable(&host, &id, variable).await?;
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
        "visibility": text(input, "repoVisibility").unwrap_or("private"),
    });
    if namespace.is_success() {
        body["namespace_id"] = namespace.json()?["id"].clone();
    } else {
        return Err(Error::input(format!(
            "The namespace {owner} is not found or the token has not the permission to see it"
        )));
    }
    if let Some(topics) = input.get("topics") {
        body["topics"] = topics.clone();
    }
    for (key, value) in input["settings"].as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let mut project = host.demand(Method::POST, &["projects"], Some(body)).await?;
    project["is_new"] = true.into();
    Ok(project)
}

/// Sets a variable of a project, which may be there already.
async fn set_variable(host: &Host<'_>, project: &str, variable: &Value) -> Result<()> {
    let path = ["projects", project, "variables"];
    let made = host
        .call(Method::POST, &path, Some(variable.clone()))
        .await?;
    if made.is_success() {
        return Ok(());
    }
    let key = text(variable, "key").unwrap_or_default();
    let path = ["projects", project, "variables", key];
    let changed = host
        .call(Method::PUT, &path, Some(variable.clone()))
        .await?;
    if changed.is_success() {
        return Ok(());
    }
    Err(made.error(&host.repo.host))
}
