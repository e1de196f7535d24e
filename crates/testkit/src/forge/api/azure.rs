//! The API of Azure DevOps, whose repositories are below `organization/project/_git`.

use serde_json::{Value, json};

use super::{Forge, Reply, missing};

pub(super) fn answer(
    forge: &Forge,
    method: &str,
    project: &[&str; 2],
    path: &[&str],
    body: &Value,
) -> Reply {
    let place = |name: &str| format!("{}/_git/{name}", project.join("/"));
    match (method, path) {
        ("POST", ["git", "repositories"]) => {
            let name = body["name"].as_str().unwrap_or_default();
            described(project, forge.create(&place(name)))
        }
        ("GET", ["git", "repositories", name]) => described(project, forge.describe(&place(name))),
        _ => missing(),
    }
}

/// Azure writes the organization before the host for git.
fn described(project: &[&str; 2], (status, about): Reply) -> Reply {
    let Some(page) = about["html_url"].as_str() else {
        return (status, about);
    };
    let remote = page.replacen("://", &format!("://{}@", project[0]), 1);
    let about = json!({ "id": "r-7", "name": "api", "remoteUrl": remote, "webUrl": page });
    (status, about)
}
