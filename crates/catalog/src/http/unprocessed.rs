//! `GET /entities/unprocessed/{failed,pending}`, `DELETE /entities/unprocessed/delete/{uid}`

use axum::extract::State;
use platform::http::{Json, NoContent, Param, Params, Segments};
use platform::{Ctx, Result};
use serde_json::{Value, json};

use crate::catalog::Catalog;

const PARAMS: &[Param] = &[Param::text("owner"), Param::text("authorizationToken")];

pub(super) async fn list_failed(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    params: Params,
) -> Result<Json<Value>> {
    list(&ctx, &catalog, &params, true).await
}

pub(super) async fn list_pending(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    params: Params,
) -> Result<Json<Value>> {
    list(&ctx, &catalog, &params, false).await
}

async fn list(ctx: &Ctx, catalog: &Catalog, params: &Params, failed: bool) -> Result<Json<Value>> {
    params.check(PARAMS)?;
    let owner = params.get("owner").map(str::to_owned);
    let entities = catalog.list_unprocessed(ctx, failed, owner).await?;
    let kind = if failed { "failed" } else { "pending" };
    Ok(Json(json!({ "type": kind, "entities": entities })))
}

pub(super) async fn delete_unprocessed(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([uid]): Segments<1>,
) -> Result<NoContent> {
    catalog.delete_unprocessed(&ctx, &uid).await?;
    Ok(NoContent)
}
