//! How long ended tasks are kept.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::bench::Bench;

const TABLES: [&str; 6] = [
    "scaffolder_task where id",
    "scaffolder_event where task_id",
    "scaffolder_step where task_id",
    "scaffolder_checkpoint where task_id",
    "scaffolder_workspace where task_id",
    "scaffolder_mask where task_id",
];

async fn n_rows(bench: &Bench, id: &str) -> Vec<i64> {
    let id = id.to_owned();
    let rows = bench.database.db.read(move |tx| {
        let count = |table: &&str| {
            let sql = format!("select count(*) from {table} = $1");
            tx.query_one(&sql, &[id.as_str().into()])?.take(0)
        };
        TABLES.iter().map(count).collect()
    });
    rows.await.unwrap()
}

#[tokio::test]
async fn ended_tasks_go_with_all_that_is_known_of_them() {
    let bench = Bench::forgetful().await;
    bench.beside("skeleton/a", "1");
    let steps = json!([
        {"action": "fetch:plain", "input": {"url": "./skeleton"}},
        {"action": "test:effect", "input": {"say": "a", "millis": "${{ parameters.millis }}"}},
        // It fails, so that files and checkpoints stay for a retry.
        {"action": "test:effect", "input": {"say": "b", "fail": true}},
    ]);
    bench
        .template("t", json!({"type": "x", "steps": steps}))
        .await;
    let long = bench
        .create("t", json!({"millis": 86_400_000}), json!({}))
        .await;
    let short = bench.create("t", json!({"millis": 0}), json!({})).await;
    let end = Instant::now() + Duration::from_mins(2);
    while bench.get(&format!("/v2/tasks/{short}")).await.0 != 404 {
        assert!(Instant::now() < end, "the task is still there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(n_rows(&bench, &short).await, [0; 6]);
    // What still runs stays.
    assert_eq!(
        bench.get(&format!("/v2/tasks/{long}")).await.1["id"],
        long.as_str()
    );
    assert_eq!(n_rows(&bench, &long).await[0], 1);
}
