//! `gitlab:*` actions against a double of GitLab's API: method, path, body, output.

use platform::db::Tx;
use serde_json::{Value, json};

use crate::hosts::{Trial, call, repo_url};

#[tokio::test]
async fn issues_of_gitlab_are_opened_and_changed() {
    let trial = Trial::start("gitlab").await;
    let input = json!({"projectId": 1, "title": "Welcome", "assignees": [3], "labels": "a,b",
                       "dueDate": "2026-12-01T00:00:00Z", "issueType": "issue"});
    let (output, calls) = trial.call("gitlab:issues:create", input).await;
    let sent = json!({"title": "Welcome", "assignee_ids": [3], "labels": "a,b",
                      "due_date": "2026-12-01", "issue_type": "issue"});
    assert_eq!(calls, [call("POST /api/v4/projects/1/issues", sent)]);
    let page = format!("http://{}/acme/shop/issues/1", trial.forge.authority());
    assert_eq!(
        output,
        json!({"issueUrl": page, "issueId": 1, "issueIid": 1})
    );
    // Without a number the project is that of the URL.
    let (_, calls) = trial
        .call("gitlab:issues:create", json!({"title": "Another"}))
        .await;
    let path = "POST /api/v4/projects/acme%2Fshop/issues";
    assert_eq!(calls, [call(path, json!({"title": "Another"}))]);
    let input = json!({"projectId": 1, "issueIid": 1, "addLabels": "c", "stateEvent": "close"});
    let (_, calls) = trial.call("gitlab:issue:edit", input).await;
    let sent = json!({"add_labels": "c", "state_event": "close"});
    assert_eq!(calls, [call("PUT /api/v4/projects/1/issues/1", sent)]);
}

#[tokio::test]
async fn groups_of_gitlab_are_made_where_they_are_missing() {
    let trial = Trial::start("gitlab").await;
    let path = json!([{"name": "Acme", "slug": "acme"}, "web"]);
    let host = trial.forge.authority();
    let input = json!({"repoUrl": host, "path": path, "description": "Pages"});
    let (output, calls) = trial.call("gitlab:group:ensureExists", input).await;
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
                json!({"name": "web", "path": "web", "parent_id": 1, "description": "Pages"})
            ),
        ]
    );
    let (output, calls) = trial
        .call("gitlab:group:ensureExists", json!({"path": ["acme/web"]}))
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
    assert_eq!(output, json!({"access_token": "***"}));
    let input = json!({"projectId": 1, "name": "pull", "username": "robot",
                       "scopes": ["read_registry"]});
    let (output, calls) = trial.call("gitlab:projectDeployToken:create", input).await;
    let sent = json!({"name": "pull", "username": "robot", "scopes": ["read_registry"]});
    assert_eq!(calls, [call("POST /api/v4/projects/1/deploy_tokens", sent)]);
    assert_eq!(output, json!({"deploy_token": "***", "user": "robot"}));
}

