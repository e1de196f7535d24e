//! What templates and their authors must not be able to do.

use platform::permission::{Condition, Decision};
use serde_json::{Value, json};

use crate::bench::Bench;

/// Runs one step; how it ended, and everything that was told.
async fn step(bench: &Bench, action: &str, input: Value) -> (String, String) {
    bench
        .template(
            "t",
            json!({"type": "x", "steps": [{"id": "s", "action": action, "input": input}]}),
        )
        .await;
    let (status, events) = bench
        .run("t", json!({}), json!({"token": "s3cret-token"}))
        .await;
    (status, Value::from(events).to_string())
}

#[tokio::test]
async fn no_path_leads_out_of_the_workspace() {
    let bench = Bench::new().await;
    bench.beside("s/a.txt", "x");
    bench.beside("evil/${{ values.n }}.txt", "x");
    std::fs::write(bench.folder.path().join("outside.txt"), "outside").unwrap();
    std::os::unix::fs::symlink(
        "../../outside.txt",
        bench.folder.path().join("templates/s/link"),
    )
    .unwrap();
    let entity = json!({"kind": "Component", "metadata": {"name": "x"}});
    let cases = [
        (
            "catalog:write",
            json!({"entity": entity, "filePath": "../x.yaml"}),
        ),
        (
            "catalog:write",
            json!({"entity": entity, "filePath": "/tmp/x.yaml"}),
        ),
        ("fs:delete", json!({"files": ["../../outside.txt"]})),
        (
            "fs:rename",
            json!({"files": [{"from": "../../outside.txt", "to": "x"}]}),
        ),
        ("fs:readdir", json!({"paths": [".."]})),
        ("fetch:plain", json!({"url": "./s", "targetPath": ".."})),
        ("fetch:plain", json!({"url": "./s"})),
        ("fetch:plain", json!({"url": "../work"})),
        (
            "fetch:plain:file",
            json!({"url": "../outside.txt", "targetPath": "x"}),
        ),
        (
            "fetch:plain:file",
            json!({"url": "./s/link", "targetPath": "x"}),
        ),
        (
            "fetch:plain:file",
            json!({"url": "file:///etc/hostname", "targetPath": "x"}),
        ),
        (
            "fetch:template",
            json!({"url": "./evil", "values": {"n": "../../../x"}}),
        ),
        (
            "fetch:template:file",
            json!({"url": "./s/a.txt", "targetPath": "../x"}),
        ),
        (
            "roadiehq:utils:fs:write",
            json!({"path": "../x", "content": "x"}),
        ),
        (
            "roadiehq:utils:fs:append",
            json!({"path": "../../outside.txt", "content": "x"}),
        ),
        (
            "roadiehq:utils:fs:parse",
            json!({"path": "../../outside.txt"}),
        ),
        (
            "roadiehq:utils:merge",
            json!({"path": "/tmp/x.yaml", "content": {"a": 1}}),
        ),
        (
            "roadiehq:utils:fs:replace",
            json!({"files": [{"file": "../../outside.txt", "find": "o", "replaceWith": "x"}]}),
        ),
    ];
    for (action, input) in cases {
        let (status, told) = step(&bench, action, input.clone()).await;
        assert_eq!(status, "failed", "{action} {input}: {told}");
        assert!(!told.contains("outside\""), "{told}");
    }
    let left: Vec<_> = std::fs::read_dir(bench.folder.path())
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 3, "{left:?}");
    assert_eq!(
        std::fs::read_to_string(bench.folder.path().join("outside.txt")).unwrap(),
        "outside"
    );
}

#[tokio::test]
async fn addresses_of_the_own_network_are_not_fetched() {
    let bench = Bench::new().await;
    for url in [
        "http://169.254.169.254/latest",
        "http://localhost:7007/x",
        "ftp://example.com/x",
    ] {
        let (status, _) = step(
            &bench,
            "fetch:plain:file",
            json!({"url": url, "targetPath": "x"}),
        )
        .await;
        assert_eq!(status, "failed", "{url}");
    }
}

