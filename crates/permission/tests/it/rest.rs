//! The REST API of roles and policies, as the front end of Backstage's plugin uses it.

use serde_json::{Value, json};

use super::lab::{Lab, NOW};

fn config() -> Value {
    json!({"enabled": true, "rbac": {
        "admin": {"users": [{"name": "user:default/admin"}], "superUsers": [{"name": "user:default/root"}]},
        "pluginsWithPermission": ["catalog"],
    }})
}

fn role(members: &[&str]) -> Value {
    json!({"memberReferences": members, "name": "role:default/team", "metadata": {"description": "A team"}})
}

fn policy(permission: &str, action: &str, effect: &str) -> Value {
    json!({"entityReference": "role:default/team", "permission": permission, "policy": action, "effect": effect})
}

fn condition() -> Value {
    json!({
        "result": "CONDITIONAL", "roleEntityRef": "role:default/team", "pluginId": "things",
        "resourceType": "thing", "permissionMapping": ["read"],
        "conditions": {"rule": "IS_OF", "resourceType": "thing", "params": {"owner": "$currentUser"}},
    })
}

const TEAM: &str = "/roles/role/default/team";
const TEAM_POLICIES: &str = "/policies/role/default/team";

/// A conversation with the API, step by step: request, who asks, body, status, text of the error or
/// part of the answer.
async fn converse(lab: &Lab, steps: &[(&str, &str, Value, u16, &str)]) {
    for (head, token, body, status, expected) in steps {
        let answer = lab.send(head, token, body).await;
        assert_eq!(answer.status, *status, "{head} {body}: {}", answer.text);
        let is_there = answer.message().contains(expected) || answer.text.contains(expected);
        assert!(is_there, "{head} {body}: {}", answer.text);
    }
}

