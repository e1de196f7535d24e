//! `publish:github:pull-request`: a change to a repository that is there, through the API of the
//! host.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use integrations::Kind;
use platform::Result;
use platform::actions::Run;
use serde_json::{Value, json};

use super::{Host, flag, text};
use crate::actions::Reach;
use crate::actions::taking_back::{Undoing, keep};
use crate::engine::blocking;
use crate::workspace::{self, Kind as EntryKind, io, resolve};

/// A file of the change.
pub(super) struct Changed {
    pub path: String,
    pub is_executable: bool,
    pub content: Vec<u8>,
}

/// The files that a step wants to change; those of `targetPath` where no folder is named.
pub(super) async fn changed(run: &Run, input: &Value) -> Result<Vec<Changed>> {
    let source = text(input, "sourcePath").or_else(|| text(input, "targetPath"));
    changed_from(run, input, source.unwrap_or(".")).await
}

/// The files of a folder of the workspace, with their paths in the repository.
pub(super) async fn changed_from(run: &Run, input: &Value, source: &str) -> Result<Vec<Changed>> {
    let root = run.step()?.workspace.clone();
    let source = source.to_owned();
    let target = text(input, "targetPath").unwrap_or_default();
    let target = target.trim_start_matches("./").trim_matches('/').to_owned();
    blocking(move || {
        let folder = resolve(&root, &source)?;
        let entries = workspace::list_tracked(&folder)?.into_iter();
        entries
            .filter(|entry| entry.kind == EntryKind::File)
            .map(|entry| {
                let full = folder.join(&entry.path);
                let path = if target.is_empty() || target == "." {
                    entry.path
                } else {
                    format!("{target}/{}", entry.path)
                };
                Ok(Changed {
                    path,
                    is_executable: entry.mode & 0o100 != 0,
                    content: fs::read(&full).map_err(|error| io(&error, "open", &full))?,
                })
            })
            .collect()
    })
    .await
}

pub(super) async fn github(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let branch = text(input, "branchName").unwrap_or_default();
    if run.is_dry_run {
        run.log.info("Performing dry run of creating pull request");
        return Ok(json!({
            "targetBranchName": branch,
            "remoteUrl": "https://example.com/pulls/1",
            "pullRequestNumber": 43,
        }));
    }
    let host = Host::of(reach, input, Kind::Github).await?;
    let files = changed(run, input).await?;
    let pull = PullRequest {
        host: &host,
        input,
        branch,
    };
    let base = pull.base().await?;
    let commit = run.checkpoint("commit", pull.commit(&base, &files)).await?;
    run.once("branch", pull.point(&commit), pull.pointed(&commit))
        .await?;
    let made = run
        .once("pull", pull.open(&base), pull.opened(&base))
        .await?;
    let (number, body) = (made["number"].to_string(), json!({ "state": "closed" }));
    let path = ["repos", host.owner(), host.name(), "pulls", &number];
    let close = Undoing::change(&Method::PATCH, &path, body);
    keep(run, input, &[close]).await?;
    pull.ask_people(&made).await?;
    Ok(json!({
        "targetBranchName": base["name"],
        "remoteUrl": made["html_url"],
        "pullRequestNumber": made["number"],
    }))
}

/// A pull request that is being made.
struct PullRequest<'a> {
    host: &'a Host<'a>,
    input: &'a Value,
    branch: &'a str,
}

