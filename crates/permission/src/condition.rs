//! Conditional policies: read from YAML or JSON, bounded, with aliases for who asks.

use model::{Problem, YamlLimits, parse_documents};
use platform::json_schema;
use platform::permission::Condition;
use serde_json::Value;

use crate::policy::{Action, ConditionalPolicy, Mapped};
use crate::reference::{self, Kinds};

/// Stands for the user who asks, in a parameter or an item of one.
const CURRENT_USER: &str = "$currentUser";
/// Stands for what the user owns things through, as an item of a parameter.
const OWNER_REFS: &str = "$ownerRefs";
/// Policies of files are numbered from here on; those of the API stay far below.
const FIRST_OF_FILE: i64 = 1_000_000_000;
/// Most permissions of one policy.
const MAX_PERMISSIONS: usize = 25;

/// Bounds of conditional policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionLimits {
    /// Deepest nesting.
    pub depth: usize,
    /// Most rules and connectives.
    pub nodes: usize,
    /// Most parts of one connective.
    pub items: usize,
    /// Most bytes of a file.
    pub file_bytes: usize,
    /// Most documents of a file.
    pub documents: usize,
}

impl Default for ConditionLimits {
    fn default() -> Self {
        Self {
            depth: 12,
            nodes: 256,
            items: 64,
            file_bytes: 1 << 20,
            documents: 256,
        }
    }
}

/// Reads a file of conditional policies, one in each document; wrong ones are left out.
pub fn read_conditions(
    text: &str,
    name: &str,
    limits: &ConditionLimits,
) -> (Vec<ConditionalPolicy>, Vec<Problem>) {
    let yaml = YamlLimits {
        max_bytes: limits.file_bytes,
        max_documents: limits.documents,
        ..YamlLimits::default()
    };
    let (mut policies, mut problems) = (Vec::new(), Vec::new());
    for (id, document) in (FIRST_OF_FILE..).zip(parse_documents(text, &yaml)) {
        if !document.problems.is_empty() {
            let found = document.problems.into_iter();
            problems.extend(found.map(|problem| {
                let position = problem.position;
                problem.at(name, position)
            }));
            continue;
        }
        match parse(&document.value, limits) {
            Ok(policy) => policies.push(ConditionalPolicy { id, ..policy }),
            Err(message) => {
                let problem = Problem::error("policy.condition", "", message);
                problems.push(problem.at(name, Some(document.start)));
            }
        }
    }
    (policies, problems)
}

/// A conditional policy, or what is wrong with it.
pub(crate) fn parse(value: &Value, limits: &ConditionLimits) -> Result<ConditionalPolicy, String> {
    let text = |name: &str| {
        let text = value.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
            .ok_or_else(|| format!("'{name}' must be specified in the role condition"))
    };
    let role = text("roleEntityRef")?;
    reference::check(role, Kinds::Role)?;
    if text("result")? != "CONDITIONAL" {
        return Err("'result' must be CONDITIONAL in the role condition".into());
    }
    let (plugin, resource_type) = (text("pluginId")?, text("resourceType")?);
    let permissions = permissions(value.get("permissionMapping"))?;
    let creates = permissions.iter().any(|it| it.action == Action::Create);
    if resource_type == "policy-entity" && creates {
        return Err(
            "Conditional policy can not be created for resource type 'policy-entity' with the \
             permission action 'create'"
                .into(),
        );
    }
    let conditions = value.get("conditions");
    let conditions = conditions.ok_or("'conditions' must be specified in the role condition")?;
    let mut walk = Walk { limits, n_nodes: 0 };
    walk.check(conditions, "roleCondition.conditions", 1)?;
    let condition = Condition::from_json(conditions).map_err(|e| e.message().to_owned())?;
    check_resource_type(&condition, resource_type)?;
    Ok(ConditionalPolicy {
        id: 0,
        role: role.to_owned(),
        plugin: plugin.to_owned(),
        resource_type: resource_type.to_owned(),
        permissions,
        condition,
    })
}