#[expect(clippy::too_many_lines, reason = "one conversation, a line per step")]
#[tokio::test]
async fn roles_are_made_changed_and_removed() {
    let lab = Lab::new(config()).await;
    let new = json!({"memberReferences": ["user:default/alice", "group:default/a"], "name": "role:default/team"});
    let change = json!({"oldRole": role(&["user:default/alice"]), "newRole": new});
    let none = Value::Null;
    converse(
        &lab,
        &[
            (
                "POST /roles",
                "admin",
                role(&["user:default/Alice"]),
                201,
                "",
            ),
            (
                "POST /roles",
                "admin",
                role(&["user:default/alice"]),
                409,
                "",
            ),
            (
                "POST /roles",
                "admin",
                role(&["user:default/b", "user:default/b"]),
                409,
                "Duplicate role members",
            ),
            (
                "POST /roles",
                "admin",
                json!({"name": "role:default/x"}),
                400,
                "'memberReferences' field must not be empty",
            ),
            (
                "POST /roles",
                "admin",
                json!({"name": "team", "memberReferences": ["user:default/a"]}),
                400,
                "Invalid role definition",
            ),
            (
                "POST /roles",
                "admin",
                json!({"name": "role:default/rbac_admin", "memberReferences": ["user:default/me"]}),
                403,
                "consider making changes to the 'CONFIGURATION'",
            ),
            (
                &format!("GET {TEAM}"),
                "admin",
                none.clone(),
                200,
                "user:default/alice",
            ),
            (&format!("PUT {TEAM}"), "admin", change.clone(), 200, ""),
            (
                &format!("GET {TEAM}"),
                "admin",
                none.clone(),
                200,
                "group:default/a",
            ),
            (
                &format!("PUT {TEAM}"),
                "admin",
                json!({"oldRole": new, "newRole": new}),
                204,
                "",
            ),
            (
                &format!("PUT {TEAM}"),
                "admin",
                json!({"oldRole": new}),
                400,
                "'newRole' object must be present",
            ),
            (
                &format!("PUT {TEAM}"),
                "admin",
                json!({"oldRole": role(&["user:default/zoe"]), "newRole": new}),
                404,
                "Member reference: user:default/zoe was not found",
            ),
            (
                &format!("DELETE {TEAM}?memberReferences=user:default/zoe"),
                "admin",
                none.clone(),
                404,
                "was not found",
            ),
            (
                &format!("DELETE {TEAM}?memberReferences=user:default/Alice"),
                "admin",
                none.clone(),
                204,
                "",
            ),
            (&format!("DELETE {TEAM}"), "admin", none.clone(), 204, ""),
            (&format!("GET {TEAM}"), "admin", none.clone(), 404, ""),
            (&format!("DELETE {TEAM}"), "admin", none.clone(), 404, ""),
            (
                "DELETE /roles/role/default/rbac_admin",
                "admin",
                none,
                403,
                "'CONFIGURATION'",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_role_is_told_with_what_is_known_of_it() {
    let lab = Lab::new(config()).await;
    lab.send("POST /roles", "admin", &role(&["user:default/alice"]))
        .await;
    let answer = lab
        .send(&format!("GET {TEAM}"), "admin", &Value::Null)
        .await;
    let date = "Fri, 20 Nov 2026 21:32:19 GMT";
    assert_eq!(NOW / 1_000, 1_795_210_339);
    assert_eq!(
        answer.json(),
        json!([{
            "memberReferences": ["user:default/alice"],
            "name": "role:default/team",
            "metadata": {
                "source": "rest", "description": "A team", "author": "user:default/admin",
                "modifiedBy": "user:default/admin", "owner": "user:default/admin",
                "createdAt": date, "lastModified": date,
            },
        }])
    );
}

#[expect(clippy::too_many_lines, reason = "one conversation, a line per step")]
#[tokio::test]
async fn policies_are_made_changed_and_removed_and_count_at_once() {
    let lab = Lab::new(config()).await;
    let make = json!({"items": [{"id": "1", "permission": {"type": "basic", "name": "thing.make", "attributes": {"action": "create"}}}]});
    let (allow, deny) = (
        policy("thing.make", "create", "allow"),
        policy("thing.make", "create", "deny"),
    );
    let none = Value::Null;
    converse(
        &lab,
        &[
            (
                "POST /policies",
                "admin",
                json!([allow]),
                404,
                "Corresponding role role:default/team was not found",
            ),
            (
                "POST /roles",
                "admin",
                role(&["user:default/alice"]),
                201,
                "",
            ),
            ("POST /authorize", "alice", make.clone(), 200, "DENY"),
            ("POST /policies", "admin", json!([allow]), 201, ""),
            ("POST /authorize", "alice", make.clone(), 200, "ALLOW"),
            ("POST /authorize", "bob", make.clone(), 200, "DENY"),
            (
                "POST /policies",
                "admin",
                json!([allow]),
                409,
                "has been already stored",
            ),
            (
                "POST /policies",
                "admin",
                json!([]),
                400,
                "permission policy must be present",
            ),
            (
                "POST /policies",
                "admin",
                json!([policy("x", "eat", "allow")]),
                400,
                "'policy' has invalid value",
            ),
            (
                "POST /policies",
                "admin",
                json!([deny, deny]),
                409,
                "is a duplicate",
            ),
            (
                &format!("GET {TEAM_POLICIES}"),
                "admin",
                none.clone(),
                200,
                "\"source\":\"rest\"",
            ),
            (
                "GET /policies?entityRef=role:default/team&effect=deny",
                "admin",
                none.clone(),
                200,
                "[]",
            ),
            (
                &format!("PUT {TEAM_POLICIES}"),
                "admin",
                json!({"oldPolicy": [allow], "newPolicy": [allow]}),
                204,
                "",
            ),
            (
                &format!("PUT {TEAM_POLICIES}"),
                "admin",
                json!({"oldPolicy": [allow], "newPolicy": [deny]}),
                200,
                "",
            ),
            ("POST /authorize", "alice", make, 200, "DENY"),
            (
                &format!("DELETE {TEAM_POLICIES}"),
                "admin",
                json!([allow]),
                404,
                "not found",
            ),
            (
                &format!("DELETE {TEAM_POLICIES}"),
                "admin",
                json!([deny]),
                204,
                "",
            ),
            (&format!("GET {TEAM_POLICIES}"), "admin", none, 404, ""),
        ],
    )
    .await;
}

#[tokio::test]
async fn conditions_decide_for_users_and_are_told_to_plugins() {
    let lab = Lab::new(config()).await;
    lab.send("POST /roles", "admin", &role(&["user:default/alice"]))
        .await;
    let created = lab
        .send("POST /roles/conditions", "admin", &condition())
        .await;
    assert_eq!((created.status, created.json()), (201, json!({"id": 1})));
    let ask = |resources: Value| {
        let mut item = json!({"id": "1", "permission": {"type": "resource", "name": "thing.read",
            "attributes": {"action": "read"}, "resourceType": "thing"}});
        if !resources.is_null() {
            item["resourceRef"] = resources;
        }
        json!({ "items": [item] })
    };
    let cases = [
        ("alice", json!("thing:alice"), json!("ALLOW")),
        ("alice", json!("thing:bob"), json!("DENY")),
        (
            "alice",
            json!(["thing:bob", "thing:alice"]),
            json!(["DENY", "ALLOW"]),
        ),
        (
            "bob",
            json!(["thing:bob", "thing:alice"]),
            json!(["DENY", "DENY"]),
        ),
        (
            "root",
            json!(["thing:bob", "thing:alice"]),
            json!(["ALLOW", "ALLOW"]),
        ),
        ("plugin:alice", json!("thing:alice"), json!("ALLOW")),
    ];
    for (token, resources, expected) in cases {
        let answer = lab
            .send("POST /authorize", token, &ask(resources.clone()))
            .await;
        assert_eq!(
            answer.json()["items"][0]["result"],
            expected,
            "{token} {resources}"
        );
    }
    let mut filled = condition()["conditions"].clone();
    filled["params"]["owner"] = "user:default/alice".into();
    for token in ["plugin:alice", "passed:alice"] {
        let told = lab.send("POST /authorize", token, &ask(Value::Null)).await;
        assert_eq!(
            told.json()["items"][0],
            json!({
                "id": "1", "result": "CONDITIONAL", "pluginId": "things", "resourceType": "thing",
                "conditions": {"anyOf": [filled]},
            })
        );
    }
    let direct = lab
        .send("POST /authorize", "alice", &ask(Value::Null))
        .await;
    assert_eq!(direct.status, 400);
}

/// CVE-2025-32791: conditions tell what others may see, and are for plugins.
#[tokio::test]
async fn users_are_told_no_conditions() {
    let lab = Lab::new(config()).await;
    lab.send("POST /roles", "admin", &role(&["user:default/alice"]))
        .await;
    lab.send("POST /roles/conditions", "admin", &condition())
        .await;
    let item = |more: Value| {
        let mut item = json!({"id": "1", "permission": {"type": "resource", "name": "thing.read",
            "attributes": {"action": "read"}, "resourceType": "thing"}});
        for (name, value) in more.as_object().unwrap() {
            item[name] = value.clone();
        }
        item
    };
    let harmless = item(json!({"resourceRef": "thing:alice"}));
    let batches = [
        vec![item(json!({}))],
        vec![item(json!({"resourceRef": null}))],
        vec![harmless.clone(), item(json!({}))],
        vec![item(json!({"resourceRef": ""}))],
        vec![item(json!({"resourceRef": []}))],
        vec![item(json!({"resourceRef": [""]}))],
    ];
    for items in batches {
        let body = json!({ "items": items });
        // A program of a user is told no more than the user.
        for token in ["alice", "bob", "agent:alice"] {
            let answer = lab.send("POST /authorize", token, &body).await;
            let text = answer.json().to_string();
            assert!(!text.contains("CONDITIONAL"), "{token} {body}: {text}");
            assert!(!text.contains("IS_OF"), "{token} {body}: {text}");
        }
    }
}

#[expect(clippy::too_many_lines, reason = "one conversation, a line per step")]
#[tokio::test]
async fn conditional_policies_are_made_changed_and_removed() {
    let lab = Lab::new(config()).await;
    let none = Value::Null;
    let mut named = condition();
    named["permissionMapping"] = json!([{"name": "thing.read", "action": "read"}]);
    let mut wrong = condition();
    wrong["permissionMapping"] = json!([]);
    let mut unknown = condition();
    unknown["conditions"] = json!({"not": {"rule": "IS_NICE", "resourceType": "thing"}});
    let mut badly_typed = condition();
    badly_typed["conditions"]["params"]["owner"] = json!(["$currentUser"]);
    converse(
        &lab,
        &[
            (
                "POST /roles/conditions",
                "admin",
                condition(),
                404,
                "was not found",
            ),
            (
                "POST /roles",
                "admin",
                role(&["user:default/alice"]),
                201,
                "",
            ),
            (
                "POST /roles/conditions",
                "admin",
                wrong,
                400,
                "must be non empty array",
            ),
            (
                "POST /roles/conditions",
                "admin",
                unknown,
                400,
                "there is no rule IS_NICE",
            ),
            (
                "POST /roles/conditions",
                "admin",
                badly_typed.clone(),
                400,
                "'params.owner' of rule IS_OF is not of a type",
            ),
            (
                "POST /roles/conditions",
                "admin",
                named.clone(),
                201,
                "{\"id\":1}",
            ),
            (
                "POST /roles/conditions",
                "admin",
                condition(),
                409,
                "stored for role",
            ),
            (
                "GET /roles/conditions",
                "admin",
                none.clone(),
                200,
                "\"permissionMapping\":[\"read\"]",
            ),
            (
                "GET /roles/conditions?actions=delete",
                "admin",
                none.clone(),
                200,
                "[]",
            ),
            (
                "GET /roles/conditions?actions=eat",
                "admin",
                none.clone(),
                400,
                "Invalid permission action",
            ),
            (
                "GET /roles/conditions/1",
                "admin",
                none.clone(),
                200,
                "IS_OF",
            ),
            ("GET /roles/conditions/9", "admin", none.clone(), 404, ""),
            (
                "GET /roles/conditions/x",
                "admin",
                none.clone(),
                400,
                "Id is not a valid number.",
            ),
            (
                "PUT /roles/conditions/1",
                "admin",
                badly_typed,
                400,
                "IS_OF",
            ),
            ("PUT /roles/conditions/1", "admin", condition(), 200, ""),
            ("DELETE /roles/conditions/1", "admin", none.clone(), 204, ""),
            ("DELETE /roles/conditions/1", "admin", none, 404, ""),
        ],
    )
    .await;
}

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

#[tokio::test]
async fn every_change_is_in_the_audit_log() {
    let lab = Lab::new(config()).await;
    lab.send("POST /roles", "admin", &role(&["user:default/alice"]))
        .await;
    lab.send(
        "POST /policies",
        "admin",
        &json!([policy("x", "read", "allow")]),
    )
    .await;
    lab.send("POST /roles/conditions", "admin", &condition())
        .await;
    lab.send(&format!("DELETE {TEAM}"), "root", &Value::Null)
        .await;
    let rows = lab.db.db.read(|tx| {
        let rows = tx.query(
            "select action, actor, subject, before_digest is null from audit_record order by seq",
            &[],
        )?;
        rows.into_iter()
            .map(|mut row| {
                Ok((
                    row.take::<String>(0)?,
                    row.take::<String>(1)?,
                    row.take::<String>(2)?,
                    row.take::<bool>(3)?,
                ))
            })
            .collect::<platform::Result<Vec<_>>>()
    });
    let rows = rows.await.unwrap();
    let rows: Vec<_> = rows
        .iter()
        .map(|(a, b, c, d)| (a.as_str(), b.as_str(), c.as_str(), *d))
        .collect();
    assert_eq!(
        rows,
        [
            (
                "permission.role.create",
                "user:default/admin",
                "role:default/team",
                true
            ),
            (
                "permission.policy.create",
                "user:default/admin",
                "role:default/team",
                true
            ),
            (
                "permission.condition.create",
                "user:default/admin",
                "condition:1",
                true
            ),
            (
                "permission.role.delete",
                "user:default/root",
                "role:default/team",
                false
            ),
        ]
    );
}
