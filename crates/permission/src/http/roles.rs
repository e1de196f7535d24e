//! `/roles`, `/roles/{kind}/{namespace}/{name}`

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use platform::http::{Created, Empty, Json, JsonBody, NoContent, Params, Segments};
use platform::{Ctx, Result};
use serde_json::Value;

use super::reference;
use crate::service::Permissions;

pub(super) async fn list_roles(
    ctx: Ctx,
    State(permissions): State<Permissions>,
) -> Result<Json<Vec<Value>>> {
    Ok(Json(permissions.list_roles(&ctx).await?))
}

/// A list with the one role, as Backstage's plugin has it.
pub(super) async fn find_role(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    Segments(path): Segments<3>,
) -> Result<Json<[Value; 1]>> {
    Ok(Json([permissions
        .find_role(&ctx, &reference(&path))
        .await?]))
}

pub(super) async fn create_role(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    body: JsonBody,
) -> Result<Created<Empty>> {
    permissions.create_role(&ctx, &body.0).await?;
    Ok(Created(Empty))
}

pub(super) async fn update_role(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    Segments(path): Segments<3>,
    body: JsonBody,
) -> Result<Response> {
    let is_changed = permissions
        .update_role(&ctx, &reference(&path), &body.0)
        .await?;
    Ok(changed(is_changed))
}

pub(super) async fn delete_role(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    Segments(path): Segments<3>,
    params: Params,
) -> Result<NoContent> {
    let member = params.get("memberReferences").map(str::to_owned);
    permissions
        .delete_role(&ctx, &reference(&path), member)
        .await?;
    Ok(NoContent)
}

/// 200 after a change, 204 when there was nothing to change.
pub(super) fn changed(is_changed: bool) -> Response {
    if is_changed {
        StatusCode::OK.into_response()
    } else {
        StatusCode::NO_CONTENT.into_response()
    }
}
