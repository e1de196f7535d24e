//! The scaffolder's permissions and rules. Reference 2 §D.7.

use std::sync::Arc;

use async_trait::async_trait;
use platform::db::Db;
use platform::permission::{Condition, Decision, Permission, Permissioned};
use platform::{Ctx, Error, Result};
use serde_json::Value;

use crate::store::tasks;
use crate::template::permission_tags;

/// The resource type of templates.
pub const TEMPLATE: &str = "scaffolder-template";
/// The resource type of actions in steps.
pub const ACTION: &str = "scaffolder-action";
/// The resource type of tasks.
pub const TASK: &str = "scaffolder-task";

const fn of(
    name: &'static str,
    action: Option<&'static str>,
    resource_type: Option<&'static str>,
) -> Permission<'static> {
    Permission {
        name,
        action,
        resource_type,
    }
}

/// Try a template without changing anything.
pub const DRY_RUN: Permission<'_> = of("scaffolder.template.dry-run", None, None);
/// See pages and fields of forms.
pub const PARAMETER_READ: Permission<'_> = of(
    "scaffolder.template.parameter.read",
    Some("read"),
    Some(TEMPLATE),
);
/// See and run steps of templates.
pub const STEP_READ: Permission<'_> = of(
    "scaffolder.template.step.read",
    Some("read"),
    Some(TEMPLATE),
);
/// Run an action in a step.
pub const ACTION_EXECUTE: Permission<'_> = of("scaffolder.action.execute", None, Some(ACTION));
/// Cancel a task.
pub const TASK_CANCEL: Permission<'_> = of("scaffolder.task.cancel", None, Some(TASK));
/// Create tasks.
pub const TASK_CREATE: Permission<'_> = of("scaffolder.task.create", Some("create"), None);
/// See a task.
pub const TASK_READ: Permission<'_> = of("scaffolder.task.read", Some("read"), Some(TASK));
/// Use the tools for authors of templates.
pub const MANAGEMENT: Permission<'_> = of("scaffolder.template.management", None, None);

/// All of them, as `/.well-known/backstage/permissions/metadata` tells them.
pub const ALL: &[Permission<'_>] = &[
    DRY_RUN,
    PARAMETER_READ,
    STEP_READ,
    ACTION_EXECUTE,
    TASK_CANCEL,
    TASK_CREATE,
    TASK_READ,
    MANAGEMENT,
];
/// Parameters of the rules, as JSON Schema.
const RULES: &str = include_str!("permission_rules.json");

/// What the scaffolder has to allow, and its tasks.
pub fn permissioned(db: Db) -> Arc<dyn Permissioned> {
    Arc::new(Tasks(db))
}

struct Tasks(Db);

#[async_trait]
impl Permissioned for Tasks {
    fn plugin(&self) -> &'static str {
        "scaffolder"
    }

    fn permissions(&self) -> &'static [Permission<'static>] {
        ALL
    }

    fn rules(&self) -> Result<Value> {
        serde_json::from_str(RULES)
            .map_err(|error| Error::internal("rules are not JSON").with_source(error))
    }

    fn resource_type(&self) -> Option<&'static str> {
        Some(TASK)
    }

    fn has_resource_type(&self, resource_type: &str) -> bool {
        [TEMPLATE, ACTION, TASK].contains(&resource_type)
    }

    /// References are ids of tasks; templates and actions are judged where they are used, because
    /// their conditions look at more than a reference.
    async fn matches(&self, condition: &Condition, refs: &[String]) -> Result<Vec<bool>> {
        let mut matches = Vec::with_capacity(refs.len());
        for id in refs {
            let id = id.clone();
            let task = self.0.read(move |tx| tasks::find(tx, &id)).await?;
            let created_by = task.map(|task| task.created_by);
            matches.push(created_by.is_some_and(|by| owns(condition, by.as_deref())));
        }
        Ok(matches)
    }
}

/// The refusal of who lacks a permission; it names it, so that somebody can be asked for it.
pub(crate) fn missing(permission: Permission<'_>) -> Error {
    let name = permission.name;
    Error::forbidden(format!("this takes the permission {name}"))
}

/// Fails unless the caller has some permissions without conditions.
pub(crate) async fn require(ctx: &Ctx, permissions: &[Permission<'_>]) -> Result<()> {
    let decisions = ctx.decide_all(permissions).await;
    let mut decided = permissions.iter().zip(decisions);
    match decided.find(|(_, decision)| *decision != Decision::Allow) {
        Some((permission, _)) => Err(missing(*permission)),
        None => Ok(()),
    }
}

/// Whether the caller may do something with a task.
pub(crate) async fn allows_task(
    ctx: &Ctx,
    permission: Permission<'_>,
    created_by: Option<&str>,
) -> bool {
    match ctx.decide(permission).await {
        Decision::Allow => true,
        Decision::Deny => false,
        Decision::Conditional(condition) => owns(&condition, created_by),
    }
}

/// Whether a condition on tasks holds for one.
pub(crate) fn owns(condition: &Condition, created_by: Option<&str>) -> bool {
    holds(condition, &|rule, params| {
        let owners = params.get("createdBy").filter(|_| rule == "IS_TASK_OWNER");
        let owners = owners?.as_array()?.iter().map(Value::as_str);
        let owners: Vec<&str> = owners.collect::<Option<_>>()?;
        Some(created_by.is_some_and(|creator| owners.contains(&creator)))
    })
}

/// Whether a condition on pages, fields or steps of templates holds for one.
pub(crate) fn has_tag(condition: &Condition, part: &Value) -> bool {
    let tags = permission_tags(part);
    holds(condition, &|rule, params| {
        let tag = params.get("tag").and_then(Value::as_str)?;
        (rule == "HAS_TAG").then(|| tags.contains(&tag))
    })
}

/// Whether a condition on actions holds for one with its rendered input.
pub(crate) fn allows_action(condition: &Condition, id: &str, input: &Value) -> bool {
    holds(condition, &|rule, params| {
        let text = |name: &str| params.get(name).and_then(Value::as_str);
        if rule == "HAS_ACTION_ID" {
            return Some(text("actionId")? == id);
        }
        let found = lookup(input, text("key")?);
        let wanted = params.get("value");
        let is_type = |value: &Value| match rule {
            "HAS_STRING_PROPERTY" => Some(value.is_string()),
            "HAS_NUMBER_PROPERTY" => Some(value.is_number()),
            "HAS_BOOLEAN_PROPERTY" => Some(value.is_boolean()),
            _ => None,
        };
        let found = found.unwrap_or(&Value::Null);
        // What is wanted of another type could never be there.
        if wanted.is_some_and(|wanted| is_type(wanted) != Some(true)) {
            return None;
        }
        is_type(found).map(|is_type| is_type && wanted.is_none_or(|wanted| wanted == found))
    })
}

/// A member by its name, else by a path with points.
fn lookup<'v>(input: &'v Value, key: &str) -> Option<&'v Value> {
    input.get(key).or_else(|| {
        key.split('.')
            .try_fold(input, |value, part| value.get(part))
    })
}

