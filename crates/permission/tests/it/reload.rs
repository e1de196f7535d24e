//! Policies come and go while the portal runs: files, and what other replicas write.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use permission::{NoGroups, Parts, Permissions, Settings};
use platform::Clock;
use platform::permission::Permission;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::lab::{Lab, Things, user};

const MAKE: Permission<'_> = Permission {
    name: "thing.make",
    action: Some("create"),
    resource_type: None,
};

fn decision(permissions: &Permissions) -> &'static str {
    let alice = user("user:default/alice", &[]);
    permissions
        .engine()
        .unwrap()
        .explain(&alice, &MAKE)
        .1
        .decision
}

/// Waits until alice gets this answer.
async fn wait_for(permissions: &Permissions, expected: &str) {
    let begin = Instant::now();
    while decision(permissions) != expected {
        assert!(
            begin.elapsed() < Duration::from_mins(1),
            "still {}",
            decision(permissions)
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn write(path: &Path, effect: &str) {
    let text = format!(
        "g, user:default/alice, role:default/team\np, role:default/team, thing.make, create, {effect}\n"
    );
    fs::write(path, text).unwrap();
}

fn config(path: &Path) -> Value {
    json!({"enabled": true, "rbac": {"policies-csv-file": path, "policyFileReload": true}})
}

#[tokio::test]
async fn a_changed_file_counts_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.csv");
    write(&path, "allow");
    let lab = Lab::new(config(&path)).await;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    lab.permissions.start(&tasks, &stop);
    assert_eq!(decision(&lab.permissions), "ALLOW");
    write(&path, "deny");
    wait_for(&lab.permissions, "DENY").await;
    write(&path, "allow");
    wait_for(&lab.permissions, "ALLOW").await;
    fs::remove_file(&path).unwrap();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(decision(&lab.permissions), "ALLOW");
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    // A file may also have been read half written.
    assert!(
        reloads(&lab).await >= 2,
        "what was read is in the audit log"
    );
}

async fn reloads(lab: &Lab) -> i64 {
    let count = "select count(*) from audit_record where action = 'permission.policy.reload'";
    let counted = lab.db.db.read(|tx| tx.query_one(count, &[])?.take(0));
    counted.await.unwrap()
}

#[tokio::test]
async fn a_missing_file_keeps_the_portal_from_starting() {
    let settings = serde_json::from_value(config(Path::new("/nowhere/policy.csv"))).unwrap();
    let settings = Settings::from_config(&settings, false, &[]).unwrap();
    let error = permission::load(&settings.rbac.unwrap()).unwrap_err();
    assert!(
        error.message().contains("policies-csv-file"),
        "{}",
        error.message()
    );
}

#[tokio::test]
async fn what_one_replica_writes_counts_in_the_others() {
    let lab = Lab::new(
        json!({"enabled": true, "rbac": {"admin": {"users": [{"name": "user:default/admin"}]}}}),
    )
    .await;
    let settings = serde_json::from_value(json!({"enabled": true, "rbac": {}})).unwrap();
    let other = platform::db::Db::connect(lab.db.settings.clone())
        .await
        .unwrap();
    other.listen();
    let parts = Parts {
        db: if other.dialect() == platform::db::Dialect::Postgres {
            other
        } else {
            lab.db.db.clone()
        },
        settings: Settings::from_config(&settings, false, &[]).unwrap(),
        groups: Arc::new(NoGroups),
        plugins: vec![Arc::new(Things)],
        clock: Clock::system(),
    };
    let replica = Permissions::open(parts).await.unwrap();
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    replica.start(&tasks, &stop);
    let role = json!({"name": "role:default/team", "memberReferences": ["user:default/alice"]});
    assert_eq!(lab.send("POST /roles", "admin", &role).await.status, 201);
    let policy = json!([{"entityReference": "role:default/team", "permission": "thing.make", "policy": "create", "effect": "allow"}]);
    assert_eq!(
        lab.send("POST /policies", "admin", &policy).await.status,
        201
    );
    wait_for(&replica, "ALLOW").await;
    stop.cancel();
}

#[tokio::test]
async fn the_api_does_not_touch_what_files_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.csv");
    write(&path, "allow");
    let mut config = config(&path);
    config["rbac"]["admin"] = json!({"superUsers": [{"name": "user:default/root"}]});
    let lab = Lab::new(config).await;
    let head = "/roles/role/default/team";
    let answer = lab
        .send(&format!("DELETE {head}"), "root", &Value::Null)
        .await;
    assert_eq!(answer.status, 403);
    assert!(answer.message().contains("'CSV-FILE'"), "{}", answer.text);
    let policies = lab
        .send("GET /policies/role/default/team", "root", &Value::Null)
        .await;
    assert_eq!(policies.json()[0]["metadata"]["source"], "csv-file");
}
