//! The API of GitLab. A project is known by its path, and its number is that of its making.

use serde_json::{Value, json};

use super::{Forge, Reply, missing, named};

/// Paths of the projects, by number.
const PROJECTS: &str = "gitlab/projects";

pub(super) fn answer(forge: &Forge, method: &str, path: &[&str], body: &Value) -> Reply {
    match (method, path) {
        ("GET", ["namespaces", _]) => (200, json!({ "id": 3 })),
        ("POST", ["projects"]) => {
            let name = named("acme", body);
            let made = forge.create(&name);
            if made.0 == 201 {
                forge.remember(PROJECTS, json!(name));
            }
            describe(forge, &name, made.0)
        }
        ("GET", ["projects", name]) => describe(forge, name, 200),
        ("GET", ["groups", name]) => {
            let groups = forge.list("groups");
            let found = groups.into_iter().find(|it| it["full_path"] == **name);
            found.map_or_else(missing, |group| (200, group))
        }
        ("POST", ["groups"]) => create_group(forge, body),
        (_, ["groups", id, path @ ..]) => group(forge, id, method, path, body),
        ("GET", ["users"]) => (200, json!([user(4)])),
        ("GET", ["users", id]) => (200, user(id.parse().unwrap_or_default())),
        ("GET", ["user"]) => (200, user(3)),
        ("POST", ["bulk_imports"]) => forge.add("bulk_imports", body.clone(), &json!("import")),
        (_, ["projects", id, path @ ..]) => match name_of(forge, id) {
            Some(name) => project(forge, &name, method, path, body),
            None => missing(),
        },
        _ => missing(),
    }
}

fn describe(forge: &Forge, name: &str, status: u16) -> Reply {
    let (found, mut about) = forge.describe(name);
    let number = forge.list(PROJECTS).iter().position(|it| it == name);
    about["id"] = number.map_or(0, |it| it + 1).into();
    (if found == 200 { status } else { found }, about)
}

fn name_of(forge: &Forge, id: &str) -> Option<String> {
    let projects = forge.list(PROJECTS);
    let project = match id.parse::<usize>() {
        Ok(number) => projects.get(number.checked_sub(1)?)?.as_str()?,
        Err(_) => projects.iter().find(|it| **it == id)?.as_str()?,
    };
    Some(project.to_owned())
}

fn create_group(forge: &Forge, body: &Value) -> Reply {
    let mut group = body.clone();
    let slug = body["path"].as_str().unwrap_or_default();
    let groups = forge.list("groups");
    let parent = groups.iter().find(|it| it["id"] == body["parent_id"]);
    group["full_path"] = match parent {
        Some(parent) => format!("{}/{slug}", parent["full_path"].as_str().unwrap()).into(),
        None => slug.into(),
    };
    let label = group["full_path"].clone();
    forge.add("groups", group, &label)
}

fn user(id: u32) -> Value {
    json!({
        "id": id, "username": "ada", "name": "Ada", "state": "active",
        "web_url": "https://gitlab.example.com/ada", "email": null,
        "created_at": "2024-01-01T00:00:00.000Z",
    })
}

/// Members of a group: users, and groups it is shared with.
fn group(forge: &Forge, id: &str, method: &str, path: &[&str], body: &Value) -> Reply {
    let full = format!("groups/{id}/{}", path.join("/"));
    let member = |name: &str| format!("{full}/{}", body[name]);
    match (method, path) {
        ("POST", ["members" | "share"]) => {
            let name = if path == ["share"] {
                "group_id"
            } else {
                "user_id"
            };
            let place = member(name);
            if !forge.list(&place).is_empty() {
                return (409, json!({ "message": "is a member already" }));
            }
            let role = ["access_level", "group_access"].map(|name| body[name].clone());
            (
                201,
                forge
                    .set(
                        &place,
                        &role.into_iter().filter(|it| !it.is_null()).collect(),
                    )
                    .1,
            )
        }
        ("PUT", ["members", _]) => forge.set(&full, &json!([body["access_level"]])),
        ("DELETE", ["members" | "share", _]) => forge.forget(&full),
        _ => missing(),
    }
}

