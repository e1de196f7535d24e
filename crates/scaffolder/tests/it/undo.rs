//! Undo: what an ended task made is taken back.

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::hosts::{Trial, repo_url};

const FILE: &str = "https://files.example/catalog-info.yaml";

fn spec() -> Value {
    json!({"type": "x", "steps": [
        {"id": "write", "action": "catalog:write", "input": {"entity": {"kind": "Component"}}},
        {"id": "register", "action": "catalog:register", "input": {"catalogInfoUrl": FILE}},
        {"id": "say", "action": "test:effect", "input": {"say": "hello"}},
    ]})
}

async fn bench() -> Bench {
    let bench = Bench::new().await;
    bench.catalog.web.put(
        FILE,
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: shop}\n\
         spec: {type: service, lifecycle: production, owner: team-a}\n",
    );
    bench.template("t", spec()).await;
    bench
}

/// The targets of the locations that are registered.
async fn locations(bench: &Bench) -> Vec<String> {
    let reply = bench.catalog.get("/locations").await;
    let list = reply.json();
    let list = list.as_array().unwrap().iter();
    list.map(|it| it["data"]["target"].as_str().unwrap().to_owned())
        .filter(|target| target == FILE)
        .collect()
}

#[tokio::test]
async fn what_a_task_registered_is_unregistered_once() {
    let bench = bench().await;
    let id = bench.create("t", json!({}), json!({})).await;
    assert_eq!(bench.wait(&id).await.0, "completed");
    assert_eq!(locations(&bench).await, [FILE]);
    let (status, report) = bench.post(&format!("/v2/tasks/{id}/undo"), json!({})).await;
    assert_eq!(status, 200, "{report}");
    assert_eq!(
        report,
        json!({
            "undone": [{"stepId": "register", "action": "catalog:register",
                        "by": "catalog:unregister-entity"}],
            "kept": [{"stepId": "say", "action": "test:effect",
                      "reason": "the action cannot be undone"}],
        })
    );
    assert!(locations(&bench).await.is_empty());
    let (_, events) = bench.get(&format!("/v2/tasks/{id}/events")).await;
    assert!(
        events.to_string().contains("Undid step register"),
        "{events}"
    );
    // Whoever registers it afterwards keeps it.
    assert_eq!(bench.run("t", json!({}), json!({})).await.0, "completed");
    let (_, report) = bench.post(&format!("/v2/tasks/{id}/undo"), json!({})).await;
    assert_eq!(report["undone"], json!([]));
    assert_eq!(locations(&bench).await, [FILE]);
}

#[tokio::test]
async fn what_was_there_before_the_task_stays() {
    let bench = bench().await;
    assert_eq!(bench.run("t", json!({}), json!({})).await.0, "completed");
    let second = bench.create("t", json!({}), json!({})).await;
    assert_eq!(bench.wait(&second).await.0, "completed");
    let (_, report) = bench
        .post(&format!("/v2/tasks/{second}/undo"), json!({}))
        .await;
    assert_eq!(report["undone"], json!([]));
    assert_eq!(locations(&bench).await, [FILE]);
}

#[tokio::test]
async fn undoing_needs_the_permission_of_what_undoes() {
    use platform::permission::Decision::Deny;

    let bench = bench().await;
    let id = bench.create("t", json!({}), json!({})).await;
    assert_eq!(bench.wait(&id).await.0, "completed");
    bench.catalog.access.decide("catalog.location.delete", Deny);
    let (status, report) = bench.post(&format!("/v2/tasks/{id}/undo"), json!({})).await;
    assert_eq!((status, &report["undone"]), (200, &json!([])), "{report}");
    assert_eq!(locations(&bench).await, [FILE]);
}

