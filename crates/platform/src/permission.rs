//! The vocabulary of permission decisions. Reference 1 §C.7, reference 3 §3.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::ctx::Caller;
use crate::error::{Error, Result};

/// Nesting of conditions that is read.
const MAX_DEPTH: usize = 32;

/// A permission somebody asks for; features declare theirs as constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permission<'a> {
    /// Name on the wire, for example `catalog.entity.read`.
    pub name: &'a str,
    /// `create`, `read`, `update`, `delete`, or nothing.
    pub action: Option<&'a str>,
    /// The type of resource it is asked on; `None` for a basic permission.
    pub resource_type: Option<&'a str>,
}

impl Permission<'_> {
    /// The permission as metadata endpoints tell it.
    pub fn to_json(&self) -> Value {
        let kind = if self.resource_type.is_some() {
            "resource"
        } else {
            "basic"
        };
        let attributes = self
            .action
            .map_or_else(|| json!({}), |action| json!({ "action": action }));
        let mut view = json!({ "type": kind, "name": self.name, "attributes": attributes });
        if let Some(resource_type) = self.resource_type {
            view["resourceType"] = resource_type.into();
        }
        view
    }
}

/// A condition on resources, as Backstage writes it.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A named rule with parameters.
    Rule {
        /// Rule name, for example `IS_ENTITY_OWNER`.
        rule: String,
        /// Type of resource the rule is for.
        resource_type: String,
        /// Parameters of the rule.
        params: Value,
    },
    /// All parts hold.
    AllOf(Vec<Condition>),
    /// At least one part holds.
    AnyOf(Vec<Condition>),
    /// The part does not hold.
    Not(Box<Condition>),
}

impl Condition {
    /// Reads `{rule, resourceType, params}`, `{anyOf}`, `{allOf}` or `{not}`.
    pub fn from_json(value: &Value) -> Result<Self> {
        Self::parse(value, 0)
    }

    fn parse(value: &Value, depth: usize) -> Result<Self> {
        if depth > MAX_DEPTH {
            return Err(Error::input("conditions are nested too deeply"));
        }
        let parts = |name: &str| {
            let items = value.get(name).and_then(Value::as_array)?;
            let parts = items.iter().map(|item| Self::parse(item, depth + 1));
            Some(parts.collect::<Result<Vec<_>>>())
        };
        if let Some(parts) = parts("anyOf") {
            return parts.map(Self::AnyOf);
        }
        if let Some(parts) = parts("allOf") {
            return parts.map(Self::AllOf);
        }
        if let Some(part) = value.get("not") {
            return Ok(Self::Not(Box::new(Self::parse(part, depth + 1)?)));
        }
        let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        Ok(Self::Rule {
            rule: text("rule").to_owned(),
            resource_type: text("resourceType").to_owned(),
            params: value.get("params").cloned().unwrap_or_else(|| json!({})),
        })
    }

    /// The condition as it is on the wire.
    pub fn to_json(&self) -> Value {
        let list = |parts: &[Self]| parts.iter().map(Self::to_json).collect::<Vec<_>>();
        match self {
            Self::AllOf(parts) => json!({ "allOf": list(parts) }),
            Self::AnyOf(parts) => json!({ "anyOf": list(parts) }),
            Self::Not(part) => json!({ "not": part.to_json() }),
            Self::Rule {
                rule,
                resource_type,
                params,
            } => {
                let mut view = Map::new();
                view.insert("rule".into(), rule.as_str().into());
                view.insert("resourceType".into(), resource_type.as_str().into());
                view.insert("params".into(), params.clone());
                view.into()
            }
        }
    }
}

/// The answer to a permission request.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Yes, for every resource.
    Allow,
    /// No, for every resource.
    Deny,
    /// Yes, for the resources that satisfy the condition.
    Conditional(Condition),
}

/// Decides what callers may do.
#[async_trait]
pub trait Authorizer: Send + Sync {
    /// One decision per permission, in order.
    async fn decide(&self, caller: &Caller, permissions: &[Permission<'_>]) -> Vec<Decision>;
}

/// A feature that has permissions: what there is to allow, and its resources.
#[async_trait]
pub trait Permissioned: Send + Sync {
    /// The plugin's id.
    fn plugin(&self) -> &'static str;

    /// Its permissions.
    fn permissions(&self) -> &'static [Permission<'static>];

    /// Its rules with the schemas of their parameters, as metadata endpoints tell them.
    fn rules(&self) -> Result<Value>;

    /// The type of its resources; `None` when it has permissions without resources only.
    fn resource_type(&self) -> Option<&'static str>;

    /// Whether it has resources of a type; features with several types say so.
    fn has_resource_type(&self, resource_type: &str) -> bool {
        self.resource_type() == Some(resource_type)
    }

    /// Which of its resources fulfil a condition, in order; one that is absent fulfils none,
    /// whatever the condition says.
    async fn matches(&self, condition: &Condition, refs: &[String]) -> Result<Vec<bool>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_survive_the_wire() {
        let rule = json!({"rule": "HAS_LABEL", "resourceType": "catalog-entity", "params": {"label": "a"}});
        let cases = [
            rule.clone(),
            json!({ "not": rule }),
            json!({ "anyOf": [rule, {"allOf": [rule, {"not": rule}]}] }),
        ];
        for wire in cases {
            let condition = Condition::from_json(&wire).unwrap();
            assert_eq!(condition.to_json(), wire);
        }
    }

    #[test]
    fn deep_conditions_are_refused() {
        let mut wire = json!({"rule": "A", "resourceType": "b"});
        for _ in 0..=MAX_DEPTH {
            wire = json!({ "not": wire });
        }
        assert!(Condition::from_json(&wire).is_err());
    }

    #[test]
    fn permissions_are_told_as_backstage_does() {
        let basic = Permission {
            name: "kubernetes.proxy",
            action: None,
            resource_type: None,
        };
        let resource = Permission {
            name: "catalog.entity.read",
            action: Some("read"),
            resource_type: Some("catalog-entity"),
        };
        assert_eq!(
            basic.to_json().to_string(),
            r#"{"type":"basic","name":"kubernetes.proxy","attributes":{}}"#
        );
        assert_eq!(
            resource.to_json().to_string(),
            r#"{"type":"resource","name":"catalog.entity.read","attributes":{"action":"read"},"resourceType":"catalog-entity"}"#
        );
    }
}