/// What steps left in the journal.
async fn journal(trial: &Trial) -> String {
    let read = |tx: &mut Tx<'_>| {
        let rows = tx.query("select output from scaffolder_step order by key", &[])?;
        rows.into_iter()
            .map(|mut row| row.take::<Option<String>>(0))
            .collect::<platform::Result<Vec<_>>>()
    };
    let outputs = trial.bench.database.db.read(read).await.unwrap();
    outputs.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_token_that_a_step_makes_is_sealed_and_hidden() {
    const TOKEN: &str = "made-for-access_tokens";
    let trial = Trial::start("gitlab").await;
    let repo_url = repo_url(&trial.forge, "gitlab");
    let steps = json!([
        {"id": "made", "action": "gitlab:projectAccessToken:create", "input": {
            "repoUrl": repo_url, "projectId": 1, "name": "ci", "expiresAt": "2027-01-31",
            "scopes": ["api"]}},
        {"id": "log", "action": "debug:log",
         "input": {"message": "${{ steps.made.output.access_token | upper }} is made of it"}},
        {"id": "halt", "action": "test:effect", "input": {"say": "x", "failures": 1}},
        {"id": "kept", "action": "gitlab:projectVariable:create", "input": {
            "repoUrl": repo_url, "projectId": 1, "key": "TOKEN", "variableType": "env_var",
            "value": "${{ steps.made.output.access_token }}"}},
    ]);
    let output = json!({"token": "${{ steps.made.output.access_token }}"});
    let spec = json!({"type": "x", "steps": steps, "output": output});
    trial.bench.template("t", spec).await;
    let id = trial.bench.create("t", json!({}), json!({})).await;
    let (status, events) = trial.bench.wait(&id).await;
    assert_eq!(status, "failed", "{events:#?}");
    let kept = journal(&trial).await;
    assert!(
        kept.contains("sealed:1:") && !kept.contains(TOKEN),
        "{kept}"
    );

    let path = format!("/v2/tasks/{id}/retry");
    let (status, answer) = trial.bench.post(&path, json!({})).await;
    assert_eq!(status, 201, "{answer}");
    let (status, events) = trial.bench.wait(&id).await;
    assert_eq!(status, "completed", "{events:#?}");
    assert_eq!(
        events.last().unwrap()["body"]["output"],
        json!({"token": "***"})
    );
    let told = Value::from(events).to_string();
    for text in [TOKEN, &TOKEN.to_uppercase()] {
        assert!(!told.contains(text), "{told}");
    }
    // The step that needs it got it, from the step that was not run again.
    let exchanges = trial.forge.exchanges();
    let sent = exchanges
        .iter()
        .filter(|(name, _)| name.ends_with("/variables"));
    let sent: Vec<&Value> = sent.map(|(_, body)| &body["value"]).collect();
    assert_eq!(sent, [TOKEN]);
    let made = exchanges
        .iter()
        .filter(|(name, _)| name.ends_with("/access_tokens"));
    assert_eq!(made.count(), 1);
    assert_eq!(journal(&trial).await, "");
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
async fn a_variable_of_gitlab_can_be_hidden_when_it_is_made() {
    let trial = Trial::start("gitlab").await;
    let input = json!({"projectId": 1, "key": "KEY", "value": "abcdefgh",
                       "variableType": "env_var", "masked": true, "maskedAndHidden": true});
    let (_, calls) = trial.call("gitlab:projectVariable:create", input).await;
    assert_eq!(calls[0].1["masked_and_hidden"], true);
}

#[tokio::test]
async fn a_merge_request_changes_files_that_are_there_and_adds_others() {
    let trial = Trial::start("gitlab").await;
    trial.bench.beside("skeleton/more.txt", "more\n");
    trial.bench.beside("skeleton/README.md", "# The shop\n");
    let input = json!({"branchName": "next", "title": "More", "description": "Text",
                       "removeSourceBranch": true, "assignee": "ada", "reviewers": ["ada"],
                       "labels": ["docs"], "assignReviewersFromApprovalRules": true,
                       "autoMerge": true});
    let (output, calls) = trial.call("publish:gitlab:merge-request", input).await;
    let names: Vec<&str> = calls.iter().map(|(name, _)| name.as_str()).collect();
    let project = "/api/v4/projects/acme%2Fshop";
    assert_eq!(
        names,
        [
            format!("GET {project}"),
            format!("GET {project}/repository/tree"),
            format!("POST {project}/repository/commits"),
            "GET /api/v4/users".to_owned(),
            "GET /api/v4/users".to_owned(),
            format!("POST {project}/merge_requests"),
            format!("GET {project}/merge_requests/1/approval_rules"),
            format!("PUT {project}/merge_requests/1"),
            format!("PUT {project}/merge_requests/1/merge"),
        ]
    );
    let commit = &calls[2].1;
    assert_eq!(
        (&commit["branch"], &commit["start_branch"]),
        (&json!("next"), &json!("main"))
    );
    // What is the same already is left out.
    assert_eq!(changes(commit), ["update README.md", "create more.txt"]);
    let merge = &calls[5].1;
    assert_eq!(
        *merge,
        json!({"source_branch": "next", "target_branch": "main", "title": "More",
               "description": "Text", "remove_source_branch": true, "labels": ["docs"],
               "assignee_id": 4, "reviewer_ids": [4]})
    );
    assert_eq!(calls[7].1, json!({"reviewer_ids": [4, 8]}));
    assert_eq!(calls[8].1, json!({"auto_merge": true}));
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

/// What a commit of GitLab's API does with each file.
fn changes(commit: &Value) -> Vec<String> {
    let actions = commit["actions"].as_array().unwrap().iter();
    let text = |action: &Value, name: &str| action[name].as_str().unwrap().to_owned();
    actions
        .map(|it| format!("{} {}", text(it, "action"), text(it, "file_path")))
        .collect()
}

#[tokio::test]
async fn files_are_pushed_to_a_branch_of_gitlab() {
    let trial = Trial::start("gitlab").await;
    trial.bench.beside("skeleton/more.txt", "more\n");
    let input = |more: Value| {
        let mut input = json!({"branchName": "next", "commitMessage": "More"});
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        input
    };
    let (output, calls) = trial.call("gitlab:repo:push", input(json!({}))).await;
    let project = "/api/v4/projects/acme%2Fshop";
    let names: Vec<&str> = calls.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            format!("GET {project}/repository/branches/next"),
            format!("GET {project}"),
            format!("GET {project}/repository/tree"),
            format!("POST {project}/repository/commits"),
        ]
    );
    let commit = &calls[3].1;
    assert_eq!(changes(commit), ["create more.txt"]);
    assert_eq!(
        [
            &commit["branch"],
            &commit["start_branch"],
            &commit["commit_message"]
        ],
        [&json!("next"), &json!("main"), &json!("More")]
    );
    assert_eq!(
        output,
        json!({"projectid": "acme/shop", "projectPath": "acme/shop",
               "commitHash": format!("{:040x}", 4)})
    );
    // On a branch that is there, and with what the step says for all files.
    let more = json!({"commitAction": "update", "targetPath": "docs"});
    let (_, calls) = trial.call("gitlab:repo:push", input(more)).await;
    let commit = &calls[1].1;
    assert_eq!(commit["start_branch"], Value::Null);
    assert_eq!(
        changes(commit),
        [
            "update docs/README.md",
            "update docs/more.txt",
            "update docs/new.txt"
        ]
    );
}

