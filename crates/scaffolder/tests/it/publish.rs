//! Publishing to git's own HTTP server, beside a double of the APIs of the hosts.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bench::Bench;

/// A host: repositories in a folder, and what its API was asked.
#[derive(Clone)]
struct Forge(Arc<Inner>);

struct Inner {
    folder: TempDir,
    calls: Mutex<Vec<(String, Value)>>,
    authority: String,
}

impl Forge {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let forge = Self(Arc::new(Inner {
            folder: tempfile::tempdir().unwrap(),
            calls: Mutex::default(),
            authority: listener.local_addr().unwrap().to_string(),
        }));
        let router = Router::new().fallback(answer).with_state(forge.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        forge
    }

    fn calls(&self) -> Vec<String> {
        self.0
            .calls
            .lock()
            .iter()
            .map(|(call, _)| call.clone())
            .collect()
    }

    fn body_of(&self, call: &str) -> Value {
        let calls = self.0.calls.lock();
        calls
            .iter()
            .find(|(found, _)| found == call)
            .unwrap()
            .1
            .clone()
    }

    /// Runs git in a repository of the host.
    fn git(&self, name: &str, args: &[&str]) -> String {
        let folder = self.0.folder.path().join(name);
        let output = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(args)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn make(&self, name: &str) -> Value {
        let folder = self.0.folder.path().join(format!("acme/{name}.git"));
        let run = |args: &[&str]| {
            let made = Command::new("git")
                .args(args)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            assert!(made.unwrap().success());
        };
        let path = folder.to_str().unwrap();
        run(&["init", "--bare", "-b", "main", path]);
        run(&["-C", path, "config", "http.receivepack", "true"]);
        let base = format!("http://{}/acme/{name}", self.0.authority);
        json!({
            "id": 7, "clone_url": format!("{base}.git"), "html_url": base,
            "http_url_to_repo": format!("{base}.git"), "web_url": base,
        })
    }
}

async fn answer(State(forge): State<Forge>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 10 << 20).await.unwrap();
    let path = parts.uri.path().to_owned();
    if !path.starts_with("/api/") {
        return backend(&forge, &parts, &bytes);
    }
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let call = format!("{} {path}", parts.method);
    forge.0.calls.lock().push((call.clone(), body.clone()));
    let authorization = parts
        .headers
        .get("authorization")
        .map(|it| it.to_str().unwrap());
    let reply = |status: u16, body: Value| {
        Response::builder()
            .status(status)
            .body(Body::from(body.to_string()))
            .unwrap()
    };
    if authorization.is_none_or(|it| !it.contains("forge-token")) {
        return reply(401, json!({"message": "no token"}));
    }
    let name = body["name"].as_str().unwrap_or_default().to_owned();
    match call.as_str() {
        "GET /api/v1/orgs/acme" => reply(200, json!({"id": 1})),
        "GET /api/v3/users/acme" => reply(200, json!({"type": "Organization"})),
        "GET /api/v4/namespaces/acme" => reply(200, json!({"id": 3})),
        "POST /api/v1/orgs/acme/repos"
        | "POST /api/v3/orgs/acme/repos"
        | "POST /api/v4/projects" => {
            if forge
                .0
                .folder
                .path()
                .join(format!("acme/{name}.git"))
                .exists()
            {
                return reply(
                    422,
                    json!({"message": "name already exists on this account"}),
                );
            }
            reply(201, forge.make(&name))
        }
        "PUT /api/v3/repos/acme/shop/branches/main/protection" => reply(200, json!({})),
        "POST /api/argo/api/v1/projects" | "POST /api/argo/api/v1/applications" => {
            reply(200, json!({"metadata": {"name": "shop"}}))
        }
        _ => reply(404, json!({"message": "not found"})),
    }
}

/// `git http-backend`, as a web server runs it.
fn backend(forge: &Forge, parts: &http::request::Parts, body: &[u8]) -> Response {
    use std::io::Write as _;
    let header = |name: &str| {
        let value = parts
            .headers
            .get(name)
            .map(|it| it.to_str().unwrap().to_owned());
        value.unwrap_or_default()
    };
    // Only who knows the token may push.
    let is_known = header("authorization").starts_with("Basic ");
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", forge.0.folder.path())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", if is_known { "pusher" } else { "" })
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("CONTENT_TYPE", header("content-type"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(body).unwrap();
    let output = child.wait_with_output().unwrap().stdout;
    let end = output.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let status = head
        .lines()
        .find_map(|line| line.strip_prefix("Status: ")?.get(..3)?.parse().ok());
    Response::builder()
        .status(status.unwrap_or(200_u16))
        .body(Body::from(output[end + 4..].to_vec()))
        .unwrap()
}

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
    let authority = &forge.0.authority;
    let base = format!("http://{authority}");
    // One address is one product, so each test says which.
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
        .template("t", template("publish:gitea", &forge.0.authority, &input))
        .await;
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    assert_eq!(status, "completed", "{events:#?}");
    let repo = "acme/shop.git";
    forge.git(repo, &["fsck", "--strict", "--full"]);
    let output = &events.last().unwrap()["body"]["output"];
    let base = format!("http://{}/acme/shop", forge.0.authority);
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
            template("publish:gitea", &forge.0.authority, &json!({})),
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
    let authority = &forge.0.authority;
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
    let authority = &forge.0.authority;
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
    let authority = &forge.0.authority;
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
        json!({"name": "shop", "visibility": "private", "namespace_id": 3})
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
    for (authority, input) in [
        ("other.example", json!({})),
        (
            forge.0.authority.as_str(),
            json!({"allowedHosts": ["github.com"]}),
        ),
        (forge.0.authority.as_str(), json!({"sourcePath": "../.."})),
        (forge.0.authority.as_str(), json!({"defaultBranch": "a b"})),
    ] {
        bench
            .template("t", template("publish:gitea", authority, &input))
            .await;
        let (status, events) = bench.run("t", json!({}), json!({})).await;
        assert_eq!(status, "failed", "{authority} {input}: {events:#?}");
    }
    assert!(
        !Path::new(forge.0.folder.path())
            .join("acme/shop.git/refs/heads/main")
            .exists()
    );
}