/// Whether a condition holds; a rule that is not known, or has a parameter of another sort than it
/// takes, is fulfilled neither way.
fn holds(condition: &Condition, rule: &dyn Fn(&str, &Value) -> Option<bool>) -> bool {
    judge(condition, rule).unwrap_or(false)
}

fn judge(condition: &Condition, rule: &dyn Fn(&str, &Value) -> Option<bool>) -> Option<bool> {
    match condition {
        Condition::Rule {
            rule: name, params, ..
        } => rule(name, params),
        Condition::Not(part) => judge(part, rule).map(|it| !it),
        Condition::AllOf(parts) => parts
            .iter()
            .try_fold(true, |all, part| Some(judge(part, rule)? && all)),
        Condition::AnyOf(parts) => parts
            .iter()
            .try_fold(false, |any, part| Some(judge(part, rule)? || any)),
    }
}

/// The creators whose tasks fulfil a condition, where that can be told from the condition alone.
pub(crate) fn creators(condition: &Condition) -> Option<Vec<String>> {
    match condition {
        Condition::Rule { rule, params, .. } if rule == "IS_TASK_OWNER" => {
            let list = params.get("createdBy")?.as_array()?;
            Some(
                list.iter()
                    .filter_map(|it| it.as_str().map(str::to_owned))
                    .collect(),
            )
        }
        Condition::AnyOf(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(creators).collect();
            parts.map(|parts| parts.concat())
        }
        Condition::AllOf(parts) => {
            let mut parts = parts.iter().map(creators);
            let first = parts.next()??;
            parts.try_fold(first, |mut common, part| {
                let part = part?;
                common.retain(|it| part.contains(it));
                Some(common)
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn condition(value: &Value) -> Condition {
        Condition::from_json(value).unwrap()
    }

    fn rule(name: &str, params: &Value) -> Value {
        json!({"rule": name, "resourceType": "x", "params": params})
    }

    #[test]
    fn conditions_on_actions() {
        let input = json!({"repoUrl": "a", "deep": {"on": true}, "n": 1});
        let cases = [
            (
                rule("HAS_ACTION_ID", &json!({"actionId": "fetch:plain"})),
                true,
            ),
            (
                rule("HAS_ACTION_ID", &json!({"actionId": "debug:log"})),
                false,
            ),
            (
                rule(
                    "HAS_STRING_PROPERTY",
                    &json!({"key": "repoUrl", "value": "a"}),
                ),
                true,
            ),
            (
                rule(
                    "HAS_STRING_PROPERTY",
                    &json!({"key": "repoUrl", "value": "b"}),
                ),
                false,
            ),
            (
                rule("HAS_BOOLEAN_PROPERTY", &json!({"key": "deep.on"})),
                true,
            ),
            (
                rule("HAS_NUMBER_PROPERTY", &json!({"key": "n", "value": 1})),
                true,
            ),
            (
                json!({"not": rule("HAS_ACTION_ID", &json!({"actionId": "debug:log"}))}),
                true,
            ),
            (json!({"not": rule("NO_SUCH_RULE", &json!({}))}), false),
            (
                json!({"not": rule("HAS_ACTION_ID", &json!({"actionId": ["debug:log"]}))}),
                false,
            ),
            (
                json!({"not": rule("HAS_STRING_PROPERTY", &json!({"key": "repoUrl", "value": 1}))}),
                false,
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(
                allows_action(&condition(&value), "fetch:plain", &input),
                expected,
                "{value}"
            );
        }
    }

    #[test]
    fn conditions_on_tasks_become_lists_of_creators() {
        let mine = rule(
            "IS_TASK_OWNER",
            &json!({"createdBy": ["user:default/a", "user:default/b"]}),
        );
        let other = rule("IS_TASK_OWNER", &json!({"createdBy": ["user:default/b"]}));
        assert_eq!(
            creators(&condition(&json!({"allOf": [mine, other]}))),
            Some(vec!["user:default/b".to_owned()])
        );
        assert_eq!(creators(&condition(&json!({"not": mine}))), None);
        assert!(owns(&condition(&mine), Some("user:default/a")));
        assert!(!owns(&condition(&mine), None));
        for wrong in [json!("user:default/b"), json!([1]), Value::Null] {
            let wrong = json!({"not": rule("IS_TASK_OWNER", &json!({"createdBy": wrong}))});
            assert!(!owns(&condition(&wrong), Some("user:default/a")), "{wrong}");
        }
    }
}