#[tokio::test]
async fn nothing_is_committed_where_nothing_differs() {
    let trial = Trial::start("gitlab").await;
    let input = |is_empty_allowed: bool| json!({"branchName": "next", "commitMessage": "Nothing", "allowEmpty": is_empty_allowed});
    let (output, calls) = trial.call("gitlab:repo:push", input(false)).await;
    assert_eq!(calls.len(), 3, "{calls:#?}");
    assert_eq!(output.get("commitHash"), None);
    let (output, calls) = trial.call("gitlab:repo:push", input(true)).await;
    assert_eq!(calls[3].1["allow_empty"], true);
    assert!(output["commitHash"].is_string(), "{output}");
}

#[tokio::test]
async fn users_and_groups_become_members_of_a_group_of_gitlab() {
    let trial = Trial::start("gitlab").await;
    let host = trial.forge.authority();
    let input = |action: &str, level: Value| {
        json!({"repoUrl": host, "path": "acme/web", "userIds": [4], "groupIds": [9],
               "action": action, "accessLevel": level})
    };
    let (output, calls) = trial
        .call("gitlab:group:access", input("add", json!("Maintainer")))
        .await;
    let group = "/api/v4/groups/acme%2Fweb";
    let user = |level: u32| json!({"user_id": 4, "access_level": level});
    let shared = |level: u32| json!({"group_id": 9, "group_access": level});
    assert_eq!(
        calls,
        [
            call(&format!("POST {group}/members"), user(40)),
            call(&format!("POST {group}/share"), shared(40)),
        ]
    );
    assert_eq!(
        output,
        json!({"path": "acme/web", "userIds": [4], "groupIds": [9], "accessLevel": 40})
    );
    // Who is there gets the other role.
    let (_, calls) = trial
        .call("gitlab:group:access", input("add", json!(20)))
        .await;
    assert_eq!(
        calls,
        [
            call(&format!("POST {group}/members"), user(20)),
            call(
                &format!("PUT {group}/members/4"),
                json!({"access_level": 20})
            ),
            call(&format!("POST {group}/share"), shared(20)),
            call(&format!("DELETE {group}/share/9"), Value::Null),
            call(&format!("POST {group}/share"), shared(20)),
        ]
    );
    for _ in 0..2 {
        let (output, calls) = trial
            .call("gitlab:group:access", input("remove", json!(30)))
            .await;
        assert_eq!(calls.len(), 2, "{calls:#?}");
        assert_eq!(
            output,
            json!({"path": "acme/web", "userIds": [4], "groupIds": [9]})
        );
    }
}

