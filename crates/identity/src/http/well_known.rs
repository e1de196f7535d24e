//! What clients of the authorization server look for at the root of the portal.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, State};
use axum::routing::get;
use platform::http::Json;
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

/// Which server gives tokens for a resource (RFC 9728).
async fn describe_resource(State(identity): Shared, path: RawPathParams) -> Json<Value> {
    let base = identity.settings.base_url.as_str().trim_end_matches('/');
    let path = path.iter().find(|(name, _)| *name == "path");
    let resource = match path {
        Some((_, path)) => format!("{base}/{path}"),
        None => base.to_owned(),
    };
    Json(json!({
        "resource": resource,
        "authorization_servers": [identity.issuer],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["openid"],
    }))
}
