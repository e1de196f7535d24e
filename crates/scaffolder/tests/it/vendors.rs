//! Actions of Azure DevOps and Bitbucket, against git's own server and doubles of their APIs.

use serde_json::{Value, json};

use crate::hosts::{Trial, call};

#[tokio::test]
async fn a_workspace_becomes_a_repository_of_azure() {
    let trial = Trial::empty("azure").await;
    let input = json!({"defaultBranch": "main", "gitCommitMessage": "first"});
    let (output, calls) = trial.call("publish:azure", input).await;
    let path = "POST /acme/shop/_apis/git/repositories";
    assert_eq!(calls, [call(path, json!({"name": "api"}))]);
    let repo = "acme/shop/_git/api";
    trial.forge.git(repo, &["fsck", "--strict", "--full"]);
    let host = trial.forge.authority();
    assert_eq!(
        output,
        json!({
            "remoteUrl": format!("http://acme@{host}/{repo}"),
            "repoContentsUrl": format!("http://{host}/{repo}"),
            "repositoryId": "r-7",
            "commitHash": trial.forge.git(repo, &["rev-parse", "main"]).trim(),
        })
    );
    assert_eq!(
        trial.forge.git(repo, &["show", "main:README.md"]),
        "# Shop\n"
    );
}

#[tokio::test]
async fn a_workspace_becomes_a_repository_of_a_bitbucket_server() {
    let trial = Trial::empty("bitbucketServer").await;
    let input = json!({"defaultBranch": "main", "description": "A shop",
                       "repoVisibility": "public", "enableLFS": true});
    let (output, calls) = trial.call("publish:bitbucketServer", input).await;
    let sent = json!({"name": "shop", "description": "A shop", "defaultBranch": "main",
                      "public": true});
    assert_eq!(
        calls,
        [
            call("POST /rest/api/1.0/projects/SHOP/repos", sent),
            call(
                "PUT /rest/git-lfs/admin/projects/SHOP/repos/shop/enabled",
                Value::Null,
            ),
        ]
    );
    let repo = "scm/SHOP/shop";
    let base = format!("http://{}/{repo}", trial.forge.authority());
    assert_eq!(
        output,
        json!({
            "remoteUrl": format!("{base}.git"),
            "repoContentsUrl": base,
            "commitHash": trial.forge.git(repo, &["rev-parse", "main"]).trim(),
        })
    );
}

#[tokio::test]
async fn a_pull_request_of_a_bitbucket_server_changes_what_is_there() {
    let trial = Trial::empty("bitbucketServer").await;
    for n in 0..60 {
        let text = format!("{n}\n").repeat(200);
        trial
            .bench
            .beside(&format!("skeleton/deep/er/{n}.txt"), &text);
    }
    trial.bench.beside("skeleton/deep/run.sh", "#!/bin/sh\n");
    let publish = json!({"defaultBranch": "main"});
    trial.call("publish:bitbucketServer", publish).await;
    trial.bench.beside("skeleton/README.md", "# The shop\n");
    trial.bench.beside("skeleton/deep/more.txt", "more\n");
    let input = json!({"title": "More", "description": "Why", "sourceBranch": "next",
                       "reviewers": ["ada"], "gitAuthorName": "Ada",
                       "gitAuthorEmail": "ada@acme.example"});
    let (output, calls) = trial
        .call("publish:bitbucketServer:pull-request", input.clone())
        .await;
    let project = "/rest/api/1.0/projects/SHOP/repos/shop";
    let reference = |branch: &str| {
        json!({"id": format!("refs/heads/{branch}"),
               "repository": {"slug": "shop", "project": {"key": "SHOP"}}})
    };
    let sent = json!({"title": "More", "description": "Why", "fromRef": reference("next"),
                      "toRef": reference("main"), "reviewers": [{"user": {"name": "ada"}}]});
    assert_eq!(
        calls,
        [
            call(&format!("GET {project}/default-branch"), Value::Null),
            call(&format!("POST {project}/pull-requests"), sent),
        ]
    );
    let repo = "scm/SHOP/shop";
    let git = |args: &[&str]| trial.forge.git(repo, args);
    git(&["fsck", "--strict", "--full"]);
    assert_eq!(
        git(&["diff", "--name-status", "main", "next"]),
        "M\tREADME.md\nA\tdeep/more.txt\n"
    );
    assert_eq!(
        git(&["log", "--format=%an <%ae> %s", "main..next"]).trim(),
        "Ada <ada@acme.example> Why"
    );
    let page = format!("http://{}/{repo}/pull-requests/1", trial.forge.authority());
    assert_eq!(output, json!({"pullRequestUrl": page}));
    // A branch that is there stays as it is.
    let before = git(&["rev-parse", "next"]);
    trial.bench.beside("skeleton/README.md", "# Another\n");
    trial
        .call("publish:bitbucketServer:pull-request", input)
        .await;
    assert_eq!(git(&["rev-parse", "next"]), before);
}

