//! Actions of source control hosts, each against a double of its API: method, path, body, output.

use serde_json::{Value, json};
use testkit::Forge;

use crate::bench::Bench;

/// Runs steps on a host; what they put out.
struct Trial {
    forge: Forge,
    bench: Bench,
    kind: &'static str,
}

impl Trial {
    async fn start(kind: &'static str) -> Self {
        let forge = Forge::start().await;
        let authority = forge.authority();
        let version = if kind == "gitlab" { "v4" } else { "v3" };
        let host = json!({
            "host": authority, "token": "forge-token",
            "baseUrl": format!("http://{authority}"),
            "apiBaseUrl": format!("http://{authority}/api/{version}"),
        });
        let mut integrations = json!({"gitea": [], "github": [], "gitlab": []});
        integrations[kind] = json!([host]);
        let bench = Bench::with_integrations(authority, &integrations).await;
        bench.beside("skeleton/README.md", "# Shop\n");
        bench.beside("skeleton/new.txt", "new\n");
        let trial = Self { forge, bench, kind };
        let publish = trial.step(&format!("publish:{kind}"), json!({"defaultBranch": "main"}));
        trial.run(json!([publish])).await;
        trial
    }

    fn step(&self, action: &str, mut input: Value) -> Value {
        let repo = format!("{}?owner=acme&repo=shop", self.forge.authority());
        input["repoUrl"] = repo.into();
        json!({"id": "step", "action": action, "input": input})
    }

    /// Runs steps that have to succeed, and nothing else; their last output.
    async fn run(&self, steps: Value) -> Value {
        let mut all = vec![
            json!({"action": "fetch:plain", "input": {"url": "./skeleton", "targetPath": "."}}),
        ];
        all.extend(steps.as_array().unwrap().iter().cloned());
        let spec = json!({"type": "x", "steps": all,
                          "output": {"step": "${{ steps.step.output | dump }}"}});
        self.bench.template("t", spec).await;
        let (status, events) = self.bench.run("t", json!({}), json!({})).await;
        let last = &events.last().unwrap()["body"];
        assert_eq!(status, "completed", "{}: {last:#}", self.kind);
        let output = last["output"]["step"].as_str().unwrap_or("{}");
        serde_json::from_str(output).unwrap()
    }

    /// Runs one action; its output, and the calls with their bodies.
    async fn call(&self, action: &str, input: Value) -> (Value, Vec<(String, Value)>) {
        let n_before = self.forge.calls().len();
        let output = self.run(json!([self.step(action, input)])).await;
        let all = self.forge.exchanges();
        (output, all[n_before..].to_vec())
    }
}

fn call(name: &str, body: Value) -> (String, Value) {
    (name.to_owned(), body)
}

#[tokio::test]
async fn issues_of_gitlab_are_opened_and_changed() {
    let trial = Trial::start("gitlab").await;
    let input = json!({"projectId": 1, "title": "Welcome", "assignees": [3], "labels": "a,b",
                       "dueDate": "2026-12-01", "issueType": "issue"});
    let (output, calls) = trial.call("gitlab:issues:create", input).await;
    let sent = json!({"title": "Welcome", "assignee_ids": [3], "labels": "a,b",
                      "due_date": "2026-12-01", "issue_type": "issue"});
    assert_eq!(calls, [call("POST /api/v4/projects/1/issues", sent)]);
    let page = format!("http://{}/acme/shop/issues/1", trial.forge.authority());
    assert_eq!(
        output,
        json!({"issueUrl": page, "issueId": 1, "issueIid": 1})
    );
    let input = json!({"projectId": 1, "issueIid": 1, "addLabels": "c", "stateEvent": "close"});
    let (_, calls) = trial.call("gitlab:issue:edit", input).await;
    let sent = json!({"add_labels": "c", "state_event": "close"});
    assert_eq!(calls, [call("PUT /api/v4/projects/1/issues/1", sent)]);
}

