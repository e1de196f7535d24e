//! `github:*`: one call of GitHub's API each.

mod dispatch;
pub(super) mod secrets;

use http::{Method, StatusCode};
use integrations::Kind;
use model::{DEFAULT_NAMESPACE, EntityRef};
use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};

use super::publish::{self, Host, flag, protect, protection, text};
use super::taking_back::{Undoing, keep};
use super::{Reach, no_code};

/// Runs one of them; the rest of its id after `github:`.
pub(super) async fn run(name: &str, run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    match name {
        "repo:create" => publish::repo_create(run, reach, input).await,
        "repo:push" => publish::push_only(run, reach, input).await,
        "branch-protection:create" => protect_branch(reach, input).await,
        "environment:create" => create_environment(reach, input).await,
        "deployKey:create" => secrets::create_deploy_key(run, reach, input).await,
        "issues:create" => create_issue(run, reach, input).await,
        "issues:label" => label_issue(run, reach, input).await,
        "webhook" => create_webhook(run, reach, input).await,
        "actions:dispatch" => dispatch::start_workflow(run, reach, input).await,
        "autolinks:create" => create_autolink(run, reach, input).await,
        "pages:enable" => enable_pages(run, reach, input).await,
        other => Err(no_code(other)),
    }
}

/// The copy of an input's members under other names.
pub(super) fn renamed(input: &Value, names: &[(&str, &str)]) -> Value {
    let mut body = json!({});
    for (from, to) in names {
        if let Some(value) = input.get(*from).filter(|it| !it.is_null()) {
            body[*to] = value.clone();
        }
    }
    body
}

async fn create_issue(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Github).await?;
    let same = ["title", "body", "assignees", "milestone", "labels"];
    let body = renamed(input, &same.map(|name| (name, name)));
    let path = ["repos", host.owner(), host.name(), "issues"];
    let same = ["title", "body"].map(|name| body[name].clone());
    let newest = [("state", "all"), ("sort", "created"), ("per_page", "100")];
    let find = host.find_in(&path, &newest, move |issue| {
        ["title", "body"].map(|name| issue[name].clone()) == same && issue["pull_request"].is_null()
    });
    let make = host.demand(Method::POST, &path, Some(body));
    let made = run.once("issue", make, find).await?;
    let number = made["number"].to_string();
    let body = json!({ "state": "closed", "state_reason": "not_planned" });
    let close = Undoing::change(
        &Method::PATCH,
        &[&path[..], &[number.as_str()]].concat(),
        body,
    );
    keep(run, input, &[close]).await?;
    Ok(json!({ "issueUrl": made["html_url"], "issueNumber": made["number"] }))
}

async fn label_issue(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Github).await?;
    let number = input["number"].to_string();
    let number = number.trim_end_matches(".0");
    let path = [
        "repos",
        host.owner(),
        host.name(),
        "issues",
        number,
        "labels",
    ];
    let before = run.checkpoint("labels", labels(&host, &path)).await?;
    let body = json!({ "labels": input["labels"] });
    host.demand(Method::POST, &path, Some(body)).await?;
    let had = |label: &str| {
        let mut before = before.as_array().into_iter().flatten();
        before.any(|it| it.as_str().is_some_and(|it| it.eq_ignore_ascii_case(label)))
    };
    let added = input["labels"].as_array().into_iter().flatten();
    let added = added.filter_map(Value::as_str).filter(|label| !had(label));
    let remove = |label| Undoing::delete(&[&path[..], &[label]].concat());
    let calls: Vec<Undoing> = added.map(remove).collect();
    keep(run, input, &calls).await?;
    Ok(json!({}))
}

/// The labels of an issue.
async fn labels(host: &Host<'_>, path: &[&str]) -> Result<Value> {
    let mut url = host.api(path)?;
    url.query_pairs_mut().append_pair("per_page", "100");
    let found = host.find_at(url).await?.unwrap_or_default();
    let labels = found.as_array().into_iter().flatten();
    Ok(labels.map(|label| label["name"].clone()).collect())
}

async fn create_webhook(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Github).await?;
    let mut config = json!({
        "url": input["webhookUrl"],
        "content_type": text(input, "contentType").unwrap_or("form"),
        "insecure_ssl": if flag(input, "insecureSsl", false) { "1" } else { "0" },
    });
    if let Some(secret) = text(input, "webhookSecret") {
        config["secret"] = secret.into();
    }
    let body = json!({
        "config": config,
        "events": input.get("events").cloned().unwrap_or_else(|| json!(["push"])),
        "active": flag(input, "active", true),
    });
    let path = ["repos", host.owner(), host.name(), "hooks"];
    let (url, events) = (input["webhookUrl"].clone(), body["events"].clone());
    let find = host.find_in(&path, &[("per_page", "100")], move |hook| {
        hook["config"]["url"] == url && hook["events"] == events
    });
    let make = host.demand(Method::POST, &path, Some(body));
    let made = run.once("webhook", make, find).await?;
    let number = made["id"].to_string();
    let delete = Undoing::delete(&[&path[..], &[number.as_str()]].concat());
    keep(run, input, &[delete]).await?;
    Ok(json!({}))
}