#[tokio::test]
async fn a_pull_request_needs_the_branch_that_it_is_for() {
    let trial = Trial::start("bitbucketServer").await;
    let step = trial.step(
        "publish:bitbucketServer:pull-request",
        json!({"title": "More", "sourceBranch": "next", "targetBranch": "nowhere"}),
    );
    let spec = json!({"type": "x", "steps": [step]});
    trial.bench.template("t", spec).await;
    let (status, events) = trial.bench.run("t", json!({}), json!({})).await;
    assert_eq!(status, "failed");
    let error = &events.last().unwrap()["body"]["error"];
    assert_eq!(error["message"], "There is no branch 'nowhere'");
}

#[tokio::test]
async fn a_repository_of_bitbucket_cloud_is_made_and_changed() {
    let trial = Trial::empty("bitbucketCloud").await;
    let input = json!({"defaultBranch": "main", "description": "A shop"});
    let (output, calls) = trial.call("publish:bitbucketCloud", input).await;
    let repository = "/api/2.0/repositories/acme/shop";
    let made = json!({"scm": "git", "is_private": true, "project": {"key": "SHOP"},
                      "description": "A shop"});
    assert_eq!(calls, [call(&format!("POST {repository}"), made)]);
    let base = format!("http://{}/acme/shop", trial.forge.authority());
    let git = |args: &[&str]| trial.forge.git("acme/shop", args);
    assert_eq!(
        output,
        json!({
            "remoteUrl": format!("{base}.git"),
            "repoContentsUrl": format!("{base}/src/main"),
            "commitHash": git(&["rev-parse", "main"]).trim(),
        })
    );
    trial.bench.beside("skeleton/README.md", "# The shop\n");
    let input = json!({"title": "Name it", "sourceBranch": "name"});
    let (output, calls) = trial
        .call("publish:bitbucketCloud:pull-request", input)
        .await;
    let pull = json!({
        "title": "Name it", "state": "OPEN", "source": {"branch": {"name": "name"}},
        "destination": {"branch": {"name": "main"}},
    });
    assert_eq!(
        calls,
        [
            call(&format!("GET {repository}"), Value::Null),
            call(&format!("POST {repository}/pullrequests"), pull),
        ]
    );
    assert_eq!(
        output,
        json!({"pullRequestUrl": format!("{base}/pullrequests/1")})
    );
    git(&["fsck", "--strict", "--full"]);
    assert_eq!(git(&["show", "name:README.md"]), "# The shop\n");
}

#[tokio::test]
async fn pipelines_of_bitbucket_cloud_run_and_branches_are_restricted() {
    let trial = Trial::start("bitbucketCloud").await;
    let repository = "/api/2.0/repositories/acme/shop";
    let input = json!({"kind": "push", "branchMatchKind": "glob", "pattern": "main",
                       "groups": [{"slug": "web"}]});
    let (output, calls) = trial
        .call("bitbucketCloud:branchRestriction:create", input)
        .await;
    let sent = json!({
        "type": "branchrestriction", "kind": "push", "branch_match_kind": "glob", "users": [],
        "groups": [{"slug": "web", "type": "group"}], "value": null, "pattern": "main",
    });
    assert_eq!(
        calls,
        [call(
            &format!("POST {repository}/branch-restrictions"),
            sent
        )]
    );
    assert_eq!(output["statusCode"], 201);
    let body = json!({"target": {"ref_type": "branch", "ref_name": "main"}});
    let mut step = trial.step(
        "bitbucket:pipelines:run",
        json!({"workspace": "acme", "repo_slug": "shop", "body": body}),
    );
    step["input"].as_object_mut().unwrap().remove("repoUrl");
    let output = trial.run(json!([step])).await;
    let sent = trial.forge.body_of(&format!("POST {repository}/pipelines"));
    assert_eq!(sent, body);
    let base = format!("http://{}/acme/shop", trial.forge.authority());
    assert_eq!(
        output,
        json!({"buildNumber": 7, "repoUrl": base, "pipelinesUrl": format!("{base}/pipelines")})
    );
}