#[tokio::test]
async fn groups_of_gitlab_are_made_where_they_are_missing() {
    let trial = Trial::start("gitlab").await;
    let path = json!([{"name": "Acme", "slug": "acme"}, "web"]);
    let (output, calls) = trial
        .call("gitlab:group:ensureExists", json!({"path": path}))
        .await;
    assert_eq!(output, json!({"groupId": 2}));
    assert_eq!(
        calls,
        [
            call("GET /api/v4/groups/acme", Value::Null),
            call(
                "POST /api/v4/groups",
                json!({"name": "Acme", "path": "acme"})
            ),
            call("GET /api/v4/groups/acme%2Fweb", Value::Null),
            call(
                "POST /api/v4/groups",
                json!({"name": "web", "path": "web", "parent_id": 1})
            ),
        ]
    );
    let (output, calls) = trial
        .call(
            "gitlab:group:ensureExists",
            json!({"path": ["acme", "web"]}),
        )
        .await;
    assert_eq!((output, calls.len()), (json!({"groupId": 2}), 2));
}

#[tokio::test]
async fn variables_of_gitlab_are_made_or_changed() {
    let trial = Trial::start("gitlab").await;
    let input = |value: &str| {
        json!({"projectId": "acme/shop", "key": "REGION", "value": value,
               "variableType": "env_var", "masked": true})
    };
    let sent = |value: &str| {
        json!({"key": "REGION", "value": value, "variable_type": "env_var", "protected": false,
               "masked": true, "raw": false, "environment_scope": "*"})
    };
    let path = "/api/v4/projects/acme%2Fshop/variables";
    let (_, calls) = trial
        .call("gitlab:projectVariable:create", input("eu"))
        .await;
    assert_eq!(calls, [call(&format!("POST {path}"), sent("eu"))]);
    let (_, calls) = trial
        .call("gitlab:projectVariable:create", input("us"))
        .await;
    assert_eq!(calls[1], call(&format!("PUT {path}/REGION"), sent("us")));
}

#[tokio::test]
async fn tokens_of_gitlab_are_made() {
    let trial = Trial::start("gitlab").await;
    let input = json!({"projectId": 1, "name": "ci", "expiresAt": "2027-01-31", "scopes": ["api"]});
    let (output, calls) = trial.call("gitlab:projectAccessToken:create", input).await;
    let sent = json!({"name": "ci", "access_level": 40, "scopes": ["api"],
                      "expires_at": "2027-01-31"});
    assert_eq!(calls, [call("POST /api/v4/projects/1/access_tokens", sent)]);
    assert_eq!(output, json!({"access_token": "made-for-access_tokens"}));
    let input = json!({"projectId": 1, "name": "pull", "username": "robot"});
    let (output, calls) = trial.call("gitlab:projectDeployToken:create", input).await;
    let sent = json!({"name": "pull", "username": "robot", "scopes": ["read_repository"]});
    assert_eq!(calls, [call("POST /api/v4/projects/1/deploy_tokens", sent)]);
    assert_eq!(
        output,
        json!({"deploy_token": "made-for-deploy_tokens", "user": "robot"})
    );
}

#[tokio::test]
async fn a_pipeline_of_gitlab_is_started_with_a_token_of_its_own() {
    let trial = Trial::start("gitlab").await;
    let input = json!({"projectId": 1, "tokenDescription": "once", "branch": "main",
                       "variables": {"A": "1"}});
    let (output, calls) = trial.call("gitlab:pipeline:trigger", input).await;
    let sent = json!({"ref": "main", "token": "made-for-triggers", "variables": {"A": "1"}});
    assert_eq!(
        calls,
        [
            call(
                "POST /api/v4/projects/1/triggers",
                json!({"description": "once"})
            ),
            call("POST /api/v4/projects/1/trigger/pipeline", sent),
            call("DELETE /api/v4/projects/1/triggers/1", Value::Null),
        ]
    );
    let authority = trial.forge.authority();
    let page = format!("http://{authority}/acme/shop/trigger/pipeline/1");
    assert_eq!(output, json!({"pipelineUrl": page}));
}