/// What is below a project.
fn project(forge: &Forge, name: &str, method: &str, path: &[&str], body: &Value) -> Reply {
    let full = format!("{name}/{}", path.join("/"));
    let taken = |it: &Value| {
        it["key"] == body["key"] && it["environment_scope"] == body["environment_scope"]
    };
    match (method, path) {
        ("GET", ["issues" | "merge_requests"]) => (200, forge.list(&full).into()),
        ("POST", ["issues" | "merge_requests"]) => forge.add(&full, body.clone(), &body["title"]),
        ("POST", ["variables"]) if forge.list(&full).iter().any(taken) => {
            (400, json!({ "message": "(ATTR) has already been taken" }))
        }
        ("POST", ["variables"]) => forge.add(&full, body.clone(), &body["key"]),
        (
            "PUT",
            ["issues" | "variables" | "merge_requests", _] | ["merge_requests", _, "merge"],
        ) => forge.set(&full, body),
        ("GET", ["merge_requests", _, "approval_rules"]) => (
            200,
            json!([{ "eligible_approvers": [{ "id": 4 }, { "id": 8 }] }, {}]),
        ),
        ("POST", ["members" | "protected_branches"]) => {
            let label = body.get("name").unwrap_or(&body["user_id"]).clone();
            let place = format!("{full}/{label}");
            if !forge.list(&place).is_empty() {
                return (409, json!({ "message": "is there already" }));
            }
            (201, forge.set(&place, body).1)
        }
        ("POST", ["access_tokens" | "deploy_tokens" | "triggers"]) => {
            let mut token = body.clone();
            token["token"] = format!("made-for-{}", path[0]).into();
            let label = body.get("name").unwrap_or(&body["description"]).clone();
            forge.add(&full, token, &label)
        }
        ("DELETE", [list @ ("access_tokens" | "deploy_tokens"), number]) => {
            forge.remove(&format!("{name}/{list}"), "id", number)
        }
        ("DELETE", ["variables", key]) => forge.remove(&format!("{name}/variables"), "key", key),
        ("DELETE", ["triggers", _]) => {
            forge.effect(format!("delete {full}"));
            (204, Value::Null)
        }
        ("POST", ["trigger", "pipeline"]) => forge.add(&full, body.clone(), &body["ref"]),
        ("GET", ["repository", "tree"]) => (200, tree(forge, name)),
        ("POST", ["repository", "branches"]) => {
            let branch = body["branch"].as_str().unwrap_or_default();
            (
                201,
                forge
                    .set(&format!("{full}/{branch}"), &json!({ "name": branch }))
                    .1,
            )
        }
        ("POST", ["repository", "commits"]) => {
            let branch = body["branch"].as_str().unwrap_or_default();
            let message = body["commit_message"].as_str().unwrap_or_default();
            // The same commit has the same id.
            let id = format!("{:040x}", message.len());
            let commit = json!({ "id": id, "message": message });
            let place = format!("{name}/repository/branches/{branch}");
            forge.set(&place, &json!({ "commit": commit }));
            (201, commit)
        }
        ("GET", ["repository", "branches", _]) => forge.get(&full),
        _ => missing(),
    }
}

/// All files of the default branch, as one page.
fn tree(forge: &Forge, name: &str) -> Value {
    let format = "--format=%(objectname) %(path)";
    let listed = forge.try_git(name, &["ls-tree", "-r", format, "main"]);
    let listed = listed.unwrap_or_default();
    let entry = |line: &str| {
        let (id, path) = line.split_once(' ')?;
        Some(json!({ "id": id, "path": path, "type": "blob" }))
    };
    listed.lines().filter_map(entry).collect()
}
