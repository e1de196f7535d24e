//! `gitlab:*`: issues, variables, tokens and pipelines of GitLab, and what has files of its own:
//! groups and users. Reference 2 §D.3.
//!
//! A token is told once, when it is made: actions that make one cannot be repeated.

mod groups;

use http::{Method, StatusCode};
use integrations::Kind;
use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};

use super::github::renamed;
use super::publish::{Host, flag, merge_request, text};
use super::taking_back::{Undoing, keep};
use super::{Reach, no_code};

/// The role of maintainers.
const MAINTAINER: u32 = 40;
/// Says which of several variables with one name is meant.
const SCOPE: &str = "filter[environment_scope]";
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Inputs of issues, and what the API calls them.
const ISSUE: [(&str, &str); 12] = [
    ("title", "title"),
    ("description", "description"),
    ("assignees", "assignee_ids"),
    ("confidential", "confidential"),
    ("dueDate", "due_date"),
    ("epicId", "epic_id"),
    ("labels", "labels"),
    ("issueType", "issue_type"),
    ("milestoneId", "milestone_id"),
    ("weight", "weight"),
    ("createdAt", "created_at"),
    ("updatedAt", "updated_at"),
];

/// Runs one of them; the rest of its id after `gitlab:`.
pub(super) async fn run(name: &str, run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    match name {
        "repo:push" => return merge_request::push(run, reach, input).await,
        "group:ensureExists" => return groups::ensure(run, reach, input).await,
        "group:access" => return groups::give_access(run, reach, input).await,
        "group:migrate" => return groups::migrate(run, reach, input).await,
        "user:info" => return groups::tell_user(reach, input).await,
        _ => {}
    }
    let host = Host::alone(reach, input, Kind::Gitlab).await?;
    let id = project_of(&host, input)?;
    let project = Project {
        host: &host,
        id: &id,
        input,
    };
    match name {
        "issues:create" => project.create_issue(run).await,
        "issue:edit" => project.edit_issue().await,
        "projectVariable:create" => project.set_variable(run).await,
        "projectAccessToken:create" => project.create_access_token(run).await,
        "projectDeployToken:create" => project.create_deploy_token(run).await,
        "pipeline:trigger" => project.trigger_pipeline().await,
        other => Err(no_code(other)),
    }
}

/// The project of an input: by number or path, else that of `repoUrl`.
pub(super) fn project_of(host: &Host<'_>, input: &Value) -> Result<String> {
    if !input["projectId"].is_null() {
        return Ok(id_text(&input["projectId"]));
    }
    match host.repo.project.as_deref() {
        Some(project) if !project.is_empty() => Ok(project.to_owned()),
        _ if host.owner().is_empty() || host.name().is_empty() => Err(Error::input(
            "neither `projectId` nor `repoUrl` names a project",
        )),
        _ => Ok(format!("{}/{}", host.owner(), host.name())),
    }
}

/// A number or a path; a number of a template may have a fraction of nothing.
fn id_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string().trim_end_matches(".0").to_owned(),
    }
}

/// Dates come with a time, and are due without one.
fn shorten_date(body: &mut Value) {
    if let Some(date) = body["due_date"].as_str().and_then(|date| date.get(..10)) {
        body["due_date"] = date.into();
    } else if let Value::Object(members) = body {
        members.remove("due_date");
    }
}

/// A project that a step works on.
struct Project<'a> {
    host: &'a Host<'a>,
    id: &'a str,
    input: &'a Value,
}

