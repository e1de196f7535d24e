//! Roles as resources: the permissions to administer them, and the rule `IS_OWNER`.

use std::sync::Arc;

use async_trait::async_trait;
use platform::Result;
use platform::permission::{Condition, Permission, Permissioned};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::policy::Role;

const POLICY_ENTITY: &str = "policy-entity";

const fn entity(name: &'static str, action: &'static str) -> Permission<'static> {
    Permission {
        name,
        action: Some(action),
        resource_type: Some(POLICY_ENTITY),
    }
}

/// See roles and policies.
pub(crate) const READ: Permission<'_> = entity("policy.entity.read", "read");
/// Make roles and policies.
pub(crate) const CREATE: Permission<'_> = Permission {
    name: "policy.entity.create",
    action: Some("create"),
    resource_type: None,
};
/// Change roles and policies.
pub(crate) const UPDATE: Permission<'_> = entity("policy.entity.update", "update");
/// Remove roles and policies.
pub(crate) const DELETE: Permission<'_> = entity("policy.entity.delete", "delete");

/// All permissions of the plugin.
pub const PERMISSIONS: &[Permission<'_>] = &[READ, CREATE, DELETE, UPDATE];

/// Whether a role fulfils a condition.
pub(crate) fn fulfils(role: &Role, condition: &Condition) -> bool {
    match condition {
        Condition::AllOf(parts) => parts.iter().all(|part| fulfils(role, part)),
        Condition::AnyOf(parts) => parts.iter().any(|part| fulfils(role, part)),
        // A rule that nobody knows is fulfilled by nothing, neither as it is nor turned around.
        Condition::Not(part) => is_known(part) && !fulfils(role, part),
        Condition::Rule { rule, params, .. } => {
            let owners = params.get("owners").and_then(Value::as_array);
            let mut owners = owners.into_iter().flatten().filter_map(Value::as_str);
            rule == "IS_OWNER" && owners.any(|owner| role.owner.as_deref() == Some(owner))
        }
    }
}

fn is_known(condition: &Condition) -> bool {
    match condition {
        Condition::AllOf(parts) | Condition::AnyOf(parts) => parts.iter().all(is_known),
        Condition::Not(part) => is_known(part),
        Condition::Rule { rule, .. } => rule == "IS_OWNER",
    }
}

/// The roles of a policy.
pub(crate) struct PolicyEntities(pub(crate) Arc<Engine>);

#[async_trait]
impl Permissioned for PolicyEntities {
    fn plugin(&self) -> &'static str {
        "permission"
    }

    fn permissions(&self) -> &'static [Permission<'static>] {
        PERMISSIONS
    }

    fn rules(&self) -> Result<Value> {
        Ok(json!([{
            "name": "IS_OWNER",
            "description": "Should allow only if the role is owned by one of the given users or groups",
            "resourceType": POLICY_ENTITY,
            "paramsSchema": {
                "type": "object",
                "properties": {
                    "owners": {
                        "type": "array",
                        "items": { "type": "string" },
                        "description": "References of users and groups"
                    }
                },
                "required": ["owners"],
                "additionalProperties": false,
                "$schema": "http://json-schema.org/draft-07/schema#"
            }
        }]))
    }

    fn resource_type(&self) -> Option<&'static str> {
        Some(POLICY_ENTITY)
    }

    async fn matches(&self, condition: &Condition, refs: &[String]) -> Result<Vec<bool>> {
        let set = self.0.policy();
        let is_match = |name: &String| {
            let role = set.roles.get(name);
            role.is_some_and(|role| fulfils(role, condition))
        };
        Ok(refs.iter().map(is_match).collect())
    }
}
