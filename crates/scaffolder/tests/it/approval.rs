//! Tasks that wait for approval.

use serde_json::{Value, json};
use testkit::{SERVICE, USER};

use crate::bench::Bench;

fn spec() -> Value {
    json!({"type": "x", "steps": [{"id": "say", "action": "test:effect", "input": {"say": "done"}}]})
}

async fn waiting(bench: &Bench) -> String {
    let body = json!({"templateRef": "t", "values": {}, "waitForApproval": true});
    let (status, answer) = bench.post("/v2/tasks", body).await;
    assert_eq!(status, 201, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_task_waits_until_it_is_approved() {
    let bench = Bench::new().await;
    bench.template("t", spec()).await;
    let id = waiting(&bench).await;
    // Another task goes by meanwhile.
    assert_eq!(bench.run("t", json!({}), json!({})).await.0, "completed");
    assert_eq!(bench.peer.lock().said, ["done"]);
    let (_, task) = bench.get(&format!("/v2/tasks/{id}")).await;
    assert_eq!(task["status"], "open");
    assert_eq!(task["waitsForApproval"], "own");
    let (status, _) = bench
        .post(&format!("/v2/tasks/{id}/approve"), json!({}))
        .await;
    assert_eq!(status, 200);
    let (status, events) = bench.wait(&id).await;
    assert_eq!(status, "completed");
    let told = Value::from(events).to_string();
    assert!(
        told.contains("Waiting for approval") && told.contains("Approved by user:"),
        "{told}"
    );
    let (_, task) = bench.get(&format!("/v2/tasks/{id}")).await;
    assert_eq!(task.get("waitsForApproval"), None);
    let (status, _) = bench
        .post(&format!("/v2/tasks/{id}/approve"), json!({}))
        .await;
    assert_eq!(status, 409, "it does not wait any more");
}

#[tokio::test]
async fn a_template_can_ask_for_somebody_else() {
    let bench = Bench::new().await;
    bench
        .template_with("t", spec(), json!({"callboard.dev/approval": "required"}))
        .await;
    let id = bench.create("t", json!({}), json!({})).await;
    let path = format!("/v2/tasks/{id}/approve");
    let (status, answer) = bench.post_as(USER, &path, json!({})).await;
    assert_eq!(status, 403, "not who started it: {answer}");
    let management = "scaffolder.template.management";
    bench
        .catalog
        .access
        .decide(management, platform::permission::Decision::Deny);
    assert_eq!(bench.post_as(SERVICE, &path, json!({})).await.0, 403);
    bench
        .catalog
        .access
        .decide(management, platform::permission::Decision::Allow);
    assert_eq!(bench.post_as(SERVICE, &path, json!({})).await.0, 200);
    assert_eq!(bench.wait(&id).await.0, "completed");
}

#[tokio::test]
async fn a_waiting_task_has_a_plan_and_can_be_cancelled() {
    let bench = Bench::new().await;
    bench.template("t", spec()).await;
    let id = waiting(&bench).await;
    let (status, answer) = bench.get(&format!("/v2/tasks/{id}/plan")).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["plan"][0]["input"], json!({"say": "done"}));
    bench
        .post(&format!("/v2/tasks/{id}/cancel"), json!({}))
        .await;
    let (status, _) = bench.wait(&id).await;
    assert_eq!(status, "failed", "as every task that is cancelled");
    assert!(bench.peer.lock().said.is_empty());
}

#[tokio::test]
async fn the_owner_is_told_that_somebody_has_to_approve() {
    let bench = Bench::new().await;
    let mut spec = spec();
    spec["owner"] = json!("platform");
    bench
        .template_with("t", spec, json!({"callboard.dev/approval": "required"}))
        .await;
    let id = bench.create("t", json!({}), json!({})).await;
    let told = format!("[\"group:default/platform\"]: t waits for approval /create/tasks/{id}");
    assert_eq!(bench.peer.lock().said, [told]);
    // Who waits for itself has the page of the task open.
    bench.template_with("t", self::spec(), json!({})).await;
    waiting(&bench).await;
    assert_eq!(bench.peer.lock().said.len(), 1);
}

#[tokio::test]
async fn every_run_is_approved_of_anew() {
    let bench = Bench::new().await;
    let demanding = json!({"callboard.dev/approval": "required"});
    bench.template_with("t", spec(), demanding).await;
    let id = bench.create("t", json!({}), json!({})).await;
    let path = |end: &str| format!("/v2/tasks/{id}/{end}");
    let management = "scaffolder.template.management";
    let access = &bench.catalog.access;
    access.decide(management, platform::permission::Decision::Allow);
    let mut n_runs = 0;
    for body in [
        None,
        Some(json!({})),
        Some(json!({"secrets": {"token": "another"}})),
    ] {
        if let Some(body) = body {
            assert_eq!(bench.post(&path("retry"), body).await.0, 201);
        }
        let (_, task) = bench.get(&format!("/v2/tasks/{id}")).await;
        assert_eq!(task["status"], "open");
        assert_eq!(task["waitsForApproval"], "others");
        assert_eq!(bench.peer.lock().said.len(), n_runs);
        assert_eq!(
            bench.post_as(USER, &path("approve"), json!({})).await.0,
            403
        );
        assert_eq!(
            bench.post_as(SERVICE, &path("approve"), json!({})).await.0,
            200
        );
        let (status, events) = bench.wait(&id).await;
        assert_eq!(status, "completed");
        n_runs += 1;
        assert_eq!(bench.peer.lock().said.len(), n_runs);
        let told = Value::from(events).to_string();
        assert_eq!(told.matches("Waiting for approval").count(), n_runs);
    }
    // Who could approve of it brings nothing of their own into it.
    assert_eq!(
        bench.post_as(SERVICE, &path("retry"), json!({})).await.0,
        403
    );
    // One that was not approved of waits again, too.
    assert_eq!(bench.post(&path("retry"), json!({})).await.0, 201);
    assert_eq!(bench.post(&path("cancel"), json!({})).await.0, 200);
    assert_eq!(bench.wait(&id).await.0, "failed");
    let (_, list) = bench.get("/v2/tasks?status=cancelled").await;
    assert_eq!(list["tasks"][0]["id"], id.as_str());
    assert_eq!(list["tasks"][0]["status"], "failed");
    assert_eq!(bench.post(&path("retry"), json!({})).await.0, 201);
    let (_, task) = bench.get(&format!("/v2/tasks/{id}")).await;
    assert_eq!(task["waitsForApproval"], "others");
    let (_, list) = bench.get("/v2/tasks?status=cancelled").await;
    assert_eq!(list["totalTasks"], 0);
}
