//! Conditional policies: what roles may do to some resources.

use audit::Event;
use platform::{Ctx, Error, Result};
use serde_json::{Value, json};

use super::roles::require_ours;
use super::{Permissions, entity};
use crate::condition::{self, check_rules};
use crate::policy::{Action, ConditionalPolicy};
use crate::store::conditions as store;

/// Which conditional policies are asked for; what is absent matches all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) role: Option<String>,
    pub(crate) plugin: Option<String>,
    pub(crate) resource_type: Option<String>,
    pub(crate) actions: Vec<Action>,
}

impl Filter {
    fn matches(&self, policy: &ConditionalPolicy) -> bool {
        let fits = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        let has = |action: &Action| policy.permissions.iter().any(|it| it.action == *action);
        fits(&self.role, &policy.role)
            && fits(&self.plugin, &policy.plugin)
            && fits(&self.resource_type, &policy.resource_type)
            && self.actions.iter().all(has)
    }
}

impl Permissions {
    /// The conditional policies of the roles that the caller may see.
    pub(crate) async fn list_conditions(&self, ctx: &Ctx, filter: Filter) -> Result<Vec<Value>> {
        let set = self.rbac()?.policy();
        let scope = self.scope(ctx, entity::READ).await?;
        let is_seen = |policy: &&ConditionalPolicy| {
            scope.has(set.roles.get(&policy.role)) && filter.matches(policy)
        };
        Ok(set.conditions.iter().filter(is_seen).map(view).collect())
    }

    /// One conditional policy.
    pub(crate) async fn find_condition(&self, ctx: &Ctx, id: i64) -> Result<Value> {
        let set = self.rbac()?.policy();
        let scope = self.scope(ctx, entity::READ).await?;
        let policy = set.conditions.iter().find(|policy| policy.id == id);
        let policy = policy.filter(|policy| scope.has(set.roles.get(&policy.role)));
        policy.map(view).ok_or_else(|| Error::not_found(""))
    }

    /// Makes a conditional policy; its number.
    pub(crate) async fn create_condition(&self, ctx: &Ctx, body: &Value) -> Result<i64> {
        let engine = self.rbac()?;
        let scope = self.scope(ctx, entity::CREATE).await?;
        let limits = &engine.settings().limits;
        let policy = condition::parse(body, limits).map_err(Error::input)?;
        let set = engine.policy();
        scope.require(set.roles.get(&policy.role))?;
        self.require_change(ctx, set.roles.get(&policy.role))
            .await?;
        require_role(&set, &policy.role)?;
        self.check_rules(&policy).map_err(Error::input)?;
        let clash = set
            .conditions
            .iter()
            .find(|known| is_about_same(known, &policy));
        if let Some(clash) = clash {
            return Err(Error::conflict(format!(
                "A condition with resource type '{}' and a permission in common is stored for role \
                 '{}' already, with id {}",
                clash.resource_type, clash.role, clash.id
            )));
        }
        self.change(ctx, move |tx| {
            let id = store::insert(tx, &policy)?;
            let after = view(&ConditionalPolicy { id, ..policy });
            let event = Event::done("permission.condition.create", format!("condition:{id}"));
            Ok((id, event.changed(None, Some(&after))))
        })
        .await
    }

    /// Changes a conditional policy.
    pub(crate) async fn update_condition(&self, ctx: &Ctx, id: i64, body: &Value) -> Result<()> {
        let engine = self.rbac()?;
        let scope = self.scope(ctx, entity::UPDATE).await?;
        let set = engine.policy();
        let known = set.conditions.iter().find(|policy| policy.id == id);
        let known = known.ok_or_else(|| unknown(id))?;
        scope.require(set.roles.get(&known.role))?;
        let limits = &engine.settings().limits;
        let policy = condition::parse(body, limits).map_err(Error::input)?;
        scope.require(set.roles.get(&policy.role))?;
        require_role(&set, &policy.role)?;
        self.check_rules(&policy).map_err(Error::input)?;
        self.change(ctx, move |tx| {
            let before = store::find(tx, id)?.ok_or_else(|| of_a_file(id))?;
            let policy = ConditionalPolicy { id, ..policy };
            store::update(tx, &policy)?;
            let event = Event::done("permission.condition.update", format!("condition:{id}"));
            Ok((
                (),
                event.changed(Some(&view(&before)), Some(&view(&policy))),
            ))
        })
        .await
    }

    /// Removes a conditional policy.
    pub(crate) async fn delete_condition(&self, ctx: &Ctx, id: i64) -> Result<()> {
        let set = self.rbac()?.policy();
        let scope = self.scope(ctx, entity::DELETE).await?;
        let known = set.conditions.iter().find(|policy| policy.id == id);
        let known = known.ok_or_else(|| unknown(id))?;
        scope.require(set.roles.get(&known.role))?;
        self.change(ctx, move |tx| {
            let before = store::find(tx, id)?.ok_or_else(|| of_a_file(id))?;
            store::delete(tx, id)?;
            let event = Event::done("permission.condition.delete", format!("condition:{id}"));
            Ok(((), event.changed(Some(&view(&before)), None)))
        })
        .await
    }
}

impl Permissions {
    /// Fails when the plugin of the resources could not read a policy. Of resources of plugins that
    /// are not here nothing can be said.
    pub(super) fn check_rules(&self, policy: &ConditionalPolicy) -> Result<(), String> {
        let plugins = self.0.plugins.iter();
        let mut own = plugins.filter(|it| it.has_resource_type(&policy.resource_type));
        let rules = own.next().and_then(|plugin| plugin.rules().ok());
        rules.map_or(Ok(()), |rules| check_rules(&policy.condition, &rules))
    }
}

fn require_role(set: &crate::PolicySet, name: &str) -> Result<()> {
    let role = set.roles.get(name);
    if role.is_none() {
        return Err(Error::not_found(format!(
            "Corresponding role {name} was not found"
        )));
    }
    require_ours(role, "Unable to change condition")
}

/// Whether two policies of a role would be found for one permission: then all of it is denied.
fn is_about_same(a: &ConditionalPolicy, b: &ConditionalPolicy) -> bool {
    a.role == b.role
        && a.resource_type == b.resource_type
        && a.permissions.iter().any(|one| {
            b.permissions.iter().any(|other| {
                let is_same_name = match (&one.name, &other.name) {
                    (Some(one), Some(other)) => one == other,
                    _ => true,
                };
                one.action == other.action && is_same_name
            })
        })
}

fn unknown(id: i64) -> Error {
    Error::not_found(format!("Condition with id {id} was not found"))
}

fn of_a_file(id: i64) -> Error {
    Error::forbidden(format!(
        "Condition with id {id} comes from permission.rbac.conditionalPoliciesFile; change it there"
    ))
}

fn view(policy: &ConditionalPolicy) -> Value {
    let mut actions: Vec<_> = policy
        .permissions
        .iter()
        .map(|it| it.action.name())
        .collect();
    actions.dedup();
    json!({
        "id": policy.id,
        "pluginId": policy.plugin,
        "resourceType": policy.resource_type,
        "permissionMapping": actions,
        "conditions": policy.condition.to_json(),
        "result": "CONDITIONAL",
        "roleEntityRef": policy.role,
    })
}
