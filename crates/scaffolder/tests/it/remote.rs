//! Files of source control hosts in `fetch:*`, from a double of GitHub over a real repository.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::{Value, json};

use crate::hosts::{Trial, repo_url};

/// A host with a repository that has a skeleton; the URL of its folder.
async fn skeleton() -> (Trial, String) {
    let trial = Trial::empty("github").await;
    for (path, text) in [
        ("skel/README.md", "# ${{ values.name }}\n"),
        ("skel/run.sh", "#!/bin/sh\necho ${{ values.name }}\n"),
        (
            "skel/.github/workflows/ci.yaml",
            "name: ${{ values.name }}\n",
        ),
        ("skel/.config/.hidden", "hidden\n"),
        ("skel/${{ values.name }}/a.txt", "a\n"),
        ("other/b.txt", "b\n"),
    ] {
        trial.bench.beside(&format!("skeleton/{path}"), text);
    }
    let folder = trial.bench.folder.path().join("templates/skeleton/skel");
    fs::set_permissions(folder.join("run.sh"), Permissions::from_mode(0o755)).unwrap();
    symlink("run.sh", folder.join("link")).unwrap();
    let publish = json!({"repoUrl": repo_url(&trial.forge, "github"), "defaultBranch": "main"});
    trial
        .run(json!([trial.step("publish:github", publish)]))
        .await;
    let url = format!(
        "https://{}/acme/shop/tree/main/skel",
        trial.forge.authority()
    );
    (trial, url)
}

/// Runs one step in an empty workspace, then sends what is there to another repository; its files as
/// git lists them there, and the reads that the step made.
async fn fetched(trial: &Trial, step: Value) -> (String, Value) {
    let target = format!("{}?owner=acme&repo=made", trial.forge.authority());
    let steps = json!([step, {"action": "publish:github",
                              "input": {"repoUrl": target, "defaultBranch": "main"}}]);
    trial
        .bench
        .template("f", json!({"type": "x", "steps": steps}))
        .await;
    let (status, events) = trial.bench.run("f", json!({}), json!({})).await;
    assert_eq!(status, "completed", "{events:#?}");
    let listed = trial.forge.git(
        "acme/made",
        &["ls-tree", "-r", "--format=%(objectmode) %(path)", "main"],
    );
    (listed, Value::from(events))
}

#[tokio::test]
async fn a_folder_of_a_host_is_rendered_with_modes_links_and_hidden_files() {
    let (trial, url) = skeleton().await;
    let step = json!({"action": "fetch:template",
                      "input": {"url": url, "values": {"name": "shop"}}});
    let (listed, _) = fetched(&trial, step).await;
    assert_eq!(
        listed,
        "100644 .config/.hidden\n100644 .github/workflows/ci.yaml\n100644 README.md\n\
         120000 link\n100755 run.sh\n100644 shop/a.txt\n"
    );
    let show = |path: &str| {
        trial
            .forge
            .git("acme/made", &["show", &format!("main:{path}")])
    };
    assert_eq!(show("README.md"), "# shop\n");
    assert_eq!(show("run.sh"), "#!/bin/sh\necho shop\n");
    assert_eq!(show("link"), "run.sh");
}

#[tokio::test]
async fn a_folder_that_is_not_there_says_so() {
    let (trial, url) = skeleton().await;
    let step = json!({"action": "fetch:plain", "input": {"url": format!("{url}/nothing")}});
    trial
        .bench
        .template("f", json!({"type": "x", "steps": [step]}))
        .await;
    let (status, events) = trial.bench.run("f", json!({}), json!({})).await;
    assert_eq!(status, "failed");
    let message = events.last().unwrap()["body"]["error"]["message"].to_string();
    assert!(message.contains("there is nothing at"), "{message}");
}

#[tokio::test]
async fn a_token_of_the_step_is_used_instead_of_the_configured_one() {
    let (trial, url) = skeleton().await;
    for (token, expected) in [("forge-token-of-ada", "completed"), ("wrong", "failed")] {
        for step in [
            json!({"action": "fetch:plain", "input": {"url": url, "token": token}}),
            json!({"action": "fetch:template:file", "input": {
                "url": url.replace("/tree/", "/blob/") + "/README.md", "targetPath": "x",
                "values": {"name": "x"}, "token": token}}),
        ] {
            trial
                .bench
                .template("f", json!({"type": "x", "steps": [step]}))
                .await;
            let (status, events) = trial.bench.run("f", json!({}), json!({})).await;
            assert_eq!(status, expected, "{step}: {events:#?}");
        }
    }
}