#[tokio::test]
async fn secrets_are_seen_by_inputs_only_and_hidden_in_everything_told() {
    let bench = Bench::new().await;
    bench.template("t", json!({"type": "x", "steps": [
        {"id": "use", "action": "test:effect", "input": {"say": "${{ secrets.token }} ${{ environment.secrets.key }}"}},
        {"id": "made", "action": "debug:log", "input": {"message": "${{ (secrets.token | upper) + 'x' }}"}},
        {"id": "bad", "if": "${{ secrets.token }}", "action": "test:effect", "input": {"say": "never"}},
        {"id": "fail", "action": "test:effect", "input": {"say": "${{ secrets.token }}", "fail": true}},
    ], "output": {"leak": "${{ steps.use.output.said }}${{ secrets.token }}"}})).await;
    let id = bench
        .create("t", json!({}), json!({"token": "s3cret-token"}))
        .await;
    let (status, events) = bench.wait(&id).await;
    assert_eq!(status, "failed");
    assert_eq!(
        bench.peer.lock().said,
        ["s3cret-token environment-secret", "s3cret-token"]
    );
    let told = Value::from(events).to_string();
    let (_, task) = bench.get(&format!("/v2/tasks/{id}")).await;
    for text in [told, task.to_string()] {
        for secret in ["s3cret-token", "environment-secret", "S3CRET-TOKEN"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn secrets_are_sealed_in_the_database_and_wiped_at_the_end() {
    let bench = Bench::new().await;
    let input = json!({"say": "a", "millis": "${{ parameters.millis }}"});
    bench
        .template(
            "t",
            json!({"type": "x", "steps": [{"action": "test:effect", "input": input}]}),
        )
        .await;
    let stored = async |id: &str| {
        let id = id.to_owned();
        let row = bench.database.db.read(move |tx| {
            let sql = "select secrets from scaffolder_task where id = $1";
            tx.query_one(sql, &[id.as_str().into()])?
                .take::<Option<String>>(0)
        });
        row.await.unwrap()
    };
    let secrets = json!({"token": "s3cret-token"});
    // Longer than any test runs, so that it is looked at before its end.
    let values = json!({"millis": 86_400_000});
    let cancelled = bench.create("t", values, secrets.clone()).await;
    let sealed = stored(&cancelled).await.unwrap();
    assert!(!sealed.contains("s3cret"));
    let path = format!("/v2/tasks/{cancelled}/cancel");
    assert_eq!(bench.post(&path, json!({})).await.0, 200);
    assert_eq!(stored(&cancelled).await, None);
    let completed = bench.create("t", json!({"millis": 0}), secrets).await;
    assert_eq!(bench.wait(&completed).await.0, "completed");
    assert_eq!(stored(&completed).await, None);
}

#[tokio::test]
async fn a_step_runs_only_with_the_permission_for_its_action_and_input() {
    let bench = Bench::new().await;
    let only = |action: &str| {
        Decision::Conditional(Condition::Rule {
            rule: "HAS_ACTION_ID".into(),
            resource_type: "scaffolder-action".into(),
            params: json!({"actionId": action}),
        })
    };
    bench
        .catalog
        .access
        .decide("scaffolder.action.execute", only("debug:log"));
    let (status, told) = step(&bench, "test:effect", json!({"say": "x"})).await;
    assert_eq!(status, "failed");
    assert!(told.contains("NotAllowedError"), "{told}");
    assert!(bench.peer.lock().said.is_empty());
    assert_eq!(
        step(&bench, "debug:log", json!({"message": "x"})).await.0,
        "completed"
    );
    bench
        .catalog
        .access
        .decide("scaffolder.action.execute", Decision::Deny);
    assert_eq!(
        step(&bench, "debug:log", json!({"message": "x"})).await.0,
        "failed"
    );
}

#[tokio::test]
async fn routes_ask_for_their_permissions() {
    let bench = Bench::new().await;
    bench.template("t", json!({"type": "x", "steps": []})).await;
    let id = bench.create("t", json!({}), json!({})).await;
    bench.wait(&id).await;
    let task = |end: &str| format!("/v2/tasks/{id}{end}");
    let dry = json!({"template": {"apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template",
        "metadata": {"name": "t"}, "spec": {"type": "x", "steps": []}}, "values": {}, "directoryContents": []});
    let new = json!({"templateRef": "t", "values": {}});
    let cases = [
        (
            "scaffolder.task.create",
            "/v2/plan".to_owned(),
            Some(new.clone()),
        ),
        ("scaffolder.task.create", "/v2/tasks".to_owned(), Some(new)),
        (
            "scaffolder.task.create",
            "/v2/dry-run".to_owned(),
            Some(dry.clone()),
        ),
        (
            "scaffolder.template.dry-run",
            "/v2/dry-run".to_owned(),
            Some(dry),
        ),
        (
            "scaffolder.task.create",
            "/v2/lint".to_owned(),
            Some(json!({"text": ""})),
        ),
        (
            "scaffolder.template.dry-run",
            "/v2/lint".to_owned(),
            Some(json!({"text": ""})),
        ),
        ("scaffolder.task.create", task("/retry"), Some(json!({}))),
        ("scaffolder.task.read", task("/retry"), Some(json!({}))),
        ("scaffolder.task.cancel", task("/cancel"), Some(json!({}))),
        ("scaffolder.task.read", task("/cancel"), Some(json!({}))),
        ("scaffolder.task.read", "/v2/tasks".to_owned(), None),
        ("scaffolder.task.read", task(""), None),
        ("scaffolder.task.read", task("/events"), None),
        ("scaffolder.task.read", task("/eventstream"), None),
        ("scaffolder.task.read", task("/plan"), None),
        ("scaffolder.task.read", task("/approve"), Some(json!({}))),
        ("scaffolder.task.read", task("/undo"), Some(json!({}))),
        ("scaffolder.task.cancel", task("/undo"), Some(json!({}))),
    ];
    for (permission, path, body) in cases {
        bench.catalog.access.decide(permission, Decision::Deny);
        let (status, answer) = match body {
            Some(body) => bench.post(&path, body).await,
            None => bench.get(&path).await,
        };
        assert_eq!(status, 403, "{permission} {path}");
        // Somebody has to know what to ask for.
        let expected = format!("this takes the permission {permission}");
        assert_eq!(answer["error"]["message"], expected, "{path}");
        bench.catalog.access.decide(permission, Decision::Allow);
    }
}

#[tokio::test]
async fn pages_and_steps_with_other_tags_are_left_out() {
    let bench = Bench::new().await;
    let tagged = |tag: &str| json!({"tags": [tag]});
    bench.template("t", json!({"type": "x", "parameters": [
        {"title": "A", "backstage:permissions": tagged("a"), "properties": {}},
        {"title": "B", "backstage:permissions": tagged("b"), "properties": {}},
    ], "steps": [
        {"id": "a", "backstage:permissions": tagged("a"), "action": "test:effect", "input": {"say": "a"}},
        {"id": "b", "backstage:permissions": tagged("b"), "action": "test:effect", "input": {"say": "b"}},
    ]})).await;
    let rule = || {
        Decision::Conditional(Condition::Rule {
            rule: "HAS_TAG".into(),
            resource_type: "scaffolder-template".into(),
            params: json!({"tag": "a"}),
        })
    };
    bench
        .catalog
        .access
        .decide("scaffolder.template.parameter.read", rule());
    bench
        .catalog
        .access
        .decide("scaffolder.template.step.read", rule());
    let (_, form) = bench
        .get("/v2/templates/default/template/t/parameter-schema")
        .await;
    assert_eq!(form["steps"].as_array().unwrap().len(), 1);
    assert_eq!(bench.run("t", json!({}), json!({})).await.0, "completed");
    assert_eq!(bench.peer.lock().said, ["a"]);
}

#[tokio::test]
async fn templates_run_no_code_and_cannot_hold_a_worker_up() {
    let bench = Bench::new().await;
    for text in [
        "${{ range(1000000000) }}",
        "${{ ''.constructor.constructor('return process')() }}",
        "${{ {}.__proto__ }}",
        "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
    ] {
        let (status, _) = step(&bench, "debug:log", json!({"message": text})).await;
        assert!(status == "completed" || status == "failed", "{text}");
    }
}