fn permissions(value: Option<&Value>) -> Result<Vec<Mapped>, String> {
    let items = value.and_then(Value::as_array).filter(|it| !it.is_empty());
    let items = items.ok_or("'permissionMapping' must be non empty array in the role condition")?;
    if items.len() > MAX_PERMISSIONS {
        return Err(format!(
            "'permissionMapping' can have at most {MAX_PERMISSIONS} items"
        ));
    }
    let is_named = items[0].is_object();
    let mut mapped: Vec<Mapped> = Vec::with_capacity(items.len());
    for item in items {
        if item.is_object() != is_named {
            return Err(
                "'permissionMapping' must be either all action strings or all {name, action} \
                 objects, not a mix"
                    .into(),
            );
        }
        let one = mapped_permission(item)?;
        if mapped.contains(&one) {
            let action = one.action.name();
            return Err(format!(
                "'permissionMapping' must not contain duplicate permission action '{action}'"
            ));
        }
        mapped.push(one);
    }
    Ok(mapped)
}

fn mapped_permission(item: &Value) -> Result<Mapped, String> {
    let action = item.get("action").unwrap_or(item);
    let action = action.as_str().and_then(Action::of_name).ok_or_else(|| {
        format!("'permissionMapping' array contains non action value: '{action}'")
    })?;
    let name = match item.get("name").map(Value::as_str) {
        None if item.is_string() => None,
        Some(Some(name)) if !name.trim().is_empty() => Some(name.to_owned()),
        _ => return Err("'permissionMapping' entry has empty permission name".into()),
    };
    Ok(Mapped { name, action })
}

/// A walk over conditions that are not believed yet.
struct Walk<'l> {
    limits: &'l ConditionLimits,
    n_nodes: usize,
}

impl Walk<'_> {
    fn check(&mut self, value: &Value, path: &str, depth: usize) -> Result<(), String> {
        if depth > self.limits.depth {
            return Err(format!(
                "Conditional criteria depth exceeds maximum of {}",
                self.limits.depth
            ));
        }
        self.n_nodes += 1;
        if self.n_nodes > self.limits.nodes {
            return Err(format!(
                "Conditional criteria exceeds maximum of {} nodes",
                self.limits.nodes
            ));
        }
        check_shape(value, path)?;
        if let Some(part) = value.get("not") {
            return self.check(part, &format!("{path}.not"), depth + 1);
        }
        for name in ["allOf", "anyOf"] {
            if let Some(items) = value.get(name) {
                self.check_items(items, &format!("{path}.{name}"), depth)?;
            }
        }
        Ok(())
    }

    fn check_items(&mut self, items: &Value, path: &str, depth: usize) -> Result<(), String> {
        let items = items.as_array().filter(|items| !items.is_empty());
        let items = items.ok_or_else(|| format!("{path} criteria must be non empty array"))?;
        if items.len() > self.limits.items {
            return Err(format!(
                "{path} criteria supports at most {} items",
                self.limits.items
            ));
        }
        for (index, item) in items.iter().enumerate() {
            self.check(item, &format!("{path}[{index}]"), depth + 1)?;
        }
        Ok(())
    }
}

/// One connective, or one rule.
fn check_shape(value: &Value, path: &str) -> Result<(), String> {
    let connectives = ["allOf", "anyOf", "not"];
    let found: Vec<_> = connectives
        .into_iter()
        .filter(|name| value.get(name).is_some())
        .collect();
    match (found.as_slice(), value.get("rule")) {
        ([], rule) => {
            if value.get("resourceType").is_none_or(|it| !it.is_string()) {
                return Err(format!(
                    "'resourceType' must be specified in the {path}.condition"
                ));
            }
            if rule.is_none_or(|rule| !rule.is_string()) {
                return Err(format!("'rule' must be specified in the {path}.condition"));
            }
            Ok(())
        }
        ([_], None) => Ok(()),
        ([one], Some(rule)) => Err(format!(
            "RBAC plugin does not support parallel conditions alongside rules, consider reworking \
             request to include nested condition criteria. Conditional criteria causing the error \
             {one}, 'rule: {}'.",
            rule.as_str().unwrap_or_default()
        )),
        (several, _) => Err(format!(
            "RBAC plugin does not support parallel conditions, consider reworking request to \
             include nested condition criteria. Conditional criteria causing the error {}.",
            several.join(",")
        )),
    }
}

