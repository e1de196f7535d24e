//! Publishing to git's own HTTP server, beside a double of the APIs of the hosts.

use serde_json::{Value, json};
use testkit::Forge;

use crate::bench::Bench;

fn template(action: &str, authority: &str, input: &Value) -> Value {
    let mut publish =
        json!({"repoUrl": format!("{authority}?owner=acme&repo=shop"), "defaultBranch": "main"});
    for (name, value) in input.as_object().unwrap() {
        publish[name] = value.clone();
    }
    json!({"type": "x", "steps": [
        {"id": "fetch", "action": "fetch:plain", "input": {"url": "./skeleton"}},
        {"id": "publish", "action": action, "input": publish},
    ], "output": {"remote": "${{ steps.publish.output.remoteUrl }}",
                  "contents": "${{ steps.publish.output.repoContentsUrl }}",
                  "hash": "${{ steps.publish.output.commitHash }}"}})
}

async fn bench(forge: &Forge) -> Bench {
    let authority = &forge.other_authority();
    let base = format!("http://{authority}");
    let bench = Bench::with_integrations(
        authority,
        &json!({
            "gitea": [{"host": authority, "baseUrl": base, "password": "forge-token"}],
            "github": [], "gitlab": [],
        }),
    )
    .await;
    lay_out(&bench);
    bench
}

fn lay_out(bench: &Bench) {
    bench.beside("skeleton/README.md", "# Shop\n");
    bench.beside("skeleton/bin/run.sh", "#!/bin/sh\n");
    bench.beside("skeleton/.github/workflows/ci.yaml", "on: push\n");
    bench.beside("skeleton/a-b/x", "1");
    bench.beside("skeleton/a/x", "2");
    let script = bench.folder.path().join("templates/skeleton/bin/run.sh");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(script, mode).unwrap();
}

#[tokio::test]
async fn a_workspace_becomes_a_repository_that_git_accepts() {
    let forge = Forge::start().await;
    let bench = bench(&forge).await;
    let input = json!({"gitAuthorName": "Ada", "gitAuthorEmail": "ada@acme.example", "gitCommitMessage": "first"});
    bench
        .template(
            "t",
            template("publish:gitea", &forge.other_authority(), &input),
        )
        .await;
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    assert_eq!(status, "completed", "{events:#?}");
    let repo = "acme/shop.git";
    forge.git(repo, &["fsck", "--strict", "--full"]);
    let output = &events.last().unwrap()["body"]["output"];
    let base = format!("http://{}/acme/shop", forge.other_authority());
    assert_eq!(output["remote"], format!("{base}.git"));
    assert_eq!(output["contents"], format!("{base}/src/branch/main/"));
    assert_eq!(
        forge.git(repo, &["rev-parse", "main"]).trim(),
        output["hash"]
    );
    assert_eq!(
        forge
            .git(repo, &["log", "--format=%an <%ae> %s", "main"])
            .trim(),
        "Ada <ada@acme.example> first"
    );
    let listed = forge.git(
        repo,
        &["ls-tree", "-r", "--format=%(objectmode) %(path)", "main"],
    );
    assert_eq!(
        listed.lines().collect::<Vec<_>>(),
        [
            "100644 .github/workflows/ci.yaml",
            "100644 README.md",
            "100644 a-b/x",
            "100644 a/x",
            "100755 bin/run.sh"
        ]
    );
    assert_eq!(forge.git(repo, &["show", "main:README.md"]), "# Shop\n");
    assert!(!Value::from(events).to_string().contains("forge-token"));
}

#[tokio::test]
async fn a_repository_with_other_commits_is_left_alone() {
    let forge = Forge::start().await;
    let bench = bench(&forge).await;
    bench
        .template(
            "t",
            template("publish:gitea", &forge.other_authority(), &json!({})),
        )
        .await;
    assert_eq!(bench.run("t", json!({}), json!({})).await.0, "completed");
    let before = forge.git("acme/shop.git", &["rev-parse", "main"]);
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    assert_eq!(status, "failed");
    let error = &events.last().unwrap()["body"]["error"]["message"];
    assert!(
        error.as_str().unwrap().contains("already exists"),
        "{error}"
    );
    assert_eq!(forge.git("acme/shop.git", &["rev-parse", "main"]), before);
}

