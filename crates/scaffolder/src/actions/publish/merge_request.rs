//! `publish:gitlab:merge-request` and `gitlab:repo:push`: a commit to a project that is there,
//! through the API.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use integrations::Kind;
use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::pull_request::{Changed, changed, changed_from};
use super::{Host, flag, text};
use crate::actions::Reach;
use crate::actions::taking_back::{Undoing, keep};

/// Entries of one page of a list of files.
const PAGE: usize = 100;
/// Pages of such a list; a project with more files is told so.
const MAX_PAGES: usize = 200;

/// A project that is changed.
struct Project<'a> {
    host: &'a Host<'a>,
    /// Number or path.
    id: String,
}

/// Opens a merge request with the files of the workspace.
pub(super) async fn open(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Gitlab).await?;
    let project = Project::of(&host);
    let branch = text(input, "branchName").unwrap_or_default();
    let target = match text(input, "targetBranchName") {
        Some(target) => target.to_owned(),
        None => project.default_branch().await?,
    };
    let actions = match text(input, "commitAction") {
        Some("skip") => Vec::new(),
        how => {
            let files = changed(run, input).await?;
            project.actions(how, &target, files).await?
        }
    };
    let wanted = Wanted {
        branch,
        start: Some(&target),
        message: text(input, "commitMessage").or_else(|| text(input, "title")),
        allows_empty: false,
    };
    if actions.is_empty() {
        run.log.info("No file changes");
        run.once(
            "branch",
            project.branch_off(branch, &target),
            project.branch(branch),
        )
        .await?;
    } else {
        project.commit(run, &wanted, actions).await?;
    }
    let merge = project.merge(run, input, branch, &target).await?;
    Ok(json!({
        "targetBranchName": target,
        "projectid": project.id,
        "projectPath": project.id,
        "mergeRequestUrl": merge["web_url"],
    }))
}

/// Commits the files of the workspace to a branch.
pub(in crate::actions) async fn push(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::Gitlab).await?;
    let project = Project::of(&host);
    let branch = text(input, "branchName").unwrap_or_default();
    // What is there is decided once: a repeated step finds the branch that it made itself.
    let start = run.checkpoint("start", project.start_of(branch)).await?;
    let known = start.as_str().unwrap_or(branch);
    let source = text(input, "sourcePath").unwrap_or(".");
    let files = changed_from(run, input, source).await?;
    let actions = project
        .actions(text(input, "commitAction"), known, files)
        .await?;
    let mut output = json!({ "projectid": project.id, "projectPath": project.id });
    let wanted = Wanted {
        branch,
        start: start.as_str(),
        message: text(input, "commitMessage"),
        allows_empty: flag(input, "allowEmpty", false),
    };
    if actions.is_empty() && !wanted.allows_empty {
        run.log
            .info("No file changes, and so no commit; `allowEmpty: true` makes one anyway");
        return Ok(output);
    }
    let commit = project.commit(run, &wanted, actions).await?;
    output["commitHash"] = commit["id"].clone();
    Ok(output)
}

/// A commit to be made.
struct Wanted<'a> {
    branch: &'a str,
    /// Where the branch begins, if it is to be made.
    start: Option<&'a str>,
    message: Option<&'a str>,
    allows_empty: bool,
}

impl<'a> Project<'a> {
    fn of(host: &'a Host<'a>) -> Self {
        let named = host.repo.project.clone().filter(|it| !it.is_empty());
        let id = named.unwrap_or_else(|| format!("{}/{}", host.owner(), host.name()));
        Self { host, id }
    }

