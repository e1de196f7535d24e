//! Policies: what roles may do.

use std::collections::{BTreeSet, HashSet};

use audit::Event;
use platform::db::Tx;
use platform::{Ctx, Error, Result};
use serde_json::{Value, json};

use super::roles::require_ours;
use super::{Permissions, Scope, entity, text};
use crate::csv;
use crate::policy::{PolicySet, Rule};
use crate::reference::{self, Kinds};
use crate::store::rules as store;

/// Policies of one request.
const MAX_RULES: usize = 10_000;

/// Which policies are asked for; an empty text matches all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) role: String,
    pub(crate) permission: String,
    pub(crate) action: String,
    pub(crate) effect: String,
}

impl Filter {
    fn matches(&self, rule: &Rule) -> bool {
        let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        fits(&self.role, &rule.subject)
            && fits(&self.permission, &rule.permission)
            && fits(&self.action, rule.action.name())
            && fits(&self.effect, rule.effect.name())
    }
}

impl Permissions {
    /// The policies of the roles that the caller may see.
    pub(crate) async fn list_policies(&self, ctx: &Ctx, filter: Filter) -> Result<Vec<Value>> {
        let set = self.rbac()?.policy();
        let scope = self.scope(ctx, entity::READ).await?;
        let is_seen = |rule: &&Rule| {
            let role = set.roles.get(&rule.subject);
            role.is_some() && scope.has(role) && filter.matches(rule)
        };
        let seen = set.rules.iter().filter(is_seen);
        Ok(seen.map(|rule| view(rule, &set)).collect())
    }

    /// The policies of one role; it is an error when there are none.
    pub(crate) async fn find_policies(&self, ctx: &Ctx, role: &str) -> Result<Vec<Value>> {
        let filter = Filter {
            role: role.to_owned(),
            ..Filter::default()
        };
        let found = self.list_policies(ctx, filter).await?;
        check_subject(role)?;
        if found.is_empty() {
            return Err(Error::not_found(""));
        }
        Ok(found)
    }

    /// Adds policies.
    pub(crate) async fn create_policies(&self, ctx: &Ctx, body: &Value) -> Result<()> {
        let set = self.rbac()?.policy();
        let scope = self.scope(ctx, entity::CREATE).await?;
        let rules = parse(body, None, "permission policy must be present", "policy")?;
        let names: BTreeSet<&str> = rules.iter().map(|rule| rule.subject.as_str()).collect();
        for name in names {
            self.require_change(ctx, set.roles.get(name)).await?;
        }
        require_roles(&set, &scope, &rules, "add")?;
        self.change(ctx, move |tx| replace(tx, "create", &[], &rules))
            .await
    }

    /// Replaces policies of a role; whether there was anything to change.
    pub(crate) async fn update_policies(
        &self,
        ctx: &Ctx,
        role: &str,
        body: &Value,
    ) -> Result<bool> {
        let set = self.rbac()?.policy();
        let scope = self.scope(ctx, entity::UPDATE).await?;
        check_subject(role)?;
        let part = |member: &str| body.get(member).cloned().unwrap_or_default();
        let old = parse(
            &part("oldPolicy"),
            Some(role),
            "'oldPolicy' object must be present",
            "old policy",
        )?;
        let new = parse(
            &part("newPolicy"),
            Some(role),
            "'newPolicy' object must be present",
            "new policy",
        )?;
        if sorted(&old) == sorted(&new) {
            return Ok(false);
        }
        if old.len() > new.len() {
            return Err(Error::input(
                "'oldPolicy' object has more permission policies compared to 'newPolicy' object",
            ));
        }
        require_roles(&set, &scope, &old, "edit")?;
        let new: Vec<Rule> = new.into_iter().filter(|rule| !old.contains(rule)).collect();
        self.change(ctx, move |tx| replace(tx, "update", &old, &new))
            .await?;
        Ok(true)
    }

    /// Removes policies of a role.
    pub(crate) async fn delete_policies(&self, ctx: &Ctx, role: &str, body: &Value) -> Result<()> {
        let set = self.rbac()?.policy();
        let scope = self.scope(ctx, entity::DELETE).await?;
        check_subject(role)?;
        let rules = parse(
            body,
            Some(role),
            "permission policy must be present",
            "policy",
        )?;
        require_roles(&set, &scope, &rules, "delete")?;
        self.change(ctx, move |tx| replace(tx, "delete", &rules, &[]))
            .await
    }
}

