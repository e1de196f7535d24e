//! What administrators try before they change anything.

use serde_json::{Value, json};

use super::lab::{Answer, Lab, TestGroups};

async fn lab() -> Lab {
    let config = json!({"enabled": true, "rbac": {
        "admin": {"users": [{"name": "user:default/admin"}]},
    }});
    let groups = TestGroups::of(&[("user:default/alice", &["group:default/team"])]);
    let lab = Lab::with_groups(config, groups).await;
    let role = json!({"memberReferences": ["group:default/team"], "name": "role:default/team"});
    let rule = json!([{"entityReference": "role:default/team", "permission": "thing.make", "policy": "create", "effect": "allow"}]);
    let condition = json!({
        "result": "CONDITIONAL", "roleEntityRef": "role:default/team", "pluginId": "things",
        "resourceType": "thing", "permissionMapping": ["read"],
        "conditions": {"rule": "IS_OF", "resourceType": "thing", "params": {"owner": "$currentUser"}},
    });
    for (path, body) in [
        ("POST /roles", role),
        ("POST /policies", rule),
        ("POST /roles/conditions", condition),
    ] {
        assert_eq!(lab.send(path, "admin", &body).await.status, 201, "{path}");
    }
    lab
}

async fn explain(lab: &Lab, body: &Value) -> Answer {
    lab.send("POST /explain", "admin", body).await
}

#[tokio::test]
async fn a_decision_is_explained_for_any_user_and_resource() {
    let lab = lab().await;
    let cases = [
        (
            "alice",
            "thing.make",
            "",
            "ALLOW",
            "p, role:default/team, thing.make, create, allow (rest)",
        ),
        (
            "bob",
            "thing.make",
            "",
            "DENY",
            "no policy of the user's roles is about it",
        ),
        (
            "alice",
            "thing.read",
            "",
            "CONDITIONAL",
            "it depends on the resource",
        ),
        (
            "alice",
            "thing.read",
            "thing:alice",
            "ALLOW",
            "thing:alice fulfils it",
        ),
        (
            "alice",
            "thing.read",
            "thing:bob",
            "DENY",
            "thing:bob does not fulfil it",
        ),
    ];
    for (name, permission, resource, decision, reason) in cases {
        let user = format!("user:default/{name}");
        let body = json!({"user": user, "permission": permission, "resourceRef": resource});
        let answer = explain(&lab, &body).await;
        let now = &answer.json()["now"];
        assert_eq!(now["decision"], decision, "{body}: {}", answer.text);
        assert!(
            now["reason"].as_str().unwrap().contains(reason),
            "{}",
            answer.text
        );
        assert_eq!(answer.json()["then"], Value::Null);
    }
    let body = json!({"user": "user:default/alice", "permission": "thing.make"});
    let answer = explain(&lab, &body).await.json();
    let via = &answer["now"]["roles"][0]["via"];
    assert_eq!(*via, json!(["user:default/alice", "group:default/team"]));
}

#[tokio::test]
async fn a_draft_says_what_it_would_change_and_changes_nothing() {
    let lab = lab().await;
    let policies =
        |effect: &str| json!([{"permission": "thing.make", "policy": "create", "effect": effect}]);
    let cases = [
        (
            json!({"role": "role:default/team", "policies": policies("deny")}),
            "alice",
            ["ALLOW", "DENY"],
        ),
        (
            json!({"role": "role:default/team", "policies": []}),
            "alice",
            ["ALLOW", "DENY"],
        ),
        (
            json!({"role": "role:default/team", "memberReferences": ["user:default/bob"]}),
            "bob",
            ["DENY", "ALLOW"],
        ),
        (
            json!({"role": "role:default/new", "memberReferences": ["user:default/bob"], "policies": policies("allow")}),
            "bob",
            ["DENY", "ALLOW"],
        ),
    ];
    for (draft, name, expected) in cases {
        let user = format!("user:default/{name}");
        let body = json!({"user": user, "permission": "thing.make", "draft": draft});
        let answer = explain(&lab, &body).await;
        let found = answer.json();
        assert_eq!(
            [&found["now"]["decision"], &found["then"]["decision"]],
            expected,
            "{}",
            answer.text
        );
    }
    let roles = lab.send("GET /roles", "admin", &Value::Null).await.json();
    assert!(!roles.to_string().contains("role:default/new"), "{roles}");
    let body = json!({"draft": {"role": "role:default/team", "policies": []}});
    let run = lab.send("POST /dry-run", "admin", &body).await;
    assert_eq!(
        run.json(),
        json!({"isRecording": true, "nRecorded": 0, "nChanges": 0, "changes": []})
    );
}

#[tokio::test]
async fn users_see_their_own_roles() {
    let lab = lab().await;
    let own = async |who| lab.send("GET /own-roles", who, &Value::Null).await;
    let answer = own("alice").await;
    assert_eq!(answer.status, 200);
    let told = answer.json();
    assert_eq!(told["isOn"], true);
    let items = told["items"].as_array().unwrap();
    assert_eq!(items[0]["role"], "role:default/team", "{told}");
    let bob = own("bob").await.json();
    assert!(
        bob["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["role"] != "role:default/team"),
        "{bob}"
    );
    assert_eq!(own("").await.status, 401);
}

#[tokio::test]
async fn only_administrators_try_and_only_what_is_well_formed() {
    let lab = lab().await;
    let question = json!({"user": "user:default/alice", "permission": "thing.make"});
    let with = |name: &str, value: Value| {
        let mut body = question.clone();
        body[name] = value;
        body
    };
    let cases = [
        ("/explain", "", question.clone(), 401),
        ("/explain", "alice", question.clone(), 403),
        (
            "/dry-run",
            "alice",
            json!({"draft": {"role": "role:default/team"}}),
            403,
        ),
        ("/explain", "admin", with("user", json!("nonsense:::")), 400),
        (
            "/explain",
            "admin",
            with("permission", json!("unknown")),
            400,
        ),
        (
            "/explain",
            "admin",
            with("draft", json!({"role": "user:default/x"})),
            400,
        ),
        (
            "/explain",
            "admin",
            with(
                "draft",
                json!({"role": "role:default/x", "policies": [{"policy": "fly"}]}),
            ),
            400,
        ),
        (
            "/explain",
            "admin",
            with(
                "draft",
                json!({"role": "role:default/x", "memberReferences": [7]}),
            ),
            400,
        ),
        ("/dry-run", "admin", json!({}), 400),
    ];
    for (path, token, body, status) in cases {
        let answer = lab.send(&format!("POST {path}"), token, &body).await;
        assert_eq!(
            answer.status, status,
            "{path} {token} {body}: {}",
            answer.text
        );
    }
}