#[tokio::test]
async fn a_task_that_runs_cannot_be_undone() {
    let bench = bench().await;
    bench.template("slow", json!({"type": "x", "steps": [
        {"id": "a", "action": "test:repeatable", "input": {"say": "x", "millis": 86_400_000}},
    ]})).await;
    let id = bench.create("slow", json!({}), json!({})).await;
    bench.wait_for_attempts(1).await;
    let (status, _) = bench.post(&format!("/v2/tasks/{id}/undo"), json!({})).await;
    assert_eq!(status, 409);
    bench
        .post(&format!("/v2/tasks/{id}/cancel"), json!({}))
        .await;
    bench.wait(&id).await;
}

/// Steps on a host, with their ids.
fn steps(trial: &Trial, kind: &str, steps: Value) -> Value {
    let mut steps = steps;
    for step in steps.as_array_mut().unwrap() {
        step["input"]["repoUrl"] = repo_url(&trial.forge, kind).into();
    }
    steps
}

/// Runs steps, and takes them back: what the task says was undone and kept, and what the host saw.
async fn undone(trial: &Trial, steps: Value) -> (String, Value, Vec<String>) {
    let spec = json!({"type": "x", "steps": steps});
    trial.bench.template("t", spec).await;
    let id = trial.bench.create("t", json!({}), json!({})).await;
    let (status, events) = trial.bench.wait(&id).await;
    assert_eq!(status, "completed", "{events:#?}");
    let n_before = trial.forge.effects().len();
    let (status, report) = trial
        .bench
        .post(&format!("/v2/tasks/{id}/undo"), json!({}))
        .await;
    assert_eq!(status, 200, "{report}");
    let effects = trial.forge.effects();
    (id, report, effects[n_before..].to_vec())
}

