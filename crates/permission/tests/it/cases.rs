//! Trying a policy: its unit tests, and a changed one on what was decided.

use std::sync::Arc;

use permission::{Engine, RbacSettings, read_cases, read_csv, replay, run_case};
use platform::permission::Permission;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::lab::{Lab, TestGroups};

const KNOWN: &[Permission<'_>] = &[Permission {
    name: "thing.make",
    action: Some("create"),
    resource_type: None,
}];
const POLICY: &str = "\
g, group:default/team, role:default/team
p, role:default/team, thing.make, create, allow
p, role:default/team, thing, read, allow
";

#[test]
fn a_policy_passes_or_fails_its_tests() {
    let cases = "\
name: the team may
user: user:default/Alice
groups: [group:default/a]
parents: {group:default/a: [group:default/team]}
allow: [thing.make, {name: thing.read, action: read, resourceType: thing}]
deny: [{name: thing.read, action: delete, resourceType: thing}]
---
user: user:default/bob
allow: [thing.make]
conditional: [thing.eat]
---
user: user:default/bob
allwo: [thing.make]
";
    let (cases, problems) = read_cases(cases, "tests.yaml");
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].message.contains("allwo"),
        "{}",
        problems[0].message
    );
    let (set, _) = read_csv(POLICY, "policy.csv");
    let run = |at: usize| run_case(&cases[at], &RbacSettings::default(), &set, KNOWN);
    assert_eq!(run(0), []);
    let failures = run(1);
    let told: Vec<_> = failures
        .iter()
        .map(|it| (&*it.case, &*it.permission, it.expected, &*it.found))
        .collect();
    assert_eq!(
        told,
        [
            ("user:default/bob", "thing.make", "ALLOW", "DENY"),
            ("user:default/bob", "thing.eat", "CONDITIONAL", "unknown"),
        ]
    );
}

#[tokio::test]
async fn a_changed_policy_is_tried_on_recorded_decisions() {
    let config = json!({"enabled": true, "rbac": {"admin": {"superUsers": [{"name": "user:default/root"}]}}});
    let lab = Lab::new(config).await;
    let role = json!({"name": "role:default/team", "memberReferences": ["user:default/alice"]});
    lab.send("POST /roles", "root", &role).await;
    let policy = json!([{"entityReference": "role:default/team", "permission": "thing.make", "policy": "create", "effect": "allow"}]);
    lab.send("POST /policies", "root", &policy).await;
    let ask = json!({"items": [{"id": "1", "permission": {"type": "basic", "name": "thing.make", "attributes": {"action": "create"}}}]});
    for token in ["alice", "alice", "bob"] {
        lab.send("POST /authorize", token, &ask).await;
    }
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    lab.permissions.start(&tasks, &stop);
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    let recorded = lab.permissions.recorded().await.unwrap();
    let makes: Vec<_> = recorded
        .iter()
        .filter(|it| it.permission == "thing.make")
        .map(|it| (&*it.user, &*it.decision, it.n_times))
        .collect();
    assert_eq!(
        makes,
        [
            ("user:default/alice", "ALLOW", 2),
            ("user:default/bob", "DENY", 1)
        ]
    );
    let (set, _) = read_csv(
        "g, user:default/bob, role:default/team\np, role:default/team, thing.make, create, allow",
        "new.csv",
    );
    let after = Engine::new(
        lab.permissions.engine().unwrap().settings().clone(),
        Arc::new(TestGroups::default()),
        set,
    );
    let changes = replay(&recorded, lab.permissions.engine().unwrap(), &after);
    let told: Vec<Value> = changes
        .iter()
        .map(|it| {
            json!([
                it.asked.user,
                it.before.decision,
                it.after.decision,
                it.after.reason
            ])
        })
        .collect();
    assert_eq!(
        told,
        [
            json!([
                "user:default/alice",
                "ALLOW",
                "DENY",
                "no policy of the user's roles is about it"
            ]),
            json!([
                "user:default/bob",
                "DENY",
                "ALLOW",
                "p, role:default/team, thing.make, create, allow (csv-file)"
            ]),
        ]
    );
}
