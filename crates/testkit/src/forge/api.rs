//! The APIs: what actions and readers call of them.

mod azure;
mod bitbucket;
mod gitlab;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{Call, Forge, TOKEN};

/// A public key to seal secrets for; nobody has its other half.
const SECRETS_KEY: &str = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

/// Status and body.
type Reply = (u16, Value);

pub(super) fn answer(forge: &Forge, call: &Call) -> Reply {
    if !call.authorization.contains(TOKEN) {
        return (401, json!({ "message": "no token" }));
    }
    let decode = |part: &str| percent_decode_str(part).decode_utf8().unwrap().into_owned();
    let parts: Vec<String> = call.path.split('/').skip(1).map(decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let method = call.method.as_str();
    match parts[..] {
        ["rest", ref path @ ..] => bitbucket::server(forge, method, path, &call.body),
        [organization, project, "_apis", ref path @ ..] => {
            azure::answer(forge, method, &[organization, project], path, &call.body)
        }
        ["api", ref path @ ..] => below_api(forge, method, path, &call.body),
        _ => missing(),
    }
}

fn below_api(forge: &Forge, method: &str, path: &[&str], body: &Value) -> Reply {
    match path {
        ["2.0", path @ ..] => bitbucket::cloud(forge, method, path, body),
        ["v1", path @ ..] => gitea(forge, method, path, body),
        ["v3", path @ ..] => github(forge, method, path, body),
        ["v4", path @ ..] => gitlab::answer(forge, method, path, body),
        ["argo", "api", "v1", kind] if method == "POST" => argo(forge, kind, body),
        _ => missing(),
    }
}

fn missing() -> Reply {
    (404, json!({ "message": "not found" }))
}

fn refused(message: &str) -> Reply {
    (422, json!({ "message": message }))
}

impl Forge {
    fn effect(&self, effect: String) {
        self.0.state.lock().effects.push(effect);
    }

    /// The entries of a list.
    fn list(&self, path: &str) -> Vec<Value> {
        let state = self.0.state.lock();
        state.things.get(path).cloned().unwrap_or_default()
    }

    /// Adds something to a list; it is known by `label`.
    fn add(&self, path: &str, mut thing: Value, label: &Value) -> Reply {
        let mut state = self.0.state.lock();
        let list = state.things.entry(path.to_owned()).or_default();
        let number = list.len() + 1;
        thing["id"] = number.into();
        thing["number"] = number.into();
        thing["iid"] = number.into();
        thing["html_url"] = format!("http://{}/{path}/{number}", self.0.authority).into();
        thing["web_url"] = thing["html_url"].clone();
        thing["url"] = format!("http://{}/api/{path}/{number}", self.0.authority).into();
        list.push(thing.clone());
        state.effects.push(format!("new {path} {label}"));
        (201, thing)
    }

    /// Sets something; that it is so already is no change.
    fn set(&self, path: &str, value: &Value) -> Reply {
        let mut state = self.0.state.lock();
        let before = state.things.insert(path.to_owned(), vec![value.clone()]);
        if before.as_ref().and_then(|it| it.first()) != Some(value) {
            state.effects.push(format!("set {path}"));
        }
        (200, value.clone())
    }

    /// Removes something that is there.
    fn forget(&self, path: &str) -> Reply {
        let mut state = self.0.state.lock();
        if state.things.remove(path).is_none() {
            return missing();
        }
        state.effects.push(format!("delete {path}"));
        (204, Value::Null)
    }

    /// Adds to a list what nobody asks for by number.
    fn remember(&self, path: &str, value: Value) {
        let mut state = self.0.state.lock();
        state.things.entry(path.to_owned()).or_default().push(value);
    }

    /// Removes an entry of a list; it is known by one of its members.
    fn remove(&self, list: &str, name: &str, value: &str) -> Reply {
        let is_meant = |it: &Value| {
            let found = &it[name];
            let number = found.as_u64().map(|number| number.to_string());
            number.as_deref().or(found.as_str()) == Some(value)
        };
        let mut state = self.0.state.lock();
        let entries = state.things.entry(list.to_owned()).or_default();
        let n_before = entries.len();
        entries.retain(|it| !is_meant(it));
        if entries.len() == n_before {
            return missing();
        }
        state.effects.push(format!("delete {list}/{value}"));
        (204, Value::Null)
    }

    fn get(&self, path: &str) -> Reply {
        match self.list(path).pop() {
            Some(value) => (200, value),
            None => missing(),
        }
    }

    /// Makes a repository, unless there is one.
    fn create(&self, name: &str) -> Reply {
        if self.repository(name).exists() {
            return refused("name already exists on this account");
        }
        self.make(name);
        self.effect(format!("new {name}"));
        (201, self.describe(name).1)
    }

    fn describe(&self, name: &str) -> Reply {
        if !self.repository(name).exists() {
            return missing();
        }
        let base = format!("http://{}/{name}", self.0.name);
        // A host with a name is one that people see by HTTPS.
        let page = if self.0.name == self.0.authority {
            base.clone()
        } else {
            base.replace("http:", "https:")
        };
        let about = json!({
            "id": 7, "default_branch": "main", "path_with_namespace": name,
            "clone_url": format!("{base}.git"), "html_url": page,
            "http_url_to_repo": format!("{base}.git"), "web_url": page,
        });
        (200, about)
    }
}

fn gitea(forge: &Forge, method: &str, path: &[&str], body: &Value) -> Reply {
    // This host has another name there.
    let renamed = |(status, reply): Reply| {
        let text = reply.to_string();
        let text = text.replace(forge.authority(), &forge.other_authority());
        (status, text.parse::<Value>().unwrap())
    };
    match (method, path) {
        ("GET", ["orgs", _]) => (200, json!({ "id": 1 })),
        ("POST", ["orgs", owner, "repos"]) => renamed(forge.create(&named(owner, body))),
        ("GET", ["repos", owner, name]) => renamed(forge.describe(&format!("{owner}/{name}"))),
        _ => missing(),
    }
}

fn named(owner: &str, body: &Value) -> String {
    format!("{owner}/{}", body["name"].as_str().unwrap_or_default())
}

fn github_users(method: &str, path: &[&str]) -> Reply {
    match (method, path) {
        ("GET", ["users", _]) => (200, json!({ "type": "Organization", "id": 9 })),
        ("GET", ["orgs", _, "teams", _]) => (200, json!({ "id": 5 })),
        _ => missing(),
    }
}

fn github(forge: &Forge, method: &str, path: &[&str], body: &Value) -> Reply {
    match (method, path) {
        ("POST", ["orgs", owner, "repos"]) => forge.create(&named(owner, body)),
        ("GET", ["repos", owner, name]) => forge.describe(&format!("{owner}/{name}")),
        (_, ["repos", owner, name, path @ ..]) => {
            let repository = format!("{owner}/{name}");
            if !forge.repository(&repository).exists() {
                return missing();
            }
            github_repository(forge, &repository, method, path, body)
        }
        _ => github_users(method, path),
    }
}

/// What is below a repository of GitHub.
fn github_repository(
    forge: &Forge,
    name: &str,
    method: &str,
    path: &[&str],
    body: &Value,
) -> Reply {
    let full = format!("{name}/{}", path.join("/"));
    match (method, path) {
        ("GET", ["issues" | "hooks" | "autolinks" | "pulls" | "keys"]) => {
            (200, forge.list(&full).into())
        }
        ("GET", [.., "secrets", "public-key"]) => {
            (200, json!({ "key": SECRETS_KEY, "key_id": "k1" }))
        }
        // The same secret looks different in every box.
        ("PUT", [.., "secrets", _]) => {
            forge.set(&full, &body["key_id"]);
            (201, Value::Null)
        }
        ("POST", ["issues" | "keys"]) => forge.add(&full, body.clone(), &body["title"]),
        ("POST", ["pulls"]) => {
            let mut pull = body.clone();
            pull["base"] = json!({ "ref": body["base"] });
            forge.add(&full, pull, &body["title"])
        }
        ("POST", ["hooks"]) => forge.add(&full, body.clone(), &body["config"]["url"]),
        ("POST", ["autolinks"]) => {
            let is_same = |it: &Value| it["key_prefix"] == body["key_prefix"];
            if forge.list(&full).iter().any(is_same) {
                return refused("key_prefix already exists");
            }
            forge.add(&full, body.clone(), &body["key_prefix"])
        }
        (_, ["issues", _, ..]) => github_issue(forge, name, method, path, body),
        ("DELETE", [list @ ("hooks" | "keys" | "autolinks"), number]) => {
            forge.remove(&format!("{name}/{list}"), "id", number)
        }
        ("POST", ["pages"]) if !forge.list(&full).is_empty() => refused("Pages is enabled already"),
        ("POST", ["pages"]) => (201, forge.set(&full, body).1),
        ("GET", ["pages"]) => forge.get(&full),
        ("PATCH", ["environments", _, "variables", _] | ["pulls", _])
        | ("POST", ["pulls", _, "requested_reviewers"])
        | (
            "PUT",
            ["topics" | "environments" | "collaborators", ..] | ["branches", _, "protection"],
        ) => forge.set(&full, body),
        (
            "POST",
            [
                "environments",
                _,
                "deployment-branch-policies" | "variables",
            ],
        ) => {
            let is_same = |it: &Value| it["name"] == body["name"] && it["type"] == body["type"];
            if forge.list(&full).iter().any(is_same) {
                let is_policy = full.ends_with("policies");
                return (if is_policy { 303 } else { 409 }, Value::Null);
            }
            forge.add(&full, body.clone(), &body["name"])
        }
        (_, ["actions", "workflows", ..]) => github_workflow(forge, &full, method, body),
        ("GET", ["contents", path @ ..]) => {
            let file = forge.try_git(name, &["show", &format!("main:{}", path.join("/"))]);
            file.map_or_else(missing, |text| (200, text.into()))
        }
        ("GET", ["branches", branch]) => branch_of(forge, name, branch),
        ("GET", ["commits", reference]) => {
            let hash = forge.try_git(name, &["rev-parse", reference]);
            hash.map_or_else(missing, |hash| (200, hash.trim().into()))
        }
        (_, ["git", path @ ..]) => github_git(forge, name, method, path, body),
        _ => missing(),
    }
}

/// An issue and its labels.
fn github_issue(forge: &Forge, name: &str, method: &str, path: &[&str], body: &Value) -> Reply {
    let full = format!("{name}/{}", path.join("/"));
    match (method, path) {
        ("GET", [_, _, "labels"]) => (200, forge.list(&full).into()),
        ("POST", [_, _, "labels"]) => {
            let had = forge.list(&full);
            for label in body["labels"].as_array().into_iter().flatten() {
                if !had.iter().any(|it| it["name"] == *label) {
                    forge.add(&full, json!({ "name": label }), label);
                }
            }
            (200, forge.list(&full).into())
        }
        ("DELETE", [_, number, "labels", label]) => {
            forge.remove(&format!("{name}/issues/{number}/labels"), "name", label)
        }
        ("POST", [_, _, "assignees"]) | ("PATCH", [_, _]) => forge.set(&full, body),
        _ => missing(),
    }
}

/// The runs of a workflow, which are started and listed.
fn github_workflow(forge: &Forge, full: &str, method: &str, body: &Value) -> Reply {
    if method == "GET" {
        let mut runs = forge.list(full);
        runs.reverse();
        return (
            200,
            json!({ "total_count": runs.len(), "workflow_runs": runs }),
        );
    }
    let runs = full.replace("dispatches", "runs");
    let run = json!({ "event": "workflow_dispatch", "head_branch": body["ref"] });
    let (_, run) = forge.add(&runs, run, &body["ref"]);
    if body["return_run_details"] != true {
        return (204, Value::Null);
    }
    let told = json!({
        "workflow_run_id": run["id"], "html_url": run["html_url"], "run_url": run["url"],
    });
    (200, told)
}

fn branch_of(forge: &Forge, name: &str, branch: &str) -> Reply {
    let ask = |what: &str| {
        let found = forge.try_git(name, &["rev-parse", &format!("{branch}^{{{what}}}")]);
        found.map(|hash| hash.trim().to_owned())
    };
    match (ask("commit"), ask("tree")) {
        (Some(commit), Some(tree)) => {
            let about = json!({ "sha": commit, "commit": { "tree": { "sha": tree } } });
            (200, json!({ "name": branch, "commit": about }))
        }
        _ => missing(),
    }
}

/// Objects and references by API. An object that nothing refers to changes nothing.
fn github_git(forge: &Forge, name: &str, method: &str, path: &[&str], body: &Value) -> Reply {
    let heads = |branch: &str| format!("{name}/git/refs/heads/{branch}");
    let target = |sha: &Value| json!({ "object": { "sha": sha } });
    match (method, path) {
        ("POST", ["blobs" | "trees" | "commits"]) => {
            // The same content at another time is another commit.
            let number = forge.n_requests();
            (201, json!({ "sha": format!("{number:040x}") }))
        }
        ("POST", ["refs"]) => {
            let branch = body["ref"].as_str().unwrap_or_default();
            let branch = branch.trim_start_matches("refs/heads/");
            if !forge.list(&heads(branch)).is_empty() {
                return refused("Reference already exists");
            }
            (201, forge.set(&heads(branch), &target(&body["sha"])).1)
        }
        ("PATCH", ["refs", "heads", branch]) => forge.set(&heads(branch), &target(&body["sha"])),
        ("GET", ["ref", "heads", branch]) => forge.get(&heads(branch)),
        ("GET", ["trees", hash]) => {
            let listed = forge.try_git(name, &["ls-tree", "-r", hash]);
            listed.map_or_else(missing, |text| (200, tree_of(&text)))
        }
        ("GET", ["blobs", hash]) => {
            let content = forge.try_git(name, &["cat-file", "blob", hash]);
            content.map_or_else(missing, |text| (200, text.into()))
        }
        _ => missing(),
    }
}

/// What `git ls-tree` tells, as GitHub tells it.
fn tree_of(listed: &str) -> Value {
    let item = |line: &str| {
        let (about, path) = line.split_once('\t')?;
        let about: Vec<&str> = about.split(' ').collect();
        Some(json!({ "mode": about[0], "type": about[1], "sha": about[2], "path": path }))
    };
    let items: Vec<Value> = listed.lines().filter_map(item).collect();
    json!({ "tree": items, "truncated": false })
}

/// Argo CD takes the same thing again, and refuses another one of the same name.
fn argo(forge: &Forge, kind: &str, body: &Value) -> Reply {
    let thing = if kind == "projects" {
        &body["project"]
    } else {
        body
    };
    let name = thing["metadata"]["name"].as_str().unwrap_or_default();
    let path = format!("argo/{kind}/{name}");
    let known = forge.list(&path);
    if known.first().is_some_and(|it| it != thing) {
        return refused("existing spec is different");
    }
    forge.set(&path, thing)
}
