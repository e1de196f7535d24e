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

/// Whether a role fulfils a condition. A rule that nobody knows, or that has a parameter of another
/// sort than it takes, is fulfilled by nothing, neither as it is nor turned around.
pub(crate) fn fulfils(role: &Role, condition: &Condition) -> bool {
    judge(role, condition).unwrap_or(false)
}

fn judge(role: &Role, condition: &Condition) -> Option<bool> {
    match condition {
        Condition::AllOf(parts) => parts
            .iter()
            .try_fold(true, |all, part| Some(judge(role, part)? && all)),
        Condition::AnyOf(parts) => parts
            .iter()
            .try_fold(false, |any, part| Some(judge(role, part)? || any)),
        Condition::Not(part) => judge(role, part).map(|it| !it),
        Condition::Rule { rule, params, .. } => {
            let owners = params.get("owners").filter(|_| rule == "IS_OWNER");
            let owners = owners?.as_array()?.iter().map(Value::as_str);
            let owners: Vec<&str> = owners.collect::<Option<_>>()?;
            let owner = role.owner.as_deref();
            Some(owner.is_some_and(|owner| owners.contains(&owner)))
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Source;

    #[test]
    fn conditions_that_cannot_be_read_are_fulfilled_by_no_role() {
        let role = Role {
            owner: Some("user:default/ann".to_owned()),
            ..Role::new("role:default/a", Source::Rest)
        };
        let is_owner = |owners: Value| json!({"rule": "IS_OWNER", "resourceType": "policy-entity", "params": {"owners": owners}});
        let other = is_owner(json!(["user:default/bob"]));
        let unknown = json!({"rule": "IS_NICE", "resourceType": "policy-entity"});
        for (condition, expected) in [
            (is_owner(json!(["user:default/ann"])), true),
            (other.clone(), false),
            (json!({ "not": other }), true),
            (is_owner(json!("user:default/ann")), false),
            (json!({"not": is_owner(json!("user:default/bob"))}), false),
            (json!({"not": is_owner(json!([1]))}), false),
            (json!({ "not": unknown }), false),
            (
                json!({"anyOf": [is_owner(json!(["user:default/ann"])), unknown]}),
                false,
            ),
        ] {
            let read = Condition::from_json(&condition).unwrap();
            assert_eq!(fulfils(&role, &read), expected, "{condition}");
        }
    }
}
