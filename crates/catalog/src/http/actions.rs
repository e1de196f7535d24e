//! `/.backstage/actions/v1`: the catalog's actions. Reference 1 §C.8, reference 3 §8.

use axum::extract::State;
use platform::http::{Json, JsonBody, Segments};
use platform::{Ctx, Result};
use serde_json::{Value, json};

use crate::actions;
use crate::catalog::Catalog;

pub(super) async fn list_actions(_ctx: Ctx) -> Result<Json<Value>> {
    Ok(Json(json!({ "actions": actions::list()? })))
}

pub(super) async fn invoke_action(
    ctx: Ctx,
    State(catalog): State<Catalog>,
    Segments([id]): Segments<1>,
    body: JsonBody,
) -> Result<Json<Value>> {
    let output = actions::invoke(&ctx, &catalog, &id, &body.0).await?;
    Ok(Json(json!({ "output": output })))
}
