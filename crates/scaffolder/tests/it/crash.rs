//! Processes that are killed at every point of a long task.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Forge, When};

use crate::bench::{Bench, Heard};
use crate::hosts::{integration, repo_url};

/// Steps of the task.
const N_STEPS: usize = 20;

fn steps() -> serde_json::Value {
    let step = |n: usize| match n % 4 {
        // Files are made, and looked at by a later step.
        0 => json!({"id": format!("s{n}"), "action": "catalog:write", "input": {
            "filePath": format!("f{n}.yaml"), "entity": {"kind": "Component", "metadata": {"name": format!("f{n}")}}}}),
        1 => json!({"id": format!("s{n}"), "each": [1, 2], "action": "test:repeatable", "input": {
            "say": format!("{n}.${{{{ each.value }}}}"), "millis": 2}}),
        2 => json!({"id": format!("s{n}"), "action": "fs:readdir", "input": {"paths": ["."]}}),
        _ => json!({"id": format!("s{n}"), "action": "test:repeatable", "input": {
            "say": format!("{n} ${{{{ steps.s{}.output.files | length }}}}", n - 1), "millis": 2}}),
    };
    json!({"type": "x", "steps": (0..N_STEPS).map(step).collect::<Vec<_>>(),
           "output": {"n": "${{ steps.s18.output.files | length }}"}})
}

/// What the peer hears of one undisturbed run.
fn expected() -> Vec<String> {
    let said = |n: usize| match n % 4 {
        1 => vec![format!("{n}.1"), format!("{n}.2")],
        3 => vec![format!("{n} {}", n / 4 + 1)],
        _ => vec![],
    };
    (0..N_STEPS).flat_map(said).collect()
}

#[tokio::test]
async fn a_killed_process_loses_nothing_and_repeats_nothing() {
    let mut bench = Bench::new().await;
    bench.template("t", steps()).await;
    for n_killed in 0..44_u64 {
        *bench.peer.lock() = Heard::default();
        let id = bench.create("t", json!({}), json!({})).await;
        // Every run is killed a little later than the one before, some of them twice.
        tokio::time::sleep(Duration::from_micros(500 + n_killed * 2_500)).await;
        bench.kill();
        if n_killed % 3 == 0 {
            tokio::time::sleep(Duration::from_millis(15)).await;
            bench.kill();
        }
        let (status, events) = bench.wait(&id).await;
        assert_eq!(status, "completed", "{n_killed}: {events:#?}");
        assert_eq!(
            bench.peer.lock().said,
            expected(),
            "killed at point {n_killed}"
        );
        // Only the step that was broken off may have begun again.
        let n_repeated = bench.peer.lock().n_attempts - expected().len();
        assert!(n_repeated <= 2, "{n_killed}: {n_repeated}");
        let last = &events.last().unwrap()["body"];
        assert_eq!(last["output"], json!({"n": 5}), "{n_killed}");
        let finished: Vec<&str> = events
            .iter()
            .filter(|event| event["body"]["status"] == "completed")
            .filter_map(|event| event["body"]["stepId"].as_str())
            .collect();
        assert_eq!(finished.len(), N_STEPS, "{n_killed}: {finished:?}");
    }
}

#[tokio::test]
async fn an_interrupted_step_that_must_not_be_repeated_fails_and_says_why() {
    let mut bench = Bench::new().await;
    bench.template("t", json!({"type": "x", "steps": [
        {"id": "a", "action": "test:effect", "input": {"say": "a", "millis": 60_000}},
        {"id": "b", "if": "${{ failure() }}", "action": "test:effect", "input": {"say": "undo"}},
    ]})).await;
    let id = bench.create("t", json!({}), json!({})).await;
    while bench.peer.lock().said.is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    bench.kill();
    let (status, events) = bench.wait(&id).await;
    assert_eq!(status, "failed");
    assert_eq!(bench.peer.lock().said, ["a", "undo"]);
    let error = &events.last().unwrap()["body"]["error"];
    assert_eq!(error["name"], "ConflictError");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("was interrupted")
    );
}

#[tokio::test]
async fn many_tasks_at_once_all_end_with_all_their_events() {
    let bench = Bench::new().await;
    bench
        .template(
            "t",
            json!({"type": "x", "steps": [
                {"id": "a", "action": "debug:log", "input": {"message": "hello"}},
                {"id": "b", "action": "test:effect", "input": {"say": "x"}},
            ]}),
        )
        .await;
    let mut ids = Vec::new();
    for _ in 0..60 {
        ids.push(bench.create("t", json!({}), json!({})).await);
    }
    for id in ids {
        let (status, events) = bench.wait(&id).await;
        assert_eq!((status.as_str(), events.len()), ("completed", 9));
    }
    assert_eq!(bench.peer.lock().said.len(), 60);
}

