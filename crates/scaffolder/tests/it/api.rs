//! Tasks as clients see them.

use platform::permission::{Condition, Decision};
use serde_json::{Value, json};

use crate::bench::Bench;

fn messages(events: &[Value]) -> Vec<String> {
    let text = |event: &Value| {
        let body = &event["body"];
        let message = body["message"].as_str().unwrap_or_default();
        message.replace("\u{1b}[32minfo\u{1b}[39m", "info")
    };
    events.iter().map(text).collect()
}

fn step_states(events: &[Value]) -> Vec<String> {
    let bodies = events.iter().map(|event| &event["body"]);
    let states = bodies.filter_map(|body| {
        let (step, status) = (body["stepId"].as_str()?, body["status"].as_str()?);
        Some(format!("{step} {status}"))
    });
    states.collect()
}

#[tokio::test]
async fn a_task_runs_its_steps_and_puts_out_what_they_made() {
    let bench = Bench::new().await;
    bench.beside(
        "skeleton/${{ values.name }}.txt",
        "Hello ${{ values.name }}{% if values.loud %}!{% endif %}",
    );
    bench.beside(
        "skeleton/{% if values.loud %}loud.txt{% endif %}",
        "only when loud",
    );
    bench.template("t", json!({
        "type": "service",
        "parameters": {"required": ["name"], "properties": {"name": {"type": "string"}}},
        "steps": [
            {"id": "fetch", "action": "fetch:template",
             "input": {"url": "./skeleton", "values": {"name": "${{ parameters.name }}", "loud": false}}},
            {"id": "list", "action": "fs:readdir", "input": {"paths": ["."]}},
            {"id": "each", "each": "${{ steps.list.output.files }}", "action": "test:effect",
             "input": {"say": "${{ each.key }} ${{ each.value.name }} in ${{ environment.parameters.region }}"}},
            {"action": "test:effect", "if": "${{ steps.list.output.files | length > 1 }}", "input": {"say": "never"}},
        ],
        "output": {"links": [
            {"title": "kept", "url": "https://x/${{ steps.each.output.said[0] }}"},
            {"if": "${{ parameters.no }}", "title": "undefined keeps", "url": "u"},
            {"if": false, "title": "gone", "url": "u"},
        ]},
    })).await;
    let (status, events) = bench.run("t", json!({"name": "shop"}), json!({})).await;
    assert_eq!(status, "completed", "{:#?}", messages(&events));
    assert_eq!(bench.peer.lock().said, ["0 shop.txt in eu"]);
    assert_eq!(
        step_states(&events),
        [
            "fetch processing",
            "fetch completed",
            "list processing",
            "list completed",
            "each processing",
            "each completed",
            "step-4 processing",
            "step-4 skipped"
        ]
    );
    let last = &events.last().unwrap()["body"];
    assert_eq!(last["message"], "Run completed with status: completed");
    assert_eq!(
        last["output"],
        json!({"links": [
            {"title": "kept", "url": "https://x/0 shop.txt in eu"},
            {"title": "undefined keeps", "url": "u"},
        ]})
    );
    assert!(
        std::fs::read_dir(bench.workspaces())
            .unwrap()
            .next()
            .is_none(),
        "workspaces go"
    );
}

#[tokio::test]
async fn files_are_written_merged_and_read_again() {
    let bench = Bench::new().await;
    let utils = |id: &str, name: &str, input: Value| json!({"id": id, "action": format!("roadiehq:utils:{name}"), "input": input});
    bench
        .template("t", json!({"type": "x", "steps": [
            utils("write", "fs:write", json!({"path": "a/v.yaml", "content": "name: shop\nlist: [1]\n"})),
            utils("merge", "merge", json!({"path": "a/v.yaml", "mergeArrays": true, "content": {"list": [2], "new": true}})),
            utils("append", "fs:append", json!({"path": "a/v.yaml", "content": "# end NAME\n"})),
            utils("replace", "fs:replace", json!({"files": [{"file": "a/v.yaml", "find": "N.ME", "matchRegex": true, "replaceWith": "x"}]})),
            utils("text", "fs:parse", json!({"path": "a/v.yaml"})),
            utils("parse", "fs:parse", json!({"path": "a/v.yaml", "parser": "yaml"})),
            utils("json", "serialize:json", json!({"data": {"a": [1]}})),
        ], "output": {"parsed": "${{ steps.parse.output.content }}", "read": "${{ steps.text.output.content }}",
                      "json": "${{ steps.json.output.serialized }}"}}))
        .await;
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    assert_eq!(status, "completed", "{:#?}", messages(&events));
    let output = &events.last().unwrap()["body"]["output"];
    assert_eq!(
        output["parsed"],
        json!({"name": "shop", "list": [1, 2], "new": true})
    );
    assert!(
        output["read"].as_str().unwrap().ends_with("# end x\n"),
        "{output}"
    );
    assert_eq!(output["json"], json!("{\"a\":[1]}"));
}

