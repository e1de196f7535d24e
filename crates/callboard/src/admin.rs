//! The plugin `callboard`: what the portal itself tells those who run it, relative to
//! `/api/callboard`.
//!
//! Invariant: secrets are hidden before anything is kept here.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use identity::{FailedSignIn, Identity, Program};
use platform::config::{self, Config};
use platform::http::{Json, permission_routes};
use platform::permission::{Condition, Permission, Permissioned};
use platform::{Ctx, Result};
use serde::Serialize;

/// Id of the plugin.
pub(crate) const PLUGIN: &str = "callboard";
/// See the configuration, without secrets.
const CONFIG_READ: Permission<'_> = Permission {
    name: "callboard.config.read",
    action: Some("read"),
    resource_type: None,
};
/// See who could not sign in, and why.
const SIGN_IN_READ: Permission<'_> = Permission {
    name: "callboard.sign-in.read",
    action: Some("read"),
    resource_type: None,
};
/// All of them.
pub(crate) const PERMISSIONS: &[Permission<'_>] = &[CONFIG_READ, SIGN_IN_READ];

/// What administrators see of the portal.
#[derive(Clone)]
pub(crate) struct Admin {
    config: Arc<ConfigView>,
    identity: Arc<Identity>,
}

/// The merged configuration as `callboard config print` has it.
#[derive(Clone, Serialize)]
struct ConfigView {
    yaml: String,
    /// In the order in which they are merged.
    files: Vec<String>,
}

impl ConfigView {
    fn new(config: &Config) -> Self {
        let files = config.files().iter();
        Self {
            yaml: model::to_yaml(&config::redacted(config)),
            files: files.map(|file| file.display().to_string()).collect(),
        }
    }
}

impl Admin {
    pub(crate) fn new(config: &Config, identity: Arc<Identity>) -> Self {
        let config = Arc::new(ConfigView::new(config));
        Self { config, identity }
    }

    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/config", get(show_config))
            .route("/failed-sign-ins", get(list_failed_sign_ins))
            .route("/programs", get(list_programs))
            .with_state(self.clone())
            .merge(permission_routes(Arc::new(Own)))
    }
}

async fn show_config(ctx: Ctx, State(admin): State<Admin>) -> Result<Json<ConfigView>> {
    ctx.require(CONFIG_READ).await?;
    Ok(Json(ConfigView::clone(&admin.config)))
}

#[derive(Serialize)]
struct Failures {
    items: Vec<FailedSignIn>,
}

async fn list_failed_sign_ins(ctx: Ctx, State(admin): State<Admin>) -> Result<Json<Failures>> {
    ctx.require(SIGN_IN_READ).await?;
    let items = admin.identity.failed_sign_ins().await?;
    Ok(Json(Failures { items }))
}

#[derive(Serialize)]
struct Programs {
    items: Vec<Program>,
}

async fn list_programs(ctx: Ctx, State(admin): State<Admin>) -> Result<Json<Programs>> {
    ctx.require(CONFIG_READ).await?;
    let items = admin.identity.programs().await?;
    Ok(Json(Programs { items }))
}

/// The permissions of this plugin.
pub(crate) struct Own;

#[async_trait]
impl Permissioned for Own {
    fn plugin(&self) -> &'static str {
        PLUGIN
    }

    fn permissions(&self) -> &'static [Permission<'static>] {
        PERMISSIONS
    }

    fn rules(&self) -> Result<serde_json::Value> {
        Ok(serde_json::json!([]))
    }

    fn resource_type(&self) -> Option<&'static str> {
        None
    }

    async fn matches(&self, _condition: &Condition, refs: &[String]) -> Result<Vec<bool>> {
        Ok(vec![false; refs.len()])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_hidden_before_they_are_kept() {
        let config = Config::from(json!({
            "app": {"title": "Acme"},
            "auth": {"providers": {"github": {"production": {"clientSecret": "geheim"}}}},
        }));
        let view = ConfigView::new(&config);
        assert!(view.yaml.contains("title: Acme"), "{}", view.yaml);
        assert!(!view.yaml.contains("geheim"), "{}", view.yaml);
    }
}
