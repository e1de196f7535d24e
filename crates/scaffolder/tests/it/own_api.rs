//! Steps that ask the portal's own API, as the user of the task.

use serde_json::{Value, json};

use crate::bench::Bench;

/// Runs one request; the status of the task, its output, and its log.
async fn ask(bench: &Bench, input: Value, secrets: Value) -> (String, Value, String) {
    let step = json!({"id": "ask", "action": "http:backstage:request", "input": input});
    let spec = json!({"type": "x", "steps": [step],
                      "output": {"answer": "${{ steps.ask.output | dump }}"}});
    bench.template("t", spec).await;
    let (status, events) = bench.run("t", json!({}), secrets).await;
    let output = events.last().unwrap()["body"]["output"]["answer"].clone();
    let output = serde_json::from_str(output.as_str().unwrap_or("null")).unwrap();
    (status, output, Value::from(events).to_string())
}

#[tokio::test]
async fn the_portal_is_asked_as_the_user_of_the_task() {
    let bench = Bench::new().await;
    let input = json!({"method": "POST", "path": "/echo/things", "params": {"a": "x y", "n": 2},
                       "headers": {"X-More": "yes"}, "body": {"k": [1]}});
    let (status, output, log) = ask(&bench, input, json!({})).await;
    assert_eq!(status, "completed", "{log}");
    assert_eq!(output["code"], 200);
    assert_eq!(
        output["headers"]["content-type"],
        "application/json; charset=utf-8"
    );
    assert_eq!(
        output["body"],
        json!({"method": "POST", "uri": "/things?a=x+y&n=2", "body": "{\"k\":[1]}",
               "by": "user:default/guest", "type": "application/json", "more": "yes"})
    );
    let input = json!({"method": "GET", "path": "echo/text"});
    let (_, output, _) = ask(&bench, input, json!({})).await;
    assert_eq!(output["body"], json!({"message": "not JSON"}));
}

#[tokio::test]
async fn nothing_leaves_the_portal() {
    let bench = Bench::new().await;
    for path in [
        "http://169.254.169.254/latest",
        "//169.254.169.254/latest",
        "@169.254.169.254/latest",
        "echo/../../latest",
        "echo/%2e%2e/scaffolder/v2/tasks",
        "nowhere/x",
        // It answers with a redirect to another host.
        "echo/away",
    ] {
        let input = json!({"method": "GET", "path": path});
        let (status, output, log) = ask(&bench, input, json!({})).await;
        assert_eq!(
            (status.as_str(), &output),
            ("failed", &Value::Null),
            "{path}: {log}"
        );
    }
    // Credentials of another one are looked at as always.
    let input = json!({"method": "GET", "path": "echo/x",
                       "headers": {"authorization": "Bearer wrong"}});
    let (status, _, log) = ask(&bench, input, json!({})).await;
    assert_eq!(status, "failed", "{log}");
    let input = json!({"method": "GET", "path": "echo/x",
                       "headers": {"Authorization": "Bearer service"}});
    let (_, output, _) = ask(&bench, input, json!({})).await;
    assert_eq!(output["body"]["by"], "plugin:test");
}

#[tokio::test]
async fn a_bad_answer_fails_the_step_unless_it_may_go_on() {
    let bench = Bench::new().await;
    let input = |goes_on: bool| json!({"method": "GET", "path": "echo/broken", "continueOnBadResponse": goes_on});
    let (status, _, log) = ask(&bench, input(false), json!({})).await;
    assert_eq!(status, "failed");
    assert!(log.contains("Unable to complete request: 502"), "{log}");
    let (status, output, _) = ask(&bench, input(true), json!({})).await;
    assert_eq!(status, "completed");
    assert_eq!(
        output,
        json!({"code": 502, "headers": {}, "body": {"why": "it is down"}})
    );
}

#[tokio::test]
async fn secrets_of_requests_are_hidden() {
    let bench = Bench::new().await;
    let input = json!({"method": "POST", "path": "echo/${{ secrets.token }}",
                       "body": {"token": "${{ secrets.token }}"}});
    let step = json!({"id": "ask", "action": "http:backstage:request", "input": input});
    bench
        .template("t", json!({"type": "x", "steps": [step]}))
        .await;
    let secrets = json!({"token": "very-secret-value"});
    let (status, events) = bench.run("t", json!({}), secrets).await;
    let log = Value::from(events).to_string();
    assert_eq!(status, "completed", "{log}");
    assert!(log.contains("***"), "{log}");
    assert!(!log.contains("very-secret-value"), "{log}");
}

#[tokio::test]
async fn a_dry_run_only_reads() {
    let bench = Bench::new().await;
    for (method, expected) in [("GET", json!("GET")), ("DELETE", Value::Null)] {
        let step = json!({"id": "ask", "name": "ask", "action": "http:backstage:request",
                          "input": {"method": method, "path": "echo/x"}});
        let template = json!({
            "apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template",
            "metadata": {"name": "t"},
            "spec": {"type": "x", "steps": [step],
                     "output": {"method": "${{ steps.ask.output.body.method }}"}},
        });
        let body = json!({"template": template, "values": {}, "directoryContents": []});
        let (status, tried) = bench.post("/v2/dry-run", body).await;
        assert_eq!(status, 200, "{tried}");
        assert_eq!(
            tried["output"].get("method").cloned().unwrap_or_default(),
            expected
        );
    }
}