#[tokio::test]
async fn after_a_failure_only_those_steps_run_that_ask_for_it() {
    let bench = Bench::new().await;
    bench.template("t", json!({"type": "x", "steps": [
        {"id": "bad", "action": "test:effect", "input": {"say": "a", "fail": true}},
        {"id": "no", "action": "test:effect", "input": {"say": "b"}},
        {"id": "always", "if": "${{ always() }}", "action": "test:effect", "input": {"say": "c"}},
        {"id": "failure", "if": "${{ failure() }}", "action": "test:effect", "input": {"say": "d"}},
    ]})).await;
    let (status, events) = bench.run("t", json!({}), json!({})).await;
    assert_eq!(status, "failed");
    assert_eq!(bench.peer.lock().said, ["a", "c", "d"]);
    assert_eq!(
        step_states(&events),
        [
            "bad processing",
            "bad failed",
            "no skipped",
            "always processing",
            "always completed",
            "failure processing",
            "failure completed"
        ]
    );
    let last = &events.last().unwrap()["body"];
    assert_eq!(
        last["error"],
        json!({"name": "InputError", "message": "cannot say \"a\""})
    );
}

#[tokio::test]
async fn a_retry_goes_on_where_the_task_failed() {
    let bench = Bench::new().await;
    let steps = |fail: &str| {
        json!({"type": "x", "EXPERIMENTAL_recovery": {"EXPERIMENTAL_strategy": fail}, "steps": [
            {"id": "one", "action": "test:effect", "input": {"say": "one"}},
            {"id": "file", "action": "catalog:write", "input": {"entity": {"kind": "Component", "metadata": {"name": "x"}}}},
            {"id": "two", "action": "fs:rename", "input": {"files": [{"from": "catalog-info.yaml", "to": "${{ secrets.name }}/x"}]}},
        ]})
    };
    bench.template("t", steps("none")).await;
    let id = bench.create("t", json!({}), json!({"name": ".."})).await;
    assert_eq!(bench.wait(&id).await.0, "failed");
    let (status, _) = bench
        .post(
            &format!("/v2/tasks/{id}/retry"),
            json!({"secrets": {"name": "sub"}}),
        )
        .await;
    assert_eq!(status, 201);
    let (status, events) = bench.wait(&id).await;
    assert_eq!(status, "completed", "{:#?}", messages(&events));
    // What completed is not done again, and its files are there.
    assert_eq!(bench.peer.lock().said, ["one"]);
    assert!(
        events.iter().any(|event| event["type"] == "recovered"
            && event["body"] == json!({"recoverStrategy": "none"}))
    );
    bench.template("t", steps("startOver")).await;
    let id = bench.create("t", json!({}), json!({"name": ".."})).await;
    assert_eq!(bench.wait(&id).await.0, "failed");
    bench
        .post(
            &format!("/v2/tasks/{id}/retry"),
            json!({"secrets": {"name": "sub"}}),
        )
        .await;
    assert_eq!(bench.wait(&id).await.0, "completed");
    assert_eq!(bench.peer.lock().said, ["one", "one", "one"]);
}

#[tokio::test]
async fn a_task_that_runs_cannot_be_retried_and_can_be_cancelled() {
    let bench = Bench::new().await;
    bench.template("t", json!({"type": "x", "steps": [
        {"id": "slow", "name": "Slow", "action": "test:effect", "input": {"say": "a", "millis": 60_000}},
        {"id": "end", "action": "test:effect", "input": {"say": "b"}},
    ]})).await;
    let id = bench.create("t", json!({}), json!({})).await;
    while bench.peer.lock().said.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(
        bench
            .post(&format!("/v2/tasks/{id}/retry"), json!({}))
            .await
            .0,
        409
    );
    let answer = bench
        .post(&format!("/v2/tasks/{id}/cancel"), json!({}))
        .await;
    assert_eq!(answer, (200, json!({"status": "cancelled"})));
    let (status, events) = bench.wait(&id).await;
    assert_eq!(status, "failed");
    assert_eq!(bench.peer.lock().said, ["a"]);
    let cancelled = events
        .iter()
        .find(|event| event["type"] == "cancelled")
        .unwrap();
    assert_eq!(
        cancelled["body"]["message"],
        "Step slow has been cancelled."
    );
    let last = &events.last().unwrap()["body"]["error"]["message"];
    assert_eq!(
        last,
        &format!("Step slow (Slow) of task {id} has been cancelled.")
    );
    for (query, status) in [
        ("status=cancelled", "failed"),
        ("tellCancelled=false", "failed"),
        ("tellCancelled=true", "cancelled"),
    ] {
        let (_, list) = bench.get(&format!("/v2/tasks?{query}")).await;
        assert_eq!(list["tasks"][0]["status"], status, "{query}");
    }
    let (_, list) = bench
        .get("/v2/tasks?tellCancelled=true&status=failed")
        .await;
    assert_eq!(list["totalTasks"], 0);
    let again = bench
        .post(&format!("/v2/tasks/{id}/cancel"), json!({}))
        .await;
    assert_eq!(again.0, 200);
}

