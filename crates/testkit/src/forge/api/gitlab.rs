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
        ("PUT", ["issues" | "variables", _]) => forge.set(&full, body),
        ("POST", ["access_tokens" | "deploy_tokens" | "triggers"]) => {
            let mut token = body.clone();
            token["token"] = format!("made-for-{}", path[0]).into();
            let label = body.get("name").unwrap_or(&body["description"]).clone();
            forge.add(&full, token, &label)
        }
        ("DELETE", ["triggers", _]) => {
            forge.effect(format!("delete {full}"));
            (204, Value::Null)
        }
        ("POST", ["trigger", "pipeline"]) => forge.add(&full, body.clone(), &body["ref"]),
        ("HEAD", ["repository", "files", file]) => {
            let found = forge.try_git(name, &["cat-file", "-e", &format!("main:{file}")]);
            found.map_or_else(missing, |_| (200, Value::Null))
        }
        ("POST", ["repository", "commits"]) => {
            let branch = body["branch"].as_str().unwrap_or_default();
            let commit = json!({ "commit": { "message": body["commit_message"] } });
            let made = forge.set(&format!("{name}/repository/branches/{branch}"), &commit);
            (201, made.1)
        }
        ("GET", ["repository", "branches", _]) => forge.get(&full),
        _ => missing(),
    }
}
