//! Attacks that other portals fell to. `docs/guide/templates.md` lists each with its test.

use std::os::unix::fs::symlink;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use parking_lot::Mutex;
use platform::permission::{Condition, Decision};
use serde_json::{Value, json};
use testkit::Forge;

use crate::bench::Bench;

/// A bench whose GitHub is at this address.
async fn with_github(authority: &str) -> Bench {
    let api = format!("http://{authority}/api/v3");
    let github = json!([{"host": authority, "apiBaseUrl": api, "token": "forge-token"}]);
    let integrations = json!({"github": github, "gitea": [], "gitlab": []});
    Bench::with_integrations(authority, &integrations).await
}

async fn run(bench: &Bench, steps: Value) -> (String, String) {
    bench
        .template("t", json!({"type": "x", "steps": steps}))
        .await;
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    (status, Value::from(events).to_string())
}

#[tokio::test]
async fn a_change_request_takes_no_files_from_outside() {
    let forge = Forge::start().await;
    forge.make("acme/shop");
    let bench = with_github(forge.authority()).await;
    std::fs::write(bench.folder.path().join("outside.txt"), "outside").unwrap();
    let repo = format!("{}?owner=acme&repo=shop", forge.authority());
    for (name, value) in [
        ("sourcePath", "../.."),
        ("sourcePath", "/"),
        ("targetPath", "../.."),
        ("sourcePath", "a/../../.."),
    ] {
        let mut input =
            json!({"repoUrl": repo, "branchName": "b", "title": "t", "description": "d"});
        input[name] = value.into();
        let action = "publish:github:pull-request";
        let (status, told) = run(
            &bench,
            json!([{"id": "s", "action": action, "input": input}]),
        )
        .await;
        assert_eq!(status, "failed", "{name} {value}");
        assert!(told.contains("NotAllowedError"), "{told}");
    }
    let calls = forge.calls();
    assert!(
        !calls.iter().any(|call| call.contains("/git/")),
        "{calls:?}"
    );
}

#[tokio::test]
async fn links_out_of_the_workspace_are_refused_by_every_step() {
    let bench = Bench::new().await;
    std::fs::write(bench.folder.path().join("outside.txt"), "outside").unwrap();
    let skeletons = [
        ("direct", vec![("../../outside.txt", "link")]),
        ("absolute", vec![("/etc/hostname", "link")]),
        ("dangling", vec![("../../nothing", "link")]),
        (
            "chain",
            vec![("../..", "first"), ("first/outside.txt", "link")],
        ),
        ("folder", vec![("../..", "link")]),
    ];
    for (name, links) in skeletons {
        bench.beside(&format!("{name}/a.txt"), "a");
        for (target, link) in links {
            let link = bench.folder.path().join(format!("templates/{name}/{link}"));
            symlink(target, link).unwrap();
        }
        for fetch in ["fetch:plain", "fetch:template"] {
            let (status, told) = run(
                &bench,
                json!([
                    {"id": "fetch", "action": fetch, "input": {"url": format!("./{name}")}},
                    {"id": "read", "if": "${{ always() }}", "action": "roadiehq:utils:fs:parse",
                     "input": {"path": "link"}},
                    {"id": "show", "if": "${{ always() }}", "action": "debug:log",
                     "input": {"listWorkspace": "with-contents"}},
                    {"id": "delete", "if": "${{ always() }}", "action": "fs:delete",
                     "input": {"files": ["link", "link/*"]}},
                ]),
            )
            .await;
            assert_eq!(status, "failed", "{fetch} {name}: {told}");
            assert!(
                !told.contains("outside\\n") && !told.contains("\"outside\""),
                "{told}"
            );
        }
    }
    let left = std::fs::read_to_string(bench.folder.path().join("outside.txt"));
    assert_eq!(left.unwrap(), "outside");
}

