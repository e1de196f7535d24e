//! Processes that are killed at every point of a long task.

use std::time::Duration;

use serde_json::json;

use crate::bench::{Bench, Heard};

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
