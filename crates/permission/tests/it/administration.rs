//! Who may administer roles, and which.

use serde_json::{Value, json};

use super::lab::Lab;
use super::talk::{TEAM, condition, config, converse, role};

#[tokio::test]
async fn owners_of_roles_may_change_their_own_only() {
    let lab = Lab::new(config()).await;
    let team = json!({"name": "role:default/owners", "memberReferences": ["user:default/olga"]});
    lab.send("POST /roles", "root", &team).await;
    for (mapping, action) in [("read", "r"), ("update", "u"), ("delete", "d")] {
        let condition = json!({
            "result": "CONDITIONAL", "roleEntityRef": "role:default/owners", "pluginId": "permission",
            "resourceType": "policy-entity", "permissionMapping": [mapping],
            "conditions": {"rule": "IS_OWNER", "resourceType": "policy-entity", "params": {"owners": ["$currentUser"]}},
        });
        let answer = lab.send("POST /roles/conditions", "root", &condition).await;
        assert_eq!(answer.status, 201, "{action}: {}", answer.text);
    }
    let mine = json!({"name": "role:default/mine", "memberReferences": ["user:default/a"], "metadata": {"owner": "user:default/olga"}});
    lab.send("POST /roles", "root", &mine).await;
    lab.send("POST /roles", "root", &role(&["user:default/a"]))
        .await;
    let none = Value::Null;
    let listed = lab.send("GET /roles", "olga", &none).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    converse(
        &lab,
        &[
            (
                "GET /roles/role/default/mine",
                "olga",
                none.clone(),
                200,
                "mine",
            ),
            (&format!("GET {TEAM}"), "olga", none.clone(), 404, ""),
            (&format!("DELETE {TEAM}"), "olga", none.clone(), 403, ""),
            ("POST /roles", "olga", role(&["user:default/b"]), 403, ""),
            (
                "DELETE /roles/role/default/mine",
                "olga",
                none.clone(),
                204,
                "",
            ),
        ],
    )
    .await;
    let conditions = json!({"rule": "IS_OWNER", "resourceType": "policy-entity", "params": {"owners": ["user:default/root"]}});
    let body = json!({"items": [{"id": "a", "resourceType": "policy-entity", "conditions": conditions,
        "resourceRef": ["role:default/team", "role:default/rbac_admin", "role:default/none"]}]});
    let head = "POST /.well-known/backstage/permissions/apply-conditions";
    let judged = lab.send(head, "static", &body).await.json();
    assert_eq!(
        judged["items"][0]["result"],
        json!(["ALLOW", "DENY", "DENY"])
    );
    // The answers tell about resources that a limited program may not see.
    for token in ["narrow", "root", "plugin:root"] {
        let refused = lab.send(head, token, &body).await;
        assert_eq!(refused.status, 403, "{token}: {}", refused.text);
    }
}

/// Who may make roles, and change their own, gets by no way into those of others.
#[tokio::test]
async fn who_may_make_roles_gets_into_no_others() {
    let lab = Lab::new(config()).await;
    let makers = json!({"name": "role:default/makers", "memberReferences": ["user:default/olga", "user:default/max"]});
    lab.send("POST /roles", "root", &makers).await;
    let create = json!([{"entityReference": "role:default/makers", "permission": "policy.entity.create", "policy": "create", "effect": "allow"}]);
    lab.send("POST /policies", "root", &create).await;
    let own = json!({
        "result": "CONDITIONAL", "roleEntityRef": "role:default/makers", "pluginId": "permission",
        "resourceType": "policy-entity", "permissionMapping": ["read", "update", "delete"],
        "conditions": {"rule": "IS_OWNER", "resourceType": "policy-entity", "params": {"owners": ["$currentUser"]}},
    });
    lab.send("POST /roles/conditions", "root", &own).await;
    lab.send("POST /roles", "root", &role(&["user:default/a"]))
        .await;
    let none = Value::Null;
    let allow = |role: &str| json!([{"entityReference": role, "permission": "thing", "policy": "read", "effect": "allow"}]);
    let mut mine = role(&["user:default/olga"]);
    mine["name"] = "role:default/mine".into();
    let mut more = role(&["user:default/b"]);
    more["name"] = "role:default/mine".into();
    let mut depends = condition();
    depends["roleEntityRef"] = "role:default/mine".into();
    converse(
        &lab,
        &[
            ("POST /roles", "olga", role(&["user:default/olga"]), 403, ""),
            (
                "POST /policies",
                "olga",
                allow("role:default/team"),
                403,
                "",
            ),
            ("POST /roles/conditions", "olga", condition(), 403, ""),
            (&format!("GET {TEAM}"), "olga", none.clone(), 404, ""),
            ("POST /roles", "olga", mine, 201, ""),
            (
                "POST /policies",
                "olga",
                allow("role:default/mine"),
                201,
                "",
            ),
            ("POST /roles", "olga", more.clone(), 201, ""),
            ("POST /roles/conditions", "olga", depends, 201, ""),
            ("POST /roles", "max", more, 403, ""),
            ("POST /policies", "max", allow("role:default/mine"), 403, ""),
        ],
    )
    .await;
    // Somebody else adds a member, and the role stays whose it is.
    let mut third = role(&["user:default/c"]);
    third["name"] = "role:default/mine".into();
    third["metadata"] = json!({});
    assert_eq!(lab.send("POST /roles", "admin", &third).await.status, 201);
    let path = "GET /roles/role/default/mine";
    let found = lab.send(path, "admin", &none).await.json();
    assert_eq!(
        found[0]["metadata"]["owner"], "user:default/olga",
        "{found}"
    );
    assert_eq!(found[0]["metadata"]["description"], "A team", "{found}");
}