/// Steps that make things at a host, each a second time if it were asked to.
fn effects(forge: &Forge) -> Value {
    let repo = format!("{}?owner=acme&repo=shop", forge.authority());
    let step = |id: &str, action: &str, more: Value| {
        let mut input = json!({"repoUrl": repo});
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        json!({"id": id, "action": action, "input": input})
    };
    let mut many = step(
        "many",
        "github:issues:create",
        json!({"title": "${{ each.value }}"}),
    );
    many["each"] = json!(["one", "two"]);
    json!([
        {"id": "write", "action": "roadiehq:utils:fs:append", "input": {"path": "a", "content": "x"}},
        step("publish", "publish:github", json!({"defaultBranch": "main", "topics": ["a"]})),
        step("key", "github:deployKey:create", json!({
            "publicKey": "ssh-ed25519 A me", "privateKey": "p", "deployKeyName": "k"})),
        step("hook", "github:webhook", json!({"webhookUrl": "https://ci.example.com"})),
        step("link", "github:autolinks:create", json!({"keyPrefix": "S-", "urlTemplate": "https://t/<num>"})),
        step("issue", "github:issues:create", json!({"title": "Welcome", "body": "b"})),
        step("label", "github:issues:label", json!({"number": "${{ steps.issue.output.issueNumber }}", "labels": ["l"]})),
        step("pages", "github:pages:enable", json!({})),
        step("run", "github:actions:dispatch", json!({
            "workflowId": "ci.yaml", "branchOrTagName": "main", "returnWorkflowRunDetails": true})),
        {"id": "deploy", "action": "argocd:create-resources", "input": {
            "appName": "shop", "argoInstance": "main", "namespace": "shop", "path": "deploy",
            "repoUrl": "${{ steps.publish.output.remoteUrl }}"}},
        {"id": "more", "action": "roadiehq:utils:fs:append", "input": {"path": "a", "content": "y"}},
        step("pull", "publish:github:pull-request", json!({
            "branchName": "next", "title": "Next", "description": "More"})),
        many,
        {"id": "read", "action": "roadiehq:utils:fs:parse", "input": {"path": "a"}},
    ])
}

/// Steps on a host of another product, and what they put out.
fn others(forge: &Forge, kind: &str) -> (Value, Value) {
    let step = |id: &str, action: &str, more: Value| {
        let mut input = json!({"repoUrl": repo_url(forge, kind)});
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        json!({"id": id, "action": action, "input": input})
    };
    let write = |id: &str, text: &str| {
        json!({"id": id, "action": "roadiehq:utils:fs:append",
               "input": {"path": "a", "content": text}})
    };
    let output = |name: &str| format!("${{{{ steps.{name} }}}}");
    match kind {
        "gitlab" => (
            json!([
                write("write", "x"),
                step(
                    "publish",
                    "publish:gitlab",
                    json!({
                    "defaultBranch": "main", "setUserAsOwner": true,
                    "branches": [{"name": "next", "create": true, "protect": true, "ref": "main"}]})
                ),
                step("issue", "gitlab:issues:create", json!({"title": "Welcome"})),
                write("more", "y"),
                step(
                    "push",
                    "gitlab:repo:push",
                    json!({
                    "branchName": "other", "commitMessage": "More"})
                ),
                step(
                    "merge",
                    "publish:gitlab:merge-request",
                    json!({
                    "branchName": "third", "title": "Third", "reviewers": ["ada"],
                    "autoMerge": true})
                ),
                step(
                    "group",
                    "gitlab:group:ensureExists",
                    json!({"path": ["acme/web"]})
                ),
                step(
                    "access",
                    "gitlab:group:access",
                    json!({"path": 2, "userIds": [4]})
                ),
            ]),
            json!({"issue": output("issue.output.issueId"), "push": output("push.output.commitHash"),
                   "merge": output("merge.output.mergeRequestUrl"),
                   "hash": output("publish.output.commitHash | length")}),
        ),
        "bitbucketServer" | "bitbucketCloud" => (
            json!([
                write("write", "x"),
                step(
                    "publish",
                    &format!("publish:{kind}"),
                    json!({"defaultBranch": "main"})
                ),
                write("more", "y"),
                step(
                    "pull",
                    &format!("publish:{kind}:pull-request"),
                    json!({
                    "title": "Next", "sourceBranch": "next"})
                ),
            ]),
            json!({"pull": output("pull.output.pullRequestUrl")}),
        ),
        _ => (
            json!([
                write("write", "x"),
                step("publish", "publish:azure", json!({"defaultBranch": "main"})),
            ]),
            json!({"repository": output("publish.output.repositoryId")}),
        ),
    }
}

