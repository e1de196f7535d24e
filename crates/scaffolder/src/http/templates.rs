//! Forms of templates, and the actions that steps can use.

use axum::extract::State;
use model::EntityRef;
use platform::http::schema::{Object, STRING, required};
use platform::http::{Json, JsonBody, Segments};
use platform::{Ctx, Result};
use serde_json::{Value, json};

use crate::scaffolder::Scaffolder;

/// Largest body with templates to look at.
const LINT_LIMIT: usize = 1 << 20;
const LINT: Object = Object::new(&[required("text", STRING)]);

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

/// What is wrong with the templates of a text.
pub(super) async fn lint(
    ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    body: JsonBody<LINT_LIMIT>,
) -> Result<Json<Value>> {
    body.check(&LINT)?;
    let text = body.0["text"].as_str().unwrap_or_default();
    let linted = scaffolder.lint(&ctx, text.to_owned()).await?;
    Ok(Json(json!({ "problems": linted.problems })))
}