impl PullRequest<'_> {
    async fn git(&self, method: Method, path: &[&str], body: Option<Value>) -> Result<Value> {
        let repo = ["repos", self.host.owner(), self.host.name()];
        let path: Vec<&str> = repo.iter().chain(path).copied().collect();
        self.host.demand(method, &path, body).await
    }

    /// The branch to change, with its commit and tree.
    async fn base(&self) -> Result<Value> {
        let name = if let Some(name) = text(self.input, "targetBranchName") {
            name.to_owned()
        } else {
            let repo = self.git(Method::GET, &[], None).await?;
            repo["default_branch"].as_str().unwrap_or("main").to_owned()
        };
        let found = self.git(Method::GET, &["branches", &name], None).await?;
        Ok(json!({
            "name": name,
            "commit": found["commit"]["sha"],
            "tree": found["commit"]["commit"]["tree"]["sha"],
        }))
    }

    async fn commit(&self, base: &Value, files: &[Changed]) -> Result<Value> {
        let mut tree = Vec::with_capacity(files.len());
        for file in files {
            let blob = json!({ "encoding": "base64", "content": STANDARD.encode(&file.content) });
            let blob = self
                .git(Method::POST, &["git", "blobs"], Some(blob))
                .await?;
            tree.push(json!({
                "path": file.path,
                "mode": if file.is_executable { "100755" } else { "100644" },
                "type": "blob",
                "sha": blob["sha"],
            }));
        }
        for path in self.input["filesToDelete"].as_array().into_iter().flatten() {
            tree.push(json!({ "path": path, "mode": "100644", "type": "blob", "sha": null }));
        }
        let tree = json!({ "base_tree": base["tree"], "tree": tree });
        let tree = self
            .git(Method::POST, &["git", "trees"], Some(tree))
            .await?;
        let message = text(self.input, "commitMessage").or_else(|| text(self.input, "title"));
        let mut commit = json!({
            "message": message.unwrap_or("update"),
            "tree": tree["sha"],
            "parents": [base["commit"]],
        });
        if let (Some(name), Some(email)) = (
            text(self.input, "gitAuthorName"),
            text(self.input, "gitAuthorEmail"),
        ) {
            commit["author"] = json!({ "name": name, "email": email });
        }
        let made = self
            .git(Method::POST, &["git", "commits"], Some(commit))
            .await?;
        Ok(made["sha"].clone())
    }

    /// Makes the branch; one that is there moves only if the step says so.
    async fn point(&self, commit: &Value) -> Result<Value> {
        let name = format!("refs/heads/{}", self.branch);
        let body = json!({ "ref": name, "sha": commit });
        let made = self.git(Method::POST, &["git", "refs"], Some(body)).await;
        match made {
            Err(error) if flag(self.input, "update", false) => {
                tracing::debug!(error = error.chain(), "the branch is there and moves");
                let body = json!({ "sha": commit, "force": true });
                let path = ["git", "refs", "heads", self.branch];
                self.git(Method::PATCH, &path, Some(body)).await
            }
            result => result,
        }
    }

    async fn open(&self, base: &Value) -> Result<Value> {
        let body = json!({
            "title": self.input["title"],
            "body": self.input["description"],
            "head": self.branch,
            "base": base["name"],
            "draft": flag(self.input, "draft", false),
        });
        let made = self.git(Method::POST, &["pulls"], Some(body)).await?;
        Ok(json!({ "html_url": made["html_url"], "number": made["number"] }))
    }

    /// The branch, if it is at the commit already.
    async fn pointed(&self, commit: &Value) -> Result<Option<Value>> {
        let (owner, name) = (self.host.owner(), self.host.name());
        let path = ["repos", owner, name, "git", "ref", "heads", self.branch];
        let found = self.host.find(&path).await?;
        Ok(found.filter(|found| found["object"]["sha"] == *commit))
    }

    /// The pull request, if it is open already.
    async fn opened(&self, base: &Value) -> Result<Option<Value>> {
        let (owner, name) = (self.host.owner(), self.host.name());
        let head = format!("{owner}:{}", self.branch);
        let base = base["name"].clone();
        let query = [("state", "open"), ("head", head.as_str())];
        let is_wanted = move |pull: &Value| pull["base"]["ref"] == base;
        let found = self
            .host
            .find_in(&["repos", owner, name, "pulls"], &query, is_wanted)
            .await?;
        Ok(found.map(|pull| json!({ "html_url": pull["html_url"], "number": pull["number"] })))
    }

    async fn ask_people(&self, made: &Value) -> Result<()> {
        let number = made["number"].to_string();
        let list = |name: &str| self.input.get(name).filter(|it| !it.is_null()).cloned();
        let (people, teams) = (list("reviewers"), list("teamReviewers"));
        if people.is_some() || teams.is_some() {
            let body = json!({ "reviewers": people, "team_reviewers": teams });
            let path = ["pulls", &number, "requested_reviewers"];
            self.git(Method::POST, &path, Some(body)).await?;
        }
        if let Some(assignees) = list("assignees") {
            let body = json!({ "assignees": assignees });
            let path = ["issues", &number, "assignees"];
            self.git(Method::POST, &path, Some(body)).await?;
        }
        Ok(())
    }
}
