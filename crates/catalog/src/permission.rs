//! The catalog's permissions and rules, and how conditions become index filters.
//! Reference 1 §C.7.

use async_trait::async_trait;
use model::{EntityRef, Filter};
use platform::permission::{Condition, Decision, Permission, Permissioned};
use platform::{Ctx, Error, Result};
use serde_json::Value;

use crate::catalog::Catalog;

/// The resource type of entities.
pub const ENTITY: &str = "catalog-entity";

const fn entity(name: &'static str, action: &'static str) -> Permission<'static> {
    Permission {
        name,
        action: Some(action),
        resource_type: Some(ENTITY),
    }
}

const fn basic(name: &'static str, action: Option<&'static str>) -> Permission<'static> {
    Permission {
        name,
        action,
        resource_type: None,
    }
}

/// Read an entity.
pub const ENTITY_READ: Permission<'_> = entity("catalog.entity.read", "read");
/// Add entities.
pub const ENTITY_CREATE: Permission<'_> = basic("catalog.entity.create", Some("create"));
/// Delete an entity.
pub const ENTITY_DELETE: Permission<'_> = entity("catalog.entity.delete", "delete");
/// Ask for a refresh of an entity.
pub const ENTITY_REFRESH: Permission<'_> = entity("catalog.entity.refresh", "update");
/// Validate an entity.
pub const ENTITY_VALIDATE: Permission<'_> = basic("catalog.entity.validate", None);
/// Read locations.
pub const LOCATION_READ: Permission<'_> = basic("catalog.location.read", Some("read"));
/// Register locations.
pub const LOCATION_CREATE: Permission<'_> = basic("catalog.location.create", Some("create"));
/// Unregister locations.
pub const LOCATION_DELETE: Permission<'_> = basic("catalog.location.delete", Some("delete"));
/// Analyze a location.
pub const LOCATION_ANALYZE: Permission<'_> = basic("catalog.location.analyze", None);
/// See entities that are not final.
pub const UNPROCESSED_READ: Permission<'_> =
    basic("catalog.entities.unprocessed.read", Some("read"));
/// Delete entities that are not final.
pub const UNPROCESSED_DELETE: Permission<'_> =
    basic("catalog.entities.unprocessed.delete", Some("delete"));
/// See providers, conflicts and held mutations.
pub const INGESTION_READ: Permission<'_> = basic("catalog.ingestion.read", Some("read"));
/// Approve held mutations and run providers.
pub const INGESTION_MANAGE: Permission<'_> = basic("catalog.ingestion.manage", Some("update"));

/// All of them, as `/.well-known/backstage/permissions/metadata` tells them.
pub const ALL: &[Permission<'_>] = &[
    ENTITY_READ,
    ENTITY_CREATE,
    ENTITY_DELETE,
    ENTITY_REFRESH,
    ENTITY_VALIDATE,
    LOCATION_READ,
    LOCATION_CREATE,
    LOCATION_DELETE,
    LOCATION_ANALYZE,
    INGESTION_READ,
    INGESTION_MANAGE,
];
/// Parameters of the rules, as JSON Schema.
const RULES: &str = include_str!("permission_rules.json");

#[async_trait]
impl Permissioned for Catalog {
    fn plugin(&self) -> &'static str {
        "catalog"
    }

    fn permissions(&self) -> &'static [Permission<'static>] {
        ALL
    }

    fn rules(&self) -> Result<Value> {
        serde_json::from_str(RULES)
            .map_err(|error| Error::internal("rules are not JSON").with_source(error))
    }

    fn resource_type(&self) -> Option<&'static str> {
        Some(ENTITY)
    }

    async fn matches(&self, condition: &Condition, refs: &[String]) -> Result<Vec<bool>> {
        let filter = lower(condition)?;
        let index = self.view.index();
        let matcher = index.matcher(&filter);
        let is_match = |text: &String| {
            let entity_ref = text.parse::<EntityRef>().ok();
            let hit = entity_ref.and_then(|entity_ref| index.by_ref(&entity_ref.to_string()));
            hit.is_some_and(|hit| matcher.matches(hit.slot))
        };
        Ok(refs.iter().map(is_match).collect())
    }
}

/// The entities on which the caller has a permission; `None` for none at all.
pub(crate) async fn filter(ctx: &Ctx, permission: Permission<'_>) -> Result<Option<Filter>> {
    Ok(match ctx.decide(permission).await {
        Decision::Allow => Some(Filter::everything()),
        Decision::Deny => None,
        Decision::Conditional(condition) => Some(lower(&condition)?),
    })
}

