//! Dry runs and plans: what they leave, how many there may be, how long they may take.

use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use testkit::USER;

use crate::bench::Bench;

fn draft(steps: &Value) -> Value {
    json!({
        "template": {"apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template",
                     "metadata": {"name": "t"}, "spec": {"type": "x", "steps": steps}},
        "values": {}, "directoryContents": [{"path": "a", "base64Content": "YQ=="}],
    })
}

/// A step that never ends, in dry runs as well.
fn held() -> Value {
    json!([{"id": "hold", "action": "test:hold", "input": {}}])
}

fn n_folders(bench: &Bench) -> usize {
    std::fs::read_dir(bench.workspaces()).unwrap().count()
}

async fn wait_until(what: &str, is_so: impl AsyncFn() -> bool) {
    let end = Instant::now() + Duration::from_mins(2);
    while !is_so().await {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_dry_run_ends_with_who_asked_for_it_and_there_are_not_too_many() {
    let bench = Bench::with_dry_runs(1, Duration::from_hours(1)).await;
    bench
        .template("t", json!({"type": "x", "steps": held()}))
        .await;
    let asked = json!({"templateRef": "t", "values": {}});
    for (path, body) in [("/v2/dry-run", draft(&held())), ("/v2/plan", asked.clone())] {
        let n_before = bench.peer.lock().n_attempts;
        let request = bench.sending(USER, "POST", path, Some(body));
        let client = tokio::spawn(request);
        bench.wait_for_attempts(n_before + 1).await;
        assert!(n_folders(&bench) > 0);
        for (path, body) in [
            ("/v2/dry-run", draft(&json!([]))),
            ("/v2/plan", asked.clone()),
        ] {
            let (status, answer) = bench.post(path, body).await;
            assert_eq!(status, 503, "{answer}");
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(
                message.contains("callboard.scaffolder.concurrentDryRuns"),
                "{message}"
            );
        }
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled());
        wait_until("the steps go on", async || {
            bench.peer.lock().n_broken_off == n_before + 1
        })
        .await;
        wait_until("the folders stay", async || n_folders(&bench) == 0).await;
        let (status, answer) = bench.post("/v2/dry-run", draft(&json!([]))).await;
        assert_eq!(status, 200, "{answer}");
    }
}

#[tokio::test]
async fn a_dry_run_takes_no_longer_than_it_may() {
    let bench = Bench::with_dry_runs(1, Duration::from_millis(100)).await;
    let (status, answer) = bench.post("/v2/dry-run", draft(&held())).await;
    assert_eq!(status, 503, "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("callboard.scaffolder.dryRunTimeout"),
        "{message}"
    );
    wait_until("the folders stay", async || n_folders(&bench) == 0).await;
}

#[tokio::test]
async fn a_dry_run_does_not_wait_where_a_run_would() {
    let bench = Bench::new().await;
    let steps = json!([
        {"id": "a", "action": "roadiehq:utils:sleep", "input": {"amount": 86_400}},
    ]);
    let (status, answer) = bench.post("/v2/dry-run", draft(&steps)).await;
    assert_eq!(status, 200, "{answer}");
    let told = answer["log"].to_string();
    assert!(told.contains("Not waiting 86400 seconds"), "{told}");
}

#[tokio::test]
async fn what_a_process_left_is_swept_when_the_next_one_starts() {
    let mut bench = Bench::new().await;
    let id = "6a1b7c52-5d0e-4c6e-9d3e-0c1f5a9b8e77";
    let make = |name: &str, age: Duration| {
        let path = bench.workspaces().join(name);
        std::fs::create_dir(&path).unwrap();
        let open = std::fs::File::open(&path).unwrap();
        open.set_modified(SystemTime::now() - age).unwrap();
        path
    };
    let day = Duration::from_hours(24);
    let left = make(&format!("dry-run-{id}"), day);
    let beside = make(&format!("dry-run-{id}-beside"), day);
    let other = make("dry-runs-of-somebody", day);
    let young = make(
        "dry-run-6a1b7c52-5d0e-4c6e-9d3e-0c1f5a9b8e78",
        Duration::ZERO,
    );
    bench.kill();
    wait_until("the folders stay", async || {
        !left.exists() && !beside.exists()
    })
    .await;
    assert!(other.exists() && young.exists());
}

#[tokio::test]
async fn a_text_is_looked_at_as_on_the_command_line() {
    let bench = Bench::new().await;
    let text = "kind: Template\nspec:\n  type: x\n  steps:\n    - id: a\n      action: debug:lgo\n  \
                output:\n    said: ${{ 'a' | uper }}\n";
    let (status, answer) = bench.post("/v2/lint", json!({"text": text})).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        answer["problems"],
        json!([
            {"severity": "warning", "code": "template", "path": "/spec/steps/0/action",
             "message": "there is no action `debug:lgo` in this installation",
             "position": {"line": 6, "column": 15}, "hint": "did you mean `debug:log`?"},
            {"severity": "warning", "code": "template", "path": "/spec/output/said",
             "message": "there is no filter `uper`; the text stays as it is (at 1:11 of the text)",
             "position": {"line": 8, "column": 11}, "hint": "did you mean `upper`?"},
        ])
    );
    // What cannot be read as YAML is told with its place, too.
    let (status, answer) = bench.post("/v2/lint", json!({"text": "kind: [\n"})).await;
    assert_eq!(status, 200, "{answer}");
    assert!(
        answer["problems"][0]["position"]["line"].is_number(),
        "{answer}"
    );
    let (status, _) = bench.post("/v2/lint", json!({"text": 1})).await;
    assert_eq!(status, 400);
    let large = "#".repeat(2 << 20);
    let (status, _) = bench.post("/v2/lint", json!({"text": large})).await;
    assert_eq!(status, 413);
}