/// Every route, and what a program without restrictions gets.
const ROUTES: &[(&str, u16)] = &[
    ("GET /", 200),
    ("GET /policies", 200),
    ("POST /policies", 403),
    ("GET /policies/role/default/team", 404),
    ("PUT /policies/role/default/team", 403),
    ("DELETE /policies/role/default/team", 403),
    ("GET /roles", 200),
    ("POST /roles", 403),
    ("GET /roles/role/default/team", 404),
    ("PUT /roles/role/default/team", 403),
    ("DELETE /roles/role/default/team", 403),
    ("GET /roles/conditions", 200),
    ("POST /roles/conditions", 403),
    ("GET /roles/conditions/1", 404),
    ("PUT /roles/conditions/1", 403),
    ("DELETE /roles/conditions/1", 403),
    ("GET /plugins/policies", 200),
    ("GET /plugins/condition-rules", 200),
    ("GET /plugins/id", 200),
    ("POST /plugins/id", 403),
    ("DELETE /plugins/id", 403),
    ("GET /default-permissions", 200),
    ("POST /refresh/x", 403),
];

#[tokio::test]
async fn nobody_administers_roles_without_the_permission() {
    let lab = Lab::new(config()).await;
    for (head, status) in ROUTES {
        for (token, status) in [
            ("", 401),
            ("garbage", 401),
            ("alice", 403),
            ("static", *status),
        ] {
            let answer = lab.send(head, token, &Value::Null).await;
            assert_eq!(answer.status, status, "{head} `{token}`: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn without_roles_there_is_nothing_to_administer() {
    for config in [
        json!({"enabled": true}),
        json!({"enabled": false, "rbac": {}}),
    ] {
        let lab = Lab::new(config).await;
        for (head, _) in ROUTES {
            let answer = lab.send(head, "admin", &Value::Null).await;
            assert_eq!(answer.status, 404, "{head}: {}", answer.text);
        }
        assert_eq!(lab.send("GET /health", "", &Value::Null).await.status, 200);
    }
}

#[tokio::test]
async fn plugins_are_offered_with_their_permissions_and_rules() {
    let lab = Lab::new(config()).await;
    let policies = lab
        .send("GET /plugins/policies", "admin", &Value::Null)
        .await
        .json();
    assert_eq!(
        policies[0],
        json!({"pluginId": "things", "policies": [
            {"name": "thing.read", "policy": "read", "resourceType": "thing"},
            {"name": "thing.make", "policy": "create"},
        ]})
    );
    assert_eq!(policies[1]["pluginId"], "permission");
    let rules = lab
        .send("GET /plugins/condition-rules", "admin", &Value::Null)
        .await
        .json();
    assert_eq!(rules[1]["rules"][0]["name"], "IS_OWNER");
    converse(
        &lab,
        &[
            (
                "POST /plugins/id",
                "root",
                json!({"ids": ["kubernetes"]}),
                201,
                "{\"ids\":[\"catalog\",\"kubernetes\"]}",
            ),
            (
                "DELETE /plugins/id",
                "root",
                json!({"ids": ["catalog"]}),
                403,
                "pluginsWithPermission",
            ),
            (
                "DELETE /plugins/id",
                "root",
                json!({"ids": ["kubernetes"]}),
                200,
                "{\"ids\":[\"catalog\"]}",
            ),
            (
                "POST /plugins/id",
                "root",
                json!({"ids": ["a/b"]}),
                400,
                "not a plugin id",
            ),
            (
                "POST /plugins/id",
                "root",
                json!({}),
                400,
                "'ids' must be specified",
            ),
            (
                "POST /refresh/ldap",
                "root",
                json!({}),
                404,
                "The RBAC provider ldap was not found",
            ),
        ],
    )
    .await;
}
