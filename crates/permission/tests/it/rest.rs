//! The REST API of roles and policies, as the front end of Backstage's plugin uses it.

use serde_json::{Value, json};

use super::lab::{Lab, NOW};
use super::talk::{TEAM, TEAM_POLICIES, condition, config, converse, policy, role};

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