/// The steps of one part of a report.
fn ids(report: &Value, part: &str) -> Vec<String> {
    let steps = report[part].as_array().unwrap().iter();
    steps
        .map(|it| it["stepId"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_a_task_made_at_github_is_taken_back() {
    let trial = Trial::start("github").await;
    let label = |id: &str, labels: Value| json!({"id": id, "action": "github:issues:label", "input": {"number": 1, "labels": labels}});
    let all = json!([
        {"id": "hook", "action": "github:webhook", "input": {"webhookUrl": "https://ci.example.com"}},
        {"id": "key", "action": "github:deployKey:create", "input": {
            "publicKey": "ssh-ed25519 A me", "privateKey": "p", "deployKeyName": "k"}},
        {"id": "link", "action": "github:autolinks:create", "input": {
            "keyPrefix": "S-", "urlTemplate": "https://t/<num>"}},
        {"id": "many", "each": ["one", "two"], "action": "github:issues:create",
         "input": {"title": "${{ each.value }}"}},
        label("had", json!(["old"])),
        label("more", json!(["Old", "new"])),
        {"id": "pages", "action": "github:pages:enable", "input": {}},
    ]);
    let (id, report, effects) = undone(&trial, steps(&trial, "github", all)).await;
    assert_eq!(
        ids(&report, "undone"),
        ["more", "had", "many", "many", "link", "key", "hook"]
    );
    assert_eq!(
        report["kept"],
        json!([{"stepId": "pages", "action": "github:pages:enable",
                "reason": "the action cannot be undone"}])
    );
    assert_eq!(
        effects,
        [
            "delete acme/shop/issues/1/labels/new",
            "delete acme/shop/issues/1/labels/old",
            "set acme/shop/issues/2",
            "set acme/shop/issues/1",
            "delete acme/shop/autolinks/1",
            "delete acme/shop/keys/1",
            "delete acme/shop/hooks/1",
        ]
    );
    let calls = trial.forge.exchanges();
    let closed = json!({"state": "closed", "state_reason": "not_planned"});
    assert!(
        calls
            .iter()
            .any(|(name, body)| name.starts_with("PATCH") && *body == closed)
    );
    // It is not undone twice.
    let (_, again) = trial
        .bench
        .post(&format!("/v2/tasks/{id}/undo"), json!({}))
        .await;
    assert_eq!(again["undone"], json!([]), "{again}");
}

#[tokio::test]
async fn what_a_task_made_at_gitlab_is_taken_back() {
    let trial = Trial::start("gitlab").await;
    let variable = |id: &str, value: &str| {
        json!({"id": id, "action": "gitlab:projectVariable:create", "input": {
            "projectId": "acme/shop", "key": "REGION", "value": value, "variableType": "env_var"}})
    };
    let all = json!([
        {"id": "issue", "action": "gitlab:issues:create", "input": {"title": "Welcome"}},
        {"id": "access", "action": "gitlab:projectAccessToken:create",
         "input": {"projectId": "acme/shop"}},
        {"id": "deploy", "action": "gitlab:projectDeployToken:create", "input": {
            "projectId": "acme/shop", "name": "d", "scopes": ["read_repository"]}},
        variable("made", "eu"),
        variable("changed", "us"),
    ]);
    let (_, report, effects) = undone(&trial, steps(&trial, "gitlab", all)).await;
    assert_eq!(
        ids(&report, "undone"),
        ["made", "deploy", "access", "issue"]
    );
    assert_eq!(
        report["kept"],
        json!([{"stepId": "changed", "action": "gitlab:projectVariable:create",
                "reason": "it made nothing that could be taken back"}])
    );
    assert_eq!(
        effects,
        [
            "delete acme/shop/variables/REGION",
            "delete acme/shop/deploy_tokens/1",
            "delete acme/shop/access_tokens/1",
            "set acme/shop/issues/1",
        ]
    );
}

#[tokio::test]
async fn taking_back_needs_the_permission_for_the_action() {
    use platform::permission::Decision::{Allow, Deny};

    let trial = Trial::start("github").await;
    let hook = json!([{"id": "hook", "action": "github:webhook",
                       "input": {"webhookUrl": "https://ci.example.com"}}]);
    let spec = json!({"type": "x", "steps": steps(&trial, "github", hook)});
    trial.bench.template("t", spec).await;
    let id = trial.bench.create("t", json!({}), json!({})).await;
    assert_eq!(trial.bench.wait(&id).await.0, "completed");
    let undo = async || {
        let path = format!("/v2/tasks/{id}/undo");
        trial.bench.post(&path, json!({})).await.1
    };
    let access = &trial.bench.catalog.access;
    access.decide("scaffolder.action.execute", Deny);
    let n_before = trial.forge.effects().len();
    let report = undo().await;
    let reason = report["kept"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("scaffolder.action.execute"), "{report}");
    assert_eq!(trial.forge.effects().len(), n_before);
    access.decide("scaffolder.action.execute", Allow);
    // Somebody was faster.
    trial.forge.reset();
    assert_eq!(ids(&undo().await, "undone"), ["hook"]);
}

#[tokio::test]
async fn a_retry_makes_again_what_was_taken_back() {
    let trial = Trial::start("github").await;
    let all = json!([
        {"id": "hook", "action": "github:webhook", "input": {"webhookUrl": "https://ci.example.com"}},
        {"id": "fail", "action": "test:effect", "input": {"say": "x", "fail": true}},
    ]);
    let spec = json!({"type": "x", "steps": steps(&trial, "github", all)});
    trial.bench.template("t", spec).await;
    let id = trial.bench.create("t", json!({}), json!({})).await;
    let hooks = || {
        let effects = trial.forge.effects().into_iter();
        effects
            .filter(|it| it.contains("hooks"))
            .collect::<Vec<_>>()
    };
    let made = "new acme/shop/hooks \"https://ci.example.com\"".to_owned();
    assert_eq!(trial.bench.wait(&id).await.0, "failed");
    assert_eq!(hooks(), std::slice::from_ref(&made));
    for part in ["undo", "retry"] {
        let path = format!("/v2/tasks/{id}/{part}");
        assert!(trial.bench.post(&path, json!({})).await.0 < 300, "{part}");
    }
    assert_eq!(trial.bench.wait(&id).await.0, "failed");
    assert_eq!(
        hooks(),
        [made.clone(), "delete acme/shop/hooks/1".to_owned(), made]
    );
}