#[tokio::test]
async fn values_are_checked_page_by_page() {
    let bench = Bench::new().await;
    bench
        .template(
            "t",
            json!({"type": "x", "steps": [], "parameters": [
        {"required": ["a"], "properties": {"a": {"type": "string"}}},
        {"properties": {"b": {"type": "integer"}}},
    ], "secrets": {"schema": {"required": ["token"]}}}),
        )
        .await;
    let create = async |values: Value, secrets: Value| {
        bench
            .post(
                "/v2/tasks",
                json!({"templateRef": "t", "values": values, "secrets": secrets}),
            )
            .await
    };
    let (status, answer) = create(json!({"b": "x"}), json!({})).await;
    assert_eq!(
        (status, answer["errors"].as_array().unwrap().len()),
        (400, 1)
    );
    let (_, answer) = create(json!({"a": "x", "b": "x"}), json!({})).await;
    assert_eq!(
        answer["errors"][0]["stack"],
        "instance.b is not of a type(s) integer"
    );
    let (status, answer) = create(json!({"a": "x"}), json!({"other": "s3cret"})).await;
    assert_eq!(
        (status, &answer["errors"][0]["property"]),
        (400, &json!("secrets"))
    );
    assert!(!answer.to_string().contains("s3cret"));
}

#[tokio::test]
async fn lists_are_filtered_ordered_and_limited_to_what_the_caller_may_see() {
    let bench = Bench::new().await;
    bench.template("t", json!({"type": "x", "steps": []})).await;
    for _ in 0..3 {
        let id = bench.create("t", json!({}), json!({})).await;
        bench.wait(&id).await;
    }
    let total = async |query: &str| {
        let (status, answer) = bench.get(&format!("/v2/tasks{query}")).await;
        (
            status,
            answer["totalTasks"].as_i64(),
            answer["tasks"].as_array().map(Vec::len),
        )
    };
    assert_eq!(total("").await, (200, Some(3), Some(3)));
    assert_eq!(
        total("?limit=2&order=asc:created_at").await,
        (200, Some(3), Some(2))
    );
    assert_eq!(
        total("?status=failed&status=open").await,
        (200, Some(0), Some(0))
    );
    assert_eq!(
        total("?createdBy=user:default/guest").await,
        (200, Some(3), Some(3))
    );
    assert_eq!(total("?order=up:created_at").await.0, 400);
    assert_eq!(total("?order=asc:nope").await.0, 400);
    let rule = |owner: &str| {
        Decision::Conditional(Condition::Rule {
            rule: "IS_TASK_OWNER".into(),
            resource_type: "scaffolder-task".into(),
            params: json!({"createdBy": [owner]}),
        })
    };
    bench
        .catalog
        .access
        .decide("scaffolder.task.read", rule("user:default/other"));
    assert_eq!(total("").await, (200, Some(0), Some(0)));
    bench
        .catalog
        .access
        .decide("scaffolder.task.read", rule("user:default/guest"));
    assert_eq!(total("").await, (200, Some(3), Some(3)));
    bench
        .catalog
        .access
        .decide("scaffolder.task.read", Decision::Deny);
    assert_eq!(total("").await.0, 403);
}

