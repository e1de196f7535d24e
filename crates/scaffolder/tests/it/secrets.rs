//! Secrets of a run after its end: in the database, and in what a later run tells.

use platform::config::{EncryptionConfig, EncryptionKey, Secret};
use platform::db::Tx;
use platform::seal::Keyring;
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

/// Texts that actions make of a secret by themselves.
const MADE: [&str; 5] = [
    "aHVudGVyMi1nZWhlaW0=",
    "h.u.n.t.e.r.2.-.g.e.h.e.i.m",
    REVERSED,
    "HUNTER2-GEHEIM",
    "hunter2-offen",
];

#[tokio::test]
async fn what_actions_compute_of_a_secret_is_hidden() {
    let bench = Bench::new().await;
    bench.beside(
        "s/made.txt",
        "name: shop\nup: ${{ values.pw | upper }} now\n",
    );
    let say =
        |id: &str, text: &str| json!({"id": id, "action": "debug:log", "input": {"message": text}});
    let of_file = |id: &str, kind: &str, expression: &str| {
        json!({"id": id, "action": format!("roadiehq:utils:jsonata:{kind}:transform"),
               "input": {"path": format!("a.{kind}"), "expression": expression, "as": "object"}})
    };
    let mut steps = steps();
    steps.extend([
        json!({"id": "j", "action": "roadiehq:utils:fs:write",
               "input": {"path": "a.json", "content": "{\"pw\": \"${{ secrets.s }}\"}"}}),
        json!({"id": "base64", "action": "roadiehq:utils:jsonata", "input": {
            "data": "${{ steps.r.output.content }}",
            "expression": "{'of': $base64encode(pw), 'n': 12345}"}}),
        of_file("apart", "yaml", "$join($split(pw, ''), '.')"),
        of_file(
            "turned",
            "json",
            "{'list': [$join($reverse($split(pw, '')))]}",
        ),
        json!({"id": "c", "action": "roadiehq:utils:fs:write",
               "input": {"path": "c.txt", "content": "${{ secrets.s }}"}}),
        json!({"id": "replaced", "action": "roadiehq:utils:fs:replace", "input": {"files": [
            {"file": "c.txt", "find": "geheim", "replaceWith": "offen"}]}}),
        json!({"id": "fetch", "action": "fetch:template", "input": {
            "url": "./s", "values": {"pw": "${{ steps.r.output.content.pw }}"}}}),
        json!({"id": "thrown", "if": "${{ true }}", "continueOnFailure": true,
               "action": "roadiehq:utils:jsonata", "input": {
            "data": "${{ secrets.s }}", "expression": "$error('no ' & $base64encode($))"}}),
        say("say1", "one ${{ steps.base64.output.result.of }}"),
        say("say2", "two ${{ steps.apart.output.result }}"),
        say("say3", "three ${{ steps.turned.output.result.list[0] }}"),
        json!({"id": "files", "action": "debug:log", "input": {"listWorkspace": "with-contents"}}),
        json!({"id": "effect", "action": "test:effect",
               "input": {"say": "${{ steps.base64.output.result.of }}"}}),
    ]);
    let output = json!({"of": "${{ steps.base64.output.result.of }}",
        "n": "${{ steps.base64.output.result.n }}", "apart": "it is ${{ steps.apart.output.result }}"});
    bench
        .template("t", json!({"type": "x", "steps": steps, "output": output}))
        .await;
    let (status, events) = bench.run("t", json!({}), json!({"s": SECRET})).await;
    assert_eq!(status, "completed", "{events:#?}");
    let told = Value::from(events.clone()).to_string();
    for made in MADE {
        assert!(!told.contains(made), "{made} is in {told}");
    }
    for shown in [
        "one ***",
        "two ***",
        "three ***",
        "no ***",
        "name: shop",
        "up: *** now",
    ] {
        assert!(told.contains(shown), "{shown} is not in {told}");
    }
    let output = &events.last().unwrap()["body"]["output"];
    assert_eq!(
        *output,
        json!({"of": "***", "n": 12345, "apart": "it is ***"})
    );
    // The steps themselves get what was made.
    assert!(bench.peer.lock().said.contains(&MADE[0].to_owned()));
}

