//! Secrets of a run after its end: in the database, and in what a later run tells.

use platform::db::Tx;
use serde_json::{Value, json};

use crate::bench::Bench;

const SECRET: &str = "hunter2-geheim";
const REVERSED: &str = "mieheg-2retnuh";

/// Everything that is kept of what steps did.
async fn kept(bench: &Bench) -> Vec<String> {
    let read = |tx: &mut Tx<'_>| {
        let mut kept = Vec::new();
        for sql in [
            "select output from scaffolder_step where state = 'completed' and output is not null",
            "select value from scaffolder_checkpoint",
            "select content from scaffolder_mask",
            "select body from scaffolder_event",
        ] {
            for mut row in tx.query(sql, &[])? {
                kept.push(row.take::<String>(0)?);
            }
        }
        for mut row in tx.query("select content from scaffolder_workspace", &[])? {
            let bytes: Vec<u8> = row.take(0)?;
            kept.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        Ok(kept)
    };
    bench.database.db.read(read).await.unwrap()
}

fn check_hidden(texts: &[String]) {
    for text in texts {
        assert!(!text.contains(SECRET) && !text.contains(REVERSED), "{text}");
    }
}

/// A secret that comes back out of a file.
fn steps() -> Vec<Value> {
    vec![
        json!({"id": "w", "action": "roadiehq:utils:fs:write",
               "input": {"path": "a.yaml", "content": "pw: ${{ secrets.s }}\n"}}),
        json!({"id": "r", "action": "roadiehq:utils:fs:parse",
               "input": {"path": "a.yaml", "parser": "yaml"}}),
        json!({"id": "say", "action": "test:effect",
               "input": {"say": "${{ steps.r.output.content.pw }}"}}),
        json!({"id": "turned", "action": "debug:log",
               "input": {"message": "${{ steps.r.output.content.pw | reverse }}"}}),
    ]
}

#[tokio::test]
async fn a_later_run_hides_the_secrets_of_the_first() {
    let bench = Bench::new().await;
    let mut steps = steps();
    // What a failed run leaves is there for the next one, and nobody can read it.
    steps.push(json!({"id": "fail", "action": "catalog:fetch",
        "input": {"entityRef": "component:default/${{ steps.r.output.content.pw }}"}}));
    steps.push(
        json!({"id": "tell", "if": "${{ always() }}", "action": "debug:log",
        "input": {"message": "${{ steps.r.output.content.pw | reverse }}",
                  "listWorkspace": "with-contents"}}),
    );
    // This one is not done when the task is tried again, so that it tells again.
    steps.push(
        json!({"id": "again", "if": "${{ always() }}", "action": "test:effect",
        "input": {"say": "${{ steps.r.output.content.pw | reverse }}", "fail": true}}),
    );
    bench
        .template("t", json!({"type": "x", "steps": steps}))
        .await;
    let id = bench.create("t", json!({}), json!({"s": SECRET})).await;
    for secrets in [
        None,
        Some(json!({})),
        Some(json!({"secrets": {"s": "another"}})),
        Some(json!({})),
    ] {
        if let Some(body) = secrets {
            let path = format!("/v2/tasks/{id}/retry");
            assert_eq!(bench.post(&path, body).await.0, 201);
        }
        let (status, events) = bench.wait(&id).await;
        assert_eq!(status, "failed");
        let told = Value::from(events).to_string();
        assert!(told.contains("component:default/***"), "{told}");
        assert!(told.contains("a.yaml:"), "{told}");
        check_hidden(&[told]);
        let kept = kept(&bench).await;
        check_hidden(&kept);
        let n_sealed = kept.iter().filter(|it| it.starts_with("sealed:1:"));
        // Outputs of four steps, a checkpoint, the mask, the files.
        assert!(n_sealed.count() >= 7, "{kept:?}");
    }
    // Steps that completed got the secret itself, once.
    assert_eq!(bench.peer.lock().said, [SECRET, REVERSED]);
}

#[tokio::test]
async fn a_run_that_completed_leaves_no_output() {
    let bench = Bench::new().await;
    let output = json!({
        "plain": "${{ steps.r.output.content.pw }}",
        "turned": "${{ steps.r.output.content.pw | reverse }}",
        "spread": "${{ steps.r.output.content.pw | list | join('-') }}",
        "inside": "it is ${{ steps.r.output.content.pw }}.",
        "is": "${{ steps.r.output.content.pw | length > 3 }}",
        "other": "${{ parameters.name | reverse }}",
    });
    let spec = json!({"type": "x", "steps": steps(), "output": output});
    bench.template("t", spec).await;
    let secrets = json!({"s": SECRET});
    let (status, events) = bench.run("t", json!({"name": "shop"}), secrets).await;
    assert_eq!(status, "completed", "{events:#?}");
    let output = &events.last().unwrap()["body"]["output"];
    let expected = json!({"plain": "***", "turned": "***", "spread": "***",
                          "inside": "it is ***.", "is": true, "other": "pohs"});
    assert_eq!(*output, expected);
    check_hidden(&kept(&bench).await);
    let left = |tx: &mut Tx<'_>| {
        let sql = "select (select count(*) from scaffolder_step where output is not null) \
                   + (select count(*) from scaffolder_workspace)";
        tx.query_one(sql, &[])?.take::<i64>(0)
    };
    assert_eq!(bench.database.db.read(left).await.unwrap(), 0);
}

#[tokio::test]
async fn rounds_over_parts_of_a_secret_are_not_announced() {
    let bench = Bench::new().await;
    let steps = json!([
        {"id": "l", "each": "${{ secrets.s | list }}", "action": "test:effect",
         "input": {"say": "${{ each.value }}"}},
        {"id": "open", "each": "${{ parameters.of }}", "action": "debug:log", "input": {}},
    ]);
    bench
        .template("t", json!({"type": "x", "steps": steps}))
        .await;
    let values = json!({"of": ["first"]});
    let (status, events) = bench.run("t", values, json!({"s": "qz"})).await;
    assert_eq!(status, "completed");
    assert_eq!(bench.peer.lock().said, ["q", "z"]);
    let messages = events
        .iter()
        .filter_map(|it| it["body"]["message"].as_str());
    let told: Vec<&str> = messages.filter(|it| it.contains("step each")).collect();
    assert_eq!(told.len(), 3);
    for (told, value) in told.iter().zip(["***", "***", "first"]) {
        assert!(
            told.ends_with(&format!("\"value\":\"{value}\"}}")),
            "{told}"
        );
    }
}