#[tokio::test]
async fn a_merge_request_changes_files_that_are_there_and_adds_others() {
    let trial = Trial::start("gitlab").await;
    trial.bench.beside("skeleton/more.txt", "more\n");
    let input = json!({"branchName": "next", "title": "More", "description": "Text",
                       "removeSourceBranch": true});
    let (output, calls) = trial.call("publish:gitlab:merge-request", input).await;
    let names: Vec<&str> = calls.iter().map(|(name, _)| name.as_str()).collect();
    let file = "HEAD /api/v4/projects/1/repository/files";
    assert_eq!(
        names,
        [
            "GET /api/v4/projects/acme%2Fshop".to_owned(),
            format!("{file}/README.md"),
            format!("{file}/more.txt"),
            format!("{file}/new.txt"),
            "POST /api/v4/projects/1/repository/commits".to_owned(),
            "POST /api/v4/projects/1/merge_requests".to_owned(),
        ]
    );
    let commit = &calls[4].1;
    assert_eq!(
        (&commit["branch"], &commit["start_branch"]),
        (&json!("next"), &json!("main"))
    );
    let actions: Vec<String> = commit["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            format!(
                "{} {}",
                it["action"].as_str().unwrap(),
                it["file_path"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        actions,
        ["update README.md", "create more.txt", "update new.txt"]
    );
    let merge = &calls[5].1;
    assert_eq!(merge["source_branch"], "next");
    assert_eq!(merge["target_branch"], "main");
    assert_eq!(merge["remove_source_branch"], true);
    let page = format!(
        "http://{}/acme/shop/merge_requests/1",
        trial.forge.authority()
    );
    assert_eq!(
        output,
        json!({"targetBranchName": "main", "projectid": "acme/shop", "projectPath": "acme/shop",
               "mergeRequestUrl": page})
    );
}

#[tokio::test]
async fn an_environment_of_github_is_brought_to_what_the_step_says() {
    let trial = Trial::start("github").await;
    let input = |value: &str| {
        json!({
            "name": "production", "waitTimer": 5, "preventSelfReview": true,
            "deploymentBranchPolicy": {"protected_branches": false, "custom_branch_policies": true},
            "customBranchPolicyNames": ["main"], "customTagPolicyNames": ["v*"],
            "environmentVariables": {"REGION": value},
            "reviewers": ["user:default/ada", "group:default/web"],
        })
    };
    let path = "/api/v3/repos/acme/shop/environments/production";
    let sent = json!({
        "wait_timer": 5, "prevent_self_review": true,
        "deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true},
        "reviewers": [{"type": "User", "id": 9}, {"type": "Team", "id": 5}],
    });
    let (_, calls) = trial.call("github:environment:create", input("eu")).await;
    let policies = format!("POST {path}/deployment-branch-policies");
    let expected = [
        call("GET /api/v3/users/ada", Value::Null),
        call("GET /api/v3/orgs/acme/teams/web", Value::Null),
        call(&format!("PUT {path}"), sent),
        call(&policies, json!({"name": "main", "type": "branch"})),
        call(&policies, json!({"name": "v*", "type": "tag"})),
        call(
            &format!("POST {path}/variables"),
            json!({"name": "REGION", "value": "eu"}),
        ),
    ];
    assert_eq!(calls, expected);
    // Again: what is there stays, and the variable changes.
    let (_, calls) = trial.call("github:environment:create", input("us")).await;
    let change = call(
        &format!("PATCH {path}/variables/REGION"),
        json!({"name": "REGION", "value": "us"}),
    );
    assert_eq!(calls.last(), Some(&change));
}