/// A condition on entities as a filter over search rows.
pub(crate) fn lower(condition: &Condition) -> Result<Filter> {
    Ok(match condition {
        Condition::AllOf(parts) => Filter::All(parts.iter().map(lower).collect::<Result<_>>()?),
        Condition::AnyOf(parts) => Filter::Any(parts.iter().map(lower).collect::<Result<_>>()?),
        Condition::Not(part) => Filter::Not(Box::new(lower(part)?)),
        Condition::Rule { rule, params, .. } => lower_rule(rule, params)?,
    })
}

/// A parameter of another sort than the rule takes is an error and never left out: without it the
/// rule would be about more entities, or, turned around, about all of them.
fn lower_rule(rule: &str, params: &Value) -> Result<Filter> {
    let params = Params { rule, params };
    match rule {
        "HAS_ANNOTATION" => params.keyed("metadata.annotations", "annotation"),
        "HAS_LABEL" => params.keyed("metadata.labels", "label"),
        "HAS_METADATA" => params.keyed("metadata", "key"),
        "HAS_SPEC" => params.keyed("spec", "key"),
        "IS_ENTITY_KIND" => params.any_of("kind", "kinds"),
        "IS_ENTITY_OWNER" => params.any_of("relations.ownedby", "claims"),
        _ => Err(Error::input(format!("Unexpected permission rule '{rule}'"))),
    }
}

/// The parameters of a rule.
struct Params<'p> {
    rule: &'p str,
    params: &'p Value,
}

impl Params<'_> {
    fn text(&self, name: &str) -> Result<Option<&str>> {
        match self.params.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "text; a number or a word such as true needs quotes")),
        }
    }

    /// What there is below a prefix under the name that a parameter says, with the value if there
    /// is one.
    fn keyed(&self, prefix: &str, name: &str) -> Result<Filter> {
        let missing = || self.wrong(name, "there");
        let key = self.text(name)?.ok_or_else(missing)?;
        let key = format!("{prefix}.{key}");
        Ok(match self.text("value")? {
            Some(value) => Filter::equals(&key, value),
            None => Filter::exists(&key),
        })
    }

    fn any_of(&self, key: &str, name: &str) -> Result<Filter> {
        let no_list = || self.wrong(name, "a list of texts");
        let items = self.params.get(name).and_then(Value::as_array);
        let items = items.ok_or_else(no_list)?.iter();
        let values = items.map(|item| item.as_str().map(str::to_lowercase).ok_or_else(no_list));
        Ok(Filter::In {
            key: key.into(),
            values: values.collect::<Result<_>>()?,
        })
    }

    fn wrong(&self, name: &str, expected: &str) -> Error {
        let rule = self.rule;
        Error::input(format!(
            "the parameter `{name}` of the rule {rule} must be {expected}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(rule: &str, params: Value) -> Condition {
        Condition::Rule {
            rule: rule.into(),
            resource_type: ENTITY.into(),
            params,
        }
    }

    #[test]
    fn conditions_become_filters() {
        let owner = rule("IS_ENTITY_OWNER", json!({"claims": ["Group:default/A"]}));
        let owned = Filter::In {
            key: "relations.ownedby".into(),
            values: vec!["group:default/a".into()],
        };
        let cases = [
            (owner.clone(), owned.clone()),
            (
                rule("HAS_SPEC", json!({"key": "type"})),
                Filter::exists("spec.type"),
            ),
            (
                rule("HAS_ANNOTATION", json!({"annotation": "A/b", "value": "X"})),
                Filter::equals("metadata.annotations.a/b", "x"),
            ),
            (
                Condition::AnyOf(vec![owner.clone(), Condition::Not(Box::new(owner))]),
                Filter::Any(vec![owned.clone(), Filter::Not(Box::new(owned))]),
            ),
        ];
        for (condition, filter) in cases {
            assert_eq!(lower(&condition).unwrap(), filter);
        }
    }

    #[test]
    fn an_unknown_rule_is_an_error_and_never_an_open_door() {
        assert!(lower(&rule("IS_NICE", json!({}))).is_err());
        for (name, params) in [
            ("HAS_LABEL", json!({})),
            ("HAS_LABEL", json!({"label": 1})),
            ("HAS_SPEC", json!({"key": "public", "value": true})),
            ("HAS_SPEC", json!({"key": "public", "value": null})),
            ("HAS_ANNOTATION", json!({"annotation": "a", "value": ["b"]})),
            ("IS_ENTITY_KIND", json!({"kinds": "Component"})),
            ("IS_ENTITY_KIND", json!({})),
            ("IS_ENTITY_OWNER", json!({"claims": ["group:default/a", 1]})),
            ("IS_ENTITY_OWNER", json!({"claims": "$ownerRefs"})),
        ] {
            let condition = rule(name, params);
            assert!(lower(&condition).is_err(), "{condition:?}");
            let turned = Condition::Not(Box::new(condition));
            assert!(lower(&turned).is_err(), "{turned:?}");
        }
    }
}
