//! `/plugins/…`, `/default-permissions`, `/refresh/{id}`

use axum::extract::State;
use platform::http::{Created, Json, JsonBody, Segments};
use platform::{Ctx, Error, Result};
use serde_json::Value;

use crate::service::Permissions;

pub(super) async fn list_policies(
    ctx: Ctx,
    State(permissions): State<Permissions>,
) -> Result<Json<Vec<Value>>> {
    Ok(Json(permissions.list_plugin_policies(&ctx).await?))
}

pub(super) async fn list_rules(
    ctx: Ctx,
    State(permissions): State<Permissions>,
) -> Result<Json<Vec<Value>>> {
    Ok(Json(permissions.list_condition_rules(&ctx).await?))
}

pub(super) async fn list_ids(
    ctx: Ctx,
    State(permissions): State<Permissions>,
) -> Result<Json<Value>> {
    Ok(Json(permissions.list_plugin_ids(&ctx).await?))
}

pub(super) async fn add_ids(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    body: JsonBody,
) -> Result<Created<Json<Value>>> {
    Ok(Created(Json(
        permissions.add_plugin_ids(&ctx, &body.0).await?,
    )))
}

pub(super) async fn remove_ids(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    body: JsonBody,
) -> Result<Json<Value>> {
    Ok(Json(permissions.remove_plugin_ids(&ctx, &body.0).await?))
}

/// What everybody who is signed in may do.
pub(super) async fn list_defaults(
    ctx: Ctx,
    State(permissions): State<Permissions>,
) -> Result<Json<Vec<Value>>> {
    Ok(Json(permissions.list_default_permissions(&ctx).await?))
}

/// Providers of roles are plugins of Backstage; there is none here.
pub(super) async fn refresh_provider(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    Segments([id]): Segments<1>,
) -> Result<Json<Value>> {
    permissions.require_creator(&ctx).await?;
    Err(Error::not_found(format!(
        "The RBAC provider {id} was not found"
    )))
}
