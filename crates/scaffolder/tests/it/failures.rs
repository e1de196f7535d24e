//! `continueOnFailure`: steps that may fail.

use serde_json::{Value, json};

use crate::bench::Bench;

const WRONG: &str = "no:such:action";

/// The states in which the steps of a task with these steps ended, in their order.
async fn states(bench: &Bench, steps: Value, values: Value) -> (String, Vec<(String, String)>) {
    bench
        .template("t", json!({"type": "x", "steps": steps}))
        .await;
    let (status, events) = bench.run("t", values, json!({})).await;
    let ended = events.iter().filter_map(|event| {
        let body = &event["body"];
        let state = body["status"].as_str()?;
        let step = body["stepId"].as_str()?;
        (state != "processing").then(|| (step.to_owned(), state.to_owned()))
    });
    (status, ended.collect())
}

fn owned(states: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(step, state): &(&str, &str)| ((*step).to_owned(), (*state).to_owned());
    states.iter().map(owned).collect()
}

#[tokio::test]
async fn a_step_that_may_fail_does_not_end_the_task() {
    // What the first step says of itself, whether it may fail, and how the task ends.
    for (may_fail, is_allowed) in [
        (json!(true), true),
        (json!("${{ parameters.lenient }}"), true),
        (json!("${{ not parameters.lenient }}"), false),
        (json!("${{ secrets.token }}"), false),
        (json!(false), false),
        (json!(""), false),
    ] {
        let bench = Bench::new().await;
        let steps = json!([
            {"id": "bold", "action": WRONG, "continueOnFailure": may_fail},
            {"id": "next", "action": "debug:log", "input": {"message": "hello"}},
            {"id": "sorry", "action": "debug:log", "if": "${{ failure() }}"},
        ]);
        let (status, found) = states(&bench, steps, json!({"lenient": true})).await;
        let expected = if is_allowed {
            ["failed", "completed", "skipped"]
        } else {
            ["failed", "skipped", "completed"]
        };
        let names = ["bold", "next", "sorry"];
        let expected: Vec<_> = names.into_iter().zip(expected).collect();
        assert_eq!(found, owned(&expected), "{may_fail}");
        let end = if is_allowed { "completed" } else { "failed" };
        assert_eq!(status, end, "{may_fail}");
    }
}

#[tokio::test]
async fn the_output_of_a_step_that_failed_is_not_there() {
    let bench = Bench::new().await;
    let spec = json!({
        "type": "x",
        "steps": [{"id": "bold", "action": WRONG, "continueOnFailure": true}],
        "output": {"told": "${{ steps.bold.output.url | default('nothing') }}"},
    });
    bench.template("t", spec).await;
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    assert_eq!(status, "completed");
    let last = &events.last().unwrap()["body"];
    assert_eq!(last["output"], json!({"told": "nothing"}));
    assert!(last.get("error").is_none());
}

#[tokio::test]
async fn a_task_that_is_taken_over_still_knows_what_may_fail() {
    let mut bench = Bench::new().await;
    let steps = json!([
        {"id": "bold", "action": WRONG, "continueOnFailure": true},
        {"id": "slow", "action": "test:repeatable", "input": {"say": "x", "millis": 86_400_000}},
        {"id": "next", "action": "debug:log"},
    ]);
    bench
        .template("t", json!({"type": "x", "steps": steps}))
        .await;
    let id = bench.create("t", json!({}), json!({})).await;
    bench.wait_for_attempts(1).await;
    bench.kill();
    bench.wait_for_attempts(2).await;
    bench
        .post(&format!("/v2/tasks/{id}/cancel"), json!({}))
        .await;
    let (_, events) = bench.wait(&id).await;
    let error = &events.last().unwrap()["body"]["error"]["message"];
    let text = error.as_str().unwrap();
    assert!(
        text.starts_with("Step slow"),
        "the error is of the step that was cancelled: {text}"
    );
}

#[tokio::test]
async fn a_cancelled_step_ends_the_task_even_if_it_may_fail() {
    let bench = Bench::new().await;
    let steps = json!([
        {"id": "slow", "action": "test:repeatable", "continueOnFailure": true,
         "input": {"say": "x", "millis": 86_400_000}},
        {"id": "next", "action": "debug:log"},
    ]);
    bench
        .template("t", json!({"type": "x", "steps": steps}))
        .await;
    let id = bench.create("t", json!({}), json!({})).await;
    bench.wait_for_attempts(1).await;
    bench
        .post(&format!("/v2/tasks/{id}/cancel"), json!({}))
        .await;
    let (status, events) = bench.wait(&id).await;
    assert_eq!(status, "failed", "{events:#?}");
}