#[tokio::test]
async fn names_that_a_host_refuses_are_refused_in_the_form() {
    let bench = Bench::new().await;
    let picker = json!({"type": "string", "ui:field": "RepoUrlPicker"});
    let parameters = json!({"properties": {"repoUrl": picker}});
    let spec = json!({"type": "x", "parameters": parameters, "steps": []});
    bench.template("t", spec.clone()).await;
    let values = |repo: &str| json!({"repoUrl": format!("github.com?owner=acme&repo={repo}")});
    let mut tried = draft(&json!([]));
    tried["template"]["spec"] = spec;
    for (path, mut body) in [
        ("/v2/tasks", json!({"templateRef": "t"})),
        ("/v2/plan", json!({"templateRef": "t"})),
        ("/v2/dry-run", tried),
    ] {
        body["values"] = values("my shop");
        let (status, answer) = bench.post(path, body.clone()).await;
        assert_eq!(status, 400, "{path}: {answer}");
        let error = &answer["errors"][0];
        assert_eq!(error["path"], json!(["repoUrl"]), "{path}");
        assert_eq!(
            error["stack"],
            "instance.repoUrl is not possible: the name of the repository has ` `, which \
             github.com does not allow"
        );
        body["values"] = values("my-shop");
        let (status, answer) = bench.post(path, body).await;
        assert!(status < 300, "{path}: {answer}");
    }
    let text = "kind: Template\nspec:\n  type: x\n  parameters:\n    properties:\n      repo:\n        \
                ui:field: RepoUrlPicker\n        default: github.com?owner=a&repo=b c\n  steps:\n    \
                - action: github:pages:enable\n      input: {repoUrl: 'github.com?owner=a b&repo=c'}\n";
    let (_, answer) = bench.post("/v2/lint", json!({"text": text})).await;
    let problems = answer["problems"].as_array().unwrap().iter();
    let told: Vec<_> = problems
        .map(|it| (it["path"].as_str(), &it["severity"]))
        .collect();
    assert_eq!(
        told,
        [
            (
                Some("/spec/parameters/properties/repo/default"),
                &json!("error")
            ),
            (Some("/spec/steps/0/input/repoUrl"), &json!("error")),
        ],
        "{answer}"
    );
}