    fn path<'p>(&'p self, rest: &[&'p str]) -> Vec<&'p str> {
        [&["projects", &self.id][..], rest].concat()
    }

    async fn default_branch(&self) -> Result<String> {
        let found = self.host.demand(Method::GET, &self.path(&[]), None).await?;
        let branch = found["default_branch"].as_str();
        branch
            .map(str::to_owned)
            .ok_or_else(|| Error::input("the project has no default branch"))
    }

    /// Where a branch would have to begin; nothing if it is there.
    async fn start_of(&self, branch: &str) -> Result<Value> {
        Ok(match self.branch(branch).await? {
            Some(_) => Value::Null,
            None => self.default_branch().await?.into(),
        })
    }

    async fn branch(&self, name: &str) -> Result<Option<Value>> {
        let path = self.path(&["repository", "branches", name]);
        self.host.find(&path).await
    }

    async fn branch_off(&self, name: &str, from: &str) -> Result<Value> {
        let path = self.path(&["repository", "branches"]);
        let body = json!({ "branch": name, "ref": from });
        if let Some(branch) = self.branch(name).await? {
            return Ok(branch);
        }
        self.host.demand(Method::POST, &path, Some(body)).await
    }

    async fn commit(&self, run: &Run, wanted: &Wanted<'_>, actions: Vec<Value>) -> Result<Value> {
        let mut body = json!({
            "branch": wanted.branch,
            "commit_message": wanted.message,
            "actions": actions,
        });
        if let Some(start) = wanted.start {
            body["start_branch"] = start.into();
        }
        if wanted.allows_empty {
            body["allow_empty"] = true.into();
        }
        let find = async {
            let found = self.branch(wanted.branch).await?;
            let commit = found.map(|mut branch| branch["commit"].take());
            Ok(commit.filter(|it| it["message"].as_str() == wanted.message))
        };
        let path = self.path(&["repository", "commits"]);
        let make = self.host.demand(Method::POST, &path, Some(body));
        let made = run.once("commit", make, find).await?;
        Ok(json!({ "id": made["id"] }))
    }

    /// The merge request, with the people it is for.
    async fn merge(&self, run: &Run, input: &Value, branch: &str, target: &str) -> Result<Value> {
        let mut body = json!({
            "source_branch": branch,
            "target_branch": target,
            "title": input["title"],
            "description": input["description"],
            "remove_source_branch": flag(input, "removeSourceBranch", false),
            "labels": input.get("labels").cloned().unwrap_or_default(),
        });
        if let Some(name) = text(input, "assignee")
            && let Some(id) = self.user(run, name).await?
        {
            body["assignee_id"] = id;
        }
        let mut reviewers = Vec::new();
        for name in input["reviewers"].as_array().into_iter().flatten() {
            reviewers.extend(self.user(run, name.as_str().unwrap_or_default()).await?);
        }
        if !reviewers.is_empty() {
            body["reviewer_ids"] = reviewers.as_slice().into();
        }
        let path = self.path(&["merge_requests"]);
        let query = [
            ("state", "opened"),
            ("source_branch", branch),
            ("target_branch", target),
        ];
        let find = self.host.find_in(&path, &query, |_| true);
        let make = self.host.demand(Method::POST, &path, Some(body));
        let made = run.once("merge", make, find).await?;
        let number = made["iid"].to_string();
        let path = self.path(&["merge_requests", &number]);
        let close = Undoing::change(&Method::PUT, &path, json!({ "state_event": "close" }));
        keep(run, input, &[close]).await?;
        if flag(input, "assignReviewersFromApprovalRules", false) {
            self.ask_approvers(run, &number, reviewers).await?;
        }
        if flag(input, "autoMerge", false) {
            let path = self.path(&["merge_requests", &number, "merge"]);
            let body = json!({ "auto_merge": true });
            let set = async {
                self.host.demand(Method::PUT, &path, Some(body)).await?;
                Ok(Value::Null)
            };
            run.checkpoint("auto-merge", set).await?;
        }
        Ok(made)
    }

    /// The number of a user; nobody is asked who is not there.
    async fn user(&self, run: &Run, name: &str) -> Result<Option<Value>> {
        let found = self
            .host
            .find_in(&["users"], &[("username", name)], |_| true)
            .await?;
        if found.is_none() {
            run.log
                .error(&format!("There is no user {name}, who is left out"));
        }
        Ok(found.map(|user| user["id"].clone()))
    }

    /// Adds those who the rules of the project say can approve.
    async fn ask_approvers(&self, run: &Run, number: &str, mut ids: Vec<Value>) -> Result<()> {
        let path = self.path(&["merge_requests", number, "approval_rules"]);
        let rules = self.host.call(Method::GET, &path, None).await?;
        if !rules.is_success() {
            // Not every edition has such rules.
            run.log
                .error("The approval rules cannot be read; nobody is asked to review by them");
            return Ok(());
        }
        let rules = rules.json()?;
        for rule in rules.as_array().into_iter().flatten() {
            for user in rule["eligible_approvers"].as_array().into_iter().flatten() {
                if !ids.contains(&user["id"]) {
                    ids.push(user["id"].clone());
                }
            }
        }
        if ids.is_empty() {
            return Ok(());
        }
        let path = self.path(&["merge_requests", number]);
        let body = json!({ "reviewer_ids": ids });
        self.host.demand(Method::PUT, &path, Some(body)).await?;
        Ok(())
    }

    /// What happens to each file: unless the step says it, what differs is updated, and what is
    /// missing is made.
    async fn actions(
        &self,
        how: Option<&str>,
        branch: &str,
        files: Vec<Changed>,
    ) -> Result<Vec<Value>> {
        let how = how.unwrap_or("auto");
        let known = if how == "auto" {
            self.files(branch).await?
        } else {
            HashMap::new()
        };
        let action_of = |file: &Changed| match (how, known.get(&file.path)) {
            ("auto", Some(id)) if is_same(&file.content, id) => None,
            ("auto", None) | ("create", _) => Some("create"),
            ("auto", Some(_)) | ("update", _) => Some("update"),
            ("delete", _) => Some("delete"),
            _ => None,
        };
        let with_action = |file: Changed| Some((action_of(&file)?, file));
        let actions = files.into_iter().filter_map(with_action);
        Ok(actions
            .map(|(action, file)| {
                json!({
                    "action": action,
                    "file_path": file.path,
                    "encoding": "base64",
                    "content": STANDARD.encode(&file.content),
                    "execute_filemode": file.is_executable,
                })
            })
            .collect())
    }

    /// Ids of the files of a branch, by path.
    async fn files(&self, branch: &str) -> Result<HashMap<String, String>> {
        let mut files = HashMap::new();
        for page in 1..=MAX_PAGES {
            let mut url = self.host.api(&self.path(&["repository", "tree"]))?;
            url.query_pairs_mut()
                .append_pair("ref", branch)
                .append_pair("recursive", "true")
                .append_pair("per_page", &PAGE.to_string())
                .append_pair("page", &page.to_string());
            let answer = self.host.send(Method::GET, url, None).await?;
            if !answer.is_success() {
                return Err(answer.error(&self.host.repo.host));
            }
            let list = answer.json()?;
            let entries = list.as_array().map_or(&[][..], Vec::as_slice);
            let text =
                |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            let blobs = entries.iter().filter(|entry| entry["type"] == "blob");
            files.extend(blobs.map(|entry| (text(entry, "path"), text(entry, "id"))));
            if entries.len() < PAGE {
                return Ok(files);
            }
        }
        Err(Error::input(
            "the project has too many files to look for changes; say `commitAction`",
        ))
    }
}

/// Whether git would give a content this id; repositories use one of two hashes.
fn is_same(content: &[u8], id: &str) -> bool {
    let head = format!("blob {}\0", content.len());
    let hash = if id.len() == 64 {
        hex::encode(
            Sha256::new()
                .chain_update(&head)
                .chain_update(content)
                .finalize(),
        )
    } else {
        hex::encode(
            Sha1::new()
                .chain_update(&head)
                .chain_update(content)
                .finalize(),
        )
    };
    hash == id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_the_id_that_git_gives_it() {
        for (content, id) in [
            ("hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
            (
                "hello\n",
                "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4",
            ),
        ] {
            assert!(is_same(content.as_bytes(), id), "{id}");
            assert!(!is_same(b"other", id), "{id}");
        }
    }
}