#[tokio::test]
async fn a_step_that_makes_more_than_can_be_hidden_fails() {
    let bench = Bench::new().await;
    let steps = json!([
        {"id": "many", "action": "roadiehq:utils:jsonata", "input": {
            "data": "${{ secrets.s }}",
            "expression": "$map([1..5001], function($n) { $string($n) & $uppercase($) })"}},
        {"id": "always", "if": "${{ always() }}", "action": "debug:log", "input": {"message": SECRET}},
    ]);
    bench
        .template("t", json!({"type": "x", "steps": steps}))
        .await;
    // A retry with another secret shows nothing either.
    let id = bench.create("t", json!({}), json!({"s": SECRET})).await;
    for is_retry in [false, true] {
        if is_retry {
            let path = format!("/v2/tasks/{id}/retry");
            let (status, told) = bench.post(&path, json!({})).await;
            assert_eq!(status, 400, "{told}");
            assert!(told.to_string().contains("had secrets"), "{told}");
            let others = json!({"secrets": {"s": "another"}});
            assert_eq!(bench.post(&path, others).await.0, 201);
        }
        let (status, events) = bench.wait(&id).await;
        assert_eq!(status, "failed");
        let told = Value::from(events).to_string();
        assert!(told.contains("which cannot all be hidden"), "{told}");
        check_hidden(&[told]);
    }
}

#[tokio::test]
async fn the_input_that_is_logged_stays_json() {
    let bench = Bench::new().await;
    let steps = json!([{"id": "s", "action": "debug:log",
        "input": {"message": "${{ secrets.s }}", "listWorkspace": false}}]);
    bench
        .template("t", json!({"type": "x", "steps": steps}))
        .await;
    for secret in ["quote\"", "\"both\"", "back\\", "two\nlines\\"] {
        let (_, events) = bench.run("t", json!({}), json!({"s": secret})).await;
        let messages = events
            .iter()
            .filter_map(|it| it["body"]["message"].as_str());
        let mut inputs = messages.filter_map(|it| Some(it.split_once("info\u{1b}[39m: {")?.1));
        let input: Value = serde_json::from_str(&format!("{{{}", inputs.next().unwrap())).unwrap();
        assert_eq!(
            input,
            json!({"message": "***", "listWorkspace": false}),
            "{secret}"
        );
    }
}

/// What a task says of the key that opens it.
async fn seal_id(bench: &Bench, id: &str) -> Option<String> {
    let id = id.to_owned();
    let read = move |tx: &mut Tx<'_>| {
        let sql = "select seal_id from scaffolder_task where id = $1";
        tx.query_one(sql, &[id.as_str().into()])?.take(0)
    };
    bench.database.db.read(read).await.unwrap()
}

#[tokio::test]
async fn what_is_sealed_is_left_by_processes_that_cannot_read_it() {
    let bench = Bench::new().await;
    // Longer than any test runs.
    let steps = json!([{"id": "a", "action": "test:effect",
                        "input": {"say": "a", "millis": "${{ parameters.millis }}"}}]);
    bench
        .template("t", json!({"type": "x", "steps": steps}))
        .await;
    let forever = json!({"millis": 86_400_000});
    let id = bench.create("t", forever.clone(), json!({})).await;
    bench.wait_for_attempts(1).await;
    // A process of the version before takes tasks without a key, or with the id of one of its own.
    let mark = seal_id(&bench, &id).await.unwrap();
    let key = mark.strip_prefix("kept:").unwrap().to_owned();
    assert!(key.starts_with("derived-"), "{key}");
    let (status, _) = bench
        .post(&format!("/v2/tasks/{id}/cancel"), json!({}))
        .await;
    assert_eq!(status, 200);
    bench.wait(&id).await;
    // What it left is taken by this one, and is its own from then on.
    let body = json!({"templateRef": "t", "values": forever, "secrets": {"s": SECRET},
                      "waitForApproval": true});
    let (_, made) = bench.post("/v2/tasks", body).await;
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(seal_id(&bench, &id).await.as_ref(), Some(&mark));
    let (task, old) = (id.clone(), key.clone());
    let write = move |tx: &mut Tx<'_>| {
        let sql = "update scaffolder_task set seal_id = $2 where id = $1";
        tx.execute(sql, &[task.as_str().into(), old.as_str().into()])
    };
    bench.database.db.write(write).await.unwrap();
    let (status, _) = bench
        .post(&format!("/v2/tasks/{id}/approve"), json!({}))
        .await;
    assert_eq!(status, 200);
    bench.wait_for_attempts(2).await;
    assert_eq!(seal_id(&bench, &id).await, Some(mark));
    bench
        .post(&format!("/v2/tasks/{id}/cancel"), json!({}))
        .await;
    bench.wait(&id).await;
}