/// A rule for other resources could never be evaluated.
fn check_resource_type(condition: &Condition, expected: &str) -> Result<(), String> {
    match condition {
        Condition::AllOf(parts) | Condition::AnyOf(parts) => parts
            .iter()
            .try_for_each(|part| check_resource_type(part, expected)),
        Condition::Not(part) => check_resource_type(part, expected),
        Condition::Rule { resource_type, .. } if resource_type == expected => Ok(()),
        Condition::Rule {
            rule,
            resource_type,
            ..
        } => Err(format!(
            "rule {rule} is for '{resource_type}', the policy is for '{expected}'"
        )),
    }
}

/// Fails when a rule of a condition is none of a plugin's, or has other parameters than it takes;
/// `rules` is what the plugin tells of them.
pub(crate) fn check_rules(condition: &Condition, rules: &Value) -> Result<(), String> {
    let (rule, params) = match condition {
        Condition::AllOf(parts) | Condition::AnyOf(parts) => {
            return parts.iter().try_for_each(|part| check_rules(part, rules));
        }
        Condition::Not(part) => return check_rules(part, rules),
        Condition::Rule { rule, params, .. } => (rule, params),
    };
    let mut known = rules.as_array().into_iter().flatten();
    let known = known.find(|it| it.get("name").and_then(Value::as_str) == Some(rule));
    let known = known.ok_or_else(|| format!("there is no rule {rule}"))?;
    let Some(schema) = known.get("paramsSchema") else {
        return Ok(());
    };
    let Some(complaint) = json_schema::validate(schema, params).into_iter().next() else {
        return Ok(());
    };
    let path = complaint.path.iter().map(|part| match part {
        Value::String(name) => format!(".{name}"),
        other => format!("[{other}]"),
    });
    let path: String = path.collect();
    Err(format!(
        "'params{path}' of rule {rule} {}",
        complaint.message
    ))
}

/// Whether a condition depends on who asks.
pub(crate) fn has_alias(condition: &Condition) -> bool {
    let is_alias = |value: &Value| value == CURRENT_USER || value == OWNER_REFS;
    match condition {
        Condition::AllOf(parts) | Condition::AnyOf(parts) => parts.iter().any(has_alias),
        Condition::Not(part) => has_alias(part),
        Condition::Rule { params, .. } => {
            let mut values = params.as_object().into_iter().flat_map(|it| it.values());
            values.any(|value| match value {
                Value::Array(items) => items.iter().any(is_alias),
                one => is_alias(one),
            })
        }
    }
}

/// The condition for one user. A list gets the references in place of the alias; a single value
/// cannot hold several, so that it keeps the alias, which nothing equals.
pub(crate) fn for_user(condition: &Condition, user_ref: &str, owner_refs: &[String]) -> Condition {
    let list = |parts: &[Condition]| {
        let parts = parts
            .iter()
            .map(|part| for_user(part, user_ref, owner_refs));
        parts.collect()
    };
    match condition {
        Condition::AllOf(parts) => Condition::AllOf(list(parts)),
        Condition::AnyOf(parts) => Condition::AnyOf(list(parts)),
        Condition::Not(part) => Condition::Not(Box::new(for_user(part, user_ref, owner_refs))),
        Condition::Rule {
            rule,
            resource_type,
            params,
        } => {
            let mut params = params.clone();
            let values = params.as_object_mut().into_iter().flatten();
            for (_, value) in values {
                *value = filled(value.take(), user_ref, owner_refs);
            }
            Condition::Rule {
                rule: rule.clone(),
                resource_type: resource_type.clone(),
                params,
            }
        }
    }
}