#[tokio::test]
async fn users_of_gitlab_are_told_and_projects_moved() {
    let trial = Trial::start("gitlab").await;
    let host = trial.forge.authority();
    let (output, calls) = trial
        .call("gitlab:user:info", json!({"repoUrl": host, "userId": 5}))
        .await;
    assert_eq!(calls, [call("GET /api/v4/users/5", Value::Null)]);
    assert_eq!(
        output,
        json!({"id": 5, "username": "ada", "name": "Ada", "state": "active",
               "webUrl": "https://gitlab.example.com/ada",
               "createdAt": "2024-01-01T00:00:00.000Z"})
    );
    let (output, calls) = trial
        .call("gitlab:user:info", json!({"repoUrl": host}))
        .await;
    assert_eq!(calls, [call("GET /api/v4/user", Value::Null)]);
    assert_eq!(output["id"], 3);
    let mut step = trial.step(
        "gitlab:group:migrate",
        json!({
            "destinationUrl": repo_url(&trial.forge, "gitlab"),
            "destinationAccessToken": "forge-token-of-ada",
            "sourceUrl": "https://old.example.com", "sourceAccessToken": "old-token",
            "sourceFullPath": "old/shop",
        }),
    );
    step["input"].as_object_mut().unwrap().remove("repoUrl");
    let output = trial.run(json!([step])).await;
    let sent = trial.forge.body_of("POST /api/v4/bulk_imports");
    assert_eq!(
        sent,
        json!({
            "configuration": {"url": "https://old.example.com", "access_token": "old-token"},
            "entities": [{"source_type": "project_entity", "source_full_path": "old/shop",
                          "destination_slug": "shop", "destination_namespace": "acme"}],
        })
    );
    let target = format!("{host}/acme/shop");
    assert_eq!(output, json!({"importedRepoUrl": target, "migrationId": 1}));
}

#[tokio::test]
async fn a_project_of_gitlab_gets_branches_owners_and_variables() {
    let trial = Trial::empty("gitlab").await;
    let input = json!({
        "defaultBranch": "main", "description": "A shop", "topics": ["web"],
        "settings": {"merge_method": "ff"}, "setUserAsOwner": true, "ownerUsername": "ada",
        "branches": [{"name": "next", "create": true, "protect": true, "ref": "main"}],
        "projectVariables": [{"key": "REGION", "value": "eu"}],
        "token": "forge-token-of-ada",
    });
    let (output, calls) = trial.call("publish:gitlab", input).await;
    let made = json!({"name": "shop", "path": "shop", "visibility": "private", "namespace_id": 3,
                      "description": "A shop", "topics": ["web"], "merge_method": "ff"});
    let project = "/api/v4/projects/1";
    let owner = |id: u32| json!({"user_id": id, "access_level": 50});
    let expected = [
        call("GET /api/v4/namespaces/acme", Value::Null),
        call("POST /api/v4/projects", made),
        call("GET /api/v4/user", Value::Null),
        call("GET /api/v4/users", Value::Null),
        call(&format!("POST {project}/members"), owner(3)),
        call(&format!("POST {project}/members"), owner(4)),
        call(
            &format!("GET {project}/repository/branches/next"),
            Value::Null,
        ),
        call(
            &format!("POST {project}/repository/branches"),
            json!({"branch": "next", "ref": "main"}),
        ),
        call(
            &format!("POST {project}/protected_branches"),
            json!({"name": "next"}),
        ),
        call(
            &format!("POST {project}/variables"),
            json!({"key": "REGION", "value": "eu", "variable_type": "env_var", "protected": false,
                   "masked": false, "raw": false, "environment_scope": "*"}),
        ),
    ];
    assert_eq!(calls, expected);
    assert_eq!(output["created"], true);
    // A project that is there stays as it is.
    let (output, calls) = trial
        .call("publish:gitlab", json!({"skipExisting": true}))
        .await;
    assert_eq!(calls.len(), 1, "{calls:#?}");
    assert_eq!(output["created"], false);
    let base = format!("http://{}/acme/shop", trial.forge.authority());
    assert_eq!(output["repoContentsUrl"], format!("{base}/-/blob/main"));
}
