//! Forms of templates, and the actions that steps can use.

use axum::extract::State;
use model::EntityRef;
use platform::http::{Json, Segments};
use platform::{Ctx, Result};
use serde_json::Value;

use crate::scaffolder::Scaffolder;

pub(super) async fn find_form(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    Segments([namespace, kind, name]): Segments<3>,
) -> Result<Json<Value>> {
    let entity_ref = EntityRef::new(kind, namespace, name);
    scaffolder.form(&ctx, &entity_ref).await.map(Json)
}

pub(super) async fn list_actions(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
) -> Json<Vec<Value>> {
    Json(scaffolder.list_actions(&ctx).await)
}
