//! `github:*` actions that keep secrets and environments, against a double of GitHub's API.

use serde_json::{Value, json};

use crate::hosts::{Trial, call};

#[tokio::test]
async fn a_deploy_key_of_github_is_added_and_its_private_half_sealed() {
    let trial = Trial::start("github").await;
    let input = json!({"publicKey": "ssh-ed25519 AAAAC3Nz ada@example.com",
                       "privateKey": "the-private-half", "deployKeyName": "read only"});
    let (output, calls) = trial.call("github:deployKey:create", input).await;
    let repo = "/api/v3/repos/acme/shop";
    let names: Vec<&str> = calls.iter().map(|(name, _)| name.as_str()).collect();
    let secret = format!("PUT {repo}/actions/secrets/READ_ONLY_PRIVATE_KEY");
    assert_eq!(
        names,
        [
            format!("POST {repo}/keys"),
            format!("GET {repo}/actions/secrets/public-key"),
            secret,
        ]
    );
    assert_eq!(
        calls[0].1,
        json!({"title": "read only", "key": "ssh-ed25519 AAAAC3Nz ada@example.com"})
    );
    let sent = &calls[2].1;
    assert_eq!(sent["key_id"], "k1");
    let sealed = sent["encrypted_value"].as_str().unwrap();
    // 48 bytes more than the text, as base64.
    assert_eq!(
        sealed.len(),
        (("the-private-half".len() + 48).div_ceil(3)) * 4
    );
    assert_eq!(
        output,
        json!({"privateKeySecretName": "READ_ONLY_PRIVATE_KEY"})
    );
    let (output, _) = trial
        .call(
            "github:deployKey:create",
            json!({"publicKey": "ssh-ed25519 B", "privateKey": "x", "deployKeyName": "b",
                   "privateKeySecretName": "MINE"}),
        )
        .await;
    assert_eq!(output, json!({"privateKeySecretName": "MINE"}));
}

#[tokio::test]
async fn secrets_of_repositories_and_environments_are_sealed() {
    let trial = Trial::empty("github").await;
    let input = json!({"secrets": {"TOKEN": "very-secret"}, "protectDefaultBranch": false});
    let (_, calls) = trial.call("publish:github", input).await;
    let secret = "PUT /api/v3/repos/acme/shop/actions/secrets/TOKEN";
    assert!(calls.iter().any(|(name, _)| name == secret), "{calls:#?}");
    let input = json!({"name": "production", "secrets": {"TOKEN": "very-secret"}});
    let (_, calls) = trial.call("github:environment:create", input).await;
    let secret = "PUT /api/v3/repos/acme/shop/environments/production/secrets/TOKEN";
    assert!(calls.iter().any(|(name, _)| name == secret), "{calls:#?}");
    let all = format!("{:?}", trial.forge.exchanges());
    assert!(!all.contains("very-secret"), "{all}");
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

#[tokio::test]
async fn a_workflow_is_started_and_its_run_told_if_asked_for() {
    let trial = Trial::start("github").await;
    let path = "/api/v3/repos/acme/shop/actions/workflows/ci.yaml";
    let input = |told: bool| {
        json!({"workflowId": "ci.yaml", "branchOrTagName": "main",
               "workflowInputs": {"to": "prod"}, "returnWorkflowRunDetails": told})
    };
    for (told, number) in [(false, 1), (true, 2)] {
        let (output, calls) = trial.call("github:actions:dispatch", input(told)).await;
        let sent = json!({"ref": "main", "inputs": {"to": "prod"}, "return_run_details": told});
        let expected = [
            call(&format!("GET {path}/runs"), Value::Null),
            call(&format!("POST {path}/dispatches"), sent),
        ];
        assert_eq!(calls, expected);
        let expected = if told { json!(number) } else { Value::Null };
        assert_eq!(output["workflowRunId"], expected, "{output}");
    }
}
