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
    let project = run.checkpoint("project", create(&host, input)).await?;
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
        let path = ["projects", &id, "variables"];
        host.demand(Method::POST, &path, Some(variable.clone()))
            .await?;
    }
    Ok(output)
}

/// Makes the project in the namespace of its owner.
async fn create(host: &Host<'_>, input: &Value) -> Result<Value> {
    let (owner, name) = (host.owner(), host.name());
    if flag(input, "skipExisting", false) {
        let path = format!("{owner}/{name}");
        let found = host.call(Method::GET, &["projects", &path], None).await?;
        if found.is_success() {
            let mut project = found.json()?;
            project["is_new"] = false.into();
            return Ok(project);
        }
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
