//! Roles, policies and conditions to talk about with the REST API.

use serde_json::{Value, json};

use super::lab::Lab;

pub(crate) fn config() -> Value {
    json!({"enabled": true, "rbac": {
        "admin": {"users": [{"name": "user:default/admin"}], "superUsers": [{"name": "user:default/root"}]},
        "pluginsWithPermission": ["catalog"],
    }})
}

pub(crate) fn role(members: &[&str]) -> Value {
    json!({"memberReferences": members, "name": "role:default/team", "metadata": {"description": "A team"}})
}

pub(crate) fn policy(permission: &str, action: &str, effect: &str) -> Value {
    json!({"entityReference": "role:default/team", "permission": permission, "policy": action, "effect": effect})
}

pub(crate) fn condition() -> Value {
    json!({
        "result": "CONDITIONAL", "roleEntityRef": "role:default/team", "pluginId": "things",
        "resourceType": "thing", "permissionMapping": ["read"],
        "conditions": {"rule": "IS_OF", "resourceType": "thing", "params": {"owner": "$currentUser"}},
    })
}

pub(crate) const TEAM: &str = "/roles/role/default/team";
pub(crate) const TEAM_POLICIES: &str = "/policies/role/default/team";

/// A conversation with the API, step by step: request, who asks, body, status, text of the error or
/// part of the answer.
pub(crate) async fn converse(lab: &Lab, steps: &[(&str, &str, Value, u16, &str)]) {
    for (head, token, body, status, expected) in steps {
        let answer = lab.send(head, token, body).await;
        assert_eq!(answer.status, *status, "{head} {body}: {}", answer.text);
        let is_there = answer.message().contains(expected) || answer.text.contains(expected);
        assert!(is_there, "{head} {body}: {}", answer.text);
    }
}
