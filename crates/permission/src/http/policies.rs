//! `/policies`, `/policies/{kind}/{namespace}/{name}`

use axum::extract::State;
use axum::response::Response;
use platform::http::{Created, Empty, Json, JsonBody, NoContent, Params, Segments};
use platform::{Ctx, Result};
use serde_json::Value;

use super::reference;
use super::roles::changed;
use crate::service::Permissions;
use crate::service::policies::Filter;

pub(super) async fn list_policies(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    params: Params,
) -> Result<Json<Vec<Value>>> {
    let text = |name: &str| params.get(name).unwrap_or_default().to_owned();
    let filter = Filter {
        role: text("entityRef"),
        permission: text("permission"),
        action: text("policy"),
        effect: text("effect"),
    };
    Ok(Json(permissions.list_policies(&ctx, filter).await?))
}

pub(super) async fn find_policies(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    Segments(path): Segments<3>,
) -> Result<Json<Vec<Value>>> {
    let found = permissions.find_policies(&ctx, &reference(&path)).await?;
    Ok(Json(found))
}

pub(super) async fn create_policies(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    body: JsonBody,
) -> Result<Created<Empty>> {
    permissions.create_policies(&ctx, &body.0).await?;
    Ok(Created(Empty))
}

pub(super) async fn update_policies(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    Segments(path): Segments<3>,
    body: JsonBody,
) -> Result<Response> {
    let is_changed = permissions
        .update_policies(&ctx, &reference(&path), &body.0)
        .await?;
    Ok(changed(is_changed))
}

pub(super) async fn delete_policies(
    ctx: Ctx,
    State(permissions): State<Permissions>,
    Segments(path): Segments<3>,
    body: JsonBody,
) -> Result<NoContent> {
    permissions
        .delete_policies(&ctx, &reference(&path), &body.0)
        .await?;
    Ok(NoContent)
}