#[tokio::test]
async fn github_protects_what_was_pushed() {
    let forge = Forge::start().await;
    let authority = forge.authority();
    let bench = Bench::with_integrations(authority, &json!({
        "gitea": [], "gitlab": [],
        "github": [{"host": authority, "apiBaseUrl": format!("http://{authority}/api/v3"), "token": "forge-token"}],
    })).await;
    lay_out(&bench);
    let input = json!({"repoVisibility": "internal", "protectDefaultBranch": true,
                       "requireCodeOwnerReviews": true, "allowedHosts": [authority]});
    bench
        .template("t", template("publish:github", authority, &input))
        .await;
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    assert_eq!(status, "completed", "{events:#?}");
    assert_eq!(
        forge.calls(),
        [
            "GET /api/v3/users/acme",
            "POST /api/v3/orgs/acme/repos",
            "PUT /api/v3/repos/acme/shop/branches/main/protection"
        ]
    );
    let made = forge.body_of("POST /api/v3/orgs/acme/repos");
    assert_eq!(
        (&made["name"], &made["visibility"], &made["private"]),
        (&json!("shop"), &json!("internal"), &json!(false))
    );
    let rules = forge.body_of("PUT /api/v3/repos/acme/shop/branches/main/protection");
    assert_eq!(
        rules["required_pull_request_reviews"]["require_code_owner_reviews"],
        true
    );
    assert_eq!(rules["enforce_admins"], true);
    assert_eq!(
        events.last().unwrap()["body"]["output"]["contents"],
        format!("http://{authority}/acme/shop/blob/main")
    );
}

#[tokio::test]
async fn a_golden_path_ends_with_an_application_of_argo_cd() {
    let forge = Forge::start().await;
    let authority = forge.authority();
    let bench = Bench::with_integrations(authority, &json!({
        "gitea": [], "gitlab": [],
        "github": [{"host": authority, "apiBaseUrl": format!("http://{authority}/api/v3"), "token": "forge-token"}],
    })).await;
    lay_out(&bench);
    let mut spec = template("publish:github", authority, &json!({}));
    let deploy = json!({"id": "deploy", "action": "argocd:create-resources", "input": {
        "appName": "shop", "argoInstance": "main", "namespace": "shop",
        "repoUrl": "${{ steps.publish.output.remoteUrl }}", "path": "deploy/k8s"}});
    spec["steps"].as_array_mut().unwrap().push(deploy);
    bench.template("t", spec).await;
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    assert_eq!(status, "completed", "{events:#?}");
    let calls = forge.calls();
    assert_eq!(
        calls[calls.len() - 2..],
        [
            "POST /api/argo/api/v1/projects",
            "POST /api/argo/api/v1/applications"
        ]
    );
    let remote = format!("http://{authority}/acme/shop.git");
    let project = forge.body_of("POST /api/argo/api/v1/projects");
    assert_eq!(project["project"]["spec"]["sourceRepos"], json!([remote]));
    let application = forge.body_of("POST /api/argo/api/v1/applications");
    assert_eq!(
        application["metadata"]["labels"],
        json!({"backstage-name": "shop"})
    );
    assert_eq!(
        application["spec"]["source"],
        json!({"path": "deploy/k8s", "repoURL": remote})
    );
    assert_eq!(application["spec"]["destination"]["namespace"], "shop");
}

#[tokio::test]
async fn gitlab_has_projects_in_namespaces() {
    let forge = Forge::start().await;
    let authority = forge.authority();
    let bench = Bench::with_integrations(authority, &json!({
        "gitea": [], "github": [],
        "gitlab": [{"host": authority, "baseUrl": format!("http://{authority}"), "token": "forge-token"}],
    })).await;
    lay_out(&bench);
    bench
        .template("t", template("publish:gitlab", authority, &json!({})))
        .await;
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    assert_eq!(status, "completed", "{events:#?}");
    assert_eq!(
        forge.body_of("POST /api/v4/projects"),
        json!({"name": "shop", "path": "shop", "visibility": "private", "namespace_id": 3})
    );
    forge.git("acme/shop.git", &["rev-parse", "main"]);
    assert_eq!(
        events.last().unwrap()["body"]["output"]["contents"],
        format!("http://{authority}/acme/shop/-/blob/main")
    );
}

#[tokio::test]
async fn hosts_that_are_not_configured_or_allowed_are_refused() {
    let forge = Forge::start().await;
    let bench = bench(&forge).await;
    let authority = forge.other_authority();
    let authority = authority.as_str();
    for (host, input) in [
        ("other.example", json!({})),
        (authority, json!({"allowedHosts": ["github.com"]})),
        (authority, json!({"sourcePath": "../.."})),
        (authority, json!({"defaultBranch": "a b"})),
    ] {
        bench
            .template("t", template("publish:gitea", host, &input))
            .await;
        let (status, events) = bench.run("t", json!({}), json!({})).await;
        assert_eq!(status, "failed", "{host} {input}: {events:#?}");
    }
    assert!(!forge.effects().iter().any(|it| it.starts_with("push")));
}
