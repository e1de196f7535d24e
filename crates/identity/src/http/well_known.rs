//! What clients of the authorization server look for at the root of the portal.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, State};
use axum::routing::get;
use platform::ctx::Reach;
use platform::http::{Challenge, Json};
use serde_json::{Value, json};

use super::oauth::{Shared, describe};
use crate::Identity;

/// What clients look for at the root of the portal (RFC 8414 §3, RFC 9728 §3); empty when the
/// authorization server is off.
pub fn well_known(identity: &Arc<Identity>) -> Router {
    if identity.server.is_none() {
        return Router::new();
    }
    let resource = "/.well-known/oauth-protected-resource";
    Router::new()
        .route("/.well-known/oauth-authorization-server", get(describe))
        .route(
            "/.well-known/oauth-authorization-server/api/auth",
            get(describe),
        )
        .route("/.well-known/openid-configuration/api/auth", get(describe))
        .route(resource, get(describe_resource))
        .route(&format!("{resource}/{{*path}}"), get(describe_resource))
        .with_state(Arc::clone(identity))
}

impl Identity {
    /// What programs that are refused by a plugin are told; `None` when nobody gives them tokens.
    pub fn challenge(&self, plugin: &str) -> Option<Challenge> {
        self.server.as_ref()?;
        let base = self.settings.base_url.as_str().trim_end_matches('/');
        let metadata = format!("{base}/.well-known/oauth-protected-resource/api/{plugin}");
        Some(Challenge::new(metadata))
    }
}

/// Which server gives tokens for a resource (RFC 9728).
async fn describe_resource(State(identity): Shared, path: RawPathParams) -> Json<Value> {
    let base = identity.settings.base_url.as_str().trim_end_matches('/');
    let path = path.iter().find(|(name, _)| *name == "path");
    let resource = match path {
        Some((_, path)) => format!("{base}/{path}"),
        None => base.to_owned(),
    };
    let plugin = resource
        .parse()
        .ok()
        .and_then(|url| identity.plugin_of(&url));
    let plugin = plugin.as_deref().unwrap_or("portal");
    let reaches = Reach::ALL.map(|reach| format!("{plugin}:{}", reach.name()));
    let scopes: Vec<_> = ["openid".to_owned()].into_iter().chain(reaches).collect();
    Json(json!({
        "resource": resource,
        "authorization_servers": [identity.issuer],
        "bearer_methods_supported": ["header"],
        "scopes_supported": scopes,
    }))
}