#[tokio::test]
async fn a_configuration_of_git_that_a_template_brings_is_not_used() {
    let forge = Forge::start().await;
    let thief = Forge::start().await;
    let bench = with_github(forge.authority()).await;
    bench.beside("s/README.md", "x");
    let config = format!(
        "[url \"http://{}/\"]\n\tinsteadOf = http://{}/\n[http]\n\tproxy = http://{}/\n",
        thief.authority(),
        forge.authority(),
        thief.authority(),
    );
    bench.beside("s/.git/config", &config);
    bench.beside("s/.git/hooks/pre-push", "#!/bin/sh\nexit 1\n");
    let repo = format!("{}?owner=acme&repo=shop", forge.authority());
    let (status, told) = run(
        &bench,
        json!([
            {"id": "fetch", "action": "fetch:plain", "input": {"url": "./s"}},
            {"id": "publish", "action": "publish:github", "input": {
                "repoUrl": repo, "defaultBranch": "main"}},
        ]),
    )
    .await;
    assert_eq!(status, "completed", "{told}");
    assert_eq!(thief.n_requests(), 0);
    let listed = forge.git("acme/shop", &["ls-tree", "-r", "--name-only", "main"]);
    assert_eq!(listed, "README.md\n");
}

#[tokio::test]
async fn secrets_are_hidden_however_a_template_writes_them() {
    let bench = Bench::new().await;
    bench
        .template(
            "t",
            json!({"type": "x", "steps": [
                {"id": "reverse", "action": "debug:log", "input": {"message": "${{ secrets.token | reverse }}"}},
                {"id": "replace", "action": "debug:log", "input": {"message": "${{ secrets.token | replace('-', '_') }}"}},
                {"id": "encode", "action": "debug:log", "input": {"message": "${{ {a: secrets.token} | dump | urlencode }}"}},
                {"id": "split", "action": "debug:log", "input": {"message": "${{ secrets.token.split('-') | last }}"}},
                {"id": "part", "action": "debug:log", "input": {"message": "<${{ secrets.token | truncate(8, true, '') }}>"}},
                {"id": "loop", "each": "${{ secrets.token.split('-') }}", "action": "debug:log",
                 "input": {"message": "part ${{ each.value }}"}},
                {"id": "names", "each": ["${{ secrets.token | upper }}"], "action": "debug:log",
                 "input": {"message": "name ${{ each.value }}"}},
                {"id": "wrong", "action": "debug:log", "input": {"listWorkspace": "${{ secrets.token | upper }}"}},
            ]}),
        )
        .await;
    let secret = json!({"token": "alpha-bravo-charlie"});
    let (_, events) = bench.run("t", json!({}), secret).await;
    let told = Value::from(events).to_string();
    for seen in [
        "alpha-bravo",
        "eilrahc",
        "alpha_bravo",
        "%22a%22",
        "charlie",
        "alpha-br",
        "bravo",
        "ALPHA-BRAVO",
    ] {
        assert!(!told.contains(seen), "{seen} is in {told}");
    }
    // Something was shown at all.
    assert!(told.contains("part ***"), "{told}");
}

#[tokio::test]
async fn a_trial_tells_no_secret_of_the_environment() {
    let bench = Bench::new().await;
    let message = "${{ environment.secrets.key }} ${{ environment.secrets.key | upper }}";
    let template = json!({
        "apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template", "metadata": {"name": "t"},
        "spec": {"type": "x", "steps": [
            {"id": "log", "action": "debug:log", "input": {"message": message}},
            {"id": "write", "action": "roadiehq:utils:fs:write", "input": {"path": "a", "content": message}},
            {"id": "effect", "action": "test:effect", "input": {"say": message}},
        ], "output": {"said": "${{ steps.effect.output.said }}${{ environment.secrets.key }}"}},
    });
    let body = json!({"template": template, "values": {}, "directoryContents": []});
    let (status, answer) = bench.post("/v2/dry-run", body).await;
    assert_eq!(status, 200, "{answer}");
    let files = answer["directoryContents"].as_array().unwrap();
    // Of what was written, the bytes are shown.
    for_each_text(files, |text| {
        assert!(
            !text.to_lowercase().contains("environment-secret"),
            "{text}"
        );
    });
    let told = answer.to_string().to_lowercase();
    assert!(!told.contains("environment-secret"), "{told}");
}