#[tokio::test]
async fn what_tasks_keep_is_sealed_again_with_a_new_key() {
    let bench = Bench::new().await;
    let mut steps = steps();
    steps.push(json!({"id": "fail", "action": "test:effect", "input": {"say": "x", "fail": true}}));
    bench
        .template("t", json!({"type": "x", "steps": steps}))
        .await;
    let (status, _) = bench.run("t", json!({}), json!({"s": SECRET})).await;
    assert_eq!(status, "failed");
    let body = json!({"templateRef": "t", "values": {}, "secrets": {"s": SECRET},
                      "waitForApproval": true});
    let (_, waiting) = bench.post("/v2/tasks", body).await;
    let waiting = waiting["id"].as_str().unwrap();
    // As a version before left it.
    let unseal = |tx: &mut Tx<'_>| {
        tx.execute(
            "update scaffolder_step set output = '{\"content\":\"plain\"}' where key = '1'",
            &[],
        )
    };
    assert_eq!(bench.database.db.write(unseal).await.unwrap(), 1);
    let key = EncryptionKey {
        id: "new".to_owned(),
        secret: Keyring::generate().unwrap(),
    };
    let config = EncryptionConfig { keys: vec![key] };
    let both = Keyring::with_derived(&config, &Secret::new("test"), "tests").unwrap();
    let new = Keyring::from_config(&config).unwrap();
    let db = &bench.database.db;
    let counts = async |keyring: &Keyring| {
        let done = scaffolder::reencrypt(db, keyring).await.unwrap();
        (done.n_changed, done.n_closed)
    };
    // Without the old key what is sealed stays closed, and nothing is lost: only what is plain is open.
    let n_all = scaffolder::reencrypt(db, &new).await.unwrap().n_all;
    assert_eq!(counts(&new).await, (0, n_all - 2));
    assert_eq!(counts(&both).await, (n_all - 2, 0));
    assert_eq!(counts(&both).await, (0, 0));
    assert_eq!(counts(&new).await, (0, 0));
    let sealed = kept(&bench).await;
    let of_new = sealed.iter().filter(|it| it.starts_with("sealed:1:new:"));
    // Beside the secrets of the task that waits, and what the failed step says of its error.
    assert_eq!(of_new.count() + 2, n_all, "{sealed:?}");
    assert_eq!(seal_id(&bench, waiting).await.unwrap(), "kept:new");
    let read = {
        let waiting = waiting.to_owned();
        move |tx: &mut Tx<'_>| {
            let sql = "select secrets from scaffolder_task where id = $1";
            tx.query_one(sql, &[waiting.as_str().into()])?
                .take::<String>(0)
        }
    };
    let secrets = new.open(db.read(read).await.unwrap(), waiting).unwrap();
    assert_eq!(secrets.expose(), json!({"s": SECRET}).to_string());
}

#[tokio::test]
async fn a_retry_leaves_a_task_to_the_process_that_can_open_it() {
    let bench = Bench::new().await;
    let mut steps = steps();
    steps.push(json!({"id": "fail", "action": "test:effect", "input": {"say": "x", "fail": true}}));
    bench
        .template("t", json!({"type": "x", "steps": steps}))
        .await;
    let id = bench.create("t", json!({}), json!({"s": SECRET})).await;
    assert_eq!(bench.wait(&id).await.0, "failed");
    // As if a process with a key of its own had run it.
    let task = id.clone();
    let of_other = move |tx: &mut Tx<'_>| {
        let sql = "update scaffolder_task set seal_id = 'kept:other' where id = $1";
        tx.execute(sql, &[task.as_str().into()])
    };
    assert_eq!(bench.database.db.write(of_other).await.unwrap(), 1);
    let retry = format!("/v2/tasks/{id}/retry");
    let (status, told) = bench.post(&retry, json!({"secrets": {"s": SECRET}})).await;
    assert_eq!(status, 409, "{told}");
    let (status, _) = bench.post(&retry, json!({})).await;
    assert_eq!(status, 201);
    assert_eq!(seal_id(&bench, &id).await.unwrap(), "kept:other");
}
