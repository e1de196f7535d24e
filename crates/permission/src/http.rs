//! The `permission` plugin, relative to `/api/permission`. Reference 3 §3.

mod authorize;
mod conditions;
mod plugins;
mod policies;
mod preview;
mod roles;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use platform::http::{Json, permission_routes};
use platform::{Ctx, Result};
use serde_json::{Value, json};

use crate::service::Permissions;

/// Paths open to everyone.
pub const OPEN_PATHS: &[&str] = &["/health"];

/// All routes; those of roles and policies only where there are some.
pub fn router(permissions: &Permissions) -> Router {
    let router = Router::new()
        .route("/health", get(health))
        .route("/authorize", post(authorize::authorize))
        .route("/own-roles", get(preview::list_own_roles));
    let router = match permissions.entities() {
        None => router.with_state(permissions.clone()),
        Some(entities) => router
            .merge(rbac_routes())
            .with_state(permissions.clone())
            .merge(permission_routes(entities)),
    };
    router
}

fn rbac_routes() -> Router<Permissions> {
    Router::new()
        .route("/", get(status))
        .route(
            "/policies",
            get(policies::list_policies).post(policies::create_policies),
        )
        .route(
            "/policies/{kind}/{namespace}/{name}",
            get(policies::find_policies)
                .put(policies::update_policies)
                .delete(policies::delete_policies),
        )
        .route("/roles", get(roles::list_roles).post(roles::create_role))
        .route(
            "/roles/{kind}/{namespace}/{name}",
            get(roles::find_role)
                .put(roles::update_role)
                .delete(roles::delete_role),
        )
        .route(
            "/roles/conditions",
            get(conditions::list_conditions).post(conditions::create_condition),
        )
        .route(
            "/roles/conditions/{id}",
            get(conditions::find_condition)
                .put(conditions::update_condition)
                .delete(conditions::delete_condition),
        )
        .route("/plugins/policies", get(plugins::list_policies))
        .route("/plugins/condition-rules", get(plugins::list_rules))
        .route(
            "/plugins/id",
            get(plugins::list_ids)
                .post(plugins::add_ids)
                .delete(plugins::remove_ids),
        )
        .route("/explain", post(preview::explain))
        .route("/dry-run", post(preview::dry_run))
        .route("/default-permissions", get(plugins::list_defaults))
        .route("/refresh/{id}", post(plugins::refresh_provider))
}

async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Tells the front end whether to show the administration of roles.
async fn status(ctx: Ctx, State(permissions): State<Permissions>) -> Result<Json<Value>> {
    permissions.require_administrator(&ctx).await?;
    Ok(Json(json!({"status": "Authorized"})))
}

/// The reference in a path.
fn reference([kind, namespace, name]: &[String; 3]) -> String {
    format!("{kind}:{namespace}/{name}")
}
