//! What templates can use beyond the language, and completion in forms.

use axum::extract::State;
use axum::response::Response;
use platform::http::schema::{ANY_OBJECT, Object, STRING, optional, required};
use platform::http::{Json, JsonBody, Segments, json_bytes};
use platform::{Ctx, Result};
use serde_json::{Value, json};

use crate::scaffolder::Scaffolder;

/// The filters of the scaffolder as recorded.
const EXTENSIONS: &str = include_str!("templating_extensions.json");
const COMPLETE: Object = Object::new(&[required("token", STRING), optional("context", ANY_OBJECT)]);

pub(super) async fn list_extensions(_ctx: Ctx) -> Response {
    json_bytes(EXTENSIONS.trim_end(), None)
}

pub(super) async fn complete(
    _ctx: Ctx,
    State(scaffolder): State<Scaffolder>,
    Segments([provider, resource]): Segments<2>,
    body: JsonBody,
) -> Result<Json<Value>> {
    body.check(&COMPLETE)?;
    let results = scaffolder.complete(&provider, &resource, &body.0).await?;
    Ok(Json(json!({ "results": results })))
}
