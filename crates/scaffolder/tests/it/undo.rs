//! Undo: what an ended task made is taken back.

use serde_json::{Value, json};

use crate::bench::Bench;

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
