//! Pipelines and branch restrictions of Bitbucket Cloud.

use http::Method;
use integrations::Kind;
use platform::actions::Run;
use platform::{Error, Result};
use serde_json::{Value, json};

use super::Reach;
use super::publish::{Host, text};

/// Starts a pipeline. A run cannot be told from another one, so that it is not repeated.
pub(super) async fn run_pipeline(reach: &Reach, input: &Value) -> Result<Value> {
    let hosts = reach.catalog.integrations().list();
    let cloud = hosts.iter().find(|it| it.kind() == Kind::BitbucketCloud);
    let cloud = cloud.ok_or_else(|| Error::input("Bitbucket Cloud is not configured"))?;
    let whole = json!({ "repoUrl": cloud.host(), "token": input["token"] });
    let host = Host::alone(reach, &whole, Kind::BitbucketCloud).await?;
    let part = |name: &str| text(input, name).unwrap_or_default();
    let path = [
        "repositories",
        part("workspace"),
        part("repo_slug"),
        "pipelines",
    ];
    let body = input.get("body").cloned().unwrap_or_else(|| json!({}));
    let started = host.demand(Method::POST, &path, Some(body)).await?;
    let page = started["repository"]["links"]["html"]["href"].as_str();
    let page = page.unwrap_or_default();
    Ok(json!({
        "buildNumber": started["build_number"],
        "repoUrl": page,
        "pipelinesUrl": format!("{page}/pipelines"),
    }))
}

/// Restricts what may be done to branches.
pub(super) async fn restrict_branch(run: &Run, reach: &Reach, input: &Value) -> Result<Value> {
    let host = Host::of(reach, input, Kind::BitbucketCloud).await?;
    let kind = text(input, "kind").unwrap_or_default();
    let how = text(input, "branchMatchKind").unwrap_or("branching_model");
    let list = |name: &str, key: &str, kind: &str| -> Value {
        let given = input[name].as_array().into_iter().flatten();
        given
            .map(|one| json!({ key: one[key], "type": kind }))
            .collect()
    };
    let mut body = json!({
        "type": "branchrestriction",
        "kind": kind,
        "branch_match_kind": how,
        "users": list("users", "uuid", "user"),
        "groups": list("groups", "slug", "group"),
        "value": match kind {
            "push" => Value::Null,
            _ => input.get("value").cloned().unwrap_or_else(|| 1.into()),
        },
    });
    let by = if how == "glob" {
        body["pattern"] = text(input, "pattern").unwrap_or_default().into();
        "pattern"
    } else {
        body["branch_type"] = text(input, "branchType").unwrap_or("development").into();
        "branch_type"
    };
    let same = [kind.into(), body[by].clone()];
    let workspace = host.part("workspace")?;
    let path = [
        "repositories",
        workspace,
        host.name(),
        "branch-restrictions",
    ];
    let find = async {
        let mut url = host.api(&path)?;
        url.query_pairs_mut().append_pair("kind", kind);
        let found = host.find_at(url).await?.unwrap_or_default();
        let mut entries = found["values"].as_array().into_iter().flatten();
        let is_same = |entry: &&Value| [&entry["kind"], &entry[by]] == [&same[0], &same[1]];
        Ok(entries.find(is_same).cloned())
    };
    let make = host.demand(Method::POST, &path, Some(body));
    let made = run.once("restriction", make, find).await?;
    Ok(json!({ "statusCode": 201, "json": made.to_string() }))
}