#[tokio::test]
async fn a_trial_changes_nothing_and_shows_everything() {
    let bench = Bench::new().await;
    let template = json!({
        "apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template", "metadata": {"name": "t"},
        "spec": {"type": "x", "steps": [
            {"id": "fetch", "action": "fetch:template", "input": {"url": "./s", "values": {"n": "${{ parameters.n }}"}}},
            {"id": "effect", "action": "test:effect", "input": {"say": "${{ secrets.token }}"}},
            {"id": "log", "action": "debug:log", "input": {"message": "said ${{ steps.effect.output.said }}"}},
        ], "output": {"n": "${{ parameters.n }}"}},
    });
    let file = |path: &str, content: &str| json!({"path": path, "base64Content": content});
    let body = json!({"template": template, "values": {"n": 7}, "secrets": {"token": "s3cret"},
                      "directoryContents": [file("s/${{ values.n }}.txt", "JHt7IHZhbHVlcy5uIH19")]});
    let (status, answer) = bench.post("/v2/dry-run", body).await;
    assert_eq!(status, 200, "{answer}");
    assert!(bench.peer.lock().said.is_empty());
    assert_eq!(
        answer["directoryContents"],
        json!([{"path": "7.txt", "executable": false, "base64Content": "Nw=="}])
    );
    assert_eq!(answer["output"], json!({"n": 7}));
    assert!(!answer.to_string().contains("s3cret"));
    assert!(
        answer["log"]
            .to_string()
            .contains("test:effect does not support dry-run")
    );
    assert!(
        std::fs::read_dir(bench.workspaces())
            .unwrap()
            .next()
            .is_none()
    );
}

#[tokio::test]
async fn the_scaffolder_is_an_action_itself() {
    let bench = Bench::new().await;
    bench.template("t", json!({"type": "x", "steps": [{"id": "a", "action": "test:effect", "input": {"say": "hi"}}]})).await;
    let invoke = async |name: &str, input: Value| {
        let path = format!("/.backstage/actions/v1/actions/scaffolder%3A{name}/invoke");
        bench.post(&path, input).await
    };
    let (status, answer) = invoke(
        "execute-template",
        json!({"templateRef": "template:default/t", "values": {}}),
    )
    .await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["output"]["taskId"].as_str().unwrap();
    assert_eq!(bench.wait(id).await.0, "completed");
    let (_, answer) = invoke("list-scaffolder-tasks", json!({"limit": "5"})).await;
    assert_eq!(answer["output"]["totalTasks"], 1, "{answer}");
    let (_, answer) = invoke("get-scaffolder-task-logs", json!({"taskId": id})).await;
    assert!(
        answer["output"]["events"].to_string().contains("said"),
        "{answer}"
    );
    let (status, answer) = invoke("list-scaffolder-tasks", json!({"limit": 0})).await;
    assert_eq!(
        (status, &answer["error"]["name"]),
        (400, &json!("InputError"))
    );
    // What is for templates only is not there for others.
    let (status, _) = bench
        .post(
            "/.backstage/actions/v1/actions/fs%3Adelete/invoke",
            json!({"files": ["*"]}),
        )
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_list_of_events_is_whole_however_long_it_is() {
    const N_MORE: i64 = 12_000;
    let bench = Bench::new().await;
    bench.template("t", json!({"type": "x", "steps": []})).await;
    let id = bench.create("t", json!({}), json!({})).await;
    let (_, first) = bench.wait(&id).await;
    let task = id.clone();
    let add = bench.database.db.write(move |tx| {
        let rows = (0..N_MORE).map(|n| {
            let body = json!({"message": n.to_string()}).to_string();
            vec![task.as_str().into(), body.into()]
        });
        let rows: Vec<Vec<platform::db::Param<'_>>> = rows.collect();
        let sql = "insert into scaffolder_event (task_id, type, body, created_at) \
                   values ($1, 'log', $2, 0)";
        tx.execute_each(sql, &rows).map(drop)
    });
    add.await.unwrap();
    let ids = |events: &Value| -> Vec<i64> {
        let events = events.as_array().unwrap().iter();
        events.map(|it| it["id"].as_i64().unwrap()).collect()
    };
    let (status, all) = bench.get(&format!("/v2/tasks/{id}/events")).await;
    assert_eq!(status, 200);
    let all_ids = ids(&all);
    assert_eq!(
        all_ids.len(),
        first.len() + usize::try_from(N_MORE).unwrap()
    );
    assert!(all_ids.is_sorted_by(|a, b| a < b));
    assert_eq!(all[all_ids.len() - 1]["body"]["message"], "11999");
    // A whole number of pages, and fewer; the end of the task is told with each.
    for n_left in [2_000, 1_999, 999, 1] {
        let after = all_ids[all_ids.len() - 1 - n_left];
        let (_, events) = bench
            .get(&format!("/v2/tasks/{id}/events?after={after}"))
            .await;
        let found = ids(&events);
        assert_eq!(events[0]["type"], "completion");
        assert_eq!(found[1..], all_ids[all_ids.len() - n_left..], "{n_left}");
    }
}
