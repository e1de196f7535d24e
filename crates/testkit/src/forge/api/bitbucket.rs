//! The APIs of Bitbucket: in the cloud, and of servers, whose repositories are below `scm`.

use serde_json::{Value, json};

use super::{Forge, Reply, missing};

/// A thing with the links that Bitbucket adds.
fn linked((status, mut thing): Reply) -> Reply {
    let page = thing["html_url"].clone();
    if !page.is_null() {
        thing["links"] = json!({
            "html": { "href": page }, "self": [{ "href": page }],
            "clone": [
                { "name": "https", "href": thing["clone_url"] },
                { "name": "http", "href": thing["clone_url"] },
            ],
        });
        thing["mainbranch"] = json!({ "name": thing["default_branch"] });
    }
    (status, thing)
}

/// The entries of a list, as a page.
fn page(forge: &Forge, path: &str) -> Reply {
    let entries = forge.list(path).into_iter();
    let entries = entries.map(|entry| linked((200, entry)).1);
    (200, json!({ "values": entries.collect::<Vec<_>>() }))
}

pub(super) fn cloud(forge: &Forge, method: &str, path: &[&str], body: &Value) -> Reply {
    let ["repositories", workspace, repo, path @ ..] = path else {
        return missing();
    };
    let name = format!("{workspace}/{repo}");
    let full = format!("{name}/{}", path.join("/"));
    match (method, path) {
        ("POST", []) => {
            let (status, made) = linked(forge.create(&name));
            // This is how Bitbucket says both.
            (if status == 201 { 200 } else { 400 }, made)
        }
        ("GET", []) => linked(forge.describe(&name)),
        ("GET", ["pullrequests" | "branch-restrictions"]) => page(forge, &full),
        ("POST", ["pullrequests"]) => linked(forge.add(&full, body.clone(), &body["title"])),
        ("POST", ["branch-restrictions"]) => forge.add(&full, body.clone(), &body["kind"]),
        ("POST", ["pipelines"]) => {
            forge.effect(format!("run {full}"));
            let repository = linked(forge.describe(&name)).1;
            (201, json!({ "build_number": 7, "repository": repository }))
        }
        _ => missing(),
    }
}

pub(super) fn server(forge: &Forge, method: &str, path: &[&str], body: &Value) -> Reply {
    match path {
        ["api", "1.0", "projects", project, "repos"] if method == "POST" => {
            let name = body["name"].as_str().unwrap_or_default();
            linked(forge.create(&format!("scm/{project}/{name}")))
        }
        ["api", "1.0", "projects", project, "repos", repo, path @ ..] => {
            let name = format!("scm/{project}/{repo}");
            let full = format!("{name}/{}", path.join("/"));
            match (method, path) {
                ("GET", []) => linked(forge.describe(&name)),
                ("GET", ["default-branch"]) => (200, json!({ "displayId": "main" })),
                ("GET", ["pull-requests"]) => page(forge, &full),
                ("POST", ["pull-requests"]) => {
                    linked(forge.add(&full, body.clone(), &body["title"]))
                }
                _ => missing(),
            }
        }
        ["git-lfs", "admin", ..] if method == "PUT" => {
            (200, forge.set(&path.join("/"), &json!(true)).1)
        }
        _ => missing(),
    }
}