impl Project<'_> {
    fn path<'p>(&'p self, rest: &[&'p str]) -> Vec<&'p str> {
        [&["projects", self.id][..], rest].concat()
    }

    async fn post(&self, rest: &[&str], body: Value) -> Result<Value> {
        let path = self.path(rest);
        self.host.demand(Method::POST, &path, Some(body)).await
    }

    async fn create_issue(&self, run: &Run) -> Result<Value> {
        let more = [
            ("discussionToResolve", "discussion_to_resolve"),
            (
                "mergeRequestToResolveDiscussionsOf",
                "merge_request_to_resolve_discussions_of",
            ),
        ];
        let mut body = renamed(self.input, &[&ISSUE[..], &more].concat());
        shorten_date(&mut body);
        let same = ["title", "description"].map(|name| body[name].clone());
        let path = self.path(&["issues"]);
        let newest = [("order_by", "created_at"), ("per_page", "100")];
        let find = self.host.find_in(&path, &newest, move |issue| {
            ["title", "description"].map(|name| issue[name].clone()) == same
        });
        let make = self.post(&["issues"], body.clone());
        let made = run.once("issue", make, find).await?;
        let number = id_text(&made["iid"]);
        let body = json!({ "state_event": "close" });
        let close = Undoing::change(&Method::PUT, &self.path(&["issues", &number]), body);
        keep(run, self.input, &[close]).await?;
        let names = [
            ("web_url", "issueUrl"),
            ("id", "issueId"),
            ("iid", "issueIid"),
        ];
        Ok(renamed(&made, &names))
    }

    async fn edit_issue(&self) -> Result<Value> {
        let more = [
            ("addLabels", "add_labels"),
            ("removeLabels", "remove_labels"),
            ("discussionLocked", "discussion_locked"),
            ("stateEvent", "state_event"),
        ];
        let mut body = renamed(self.input, &[&ISSUE[..], &more].concat());
        shorten_date(&mut body);
        let number = id_text(&self.input["issueIid"]);
        let path = self.path(&["issues", &number]);
        let changed = self.host.demand(Method::PUT, &path, Some(body)).await?;
        let names = [
            ("web_url", "issueUrl"),
            ("project_id", "projectId"),
            ("id", "issueId"),
            ("iid", "issueIid"),
            ("state", "state"),
            ("title", "title"),
            ("updated_at", "updatedAt"),
        ];
        Ok(renamed(&changed, &names))
    }

    /// Makes a variable, or changes the one that is there.
    async fn set_variable(&self, run: &Run) -> Result<Value> {
        let input = self.input;
        let scope = text(input, "environmentScope").unwrap_or("*");
        let body = json!({
            "key": input["key"],
            "value": input["value"],
            "variable_type": input["variableType"],
            "protected": flag(input, "variableProtected", false),
            "masked": flag(input, "masked", false),
            "raw": flag(input, "raw", false),
            "environment_scope": scope,
        });
        let (host, path) = (self.host, self.path(&["variables"]));
        let mut first = body.clone();
        if flag(input, "maskedAndHidden", false) {
            // Only a new variable can be hidden.
            first["masked_and_hidden"] = true.into();
        }
        let made = host.call(Method::POST, &path, Some(first)).await?;
        let key = text(input, "key").unwrap_or_default();
        if made.is_success() {
            let delete = Undoing::delete(&self.path(&["variables", key]));
            keep(run, input, &[delete.of(SCOPE, scope)]).await?;
            return Ok(json!({}));
        }
        if made.status != StatusCode::BAD_REQUEST {
            return Err(made.error(&host.repo.host));
        }
        // Of variables with one name the scope tells which is meant.
        let mut url = host.api(&self.path(&["variables", key]))?;
        url.query_pairs_mut().append_pair(SCOPE, scope);
        let changed = host.send(Method::PUT, url, Some(body)).await?;
        if changed.is_success() {
            return Ok(json!({}));
        }
        Err(made.error(&host.repo.host))
    }

    fn scopes(&self) -> Value {
        let scopes = self.input.get("scopes").cloned();
        scopes.unwrap_or_else(|| json!(["read_repository"]))
    }

    async fn create_access_token(&self, run: &Run) -> Result<Value> {
        let input = self.input;
        let in_a_year = || {
            let at = self.host.reach.clock.now() + 365 * DAY;
            crate::task::timestamp(at).chars().take(10).collect()
        };
        let expires = text(input, "expiresAt").map_or_else(in_a_year, str::to_owned);
        let body = json!({
            "name": text(input, "name").unwrap_or("backstage"),
            "access_level": input.get("accessLevel").cloned().unwrap_or_else(|| MAINTAINER.into()),
            "scopes": self.scopes(),
            "expires_at": expires,
        });
        let made = self.post(&["access_tokens"], body).await?;
        self.keep_token(run, "access_tokens", &made).await?;
        Ok(renamed(&made, &[("token", "access_token")]))
    }

    /// Keeps what takes a token back.
    async fn keep_token(&self, run: &Run, kind: &str, made: &Value) -> Result<()> {
        let number = id_text(&made["id"]);
        let delete = Undoing::delete(&self.path(&[kind, &number]));
        keep(run, self.input, &[delete]).await
    }

    async fn create_deploy_token(&self, run: &Run) -> Result<Value> {
        if self.input["scopes"].as_array().is_none_or(Vec::is_empty) {
            return Err(Error::input("a deploy token needs `scopes`"));
        }
        let mut body = renamed(self.input, &[("name", "name"), ("username", "username")]);
        body["scopes"] = self.scopes();
        let made = self.post(&["deploy_tokens"], body).await?;
        self.keep_token(run, "deploy_tokens", &made).await?;
        let names = [("token", "deploy_token"), ("username", "user")];
        Ok(renamed(&made, &names))
    }

    /// Starts a pipeline with a token that is there for this call only.
    async fn trigger_pipeline(&self) -> Result<Value> {
        let input = self.input;
        let body = json!({ "description": input["tokenDescription"] });
        let trigger = self.post(&["triggers"], body).await?;
        let mut body = json!({ "ref": input["branch"], "token": trigger["token"] });
        if let Some(variables) = input.get("variables") {
            body["variables"] = variables.clone();
        }
        let started = self.post(&["trigger", "pipeline"], body).await;
        let number = id_text(&trigger["id"]);
        let path = self.path(&["triggers", &number]);
        self.host.demand(Method::DELETE, &path, None).await?;
        Ok(renamed(&started?, &[("web_url", "pipelineUrl")]))
    }
}