fn filled(value: Value, user_ref: &str, owner_refs: &[String]) -> Value {
    match value {
        Value::Array(items) => items
            .into_iter()
            .flat_map(|item| match item.as_str() {
                Some(CURRENT_USER) => vec![user_ref.into()],
                Some(OWNER_REFS) => owner_refs.iter().map(|it| it.as_str().into()).collect(),
                _ => vec![item],
            })
            .collect(),
        Value::String(text) if text == CURRENT_USER => user_ref.into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy() -> Value {
        json!({
            "result": "CONDITIONAL",
            "roleEntityRef": "role:default/team",
            "pluginId": "catalog",
            "resourceType": "catalog-entity",
            "permissionMapping": ["read", "update"],
            "conditions": {"rule": "IS_ENTITY_OWNER", "resourceType": "catalog-entity",
                "params": {"claims": ["$ownerRefs", "group:default/x"]}},
        })
    }

    #[test]
    fn a_file_has_one_policy_in_each_document() {
        let text = format!(
            "{}\n---\nresult: CONDITIONAL\n---\n{}\n",
            policy(),
            policy()
        );
        let (policies, problems) = read_conditions(&text, "c.yaml", &ConditionLimits::default());
        assert_eq!(policies.len(), 2);
        assert_ne!(policies[0].id, policies[1].id);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].position.unwrap().line, 3);
    }

    #[test]
    fn what_is_wrong_is_said_as_backstage_says_it() {
        let rule = json!({"rule": "A", "resourceType": "catalog-entity"});
        let mut deep = rule.clone();
        for _ in 0..12 {
            deep = json!({ "not": deep });
        }
        let cases = [
            (
                "roleEntityRef",
                json!(null),
                "'roleEntityRef' must be specified",
            ),
            (
                "roleEntityRef",
                json!("user:default/a"),
                "Unsupported kind user",
            ),
            ("pluginId", json!(""), "'pluginId' must be specified"),
            ("permissionMapping", json!([]), "must be non empty array"),
            ("permissionMapping", json!(["eat"]), "non action value"),
            (
                "permissionMapping",
                json!(["read", "read"]),
                "duplicate permission action 'read'",
            ),
            (
                "permissionMapping",
                json!(["read", {"name": "a", "action": "read"}]),
                "not a mix",
            ),
            (
                "permissionMapping",
                json!([{"name": " ", "action": "read"}]),
                "empty permission name",
            ),
            (
                "conditions",
                json!({"anyOf": []}),
                "anyOf criteria must be non empty array",
            ),
            (
                "conditions",
                json!({"anyOf": [rule], "not": rule}),
                "parallel conditions,",
            ),
            (
                "conditions",
                json!({"not": rule, "rule": "B"}),
                "alongside rules",
            ),
            (
                "conditions",
                json!({"rule": "A"}),
                "'resourceType' must be specified",
            ),
            (
                "conditions",
                json!({"resourceType": "catalog-entity"}),
                "'rule' must be specified",
            ),
            (
                "conditions",
                json!({"rule": "A", "resourceType": "task"}),
                "is for 'task'",
            ),
            ("conditions", deep, "depth exceeds maximum of 12"),
            (
                "conditions",
                json!({"anyOf": vec![rule.clone(); 65]}),
                "at most 64 items",
            ),
            (
                "conditions",
                json!({"allOf": vec![json!({"anyOf": vec![rule; 60]}); 5]}),
                "maximum of 256 nodes",
            ),
        ];
        for (member, value, expected) in cases {
            let mut wrong = policy();
            wrong[member] = value;
            let message = parse(&wrong, &ConditionLimits::default()).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
        assert!(parse(&policy(), &ConditionLimits::default()).is_ok());
    }

    #[test]
    fn aliases_stand_for_who_asks() {
        let owners = ["user:default/a".to_owned(), "group:default/b".to_owned()];
        let cases = [
            (json!("$currentUser"), json!("user:default/a")),
            (json!("$ownerRefs"), json!("$ownerRefs")),
            (json!(["$currentUser", "x"]), json!(["user:default/a", "x"])),
            (
                json!(["x", "$ownerRefs"]),
                json!(["x", "user:default/a", "group:default/b"]),
            ),
            (
                json!({"deep": "$currentUser"}),
                json!({"deep": "$currentUser"}),
            ),
            (json!(7), json!(7)),
        ];
        for (param, expected) in cases {
            let rule = |param: &Value| {
                let wire = json!({"rule": "R", "resourceType": "t", "params": {"p": param}});
                Condition::Not(Box::new(Condition::from_json(&wire).unwrap()))
            };
            let found = for_user(&rule(&param), "user:default/a", &owners);
            assert_eq!(found, rule(&expected));
        }
    }
}
