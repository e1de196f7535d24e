//! `callboard task`

use serde_json::json;

use crate::stage::Stage;

const AS: &str = "--as=user:default/guest";

/// A portal with one run, which failed.
async fn stage() -> Stage {
    let stage = Stage::configured(&json!({}));
    stage.run(&["migrate"]).expect(0);
    let spec = json!({"steps": [], "templateInfo": {"entityRef": "template:default/service"}});
    let initiator = json!({"type": "service", "subject": "external:test"});
    let (log, end) = (
        json!({"message": "Beginning step Publish", "stepId": "publish"}),
        json!({"message": "Run completed with status: failed",
               "error": {"name": "Error", "message": "the host is away"}}),
    );
    let rows = format!(
        "insert into scaffolder_task (id, spec, status, created_at, created_by, initiator) values \
         ('t1', '{spec}', 'failed', 0, 'user:default/ada', '{initiator}');\
         insert into scaffolder_event (task_id, type, body, created_at) values \
         ('t1', 'log', '{log}', 0), ('t1', 'completion', '{end}', 1000);"
    );
    let db = stage.open_database().await;
    db.write(move |tx| tx.batch(&rows)).await.unwrap();
    stage
}

#[tokio::test]
async fn runs_are_listed_and_shown() {
    let stage = stage().await;
    let run = stage.run(&["task", "list", AS]).expect(0);
    for part in [
        "t1",
        "failed",
        "template:default/service",
        "user:default/ada",
    ] {
        assert!(run.out.contains(part), "{}", run.out);
    }
    let run = stage
        .run(&["task", "list", AS, "--status=completed"])
        .expect(0);
    assert_eq!(run.out, "no runs\n");
    let run = stage.run(&["task", "show", "t1", AS]).expect(0);
    for part in [
        "[publish] Beginning step Publish",
        "error: the host is away",
    ] {
        assert!(run.out.contains(part), "{}", run.out);
    }
    let run = stage.run(&["task", "show", "t2", AS]).expect(1);
    assert!(
        run.err.contains("No task with id 't2' found"),
        "{}",
        run.err
    );
    let run = stage.run(&["task", "list"]).expect(2);
    assert!(run.err.contains("--as"), "{}", run.err);
}

#[tokio::test]
async fn a_run_is_retried_and_broken_off() {
    let stage = stage().await;
    let run = stage.run(&["task", "retry", "t1", AS]).expect(0);
    assert_eq!(run.out, "t1 runs again\n");
    let run = stage.run(&["task", "list", AS, "--status=open"]).expect(0);
    assert!(run.out.contains("t1"), "{}", run.out);
    let run = stage.run(&["task", "retry", "t1", AS]).expect(1);
    assert!(run.err.contains("has not ended"), "{}", run.err);
    let run = stage.run(&["task", "cancel", "t1", AS]).expect(0);
    assert_eq!(run.out, "t1 is broken off\n");
}