async fn create_autolink(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Github).await?;
    let mut body = renamed(
        input,
        &[("keyPrefix", "key_prefix"), ("urlTemplate", "url_template")],
    );
    body["is_alphanumeric"] = flag(input, "isAlphanumeric", true).into();
    let path = ["repos", host.owner(), host.name(), "autolinks"];
    let same = ["key_prefix", "url_template"].map(|name| body[name].clone());
    let find = host.find_in(&path, &[], move |link| {
        ["key_prefix", "url_template"].map(|name| link[name].clone()) == same
    });
    let make = host.demand(Method::POST, &path, Some(body));
    let made = run.once("autolink", make, find).await?;
    let number = made["id"].to_string();
    let delete = Undoing::delete(&[&path[..], &[number.as_str()]].concat());
    keep(run, input, &[delete]).await?;
    Ok(json!({}))
}

async fn enable_pages(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Github).await?;
    let body = json!({
        "build_type": text(input, "buildType").unwrap_or("workflow"),
        "source": {
            "branch": text(input, "sourceBranch").unwrap_or("main"),
            "path": text(input, "sourcePath").unwrap_or("/"),
        },
    });
    let path = ["repos", host.owner(), host.name(), "pages"];
    let make = host.demand(Method::POST, &path, Some(body));
    run.once("pages", make, host.find(&path)).await?;
    Ok(json!({}))
}

async fn protect_branch(reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Github).await?;
    let branch = if let Some(branch) = text(input, "branch") {
        branch.to_owned()
    } else {
        let path = ["repos", host.owner(), host.name()];
        let found = host.demand(Method::GET, &path, None).await?;
        found["default_branch"]
            .as_str()
            .unwrap_or("main")
            .to_owned()
    };
    let mut rules = protection(input);
    rules["enforce_admins"] = flag(input, "enforceAdmins", true).into();
    protect(&host, &branch, &rules).await?;
    Ok(json!({}))
}

/// Makes an environment, or brings the one that is there to what the step says.
async fn create_environment(reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Github).await?;
    let name = text(input, "name").unwrap_or_default();
    let path = ["repos", host.owner(), host.name(), "environments", name];
    let mut body = renamed(
        input,
        &[
            ("deploymentBranchPolicy", "deployment_branch_policy"),
            ("waitTimer", "wait_timer"),
            ("preventSelfReview", "prevent_self_review"),
        ],
    );
    let reviewers = reviewers(&host, input).await?;
    if !reviewers.is_empty() {
        body["reviewers"] = reviewers.into();
    }
    host.demand(Method::PUT, &path, Some(body)).await?;
    for (list, kind) in [
        ("customBranchPolicyNames", "branch"),
        ("customTagPolicyNames", "tag"),
    ] {
        for pattern in input[list].as_array().into_iter().flatten() {
            let body = json!({ "name": pattern, "type": kind });
            let path = [&path[..], &["deployment-branch-policies"]].concat();
            let made = host.call(Method::POST, &path, Some(body)).await?;
            // This is how GitHub says that the same one is there.
            if !made.is_success() && made.status != StatusCode::SEE_OTHER {
                return Err(made.error(&host.repo.host));
            }
        }
    }
    let variables = input["environmentVariables"].as_object();
    for (key, value) in variables.into_iter().flatten() {
        set_variable(&host, &[&path[..], &["variables"]].concat(), key, value).await?;
    }
    secrets::set(&host, &path, &input["secrets"]).await?;
    Ok(json!({}))
}

/// Makes a variable below `path`, or changes the one that is there.
pub(super) async fn set_variable(
    host: &Host<'_>,
    path: &[&str],
    key: &str,
    value: &Value,
) -> Result<()> {
    let body = json!({ "name": key, "value": value });
    let made = host.call(Method::POST, path, Some(body.clone())).await?;
    if made.status == StatusCode::CONFLICT {
        let path = [path, &[key]].concat();
        host.demand(Method::PATCH, &path, Some(body)).await?;
    } else if !made.is_success() {
        return Err(made.error(&host.repo.host));
    }
    Ok(())
}

/// Numbers of the users and teams that entities are called after.
async fn reviewers(host: &Host<'_>, input: &Value) -> Result<Vec<Value>> {
    let mut reviewers = Vec::new();
    let given = input["reviewers"].as_array().into_iter().flatten();
    for reviewer in given.filter_map(Value::as_str) {
        let entity = EntityRef::parse(reviewer, None, DEFAULT_NAMESPACE)
            .map_err(|error| Error::input(error.to_string()))?;
        let found = match entity.kind.to_lowercase().as_str() {
            "user" => {
                let path = ["users", entity.name.as_str()];
                ("User", host.demand(Method::GET, &path, None).await?)
            }
            "group" => {
                let path = ["orgs", host.owner(), "teams", entity.name.as_str()];
                ("Team", host.demand(Method::GET, &path, None).await?)
            }
            _ => return Err(Error::input(format!("{reviewer} can review nothing"))),
        };
        reviewers.push(json!({ "type": found.0, "id": found.1["id"] }));
    }
    Ok(reviewers)
}
