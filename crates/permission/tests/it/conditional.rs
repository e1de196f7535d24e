//! Conditional policies: made, decided by, and told to nobody but plugins.

use serde_json::{Value, json};

use super::lab::Lab;
use super::talk::{condition, config, converse, role};

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
