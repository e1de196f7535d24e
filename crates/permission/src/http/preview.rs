//! `POST /explain`, `POST /dry-run`, `GET /own-roles`: ours, beyond Backstage.

use axum::extract::State;
use platform::http::{Json, JsonBody};
use platform::{Ctx, Result};

use crate::service::Permissions;
use crate::service::preview::{Answer, DryRun, OwnRoles};

/// The roles of the user who asks.
pub(super) async fn list_own_roles(
    ctx: Ctx,
    State(permissions): State<Permissions>,
) -> Result<Json<OwnRoles>> {
    Ok(Json(permissions.own_roles(&ctx)?))
}

pub(super) async fn explain(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    body: JsonBody,
) -> Result<Json<Answer>> {
    Ok(Json(permissions.explain(&ctx, &body.0).await?))
}

pub(super) async fn dry_run(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    body: JsonBody,
) -> Result<Json<DryRun>> {
    Ok(Json(permissions.dry_run(&ctx, &body.0).await?))
}
