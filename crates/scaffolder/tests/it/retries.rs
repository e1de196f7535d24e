//! `timeout` and `retry` of steps.

use serde_json::{Value, json};

use crate::bench::Bench;

async fn run(bench: &Bench, step: Value) -> (String, Vec<String>) {
    bench
        .template("t", json!({"type": "x", "steps": [step]}))
        .await;
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    let text = |event: &Value| {
        event["body"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    (status, events.iter().map(text).collect())
}

#[tokio::test]
async fn a_step_is_tried_again_as_often_as_it_says() {
    for (failures, expected) in [(2, "completed"), (3, "failed")] {
        let bench = Bench::new().await;
        let step = json!({"action": "test:repeatable", "retry": {"limit": 2, "delay": "1ms"},
                          "input": {"say": "x", "failures": failures}});
        let (status, messages) = run(&bench, step).await;
        assert_eq!(status, expected, "{messages:#?}");
        assert_eq!(bench.peer.lock().n_attempts, 3);
        let told = messages
            .iter()
            .filter(|it| it.contains("failed: nobody listens"));
        assert_eq!(told.count(), 2, "{messages:#?}");
    }
}

#[tokio::test]
async fn what_cannot_be_repeated_is_tried_once() {
    let bench = Bench::new().await;
    let step = json!({"action": "test:effect", "retry": {"limit": 2},
                      "input": {"say": "x", "failures": 1}});
    let (status, messages) = run(&bench, step).await;
    assert_eq!(
        (status.as_str(), bench.peer.lock().n_attempts),
        ("failed", 1),
        "{messages:#?}"
    );
}

#[tokio::test]
async fn what_takes_longer_than_it_may_fails() {
    let bench = Bench::new().await;
    // The time it would take is longer than any test runs.
    let step = json!({"action": "test:repeatable", "timeout": {"milliseconds": 20},
                      "input": {"say": "x", "millis": 86_400_000}});
    let (status, messages) = run(&bench, step).await;
    assert_eq!(status, "failed");
    let wanted = "ServiceUnavailableError: the step took longer than 20ms";
    assert!(messages.iter().any(|it| it == wanted), "{messages:#?}");
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_fails_its_step_before_anything_happens() {
    let bench = Bench::new().await;
    let step = json!({"action": "test:effect", "timeout": "soon", "input": {"say": "x"}});
    let (status, messages) = run(&bench, step).await;
    assert_eq!(
        (status.as_str(), bench.peer.lock().n_attempts),
        ("failed", 0),
        "{messages:#?}"
    );
}