/// Policies of a draft of a role, of which there may be none.
pub(crate) fn parse_draft(policies: &Value, role: &str) -> Result<Vec<Rule>> {
    if policies.as_array().is_some_and(Vec::is_empty) {
        return Ok(Vec::new());
    }
    parse(policies, Some(role), "'policies' must be a list", "policy")
}

/// Policies of a body; `role` is that of the path, if it names one.
fn parse(body: &Value, role: Option<&str>, missing: &str, what: &str) -> Result<Vec<Rule>> {
    let items = body.as_array().filter(|items| !items.is_empty());
    let items = items.ok_or_else(|| Error::input(missing))?;
    if items.len() > MAX_RULES {
        return Err(Error::input(format!("more than {MAX_RULES} policies")));
    }
    let mut seen = HashSet::new();
    let mut rules = Vec::with_capacity(items.len());
    for item in items {
        let subject = role.unwrap_or_else(|| text(item, "entityReference"));
        let rule = csv::rule(
            subject,
            text(item, "permission"),
            text(item, "policy"),
            text(item, "effect"),
        )
        .map_err(|cause| Error::input(format!("Invalid {what} definition. Cause: {cause}")))?;
        if !seen.insert(rule.clone()) {
            return Err(Error::conflict(format!(
                "Duplicate polices found; {} is a duplicate",
                joined(&rule, ", ")
            )));
        }
        rules.push(rule);
    }
    Ok(rules)
}

/// Fails unless the caller may change the policies of all these roles, here.
fn require_roles(set: &PolicySet, scope: &Scope, rules: &[Rule], verb: &str) -> Result<()> {
    for rule in rules {
        let role = set.roles.get(&rule.subject);
        scope.require(role)?;
        require_ours(
            role,
            &format!("Unable to {verb} policy {}", joined(rule, ",")),
        )?;
        if role.is_none() {
            return Err(Error::not_found(format!(
                "Corresponding role {} was not found",
                rule.subject
            )));
        }
    }
    Ok(())
}

fn replace(tx: &mut Tx<'_>, verb: &str, old: &[Rule], new: &[Rule]) -> Result<((), Event)> {
    for rule in old {
        if !store::is_there(tx, rule)? {
            let rule = joined(rule, ", ");
            return Err(Error::not_found(format!("Policy '[{rule}]' not found")));
        }
    }
    for rule in new {
        if store::is_there(tx, rule)? {
            let rule = joined(rule, ", ");
            return Err(Error::conflict(format!(
                "Policy '[{rule}]' has been already stored"
            )));
        }
    }
    store::delete(tx, old)?;
    store::insert(tx, new)?;
    let list = |rules: &[Rule]| -> Option<Value> {
        let lines: Vec<String> = rules.iter().map(|rule| joined(rule, ", ")).collect();
        (!lines.is_empty()).then(|| json!(lines))
    };
    let subject = old.first().or(new.first());
    let subject = subject.map_or("", |rule| &rule.subject);
    let event = Event::done(&format!("permission.policy.{verb}"), subject)
        .changed(list(old).as_ref(), list(new).as_ref())
        .detail(format!("{} removed, {} added", old.len(), new.len()));
    Ok(((), event))
}

fn check_subject(name: &str) -> Result<()> {
    reference::check(name, Kinds::Any).map_err(Error::input)
}

fn sorted(rules: &[Rule]) -> Vec<&Rule> {
    let mut rules: Vec<_> = rules.iter().collect();
    rules.sort_unstable();
    rules
}

fn joined(rule: &Rule, separator: &str) -> String {
    let Rule {
        subject,
        permission,
        action,
        effect,
    } = rule;
    [subject, permission, action.name(), effect.name()].join(separator)
}

fn view(rule: &Rule, set: &PolicySet) -> Value {
    let source = set.roles.get(&rule.subject).map(|role| role.source.name());
    json!({
        "entityReference": rule.subject,
        "permission": rule.permission,
        "policy": rule.action.name(),
        "effect": rule.effect.name(),
        "metadata": { "source": source },
    })
}
