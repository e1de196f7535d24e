//! What administrators can choose from: permissions and rules of the plugins.

use audit::Event;
use platform::permission::Permission;
use platform::{Ctx, Error, Result};
use serde_json::{Value, json};

use super::{Permissions, entity};
use crate::policy::Action;
use crate::store;

/// Ids of one request.
const MAX_IDS: usize = 100;
const MAX_ID: usize = 100;

impl Permissions {
    /// Permissions by plugin.
    pub(crate) async fn list_plugin_policies(&self, ctx: &Ctx) -> Result<Vec<Value>> {
        self.rbac()?;
        self.scope(ctx, entity::READ).await?;
        let policies = |permissions: &[Permission<'_>]| -> Vec<Value> {
            permissions.iter().map(policy_view).collect()
        };
        let plugins = self.0.plugins.iter();
        Ok(plugins
            .map(|it| json!({ "pluginId": it.plugin(), "policies": policies(it.permissions()) }))
            .collect())
    }

    /// Rules of conditions by plugin.
    pub(crate) async fn list_condition_rules(&self, ctx: &Ctx) -> Result<Vec<Value>> {
        self.rbac()?;
        self.scope(ctx, entity::READ).await?;
        let plugins = self.0.plugins.iter();
        plugins
            .map(|it| Ok(json!({ "pluginId": it.plugin(), "rules": it.rules()? })))
            .collect()
    }

    /// Ids of plugins whose permissions are offered: of the configuration, and added ones.
    pub(crate) async fn list_plugin_ids(&self, ctx: &Ctx) -> Result<Value> {
        let engine = self.rbac()?;
        self.scope(ctx, entity::READ).await?;
        let mut ids = engine.settings().plugins.clone();
        ids.extend(self.0.db.read(store::list_plugins).await?);
        ids.sort_unstable();
        ids.dedup();
        Ok(json!({ "ids": ids }))
    }

    /// Adds plugins.
    pub(crate) async fn add_plugin_ids(&self, ctx: &Ctx, body: &Value) -> Result<Value> {
        self.rbac()?;
        self.scope(ctx, entity::CREATE).await?;
        let ids = ids(body)?;
        self.change(ctx, move |tx| {
            for id in &ids {
                store::insert_plugin(tx, id)?;
            }
            let after = json!(ids);
            let event = Event::done("permission.plugin.add", "plugins");
            Ok(((), event.changed(None, Some(&after))))
        })
        .await?;
        self.list_plugin_ids(ctx).await
    }

    /// Removes plugins that were added.
    pub(crate) async fn remove_plugin_ids(&self, ctx: &Ctx, body: &Value) -> Result<Value> {
        let engine = self.rbac()?;
        self.scope(ctx, entity::DELETE).await?;
        let ids = ids(body)?;
        let configured = ids.iter().find(|id| engine.settings().plugins.contains(id));
        if let Some(id) = configured {
            return Err(Error::forbidden(format!(
                "Plugin ID '{id}' comes from permission.rbac.pluginsWithPermission; change it there"
            )));
        }
        self.change(ctx, move |tx| {
            for id in &ids {
                store::delete_plugin(tx, id)?;
            }
            let before = json!(ids);
            let event = Event::done("permission.plugin.remove", "plugins");
            Ok(((), event.changed(Some(&before), None)))
        })
        .await?;
        self.list_plugin_ids(ctx).await
    }
}

impl Permissions {
    /// Fails unless the caller may see roles.
    pub(crate) async fn require_administrator(&self, ctx: &Ctx) -> Result<()> {
        self.rbac()?;
        self.scope(ctx, entity::READ).await.map(drop)
    }

    /// Fails unless the caller may make roles.
    pub(crate) async fn require_creator(&self, ctx: &Ctx) -> Result<()> {
        self.rbac()?;
        self.scope(ctx, entity::CREATE).await.map(drop)
    }

    /// What everybody who is signed in may do.
    pub(crate) async fn list_default_permissions(&self, ctx: &Ctx) -> Result<Vec<Value>> {
        let engine = self.rbac()?;
        self.scope(ctx, entity::READ).await?;
        let role = engine.settings().default_role.as_ref();
        let permissions = role.into_iter().flat_map(|role| &role.permissions);
        Ok(permissions
            .map(|(permission, action)| {
                json!({ "permission": permission, "policy": action.name(), "effect": "allow" })
            })
            .collect())
    }
}

fn ids(body: &Value) -> Result<Vec<String>> {
    let ids = body.get("ids").and_then(Value::as_array);
    let ids = ids.filter(|ids| !ids.is_empty() && ids.len() <= MAX_IDS);
    let ids = ids.ok_or_else(|| Error::input("'ids' must be specified in the request body"))?;
    let is_id = |id: &&str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !id.is_empty() && id.len() <= MAX_ID && id.bytes().all(plain)
    };
    ids.iter()
        .map(|id| {
            let id = id.as_str().filter(is_id);
            id.map(str::to_owned)
                .ok_or_else(|| Error::input("'ids' has something that is not a plugin id"))
        })
        .collect()
}

fn policy_view(permission: &Permission<'_>) -> Value {
    let action = Action::of(permission).unwrap_or(Action::Use);
    let mut view = json!({ "name": permission.name, "policy": action.name() });
    if let Some(resource_type) = permission.resource_type {
        view["resourceType"] = resource_type.into();
    }
    view
}