#[tokio::test]
async fn each_request_may_be_the_last_of_its_process() {
    let forge = Forge::start().await;
    let output = json!({"content": "${{ steps.read.output.content }}",
                        "many": "${{ steps.many.output.issueNumber }}",
                        "run": "${{ steps.run.output.workflowRunId }}",
                        "pull": "${{ steps.pull.output.pullRequestNumber }}"});
    let undisturbed = end_everywhere(&forge, "github", effects(&forge), output).await;
    assert_eq!(undisturbed["content"], "xy");
}

#[tokio::test]
async fn each_request_to_other_hosts_may_be_the_last_of_its_process() {
    for kind in ["gitlab", "bitbucketServer", "bitbucketCloud", "azure"] {
        let forge = Forge::start().await;
        let (steps, output) = others(&forge, kind);
        let undisturbed = end_everywhere(&forge, kind, steps, output).await;
        let outputs = undisturbed.as_object().unwrap();
        assert!(outputs.values().all(|it| !it.is_null()), "{undisturbed}");
    }
}

/// Ends the process before and after each request of a task; the effects are those of an undisturbed
/// one, whose output this is.
async fn end_everywhere(forge: &Forge, kind: &str, steps: Value, output: Value) -> Value {
    let mut bench = Bench::with_integrations(forge.authority(), &integration(forge, kind)).await;
    let spec = json!({"type": "x", "steps": steps, "output": output});
    bench.template("t", spec).await;
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    assert_eq!(status, "completed", "{kind}: {events:#?}");
    let undisturbed = (
        forge.effects(),
        events.last().unwrap()["body"]["output"].clone(),
    );
    let n_requests = forge.n_requests();
    assert!(n_requests >= 3, "{kind}: {n_requests} requests");
    for request in 0..n_requests {
        for when in [When::Before, When::After] {
            forge.reset();
            let trap = forge.trap(request, when);
            let id = bench.create("t", json!({}), json!({})).await;
            let sprung = tokio::time::timeout(Duration::from_mins(10), trap).await;
            sprung.unwrap().unwrap();
            bench.kill();
            let (status, events) = bench.wait(&id).await;
            assert_eq!(
                status, "completed",
                "{kind}, {request} {when:?}: {events:#?}"
            );
            let disturbed = (
                forge.effects(),
                events.last().unwrap()["body"]["output"].clone(),
            );
            assert_eq!(
                disturbed, undisturbed,
                "{kind}: killed at request {request}, {when:?}"
            );
        }
    }
    undisturbed.1
}

#[tokio::test]
async fn a_repository_of_somebody_else_is_not_taken_over_by_a_retry() {
    let forge = Forge::start().await;
    forge.make("acme/shop");
    let authority = forge.authority();
    let api = format!("http://{authority}/api/v3");
    let github = json!([{"host": authority, "apiBaseUrl": api, "token": "forge-token"}]);
    let integrations = json!({"github": github, "gitea": [], "gitlab": []});
    let bench = Bench::with_integrations(authority, &integrations).await;
    let spec = json!({"type": "x", "steps": effects(&forge)});
    bench.template("t", spec).await;
    let (status, _) = bench.run("t", json!({}), json!({})).await;
    assert_eq!(status, "failed");
    let id = bench.create("t", json!({}), json!({})).await;
    for _ in 0..2 {
        let (status, events) = bench.wait(&id).await;
        assert_eq!(status, "failed");
        let error = events.last().unwrap()["body"]["error"]["message"].clone();
        assert!(
            error.as_str().unwrap().contains("already exists"),
            "{error}"
        );
        bench
            .post(&format!("/v2/tasks/{id}/retry"), json!({}))
            .await;
    }
    assert_eq!(forge.effects(), Vec::<String>::new());
}

#[tokio::test]
async fn a_path_that_a_step_put_out_leads_into_the_folder_of_the_next_process() {
    let bench = Bench::new().await;
    let entity = json!({"kind": "Component", "metadata": {"name": "x"}});
    let steps = json!([
        {"action": "catalog:write", "input": {"entity": entity}},
        {"id": "list", "action": "fs:readdir", "input": {"paths": ["."]}},
        {"action": "test:effect", "input": {"say": "x", "failures": 1}},
    ]);
    let output = json!({"path": "${{ steps.list.output.files[0].fullPath }}"});
    bench
        .template("t", json!({"type": "x", "steps": steps, "output": output}))
        .await;
    let id = bench.create("t", json!({}), json!({})).await;
    assert_eq!(bench.wait(&id).await.0, "failed");
    // Who takes the task has another folder, as after a crash.
    let path = format!("/v2/tasks/{id}/retry");
    assert_eq!(bench.post(&path, json!({})).await.0, 201);
    let (status, events) = bench.wait(&id).await;
    assert_eq!(status, "completed", "{events:#?}");
    let folder = bench.workspaces().join(format!("{id}.2"));
    let expected = folder.join("catalog-info.yaml");
    let found = &events.last().unwrap()["body"]["output"]["path"];
    assert_eq!(found.as_str(), expected.to_str());
}