fn for_each_text(files: &[Value], check: impl Fn(&str)) {
    use base64::Engine as _;
    for file in files {
        let content = file["base64Content"].as_str().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(content);
        check(&String::from_utf8(bytes.unwrap()).unwrap());
    }
}

#[tokio::test]
async fn tasks_are_ordered_by_what_is_public() {
    let bench = Bench::new().await;
    for hidden in ["secrets", "seal_id", "initiator", "spec", "fence", "id;--"] {
        let (status, _) = bench.get(&format!("/v2/tasks?order=asc:{hidden}")).await;
        assert_eq!(status, 400, "{hidden}");
    }
}

#[tokio::test]
async fn a_task_shows_what_clients_need_and_nothing_else() {
    let bench = Bench::new().await;
    bench.template("t", json!({"type": "x", "steps": []})).await;
    let id = bench
        .create("t", json!({}), json!({"token": "s3cret-token"}))
        .await;
    bench.wait(&id).await;
    let (_, task) = bench.get(&format!("/v2/tasks/{id}")).await;
    let (_, list) = bench.get("/v2/tasks").await;
    let public = [
        "createdAt",
        "createdBy",
        "id",
        "lastHeartbeatAt",
        "spec",
        "status",
    ];
    for task in [&task, &list["tasks"][0]] {
        for name in task.as_object().unwrap().keys() {
            assert!(public.contains(&name.as_str()), "{name}");
        }
        assert!(!task.to_string().contains("s3cret"), "{task}");
    }
}

#[tokio::test]
async fn an_api_that_redirects_leads_no_token_elsewhere() {
    let thief = Forge::start().await;
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let redirect = |State((heard, to)): State<(Arc<Mutex<Vec<String>>>, String)>,
                    request: Request| async move {
        heard.lock().push(request.uri().path().to_owned());
        Response::builder()
            .status(307)
            .header("location", format!("http://{to}{}", request.uri().path()))
            .body(axum::body::Body::empty())
            .unwrap()
    };
    let state = (Arc::clone(&heard), thief.authority().to_owned());
    let router = Router::new().fallback(redirect).with_state(state);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let bench = with_github(&authority).await;
    let repo = format!("{authority}?owner=acme&repo=shop");
    for (action, input) in [
        ("publish:github", json!({"repoUrl": repo})),
        (
            "github:webhook",
            json!({"repoUrl": repo, "webhookUrl": "http://169.254.169.254/"}),
        ),
        (
            "argocd:create-resources",
            json!({"appName": "a", "argoInstance": "main", "namespace": "a", "repoUrl": "x", "path": "p"}),
        ),
    ] {
        let (status, told) = run(
            &bench,
            json!([{"id": "s", "action": action, "input": input}]),
        )
        .await;
        assert_eq!(status, "failed", "{action}: {told}");
    }
    assert_eq!(heard.lock().len(), 3);
    assert_eq!(thief.n_requests(), 0);
}

#[tokio::test]
async fn every_round_of_a_loop_needs_the_permission_for_its_own_input() {
    let bench = Bench::new().await;
    let only = Decision::Conditional(Condition::Rule {
        rule: "HAS_STRING_PROPERTY".into(),
        resource_type: "scaffolder-action".into(),
        params: json!({"key": "say", "value": "allowed"}),
    });
    bench
        .catalog
        .access
        .decide("scaffolder.action.execute", only);
    let (status, told) = run(
        &bench,
        json!([{"id": "s", "each": ["allowed", "forbidden"], "action": "test:effect",
                "input": {"say": "${{ each.value }}"}}]),
    )
    .await;
    assert_eq!(status, "failed");
    assert!(told.contains("NotAllowedError"), "{told}");
    assert_eq!(bench.peer.lock().said, ["allowed"]);
}
